//! The commit token's two rounds: once to collect where everybody comes from, once to tell.
//!
//! Must never speak for a ring whose sequence is not on stable storage: a node that forgot it could
//! form another ring of the same name (Totem §7; here before the first word, not after).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet, RingId, RingSeq, Seq};
use crate::instant::Instant;
use crate::local::{JoinSets, Local};
use crate::output::Destination;
use crate::phase::gather::Gather;
use crate::phase::recovery::Recovery;
use crate::phase::seat::Seat;
use crate::phase::{OldRing, Phase};
use crate::planted;
use crate::timers::Timer;
use crate::wire::{CommitToken, Departure, Entry, Filled, Join, MOST_RANGES, Packet, Signal};

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Commit {
    old: OldRing,
    pub(crate) seat: Seat,
    /// The join on which agreement was reached; repeated for those who missed it.
    sets: JoinSets,
    token: CommitToken,
    stage: Stage,
}

/// What this member waits for in the first round.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The ring sequence to be stored; the token is held.
    Storing,
    /// The token to come back; whether the successor has confirmed it.
    Forwarded { received: bool },
}

impl Commit {
    /// The representative builds the token.
    pub(crate) fn lead(
        local: &mut Local,
        now: Instant,
        old: OldRing,
        sets: JoinSets,
        seq: RingSeq,
    ) -> Phase {
        let members = &sets.candidates - &sets.failed;
        let ring = RingId { seq, representative: local.me() };
        let entries = members.into_iter().map(|node| Entry { node, filled: None }).collect();
        let first = local.config.limits.first;
        let token = CommitToken { ring, hop: 0, first, entries };
        Self::enter(local, now, old, sets, token)
    }

    /// Another member fills in its part.
    pub(crate) fn follow(
        local: &mut Local,
        now: Instant,
        old: OldRing,
        sets: JoinSets,
        (from, token): (NodeId, CommitToken),
    ) -> Phase {
        confirm(local, from, &token);
        Self::enter(local, now, old, sets, token)
    }

    fn enter(
        local: &mut Local,
        now: Instant,
        old: OldRing,
        sets: JoinSets,
        mut token: CommitToken,
    ) -> Phase {
        local.timers.enter_phase();
        local.stats.commits += 1;
        if let Some(episode) = &mut local.episode {
            episode.agreed = now;
        }
        let (me, boot) = (local.me(), local.config.identity.boot);
        for entry in &mut token.entries {
            if entry.node == me {
                entry.filled = Some(fill(&old, boot));
            }
        }
        local.store(token.ring.seq);
        let at = now + local.patience();
        local.timers.arm(Timer::TokenLoss, at);
        let at = now + local.jittered(local.config.timing.join);
        local.timers.arm(Timer::Join, at);
        let seat = Seat::new(local, token.ring, token.members(), token.first);
        let phase = Self { old, seat, sets, token, stage: Stage::Storing };
        planted!(local.config.plant, StoreAfterSpeaking => {
            let seq = phase.token.ring.seq;
            return phase.on_stored(local, now, seq);
        });
        let durable = local.durable;
        phase.on_stored(local, now, durable)
    }

    /// The token is on its first round, and everyone before `me` has written, nobody after.
    pub(crate) fn is_my_first_sight(me: NodeId, token: &CommitToken) -> bool {
        let index = token.entries.iter().position(|entry| entry.node == me);
        index.is_some_and(|index| {
            index > 0
                && u32::try_from(index) == Ok(token.hop)
                && token.entries.iter().enumerate().all(|(i, e)| e.filled.is_some() == (i < index))
        })
    }

    /// The token is on its second round: everyone has written.
    fn is_my_second_sight(&self, me: NodeId, token: &CommitToken) -> bool {
        let index = token.entries.iter().position(|entry| entry.node == me);
        let expected = index.map(|index| index + token.entries.len());
        token.ring == self.token.ring
            && token.is_filled()
            && token.members() == self.seat.members
            && expected.is_some_and(|hop| u32::try_from(hop) == Ok(token.hop))
    }

    pub(crate) fn is_member(&self, node: NodeId) -> bool {
        self.seat.members.contains(&node)
    }

    pub(crate) fn on_stored(mut self, local: &mut Local, now: Instant, seq: RingSeq) -> Phase {
        if self.stage != Stage::Storing || seq < self.token.ring.seq {
            return Phase::Commit(Box::new(self));
        }
        local.highest = local.highest.max(self.token.ring.seq);
        if self.seat.is_alone() {
            return Recovery::enter(local, now, self.old, self.seat, &self.token);
        }
        self.token.hop += 1;
        let hop = u64::from(self.token.hop);
        let packet = Packet::Commit(self.token.clone());
        self.seat.forward_packet(local, now, &packet, hop);
        self.stage = Stage::Forwarded { received: false };
        Phase::Commit(Box::new(self))
    }

