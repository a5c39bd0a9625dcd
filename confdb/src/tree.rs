//! What the cluster was told to be, exactly as told: objects within objects, each with keys.
//!
//! Must never lose what it does not understand, nor the order in which it came: a configuration is
//! written back as it was read. Must never grow without bound, whoever feeds it.
//!
//! Objects may share a name with their siblings (a cluster has many `clusternode`s); keys of one
//! object may not. A [`Handle`] names one object for ever: it is not reused after a deletion. The
//! root is an object without a name, parent or keys.

mod change;
mod merge;

use core::num::NonZeroU32;
use std::collections::BTreeMap;

pub use self::change::{Change, ChangeKind, Edit};
use crate::error::{LONGEST_VALUE, TreeError};
use crate::path::{MOST_STEPS, Path, is_name};
use crate::value::Value;

/// Most objects of a tree.
pub const MOST_OBJECTS: usize = 65_536;
/// Most keys of an object.
pub const MOST_KEYS: usize = 1024;
/// Most objects between the root and the deepest one: one step less than a path has, so that its
/// keys can be named too.
pub const DEEPEST: usize = MOST_STEPS - 1;

/// An object. Stays valid until the object is deleted and then never names another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Handle(u64);

impl Handle {
    /// The object that holds all others.
    pub const ROOT: Self = Self(0);

    /// The number, for clients and logs.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The handle that a client names by number; whether it exists is seen when it is used.
    #[must_use]
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

/// A place in the text that an object or key was read from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column, in characters from 1.
    pub column: u32,
}

/// A key of an object.
#[derive(Clone, PartialEq, Debug)]
pub struct Key {
    /// Its name, unique in its object.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where it was read; `None` when a program set it.
    pub place: Option<Place>,
}

#[derive(Clone, PartialEq, Debug)]
struct Object {
    name: String,
    parent: Handle,
    children: Vec<Handle>,
    keys: Vec<Key>,
    place: Option<Place>,
}

/// The objects and where they came from.
#[derive(Clone, PartialEq, Debug)]
pub struct Tree {
    source: String,
    objects: BTreeMap<Handle, Object>,
    next: u64,
    /// Objects and keys that came from elsewhere, and from where.
    foreign: BTreeMap<(Handle, Option<String>), String>,
}

impl Tree {
    /// An empty tree whose content will come from `source`, a file name or the like.
    #[must_use]
    pub fn new(source: &str) -> Self {
        let root = Object {
            name: String::new(),
            parent: Handle::ROOT,
            children: Vec::new(),
            keys: Vec::new(),
            place: None,
        };
        let objects = BTreeMap::from([(Handle::ROOT, root)]);
        Self { source: source.to_owned(), objects, next: 1, foreign: BTreeMap::new() }
    }

    /// Where the content came from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where an object, or one of its keys, came from.
    #[must_use]
    pub fn source_of(&self, object: Handle, key: Option<&str>) -> &str {
        if self.foreign.is_empty() {
            return &self.source;
        }
        let own = self.foreign.get(&(object, key.map(str::to_owned)));
        own.unwrap_or(&self.source)
    }

    /// Keys that came from elsewhere than the tree, in document order of their objects.
    pub fn laid_over(&self) -> impl Iterator<Item = (Handle, &Key)> {
        let keys = self.foreign.keys().filter_map(|(object, key)| Some((*object, key.as_ref()?)));
        keys.filter_map(|(object, key)| self.key(object, key).map(|key| (object, key)))
    }

    // -- looking ------------------------------------------------------------------------------

    /// Whether the object exists.
    #[must_use]
    pub fn contains(&self, object: Handle) -> bool {
        self.objects.contains_key(&object)
    }

    /// The name of an object; empty for the root and for one that does not exist.
    #[must_use]
    pub fn name(&self, object: Handle) -> &str {
        self.objects.get(&object).map_or("", |found| found.name.as_str())
    }

    /// The object that holds this one; `None` for the root and for one that does not exist.
    #[must_use]
    pub fn parent(&self, object: Handle) -> Option<Handle> {
        if object == Handle::ROOT { None } else { self.objects.get(&object).map(|o| o.parent) }
    }

    /// The children of an object in document order.
    #[must_use]
    pub fn children(&self, object: Handle) -> &[Handle] {
        self.objects.get(&object).map_or(&[], |found| &found.children)
    }

