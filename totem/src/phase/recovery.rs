//! Bringing old-ring messages to everyone who shared that ring, then changing over.
//!
//! Must never change the order of installation: old messages up to the first gap, transitional
//! configuration, the rest of what the companions share, regular configuration (Moser et al.,
//! ICDCS 1994). All of it goes into one queue at once, so nothing can come between.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use bytes::Bytes;

use crate::configuration::{Cause, Change, Configuration, Kind};
use crate::ids::{NodeId, NodeSet, RingId, Seq};
use crate::instant::Instant;
use crate::local::Local;
use crate::output::{Destination, Event};
use crate::phase::commit::{companions, confirm, ids, why_gather};
use crate::phase::gather::Gather;
use crate::phase::operational::Operational;
use crate::phase::seat::Seat;
use crate::phase::{OldRing, Phase};
use crate::planted;
use crate::timers::Timer;
use crate::window::{Insertion, Stored};
use crate::wire::{Blank, Body, CommitToken, Filled, Frame, Join, Token};

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Recovery {
    old: OldRing,
    pub(crate) seat: Seat,
    /// Members of the new ring that come from our old one, this node included.
    companions: NodeSet,
    /// Those to whose messages a companion is obliged already: it may have delivered them, in a
    /// recovery that this node did not get as far in.
    claimed: NodeSet,
    /// Up to here some companion has delivered in the old regular configuration.
    delivered: Seq,
    /// Old messages that this node has to send again.
    owed: BTreeMap<u32, Bytes>,
    /// Visits in a row during which nobody owed anything.
    settled: u32,
    /// What everyone must have received before the ring is installed.
    install: Option<Seq>,
}

impl Recovery {
    /// The commit token came for the second time: everyone knows where everyone comes from.
    pub(crate) fn enter(
        local: &mut Local,
        now: Instant,
        old: OldRing,
        seat: Seat,
        token: &CommitToken,
    ) -> Phase {
        local.timers.disarm(Timer::Join);
        local.stats.recoveries += 1;
        if let Some(episode) = &mut local.episode {
            episode.committed = now;
        }
        let at = now + local.patience();
        local.timers.arm(Timer::TokenLoss, at);
        let mine = companions(token, old.id);
        let owed = owed(local.me(), &old, &mine);
        let obligations = mine.iter().fold(0, |mask, (_, filled)| mask | filled.obliged);
        let claimed = old.obliged_by(obligations);
        let delivered = mine.iter().map(|(_, filled)| filled.delivered);
        let delivered = delivered.reduce(Seq::max).unwrap_or_default();
        let all = planted!(local.config.plant, StrangersAreCompanions);
        let companions = if all { &seat.members & &old.members } else { ids(&mine) };
        let (settled, install) = (0, None);
        let phase = Self { old, seat, companions, claimed, delivered, owed, settled, install };
        if phase.seat.is_alone() {
            let first = token.first;
            let token = phase.first_token(local, first);
            return phase.finish(local, now, Some(token));
        }
        Phase::Recovery(Box::new(phase))
    }

    const fn first_token(&self, local: &mut Local, first: Seq) -> Token {
        local.stats.tokens_made += 1;
        Token {
            ring: self.seat.ring,
            hop: 1,
            seq: first,
            aru: first,
            aru_setter: None,
            sent: 0,
            backlog: 0,
            owing: None,
            holes: alloc::vec::Vec::new(),
        }
    }

    pub(crate) fn is_member(&self, node: NodeId) -> bool {
        self.seat.members.contains(&node)
    }

    /// A repeated commit token is confirmed again; the one that the representative sees for the
    /// third time becomes the first regular token.
    pub(crate) fn on_commit(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        token: &CommitToken,
    ) -> Phase {
        if token.ring != self.seat.ring {
            return Phase::Recovery(Box::new(self));
        }
        confirm(local, from, token);
        let rounds = u32::try_from(2 * token.entries.len()) == Ok(token.hop);
        let mine = token.ring.representative == local.me() && self.seat.hop() == 0;
        if !(rounds && mine && token.is_filled()) {
            return Phase::Recovery(Box::new(self));
        }
        let first = self.first_token(local, token.first);
        self.on_token(local, now, first)
    }

    pub(crate) fn on_received(&mut self, local: &mut Local, from: NodeId, ring: RingId) {
        if ring == self.seat.ring && from == self.seat.successor() && self.seat.hop() == 0 {
            local.peers.note_reached(from);
            local.timers.disarm(Timer::TokenRetransmit);
        }
    }

    pub(crate) fn on_retransmit(&mut self, local: &mut Local, now: Instant) {
        self.seat.retransmit(local, now);
    }

