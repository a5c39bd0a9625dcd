//! A member's seat on a ring: what a token visit does, whether the ring recovers or is in use.
//!
//! Must never send the token before the repairs that it no longer asks for: whoever gets it would
//! ask again. New frames may follow the token, up to the accelerated window (Babay and Amir, ICDCS
//! 2016): their places are assigned before it leaves, so the successor orders its own behind them
//! while they are still on the wire.

use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::flow::{Contribution, Demand, Load, allowance};
use crate::ids::{NodeId, NodeSet, RingId, Seq};
use crate::instant::Instant;
use crate::local::Local;
use crate::output::Destination;
use crate::planted;
use crate::planted::Plant;
use crate::timers::Timer;
use crate::turn::{Aru, covered, merge_holes, repair};
use crate::window::{Insertion, Stored, Window};
use crate::wire::{Blank, MOST_HOLES, Packet, Token};

/// Visits without anything new after which the ring counts as idle.
pub(crate) const QUIET: u32 = 2;

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) ring: RingId,
    pub(crate) members: NodeSet,
    pub(crate) window: Window,
    pub(crate) plant: Plant,
    successor: NodeId,
    /// Members of the ring, and this one's place among them: a token with hop `h` is for the member
    /// whose place is `h` modulo the round, the representative having place 1.
    round: u64,
    my_place: u64,
    /// How far beyond what is released a place may be assigned.
    most_assigned: u32,
    /// Hop of the last token seen.
    hop: u64,
    /// Sequence of the token at the visit before: only what was assigned by then can be missing,
    /// later frames may still be on their way behind their token.
    requestable: Seq,
    /// The aru with which the token left at the visit before.
    passed_aru: Seq,
    contribution: Contribution,
    /// The last place that this member gave; until anybody gave one, that of the representative is
    /// the one before the first.
    given: Option<Seq>,
    forwarded: Option<Forwarded>,
    /// When the token last came.
    arrived: Option<Instant>,
    /// The same, if it has not rested since: the rotation time is measured from here.
    lap: Option<Instant>,
    /// Visits in a row without anything new or missing.
    quiet: u32,
}

/// The token as sent to the successor, until it shows that it has it.
#[derive(Debug)]
struct Forwarded {
    packet: Bytes,
    hop: u64,
    interval: Duration,
    /// When, until there was a sign of it; not on an idle ring, where it may rest.
    unseen: Option<Instant>,
}

/// What follows the token.
pub(crate) type After = Vec<Bytes>;

impl Seat {
    pub(crate) fn new(local: &Local, ring: RingId, members: NodeSet, first: Seq) -> Self {
        let me = local.me();
        let after_me = members.range(me..).nth(1).or(members.first());
        let successor = *after_me.expect("this node is a member");
        let round = u64::try_from(members.len()).unwrap_or(u64::MAX);
        let before_me = u64::try_from(members.range(..me).count()).unwrap_or(u64::MAX);
        let limits = &local.config.limits;
        Self {
            round,
            my_place: (before_me + 1) % round,
            ring,
            members,
            // The window of others may be another, and ours may change: no more than half the span.
            window: Window::new(first, 2 * limits.span),
            plant: local.config.plant,
            successor,
            most_assigned: limits.span + limits.span / 2,
            hop: 0,
            requestable: first,
            passed_aru: first,
            contribution: Contribution::default(),
            given: (ring.representative == me).then_some(first),
            forwarded: None,
            arrived: None,
            lap: None,
            quiet: 0,
        }
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.members.len() == 1
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet >= QUIET
    }

    /// Quiet for long enough that every member has noticed: the token may be held.
    pub(crate) const fn may_rest(&self) -> bool {
        self.quiet > QUIET
    }

    /// This member sent last, and so is likely to send next: the token of an idle ring rests here.
    pub(crate) fn sent_last(&self, token: &Token) -> bool {
        self.given == Some(token.seq)
    }

    pub(crate) const fn successor(&self) -> NodeId {
        self.successor
    }

    pub(crate) fn predecessor(&self, me: NodeId) -> NodeId {
        let before_me = self.members.range(..me).next_back().or(self.members.last());
        *before_me.expect("this node is a member")
    }

    pub(crate) const fn hop(&self) -> u64 {
        self.hop
    }

