//! The rules that make a quorum, small enough to be compared with a naive definition for every
//! electorate of up to six nodes.
//!
//! Must never know a node, a message or a clock: plain numbers in, plain numbers out. One function
//! is one rule; a further rule is a further function, a variant of [`Why`], and its place in the
//! order of [`decide`].

use core::fmt;

/// The rule that decided how many votes are needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// More than half of the votes, expected or present.
    Majority,
    /// More than half of the votes at an earlier time: losses do not lower what is needed.
    EarlierMajority,
    /// Each of two nodes may go on alone; the fence decides who does.
    TwoNode,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Majority => "majority",
            Self::EarlierMajority => "earlier majority",
            Self::TwoNode => "two-node",
        })
    }
}

/// The members in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Count {
    /// How many members there are.
    pub(crate) members: usize,
    /// Votes they have together.
    pub(crate) total: u64,
    /// The most that one of them expects.
    pub(crate) highest: u64,
}

/// How many votes are needed, and by which rule. Zero is never enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decision {
    pub(crate) needed: u64,
    pub(crate) why: Why,
}

/// Applies the rules in their order. `floor` is what was needed before and must not be lowered;
/// zero when lowering was asked for.
pub(crate) fn decide(count: &Count, two_node_mode: bool, floor: u64) -> Decision {
    if let Some(needed) = two_node(two_node_mode, count.members) {
        return Decision { needed, why: Why::TwoNode };
    }
    let needed = majority(count.highest, count.total);
    if floor > needed {
        return Decision { needed: floor, why: Why::EarlierMajority };
    }
    Decision { needed, why: Why::Majority }
}

/// More than half of what is expected, and more than half of what is there: nodes that nobody
/// expected count as well.
pub(crate) fn majority(highest: u64, total: u64) -> u64 {
    more_than_half(highest).max(more_than_half(total))
}

/// One vote is enough for at most two members. A third one, which only a wrong file brings,
/// brings the majority back.
pub(crate) fn two_node(mode: bool, members: usize) -> Option<u64> {
    (mode && members <= 2).then_some(1)
}

fn more_than_half(votes: u64) -> u64 {
    votes / 2 + 1
}

#[cfg(test)]
mod tests;