    pub(crate) fn on_commit(
        mut self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        mut token: CommitToken,
    ) -> Phase {
        if token.ring != self.token.ring {
            return Phase::Commit(Box::new(self));
        }
        confirm(local, from, &token);
        if !self.is_my_second_sight(local.me(), &token) || self.stage == Stage::Storing {
            return Phase::Commit(Box::new(self));
        }
        token.hop += 1;
        let hop = u64::from(token.hop);
        self.seat.forward_packet(local, now, &Packet::Commit(token.clone()), hop);
        Recovery::enter(local, now, self.old, self.seat, &token)
    }

    pub(crate) fn on_received(&mut self, local: &mut Local, from: NodeId, ring: RingId, hop: u32) {
        if ring == self.token.ring && hop == self.token.hop && from == self.seat.successor() {
            self.stage = Stage::Forwarded { received: true };
            local.peers.note_reached(from);
            local.timers.disarm(Timer::TokenRetransmit);
        }
    }

    pub(crate) fn on_retransmit(&mut self, local: &mut Local, now: Instant) {
        self.seat.retransmit(local, now);
    }

    pub(crate) fn on_join_timer(&mut self, local: &mut Local, now: Instant) {
        local.send_join(self.sets.clone());
        let at = now + local.jittered(local.config.timing.join);
        local.timers.arm(Timer::Join, at);
    }

    /// A member of the proposed ring that began again takes everybody along. A join that says what
    /// was agreed on is a repetition.
    pub(crate) fn on_join(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        join: Join,
    ) -> Phase {
        let repeated = join.proposed() == self.seat.members && join.highest < self.token.ring.seq;
        match why_gather(local, now, &self.seat, (from, &join), repeated) {
            Some(cause) => self.gather(local, now, cause).after_join(local, now, from, join),
            None => Phase::Commit(Box::new(self)),
        }
    }

    /// The token did not come back. If the successor never confirmed it, unicast to it does not
    /// get through, whatever multicast does: it is left out until that changes.
    pub(crate) fn on_lost(self, local: &mut Local, now: Instant) -> Phase {
        planted!(local.config.plant, CommitLossIgnored => return Phase::Commit(Box::new(self)));
        if self.stage == (Stage::Forwarded { received: false }) {
            local.peers.note_deaf(now, self.seat.successor());
        }
        self.gather(local, now, Cause::CommitLost)
    }

    pub(crate) fn gather(self, local: &mut Local, now: Instant, cause: Cause) -> Phase {
        Gather::enter(local, now, self.old, cause, &self.seat.members)
    }
}

impl Phase {
    /// Takes in the join of a node that came back with a new boot epoch; a good-bye needs no more.
    pub(crate) fn after_join(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        join: Join,
    ) -> Self {
        if join.leaving { self } else { self.replay_join(local, now, from, join) }
    }
}

/// Whether a join ends the forming of a ring: its sender is to be a member of it and left, came
/// back with a new boot epoch, or began again. One that was sent `before` tells nothing.
pub(crate) fn why_gather(
    local: &mut Local,
    now: Instant,
    seat: &Seat,
    (from, join): (NodeId, &Join),
    before: bool,
) -> Option<Cause> {
    let known_boot = local.peers.boot(from);
    if !local.peers.note_join(now, from, join) || !seat.members.contains(&from) {
        return None;
    }
    let departure = if join.leaving {
        Departure { boot: join.boot, evidence: Evidence::Left }
    } else if join.boot > known_boot && known_boot != 0 {
        Departure { boot: known_boot, evidence: Evidence::Restarted }
    } else {
        return (!before).then_some(Cause::Joined(from));
    };
    local.departures.insert(from, departure);
    Some(Cause::Departed(from))
}

/// Tells whoever sent the token that it arrived.
pub(crate) fn confirm(local: &mut Local, from: NodeId, token: &CommitToken) {
    let word = Signal::CommitReceived(token.ring, token.hop);
    local.send(Destination::Node(from), &Packet::Signal(word));
}

/// Where this node comes from.
fn fill(old: &OldRing, boot: u64) -> Filled {
    let none = (Seq::default(), Seq::default(), Seq::default(), Vec::new());
    let obliged = old.obligations();
    let window = &old.window;
    let (aru, high, delivered, have) = if old.id.is_some() {
        (window.aru(), window.high(), window.delivered(), window.beyond_aru(MOST_RANGES))
    } else {
        none
    };
    Filled { boot, old: old.id, aru, high, delivered, have, obliged }
}

/// The members of a new ring that come from the same old one.
pub(crate) fn companions(token: &CommitToken, old: Option<RingId>) -> Vec<(NodeId, &Filled)> {
    let filled = token.entries.iter().filter_map(|e| Some((e.node, e.filled.as_ref()?)));
    filled.filter(|(_, filled)| old.is_some() && filled.old == old).collect()
}

/// Their ids.
pub(crate) fn ids(companions: &[(NodeId, &Filled)]) -> NodeSet {
    companions.iter().map(|&(node, _)| node).collect()
}
