//! How long messages were on their way, by the clock that all hosts of one kernel share.
//!
//! Must never grow without bound: a fixed number of delays is kept.

use rustix::time::{ClockId, clock_gettime};

/// Delays that are kept.
const SAMPLES: usize = 1 << 18;

/// Delays in nanoseconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Delays(Vec<u64>);

impl Delays {
    /// Keeps one, while there is room.
    pub fn keep(&mut self, nanos: u64) {
        if self.0.len() < SAMPLES {
            self.0.push(nanos);
        }
    }

    /// The delay below which so many thousandths of all lie; zero of none.
    pub fn part(&mut self, thousandths: usize) -> u64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * thousandths / 1000).copied().unwrap_or(0)
    }
}

/// The monotonic clock, nanoseconds.
#[must_use]
pub fn now_nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or(0) * 1_000_000_000 + nanos.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_taken_from_the_sorted_row() {
        let mut delays = Delays::default();
        assert_eq!(delays.part(500), 0);
        for nanos in (1..=1001).rev() {
            delays.keep(nanos);
        }
        assert_eq!((delays.part(500), delays.part(990), delays.part(999)), (501, 991, 1000));
    }

    #[test]
    fn the_clock_goes_on() {
        let before = now_nanos();
        assert!(before > 0 && now_nanos() >= before);
    }
}
