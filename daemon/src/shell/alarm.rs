//! Wakes the loop at an instant, to the nanosecond rather than to the millisecond of the runtime's
//! own timers: a lost token is repaired after two milliseconds.
//!
//! Must never be late because it was set often: a deadline that moves away by little is not told to
//! the kernel until the old one has passed, so that a busy ring, which moves its deadlines with
//! every token, makes no call for it. One that moves far is, or an idle ring would wake for it.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use totem::Instant;

/// Farther than this is far.
const FAR: Duration = Duration::from_millis(5);

/// A timer of the kernel on the clock of [`super::clock::Clock`].
#[derive(Debug)]
pub struct Alarm {
    timer: AsyncFd<OwnedFd>,
    wanted: Option<Instant>,
    armed: Option<Instant>,
}

impl Alarm {
    /// An alarm that is not set. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The kernel has no timer for us.
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)?;
        #[expect(
            deprecated,
            reason = "the replacement is unsafe, for descriptors that may be closed or replaced \
                      while watched; an `OwnedFd` cannot"
        )]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { timer, wanted: None, armed: None })
    }

    /// From now on [`Alarm::due`] returns at this instant, or never.
    pub fn set(&mut self, wanted: Option<Instant>) {
        self.wanted = wanted;
    }

    /// True when the instant has come at `now`.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.wanted.is_some_and(|wanted| wanted <= now)
    }

    /// How long it is until then.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Duration> {
        self.wanted.map(|wanted| wanted.since(now))
    }

    /// Returns at the instant set, or a little early. May be cancelled at any time.
    pub async fn due(&mut self) {
        let Some(wanted) = self.wanted else { return std::future::pending().await };
        let stale = self.armed.is_none_or(|armed| wanted < armed || wanted > armed + FAR);
        if stale && self.arm(wanted).is_err() {
            // Never seen; without a timer the runtime's must do.
            tokio::time::sleep(Duration::from_millis(1)).await;
            return;
        }
        match self.timer.readable().await {
            Ok(mut guard) => {
                let mut count = [0; 8];
                match rustix::io::read(guard.get_inner(), &mut count) {
                    Err(Errno::AGAIN) => guard.clear_ready(),
                    Ok(_) | Err(_) => {
                        self.armed = None;
                        guard.clear_ready();
                    }
                }
            }
            Err(_) => self.armed = None,
        }
    }

    fn arm(&mut self, at: Instant) -> io::Result<()> {
        let second = 1_000_000_000;
        // Zero would disarm the timer.
        let nanos = at.as_nanos().max(1);
        let to_i64 = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let value = Timespec { tv_sec: to_i64(nanos / second), tv_nsec: to_i64(nanos % second) };
        let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let new = Itimerspec { it_interval: interval, it_value: value };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &new)?;
        self.armed = Some(at);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