    pub(crate) const fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// The token is of this ring, was not here before, is meant for this member (the hop tells: a
    /// recorded token can be played to another), and its marks can be: the sequence not below what
    /// was received, nor beyond what a member may assign, and the aru not beyond the sequence, nor
    /// further below than the window is wide. Farther apart, serial numbers cannot be compared.
    pub(crate) fn accepts(&self, token: &Token) -> bool {
        token.ring == self.ring
            && (token.hop > self.hop || planted!(self.plant, StaleTokenAccepted))
            && (token.hop % self.round == self.my_place || planted!(self.plant, TokenForAnyone))
            && token.seq.at_or_after(self.window.high())
            && token.seq.at_or_after(self.window.released())
            && token.seq.distance_from(self.window.released()) <= self.most_assigned
            && token.seq.at_or_after(token.aru)
            && token.seq.distance_from(token.aru) <= self.most_assigned
    }

    /// The token came: note it, and measure the rotation while the ring is busy.
    pub(crate) fn arrive(&mut self, local: &mut Local, now: Instant, token: &Token) {
        if let Some(lap) = self.lap
            && !self.is_quiet()
        {
            local.rotation.sample(now.since(lap));
        }
        self.arrived = Some(now);
        self.lap = (!self.is_quiet()).then_some(now);
        self.note_sign(local, now);
        self.hop = token.hop;
        self.forwarded = None;
        local.timers.disarm(Timer::TokenRetransmit);
        let patience = local.config.timing.token;
        local.timers.arm(Timer::TokenLoss, now + patience);
        local.stats.tokens += 1;
    }

    /// Does what Totem §4.1 asks of a holder: repairs, assigns and sends up to the allowance,
    /// updates the token. `queued` frames wait, `next` gives them. Returns what follows the token.
    pub(crate) fn visit(
        &mut self,
        local: &mut Local,
        token: &mut Token,
        queued: u32,
        mut next: impl FnMut(&mut Local) -> Option<Blank>,
    ) -> After {
        let limits = local.config.limits;
        let before = token.seq;
        self.window.note_assigned(token.seq);
        let fill = repair(&token.holes, &self.window, limits.window);
        for &seq in &fill.resend {
            let packet = self.window.get(seq).expect("just found").packet.clone();
            local.send_bytes(Destination::Everyone, packet);
        }
        let resent = u32::try_from(fill.resend.len()).unwrap_or(u32::MAX);
        local.stats.frames_resent += u64::from(resent);

        let load = Load { sent: token.sent, backlog: token.backlog };
        let used = token.seq.distance_from(self.window.released());
        let demand = Demand {
            queued,
            retransmitted: resent,
            span_left: limits.span.saturating_sub(used),
            load,
            before: self.contribution,
        };
        let mut packets = Vec::new();
        for _ in 0..allowance(&demand, &limits) {
            let Some(blank) = next(local) else { break };
            packets.push(self.assign(local.me(), token, blank));
        }
        let sent = u32::try_from(packets.len()).unwrap_or(u32::MAX);
        local.stats.frames_sent += u64::from(sent);

        let now = Contribution { sent: sent.saturating_add(resent), backlog: queued };
        let load = load.replacing(self.contribution, now);
        (token.sent, token.backlog, self.contribution) = (load.sent, load.backlog, now);
        self.update_marks(local, token, &fill.remaining);
        let idle = token.seq == before && token.aru == token.seq && token.holes.is_empty();
        self.quiet = if idle && resent == 0 { self.quiet.saturating_add(1) } else { 0 };

        let ahead = packets.len().saturating_sub(usize::try_from(limits.accelerated).unwrap_or(0));
        let after = packets.split_off(ahead);
        for packet in packets {
            local.send_bytes(Destination::Everyone, packet);
        }
        after
    }

    /// Gives a frame of our own the next place and keeps it.
    fn assign(&mut self, me: NodeId, token: &mut Token, blank: Blank) -> Bytes {
        token.seq = token.seq.next();
        self.given = Some(token.seq);
        let seq = token.seq;
        let (frame, packet) = blank.place(self.ring, seq, me, token.hop);
        let insertion = self.window.insert(Stored { frame, packet: packet.clone() });
        assert_eq!(insertion, Insertion::New, "the token assigned place {seq} twice");
        packet
    }

    fn update_marks(
        &mut self,
        local: &mut Local,
        token: &mut Token,
        remaining: &[crate::wire::Range],
    ) {
        planted!(self.plant, AruRaisedByAnyone => token.aru_setter = None);
        let aru = Aru { value: token.aru, setter: token.aru_setter };
        let mine = if planted!(self.plant, AruNotLowered) { token.seq } else { self.window.aru() };
        let aru = aru.after_visit(local.me(), mine, token.seq);
        (token.aru, token.aru_setter) = (aru.value, aru.setter);
        let most = if planted!(self.plant, HolesNeverRequested) { 0 } else { MOST_HOLES };
        let mine = self.window.holes(self.requestable, most);
        local.stats.holes_requested += covered(&mine);
        token.holes = merge_holes(remaining, &mine);
        planted!(self.plant, SafeAfterOneRotation => self.passed_aru = aru.value);
        self.window.note_safe(aru.value.min(self.passed_aru));
    }

