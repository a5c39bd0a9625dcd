//! Who wants to know of which changes: a client watches an object instead of asking again.
//!
//! Must never call anybody: changes go in, a list of notices comes out, and the daemon carries
//! them to the sessions. A watch ends with the object that it watches; that is its last notice.

use std::collections::BTreeMap;

use crate::error::TreeError;
use crate::tree::{Change, ChangeKind, Handle};

/// Most watches at a time.
pub const MOST_WATCHES: usize = 4096;

/// A subscription. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct WatchId(u64);

impl WatchId {
    /// The number, for clients and logs.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The watch that a client names by number; whether it exists is seen when it is used.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// How far below its object a watch looks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Depth {
    /// The object, its keys, and the coming and going of its children.
    Object,
    /// The object and everything below.
    Subtree,
}

/// A change that a watch asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// The watch.
    pub watch: WatchId,
    /// The change.
    pub change: Change,
}

/// All watches.
#[derive(Clone, Debug, Default)]
pub struct Watches {
    watches: BTreeMap<WatchId, Watch>,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
struct Watch {
    object: Handle,
    depth: Depth,
}

impl Watches {
    /// Watches an object. That it exists is for the caller to see: one that does not gives no
    /// notices.
    ///
    /// # Errors
    /// Too many watches.
    pub fn watch(&mut self, object: Handle, depth: Depth) -> Result<WatchId, TreeError> {
        if self.watches.len() >= MOST_WATCHES {
            return Err(TreeError::TooManyWatches(MOST_WATCHES));
        }
        let id = WatchId(self.next);
        self.next += 1;
        self.watches.insert(id, Watch { object, depth });
        Ok(id)
    }

    /// What a watch watches; `None` when it has ended.
    #[must_use]
    pub fn watches(&self, watch: WatchId) -> Option<Handle> {
        self.watches.get(&watch).map(|watch| watch.object)
    }

    /// Ends a watch.
    ///
    /// # Errors
    /// No such watch.
    pub fn unwatch(&mut self, watch: WatchId) -> Result<(), TreeError> {
        self.watches.remove(&watch).map(|_| ()).ok_or(TreeError::NoSuchWatch(watch.0))
    }

    /// The notices that `changes` give rise to: in the order of the changes, and of one change in
    /// the order in which the watches were made.
    pub fn notices(&mut self, changes: &[Change]) -> Vec<Notice> {
        let mut notices = Vec::new();
        for change in changes {
            let concerned = self.watches.iter().filter(|(_, watch)| watch.sees(change));
            notices.extend(concerned.map(|(id, _)| Notice { watch: *id, change: change.clone() }));
            if change.kind == ChangeKind::Deleted {
                self.watches.retain(|_, watch| Some(&watch.object) != change.lineage.last());
            }
        }
        notices
    }
}

impl Watch {
    fn sees(&self, change: &Change) -> bool {
        let Some(above) = change.lineage.iter().rev().position(|object| *object == self.object)
        else {
            return false;
        };
        match (self.depth, &change.kind) {
            (Depth::Subtree, _) => true,
            (Depth::Object, ChangeKind::Created | ChangeKind::Deleted) => above <= 1,
            (Depth::Object, ChangeKind::Set { .. } | ChangeKind::Unset { .. }) => above == 0,
        }
    }
}

#[cfg(test)]
mod tests;
