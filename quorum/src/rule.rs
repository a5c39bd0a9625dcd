//! The rules that make a quorum, small enough to be compared with a naive definition for every
//! electorate of up to six nodes.
//!
//! Must never know a message or a clock: plain values in, plain values out. One function is one
//! rule; a further rule is a further function, a variant of [`Why`], and its place in the order of
//! [`decide`].

pub(crate) mod tie;

use core::fmt;

/// The rule that decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// More than half of the votes, expected or present.
    Majority,
    /// More than half of the votes at an earlier time: losses do not lower what is needed.
    EarlierMajority,
    /// Each of two nodes may go on alone; the fence decides who does.
    TwoNode,
    /// Exactly half of the votes, and the node that breaks ties is on this side.
    TieBreaker,
    /// Not all nodes were together since this node started or lost the quorum.
    WaitingForAll,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Majority => "majority",
            Self::EarlierMajority => "earlier majority",
            Self::TwoNode => "two-node",
            Self::TieBreaker => "tie-breaker",
            Self::WaitingForAll => "waiting for all nodes",
        })
    }
}

/// The members in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    /// How many members have a vote.
    pub(crate) members: usize,
    /// Votes they have together, the quorum device's included.
    pub(crate) total: u64,
    /// The most that one of them expects.
    pub(crate) highest: u64,
}

/// What else a decision depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Circumstances {
    /// Two-node mode is in force.
    pub(crate) two_node: bool,
    /// The node that breaks ties is here, and ties may be broken.
    pub(crate) tie_here: bool,
    /// All nodes must be together first, and were not.
    pub(crate) waiting: bool,
    /// What was needed before and must not be lowered; zero when lowering was asked for.
    pub(crate) floor: u64,
}

/// How many votes are needed, and by which rule. Zero is never enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    pub(crate) needed: u64,
    /// What must not be lowered by later losses; more than is needed when a tie was broken.
    pub(crate) floor: u64,
    pub(crate) why: Why,
}

impl Decision {
    /// Are so many votes a quorum?
    pub(crate) fn is_met_by(&self, total: u64) -> bool {
        total >= self.needed && self.why != Why::WaitingForAll
    }
}

/// Applies the rules in their order.
pub(crate) fn decide(count: &Count, around: &Circumstances) -> Decision {
    let decision = without_waiting(count, around);
    if around.waiting { Decision { why: Why::WaitingForAll, ..decision } } else { decision }
}

fn without_waiting(count: &Count, around: &Circumstances) -> Decision {
    if let Some(needed) = two_node(around.two_node, count.members) {
        return Decision { needed, floor: needed, why: Why::TwoNode };
    }
    let majority = majority(count.highest, count.total);
    let floor = majority.max(around.floor);
    if let Some(needed) = tie_breaker(around.tie_here, count, floor) {
        return Decision { needed, floor, why: Why::TieBreaker };
    }
    let why = if floor > majority { Why::EarlierMajority } else { Why::Majority };
    Decision { needed: floor, floor, why }
}

/// More than half of what is expected, and more than half of what is there: nodes that nobody
/// expected count as well.
pub(crate) fn majority(highest: u64, total: u64) -> u64 {
    more_than_half(highest).max(more_than_half(total))
}

/// One vote is enough for at most two members. A third one that has a vote brings the majority
/// back.
pub(crate) fn two_node(mode: bool, members: usize) -> Option<u64> {
    (mode && members <= 2).then_some(1)
}

/// Exactly half is enough on the side of the node that breaks ties. Not when more was needed
/// before than half of what is expected now: then half of that is not half of all there were.
pub(crate) fn tie_breaker(here: bool, count: &Count, floor: u64) -> Option<u64> {
    let half = count.total > 0 && count.total.checked_mul(2) == Some(count.highest);
    (here && half && floor == more_than_half(count.highest)).then_some(count.total)
}

fn more_than_half(votes: u64) -> u64 {
    votes / 2 + 1
}

#[cfg(test)]
mod tests;
