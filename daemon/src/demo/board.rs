//! Who sees what: the latest view of every node, and when all nodes of a view share it.
//!
//! Must never guess: a node that said nothing sees nothing.

use std::collections::BTreeMap;
use std::time::Instant;

/// How one node sees the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct View {
    /// Sequence of the ring.
    pub(super) ring: u64,
    /// Ids of its members, ascending.
    pub(super) members: Vec<u32>,
    /// The node may act.
    pub(super) quorate: bool,
    /// Votes of the members.
    pub(super) present: u32,
    /// Votes needed.
    pub(super) needed: u32,
    /// Votes expected.
    pub(super) expected: u32,
    /// When it was told so first.
    pub(super) at: Instant,
}

impl View {
    /// Apart from the time they are the same.
    fn agrees(&self, other: &Self) -> bool {
        let at = self.at;
        *self == Self { at, ..other.clone() }
    }
}

/// The latest view of every node, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    views: BTreeMap<u32, View>,
}

impl Board {
    /// Notes what a node sees now. Returns the view when with this it is shared by all its
    /// members.
    pub(super) fn note(&mut self, node: u32, view: View) -> Option<&View> {
        let known = self.views.get(&node).is_some_and(|known| known.agrees(&view));
        // The time of the membership counts, not that of a verdict that follows it.
        let since = self
            .views
            .get(&node)
            .filter(|known| (known.ring, &known.members) == (view.ring, &view.members));
        let at = since.map_or(view.at, |known| known.at);
        self.views.insert(node, View { at, ..view });
        self.views.get(&node).filter(|view| !known && self.is_shared(view))
    }

    /// Forgets what a node saw: it is gone.
    pub(super) fn forget(&mut self, node: u32) {
        self.views.remove(&node);
    }

    /// What a node sees.
    pub(super) fn view(&self, node: u32) -> Option<&View> {
        self.views.get(&node)
    }

    /// All of these nodes, and no others, are members, and all agree on that.
    pub(super) fn consists_of(&self, nodes: &[u32]) -> bool {
        nodes.iter().all(|node| {
            self.view(*node).is_some_and(|view| view.members == nodes && self.is_shared(view))
        })
    }

    fn is_shared(&self, view: &View) -> bool {
        view.members.iter().all(|member| self.view(*member).is_some_and(|v| v.agrees(view)))
    }
}

#[cfg(test)]
mod tests;
