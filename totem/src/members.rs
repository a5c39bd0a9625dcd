//! Which nodes can form a ring: a set in which everyone hears everyone, chosen alike by all who
//! know the same.
//!
//! Must never depend on who computes it: on the same candidates, links and weights every node
//! comes to the same set. One cut edge between two nodes must not break up the others (the paper
//! assumes that reachability is symmetric and transitive; networks are not).

use alloc::vec::Vec;

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

/// Removes nodes from `candidates`, which ascend, until everyone left is linked with everyone left.
/// The one removed is the one whose missing partners outweigh it most; then one that was not a
/// member; then the highest id. `linked` is asked by places among the candidates, once for each
/// pair: with many nodes alone, each would otherwise spend all its time here.
pub(crate) fn choose(
    candidates: &[NodeId],
    standing: impl Fn(NodeId) -> Standing,
    linked: impl Fn(usize, usize) -> bool,
) -> NodeSet {
    let mut own: Vec<Choice> = candidates
        .iter()
        .map(|&node| Choice { node, standing: standing(node), weight: 0, missing: Vec::new() })
        .collect();
    for second in 0..own.len() {
        for first in (0..second).filter(|&first| !linked(first, second)) {
            for (one, other) in [(first, second), (second, first)] {
                own[one].weight += i64::from(own[other].standing.weight);
                own[one].missing.push(other);
            }
        }
    }
    let mut gone = alloc::vec![false; own.len()];
    let mut lacking: Vec<usize> = own.iter().map(|choice| choice.missing.len()).collect();
    loop {
        let worst = (0..own.len()).filter(|&place| !gone[place] && lacking[place] > 0);
        let worst = worst.max_by_key(|&place| {
            let Choice { node, standing, weight, .. } = &own[place];
            (weight - i64::from(standing.weight), lacking[place], !standing.current, *node)
        });
        let Some(worst) = worst else { break };
        gone[worst] = true;
        let weight = i64::from(own[worst].standing.weight);
        for other in core::mem::take(&mut own[worst].missing) {
            own[other].weight -= weight;
            lacking[other] -= 1;
        }
    }
    own.iter().zip(gone).filter(|(_, gone)| !gone).map(|(choice, _)| choice.node).collect()
}

/// A candidate while others are weighed against it.
struct Choice {
    node: NodeId,
    standing: Standing,
    /// Of those it is not linked with.
    weight: i64,
    /// Their places.
    missing: Vec<usize>,
}

/// Which of some nodes, by their places, are in a set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Places(Vec<u64>);

impl Places {
    /// Those of `nodes`, which ascend, that are in `set`.
    pub(crate) fn of(nodes: &[NodeId], set: &NodeSet) -> Self {
        let mut words = alloc::vec![0_u64; nodes.len().div_ceil(64)];
        let mut rest = set.iter().peekable();
        for (place, node) in nodes.iter().enumerate() {
            while rest.next_if(|other| *other < node).is_some() {}
            if rest.peek() == Some(&node) {
                words[place / 64] |= 1 << (place % 64);
            }
        }
        Self(words)
    }

    /// None of so many.
    pub(crate) fn none(count: usize) -> Self {
        Self(alloc::vec![0; count.div_ceil(64)])
    }

    /// The one at this place is, from now on.
    pub(crate) fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// All of `others`, which are places among the same nodes, are.
    pub(crate) fn covers(&self, others: &Self) -> bool {
        self.0.iter().zip(&others.0).all(|(own, other)| other & !own == 0)
    }

    /// The one at this place is.
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
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