    // -- turns ------------------------------------------------------------------------------

    pub(crate) fn on_token(mut self, local: &mut Local, now: Instant, mut token: Token) -> Phase {
        if !self.seat.accepts(&token) {
            local.stats.tokens_dropped += 1;
            return Phase::Recovery(Box::new(self));
        }
        self.seat.arrive(local, now, &token);
        let at = now + local.patience();
        local.timers.arm(Timer::TokenLoss, at);
        let queued = u32::try_from(self.owed.len()).unwrap_or(u32::MAX);
        let Self { seat, owed, .. } = &mut self;
        let after = seat.visit(local, &mut token, queued, |local| {
            planted!(local.config.plant, ForgetRecoveryMessage => drop(owed.pop_first()));
            let (_, packet) = owed.pop_first()?;
            local.stats.recovery_sent += 1;
            Some(Blank::recovered(&packet))
        });
        let done = self.settle(local.me(), &mut token);
        self.seat.forward(local, now, &token);
        for packet in after {
            local.send_bytes(Destination::Everyone, packet);
        }
        if done { self.finish(local, now, None) } else { Phase::Recovery(Box::new(self)) }
    }

    /// Totem §4.4 on the token's `retrans_flg`, with the debtor's name for a flag: whoever owes
    /// raises it, only it lowers it; two visits without a debtor fix what must be received, a
    /// third with all of it received everywhere ends the phase.
    fn settle(&mut self, me: NodeId, token: &mut Token) -> bool {
        token.owing = match token.owing {
            None if !self.owed.is_empty() => Some(me),
            Some(debtor) if debtor == me && self.owed.is_empty() => None,
            unchanged => unchanged,
        };
        if token.owing.is_some() {
            (self.settled, self.install) = (0, None);
            return false;
        }
        self.settled += 1;
        planted!(self.seat.plant, RecoveryEndsEarly => return true);
        if self.settled < 2 {
            return false;
        }
        let install = *self.install.get_or_insert(token.seq);
        if self.seat.window.aru().at_or_after(install) {
            // From here on a companion may install this ring and deliver, as safe, what was
            // brought to us: whatever ring comes next, these messages are to be delivered.
            self.old.obliged.extend(&self.companions);
            self.old.obliged.extend(&self.claimed);
        }
        self.settled >= 3 && self.seat.window.safe().at_or_after(install)
    }

    pub(crate) fn on_frame(&mut self, local: &mut Local, now: Instant, stored: Stored) {
        if stored.frame.ring != self.seat.ring {
            return;
        }
        self.seat.note_progress(local, now, stored.frame.turn);
        let body = stored.frame.body.clone();
        if self.seat.receive(local, stored) == Insertion::New
            && let Body::Recovered(packet) = body
        {
            self.recover(packet);
        }
    }

