//! How often the token of a busy ring goes round: no more often than pays.
//!
//! A round costs every member some wake-ups and system calls, whatever it carries. Where messages
//! come singly the token overtakes those who make them: it carries few at a time, and members spend
//! on tokens what programs could have spent on messages. So the representative lets a round take
//! a least time, and finds by trying how long: longer as long as as much is sent, shorter when more
//! is sent then. Programs that wait for a message of theirs before they send the next are slowed
//! down by any rest, and that shows at once.
//!
//! Must never keep the token of a round that carried nothing, nor make a round longer than a fifth
//! of the time after which a token is sent again: a resting token must not look like a lost one.

use core::time::Duration;

use crate::ids::Seq;
use crate::instant::Instant;

/// Least times of a round that are tried, as parts of the longest.
const STEPS: [u32; 4] = [0, 1, 2, 4];

/// The longest, as a part of the time after which a token is sent again.
const PART: u32 = 5;

/// Rates are taken over at least this long.
const EPOCH: Duration = Duration::from_millis(20);

/// And over at least so many rounds.
const ROUNDS: u32 = 16;

/// Epochs between two trials, at most: they cost something.
const RAREST: u32 = 32;

/// See the module's head. It knows nothing before the token came for the second time.
#[derive(Debug)]
pub(crate) struct Pacing {
    longest: Duration,
    /// Index of the least time in force.
    step: usize,
    trial: Option<Trial>,
    /// Epochs until the next trial, and how many there will be until the one after that.
    due: u32,
    wait: u32,
    /// The next trial is of a longer time.
    upwards: bool,
    epoch: Option<Epoch>,
    /// When the token last went on.
    passed: Option<Instant>,
}

/// Another least time is in force, to see what comes of it.
#[derive(Clone, Copy, Debug)]
struct Trial {
    from: usize,
    /// Frames per second before.
    rate: u64,
}

/// Where a measurement began.
#[derive(Clone, Copy, Debug)]
struct Epoch {
    began: Instant,
    first: Seq,
    last: Seq,
    rounds: u32,
}

impl Pacing {
    /// `retransmit` is the shortest time after which a token is sent again.
    pub(crate) fn new(retransmit: Duration) -> Self {
        Self {
            longest: retransmit / PART,
            step: 0,
            trial: None,
            due: 1,
            wait: 1,
            upwards: true,
            epoch: None,
            passed: None,
        }
    }

    /// [`Pacing::new`] with another time, from now on.
    pub(crate) fn retune(&mut self, retransmit: Duration) {
        self.longest = retransmit / PART;
    }

    /// The least time of a round.
    pub(crate) fn period(&self) -> Duration {
        self.longest / STEPS[STEPS.len() - 1] * STEPS[self.step]
    }

    /// The token has come round with this sequence. It may go on from this moment on, if not at
    /// once.
    pub(crate) fn rest(&mut self, now: Instant, seq: Seq) -> Option<Instant> {
        let epoch =
            self.epoch.get_or_insert(Epoch { began: now, first: seq, last: seq, rounds: 0 });
        let carried = seq.distance_from(epoch.last);
        epoch.last = seq;
        epoch.rounds += 1;
        let Epoch { began, first, rounds, .. } = *epoch;
        let length = now.since(began);
        if length >= EPOCH && rounds >= ROUNDS {
            self.epoch = Some(Epoch { began: now, first: seq, last: seq, rounds: 0 });
            self.judge(length, seq.distance_from(first), rounds);
        }
        let at = self.passed? + self.period();
        (carried > 0 && at > now).then_some(at)
    }

    /// The token goes on.
    pub(crate) const fn pass(&mut self, now: Instant) {
        self.passed = Some(now);
    }

    /// An epoch is over.
    fn judge(&mut self, length: Duration, frames: u32, rounds: u32) {
        if frames < rounds {
            // Not busy.
            (self.step, self.trial, self.due, self.wait) = (0, None, 1, 1);
            return;
        }
        let rate = per_second(frames, length);
        if let Some(trial) = self.trial.take() {
            self.decide(trial, rate);
        } else if self.due > 1 {
            self.due -= 1;
        } else {
            self.attempt(rate);
        }
    }

    /// Tries the next least time in this direction, or in the other if there is none.
    fn attempt(&mut self, rate: u64) {
        self.upwards = if self.upwards { self.step + 1 < STEPS.len() } else { self.step == 0 };
        self.trial = Some(Trial { from: self.step, rate });
        self.step = if self.upwards { self.step + 1 } else { self.step - 1 };
    }

    /// Keeps what was tried or goes back. A longer round is worth a tenth of what is sent, since
    /// rates are never quite the same; a shorter one must show that it is needed.
    fn decide(&mut self, trial: Trial, rate: u64) {
        let kept = if self.upwards {
            rate.saturating_mul(10) >= trial.rate.saturating_mul(9)
        } else {
            rate.saturating_mul(9) >= trial.rate.saturating_mul(10)
        };
        if kept {
            self.wait = 1;
        } else {
            self.step = trial.from;
            self.upwards = !self.upwards;
            self.wait = (2 * self.wait).min(RAREST);
        }
        self.due = self.wait;
    }
}

/// Saturates.
fn per_second(frames: u32, length: Duration) -> u64 {
    let nanos = length.as_nanos().max(1);
    u64::try_from(u128::from(frames) * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
