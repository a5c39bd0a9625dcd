//! Sealed packets: arbitrary ones are refused, genuine ones open, changed ones do not.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use totem::NodeId;
use totem::seal::{ClusterKey, Opener, Sealer};

const CLUSTER: u32 = 7;

fuzz_target!(|data: &[u8]| {
    let key = ClusterKey::new(b"a secret").expect("it is not empty");
    let (me, other) = (NodeId::new(1).expect("not zero"), NodeId::new(2).expect("not zero"));
    // A key of its own: the fuzzer remembers genuine packets that it saw being made.
    let unused = ClusterKey::new(b"a secret nobody seals with").expect("it is not empty");
    let mut stranger = Opener::new(unused, CLUSTER, me, 1);
    assert!(stranger.open(BytesMut::from(data)).is_err(), "nobody sealed this");
    let mut opener = Opener::new(key.clone(), CLUSTER, me, 1);

    let Some((&[at, flip], plain)) = data.split_first_chunk() else { return };
    let mut sealer = Sealer::new(&key, CLUSTER, other, 1);
    let mut sealed = BytesMut::new();
    if sealer.seal(plain, &mut sealed).is_err() {
        return;
    }
    let mut changed = sealed.clone();
    let index = usize::from(at) % changed.len();
    changed[index] ^= flip;
    let lost = usize::from(flip % 2) * usize::from(at / 2);
    changed.truncate(changed.len().saturating_sub(lost));
    let genuine = changed == sealed;
    assert_eq!(opener.open(changed).is_ok(), genuine);
    if !genuine {
        let opened = opener.open(sealed).expect("the forgery left no trace");
        assert_eq!((opened.from, &opened.bytes[..]), (other, plain));
    }
});
