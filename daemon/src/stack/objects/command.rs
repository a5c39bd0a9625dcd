//! What programs may ask of the objects, and what they are answered and told, on one screen.
//!
//! Must never carry a wire type.

use confdb::edit::steps::{Step, StepError};
use confdb::path::PathError;
use confdb::{Handle, TreeError};
use thiserror::Error;

use super::{MOST_BYTES, MOST_OBJECTS, MOST_WATCHES, ObjectPage};
use crate::stack::database::reload::NotReloaded;
use crate::stack::map::Value;

/// What a program asks of the objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TreeCommand {
    /// An object and what it holds, in document order, after one of these.
    List {
        /// Which.
        object: Handle,
        /// The last one that is known; `None` to begin with the object itself.
        after: Option<Handle>,
    },
    /// What a path names.
    Find(String),
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
    Delete(Handle),
    /// Change the configuration that all nodes share: all of this or nothing.
    Edit(Vec<Step>),
    /// Tell of changes from now on.
    Watch {
        /// The program's own number for this.
        number: u64,
        /// Of this object.
        object: Handle,
        /// And of everything below it; else of its keys and the coming and going of its children.
        subtree: bool,
    },
    /// Tell of these no longer.
    Unwatch(u64),
}

/// What a program is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectsFound {
    /// Done as asked.
    Done,
    /// This object was added.
    Object(Handle),
    /// Some objects.
    Page(ObjectPage),
    /// What a path names, in document order.
    Found {
        /// Objects.
        objects: Vec<Handle>,
        /// Objects with a key of the last name.
        keys: Vec<Handle>,
    },
}

/// What happened to an object that a session watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectChange {
    /// The session's own number of the watch.
    pub number: u64,
    /// The object concerned.
    pub object: Handle,
    /// Its path when it happened.
    pub path: String,
    /// What happened.
    pub what: What,
}

/// What happened to an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// It was added.
    Created,
    /// It was removed, with all its keys. What watched it has ended.
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

/// Why a program was not answered so.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ObjectRefused {
    /// It stays, or comes of itself.
    #[error("{0} shows the configuration: what stands in it can be changed, it is always there")]
    Configuration(String),
    /// It follows from something else.
    #[error("{path} follows from what the configuration says elsewhere: {instead}")]
    Derived {
        /// It.
        path: String,
        /// What to do.
        instead: &'static str,
    },
    /// It is no part of the configuration.
    #[error("{0} is no part of the configuration")]
    Elsewhere(String),
    /// The configuration is a copy of what a directory holds.
    #[error(
        "{0} comes from a directory: change it there and raise rhcsConfig-version; `cman_tool \
         version -r` has all nodes go by it"
    )]
    Directory(String),
    /// There is none.
    #[error("this node was started without a configuration")]
    Unconfigured,
    /// The configuration cannot be changed like this.
    #[error("{0}")]
    Step(Box<StepError>),
    /// The nodes do not go by it.
    #[error("{0}")]
    NotWritten(NotReloaded),
    /// It shows the state of the daemon.
    #[error("{0} shows how the daemon and the cluster are, and cannot be set")]
    Running(String),
    /// There is no such object.
    #[error("there is no object {0}")]
    NoObject(u64),
    /// That is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It cannot be done.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// Objects have no value of this kind.
    #[error("{key} cannot have this value: {expected} is expected")]
    Value {
        /// The key.
        key: String,
        /// What it could have.
        expected: &'static str,
    },
    /// Programs have added too much.
    #[error("no room: programs may add {MOST_OBJECTS} objects with {MOST_BYTES} bytes")]
    Full,
    /// This session has a watch of this number.
    #[error("watch {0} is in use")]
    WatchTaken(u64),
    /// This session has none of this number.
    #[error("there is no watch {0}")]
    NoWatch(u64),
    /// This session watches enough.
    #[error("no room: a program may have {MOST_WATCHES} watches")]
    TooManyWatches,
}

impl From<StepError> for ObjectRefused {
    fn from(why: StepError) -> Self {
        Self::Step(Box::new(why))
    }
}
