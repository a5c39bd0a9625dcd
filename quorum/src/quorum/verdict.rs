//! What a vote counter answers.
//!
//! Must never leave out what decided: a verdict names its rule, a difference names both values and
//! what the operator is to change.

use core::fmt;

use totem::NodeId;

use crate::message::Message;
use crate::rule::Why;
use crate::votes::Votes;

/// The answer, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// This node may act.
    pub quorate: bool,
    /// Votes of the members, the quorum device's included.
    pub present: Votes,
    /// Votes needed.
    pub needed: Votes,
    /// Votes expected: the most that a member expects.
    pub expected: Votes,
    /// Votes of the quorum device among those present.
    pub device: Votes,
    /// The rule that decided.
    pub why: Why,
}

impl Verdict {
    /// Nobody is there.
    pub(crate) const fn none(expected: Votes) -> Self {
        Self {
            quorate: false,
            present: Votes::ZERO,
            needed: Votes::ZERO,
            expected,
            device: Votes::ZERO,
            why: Why::Majority,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quorate, present, needed, expected, device, why } = self;
        let word = if *quorate { "quorate" } else { "not quorate" };
        write!(f, "{word}: {present} of {expected} votes, {needed} needed ({why})")?;
        if *device > Votes::ZERO { write!(f, ", {device} of the quorum device") } else { Ok(()) }
    }
}

/// What a vote counter asks of those around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Multicast this to all members, this one included.
    Say(Message),
    /// The verdict is another one.
    Changed(Verdict),
    /// A node was configured otherwise than those whose count is in force. What it is counted by
    /// does not change.
    Differs {
        /// Which node; it may be this one.
        node: NodeId,
        /// In what.
        what: Difference,
    },
    /// Contact with the quorum device was lost.
    DeviceLost,
}

/// In what a node's configuration differs from what is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Difference {
    /// Its votes.
    Votes {
        /// What it counts itself for.
        theirs: Votes,
        /// What it counts for.
        ours: Votes,
    },
    /// The votes expected by its file.
    Expected {
        /// What its file expects.
        theirs: Votes,
        /// What the file in force expects.
        ours: Votes,
    },
    /// Two-node mode.
    TwoNode {
        /// It is in two-node mode, and the cluster is not; or the reverse.
        theirs: bool,
    },
    /// The rules beyond CMAN's.
    Rules,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Votes { theirs, ours } => write!(
                f,
                "it gives itself {theirs} votes, the cluster gives it {ours}: correct votes in \
                 its cluster.conf"
            ),
            Self::Expected { theirs, ours } => write!(
                f,
                "it expects {theirs} votes, the cluster {ours}: correct expected_votes in its \
                 cluster.conf"
            ),
            Self::TwoNode { theirs: true } => f.write_str(
                "it is in two-node mode, the cluster is not: remove two_node from its \
                 cluster.conf",
            ),
            Self::TwoNode { theirs: false } => f.write_str(
                "it is not in two-node mode, the cluster is: set two_node in its cluster.conf",
            ),
            Self::Rules => f.write_str(
                "wait_for_all, auto_tie_breaker, last_man_standing or allow_downscale of its \
                 cluster.conf differ: correct them",
            ),
        }
    }
}
