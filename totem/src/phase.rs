//! The protocol on one page: what each phase does with each occurrence.
//!
//! Must never have a wildcard arm: a cell that is missing here is a case that nobody thought of,
//! and the compiler finds it. Each arm is one call; a phase is consumed by leaving it, so stale
//! state cannot exist (Totem §4, figure 3, with the additions named in `lib.rs`).

pub(crate) mod commit;
pub(crate) mod gather;
pub(crate) mod operational;
pub(crate) mod recovery;
pub(crate) mod seat;

use alloc::boxed::Box;

use commit::Commit;
use gather::Gather;
use operational::Operational;
use recovery::Recovery;

use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet, RingId, RingSeq, Seq};
use crate::instant::Instant;
use crate::local::Local;
use crate::planted;
use crate::timers::Timer;
use crate::window::{Stored, Window};
use crate::wire::{Beacon, CommitToken, Join, Token};

/// What can happen to a phase, already decoded.
#[derive(Debug)]
pub(crate) enum Occurrence {
    Token(Token),
    Frame(Stored),
    Join(NodeId, Join),
    Commit(NodeId, CommitToken),
    CommitReceived(NodeId, RingId, u32),
    Beacon(NodeId, Beacon),
    HoldCancel(RingId),
    /// A suspect is proven dead.
    Departed(NodeId, Evidence),
    /// The application queued a message or opened the data lane.
    Work,
    Stored(RingSeq),
    Timer(Timer),
}

/// Where in the protocol this node is. Boxed: a phase goes by value through every step.
#[derive(Debug)]
pub(crate) enum Phase {
    Gather(Box<Gather>),
    Commit(Box<Commit>),
    Recovery(Box<Recovery>),
    Operational(Box<Operational>),
    /// Said good-bye; how many more times to say it.
    Left(u32),
}

/// The ring a node comes from while it forms the next one.
#[derive(Debug)]
pub(crate) struct OldRing {
    /// Its id; `None` before the first.
    pub(crate) id: Option<RingId>,
    /// Its members.
    pub(crate) members: NodeSet,
    /// Its messages.
    pub(crate) window: Window,
    /// Members whose messages must be delivered whatever ring comes next, because somebody may
    /// have been told that we would (the obligation set of Moser et al., ICDCS 1994, step 5).
    pub(crate) obliged: NodeSet,
    /// When its members were last known to be alive.
    pub(crate) alive: Instant,
}

impl OldRing {
    /// Before the first ring.
    pub(crate) const fn none(now: Instant) -> Self {
        let window = Window::new(Seq::new(0), 0);
        Self { id: None, members: NodeSet::new(), window, obliged: NodeSet::new(), alive: now }
    }

    /// The obligations as a commit token says them: a bit per member, the lowest id first.
    pub(crate) fn obligations(&self) -> u128 {
        let bits = self.members.iter().enumerate();
        let bits = bits.filter(|(_, node)| self.obliged.contains(node));
        bits.fold(0, |mask, (index, _)| mask | 1 << index)
    }

    /// The members that `obligations` names.
    pub(crate) fn obliged_by(&self, obligations: u128) -> NodeSet {
        let bits = self.members.iter().enumerate();
        bits.filter(|(index, _)| obligations >> index & 1 == 1).map(|(_, &node)| node).collect()
    }
}

impl Phase {
    /// For operators.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Gather(_) => "gather",
            Self::Commit(_) => "commit",
            Self::Recovery(_) => "recovery",
            Self::Operational(_) => "operational",
            Self::Left(_) => "left",
        }
    }

    /// One step of the protocol.
    pub(crate) fn step(self, local: &mut Local, now: Instant, what: Occurrence) -> Self {
        match self {
            Self::Operational(phase) => phase.step(local, now, what),
            Self::Gather(phase) => phase.step(local, now, what),
            Self::Commit(phase) => phase.step(local, now, what),
            Self::Recovery(phase) => phase.step(local, now, what),
            Self::Left(repeats) => gather::step_left(repeats, local, now, &what),
        }
    }
}

impl Operational {
    fn step(mut self: Box<Self>, local: &mut Local, now: Instant, what: Occurrence) -> Phase {
        match what {
            Occurrence::Token(token) => return self.on_token(local, now, token),
            Occurrence::Frame(stored) => return self.on_frame(local, now, stored),
            Occurrence::Join(from, join) => return self.on_join(local, now, from, join),
            Occurrence::Beacon(from, beacon) => return self.on_beacon(local, now, from, &beacon),
            Occurrence::Departed(node, _) if self.is_member(node) => {
                return self.gather(local, now, Cause::Departed(node));
            }
            Occurrence::Timer(Timer::TokenLoss)
                if planted!(local.config.plant, TokenLossIgnored) => {}
            Occurrence::Timer(Timer::TokenLoss) => {
                return self.gather(local, now, Cause::TokenLost);
            }
            Occurrence::HoldCancel(ring) => self.on_hold_cancel(local, now, ring),
            Occurrence::Work => self.on_work(local, now),
            Occurrence::Timer(Timer::Hold) => self.on_hold(local, now),
            Occurrence::Timer(Timer::TokenRetransmit) => self.on_retransmit(local, now),
            Occurrence::Timer(Timer::Beacon) => self.on_beacon_timer(local, now),
            // A commit token is for those who gather; the rest cannot be armed here.
            Occurrence::Commit(..)
            | Occurrence::CommitReceived(..)
            | Occurrence::Departed(..)
            | Occurrence::Stored(_)
            | Occurrence::Timer(Timer::Join | Timer::Consensus | Timer::Probe | Timer::Leave) => {}
        }
        Phase::Operational(self)
    }
}

