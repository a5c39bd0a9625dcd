//! What it costs to seal a packet and to open it.
//!
//! Must never open a packet twice: a replay is refused before it is decrypted.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use totem::NodeId;
use totem::seal::{ClusterKey, OVERHEAD, Opener, Sealer};

use super::record::median;

/// Packets between two looks at the clock: few enough to stay in the second-level cache.
const BATCH: u64 = 64;

/// Nanoseconds per packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// To seal it into memory that is there.
    pub seal: u64,
    /// To open it in place.
    pub open: u64,
}

/// Seals and opens packets of `size` plain bytes for this long.
///
/// # Panics
/// A packet of our own is refused.
#[must_use]
pub fn run(size: usize, length: Duration) -> Cost {
    let node = |id| NodeId::new(id).expect("not zero");
    let key = ClusterKey::new(b"iscsicluster").expect("not empty");
    let mut sealer = Sealer::new(&key, 1, node(1), 1);
    let mut opener = Opener::new(key, 1, node(2), 1);
    let plain = vec![0x5a; size];
    let (mut sealing, mut opening) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while start.elapsed() < length {
        let memory = || BytesMut::with_capacity(size + OVERHEAD);
        let mut batch: Vec<BytesMut> = (0..BATCH).map(|_| memory()).collect();
        let began = Instant::now();
        for packet in &mut batch {
            sealer.seal(black_box(&plain), packet).expect("it is small");
        }
        let sealed = Instant::now();
        for packet in batch {
            black_box(opener.open(packet).expect("it is ours"));
        }
        opening.push(sealed.elapsed());
        sealing.push(sealed.duration_since(began));
    }
    // The median batch is one that nothing else interrupted.
    let each = |batches: Vec<Duration>| {
        let nanos = batches.iter().map(|batch| u64::try_from(batch.as_nanos()).unwrap_or(u64::MAX));
        median(nanos) / BATCH
    };
    Cost { seal: each(sealing), open: each(opening) }
}
