//! Sets of nodes as the checks use them: small, copied freely, compared at every delivery.
//!
//! Must never name a node that is not in the plan: members are indices into its list.

use core::fmt;

/// A set of node indices below [`Group::MOST`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Group(u32);

impl Group {
    /// The empty set.
    pub const EMPTY: Self = Self(0);
    /// Indices are below this.
    pub const MOST: usize = 32;

    /// The set of one node.
    #[must_use]
    pub fn of(node: usize) -> Self {
        assert!(node < Self::MOST, "plans have fewer than {} nodes", Self::MOST);
        Self(1 << node)
    }

    /// With this node.
    pub fn insert(&mut self, node: usize) {
        self.0 |= Self::of(node).0;
    }

    /// Without this node.
    pub fn remove(&mut self, node: usize) {
        self.0 &= !Self::of(node).0;
    }

    /// Is the node in it?
    #[must_use]
    pub const fn has(self, node: usize) -> bool {
        node < Self::MOST && self.0 & (1 << node) != 0
    }

    /// Those in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in this one only.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Is every member also in `other`?
    #[must_use]
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Nobody is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in it.
    #[must_use]
    pub fn len(self) -> usize {
        self.iter().count()
    }

    /// The members, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Self::MOST).filter(move |node| self.has(*node))
    }
}

impl FromIterator<usize> for Group {
    fn from_iter<I: IntoIterator<Item = usize>>(nodes: I) -> Self {
        let mut group = Self::EMPTY;
        for node in nodes {
            group.insert(node);
        }
        group
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
