//! Who may vote, with how many votes, and who is present to do so.
//!
//! Must never count a vote that nobody configured: a node that the file does not know has none,
//! unless there is no file at all ([`Config::unlisted`]). In CMAN it has one, and two sides that
//! each count a stranger can both have a majority; and a stranger that comes and dies leaves those
//! it met with one vote more to find.

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
    /// The votes it expects, as far as that is accepted; before it said anything, those this
    /// node's file expects.
    pub expected: Votes,
    /// It is a member: its votes count.
    pub present: bool,
    /// The file knows it.
    pub configured: bool,
    /// Votes of the quorum device that speaks through it, when it is present.
    pub device: Votes,
    /// That device judges each membership anew: what it said is void when a member is lost.
    pub vouches: bool,
    /// How often it had lost members when it said so last.
    pub(crate) losses: u32,
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
        let mut electorate = Self { voters: BTreeMap::new(), expected: config.expected };
        let absent = |votes| Voter { votes, configured: true, ..electorate.stranger() };
        let voters = config.votes.iter().map(|(&id, &votes)| (id, absent(votes))).collect();
        electorate.voters = voters;
        electorate
    }

    /// Another file counts from now on: its votes and what it expects, for everybody. Who is
    /// present stays so; who is neither present nor configured any more is forgotten.
    pub(crate) fn reconfigure(&mut self, config: &Config) {
        let fresh = Self::new(config);
        for (&node, voter) in &mut self.voters {
            let Voter { present, device, vouches, losses, .. } = *voter;
            *voter = Voter { present, device, vouches, losses, ..fresh.voter(node) };
        }
        self.voters.retain(|_, voter| voter.present || voter.configured);
        for (node, voter) in fresh.voters {
            self.voters.entry(node).or_insert(voter);
        }
        self.expected = fresh.expected;
    }

    /// A node; one that the file does not know and that is not present has the defaults.
    pub(crate) fn voter(&self, node: NodeId) -> Voter {
        self.voters.get(&node).copied().unwrap_or(self.stranger())
    }

    /// A node, if it is configured or present.
    pub(crate) fn known(&self, node: NodeId) -> Option<&Voter> {
        self.voters.get(&node)
    }

    /// What every known node counts for.
    pub(crate) fn table(&self) -> BTreeMap<NodeId, Votes> {
        self.voters.iter().map(|(&node, voter)| (node, voter.votes)).collect()
    }

    /// Counts by this table from now on; whom it does not list has no vote while it is present.
    pub(crate) fn adopt(&mut self, table: &BTreeMap<NodeId, Votes>) {
        for (node, voter) in &mut self.voters {
            let unlisted = if voter.present { Votes::ZERO } else { voter.votes };
            voter.votes = table.get(node).copied().unwrap_or(unlisted);
        }
    }

    /// The members in numbers.
    pub(crate) fn count(&self) -> Count {
        Count {
            members: self.present().filter(|(_, voter)| voter.votes > Votes::ZERO).count(),
            total: self.votes_present().saturating_add(self.device().wide()),
            highest: self.present().map(|(_, voter)| voter.expected.wide()).max().unwrap_or(0),
        }
    }

    /// Votes of the members, without the quorum device's.
    pub(crate) fn votes_present(&self) -> u64 {
        Votes::sum(self.present().map(|(_, voter)| voter.votes))
    }

    /// Votes of the quorum device. One device speaks through several members: it counts once.
    pub(crate) fn device(&self) -> Votes {
        self.present().map(|(_, voter)| voter.device).max().unwrap_or(Votes::ZERO)
    }

    /// Every configured node that has a vote is a member.
    pub(crate) fn is_complete(&self) -> bool {
        self.voters
            .values()
            .all(|voter| voter.present || !voter.configured || voter.votes == Votes::ZERO)
    }

    /// What the members expect, as shown to operators: the highest of their numbers, or this
    /// node's own while there is no member.
    pub(crate) fn expected(&self) -> Votes {
        self.present().map(|(_, voter)| voter.expected).max().unwrap_or(self.expected)
    }

    /// The members.
    pub(crate) fn members(&self) -> BTreeSet<NodeId> {
        self.present().map(|(&node, _)| node).collect()
    }

    /// The members that have a vote.
    pub(crate) fn core(&self) -> BTreeSet<NodeId> {
        let voting = self.present().filter(|(_, voter)| voter.votes > Votes::ZERO);
        voting.map(|(&node, _)| node).collect()
    }

    /// The configured nodes that have a vote.
    pub(crate) fn configured(&self) -> BTreeSet<NodeId> {
        let voters = self.voters.iter();
        let counts = |voter: &Voter| voter.configured && voter.votes > Votes::ZERO;
        voters.filter(|(_, voter)| counts(voter)).map(|(&node, _)| node).collect()
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
                (voter.device, voter.vouches) = (Votes::ZERO, false);
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

    /// `node` has so many votes, if it is known.
    pub(crate) fn set_votes(&mut self, node: NodeId, votes: Votes) {
        if let Some(voter) = self.voters.get_mut(&node) {
            voter.votes = votes;
        }
    }

    /// A quorum device speaks with so many votes through `node`, if it is known; it judges each
    /// membership anew, or does not.
    pub(crate) fn set_device(&mut self, node: NodeId, votes: Votes, vouches: bool) {
        if let Some(voter) = self.voters.get_mut(&node) {
            (voter.device, voter.vouches) = (votes, vouches && votes > Votes::ZERO);
        }
    }

    /// `node` has lost members so often.
    pub(crate) fn set_losses(&mut self, node: NodeId, losses: u32) {
        if let Some(voter) = self.voters.get_mut(&node) {
            voter.losses = losses;
        }
    }

    /// The members through whom a device speaks that judges each membership anew.
    pub(crate) fn judges(&self) -> BTreeSet<NodeId> {
        self.present().filter(|(_, voter)| voter.vouches).map(|(&node, _)| node).collect()
    }

    /// Wherever a quorum device speaks, it does with so many votes.
    pub(crate) fn change_device(&mut self, votes: Votes) {
        let speaks = |voter: &&mut Voter| voter.device > Votes::ZERO;
        self.voters.values_mut().filter(speaks).for_each(|voter| voter.device = votes);
    }

    fn present(&self) -> impl Iterator<Item = (&NodeId, &Voter)> {
        self.voters.iter().filter(|(_, voter)| voter.present)
    }

    fn stranger(&self) -> Voter {
        Voter {
            votes: Votes::ZERO,
            expected: self.expected,
            present: false,
            configured: false,
            device: Votes::ZERO,
            vouches: false,
            losses: 0,
        }
    }
}

#[cfg(test)]
mod tests;
