//! Changes of a tree as values: asked for by clients, told to those who watch.
//!
//! Must never point into the tree: a change is told after it happened, when its object may be gone.

use super::Handle;
use crate::path::Path;
use crate::value::Value;

/// A change asked for by a client.
#[derive(Clone, PartialEq, Debug)]
pub enum Edit {
    /// Add an object as the last child of `parent`.
    Create {
        /// Its parent.
        parent: Handle,
        /// Its name.
        name: String,
    },
    /// Give a key a value, adding the key when it is new.
    Set {
        /// Its object.
        object: Handle,
        /// Its name.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Remove a key.
    Unset {
        /// Its object.
        object: Handle,
        /// Its name.
        key: String,
    },
    /// Remove an object and all it holds.
    Delete {
        /// The object.
        object: Handle,
    },
}

/// A change that happened.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The objects from the root to the one concerned, both included.
    pub lineage: Vec<Handle>,
    /// The object concerned, as it was called when the change happened.
    pub path: Path,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// What happened to an object.
#[derive(Clone, PartialEq, Debug)]
pub enum ChangeKind {
    /// It was added.
    Created,
    /// It was removed, with all its keys.
    Deleted,
    /// A key has this value now.
    Set {
        /// The key.
        key: String,
        /// The value.
        value: Value,
    },
    /// A key was removed.
    Unset {
        /// The key.
        key: String,
    },
}
