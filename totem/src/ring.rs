//! One node's end of the ring: everything that enters, and everything that comes out.
//!
//! Must never do protocol work while it is drained: [`Ring::handle`] works, [`Ring::poll`] only
//! pops, so there is no wrong moment to drain.

use core::time::Duration;

use bytes::Bytes;

use crate::config::{Config, Tuning};
use crate::configuration::{Cause, Evidence};
use crate::error::{ConfigError, PacketError, Refused};
use crate::ids::{NodeId, NodeSet, RingId, RingSeq};
use crate::input::Input;
use crate::instant::Instant;
use crate::invariants::Invariants;
use crate::local::Local;
use crate::output::{Destination, Guarantee, Lane, Output};
use crate::phase::gather::Gather;
use crate::phase::{Occurrence, OldRing, Phase};
use crate::stats::{Pace, Stats};
use crate::timers::Timer;
use crate::window::Stored;
use crate::wire::{Departure, Packet, Signal};

/// See the module's head, and the crate's for how to drive it.
#[derive(Debug)]
pub struct Ring {
    local: Local,
    /// `None` only while a step is under way.
    phase: Option<Phase>,
    invariants: Invariants,
}

/// What a ring looks like from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Name of the phase.
    pub phase: &'static str,
    /// The ring installed last, while it is in use.
    pub ring: Option<RingId>,
    /// Its members; while gathering, none.
    pub members: NodeSet,
    /// Highest ring sequence known to be on this node's stable storage.
    pub highest: RingSeq,
}

impl Ring {
    /// Starts alone, gathering. `last` is the ring sequence read from stable storage.
    #[must_use]
    pub fn new(config: Config, last: RingSeq, now: Instant) -> Self {
        let mut local = Local::new(config, last);
        let old = OldRing::none(now);
        let phase = Gather::enter(&mut local, now, old, Cause::Started, &NodeSet::new());
        Self { local, phase: Some(phase), invariants: Invariants::default() }
    }

    // -- what the world does ----------------------------------------------------------------

    /// Takes in one occurrence.
    ///
    /// # Errors
    /// A peer sent rubbish; the ring is unharmed.
    pub fn handle(&mut self, now: Instant, input: Input) -> Result<(), PacketError> {
        self.notice_pause(now);
        let result = match input {
            Input::Packet { from, bytes } => self.packet(now, from, &bytes),
            Input::Unreachable(node) => {
                self.local.suspect(now, node);
                Ok(())
            }
            Input::Timeout => {
                self.timeout(now);
                Ok(())
            }
            Input::Stored(seq) => {
                self.local.durable = self.local.durable.max(seq);
                self.step(now, Occurrence::Stored(seq));
                Ok(())
            }
        };
        self.invariants.check(&self.local, self.phase.as_ref().expect("no step is under way"));
        result
    }

    fn packet(&mut self, now: Instant, from: NodeId, bytes: &Bytes) -> Result<(), PacketError> {
        if self.local.suspects.clear(from) {
            self.local.stats.suspects_cleared += 1;
        }
        let packet =
            Packet::decode(bytes).inspect_err(|_| self.local.stats.packets_refused += 1)?;
        self.local.stats.received.count(&packet);
        let what = match packet {
            Packet::Token(token) => Occurrence::Token(token),
            Packet::Frame(frame) => Occurrence::Frame(Stored { frame, packet: bytes.clone() }),
            Packet::Join(join) => Occurrence::Join(from, join),
            Packet::Commit(token) => Occurrence::Commit(from, token),
            Packet::Beacon(beacon) => Occurrence::Beacon(from, beacon),
            Packet::Signal(Signal::HoldCancel(ring)) => Occurrence::HoldCancel(ring),
            Packet::Signal(Signal::CommitReceived(ring, hop)) => {
                Occurrence::CommitReceived(from, ring, hop)
            }
            Packet::Signal(Signal::Probe(nonce)) => {
                if !matches!(self.phase, Some(Phase::Left(_))) {
                    let answer = Packet::Signal(Signal::Answer(nonce));
                    self.local.send(Destination::Node(from), &answer);
                }
                return Ok(());
            }
            // That it came is the answer.
            Packet::Signal(Signal::Answer(_)) => return Ok(()),
        };
        self.step(now, what);
        Ok(())
    }

