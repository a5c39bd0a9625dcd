//! A healthy ring: taking turns, holding an idle token, noticing strangers.
//!
//! Must never be left for a stranger's sake unless the ring that can then be formed is better than
//! this one: a half-deaf or flapping node outside must cost those inside nothing.

use alloc::boxed::Box;

use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet, RingId, Seq};
use crate::instant::Instant;
use crate::local::Local;
use crate::members::nameable;
use crate::output::Destination;
use crate::pacing::Pacing;
use crate::packing;
use crate::phase::gather::Gather;
use crate::phase::seat::Seat;
use crate::phase::{OldRing, Phase};
use crate::planted;
use crate::timers::Timer;
use crate::window::Stored;
use crate::wire::{Beacon, Departure, FRAME_HEADER, Join, Packet, Signal, Token};

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Operational {
    pub(crate) seat: Seat,
    held: Option<Held>,
    pub(crate) pacing: Pacing,
    /// This node asked for a held token and waits for it.
    asked: bool,
    /// The aru that does not move, who holds it down, and since when.
    stuck: Option<Stuck>,
    /// The successor's next token is behind data that was sent before it: read tokens first.
    pub(crate) token_first: bool,
}

/// The token, while it is in hand.
#[derive(Debug)]
enum Held {
    /// That of an idle ring, kept by who sent last (and always, by a node alone): work sends it on.
    Idle(Token),
    /// That of a busy one, kept by its representative until the round has taken its least time.
    Resting(Token),
}

impl Held {
    const fn token(&self) -> &Token {
        let (Self::Idle(token) | Self::Resting(token)) = self;
        token
    }
}

#[derive(Clone, Copy, Debug)]
struct Stuck {
    aru: Seq,
    node: NodeId,
    since: Instant,
}

impl Operational {
    /// The ring is installed; the token, if this node has it, is in `held`.
    pub(crate) fn enter(local: &mut Local, now: Instant, seat: Seat, held: Option<Token>) -> Self {
        if seat.is_alone() {
            local.timers.disarm(Timer::TokenLoss);
        } else {
            local.timers.arm(Timer::TokenLoss, now + local.config.timing.token);
        }
        let at = now + local.soon();
        local.timers.arm(Timer::Beacon, at);
        let mut phase = Self {
            seat,
            held: held.map(Held::Idle),
            pacing: Pacing::new(local.config.timing.retransmit),
            asked: false,
            stuck: None,
            token_first: true,
        };
        phase.deliver(local);
        phase
    }

    pub(crate) fn is_member(&self, node: NodeId) -> bool {
        self.seat.members.contains(&node)
    }

    pub(crate) const fn ring(&self) -> RingId {
        self.seat.ring
    }

    /// The token goes round, and is elsewhere or rests.
    pub(crate) fn awaits_token(&self) -> bool {
        !self.seat.is_alone() && !self.seat.is_quiet() && !matches!(self.held, Some(Held::Idle(_)))
    }

    fn is_representative(&self, local: &Local) -> bool {
        self.seat.ring.representative == local.me()
    }

    // -- turns ------------------------------------------------------------------------------

    pub(crate) fn on_token(
        mut self: Box<Self>,
        local: &mut Local,
        now: Instant,
        token: Token,
    ) -> Phase {
        if !self.seat.accepts(&token) {
            local.stats.tokens_dropped += 1;
            return Phase::Operational(self);
        }
        self.seat.arrive(local, now, &token);
        // One that is held has been overtaken: two tokens would assign the same places.
        self.held = None;
        local.timers.disarm(Timer::Hold);
        self.asked = false;
        self.token_first = false;
        if let Some(node) = self.deaf_member(local, now, &token) {
            let departure = Departure { boot: local.peers.boot(node), evidence: Evidence::Deaf };
            local.note_departure(node, departure);
            return self.gather(local, now, Cause::Deaf(node));
        }
        match self.rest(local, now, &token) {
            Some(at) => {
                local.timers.arm(Timer::Hold, at);
                self.held = Some(Held::Resting(token));
            }
            None => self.take_turn(local, now, token, true),
        }
        Phase::Operational(self)
    }

    /// Until when the representative of a busy ring lets the token rest before its own turn.
    fn rest(&mut self, local: &Local, now: Instant, token: &Token) -> Option<Instant> {
        if self.is_representative(local) { self.pacing.rest(now, token.seq) } else { None }
    }

    /// Whether a member has lacked the same frame for a whole token timeout, although it was asked
    /// for and sent at every round. The others fail it, as the paper's prose has it (§6.2.2); the
    /// victim may be unable to hear even that.
    fn deaf_member(&mut self, local: &Local, now: Instant, token: &Token) -> Option<NodeId> {
        let node = token.aru_setter.filter(|&node| node != local.me() && token.aru != token.seq);
        let stuck = self.stuck.filter(|stuck| node == Some(stuck.node) && stuck.aru == token.aru);
        self.stuck = node.map(|node| stuck.unwrap_or(Stuck { aru: token.aru, node, since: now }));
        let deaf = self.stuck.filter(|stuck| now.since(stuck.since) >= local.config.timing.token);
        deaf.map(|stuck| stuck.node)
    }

