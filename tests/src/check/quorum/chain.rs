//! Which quorate membership followed from which.
//!
//! Must never forget: a node that restarts may not know any more what it was part of, the judge
//! does.

use std::collections::{BTreeMap, BTreeSet};

use totem::RingId;

use crate::check::group::Group;

/// Every quorate membership of a run.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    links: Vec<Group>,
    index: BTreeMap<(RingId, Group), usize>,
    /// The memberships that each node, in any of its lives, was in or knew of.
    known: Vec<BTreeSet<usize>>,
}

impl Chain {
    pub(super) fn new(nodes: usize) -> Self {
        let known = vec![BTreeSet::new(); nodes];
        Self { links: Vec::new(), index: BTreeMap::new(), known }
    }

    /// These act, in this ring. Another membership that acted, has no member of theirs, and is
    /// neither before nor after theirs, if there is one.
    pub(super) fn enter(&mut self, ring: RingId, members: Group) -> Option<Group> {
        let number = self.links.len();
        if *self.index.entry((ring, members)).or_insert(number) != number {
            return None;
        }
        let before: BTreeSet<usize> =
            members.iter().flat_map(|node| self.known[node].iter().copied()).collect();
        for node in members.iter() {
            self.known[node].extend(before.iter().copied());
            self.known[node].insert(number);
        }
        // What is entered later cannot be before what was entered earlier.
        let mut others = self.links.iter().enumerate();
        let apart =
            others.find(|&(other, link)| link.and(members).is_empty() && !before.contains(&other));
        let apart = apart.map(|(_, &link)| link);
        self.links.push(members);
        apart
    }
}
