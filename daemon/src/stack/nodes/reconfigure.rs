//! The node table under a new version of the configuration.
//!
//! Must never forget a node that is on the ring, whatever the configuration says: its messages go
//! on coming, and it is told of like everyone (CMAN did the same). Must never change what a living
//! node says of itself: its name and addresses come from its own configuration, by its hello.

use std::collections::BTreeSet;

use totem::{NodeId, NodeSet};

use super::super::command::NodeEntry;
use super::{Entry, Nodes};

/// What a new version made of the table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reconfigured {
    /// New rows, of nodes that are dead until they join.
    pub added: NodeSet,
    /// Rows that are gone.
    pub removed: NodeSet,
    /// Nodes that are no longer configured and whose rows go when they do.
    pub staying: NodeSet,
}

impl Nodes {
    /// The configured nodes are these from now on, in this version.
    pub(crate) fn reconfigure(&mut self, entries: &[NodeEntry], version: u64) -> Reconfigured {
        self.cluster.config_version = version;
        let mut done = Reconfigured::default();
        for NodeEntry { id, name, addresses, votes: _ } in entries {
            let entry = self.entries.entry(*id).or_insert_with(|| {
                done.added.insert(*id);
                Entry::new(name.clone(), true, addresses.clone())
            });
            entry.configured = true;
            entry.name.clone_from(name);
            if !entry.is_on_ring() || entry.addresses.is_empty() {
                entry.addresses.clone_from(addresses);
            }
        }
        let listed: BTreeSet<NodeId> = entries.iter().map(|entry| entry.id).collect();
        self.obsolete.retain(|id| !listed.contains(id));
        for (&id, entry) in &mut self.entries {
            if entry.configured && !listed.contains(&id) {
                entry.configured = false;
                self.obsolete.insert(id);
            }
        }
        done.removed = self.forget_obsolete();
        done.staying.clone_from(&self.obsolete);
        done
    }

    /// Forgets those who are no longer configured and have gone since.
    pub(super) fn forget_obsolete(&mut self) -> NodeSet {
        let gone = |id: &NodeId| !self.entries.get(id).is_some_and(Entry::is_on_ring);
        let removed: NodeSet = self.obsolete.iter().copied().filter(gone).collect();
        for id in &removed {
            self.entries.remove(id);
            self.obsolete.remove(id);
        }
        removed
    }
}

#[cfg(test)]
mod tests;
