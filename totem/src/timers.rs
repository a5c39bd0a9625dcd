//! The timers of a ring, in one table: which are armed, and which is due first.
//!
//! Must never keep a timer that its phase does not own: a phase that ends clears what it armed, so
//! a late timer has no power.

use crate::instant::Instant;
use crate::output::Deadline;

/// Every reason to wake up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// The successor showed no sign of having the token: send it again.
    TokenRetransmit,
    /// No token for the whole token timeout: the ring is broken.
    TokenLoss,
    /// The token in hand goes on: an idle one was held long enough, or the round of a busy one
    /// has taken its least time.
    Hold,
    /// Gathering: say again whom we see.
    Join,
    /// Gathering: somebody was silent or unreachable for long enough to decide without him.
    Consensus,
    /// Say that this ring exists, so that others can merge with it.
    Beacon,
    /// A suspect has not answered the probe: probe again, or declare it dead.
    Probe,
    /// Leaving: say it again, or go.
    Leave,
}

impl Timer {
    /// All timers, in the order in which those due at the same instant are handled.
    pub const ALL: [Self; 8] = [
        Self::TokenRetransmit,
        Self::TokenLoss,
        Self::Hold,
        Self::Join,
        Self::Consensus,
        Self::Beacon,
        Self::Probe,
        Self::Leave,
    ];

    const fn slot(self) -> usize {
        match self {
            Self::TokenRetransmit => 0,
            Self::TokenLoss => 1,
            Self::Hold => 2,
            Self::Join => 3,
            Self::Consensus => 4,
            Self::Beacon => 5,
            Self::Probe => 6,
            Self::Leave => 7,
        }
    }
}

/// When each timer is due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    due: [Option<Instant>; Timer::ALL.len()],
}

impl Timers {
    pub(crate) fn arm(&mut self, timer: Timer, at: Instant) {
        self.due[timer.slot()] = Some(at);
    }

    pub(crate) fn disarm(&mut self, timer: Timer) {
        self.due[timer.slot()] = None;
    }

    pub(crate) fn due(&self, timer: Timer) -> Option<Instant> {
        self.due[timer.slot()]
    }

    pub(crate) fn is_armed(&self, timer: Timer) -> bool {
        self.due(timer).is_some()
    }

    /// Takes the first timer that is due at `now`: earliest first, ties in the order of
    /// [`Timer::ALL`].
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Timer> {
        let Deadline { at, why } = self.next()?;
        if at > now {
            return None;
        }
        self.disarm(why);
        Some(why)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Deadline> {
        let mut first: Option<Deadline> = None;
        for (why, due) in Timer::ALL.into_iter().zip(self.due) {
            if let Some(at) = due
                && first.is_none_or(|first| at < first.at)
            {
                first = Some(Deadline { at, why });
            }
        }
        first
    }

    /// Forgets all timers but those of the node itself, which belong to no phase.
    pub(crate) fn enter_phase(&mut self) {
        for timer in Timer::ALL {
            match timer {
                Timer::Probe | Timer::Leave => {}
                Timer::TokenRetransmit
                | Timer::TokenLoss
                | Timer::Hold
                | Timer::Join
                | Timer::Consensus
                | Timer::Beacon => self.disarm(timer),
            }
        }
    }
}

#[cfg(test)]
mod tests;
