//! The vote counter: told who came, who went and what was said, it answers whether this node may
//! act and why.
//!
//! Must never change by a request it refuses, and must never lower what is needed because nodes
//! were lost. What it has to say stands in one queue, drained by [`Quorum::poll`].

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::fmt;

use totem::NodeId;

use crate::config::Config;
use crate::electorate::{Electorate, Voter};
use crate::error::Refused;
use crate::invariants;
use crate::message::{Message, State};
use crate::rule::{self, Decision, Why};
use crate::votes::Votes;

/// The answer, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// This node may act.
    pub quorate: bool,
    /// Votes of the members.
    pub present: Votes,
    /// Votes needed.
    pub needed: Votes,
    /// Votes expected: the most that a member expects.
    pub expected: Votes,
    /// The rule that decided how many are needed.
    pub why: Why,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quorate, present, needed, expected, why } = self;
        let word = if *quorate { "quorate" } else { "not quorate" };
        write!(f, "{word}: {present} of {expected} votes, {needed} needed ({why})")
    }
}

/// What a vote counter asks of those around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Multicast this to all members, this one included.
    Say(Message),
    /// The verdict is another one.
    Changed(Verdict),
    /// A node was configured differently. What it is counted by does not change.
    Differs {
        /// Which node.
        node: NodeId,
        /// In what.
        what: Difference,
    },
}

/// In what another node's configuration differs from this node's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference {
    /// Its votes.
    Votes {
        /// What it counts itself for.
        theirs: Votes,
        /// What it counts for here.
        ours: Votes,
    },
    /// Two-node mode.
    TwoNode {
        /// It is in two-node mode, and this node is not; or the reverse.
        theirs: bool,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Votes { theirs, ours } => {
                write!(f, "it gives itself {theirs} votes, this node gives it {ours}")
            }
            Self::TwoNode { theirs: true } => f.write_str("it is in two-node mode"),
            Self::TwoNode { theirs: false } => f.write_str("it is not in two-node mode"),
        }
    }
}

/// May lowering what is needed follow from this change?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lowering {
    Allowed,
    Forbidden,
}

/// The vote counter of one node.
#[derive(Clone, Debug)]
pub struct Quorum {
    me: NodeId,
    two_node: bool,
    electorate: Electorate,
    /// What is needed, exact; the verdict shows it in 32 bits.
    needed: u64,
    verdict: Verdict,
    outputs: VecDeque<Output>,
    #[cfg(feature = "planted")]
    half_is_enough: bool,
}