    /// An old message came: keep it if it is of our old ring, and owe it no more.
    fn recover(&mut self, packet: Bytes) {
        let frame = match Frame::decode_recovered(&packet) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(%error, "recovered frame is none");
                return;
            }
        };
        let ours = Some(frame.ring) == self.old.id && self.old.members.contains(&frame.from);
        if ours || planted!(self.seat.plant, AnyRingRecovered) {
            self.owed.remove(&frame.seq.get());
            self.old.window.insert(Stored { frame, packet });
        }
    }

    // -- the end ----------------------------------------------------------------------------

    pub(crate) fn on_join(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        join: Join,
    ) -> Phase {
        let before = join.highest < self.seat.ring.seq;
        match why_gather(local, now, &self.seat, (from, &join), before) {
            Some(cause) => self.gather(local, now, cause).after_join(local, now, from, join),
            None => Phase::Recovery(Box::new(self)),
        }
    }

    pub(crate) fn gather(mut self, local: &mut Local, now: Instant, cause: Cause) -> Phase {
        if let Some(arrived) = self.seat.arrived() {
            self.old.alive = self.old.alive.max(arrived);
        }
        Gather::enter(local, now, self.old, cause, &self.seat.members)
    }

    /// Installs the ring: see the module's head for the order.
    fn finish(mut self, local: &mut Local, now: Instant, held: Option<Token>) -> Phase {
        let (ring, previous) = (self.seat.ring, self.old.id);
        let members = self.seat.members.clone();
        let change = self.change(local, now);
        if previous.is_some() {
            self.deliver_old(local);
            local.event(Event::Configuration(Box::new(Configuration {
                kind: Kind::Transitional,
                ring,
                previous,
                members: self.companions.clone(),
                joined: NodeSet::new(),
                left: &self.old.members - &self.companions,
                change: change.clone(),
            })));
            planted!(local.config.plant, SkipTransitional => drop(local.outbox.pop_back()));
            if !planted!(local.config.plant, RegularBeforeTail) {
                self.deliver_rest(local);
            }
        }
        if !planted!(local.config.plant, KeepAssemblies) {
            local.assembly.clear();
        }
        if !planted!(local.config.plant, KeepPartials) {
            local.backlog.restart_partial();
        }
        local.departures.clear();
        local.event(Event::Configuration(Box::new(Configuration {
            kind: Kind::Regular,
            ring,
            previous,
            joined: &members - &self.companions,
            left: NodeSet::new(),
            members,
            change,
        })));
        planted!(local.config.plant, RegularBeforeTail => self.deliver_rest(local));
        planted!(local.config.plant, DataLaneOpenEarly => local.backlog.open_data());
        local.stats.rings += 1;
        let phase = Operational::enter(local, now, self.seat, held);
        Phase::Operational(Box::new(phase))
    }

    /// In the old regular configuration: everything up to the first gap, or to a safe message that
    /// nobody is known to have delivered.
    fn deliver_old(&mut self, local: &mut Local) {
        self.old.window.note_safe(self.delivered);
        planted!(local.config.plant, SafeInOldRing => {
            self.old.window.note_safe(self.old.window.aru());
        });
        while let Some(frame) = self.old.window.next_deliverable() {
            local.deliver(frame);
        }
    }

    /// In the transitional configuration: what remains, gaps passed over. Behind a gap only
    /// companions' messages are sure not to depend on what is missing: a companion never had it
    /// either.
    fn deliver_rest(&mut self, local: &mut Local) {
        planted!(local.config.plant, DropTail => return);
        planted!(local.config.plant, IgnoreDeliverSet => {
            self.old.obliged.clear();
            self.claimed.clear();
        });
        let entitled = &(&self.companions | &self.claimed) | &self.old.obliged;
        let aru = self.old.window.aru();
        for frame in self.old.window.take_rest() {
            let stray = planted!(local.config.plant, StrangersBehindGap);
            if !frame.seq.after(aru) || entitled.contains(&frame.from) || stray {
                local.deliver(frame);
            }
        }
    }

    fn change(&self, local: &mut Local, now: Instant) -> Change {
        let episode = local.episode.take().expect("a ring is installed at the end of an episode");
        let members = &self.seat.members;
        let standing = |node| local.peers.standing(node, &episode.before);
        let gained = crate::members::weight(members, standing)
            > crate::members::weight(&episode.before, standing);
        local.peers.end_gathering();
        for &node in members {
            local.peers.forgive(node);
        }
        // Those for whose sake the old ring ended, as far as it did, and those who held up the
        // agreement: every member remembers them, not only the one who let them in.
        let strangers = episode.invited.iter().chain(episode.evidence.keys());
        let strangers = strangers.filter(|node| !episode.before.contains(node));
        for &node in strangers.filter(|node| !members.contains(node)) {
            if !gained {
                local.peers.strike(now, node);
            }
        }
        // Who was waited for in vain and came after all is none of the causes.
        let mut evidence = episode.evidence;
        evidence.retain(|node, evidence| evidence.is_proof() || !members.contains(node));
        Change {
            cause: episode.cause,
            evidence,
            gather: episode.agreed.since(episode.began),
            commit: episode.committed.since(episode.agreed),
            recovery: now.since(episode.committed),
        }
    }
}

/// What this node has to send again: old messages that some companion may lack, of which it is the
/// first by id that certainly has them. Of what nobody named for want of room, everyone sends what
/// it has until it hears another's copy.
fn owed(me: NodeId, old: &OldRing, companions: &[(NodeId, &Filled)]) -> BTreeMap<u32, Bytes> {
    let window = &old.window;
    let Some(low) = companions.iter().map(|(_, filled)| filled.aru).reduce(Seq::min) else {
        return BTreeMap::new();
    };
    // What is released is with everyone, whatever a member may claim to lack.
    let low = low.max(window.released());
    let mut owed = BTreeMap::new();
    for offset in 1..=window.high().distance_from(low) {
        let seq = low.add(offset);
        let Some(stored) = window.get(seq) else { continue };
        if companions.iter().all(|(_, filled)| filled.has(seq)) {
            continue;
        }
        let first = companions.iter().find(|(_, filled)| filled.has(seq)).map(|&(node, _)| node);
        if first.is_none_or(|node| node == me) {
            owed.insert(seq.get(), stored.packet.clone());
        }
    }
    owed
}
