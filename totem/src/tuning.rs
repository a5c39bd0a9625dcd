//! Other timers and limits for a ring that runs, in every phase.
//!
//! Must never hold against a member what it did before it could know the new rule: where patience
//! shrinks, whoever is waited for has at least the new patience from now on, unless the old one
//! ends sooner. Where it grows, what is armed is put off by the difference. Pauses between two of
//! our own packets are shortened at once, and lengthened with the next one. Members are told at
//! different moments, so nothing here may depend on all having the same timers.

use alloc::boxed::Box;
use core::time::Duration;

use crate::config::{Timing, Tuning};
use crate::error::ConfigError;
use crate::instant::Instant;
use crate::local::Local;
use crate::peers::Patience;
use crate::phase::Phase;
use crate::phase::commit::Commit;
use crate::phase::gather::Gather;
use crate::phase::operational::Operational;
use crate::phase::recovery::Recovery;
use crate::timers::Timer;

impl Timing {
    /// How long agreement and recovery may take before a node begins again.
    pub(crate) fn forming(&self) -> Duration {
        (self.token / 2).max(20 * self.join)
    }
}

impl From<&Timing> for Patience {
    fn from(timing: &Timing) -> Self {
        Self {
            fresh: 3 * timing.beacon + timing.join,
            first_hold: timing.token / 5,
            longest_hold: 6 * timing.token,
        }
    }
}

impl Local {
    /// Takes the new values; the timers as they were.
    pub(crate) fn retune(&mut self, tuning: Tuning) -> Result<Timing, ConfigError> {
        let config = self.config.tuned(tuning)?;
        let before = self.config.timing;
        self.peers.retune(config.identity.weight, Patience::from(&config.timing));
        self.config = config;
        Ok(before)
    }

    /// Moves a timer that judges somebody's silence.
    fn renew(&mut self, timer: Timer, now: Instant, (before, after): (Duration, Duration)) {
        let Some(due) = self.timers.due(timer) else { return };
        let longer = after.saturating_sub(before);
        let at = if longer.is_zero() { due.min(now + after) } else { due + longer };
        self.timers.arm(timer, at);
    }

    /// Moves a timer that paces our own packets, if it is armed.
    fn hasten(&mut self, timer: Timer, at: Instant) {
        if self.timers.is_armed(timer) {
            self.arm_sooner(timer, at);
        }
    }

    fn hasten_join(&mut self, now: Instant) {
        let at = now + self.jittered(self.config.timing.join);
        self.hasten(Timer::Join, at);
    }

    /// The ring is being formed.
    fn renew_forming(&mut self, now: Instant, before: &Timing) {
        let spans = (before.forming(), self.patience());
        self.renew(Timer::TokenLoss, now, spans);
        self.hasten_join(now);
    }
}

impl Phase {
    /// The timers are others from now on; `before` they were these.
    pub(crate) fn retune(self, local: &mut Local, now: Instant, before: &Timing) -> Self {
        let probe = now + local.config.timing.probe;
        local.hasten(Timer::Probe, probe);
        match self {
            Self::Operational(phase) => phase.retune(local, now, before),
            Self::Gather(phase) => phase.retune(local, now, before),
            Self::Commit(phase) => phase.retune(local, now, before),
            Self::Recovery(phase) => phase.retune(local, now, before),
            // It goes in a moment anyhow.
            Self::Left(repeats) => Self::Left(repeats),
        }
    }
}

impl Operational {
    fn retune(mut self: Box<Self>, local: &mut Local, now: Instant, before: &Timing) -> Phase {
        let timing = local.config.timing;
        local.renew(Timer::TokenLoss, now, (before.token, timing.token));
        local.hasten(Timer::Hold, now + timing.hold);
        let beacon = now + local.jittered(timing.beacon);
        local.hasten(Timer::Beacon, beacon);
        if timing.token < before.token {
            self.restart_deafness(now);
        }
        self.seat.retune(local, now);
        self.pacing.retune(timing.retransmit);
        Phase::Operational(self)
    }
}

impl Gather {
    /// What is judged is judged by the new timers, at once: all that is known of the others is
    /// still there.
    fn retune(self: Box<Self>, local: &mut Local, now: Instant, before: &Timing) -> Phase {
        local.renew_forming(now, before);
        self.conclude(local, now)
    }
}

impl Commit {
    fn retune(mut self, local: &mut Local, now: Instant, before: &Timing) -> Phase {
        local.renew_forming(now, before);
        self.seat.retune(local, now);
        Phase::Commit(Box::new(self))
    }
}

impl Recovery {
    fn retune(mut self, local: &mut Local, now: Instant, before: &Timing) -> Phase {
        local.renew_forming(now, before);
        self.seat.retune(local, now);
        Phase::Recovery(Box::new(self))
    }
}
