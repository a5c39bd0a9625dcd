//! What the vote counter is told, at its start and when the file changes.
//!
//! Must never hold what cannot be counted by: [`Config::new`] and [`Config::with_rules`] refuse
//! it, the former with CMAN's words.

use alloc::collections::BTreeMap;
use core::time::Duration;

use totem::NodeId;

use crate::digest::Digest;
use crate::error::ConfigError;
#[cfg(feature = "planted")]
use crate::planted::Planted;
use crate::rule::tie::TieBreaker;
use crate::votes::Votes;

/// Silence after which a quorum device is lost, unless told otherwise.
const DEVICE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a device that judges each membership may take for it, unless told otherwise.
const SYNC_TIMEOUT: Duration = Duration::from_secs(30);

/// A valid configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub(crate) me: NodeId,
    pub(crate) votes: BTreeMap<NodeId, Votes>,
    pub(crate) expected: Votes,
    pub(crate) two_node: bool,
    pub(crate) rules: Rules,
    pub(crate) device_timeout: Duration,
    pub(crate) sync_timeout: Duration,
    pub(crate) unlisted: bool,
    #[cfg(feature = "planted")]
    pub(crate) planted: Option<Planted>,
}

/// What goes beyond CMAN; nothing of it is in force by default.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// After a start or a loss of quorum this node is not quorate before it saw all nodes
    /// together, or those who are quorate.
    pub wait_for_all: bool,
    /// Half of the votes are enough on one side of an even split.
    pub tie_breaker: Option<TieBreaker>,
    /// Members that are still quorate so long after a loss expect only their own votes from then
    /// on.
    pub last_man_standing: Option<Duration>,
    /// Members that are quorate do not expect the votes of one that left in good order.
    pub allow_downscale: bool,
}

impl Rules {
    /// Two nodes with the same rules have the same number here.
    pub(crate) fn digest(&self) -> u64 {
        let Self { wait_for_all, tie_breaker, last_man_standing, allow_downscale } = self;
        let mut digest = Digest::default();
        digest.add(u64::from(*wait_for_all));
        digest.add(u64::from(*allow_downscale));
        digest.add(u64::from(last_man_standing.is_some()));
        match tie_breaker {
            None => digest.add(0),
            Some(TieBreaker::Lowest) => digest.add(1),
            Some(TieBreaker::Highest) => digest.add(2),
            Some(TieBreaker::List(list)) => {
                digest.add(3);
                list.iter().for_each(|node| digest.add(node.get().into()));
            }
        }
        digest.value()
    }

    /// What is expected follows who is there.
    pub(crate) const fn lowers(&self) -> bool {
        self.last_man_standing.is_some() || self.allow_downscale
    }
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
            rules: Rules::default(),
            device_timeout: DEVICE_TIMEOUT,
            sync_timeout: SYNC_TIMEOUT,
            unlisted: false,
            #[cfg(feature = "planted")]
            planted: None,
        })
    }

    /// The same with rules beyond CMAN's.
    ///
    /// # Errors
    /// The rules do not fit each other or the nodes.
    pub fn with_rules(mut self, rules: Rules) -> Result<Self, ConfigError> {
        if self.two_node && rules.tie_breaker.is_some() {
            return Err(ConfigError::TieBreakerInTwoNode);
        }
        if self.two_node && rules.lowers() {
            return Err(ConfigError::LoweringInTwoNode);
        }
        if rules.lowers() && !rules.wait_for_all {
            return Err(ConfigError::LoweringWithoutWait);
        }
        let standing = rules.last_man_standing.is_some();
        if let Some((&node, &votes)) =
            self.votes.iter().find(|(_, votes)| standing && **votes != Votes::ONE)
        {
            return Err(ConfigError::LastManOfVotes { node, votes });
        }
        if let Some(TieBreaker::List(list)) = &rules.tie_breaker {
            if list.is_empty() {
                return Err(ConfigError::EmptyTieBreaker);
            }
            if let Some(&node) = list.iter().find(|node| !self.votes.contains_key(node)) {
                return Err(ConfigError::Unlisted(node));
            }
        }
        self.rules = rules;
        Ok(self)
    }

    /// The same with another silence after which a quorum device is lost.
    #[must_use]
    pub const fn with_device_timeout(mut self, timeout: Duration) -> Self {
        self.device_timeout = timeout;
        self
    }

    /// The same with another time that a device which judges each membership anew may take for it.
    #[must_use]
    pub const fn with_sync_timeout(mut self, timeout: Duration) -> Self {
        self.sync_timeout = timeout;
        self
    }

    /// The same where no file lists the nodes (`cman_tool join -X`): each member has the votes that
    /// it says it has. All members must be told so: the editions of their configurations keep
    /// others apart.
    #[must_use]
    pub const fn unlisted(mut self) -> Self {
        self.unlisted = true;
        self
    }

    /// The same with a bug planted in it: for the proof that the simulator finds it.
    #[cfg(feature = "planted")]
    #[must_use]
    pub const fn with_planted(mut self, bug: Planted) -> Self {
        self.planted = Some(bug);
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

    /// The rules beyond CMAN's.
    #[must_use]
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }
}

#[cfg(test)]
mod tests;
