//! A row of the node table, votes apart: those are the vote counter's.
//!
//! Must never show what was true of an earlier life of the node: what it said when it went, or why
//! it was killed, ends with its going.

use std::net::IpAddr;

use quorum::Quorum;
use totem::{Evidence, Instant, NodeId, RingId};

use super::super::command::Leave;
use super::super::effect::{Departure, Disallowed, KillReason, Node, NodeState};

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(super) name: String,
    pub(super) configured: bool,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) state: NodeState,
    /// Sequence of the ring on which it became a member; 0 when it never did.
    pub(super) incarnation: u64,
    pub(super) joined: Option<Instant>,
    pub(super) departure: Option<Departure>,
    /// What it said when it said good-bye.
    pub(super) leave: Option<Leave>,
    /// It was told to stop.
    pub(super) killed: Option<KillReason>,
    /// The last ring that it shared with this node, once it is gone.
    pub(super) last_on: Option<RingId>,
    /// The ring on which it was told to stop.
    pub(super) killed_on: Option<(RingId, KillReason)>,
    /// What the log was told of its being disallowed.
    pub(super) told: Option<Disallowed>,
}

impl Entry {
    pub(super) fn new(name: String, configured: bool, addresses: Vec<IpAddr>) -> Self {
        Self {
            name,
            configured,
            addresses,
            state: NodeState::Dead,
            incarnation: 0,
            joined: None,
            departure: None,
            leave: None,
            killed: None,
            last_on: None,
            killed_on: None,
            told: None,
        }
    }

    /// A node that the configuration does not know.
    pub(super) fn stranger(id: NodeId) -> Self {
        Self::new(format!("Node{id}"), false, Vec::new())
    }

    /// Its votes count.
    pub(super) const fn is_admitted(&self) -> bool {
        matches!(self.state, NodeState::Member | NodeState::Leaving)
    }

    pub(super) const fn is_on_ring(&self) -> bool {
        !matches!(self.state, NodeState::Dead)
    }

    pub(super) const fn is_disallowed(&self) -> bool {
        matches!(self.state, NodeState::Disallowed)
    }

    /// It is a member from now on, unless it is one already.
    pub(super) fn admit(&mut self, now: Instant, ring: RingId) {
        if self.is_admitted() {
            return;
        }
        // Whoever said good-bye before he was let in leaves all the same.
        let leaving = self.leave.is_some() || self.killed.is_some();
        self.state = if leaving { NodeState::Leaving } else { NodeState::Member };
        self.incarnation = ring.seq.get();
        self.joined = Some(now);
        self.departure = None;
    }

    /// It is gone from `ring`; `evidence` is what is known of that.
    pub(super) fn depart(&mut self, ring: Option<RingId>, evidence: Option<Evidence>) {
        self.last_on = ring;
        let left = self.leave.map(|_| Evidence::Left);
        let killed = self.killed.map(Departure::Killed);
        self.departure = killed.or(evidence.or(left).map(Departure::Found));
        self.state = NodeState::Dead;
        self.joined = None;
        self.leave = None;
        self.killed = None;
        self.told = None;
    }

    /// The row as it is shown.
    pub(super) fn row(&self, id: NodeId, quorum: &Quorum) -> Node {
        let voter = quorum.voter(id);
        Node {
            id,
            name: self.name.clone(),
            state: self.state,
            incarnation: self.incarnation,
            joined: self.joined,
            votes: voter.votes.get(),
            expected: voter.expected.get(),
            addresses: self.addresses.clone(),
            departure: self.departure,
        }
    }
}