    /// Whoever is being found deaf has the whole time again.
    pub(crate) const fn restart_deafness(&mut self, now: Instant) {
        if let Some(stuck) = &mut self.stuck {
            stuck.since = now;
        }
    }

    /// Takes a turn with the token in hand; keeps it when the ring is idle and it `may_hold`.
    fn take_turn(&mut self, local: &mut Local, now: Instant, mut token: Token, may_hold: bool) {
        let room = payload_room(local);
        let queued = packing::frames_pending(&local.backlog, room);
        let after = self.seat.visit(local, &mut token, queued, |local| {
            let mut blank = packing::fill(&mut local.backlog, &mut local.space, room)?;
            blank.safe &= !planted!(local.config.plant, SafeAsAgreed);
            Some(blank)
        });
        let may_hold = may_hold && self.seat.sent_last(&token) && self.seat.may_rest();
        if self.seat.is_alone() {
            self.keep_alone(local, now, &token);
        } else if may_hold && local.backlog.is_empty_now() {
            let at = now + local.config.timing.hold;
            local.timers.arm(Timer::Hold, at);
            self.held = Some(Held::Idle(token));
        } else {
            self.pacing.pass(now);
            self.seat.forward(local, now, &token);
        }
        for packet in after {
            local.send_bytes(Destination::Everyone, packet);
        }
        self.deliver(local);
    }

    /// A node alone passes the token to itself, at once while something is left to do.
    fn keep_alone(&mut self, local: &mut Local, now: Instant, token: &Token) {
        local.timers.disarm(Timer::TokenLoss);
        let done = local.backlog.is_empty_now() && self.seat.window.released() == token.seq;
        if !done {
            local.timers.arm(Timer::Hold, now);
        }
        self.held = Some(Held::Idle(self.seat.pass(token)));
    }

    fn deliver(&mut self, local: &mut Local) {
        while let Some(frame) = self.seat.window.next_deliverable() {
            local.deliver(frame);
        }
        planted!(local.config.plant, DiscardTooEarly => {
            self.seat.window.note_safe(self.seat.window.delivered());
        });
        self.seat.window.release();
    }

    pub(crate) fn on_frame(
        mut self: Box<Self>,
        local: &mut Local,
        now: Instant,
        stored: Stored,
    ) -> Phase {
        let frame = &stored.frame;
        if frame.ring != self.seat.ring && !planted!(local.config.plant, ForeignFrameAccepted) {
            // A member that speaks for a later ring went on without us (Totem: foreign message).
            let newer = frame.ring.seq > self.seat.ring.seq;
            return if newer && self.is_member(frame.from) {
                let cause = Cause::Joined(frame.from);
                self.gather(local, now, cause)
            } else {
                Phase::Operational(self)
            };
        }
        // Who holds the token knows that nobody can have been given a later place.
        let held = self.held.as_ref().filter(|_| frame.ring == self.seat.ring);
        if held.is_some_and(|held| frame.seq.after(held.token().seq)) {
            local.stats.frames_dropped += 1;
            return Phase::Operational(self);
        }
        self.seat.note_progress(local, now, frame.turn);
        // The accelerated ring's first priority rule: once the predecessor speaks in its next
        // turn, its token is near.
        if frame.turn > self.seat.hop() && frame.from == self.seat.predecessor(local.me()) {
            self.token_first = true;
        }
        self.seat.receive(local, stored);
        planted!(local.config.plant, DeliverPastGap => self.seat.window.pass_gap());
        self.deliver(local);
        Phase::Operational(self)
    }

    pub(crate) fn on_work(&mut self, local: &mut Local, now: Instant) {
        if local.backlog.is_empty_now() {
            return;
        }
        match self.held {
            Some(Held::Idle(_)) => self.on_hold(local, now),
            None if self.seat.is_quiet() && !self.asked => {
                self.asked = true;
                let cancel = Signal::HoldCancel(self.seat.ring);
                local.send(Destination::Everyone, &Packet::Signal(cancel));
                self.seat.wake(local, now);
            }
            Some(Held::Resting(_)) | None => {}
        }
    }

    /// The held token goes on: its time is up, or there is work.
    pub(crate) fn on_hold(&mut self, local: &mut Local, now: Instant) {
        local.timers.disarm(Timer::Hold);
        if let Some(Held::Idle(token) | Held::Resting(token)) = self.held.take() {
            self.take_turn(local, now, token, false);
        }
    }