    /// The token as it goes on. Only now does a rotation begin: a holder may visit a held token
    /// twice, and must not take its own word for everyone's.
    pub(crate) fn pass(&mut self, token: &Token) -> Token {
        self.requestable = token.seq;
        self.passed_aru = token.aru;
        Token { hop: token.hop + 1, ..token.clone() }
    }

    /// Sends the token to the successor and begins to watch for a sign that it arrived.
    pub(crate) fn forward(&mut self, local: &mut Local, now: Instant, token: &Token) {
        let onward = self.pass(token);
        let hop = onward.hop;
        self.forward_packet(local, now, &Packet::Token(onward), hop);
    }

    /// The same for any packet that travels the ring.
    pub(crate) fn forward_packet(
        &mut self,
        local: &mut Local,
        now: Instant,
        packet: &Packet,
        hop: u64,
    ) {
        local.stats.sent.count(packet);
        let quiet = self.is_quiet();
        let unseen = (!quiet && matches!(packet, Packet::Token(_))).then_some(now);
        let packet = packet.encode();
        local.send_bytes(Destination::Node(self.successor), packet.clone());
        let timing = &local.config.timing;
        let interval = if quiet { timing.hold + local.lull() } else { local.retransmit() };
        let interval = interval.min(timing.token / 8);
        local.timers.arm(Timer::TokenRetransmit, now + interval);
        self.forwarded = Some(Forwarded { packet, hop, interval, unseen });
    }

    /// The successor has the token, as something shows.
    fn note_sign(&mut self, local: &mut Local, now: Instant) {
        if let Some(passed) = self.forwarded.as_mut().and_then(|passed| passed.unseen.take()) {
            local.sign.sample(now.since(passed));
        }
    }

    /// No sign of the successor: once more, and wait longer. A token goes on being sent for as
    /// long as it is not known to be lost: that is also what finds a closed port.
    pub(crate) fn retransmit(&mut self, local: &mut Local, now: Instant) {
        planted!(self.plant, NoTokenRetransmit => return);
        let Some(forwarded) = &mut self.forwarded else { return };
        local.stats.token_retransmits += 1;
        local.send_bytes(Destination::Node(self.successor), forwarded.packet.clone());
        forwarded.interval = (2 * forwarded.interval).min(local.config.timing.token / 8);
        local.timers.arm(Timer::TokenRetransmit, now + forwarded.interval);
    }

    /// The token timeout may be another: sending again follows it.
    pub(crate) fn retune(&mut self, local: &mut Local, now: Instant) {
        let most = local.config.timing.token / 8;
        if let Some(forwarded) = &mut self.forwarded {
            forwarded.interval = forwarded.interval.min(most);
        }
        if local.timers.is_armed(Timer::TokenRetransmit) {
            local.arm_sooner(Timer::TokenRetransmit, now + most);
        }
    }

    /// A frame from behind us in the rotation shows that the token went on.
    pub(crate) fn note_progress(&mut self, local: &mut Local, now: Instant, turn: u64) {
        if let Some(forwarded) = &self.forwarded
            && turn >= forwarded.hop
        {
            let interval = forwarded.interval.max(local.lull());
            local.timers.arm(Timer::TokenRetransmit, now + 4 * interval);
            self.note_sign(local, now);
        }
    }

    /// There is work again: if the token was lost on its idle round, find out quickly.
    pub(crate) fn wake(&mut self, local: &mut Local, now: Instant) {
        self.quiet = 0;
        self.lap = None;
        if let Some(forwarded) = &mut self.forwarded {
            forwarded.interval = local.lull();
            forwarded.unseen = None;
            let at = now + forwarded.interval;
            local.arm_sooner(Timer::TokenRetransmit, at);
        }
    }

    /// Takes in a frame of this ring. One that names an originator outside of it is nobody's: what
    /// is kept per originator is bounded by the members.
    pub(crate) fn receive(&mut self, local: &mut Local, stored: Stored) -> Insertion {
        if planted!(self.plant, PlainIntegerCompare)
            && stored.frame.seq.get() < self.window.aru().get()
        {
            return Insertion::Known;
        }
        if stored.frame.ring == self.ring && !self.members.contains(&stored.frame.from) {
            local.stats.frames_dropped += 1;
            return Insertion::Outside;
        }
        let insertion = self.window.insert(stored);
        match insertion {
            Insertion::New => local.stats.frames_received += 1,
            Insertion::Known | Insertion::Outside => local.stats.frames_dropped += 1,
        }
        insertion
    }
}
