//! Quorum safety: never may two sides act that do not know of each other.
//!
//! Must never be asked of two-node mode, where each half is quorate alone and fencing decides; and
//! must never trust the vote counter's own arithmetic: it counts for itself.
//!
//! Votes are fixed in a run. Then any two memberships that were ever quorate share a node, at one
//! instant or hours apart, and a verdict is true exactly when those who have synchronized, and did
//! not leave since, hold more than half of all votes. A verdict is judged when the node has done
//! all that was to be done at that instant: membership and verdict are announced one after the
//! other.

use std::collections::BTreeSet;

use super::group::Group;
use super::history::{History, Seen, What};
use super::{Breach, Finding};

/// The property, by its name in reports.
pub const NAME: &str = "quorum (Q1, primary component)";

/// The votes of a run, and who acted.
#[derive(Clone, Debug)]
pub struct Quorum {
    votes: Vec<u32>,
    two_node: bool,
    acted: BTreeSet<Group>,
    judged: Vec<Option<(Group, bool)>>,
}

impl Quorum {
    /// A run of nodes with these votes.
    #[must_use]
    pub fn new(votes: Vec<u32>, two_node: bool) -> Self {
        let judged = vec![None; votes.len()];
        Self { votes, two_node, acted: BTreeSet::new(), judged }
    }

    /// More than half of all votes; in two-node mode, any.
    #[must_use]
    pub fn suffices(&self, members: Group) -> bool {
        let count =
            |group: Group| -> u64 { group.iter().map(|node| u64::from(self.votes[node])).sum() };
        let all = count((0..self.votes.len()).collect());
        if self.two_node { count(members) > 0 } else { 2 * count(members) > all }
    }

    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, history: &History, seen: &Seen<'_>) -> Finding {
        let What::Settled = &seen.what else { return Ok(()) };
        let process = &history.processes[seen.node];
        if !process.alive || process.view.is_none() {
            return Ok(());
        }
        let now = (process.voters, process.quorate);
        if self.judged[seen.node].replace(now) == Some(now) {
            return Ok(());
        }
        let (voters, quorate) = now;
        if quorate != self.suffices(voters) {
            let detail = format!("{voters:?} announced as quorate: {quorate}");
            return Err(Breach::about([seen.node], detail));
        }
        if !quorate || !self.acted.insert(voters) || self.two_node {
            return Ok(());
        }
        let apart = self.acted.iter().find(|other| other.and(voters).is_empty());
        let Some(other) = apart else { return Ok(()) };
        let detail = format!("both {other:?} and {voters:?} were quorate");
        Err(Breach::about([seen.node], detail))
    }
}
