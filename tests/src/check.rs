//! The properties, by name: each file beneath is one definition of the literature, and all of them
//! run on every single event of every node.
//!
//! Must never look inside a stack, and never wait for the end of a run: a breach is found at the
//! event that commits it, while the trace still shows why. Only convergence needs an end.
//!
//! Sources: L. E. Moser, Y. Amir, P. M. Melliar-Smith, D. A. Agarwal, "Extended Virtual Synchrony"
//! (ICDCS 1994), numbers as in its section 3; Y. Amir, L. E. Moser, P. M. Melliar-Smith, D. A.
//! Agarwal, P. Ciarfella, "The Totem Single-Ring Ordering and Membership Protocol" (ACM TOCS 13(4),
//! 1995), properties S1 to S5.

pub mod agreed_order;
pub mod causal_order;
pub mod configurations;
pub mod failure_atomicity;
pub mod group;
pub mod groups;
pub mod history;
pub mod liveness;
pub mod no_invention;
pub mod order_graph;
pub mod quorum;
pub mod safe_delivery;
pub mod self_delivery;
pub mod sides;
pub mod synchronization;
pub mod total_order;
pub mod versions;

use self::configurations::Configurations;
use self::failure_atomicity::FailureAtomicity;
use self::groups::Groups;
use self::history::{History, Seen};
use self::liveness::Missing;
use self::quorum::{Counting, Quorum};
use self::safe_delivery::SafeDelivery;
use self::sides::Sides;
use self::total_order::TotalOrder;
use self::versions::Versions;
use crate::message::MessageId;

/// A property does not hold: who and what shows it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Breach {
    /// Indices of the nodes.
    pub nodes: Vec<usize>,
    /// The messages.
    pub messages: Vec<MessageId>,
    /// What is wrong.
    pub detail: String,
}

impl Breach {
    fn new(
        nodes: impl IntoIterator<Item = usize>,
        messages: impl IntoIterator<Item = MessageId>,
        detail: impl Into<String>,
    ) -> Self {
        let mut nodes: Vec<usize> = nodes.into_iter().collect();
        nodes.dedup();
        Self { nodes, messages: messages.into_iter().collect(), detail: detail.into() }
    }

    /// About one node; the detail is told elsewhere.
    #[must_use]
    pub fn of(node: usize) -> Self {
        Self::about([node], "")
    }

    fn about(nodes: impl IntoIterator<Item = usize>, detail: impl Into<String>) -> Self {
        Self::new(nodes, [], detail)
    }
}

/// What a check says of an event.
pub type Finding = Result<(), Breach>;

/// All checks, and what they remember.
#[derive(Clone, Debug)]
pub struct Checks {
    history: History,
    configurations: Configurations,
    failure_atomicity: FailureAtomicity,
    /// Process groups are judged apart.
    pub groups: Groups,
    quorum: Quorum,
    safe_delivery: SafeDelivery,
    sides: Sides,
    total_order: TotalOrder,
    versions: Versions,
}

impl Checks {
    /// For a run of nodes with these votes.
    #[must_use]
    pub fn new(votes: Vec<u32>, two_node: bool) -> Self {
        let nodes = votes.len();
        Self {
            history: History::new(nodes),
            configurations: Configurations::default(),
            failure_atomicity: FailureAtomicity::default(),
            groups: Groups::default(),
            quorum: Quorum::new(votes, two_node),
            safe_delivery: SafeDelivery::default(),
            sides: Sides::new(false),
            total_order: TotalOrder::new(nodes),
            versions: Versions::new(nodes),
        }
    }

    /// The same for a run in which nodes with state are kept out, or not.
    #[must_use]
    pub fn keeping_out(self, keeps_out: bool) -> Self {
        Self { sides: Sides::new(keeps_out), ..self }
    }

    /// The same, with votes counted so.
    #[must_use]
    pub fn counting(mut self, counting: Counting) -> Self {
        self.quorum = self.quorum.counting(counting);
        self
    }

    /// What happened so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Which versions of the configuration there are.
    #[must_use]
    pub const fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Judges one event by every property, then remembers it.
    ///
    /// # Errors
    /// The name of the property and the breach.
    pub fn observe(&mut self, seen: &Seen<'_>) -> Result<(), (&'static str, Breach)> {
        let history = &self.history;
        let named = |name: &'static str| move |breach: Breach| (name, breach);
        self.configurations.judge(history, seen).map_err(named(configurations::NAME))?;
        no_invention::judge(history, seen).map_err(named(no_invention::NAME))?;
        self.versions.judge_members(history, seen).map_err(named(versions::NAME))?;
        let alike = self.versions.is_the_only_one();
        synchronization::judge(history, seen, alike).map_err(named(synchronization::NAME))?;
        self.sides.judge(history, seen, alike).map_err(named(sides::NAME))?;
        agreed_order::judge(history, seen).map_err(named(agreed_order::NAME))?;
        causal_order::judge(history, seen).map_err(named(causal_order::NAME))?;
        self_delivery::judge(history, seen).map_err(named(self_delivery::NAME))?;
        self.safe_delivery.judge(history, seen).map_err(named(safe_delivery::NAME))?;
        self.failure_atomicity.judge(history, seen).map_err(named(failure_atomicity::NAME))?;
        self.total_order.judge(seen).map_err(named(total_order::NAME))?;
        self.quorum.judge(history, self.versions.of(seen.node), seen)?;
        self.history.enter(seen);
        Ok(())
    }

    /// Judges what happened to a text of the configuration.
    ///
    /// # Errors
    /// The name of the property and the breach.
    pub fn observe_version(
        &mut self,
        node: usize,
        event: versions::Event,
    ) -> Result<(), (&'static str, Breach)> {
        self.versions.judge(node, event).map_err(|breach| (versions::NAME, breach))
    }

    /// What a healed cluster still lacks; `None` when it has converged.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        liveness::missing(&self.history, &self.quorum).or_else(|| {
            let (nodes, detail) = self.versions.missing(self.history.alive())?;
            Some(Missing::Membership { nodes, detail })
        })
    }
}

#[cfg(test)]
mod tests;