impl Quorum {
    /// Starts without members, not even this node: it is one once it has introduced itself.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let electorate = Electorate::new(config);
        let mut quorum = Self {
            me: config.me,
            two_node: config.two_node,
            electorate,
            needed: 0,
            verdict: Verdict {
                quorate: false,
                present: Votes::ZERO,
                needed: Votes::ZERO,
                expected: config.expected,
                why: Why::Majority,
            },
            outputs: VecDeque::new(),
            #[cfg(feature = "planted")]
            half_is_enough: config.half_is_enough,
        };
        let alone = rule::Count { members: 0, total: 0, highest: config.expected.wide() };
        let Decision { needed, why } = rule::decide(&alone, config.two_node, 0);
        quorum.verdict.needed = Votes::saturated(needed);
        quorum.verdict.why = why;
        quorum
    }

    /// Another file counts from now on, at the same place of the order on all members: its nodes,
    /// their votes, what it expects, two-node mode. Members stay members; one that the file does
    /// not know any more is a stranger, and forgotten when it goes. Lowering what is needed is
    /// allowed: an operator wrote the file. What was set while the cluster ran is undone.
    ///
    /// # Panics
    /// The file is another node's.
    pub fn reconfigure(&mut self, config: &Config) {
        assert!(config.me == self.me, "a file of node {} for node {}", config.me, self.me);
        self.two_node = config.two_node;
        self.electorate.reconfigure(config);
        self.recount(Lowering::Allowed);
    }

    /// What this node says about itself after every membership change.
    #[must_use]
    pub fn state(&self) -> State {
        let Voter { votes, expected, .. } = self.electorate.voter(self.me);
        State { votes, expected, two_node: self.two_node }
    }

    /// These nodes are members, and this is what each said since the last membership change.
    /// Applied as one change, so that no verdict is seen in between. Members that are missing here
    /// stay what they were.
    pub fn on_states(&mut self, states: &BTreeMap<NodeId, State>) {
        for (&node, state) in states {
            self.hear(node, state);
        }
        self.recount(Lowering::Forbidden);
    }

    /// These members went; those of them in `removed` had said that the others shall expect their
    /// votes no longer (`leave remove`).
    ///
    /// CMAN makes the *number of nodes* that remain the expected votes, which is wrong as soon as
    /// a node has more than one vote. Here it is the votes that remain, the same number for nodes
    /// of one vote. Nodes lost in the same moment still count as remaining: they did not ask to be
    /// removed. And members without quorum do not lower anything: of five nodes split into two and
    /// three, the two must not become quorate because one of them is shut down in an orderly way.
    pub fn on_departure(&mut self, gone: &BTreeSet<NodeId>, removed: &BTreeSet<NodeId>) {
        if self.verdict.quorate && gone.iter().any(|node| removed.contains(node)) {
            self.electorate.depart(&gone.intersection(removed).copied().collect());
            let remaining = Votes::saturated(self.electorate.count().total);
            self.electorate.force_expected(remaining);
            self.needed = self.decide(&self.electorate, Lowering::Allowed).needed;
        }
        self.electorate.depart(gone);
        self.recount(Lowering::Forbidden);
    }

    /// A member said this, in the order that all members share.
    pub fn on_message(&mut self, from: NodeId, message: &Message) {
        match *message {
            Message::State(state) => {
                self.hear(from, &state);
                self.recount(Lowering::Forbidden);
            }
            Message::Expected(votes) => {
                self.electorate.limit_expected(from, votes);
                self.recount(Lowering::Allowed);
            }
            Message::Votes { node, votes } => {
                self.electorate.set_votes(node, votes);
                self.recount(Lowering::Allowed);
            }
        }
    }

    /// Asks all members to expect so many votes (`cman_tool expected`). It is in force when this
    /// node's own message comes back, at the same place of the order for all.
    ///
    /// # Errors
    /// The number would let two sides act, or block this one. CMAN tries the number on the living
    /// state, so that a refused request can cost the quorum; here it is tried on a copy.
    pub fn set_expected(&mut self, votes: Votes) -> Result<(), Refused> {
        if votes == Votes::ZERO {
            return Err(Refused::Zero);
        }
        let mut trial = self.electorate.clone();
        trial.force_expected(votes);
        self.accept(&trial)?;
        self.outputs.push_back(Output::Say(Message::Expected(votes)));
        Ok(())
    }

    /// Asks all members to count so many votes for `node` (`cman_tool votes`).
    ///
    /// # Errors
    /// No such node is known, or the number would let two sides act, or block this one.
    pub fn set_votes(&mut self, node: NodeId, votes: Votes) -> Result<(), Refused> {
        if votes == Votes::ZERO {
            return Err(Refused::Zero);
        }
        if self.electorate.known(node).is_none() {
            return Err(Refused::Unknown(node));
        }
        let mut trial = self.electorate.clone();
        trial.set_votes(node, votes);
        self.accept(&trial)?;
        self.outputs.push_back(Output::Say(Message::Votes { node, votes }));
        Ok(())
    }

    /// Pops the next thing to say or to tell; `None` when there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// May this node act?
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Two-node mode was asked for.
    #[must_use]
    pub const fn two_node(&self) -> bool {
        self.two_node
    }

    /// A node as it is counted. One that was never seen and is not configured has one vote.
    #[must_use]
    pub fn voter(&self, node: NodeId) -> Voter {
        self.electorate.voter(node)
    }

    /// Takes note of what `node` says about itself. Its expected votes are taken as they are, as
    /// CMAN does: a newcomer that expects more than the members can cost them the quorum. This is
    /// the one place where a newcomer's number enters, and so the place to weigh it.
    fn hear(&mut self, node: NodeId, state: &State) {
        self.electorate.enter(node, state.expected);
        let ours = self.electorate.voter(node).votes;
        if state.votes != ours {
            let what = Difference::Votes { theirs: state.votes, ours };
            self.outputs.push_back(Output::Differs { node, what });
        }
        if state.two_node != self.two_node {
            let what = Difference::TwoNode { theirs: state.two_node };
            self.outputs.push_back(Output::Differs { node, what });
        }
    }

    fn decide(&self, electorate: &Electorate, lowering: Lowering) -> Decision {
        let floor = match lowering {
            Lowering::Allowed => 0,
            Lowering::Forbidden => self.needed,
        };
        let decision = rule::decide(&electorate.count(), self.two_node, floor);
        #[cfg(feature = "planted")]
        if self.half_is_enough && decision.needed > 1 {
            return Decision { needed: electorate.count().highest.div_ceil(2), ..decision };
        }
        decision
    }

    /// CMAN's test of what an operator asks: the quorum must be at least half of the votes
    /// present, and within them.
    fn accept(&self, trial: &Electorate) -> Result<(), Refused> {
        if !self.electorate.voter(self.me).present {
            return Err(Refused::NotMember);
        }
        let needed = self.decide(trial, Lowering::Allowed).needed;
        let present = trial.count().total;
        if needed < present / 2 {
            return Err(Refused::TooFew { needed, present });
        }
        if needed > present {
            return Err(Refused::TooMany { needed, present });
        }
        Ok(())
    }

    fn recount(&mut self, lowering: Lowering) {
        let Decision { needed, why } = self.decide(&self.electorate, lowering);
        let count = self.electorate.count();
        let verdict = Verdict {
            quorate: count.total >= needed,
            present: Votes::saturated(count.total),
            needed: Votes::saturated(needed),
            expected: self.electorate.expected(),
            why,
        };
        invariants::check(&count, needed, &verdict);
        self.needed = needed;
        if verdict != self.verdict {
            self.verdict = verdict;
            self.outputs.push_back(Output::Changed(verdict));
        }
    }
}

#[cfg(test)]
mod tests;
