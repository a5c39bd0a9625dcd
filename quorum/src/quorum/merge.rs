//! Members that come from different memberships begin to count together.
//!
//! Must never depend on who judges: every member is given what every member said, and comes to the
//! same count. In CMAN the highest expectation wins, whoever has it, so that one wrong file blocks
//! a cluster. Here those win who may act:
//!
//! - If somebody is quorate, everybody counts as the *leader* does: of the quorate the one with the
//!   most votes around it, then the one with the lowest id. Its table of votes, its mode and what
//!   must not be lowered are taken over. What another expects counts as long as it is not more
//!   than the leader expects; or than the leader's file does (which brings back what an operator
//!   had lowered), if those present suffice for it.
//! - If nobody is, nothing can be taken from anybody: the highest expectation counts, as in CMAN,
//!   and of what must not be lowered the most; two-node mode only if all are in it.
//!
//! Where no file lists the nodes, each has the votes that the leader's table says, else its own.
//!
//! So the leader's members stay quorate: all of them are here, at least as many votes are present
//! as before, and everything that is asked for is asked of those.

use alloc::collections::BTreeMap;
use core::cmp::Reverse;

use totem::NodeId;

use super::{Output, Quorum};
use crate::message::State;
use crate::planted::planted;
use crate::quorum::Difference;
use crate::rule::majority;
use crate::votes::Votes;

/// Of those who are quorate the one with the most votes around it, then the lowest id.
fn leader(said: &BTreeMap<NodeId, State>) -> Option<&State> {
    let quorate = said.iter().filter(|(_, state)| state.quorate);
    quorate.max_by_key(|&(id, state)| (state.present, Reverse(*id))).map(|(_, state)| state)
}

/// Does what somebody expects count beside what the leader expects, with so many votes present?
fn counts(expected: Votes, leader: &State, present: u64) -> bool {
    let restores = !leader.lowers && expected <= leader.file;
    expected <= leader.highest || restores && majority(expected.wide(), present) <= present
}

impl Quorum {
    /// Takes note of what everyone said; those who said it join a quorate membership that counts as
    /// `counted` says, if there is one.
    pub(super) fn merge(&mut self, said: &BTreeMap<NodeId, State>, counted: Option<&State>) {
        for (&node, state) in said {
            self.electorate.enter(node, state.expected);
            let lost_since = node == self.config.me && !self.device.is_alive();
            let device = if lost_since { Votes::ZERO } else { state.device };
            self.electorate.set_device(node, device, state.vouches);
            self.electorate.set_losses(node, state.losses);
        }
        self.mode.waits = said.values().chain(counted).any(|state| state.waits);
        match counted.or_else(|| leader(said)) {
            Some(leader) => self.follow(leader, said),
            None => self.found(said),
        }
        let core = self.core_digest();
        let counts = |node: NodeId| self.electorate.voter(node).votes > Votes::ZERO;
        let mut voting = said.iter().filter(|&(&node, _)| counts(node));
        self.mode.shared = core != 0 && voting.all(|(_, state)| state.core == core);
    }

    /// Counts as the leader does.
    fn follow(&mut self, leader: &State, said: &BTreeMap<NodeId, State>) {
        self.electorate.adopt(&leader.table);
        self.believe(&leader.table, said);
        let present = self.electorate.count().total;
        for (&node, state) in said {
            if !counts(state.expected, leader, present) && !planted!(self.config, NewcomerRules) {
                self.electorate.enter(node, leader.highest);
            }
        }
        if leader.lowers {
            let there = Votes::saturated(self.electorate.votes_present());
            self.electorate.force_expected(leader.highest.max(there));
        }
        self.floor = leader.floor;
        self.mode.two_node = leader.two_node;
        self.mode.agreed = leader.rules == self.config.rules.digest();
        self.mode.waiting = false;
        self.mode.led = true;
        self.compare(leader, said);
    }

    /// Nobody may act yet: a new count begins.
    fn found(&mut self, said: &BTreeMap<NodeId, State>) {
        self.believe(&BTreeMap::new(), said);
        let own = self.config.rules.digest();
        self.floor = said.values().map(|state| state.floor).max().unwrap_or(0).max(self.floor);
        self.mode.led = false;
        self.mode.two_node = said.values().all(|state| state.two_node);
        self.mode.agreed = said.values().all(|state| state.rules == own);
        if !planted!(self.config, NotRearmed) {
            self.mode.waiting = self.mode.waits;
        }
        let file = State {
            two_node: self.config.two_node,
            file: self.config.expected,
            rules: own,
            ..State::default()
        };
        self.compare(&file, said);
    }

    /// Where no file lists the nodes, whom this table does not list has the votes that it says.
    fn believe(&mut self, listed: &BTreeMap<NodeId, Votes>, said: &BTreeMap<NodeId, State>) {
        let unlisted = said.iter().filter(|(node, _)| !listed.contains_key(node));
        for (&node, state) in unlisted.filter(|_| self.config.unlisted) {
            self.electorate.set_votes(node, state.votes);
        }
    }

    /// Tells who was configured otherwise than those whose count is in force.
    fn compare(&mut self, force: &State, said: &BTreeMap<NodeId, State>) {
        for (&node, state) in said {
            let ours = self.electorate.voter(node).votes;
            let mut tell = |differs: bool, what: Difference| {
                if differs {
                    self.outputs.push_back(Output::Differs { node, what });
                }
            };
            let theirs = state.votes;
            tell(theirs != ours, Difference::Votes { theirs, ours });
            let (theirs, ours) = (state.file, force.file);
            tell(theirs != ours, Difference::Expected { theirs, ours });
            let theirs = state.two_node;
            tell(theirs != force.two_node, Difference::TwoNode { theirs });
            tell(state.rules != force.rules, Difference::Rules);
        }
    }
}
