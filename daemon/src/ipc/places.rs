//! How many programs there may be at a time: as many as descriptors and memory permit.
//!
//! Must never promise a place that the system will not give, and never let those who may only look
//! use up the places of those who may act.

use std::sync::Arc;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::sysinfo::sysinfo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::debug;

/// Programs at a time, whatever the system permits.
const MOST: u64 = 16 << 10;

/// Programs at a time, however little memory there is.
const FEWEST: u64 = 256;

/// Descriptors that the daemon itself needs, and some to spare.
const OWN: u64 = 128;

/// Memory that an idle program may take, bytes; it takes less.
const IDLE: u64 = 32 << 10;

/// The part of this host's memory that idle programs may take.
const PART: u64 = 16;

/// How many sessions there may be.
#[derive(Debug)]
pub(super) struct Places {
    /// For everyone.
    all: Arc<Semaphore>,
    /// Of these, for those who may only look.
    looking: Arc<Semaphore>,
}

/// What a session holds as long as it lives.
pub(super) type Place = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Places {
    pub(super) fn new(sessions: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(sessions)),
            looking: Arc::new(Semaphore::new(sessions.div_ceil(2))),
        }
    }

    /// A place for a program that may change things, or may not.
    pub(super) fn take(&self, permitted: bool) -> Option<Place> {
        let looking = if permitted {
            None
        } else {
            Some(Arc::clone(&self.looking).try_acquire_owned().ok()?)
        };
        let place = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some((place, looking))
    }
}

/// How many programs this host has room for. Lets this process have the descriptors: every program
/// takes one or two, and the limit of an ordinary process is lower.
#[must_use]
pub fn possible() -> usize {
    let memory = sysinfo().map_or(0, |info| info.ram_total());
    usize::try_from(most(raise(), memory)).unwrap_or(usize::MAX)
}

/// Programs for so many descriptors and bytes of memory.
fn most(descriptors: u64, memory: u64) -> u64 {
    let room = (memory / PART / IDLE).clamp(FEWEST, MOST);
    descriptors.saturating_sub(OWN).clamp(1, room)
}

/// The descriptors that this process may have after it has asked for as many as it needs at most.
fn raise() -> u64 {
    let wanted = MOST + OWN;
    let (mut soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
    // Above the hard limit is for the privileged.
    for (new, most) in [(wanted, hard.max(wanted)), (hard.min(wanted), hard)] {
        if soft >= new {
            break;
        }
        match setrlimit(Resource::RLIMIT_NOFILE, new, most) {
            Ok(()) => soft = new,
            Err(why) => debug!(target: "ipc", "no {new} descriptors: {why}"),
        }
    }
    soft
}

#[cfg(test)]
mod tests;
