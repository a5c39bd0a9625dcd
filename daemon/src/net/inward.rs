//! What came in: counters, and what operators hear of packets that were lost or were not ours.
//!
//! Must never let a stranger fill the log: each kind of complaint is one line per second at most,
//! with the number of those it stands for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use totem::seal::SealError;
use totem::{Instant, NodeId};
use tracing::{error, warn};

use super::receive::Batch;

/// What came in. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Received {
    /// Packets, good or bad.
    pub packets: u64,
    /// Their bytes, sealed.
    pub bytes: u64,
    /// Calls it took.
    pub calls: u64,
    /// Datagrams too large to be read.
    pub truncated: u64,
    /// Reads that failed.
    pub failed: u64,
    /// Packets the kernel dropped because a receive buffer was full.
    pub overflowed: u64,
    /// Times a host said that nobody listens.
    pub refused: u64,
}

/// Which of the two sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    Data,
    Token,
}

/// The state of reading.
#[derive(Debug, Default)]
pub(super) struct Inward {
    pub(super) received: Received,
    pub(super) refused: VecDeque<NodeId>,
    pub(super) errors: bool,
    overflowed: [u32; 2],
    limits: [Limiter; 3],
}

/// Lets one line per second through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limiter {
    next: Instant,
    held: u64,
}

impl Inward {
    pub(super) fn note(&mut self, which: Which, batch: Batch, now: Instant) {
        let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.received.packets += wide(batch.packets);
        self.received.bytes += wide(batch.bytes);
        self.received.truncated += wide(batch.truncated);
        let [data, token] = &mut self.overflowed;
        let (name, known) = match which {
            Which::Data => ("data", data),
            Which::Token => ("token", token),
        };
        let Some(dropped) = batch.overflowed.filter(|dropped| dropped != known) else { return };
        let more = dropped.wrapping_sub(*known);
        *known = dropped;
        self.received.overflowed += u64::from(more);
        let [limit, ..] = &mut self.limits;
        if let Some(held) = limit.pass(now, u64::from(more)) {
            warn!(target: "TOTEM", "receive buffer full: {held} {name} packets lost");
        }
    }

    pub(super) fn dropped(
        &mut self,
        now: Instant,
        source: Option<SocketAddr>,
        size: usize,
        why: SealError,
    ) {
        let [_, limit, severe] = &mut self.limits;
        let from = source.map_or_else(|| "nowhere".to_owned(), |source| source.to_string());
        match why {
            SealError::Looped => {}
            SealError::DuplicateId { .. } => {
                if let Some(held) = severe.pass(now, 1) {
                    error!(target: "TOTEM", "{why}: {held} packets from {from} dropped");
                }
            }
            SealError::Truncated { .. }
            | SealError::NotOurs { .. }
            | SealError::ForeignCluster(_)
            | SealError::UnknownKey { .. }
            | SealError::Forged { .. }
            | SealError::Replayed { .. }
            | SealError::OldBoot { .. }
            | SealError::TooManySenders { .. } => {
                if let Some(held) = limit.pass(now, 1) {
                    let remedy = remedy(&why);
                    warn!(
                        target: "TOTEM",
                        "{why}: packet of {size} bytes from {from} dropped, {held} since last \
                         said{remedy}",
                    );
                }
            }
        }
    }
}

/// What an operator does about it, where there is something to do.
const fn remedy(why: &SealError) -> &'static str {
    match why {
        SealError::ForeignCluster(_) => {
            "; another cluster uses this address and port: give one of them another, or both the \
             same cluster name and cluster_id"
        }
        SealError::UnknownKey { .. } | SealError::Forged { .. } => {
            "; its key is another one: give both the same keyfile, or without one the same \
             cluster name"
        }
        SealError::Truncated { .. }
        | SealError::NotOurs { .. }
        | SealError::Replayed { .. }
        | SealError::OldBoot { .. }
        | SealError::TooManySenders { .. }
        | SealError::Looped
        | SealError::DuplicateId { .. } => "",
    }
}

impl Limiter {
    const PAUSE: Duration = Duration::from_secs(1);

    /// Counts `count` occurrences; how many there were since it last said so, if it may be said.
    pub(crate) fn pass(&mut self, now: Instant, count: u64) -> Option<u64> {
        self.held = self.held.saturating_add(count);
        if now < self.next {
            return None;
        }
        self.next = now + Self::PAUSE;
        Some(std::mem::take(&mut self.held))
    }
}
