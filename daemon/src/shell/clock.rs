//! The only reader of the operating system's clocks.
//!
//! Must never go back or stand still: two events never happen at the same instant. The clock is the
//! one that also counts while the machine sleeps (`CLOCK_BOOTTIME`), so that a node which was
//! suspended notices that it was away. Wall-clock time is for people only: it is read to say when
//! something was, never to decide anything.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};
use totem::Instant;

/// A clock that only grows.
#[derive(Debug)]
pub struct Clock {
    last: u64,
    read: fn() -> u64,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self { last: 0, read: || nanos(clock_gettime(ClockId::Boottime)) }
    }

    /// What time it is: later than whenever it was asked before.
    pub fn now(&mut self) -> Instant {
        self.last = (self.read)().max(self.last.saturating_add(1));
        Instant::from_nanos(self.last)
    }

    /// What wall-clock time it was at [`Instant::ORIGIN`], since 1970-01-01 UTC. Changes when the
    /// wall clock is set.
    #[must_use]
    pub fn wall_at_origin(&self) -> Duration {
        wall().saturating_sub(Duration::from_nanos((self.read)()))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Wall-clock time since 1970-01-01 UTC.
#[must_use]
pub fn wall() -> Duration {
    Duration::from_nanos(nanos(clock_gettime(ClockId::Realtime)))
}

/// Whole nanoseconds of a span; the most there is for one that does not fit.
#[must_use]
pub fn nanos_of(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds of a kernel time; zero for one before the origin.
fn nanos(time: Timespec) -> u64 {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

#[cfg(test)]
mod tests;