    /// Every timer that is due now fires once; one that is armed anew at once waits for the next
    /// call, so that a lone node with much to send does not keep its shell from the world.
    fn timeout(&mut self, now: Instant) {
        let mut fired = [None; Timer::ALL.len()];
        for slot in &mut fired {
            *slot = self.local.timers.expire(now);
        }
        for timer in fired.into_iter().flatten() {
            if timer == Timer::Probe {
                self.probe(now);
            } else {
                self.step(now, Occurrence::Timer(timer));
            }
        }
    }

    fn probe(&mut self, now: Instant) {
        let (dead, again) = self.local.suspects.tick();
        for node in again {
            self.local.probe(node);
        }
        if !self.local.suspects.is_empty() {
            let at = now + self.local.config.timing.probe;
            self.local.timers.arm(Timer::Probe, at);
        }
        for node in dead {
            let boot = self.local.peers.boot(node);
            self.local.note_departure(node, Departure { boot, evidence: Evidence::Refused });
            self.step(now, Occurrence::Departed(node, Evidence::Refused));
        }
    }

    /// A node that was not scheduled must not hold the silence against the others: what they said
    /// meanwhile is still in its sockets (Lifeguard's local health, for the one case that matters).
    fn notice_pause(&mut self, now: Instant) {
        let timing = &self.local.config.timing;
        let (threshold, grace) = (timing.token / 8, 2 * timing.join);
        let Some(deadline) = self.local.timers.next() else { return };
        if now.since(deadline.at) <= threshold.max(Duration::from_millis(50)) {
            return;
        }
        self.local.stats.pauses += 1;
        for timer in [Timer::TokenLoss, Timer::Consensus, Timer::Probe] {
            if self.local.timers.due(timer).is_some_and(|due| due <= now) {
                self.local.timers.arm(timer, now + grace);
            }
        }
    }

    fn step(&mut self, now: Instant, what: Occurrence) {
        let phase = self.phase.take().expect("steps do not nest");
        self.phase = Some(phase.step(&mut self.local, now, what));
    }

    // -- what the application wants ---------------------------------------------------------

    /// Queues a message for this node's next turns.
    ///
    /// # Errors
    /// No room, too large, or this node is leaving; nothing is queued then.
    pub fn multicast(
        &mut self,
        now: Instant,
        lane: Lane,
        guarantee: Guarantee,
        message: Bytes,
    ) -> Result<(), Refused> {
        if matches!(self.phase, Some(Phase::Left(_))) {
            return Err(Refused::Leaving);
        }
        self.local.backlog.push(lane, guarantee, message)?;
        self.step(now, Occurrence::Work);
        Ok(())
    }

    /// The services agree on their state again: applications may talk. Without effect while no
    /// ring is in use.
    pub fn open_data_lane(&mut self, now: Instant) {
        if matches!(self.phase, Some(Phase::Operational(_))) {
            self.local.backlog.open_data();
            self.step(now, Occurrence::Work);
        }
    }

    /// Has every member say something to this node, if it hears: nothing but a sign of life, sealed
    /// as that member seals. Without effect while no ring is in use.
    pub fn greet(&mut self) {
        for node in self.status().members {
            if node != self.local.me() {
                self.local.probe(node);
            }
        }
    }

    /// Says good-bye. Ends with [`crate::Event::Left`].
    pub fn leave(&mut self, now: Instant) {
        if !matches!(self.phase, Some(Phase::Left(_))) {
            self.phase = Some(self.local.say_farewell(now));
        }
    }

    /// Goes on with other timers and limits, in whatever phase: what is armed from now on is armed
    /// by the new ones, and what waits already waits no longer than they say from now on. A silence
    /// that is being judged is given the difference when patience grows.
    ///
    /// # Errors
    /// The first value that does not work, by name; nothing was changed then.
    pub fn retune(&mut self, now: Instant, tuning: Tuning) -> Result<(), ConfigError> {
        let before = self.local.retune(tuning)?;
        let phase = self.phase.take().expect("steps do not nest");
        self.phase = Some(phase.retune(&mut self.local, now, &before));
        self.invariants.check(&self.local, self.phase.as_ref().expect("just put back"));
        Ok(())
    }

