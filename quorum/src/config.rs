//! What the vote counter is told once, at its start.
//!
//! Must never hold what cannot be counted by: [`Config::new`] refuses it, with CMAN's words.

use alloc::collections::BTreeMap;

use totem::NodeId;

use crate::error::ConfigError;
use crate::votes::Votes;

/// A valid configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub(crate) me: NodeId,
    pub(crate) votes: BTreeMap<NodeId, Votes>,
    pub(crate) expected: Votes,
    pub(crate) two_node: bool,
    /// Half of the votes are enough: a planted bug.
    #[cfg(feature = "planted")]
    pub(crate) half_is_enough: bool,
}

impl Config {
    /// The configuration of node `me` among the configured nodes, each with its votes. `expected`
    /// is the file's `expected_votes`; `None` stands for the sum of all votes. `two_node` lets
    /// each of two nodes go on alone and is for clusters of exactly two nodes of one vote each.
    ///
    /// # Errors
    /// The nodes do not contain `me`, or two-node mode does not fit them.
    pub fn new(
        me: NodeId,
        votes: BTreeMap<NodeId, Votes>,
        expected: Option<Votes>,
        two_node: bool,
    ) -> Result<Self, ConfigError> {
        let own = *votes.get(&me).ok_or(ConfigError::Unlisted(me))?;
        let total = Votes::sum(votes.values().copied());
        if two_node {
            let misfit = ConfigError::NotTwoNodes { nodes: votes.len(), votes: total };
            if votes.len() != 2 {
                return Err(misfit);
            }
            if own != Votes::ONE {
                return Err(ConfigError::NotOneVote(own));
            }
            if total != 2 {
                return Err(misfit);
            }
        }
        // A sum beyond 32 bits cannot be expected exactly. The largest number stands for it, and
        // the rule asks for more than half of the votes present anyway.
        let expected = expected.unwrap_or(Votes::saturated(total));
        Ok(Self {
            me,
            votes,
            expected,
            two_node,
            #[cfg(feature = "planted")]
            half_is_enough: false,
        })
    }

    /// The same with a bug planted in it, half of the votes being enough: for the proof that the
    /// simulator finds it.
    #[cfg(feature = "planted")]
    #[must_use]
    pub const fn with_half_enough(mut self) -> Self {
        self.half_is_enough = true;
        self
    }

    /// This node.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// The votes this node expects.
    #[must_use]
    pub const fn expected(&self) -> Votes {
        self.expected
    }

    /// Two-node mode was asked for.
    #[must_use]
    pub const fn two_node(&self) -> bool {
        self.two_node
    }
}

#[cfg(test)]
mod tests;
