//! Which nodes can form a ring: a set in which everyone hears everyone, chosen alike by all who
//! know the same.
//!
//! Must never depend on who computes it: on the same candidates, links and weights every node
//! comes to the same set. One cut edge between two nodes must not break up the others (the paper
//! assumes that reachability is symmetric and transitive; networks are not).

use crate::ids::{NodeId, NodeSet};
use crate::wire::MOST_MEMBERS;

/// What makes one node preferred over another when both cannot stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Standing {
    /// Its votes.
    pub(crate) weight: u32,
    /// It is a member of the ring as it was.
    pub(crate) current: bool,
}

/// Removes nodes from `candidates` until everyone left is linked with everyone left. The one
/// removed is the one whose missing partners outweigh it most; then one that was not a member;
/// then the highest id.
pub(crate) fn choose(
    candidates: &NodeSet,
    standing: impl Fn(NodeId) -> Standing,
    linked: impl Fn(NodeId, NodeId) -> bool,
) -> NodeSet {
    let mut chosen = candidates.clone();
    loop {
        let worst = chosen
            .iter()
            .filter_map(|&node| {
                let missing = chosen.iter().filter(|&&other| other != node && !linked(node, other));
                let missing = missing.map(|&other| i64::from(standing(other).weight));
                let (count, weight) =
                    missing.fold((0_u32, 0_i64), |(count, sum), weight| (count + 1, sum + weight));
                let own = standing(node);
                (count > 0).then_some((weight - i64::from(own.weight), count, !own.current, node))
            })
            .max();
        match worst {
            Some((.., node)) => chosen.remove(&node),
            None => return chosen,
        };
    }
}

/// Votes of a set of nodes.
pub(crate) fn weight(nodes: &NodeSet, standing: impl Fn(NodeId) -> Standing) -> u64 {
    nodes.iter().map(|&node| u64::from(standing(node).weight)).sum()
}

/// The nodes that one packet can name: all, or, when somebody makes us hear more than a ring can
/// hold, those of `these`, which can hold no more.
pub(crate) fn nameable(nodes: NodeSet, these: &NodeSet) -> NodeSet {
    if nodes.len() <= MOST_MEMBERS { nodes } else { &nodes & these }
}

#[cfg(test)]
mod tests;