impl Gather {
    fn step(mut self: Box<Self>, local: &mut Local, now: Instant, what: Occurrence) -> Phase {
        match what {
            Occurrence::Join(from, join) => {
                self.on_join(local, now, from, join);
                return self.conclude_soon(local, now);
            }
            Occurrence::Beacon(from, beacon) => {
                local.peers.note_beacon(now, from, &beacon);
                return self.conclude_soon(local, now);
            }
            Occurrence::Commit(from, token) => return self.on_commit(local, now, from, token),
            Occurrence::Frame(stored) => {
                self.on_frame(local, stored);
                return Phase::Gather(self);
            }
            Occurrence::Departed(node, evidence) => self.on_departed(local, node, evidence),
            Occurrence::Timer(Timer::Join) => self.on_join_timer(local, now),
            Occurrence::Timer(Timer::TokenLoss) => {
                return self.restart(local, now, Cause::CommitLost);
            }
            // Tokens are of a ring that ended, or of one this node is not in yet; what the
            // application wants waits in the backlog.
            Occurrence::Token(_)
            | Occurrence::CommitReceived(..)
            | Occurrence::HoldCancel(_)
            | Occurrence::Work
            | Occurrence::Stored(_)
            // Patience with somebody is over: the conclusion that follows sees it.
            | Occurrence::Timer(
                Timer::TokenRetransmit
                | Timer::Hold
                | Timer::Consensus
                | Timer::Beacon
                | Timer::Probe
                | Timer::Leave,
            ) => {}
        }
        self.conclude(local, now)
    }
}

impl Commit {
    fn step(mut self, local: &mut Local, now: Instant, what: Occurrence) -> Phase {
        match what {
            Occurrence::Commit(from, token) => return self.on_commit(local, now, from, token),
            Occurrence::Join(from, join) => return self.on_join(local, now, from, join),
            Occurrence::Stored(seq) => return self.on_stored(local, now, seq),
            Occurrence::Departed(node, _) if self.is_member(node) => {
                return self.gather(local, now, Cause::Departed(node));
            }
            Occurrence::Timer(Timer::TokenLoss) => return self.on_lost(local, now),
            Occurrence::CommitReceived(from, ring, hop) => self.on_received(local, from, ring, hop),
            Occurrence::Beacon(from, beacon) => local.peers.note_beacon(now, from, &beacon),
            Occurrence::Timer(Timer::TokenRetransmit) => self.on_retransmit(local, now),
            Occurrence::Timer(Timer::Join) => self.on_join_timer(local, now),
            // What this node has of its old ring is written in the commit token; more of it comes
            // in recovery. Frames of the new ring that overtake the token are repaired there.
            Occurrence::Token(_)
            | Occurrence::Frame(_)
            | Occurrence::Departed(..)
            | Occurrence::HoldCancel(_)
            | Occurrence::Work
            | Occurrence::Timer(
                Timer::Hold | Timer::Consensus | Timer::Beacon | Timer::Probe | Timer::Leave,
            ) => {}
        }
        Phase::Commit(Box::new(self))
    }
}

impl Recovery {
    fn step(mut self, local: &mut Local, now: Instant, what: Occurrence) -> Phase {
        match what {
            Occurrence::Token(token) => return self.on_token(local, now, token),
            Occurrence::Commit(from, token) => return self.on_commit(local, now, from, &token),
            Occurrence::Join(from, join) => return self.on_join(local, now, from, join),
            Occurrence::Departed(node, _) if self.is_member(node) => {
                return self.gather(local, now, Cause::Departed(node));
            }
            Occurrence::Timer(Timer::TokenLoss) => {
                return self.gather(local, now, Cause::RecoveryLost);
            }
            Occurrence::Frame(stored) => self.on_frame(local, now, stored),
            Occurrence::CommitReceived(from, ring, _) => self.on_received(local, from, ring),
            Occurrence::Beacon(from, beacon) => local.peers.note_beacon(now, from, &beacon),
            Occurrence::Timer(Timer::TokenRetransmit) => self.on_retransmit(local, now),
            Occurrence::Departed(..)
            | Occurrence::HoldCancel(_)
            | Occurrence::Work
            | Occurrence::Stored(_)
            | Occurrence::Timer(
                Timer::Hold
                | Timer::Join
                | Timer::Consensus
                | Timer::Beacon
                | Timer::Probe
                | Timer::Leave,
            ) => {}
        }
        Phase::Recovery(Box::new(self))
    }
}
