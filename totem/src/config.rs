//! What a ring is told at its start: who it is, how patient, how much at a time; and what of that
//! may change while it runs.
//!
//! Must never hold a value that does not work: [`Config::new`] refuses it by name, and everything
//! after relies on that. Every bound of every queue is here.

use core::time::Duration;

use crate::error::ConfigError;
use crate::ids::{NodeId, Seq};
use crate::planted::Plant;
use crate::wire;

/// A valid configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub(crate) identity: Identity,
    pub(crate) timing: Timing,
    pub(crate) limits: Limits,
    pub(crate) plant: Plant,
}

/// Who this node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Its id.
    pub me: NodeId,
    /// Grows with every start of this node; tells a restarted node from its predecessor.
    pub boot: u64,
    /// Preferred over lighter nodes where not everyone can reach everyone: its votes.
    pub weight: u32,
    /// Seed of the jitter on joins and beacons.
    pub seed: u64,
}

/// How long to wait for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Longest silence of a member that is not held against it (`totem token`).
    pub token: Duration,
    /// Shortest time after which a token is sent again. Above it the timer follows the measured
    /// rotation.
    pub retransmit: Duration,
    /// How long the token of an idle ring rests with who sent last.
    pub hold: Duration,
    /// Between two joins of a gathering node.
    pub join: Duration,
    /// Longest time for agreement when somebody is silent or unreachable (`totem consensus`).
    pub consensus: Duration,
    /// Between two beacons of an operational ring (`totem merge`).
    pub beacon: Duration,
    /// Between two probes of a suspect.
    pub probe: Duration,
}

impl Default for Timing {
    /// CMAN's patience, and timers of our own for what the network can answer quickly.
    fn default() -> Self {
        Self {
            token: Duration::from_secs(10),
            retransmit: Duration::from_millis(2),
            hold: Duration::from_millis(50),
            join: Duration::from_millis(60),
            consensus: Duration::from_secs(2),
            beacon: Duration::from_millis(200),
            probe: Duration::from_millis(20),
        }
    }
}

/// How much at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Largest plain packet, bytes: the network's unit less IP, UDP and seal.
    pub packet: usize,
    /// Frames that all members together may send in one rotation (`totem window_size`).
    pub window: u32,
    /// Frames that one member may send in one turn (`totem max_messages`).
    pub per_turn: u32,
    /// Of these, how many may follow the token (accelerated ring; 0 is the original protocol).
    pub accelerated: u32,
    /// Frames between the lowest one kept and the highest one assigned.
    pub span: u32,
    /// Bytes of messages that may wait for a turn, per lane. A message for which that is too
    /// little waits alone. A few windows: what more there is should wait with who sends it.
    pub backlog: usize,
    /// Largest message, bytes.
    pub message: usize,
    /// Most members of a ring.
    pub members: usize,
    /// The place before the first frame of a ring that this node leads. Zero, but for tests that
    /// begin near the wrap.
    pub first: Seq,
}

impl Limits {
    /// Defaults for a network that carries plain packets of `packet` bytes.
    #[must_use]
    pub const fn for_packet(packet: usize) -> Self {
        Self {
            packet,
            window: 512,
            per_turn: 128,
            accelerated: 64,
            span: 8192,
            backlog: 2 << 20,
            message: 4 << 20,
            members: 128,
            first: Seq::new(0),
        }
    }
}

/// What may change while a ring runs. Members need not change at the same moment, but should have
/// the same in the end: a member is given as much time as the most impatient one has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tuning {
    /// How long to wait for what.
    pub timing: Timing,
    /// [`Limits::window`].
    pub window: u32,
    /// [`Limits::per_turn`].
    pub per_turn: u32,
    /// [`Limits::accelerated`].
    pub accelerated: u32,
    /// [`Identity::weight`].
    pub weight: u32,
}

impl Config {
    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// The first value that does not work, by name.
    pub fn new(identity: Identity, timing: Timing, limits: Limits) -> Result<Self, ConfigError> {
        let at_least = |name, value: Duration, least: Duration| {
            if value < least { Err(ConfigError::TooShort { name, value, least }) } else { Ok(()) }
        };
        let within = |name, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange { name, value, least, most })
            }
        };
        let tick = Duration::from_millis(1);
        at_least("retransmit", timing.retransmit, tick)?;
        at_least("hold", timing.hold, tick)?;
        at_least("join", timing.join, tick)?;
        at_least("probe", timing.probe, tick)?;
        at_least("beacon", timing.beacon, tick)?;
        at_least("consensus", timing.consensus, timing.join)?;
        at_least("token", timing.token, 2 * timing.hold.max(timing.retransmit))?;
        within("packet", limits.packet, wire::SMALLEST_LIMIT, wire::LARGEST_PACKET)?;
        within("members", limits.members, 1, wire::MOST_MEMBERS)?;
        let frames = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        within("span", frames(limits.span), 64, 1 << 20)?;
        within("window", frames(limits.window), 1, frames(limits.span) / 2)?;
        within("per_turn", frames(limits.per_turn), 1, frames(limits.window))?;
        within("accelerated", frames(limits.accelerated), 0, frames(limits.per_turn))?;
        within("message", limits.message, 1, wire::LARGEST_MESSAGE)?;
        within("backlog", limits.backlog, limits.packet, usize::MAX)?;
        Ok(Self { identity, timing, limits, plant: Plant::default() })
    }

    /// What of it may change while the ring runs, as it is.
    #[must_use]
    pub const fn tuning(&self) -> Tuning {
        let Limits { window, per_turn, accelerated, .. } = self.limits;
        Tuning { timing: self.timing, window, per_turn, accelerated, weight: self.identity.weight }
    }

    /// The same with another tuning.
    ///
    /// # Errors
    /// The first value that does not work, by name.
    pub fn tuned(&self, tuning: Tuning) -> Result<Self, ConfigError> {
        let Tuning { timing, window, per_turn, accelerated, weight } = tuning;
        let identity = Identity { weight, ..self.identity };
        let limits = Limits { window, per_turn, accelerated, ..self.limits };
        Ok(Self::new(identity, timing, limits)?.with_planted(self.plant))
    }

    /// The same with a bug planted in it, for the proof that the simulator finds it. What ships
    /// has none to plant.
    #[must_use]
    pub const fn with_planted(mut self, plant: Plant) -> Self {
        self.plant = plant;
        self
    }

    /// The planted bug. Nothing, in what ships.
    #[must_use]
    pub const fn plant(&self) -> Plant {
        self.plant
    }

    /// Who this node is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// How long it waits for what.
    #[must_use]
    pub const fn timing(&self) -> &Timing {
        &self.timing
    }

    /// How much it does at a time.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }
}

#[cfg(test)]
mod tests;