    /// Whether [`Ring::retune`] would take this.
    ///
    /// # Errors
    /// As there.
    pub fn accepts(&self, tuning: Tuning) -> Result<(), ConfigError> {
        self.local.config.tuned(tuning).map(drop)
    }

    // -- what should be done ----------------------------------------------------------------

    /// Pops the next obligation. Ends with [`Output::Wait`]; calling again repeats it.
    #[must_use]
    pub fn poll(&mut self) -> Output {
        self.local.outbox.pop_front().unwrap_or_else(|| Output::Wait(self.local.timers.next()))
    }

    // -- looking in -------------------------------------------------------------------------

    /// Where this node is in the protocol.
    #[must_use]
    pub fn status(&self) -> Status {
        let phase = self.phase.as_ref().expect("no step is under way");
        let in_use = match phase {
            Phase::Operational(phase) => Some((phase.ring(), phase.seat.members.clone())),
            Phase::Gather(_) | Phase::Commit(_) | Phase::Recovery(_) | Phase::Left(_) => None,
        };
        let (ring, members) = in_use.unzip();
        Status {
            phase: phase.name(),
            ring,
            members: members.unwrap_or_default(),
            highest: self.local.durable,
        }
    }

    /// The ring that is in use; `None` while the next one is being formed, and after the end.
    #[must_use]
    pub fn in_use(&self) -> Option<RingId> {
        match self.phase.as_ref() {
            Some(Phase::Operational(phase)) => Some(phase.ring()),
            Some(Phase::Gather(_) | Phase::Commit(_) | Phase::Recovery(_) | Phase::Left(_))
            | None => None,
        }
    }

    /// Size of the largest message that a lane takes now, bytes.
    #[must_use]
    pub fn room(&self, lane: Lane) -> usize {
        self.local.backlog.room(lane).unwrap_or(0)
    }

    /// Counters.
    #[must_use]
    pub const fn stats(&self) -> Stats {
        self.local.stats
    }

    /// The timers and limits in force.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let Local { config, rotation, backlog, .. } = &self.local;
        let round = match self.phase.as_ref() {
            Some(Phase::Operational(phase)) => phase.pacing.period(),
            Some(Phase::Gather(_) | Phase::Commit(_) | Phase::Recovery(_) | Phase::Left(_))
            | None => Duration::ZERO,
        };
        Pace {
            rotation: rotation.smoothed(),
            retransmit: self.local.retransmit(),
            token: config.timing.token,
            consensus: config.timing.consensus,
            hold: config.timing.hold,
            round,
            window: config.limits.window,
            per_turn: config.limits.per_turn,
            backlog: backlog.cost(),
            most_backlog: config.limits.backlog,
        }
    }

    /// How long the token usually takes for a round, while messages of this node wait for it: more
    /// of them need not be heard sooner. `None` when nothing waits, or the token does.
    #[must_use]
    pub fn awaited(&self) -> Option<Duration> {
        match self.phase.as_ref() {
            Some(Phase::Operational(phase)) if phase.awaits_token() => {
                (!self.local.backlog.is_empty_now()).then(|| self.local.rotation.smoothed())
            }
            Some(
                Phase::Operational(_)
                | Phase::Gather(_)
                | Phase::Commit(_)
                | Phase::Recovery(_)
                | Phase::Left(_),
            )
            | None => None,
        }
    }

    /// Whether the token's socket should be read before the data's: the accelerated ring's
    /// priority rule. Speed only.
    #[must_use]
    pub fn token_first(&self) -> bool {
        match self.phase.as_ref() {
            Some(Phase::Operational(phase)) => phase.token_first,
            Some(Phase::Gather(_) | Phase::Commit(_) | Phase::Recovery(_) | Phase::Left(_))
            | None => true,
        }
    }
}

#[cfg(test)]
mod tests;
