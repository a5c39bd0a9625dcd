//! The objects of this node: the configuration as it was loaded, the state of the cluster, and what
//! programs add. Objects stand within objects, several of one name as well; each has keys.
//!
//! Must never keep objects: what is asked is asked of the daemon, and who wants to know of changes
//! watches. All of it needs permission, as passwords may stand in a configuration.
//!
//! What the configuration says is the same on all nodes: a change of it is a new version of the
//! cluster's configuration, which all nodes go by or none. The call returns when they do. Several
//! changes that only make sense together go into one [`Connection::tree_edit`].

use std::time::Instant;

use crate::configuration::Reloaded;
use crate::connection::{Connection, unexpected};
use crate::error::Error;
use crate::map::{Entry, Value};
#[cfg(doc)]
use crate::proto::Reason;
use crate::proto::{self, notice, reply, request, tree_request};

/// The object that holds all others.
pub const ROOT: u64 = 0;

/// Objects at the top that say what the configuration says, and that can be changed.
pub const CONFIGURATION: [&str; 4] = ["cluster", "logging", "totem", "uidgid"];

/// One change of the configuration. Paths are names separated by dots, `[2]` for the second of
/// several of one name; the first is meant where there are several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Give a key of an object a value.
    Set {
        /// The object.
        path: String,
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// The same, and make what is missing.
    Put {
        /// The object.
        path: String,
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Make objects as far as they are missing, one within the other.
    Create(String),
    /// Make an object beside those of its name, with a key.
    New {
        /// The object.
        path: String,
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Remove a key.
    Unset {
        /// The object.
        path: String,
        /// The key.
        key: String,
    },
    /// Remove an object and all it holds.
    Delete(String),
}

/// An object.
#[derive(Clone, PartialEq, Debug)]
pub struct Object {
    /// Its number, which never names another.
    pub object: u64,
    /// The number of what holds it; its own for the root.
    pub parent: u64,
    /// Its name; empty for the root.
    pub name: String,
    /// Its keys in document order.
    pub keys: Vec<Entry>,
}

/// Some objects in document order, parents before their children.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<Object>,
    /// There are more after the last one.
    pub more: bool,
}

/// What a path names, in document order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Objects.
    pub objects: Vec<u64>,
    /// Objects with a key of the last name of the path.
    pub keys: Vec<u64>,
}

/// What happened to an object that is watched.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectChange {
    /// The number of the watch.
    pub watch: u64,
    /// The object.
    pub object: u64,
    /// Its path when it happened.
    pub path: String,
    /// What happened.
    pub event: ObjectEvent,
}

/// What happened to an object.
#[derive(Clone, PartialEq, Debug)]
pub enum ObjectEvent {
    /// It was added.
    Created,
    /// It was removed. What watched it has ended.
    Deleted,
    /// A key has another value, or is new.
    Set(Entry),
    /// A key was removed.
    Unset(String),
}

/// Browsing and changing objects.
impl Connection {
    /// An object and what it holds, in document order, after `after` (`None`: from the object
    /// itself on), as many as one reply takes.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, and with [`Reason::Absent`] when
    /// there is no such object.
    pub fn tree_list(&mut self, object: u64, after: Option<u64>) -> Result<ObjectPage, Error> {
        let list = tree_request::What::List(proto::TreeList { object, after });
        let reply::What::TreePage(proto::TreePage { objects, more }) = self.ask_tree(list)? else {
            return Err(unexpected("tree list"));
        };
        let objects = objects.into_iter().map(Object::try_from).collect::<Result<_, _>>()?;
        Ok(ObjectPage { objects, more })
    }

    /// An object and all it holds, in document order. Asked page by page: what changes meanwhile
    /// may be seen as before or as after.
    ///
    /// # Errors
    /// As [`Connection::tree_list`].
    pub fn tree(&mut self, object: u64) -> Result<Vec<Object>, Error> {
        let mut objects = Vec::new();
        loop {
            let after = objects.last().map(|last: &Object| last.object);
            let page = self.tree_list(object, after)?;
            let empty = page.objects.is_empty();
            objects.extend(page.objects);
            if !page.more || empty {
                return Ok(objects);
            }
        }
    }

    /// What a path names: names separated by dots, `[2]` for the second of several of one name.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, and with [`Reason::Invalid`] when
    /// that is no path.
    pub fn tree_find(&mut self, path: &str) -> Result<Found, Error> {
        let find = tree_request::What::Find(proto::TreeFind { path: path.to_owned() });
        let reply::What::TreeFound(proto::TreeFound { objects, keys }) = self.ask_tree(find)?
        else {
            return Err(unexpected("tree find"));
        };
        Ok(Found { objects, keys })
    }

    /// Adds an object as the last child of `parent`; its number.
    ///
    /// # Errors
    /// As [`Connection::tree_list`]; [`Reason::ReadOnly`] when it is not the programs' to change,
    /// [`Reason::Invalid`] when that is no name, [`Reason::Full`]; of the configuration as
    /// [`Connection::tree_edit`].
    pub fn tree_create(&mut self, parent: u64, name: &str) -> Result<u64, Error> {
        let name = name.to_owned();
        let create = tree_request::What::Create(proto::TreeCreate { parent, name });
        let reply::What::TreeObject(created) = self.ask_tree(create)? else {
            return Err(unexpected("tree create"));
        };
        Ok(created.object)
    }