    /// The children of that name, in document order.
    pub fn children_named<'t>(
        &'t self,
        object: Handle,
        name: &'t str,
    ) -> impl Iterator<Item = Handle> + 't {
        self.children(object).iter().copied().filter(move |child| self.name(*child) == name)
    }

    /// The keys of an object in document order.
    #[must_use]
    pub fn keys(&self, object: Handle) -> &[Key] {
        self.objects.get(&object).map_or(&[], |found| &found.keys)
    }

    /// A key of an object.
    #[must_use]
    pub fn key(&self, object: Handle, name: &str) -> Option<&Key> {
        self.keys(object).iter().find(|key| key.name == name)
    }

    /// Where an object was read; `None` when a program made it.
    #[must_use]
    pub fn place(&self, object: Handle) -> Option<Place> {
        self.objects.get(&object).and_then(|found| found.place)
    }

    /// The path of an object: with an index only where siblings share its name.
    #[must_use]
    pub fn path(&self, object: Handle) -> Path {
        let step = |path: Path, object: &Handle| path.join(self.name(*object), self.index(*object));
        self.lineage(object).iter().skip(1).fold(Path::root(), step)
    }

    /// All objects that a path names, in document order.
    #[must_use]
    pub fn find(&self, path: &Path) -> Vec<Handle> {
        let mut found = vec![Handle::ROOT];
        for step in path.steps() {
            let index = step.index.map(|index| usize::try_from(index.get()).unwrap_or(usize::MAX));
            let mut next = Vec::new();
            for object in found {
                let mut named = self.children_named(object, &step.name);
                match index {
                    Some(index) => next.extend(named.nth(index - 1)),
                    None => next.extend(named),
                }
            }
            found = next;
        }
        found
    }

    /// All keys that a path names, each with its object, in document order.
    #[must_use]
    pub fn find_keys(&self, path: &Path) -> Vec<(Handle, &Key)> {
        let Some((objects, last)) = path.split_last() else { return Vec::new() };
        if last.index.is_some() {
            return Vec::new();
        }
        self.find(&objects)
            .into_iter()
            .filter_map(|object| self.key(object, &last.name).map(|key| (object, key)))
            .collect()
    }

    /// The objects from the root to this one, both included; empty when it does not exist.
    fn lineage(&self, object: Handle) -> Vec<Handle> {
        let mut lineage = Vec::new();
        let mut at = self.contains(object).then_some(object);
        while let Some(object) = at {
            lineage.push(object);
            at = self.parent(object);
        }
        lineage.reverse();
        lineage
    }

    fn index(&self, object: Handle) -> Option<NonZeroU32> {
        let name = self.name(object);
        let mut place = None;
        let mut count = 0_u32;
        for sibling in self.children_named(self.parent(object)?, name) {
            count = count.saturating_add(1);
            if sibling == object {
                place = NonZeroU32::new(count);
            }
        }
        if count > 1 { place } else { None }
    }

    // -- changing -----------------------------------------------------------------------------

    /// Does what a client asks.
    ///
    /// # Errors
    /// It cannot be done; the tree is as it was.
    pub fn apply(&mut self, edit: Edit) -> Result<Vec<Change>, TreeError> {
        match edit {
            Edit::Create { parent, name } => {
                let object = self.create(parent, &name)?;
                Ok(vec![self.change(object, ChangeKind::Created)])
            }
            Edit::Set { object, key, value } => {
                self.set(object, &key, value.clone())?;
                Ok(vec![self.change(object, ChangeKind::Set { key, value })])
            }
            Edit::Unset { object, key } => {
                self.unset(object, &key)?;
                Ok(vec![self.change(object, ChangeKind::Unset { key })])
            }
            Edit::Delete { object } => {
                self.deletable(object)?;
                let gone = self.below(object);
                let changes =
                    gone.iter().rev().map(|gone| self.change(*gone, ChangeKind::Deleted)).collect();
                self.delete(object)?;
                Ok(changes)
            }
        }
    }

    /// Adds an object as the last child of `parent`.
    ///
    /// # Errors
    /// No such parent, a bad name, or no room.
    pub fn create(&mut self, parent: Handle, name: &str) -> Result<Handle, TreeError> {
        let depth = self.lineage(parent).len();
        if depth == 0 {
            return Err(TreeError::NoSuchObject(parent.0));
        }
        if !is_name(name) {
            return Err(TreeError::BadName(name.to_owned()));
        }
        let full = |most, what| {
            let path = self.path(parent);
            Err(TreeError::Full { path, name: name.to_owned(), most, what })
        };
        if depth > DEEPEST {
            return full(DEEPEST, "objects within each other");
        }
        if self.objects.len() > MOST_OBJECTS {
            return full(MOST_OBJECTS, "objects");
        }
        let object = Handle(self.next);
        self.next += 1;
        let new = Object {
            name: name.to_owned(),
            parent,
            children: Vec::new(),
            keys: Vec::new(),
            place: None,
        };
        self.objects.insert(object, new);
        self.object_mut(parent)?.children.push(object);
        Ok(object)
    }

    /// Gives a key a value; a new key becomes the last one of its object.
    ///
    /// # Errors
    /// No such object, the root, a bad name, a long value, or no room.
    pub fn set(&mut self, object: Handle, key: &str, value: Value) -> Result<(), TreeError> {
        self.place_key(object, Key { name: key.to_owned(), value, place: None })
    }

    /// Removes a key.
    ///
    /// # Errors
    /// No such object or key.
    pub fn unset(&mut self, object: Handle, key: &str) -> Result<(), TreeError> {
        let at = self.keys(object).iter().position(|found| found.name == key);
        if !self.contains(object) {
            return Err(TreeError::NoSuchObject(object.0));
        }
        let Some(at) = at else {
            return Err(TreeError::NoSuchKey { object: self.path(object), key: key.to_owned() });
        };
        self.object_mut(object)?.keys.remove(at);
        Ok(())
    }

    /// Removes an object and all it holds.
    ///
    /// # Errors
    /// No such object, or the root.
    pub fn delete(&mut self, object: Handle) -> Result<(), TreeError> {
        let parent = self.deletable(object)?;
        for gone in self.below(object) {
            self.objects.remove(&gone);
        }
        self.object_mut(parent)?.children.retain(|child| *child != object);
        Ok(())
    }

    /// As [`Tree::set`], with the place it was read from.
    pub(crate) fn place_key(&mut self, object: Handle, key: Key) -> Result<(), TreeError> {
        if object == Handle::ROOT {
            return Err(TreeError::Root);
        }
        if !is_name(&key.name) {
            return Err(TreeError::BadName(key.name));
        }
        let length = key.value.length();
        if length > LONGEST_VALUE {
            return Err(TreeError::ValueTooLong { key: key.name, length });
        }
        let found = self.object_mut(object)?;
        if let Some(old) = found.keys.iter_mut().find(|old| old.name == key.name) {
            *old = key;
            return Ok(());
        }
        if found.keys.len() >= MOST_KEYS {
            let path = self.path(object);
            return Err(TreeError::Full { path, name: key.name, most: MOST_KEYS, what: "keys" });
        }
        found.keys.push(key);
        Ok(())
    }

    /// Puts a key of another source over the one that is there. What does not fit stays out: it was
    /// bounded by the tree that it comes from.
    pub(crate) fn lay_key(&mut self, object: Handle, key: Key, source: &str) {
        let name = key.name.clone();
        if self.place_key(object, key).is_ok() {
            self.foreign.insert((object, Some(name)), source.to_owned());
        }
    }

    /// Adds an object of another source.
    pub(crate) fn lay_object(
        &mut self,
        parent: Handle,
        name: &str,
        (place, source): (Option<Place>, &str),
    ) -> Option<Handle> {
        let object = self.create(parent, name).ok()?;
        if let Some(place) = place {
            self.place_object(object, place);
        }
        self.foreign.insert((object, None), source.to_owned());
        Some(object)
    }

    /// Notes where an object was read.
    pub(crate) fn place_object(&mut self, object: Handle, place: Place) {
        if let Some(found) = self.objects.get_mut(&object) {
            found.place = Some(place);
        }
    }

    fn deletable(&self, object: Handle) -> Result<Handle, TreeError> {
        if object == Handle::ROOT {
            return Err(TreeError::Root);
        }
        self.parent(object).ok_or(TreeError::NoSuchObject(object.0))
    }

    /// An object and all it holds, parents before their children, in document order.
    fn below(&self, object: Handle) -> Vec<Handle> {
        let mut found = Vec::new();
        let mut waiting = vec![object];
        while let Some(object) = waiting.pop() {
            found.push(object);
            waiting.extend(self.children(object).iter().rev());
        }
        found
    }

    fn change(&self, object: Handle, kind: ChangeKind) -> Change {
        Change { lineage: self.lineage(object), path: self.path(object), kind }
    }

    fn object_mut(&mut self, object: Handle) -> Result<&mut Object, TreeError> {
        self.objects.get_mut(&object).ok_or(TreeError::NoSuchObject(object.0))
    }
}

#[cfg(test)]
mod tests;
