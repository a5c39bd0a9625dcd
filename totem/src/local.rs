//! What outlives every phase: who this node is, what it waits for, what it owes the world.
//!
//! Must never hold anything that belongs to one ring: rings end, and what belongs to them ends
//! with the phase that holds it.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::assembly::Assembly;
use crate::backlog::Backlog;
use crate::config::Config;
use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet, RingSeq};
use crate::instant::Instant;
use crate::output::{Destination, Event, Message, Output};
use crate::peers::{Patience, Peers, Suspects};
use crate::planted;
use crate::stats::Stats;
use crate::timers::{Timer, Timers};
use crate::wire::{Body, Departure, Frame, Join, LARGEST_MESSAGE, MOST_MEMBERS, Packet, Signal};

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) config: Config,
    pub(crate) timers: Timers,
    pub(crate) outbox: VecDeque<Output>,
    pub(crate) backlog: Backlog,
    /// Room for frames of our own.
    pub(crate) space: BytesMut,
    pub(crate) assembly: Assembly,
    pub(crate) peers: Peers,
    pub(crate) suspects: Suspects,
    /// Who is proven gone since the last ring was installed.
    pub(crate) departures: BTreeMap<NodeId, Departure>,
    /// The membership change under way.
    pub(crate) episode: Option<Episode>,
    /// Highest ring sequence this node has spoken for or knows to be stored.
    pub(crate) highest: RingSeq,
    /// Highest ring sequence on this node's stable storage.
    pub(crate) durable: RingSeq,
    /// Highest ring sequence that is on its way there.
    storing: RingSeq,
    pub(crate) rotation: Smoothed,
    /// How long after a token was passed on something shows that the successor has it.
    pub(crate) sign: Smoothed,
    pub(crate) stats: Stats,
    serial: u64,
    jitter: u64,
}

/// A membership change under way, for its root cause.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub(crate) cause: Cause,
    pub(crate) evidence: BTreeMap<NodeId, Evidence>,
    /// Members of the ring that ended, or of none.
    pub(crate) before: NodeSet,
    /// Strangers for whose sake a healthy ring was left.
    pub(crate) invited: NodeSet,
    pub(crate) began: Instant,
    pub(crate) agreed: Instant,
    pub(crate) committed: Instant,
}

/// A longer rotation is a pause of somebody, and says nothing about the next one.
const LONGEST_ROTATION: Duration = Duration::from_millis(250);

/// How long something takes that happens again and again, like the token's round: smoothed as a
/// round-trip time is (RFC 6298).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Smoothed {
    smoothed: Duration,
    variance: Duration,
}

impl Smoothed {
    pub(crate) fn sample(&mut self, span: Duration) {
        let span = span.min(LONGEST_ROTATION);
        if self.smoothed.is_zero() {
            (self.smoothed, self.variance) = (span, span / 2);
            return;
        }
        // A rotation in which a token was lost says how long the repair took; if it counted in
        // full, each loss would make the next repair slower (Karn's problem: who waits for the
        // token cannot know who had to send it again).
        let span = span.min(4 * self.smoothed);
        self.variance = self.variance * 3 / 4 + self.smoothed.abs_diff(span) / 4;
        self.smoothed = self.smoothed * 7 / 8 + span / 8;
    }

    pub(crate) const fn smoothed(self) -> Duration {
        self.smoothed
    }

    /// After this long it is more likely lost than late.
    pub(crate) fn patience(self) -> Duration {
        self.smoothed * 2 + self.variance * 4
    }
}

impl Local {
    pub(crate) fn new(config: Config, last: RingSeq) -> Self {
        let last = if planted!(config.plant, DiskIgnored) { RingSeq::default() } else { last };
        Self {
            timers: Timers::default(),
            outbox: VecDeque::new(),
            backlog: Backlog::new(&config.limits),
            space: BytesMut::new(),
            assembly: Assembly::new(LARGEST_MESSAGE),
            peers: Peers::new(&config.identity, Patience::from(&config.timing)),
            suspects: Suspects::default(),
            departures: BTreeMap::new(),
            episode: None,
            highest: last,
            durable: last,
            storing: last,
            rotation: Smoothed::default(),
            sign: Smoothed::default(),
            stats: Stats::default(),
            serial: 0,
            jitter: config.identity.seed ^ config.identity.boot,
            config,
        }
    }

    pub(crate) const fn me(&self) -> NodeId {
        self.config.identity.me
    }

    // -- obligations ------------------------------------------------------------------------

    pub(crate) fn send(&mut self, to: Destination, packet: &Packet) {
        self.stats.sent.count(packet);
        self.send_bytes(to, packet.encode());
    }

    pub(crate) fn send_bytes(&mut self, to: Destination, packet: Bytes) {
        self.outbox.push_back(Output::Send { to, packet });
    }

