//! Quorum safety: never may two sides act that do not know of each other, and nobody who comes
//! takes the right to act from those who have it.
//!
//! Must never be asked of two-node mode whether two sides act, where each half is quorate alone and
//! fencing decides; and must never trust the vote counter's own arithmetic: it counts for itself.
//!
//! What can be demanded depends on how votes are counted in a run, see [`Counting`]. A verdict is
//! judged when the node has done all that was to be done at that instant: membership and verdict
//! are announced one after the other.

mod chain;

use std::collections::BTreeSet;

use self::chain::Chain;
use super::group::Group;
use super::history::{History, Process, Seen, What};
use super::{Breach, Finding};

/// The property, by its name in reports.
pub const NAME: &str = "quorum (Q1, primary component)";

/// The property that who comes takes nothing. Another version of the file may: it ends what was
/// lowered while the cluster ran, and who has less than half of all votes is quorate no longer.
pub const JOIN: &str = "a join never takes quorum away";

/// How votes are counted in a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Counting {
    /// All nodes have the same file and nobody changes anything: any two memberships that were
    /// ever quorate share a node, at one instant or hours apart, and a verdict is true exactly when
    /// those who have synchronized, and did not leave since, hold more than half of all votes.
    #[default]
    Fixed,
    /// Nodes expect what they like: those of one membership must still judge the same.
    Mismatched,
    /// What is expected follows who is there, or ties are broken: of two quorate memberships
    /// without a common node one must have followed from the other.
    Dynamic,
    /// Operators and devices change what counts: nothing is demanded.
    Operated,
}

/// The votes of a run, and who acted.
#[derive(Clone, Debug)]
pub struct Quorum {
    votes: Vec<u32>,
    two_node: bool,
    counting: Counting,
    acted: BTreeSet<Group>,
    chain: Chain,
    judged: Vec<Option<Judged>>,
    /// By which version each counted then.
    versions: Vec<Option<u64>>,
}

/// What a node was last found to think.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Judged {
    boot: u32,
    voters: Group,
    quorate: bool,
}

impl Quorum {
    /// A run of nodes with these votes.
    #[must_use]
    pub fn new(votes: Vec<u32>, two_node: bool) -> Self {
        let (judged, versions) = (vec![None; votes.len()], vec![None; votes.len()]);
        let chain = Chain::new(votes.len());
        let counting = Counting::default();
        Self { votes, two_node, counting, acted: BTreeSet::new(), chain, judged, versions }
    }

    /// The same, counted so.
    #[must_use]
    pub const fn counting(mut self, counting: Counting) -> Self {
        self.counting = counting;
        self
    }

    /// More than half of all votes; in two-node mode, any.
    #[must_use]
    pub fn suffices(&self, members: Group) -> bool {
        let count =
            |group: Group| -> u64 { group.iter().map(|node| u64::from(self.votes[node])).sum() };
        let all = count((0..self.votes.len()).collect());
        if self.two_node { count(members) > 0 } else { 2 * count(members) > all }
    }

    /// What the verdict of these must be when nothing goes wrong any more, if that is certain.
    #[must_use]
    pub fn due(&self, members: Group) -> Option<bool> {
        match self.counting {
            Counting::Fixed => Some(self.suffices(members)),
            Counting::Dynamic => (members.iter().count() == self.votes.len()).then_some(true),
            Counting::Mismatched | Counting::Operated => None,
        }
    }

    /// Judges one event at a node that goes by this version of the file.
    ///
    /// # Errors
    /// The name of the property and the breach.
    pub fn judge(
        &mut self,
        history: &History,
        version: Option<u64>,
        seen: &Seen<'_>,
    ) -> Result<(), (&'static str, Breach)> {
        let What::Settled = &seen.what else { return Ok(()) };
        let node = seen.node;
        let process = &history.processes[node];
        if !process.alive || process.view.is_none() {
            return Ok(());
        }
        let Process { boot, voters, quorate, .. } = *process;
        let now = Judged { boot, voters, quorate };
        let before = self.judged[node].replace(now);
        let other_file = std::mem::replace(&mut self.versions[node], version) != version;
        if before == Some(now) {
            return Ok(());
        }
        let may_lose = other_file && !self.suffices(voters);
        let loses = before.is_some_and(|it| it.loses_by_join(now)) && !may_lose;
        if self.counting != Counting::Operated && loses {
            let detail = format!("{voters:?} lost the quorum, nobody of them went");
            return Err((JOIN, Breach::about([node], detail)));
        }
        let finding = match self.counting {
            Counting::Fixed => self.fixed(node, now),
            Counting::Mismatched => self.agreed(history, node),
            Counting::Dynamic => {
                self.agreed(history, node).and_then(|()| self.followed(history, node, now))
            }
            Counting::Operated => Ok(()),
        };
        finding.map_err(|breach| (NAME, breach))
    }

    fn fixed(&mut self, node: usize, now: Judged) -> Finding {
        let Judged { voters, quorate, .. } = now;
        if quorate != self.suffices(voters) {
            let detail = format!("{voters:?} announced as quorate: {quorate}");
            return Err(Breach::about([node], detail));
        }
        if !quorate || !self.acted.insert(voters) || self.two_node {
            return Ok(());
        }
        let apart = self.acted.iter().find(|other| other.and(voters).is_empty());
        let Some(other) = apart else { return Ok(()) };
        let detail = format!("both {other:?} and {voters:?} were quorate");
        Err(Breach::about([node], detail))
    }

    /// Those who have synchronized in one ring, and of whom the same stayed, judge the same.
    fn agreed(&self, history: &History, node: usize) -> Finding {
        let here = &history.processes[node];
        let ring = |process: &Process| process.view.map(|view| view.ring);
        let with = history.alive().iter().find(|&other| {
            let there = &history.processes[other];
            let settled = Judged::of(there).is_some_and(|now| self.judged[other] == Some(now));
            let same = ring(here) == ring(there) && here.voters == there.voters;
            settled && same && here.quorate != there.quorate
        });
        let Some(other) = with else { return Ok(()) };
        let detail = format!("{:?} do not agree whether they are quorate", here.voters);
        Err(Breach::about([node, other], detail))
    }

    fn followed(&mut self, history: &History, node: usize, now: Judged) -> Finding {
        let view = history.processes[node].view.filter(|_| now.quorate && !self.two_node);
        let Some(view) = view else { return Ok(()) };
        let apart = self.chain.enter(view.ring, now.voters);
        let Some(other) = apart else { return Ok(()) };
        let detail = format!("both {other:?} and {:?} were quorate, neither after", now.voters);
        Err(Breach::about([node], detail))
    }
}

impl Judged {
    fn of(process: &Process) -> Option<Self> {
        let Process { boot, voters, quorate, view, .. } = *process;
        view.map(|_| Self { boot, voters, quorate })
    }

    /// It was quorate, everybody of then is still there, and it is not any more.
    fn loses_by_join(self, now: Self) -> bool {
        let all_stayed = self.voters.without(now.voters).is_empty();
        self.boot == now.boot && self.quorate && !now.quorate && all_stayed
    }
}
