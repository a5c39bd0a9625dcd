//! Who may vote, with how many votes, and who is present to do so.
//!
//! Must never take a node's word for its own votes: the file says them, the same file on every
//! node, so that members who count the same nodes come to the same sum. A node that the file does
//! not know has one vote while it is present, as CMAN gives it, and is forgotten when it goes.

use alloc::collections::{BTreeMap, BTreeSet};

use totem::NodeId;

use crate::config::Config;
use crate::rule::Count;
use crate::votes::Votes;

/// A node as the vote counter knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Voter {
    /// Its votes.
    pub votes: Votes,
    /// The votes it expects, as it last said; before that, those this node's file expects.
    pub expected: Votes,
    /// It is a member: its votes count.
    pub present: bool,
    /// The file knows it.
    pub configured: bool,
}

/// All nodes known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Electorate {
    voters: BTreeMap<NodeId, Voter>,
    /// What a node is taken to expect that has not said anything.
    expected: Votes,
}

impl Electorate {
    /// The configured nodes, all absent.
    pub(crate) fn new(config: &Config) -> Self {
        let expected = config.expected;
        let absent = |votes| Voter { votes, expected, present: false, configured: true };
        let voters = config.votes.iter().map(|(&id, &votes)| (id, absent(votes))).collect();
        Self { voters, expected }
    }

    /// Another file counts from now on: its votes and what it expects, for everybody. Who is
    /// present stays so; who is neither present nor configured any more is forgotten.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        let fresh = Self::new(config);
        let stranger = fresh.stranger();
        for (&node, voter) in &mut self.voters {
            let Voter { votes, expected, configured, .. } = fresh.voter(node);
            *voter = Voter { votes, expected, configured, present: voter.present };
        }
        self.voters.retain(|_, voter| voter.present || voter.configured);
        for (node, voter) in fresh.voters {
            self.voters.entry(node).or_insert(voter);
        }
        self.expected = stranger.expected;
    }

    /// A node; one that the file does not know and that is not present has the defaults.
    pub(crate) fn voter(&self, node: NodeId) -> Voter {
        self.voters.get(&node).copied().unwrap_or(self.stranger())
    }

    /// A node, if it is configured or present.
    pub(crate) fn known(&self, node: NodeId) -> Option<&Voter> {
        self.voters.get(&node)
    }

    /// The members in numbers.
    pub(crate) fn count(&self) -> Count {
        Count {
            members: self.present().count(),
            total: Votes::sum(self.present().map(|voter| voter.votes)),
            highest: self.present().map(|voter| voter.expected.wide()).max().unwrap_or(0),
        }
    }

    /// What the members expect, as shown to operators: the highest of their numbers, or this
    /// node's own while there is no member.
    pub(crate) fn expected(&self) -> Votes {
        self.present().map(|voter| voter.expected).max().unwrap_or(self.expected)
    }

    /// `node` is a member and expects so many votes.
    pub(crate) fn enter(&mut self, node: NodeId, expected: Votes) {
        let stranger = self.stranger();
        let voter = self.voters.entry(node).or_insert(stranger);
        voter.present = true;
        voter.expected = expected;
    }

    /// `nodes` are members no longer.
    pub(crate) fn depart(&mut self, nodes: &BTreeSet<NodeId>) {
        for node in nodes {
            if let Some(voter) = self.voters.get_mut(node) {
                voter.present = false;
            }
        }
        self.voters.retain(|_, voter| voter.present || voter.configured);
    }

    /// Every member expects exactly so many votes.
    pub(crate) fn force_expected(&mut self, expected: Votes) {
        for voter in self.voters.values_mut().filter(|voter| voter.present) {
            voter.expected = expected;
        }
    }

    /// `node` expects so many votes, and nobody else more than that.
    pub(crate) fn limit_expected(&mut self, node: NodeId, expected: Votes) {
        for voter in self.voters.values_mut() {
            voter.expected = voter.expected.min(expected);
        }
        if let Some(voter) = self.voters.get_mut(&node) {
            voter.expected = expected;
        }
    }

    /// `node` has so many votes, if it is known.
    pub(crate) fn set_votes(&mut self, node: NodeId, votes: Votes) {
        if let Some(voter) = self.voters.get_mut(&node) {
            voter.votes = votes;
        }
    }

    fn present(&self) -> impl Iterator<Item = &Voter> {
        self.voters.values().filter(|voter| voter.present)
    }

    fn stranger(&self) -> Voter {
        Voter { votes: Votes::ONE, expected: self.expected, present: false, configured: false }
    }
}

#[cfg(test)]
mod tests;