    /// Asks for a ring sequence to be put on stable storage, unless it is or was asked for.
    pub(crate) fn store(&mut self, seq: RingSeq) {
        if seq > self.storing {
            self.storing = seq;
            self.outbox.push_back(Output::Store(seq));
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outbox.push_back(Output::Event(event));
    }

    /// Delivers a frame of the current order upwards. What cannot be assembled is the same
    /// mistake at every member, and dropped by all alike.
    pub(crate) fn deliver(&mut self, frame: Frame) {
        let Body::Data(payload) = frame.body else { return };
        let (outbox, stats, from) = (&mut self.outbox, &mut self.stats, frame.from);
        let result = self.assembly.frame(from, payload, &mut |guarantee, payload| {
            stats.messages_delivered += 1;
            stats.bytes_delivered += u64::try_from(payload.len()).unwrap_or(u64::MAX);
            let message = Message { from, guarantee, payload };
            outbox.push_back(Output::Event(Event::Message(message)));
        });
        if let Err(error) = result {
            tracing::warn!(node = %from, seq = %frame.seq, %error, "frame does not assemble");
        }
    }

    // -- time -------------------------------------------------------------------------------

    /// A little more than `span`, by up to a quarter: nodes that began together drift apart.
    pub(crate) fn jittered(&mut self, span: Duration) -> Duration {
        // SplitMix64 (Steele, Lea, Flood 2014): the seed comes with the configuration.
        self.jitter = self.jitter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.jitter;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let sixteenths = u32::try_from((mixed >> 32) % 16).expect("below 16");
        span + span / 64 * sixteenths
    }

    /// Arms a timer for `span` from now, or leaves it where it is if that is sooner.
    pub(crate) fn arm_sooner(&mut self, timer: Timer, at: Instant) {
        if self.timers.due(timer).is_none_or(|due| due > at) {
            self.timers.arm(timer, at);
        }
    }

    /// The shortest pause that lets several nodes' answers fall into one packet.
    pub(crate) fn soon(&mut self) -> Duration {
        self.jittered(Duration::from_millis(1))
    }

    /// How long agreement and recovery may take before this node begins again.
    pub(crate) fn patience(&self) -> Duration {
        self.config.timing.forming()
    }

    /// How long a gathering node waits for those who may just be starting or slow.
    pub(crate) fn settle(&self) -> Duration {
        4 * self.config.timing.join
    }

    // -- departures -------------------------------------------------------------------------

    /// Notes proof that an incarnation of a node is gone; `false` if it is known, or outdated.
    pub(crate) fn note_departure(&mut self, node: NodeId, departure: Departure) -> bool {
        let outdated = self.peers.boot(node) > departure.boot;
        let known = self.departures.get(&node).is_some_and(|known| known.boot >= departure.boot);
        if outdated || known || node == self.me() {
            return false;
        }
        self.departures.insert(node, departure);
        self.peers.note_gone(node);
        true
    }

    /// The current incarnation of this node is proven gone.
    pub(crate) fn is_departed(&self, node: NodeId) -> bool {
        self.departures.get(&node).is_some_and(|gone| gone.boot >= self.peers.boot(node))
    }

    // -- suspects ---------------------------------------------------------------------------

    /// The kernel says nobody listens there: probe.
    pub(crate) fn suspect(&mut self, now: Instant, node: NodeId) {
        if node == self.me() || self.is_departed(node) {
            return;
        }
        if self.suspects.hint(node) {
            self.probe(node);
            self.arm_sooner(Timer::Probe, now + self.config.timing.probe);
        }
    }

    /// After this long without the token, on a ring that is not idle, it is hardly on its way.
    pub(crate) fn lull(&self) -> Duration {
        self.config.timing.retransmit.max(self.rotation.patience())
    }

    /// After this long without a sign that the successor has the token it is sent again. Where the
    /// successor sends something in its turns the sign is there long before the token itself.
    pub(crate) fn retransmit(&self) -> Duration {
        let sign = self.sign.patience();
        if sign.is_zero() { self.lull() } else { self.lull().min(sign) }
            .max(self.config.timing.retransmit)
    }

    pub(crate) fn probe(&mut self, node: NodeId) {
        self.stats.probes_sent += 1;
        let nonce = self.stats.probes_sent;
        self.send(Destination::Node(node), &Packet::Signal(Signal::Probe(nonce)));
    }

    // -- joins ------------------------------------------------------------------------------

    /// Multicasts a join with the next serial and returns it.
    pub(crate) fn send_join(&mut self, sets: JoinSets) {
        self.serial += 1;
        let departures = self.nameable_departures(&sets.candidates);
        let join = Join {
            boot: self.config.identity.boot,
            serial: self.serial,
            highest: sets.highest,
            weight: self.config.identity.weight,
            leaving: sets.leaving,
            candidates: sets.candidates,
            failed: sets.failed,
            heard: sets.heard,
            departures,
        };
        self.send(Destination::Everyone, &Packet::Join(join));
    }

    /// The departures, or as many as one packet can name: those of `candidates`, as nobody acts on
    /// others.
    fn nameable_departures(&self, candidates: &NodeSet) -> BTreeMap<NodeId, Departure> {
        if self.departures.len() <= MOST_MEMBERS {
            return self.departures.clone();
        }
        let acted_on = self.departures.iter().filter(|(node, _)| candidates.contains(node));
        acted_on.take(MOST_MEMBERS).map(|(&node, &departure)| (node, departure)).collect()
    }
}

/// The part of a join that the gather phase decides.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct JoinSets {
    pub(crate) leaving: bool,
    /// Highest ring sequence known when the sets were made. A join repeated while the next ring is
    /// being committed must not look as if it came after it.
    pub(crate) highest: RingSeq,
    pub(crate) candidates: NodeSet,
    pub(crate) failed: NodeSet,
    pub(crate) heard: NodeSet,
}

#[cfg(test)]
mod tests;
