//! Which node breaks a tie.
//!
//! Must never name a node on each of two sides. The lowest or highest id is that of the file,
//! whoever is alive: one node, so one side. Of a list it is the first that was in the last
//! membership that was quorate, so that a dead node does not break ties for ever; for that all who
//! are here must have been in it, and nobody may have forgotten it by a restart: a membership that
//! followed it without them is then on the other side, and was won with the tie-breaker.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use totem::NodeId;

/// How the node that breaks ties is chosen (`auto_tie_breaker`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TieBreaker {
    /// The lowest configured id of a node with a vote.
    Lowest,
    /// The highest configured id of a node with a vote.
    Highest,
    /// The first of these that was in the last quorate membership.
    List(Vec<NodeId>),
}

/// May half of the votes, with these members, be enough? `voters` are the configured nodes that
/// have votes, `core` is the last quorate membership if all members were in it.
pub(crate) fn is_here(
    tie_breaker: &TieBreaker,
    voters: &BTreeSet<NodeId>,
    members: &BTreeSet<NodeId>,
    core: Option<&BTreeSet<NodeId>>,
) -> bool {
    let node = match tie_breaker {
        TieBreaker::Lowest => voters.first(),
        TieBreaker::Highest => voters.last(),
        TieBreaker::List(list) => {
            core.and_then(|core| list.iter().find(|node| core.contains(node)))
        }
    };
    node.is_some_and(|node| members.contains(node))
}

#[cfg(test)]
mod tests;