    /// Gives a key of an object a value, adding the key when it is new. Objects have no numbers of
    /// 8 bits, and text is UTF-8.
    ///
    /// # Errors
    /// As [`Connection::tree_create`], and [`Reason::TooLarge`].
    pub fn tree_set(&mut self, object: u64, key: &str, value: Value) -> Result<(), Error> {
        let (key, value) = (key.to_owned(), Some(value.into()));
        self.tree_done("tree set", tree_request::What::Set(proto::TreeSet { object, key, value }))
    }

    /// Removes a key of an object.
    ///
    /// # Errors
    /// As [`Connection::tree_create`].
    pub fn tree_unset(&mut self, object: u64, key: &str) -> Result<(), Error> {
        let key = key.to_owned();
        self.tree_done("tree unset", tree_request::What::Unset(proto::TreeUnset { object, key }))
    }

    /// Removes an object and all it holds.
    ///
    /// # Errors
    /// As [`Connection::tree_create`].
    pub fn tree_delete(&mut self, object: u64) -> Result<(), Error> {
        self.tree_done("tree delete", tree_request::What::Delete(proto::TreeDelete { object }))
    }

    /// Changes the configuration of the cluster: all of this in its order, as one new version that
    /// all nodes go by, or nothing. Returns when they do, and the file of this node is the new one.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, with [`Reason::ReadOnly`] what
    /// cannot be changed here, with [`Reason::Absent`] what is not there, with [`Reason::Invalid`]
    /// what XML cannot carry; with [`Reason::TryAgain`] while another change is under way; as
    /// [`Connection::reload`] what comes out. Nothing was changed then.
    pub fn tree_edit(&mut self, edits: &[Edit]) -> Result<Reloaded, Error> {
        let edits = edits.iter().cloned().map(proto::TreeEdit::from).collect();
        let edits = tree_request::What::Edits(proto::TreeEdits { edits });
        let reply::What::Reloaded(reloaded) = self.ask_tree(edits)? else {
            return Err(unexpected("tree edit"));
        };
        Ok(reloaded.into())
    }

    /// Asks to be told of changes of an object from now on, until it is removed; what is told
    /// carries `watch`, which the program chooses among its own. With `subtree` everything below
    /// counts, else its keys and the coming and going of its children.
    ///
    /// # Errors
    /// As [`Connection::tree_list`]; [`Reason::Already`] when the number is in use,
    /// [`Reason::Full`].
    pub fn tree_watch(&mut self, watch: u64, object: u64, subtree: bool) -> Result<(), Error> {
        let wish = proto::TreeWatch { watch, object, subtree };
        self.tree_done("tree watch", tree_request::What::Watch(wish))
    }

    /// Asks to be told no longer. What was on its way may still come.
    ///
    /// # Errors
    /// As [`Connection::tree_list`].
    pub fn tree_unwatch(&mut self, watch: u64) -> Result<(), Error> {
        self.tree_done("tree unwatch", tree_request::What::Unwatch(proto::TreeUnwatch { watch }))
    }

    /// The next change of a watched object, waited for until `deadline` (`None`: for ever);
    /// `Ok(None)` when it passed. What the program is told besides is skipped.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn tree_change(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<ObjectChange>, Error> {
        loop {
            match self.notice(deadline)? {
                None => return Ok(None),
                Some(notice::What::TreeChange(change)) => {
                    return ObjectChange::try_from(change).map(Some);
                }
                Some(_) => {}
            }
        }
    }

    fn ask_tree(&mut self, what: tree_request::What) -> Result<reply::What, Error> {
        self.request(request::What::Tree(proto::TreeRequest { what: Some(what) }))
    }

    fn tree_done(&mut self, asked: &str, what: tree_request::What) -> Result<(), Error> {
        self.done(asked, request::What::Tree(proto::TreeRequest { what: Some(what) }))
    }
}

impl From<Edit> for proto::TreeEdit {
    fn from(edit: Edit) -> Self {
        use proto::TreeEditKind;
        let nothing = String::new;
        let (kind, path, key, value) = match edit {
            Edit::Set { path, key, value } => (TreeEditKind::Set, path, key, value),
            Edit::Put { path, key, value } => (TreeEditKind::Put, path, key, value),
            Edit::Create(path) => (TreeEditKind::Create, path, nothing(), nothing()),
            Edit::New { path, key, value } => (TreeEditKind::New, path, key, value),
            Edit::Unset { path, key } => (TreeEditKind::Unset, path, key, nothing()),
            Edit::Delete(path) => (TreeEditKind::Delete, path, nothing(), nothing()),
        };
        Self { kind: kind.into(), path, key, value }
    }
}

impl TryFrom<proto::TreeObject> for Object {
    type Error = Error;

    fn try_from(told: proto::TreeObject) -> Result<Self, Error> {
        let proto::TreeObject { object, parent, name, keys } = told;
        let keys = keys.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
        Ok(Self { object, parent, name, keys })
    }
}

impl TryFrom<proto::TreeChange> for ObjectChange {
    type Error = Error;

    fn try_from(told: proto::TreeChange) -> Result<Self, Error> {
        let proto::TreeChange { watch, object, path, event, key, value } = told;
        let event = match proto::TreeEvent::try_from(event) {
            Ok(proto::TreeEvent::Created) => ObjectEvent::Created,
            Ok(proto::TreeEvent::Deleted) => ObjectEvent::Deleted,
            Ok(proto::TreeEvent::Set) => {
                ObjectEvent::Set(Entry { key, value: value.unwrap_or_default().try_into()? })
            }
            Ok(proto::TreeEvent::Unset) => ObjectEvent::Unset(key),
            Ok(proto::TreeEvent::Unspecified) | Err(_) => {
                return Err(Error::Protocol(format!("no change of an object has number {event}")));
            }
        };
        Ok(Self { watch, object, path, event })
    }
}
