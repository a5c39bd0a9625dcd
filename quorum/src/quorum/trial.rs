//! What would happen if: the running electorate is copied, and the very rules are applied to the
//! copy.
//!
//! Must never touch what is in force, and never wait: windows of time are not over in a trial.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use totem::{Instant, NodeId};

use super::{Gone, Quorum, Verdict};
use crate::error::Refused;
use crate::message::{Message, State};
use crate::votes::Votes;

/// Something that could happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// These nodes fail in the same moment.
    Fail(BTreeSet<NodeId>),
    /// These nodes leave in good order.
    Leave(BTreeSet<NodeId>),
    /// These nodes join, with the file of this node.
    Join(BTreeSet<NodeId>),
    /// An operator sets the votes of a node.
    Votes {
        /// Whose.
        node: NodeId,
        /// How many.
        votes: Votes,
    },
    /// An operator sets the expected votes.
    Expected(Votes),
}

/// Who may fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outlook {
    /// The verdict as it is.
    pub now: Verdict,
    /// The verdict of the others if this member alone fails.
    pub each: Vec<(NodeId, Verdict)>,
    /// So many members, whichever, may fail one after the other while the others stay quorate.
    pub any: usize,
}

impl Quorum {
    /// The verdict after each of these steps, one after the other.
    ///
    /// # Errors
    /// A step is not possible, by its place in `steps`: it names a node that is not known, or a
    /// number that would be refused.
    pub fn what_if(&self, steps: &[Step]) -> Result<Vec<Verdict>, (usize, Refused)> {
        let mut copy = self.clone();
        let mut after = |(index, step)| {
            copy.step(step).map_err(|refused| (index, refused))?;
            Ok(copy.verdict)
        };
        steps.iter().enumerate().map(&mut after).collect()
    }

    /// Who may fail next while the others stay quorate.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        let members = self.electorate.members();
        let each = members.iter().map(|&node| (node, self.without(&[node].into()).verdict));
        Outlook { now: self.verdict, each: each.collect(), any: self.dispensable() }
    }

    /// How many members may fail one after the other, whichever they are. The worst are those with
    /// the most votes, and among equals who breaks a tie.
    fn dispensable(&self) -> usize {
        let mut left = self.clone();
        let mut count = 0;
        while left.verdict.quorate {
            let members = left.electorate.members().into_iter();
            let rest = members.map(|node| left.without(&[node].into()));
            let worst = rest.min_by_key(|rest| (rest.verdict.present, rest.verdict.quorate));
            let Some(worst) = worst else { break };
            count += usize::from(worst.verdict.quorate);
            left = worst;
        }
        count
    }

    /// The copy that the others would have after these failed.
    fn without(&self, failed: &BTreeSet<NodeId>) -> Self {
        let mut copy = self.clone();
        let gone = Gone { all: failed.clone(), ..Gone::default() };
        copy.on_departure(Instant::ORIGIN, &gone);
        copy
    }

    fn step(&mut self, step: &Step) -> Result<(), Refused> {
        let now = Instant::ORIGIN;
        match step {
            Step::Fail(nodes) => {
                self.check_present(nodes)?;
                self.on_departure(now, &Gone { all: nodes.clone(), ..Gone::default() });
            }
            Step::Leave(nodes) => {
                self.check_present(nodes)?;
                let left = nodes.clone();
                self.on_departure(now, &Gone { all: nodes.clone(), left, ..Gone::default() });
            }
            Step::Join(nodes) => self.try_join(nodes)?,
            Step::Votes { votes: Votes::ZERO, .. } | Step::Expected(Votes::ZERO) => {
                return Err(Refused::Zero);
            }
            // The asking node may have failed in an earlier step: another one asks then.
            Step::Votes { node, votes } => {
                self.on_message(self.config.me, &Message::Votes { node: *node, votes: *votes })?;
            }
            Step::Expected(votes) => {
                self.on_message(self.config.me, &Message::Expected(*votes))?;
            }
        }
        Ok(())
    }

    fn try_join(&mut self, nodes: &BTreeSet<NodeId>) -> Result<(), Refused> {
        let mut said: BTreeMap<NodeId, State> = BTreeMap::new();
        for &node in nodes {
            let known = self.electorate.known(node).ok_or(Refused::Unknown(node))?;
            if known.present {
                return Err(Refused::Present(node));
            }
            said.insert(node, self.newcomer(node));
        }
        for node in self.electorate.members() {
            said.insert(node, self.state_of(node));
        }
        self.on_states(Instant::ORIGIN, &said);
        Ok(())
    }

    fn check_present(&self, nodes: &BTreeSet<NodeId>) -> Result<(), Refused> {
        for &node in nodes {
            let known = self.electorate.known(node).ok_or(Refused::Unknown(node))?;
            if !known.present {
                return Err(Refused::Absent(node));
            }
        }
        Ok(())
    }

    /// What a member would say: what this node says, but for what is its own.
    fn state_of(&self, node: NodeId) -> State {
        let voter = self.electorate.voter(node);
        State { votes: voter.votes, expected: voter.expected, device: voter.device, ..self.state() }
    }

    /// What a node would say that has just been started with this node's file.
    fn newcomer(&self, node: NodeId) -> State {
        State {
            votes: self.config.votes.get(&node).copied().unwrap_or(Votes::ZERO),
            expected: self.config.expected,
            two_node: self.config.two_node,
            waits: self.config.rules.wait_for_all,
            lowers: self.config.rules.lowers(),
            highest: self.config.expected,
            file: self.config.expected,
            rules: self.config.rules.digest(),
            ..State::default()
        }
    }
}