    pub(crate) fn on_hold_cancel(&mut self, local: &mut Local, now: Instant, ring: RingId) {
        if ring != self.seat.ring {
            return;
        }
        self.seat.wake(local, now);
        self.on_hold(local, now);
    }

    pub(crate) fn on_retransmit(&mut self, local: &mut Local, now: Instant) {
        self.seat.retransmit(local, now);
        if self.asked {
            local.send(Destination::Everyone, &Packet::Signal(Signal::HoldCancel(self.seat.ring)));
        }
    }

    // -- strangers --------------------------------------------------------------------------

    pub(crate) fn on_join(
        self: Box<Self>,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        join: Join,
    ) -> Phase {
        let known_boot = local.peers.boot(from);
        if !local.peers.note_join(now, from, &join) {
            return Phase::Operational(self);
        }
        if !self.is_member(from) {
            return if join.leaving {
                Phase::Operational(self)
            } else {
                self.consider(local, now, from, &join.heard)
            };
        }
        if join.leaving {
            let departure = Departure { boot: join.boot, evidence: Evidence::Left };
            local.note_departure(from, departure);
            return self.gather(local, now, Cause::Departed(from));
        }
        if join.boot > known_boot && known_boot != 0 {
            let departure = Departure { boot: known_boot, evidence: Evidence::Restarted };
            local.departures.insert(from, departure);
        } else if join.highest < self.seat.ring.seq {
            // Sent before this ring was formed, and late (the join filter of Corosync).
            return Phase::Operational(self);
        }
        let phase = self.gather(local, now, Cause::Joined(from));
        phase.replay_join(local, now, from, join)
    }

    pub(crate) fn on_beacon(
        self: Box<Self>,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        beacon: &Beacon,
    ) -> Phase {
        let restarted = beacon.boot > local.peers.boot(from) && local.peers.boot(from) != 0;
        let moved_on = restarted || beacon.ring.seq > self.seat.ring.seq;
        local.peers.note_beacon(now, from, beacon);
        if self.is_member(from) && beacon.ring != self.seat.ring && moved_on {
            return self.gather(local, now, Cause::Joined(from));
        }
        self.consider(local, now, from, &beacon.heard)
    }

    /// A stranger, or news of one: answer so that both sides know who hears whom, and leave this
    /// ring if a better one can be formed.
    fn consider(
        self: Box<Self>,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        heard: &NodeSet,
    ) -> Phase {
        planted!(local.config.plant, StrangersIgnored => return Phase::Operational(self));
        if let Some(better) = local.peers.better_than(now, &self.seat.members) {
            let newcomer = better.difference(&self.seat.members).next().copied().unwrap_or(from);
            let old = self.leave_ring(now, Cause::Newcomer(newcomer));
            return Gather::enter(local, now, old, Cause::Newcomer(newcomer), &better);
        }
        if !self.is_member(from) && !heard.contains(&local.me()) {
            let at = now + local.soon();
            local.arm_sooner(Timer::Beacon, at);
        } else if local.peers.has_strangers(now, &self.seat.members) {
            let at = now + local.config.timing.beacon;
            local.arm_sooner(Timer::Beacon, at);
        }
        Phase::Operational(self)
    }

    pub(crate) fn on_beacon_timer(&mut self, local: &mut Local, now: Instant) {
        if !self.is_representative(local) && !local.peers.has_strangers(now, &self.seat.members) {
            return;
        }
        let beacon = Beacon {
            boot: local.config.identity.boot,
            weight: local.config.identity.weight,
            ring: self.seat.ring,
            members: self.seat.members.clone(),
            heard: nameable(local.peers.row(now), &self.seat.members),
        };
        local.send(Destination::Everyone, &Packet::Beacon(beacon));
        let at = now + local.jittered(local.config.timing.beacon);
        local.timers.arm(Timer::Beacon, at);
    }

    // -- the end ----------------------------------------------------------------------------

    fn leave_ring(self: Box<Self>, now: Instant, cause: Cause) -> OldRing {
        tracing::debug!(ring = %self.seat.ring, %cause, "ring ends");
        let alive = self.seat.arrived().unwrap_or(now);
        OldRing {
            id: Some(self.seat.ring),
            members: self.seat.members,
            window: self.seat.window,
            obliged: NodeSet::new(),
            alive,
        }
    }

    pub(crate) fn gather(self: Box<Self>, local: &mut Local, now: Instant, cause: Cause) -> Phase {
        let old = self.leave_ring(now, cause);
        Gather::enter(local, now, old, cause, &NodeSet::new())
    }
}

/// Bytes of packed messages in one frame: it must still fit into a frame of the next ring when it
/// has to be recovered there.
fn payload_room(local: &Local) -> usize {
    local.config.limits.packet - 2 * FRAME_HEADER
}
