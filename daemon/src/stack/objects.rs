//! The objects that programs browse: the configuration as it was loaded, the state of the cluster,
//! and what programs add.
//!
//! Must never let a program change what shows something else: the configuration is the same on all
//! nodes and changes by a new version of it, which a program may ask for (`written.rs`); the state
//! of the cluster changes by what happens. Must never grow without bound, nor wait for the ring.

mod command;
mod convert;
mod page;
pub(crate) mod running;
pub(crate) mod written;

use std::collections::BTreeMap;

use confdb::watch::Depth;
use confdb::{Change, ChangeKind, Edit, Handle, Path, Tree, WatchId, Watches};

pub use self::command::{ObjectChange, ObjectRefused, ObjectsFound, TreeCommand, What};
pub use self::page::{Object, ObjectPage};
use self::written::Written;
use super::command::SessionId;
use super::effect::Notice;
use super::outbox::Outbox;

/// Objects at the top that show the configuration.
const CONFIGURATION: [&str; 5] = ["cluster", "logging", "quorum", "totem", "uidgid"];
/// Objects at the top that show the running daemon.
const RUNNING: [&str; 2] = ["internal_configuration", "runtime"];

/// Most objects that programs may add.
pub const MOST_OBJECTS: usize = 4096;
/// Most bytes of names and values in them.
pub const MOST_BYTES: usize = 8 << 20;
/// Most watches of one session.
pub const MOST_WATCHES: usize = 256;

/// What comes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// This.
    Found(ObjectsFound),
    /// All nodes are to go by a configuration that was changed so.
    Written(Written),
}

/// All objects, and who watches them.
#[derive(Debug)]
pub(crate) struct Objects {
    tree: Tree,
    watches: Watches,
    /// By the session and its own number.
    numbers: BTreeMap<(SessionId, u64), WatchId>,
    sessions: BTreeMap<WatchId, (SessionId, u64)>,
    /// How many objects programs added, and how many bytes are in them.
    programs: (usize, usize),
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            tree: Tree::new("clusterd"),
            watches: Watches::default(),
            numbers: BTreeMap::new(),
            sessions: BTreeMap::new(),
            programs: (0, 0),
        }
    }
}

impl Objects {
    /// Does what a program asks.
    pub(crate) fn command(
        &mut self,
        session: SessionId,
        command: TreeCommand,
        outbox: &mut Outbox,
    ) -> Result<Answer, ObjectRefused> {
        if let Some(written) = written::written(&self.tree, &command)? {
            return Ok(Answer::Written(written));
        }
        let found = match command {
            TreeCommand::Edit(steps) => return written::edits(&steps).map(Answer::Written),
            TreeCommand::List { object, after } => {
                page::page(&self.tree, object, after).map(ObjectsFound::Page)?
            }
            TreeCommand::Find(path) => self.find(&path)?,
            TreeCommand::Create { parent, name } => self.create(parent, name, outbox)?,
            TreeCommand::Set { object, key, value } => {
                self.check((object, Some(&key)))?;
                let value = convert::from_program(&key, value)?;
                self.has_room(0, key.len() + convert::size(&value))?;
                self.apply(Edit::Set { object, key, value }, outbox)?
            }
            TreeCommand::Unset { object, key } => {
                self.check((object, Some(&key)))?;
                self.apply(Edit::Unset { object, key }, outbox)?
            }
            TreeCommand::Delete(object) => {
                self.check((object, None))?;
                self.apply(Edit::Delete { object }, outbox)?
            }
            TreeCommand::Watch { number, object, subtree } => {
                self.watch((session, number), object, subtree)?
            }
            TreeCommand::Unwatch(number) => {
                let watch = self.numbers.remove(&(session, number));
                let watch = watch.ok_or(ObjectRefused::NoWatch(number))?;
                self.sessions.remove(&watch);
                self.watches.unwatch(watch)?;
                ObjectsFound::Done
            }
        };
        Ok(Answer::Found(found))
    }

    fn create(
        &mut self,
        parent: Handle,
        name: String,
        outbox: &mut Outbox,
    ) -> Result<ObjectsFound, ObjectRefused> {
        self.check((parent, Some(&name)))?;
        self.has_room(1, name.len())?;
        let new = (1, name.len());
        let changes = self.tree.apply(Edit::Create { parent, name })?;
        let created = changes.first().and_then(|change| change.lineage.last()).copied();
        self.changed(((0, 0), new), &changes, outbox);
        Ok(created.map_or(ObjectsFound::Done, ObjectsFound::Object))
    }

    /// A program is gone.
    pub(crate) fn gone(&mut self, session: SessionId) {
        let range = (session, 0)..=(session, u64::MAX);
        let own: Vec<(SessionId, u64)> = self.numbers.range(range).map(|(id, _)| *id).collect();
        for id in own {
            if let Some(watch) = self.numbers.remove(&id) {
                self.sessions.remove(&watch);
                // It ended with its object, or ends now.
                let _ = self.watches.unwatch(watch);
            }
        }
    }

    /// Somebody wants to be told of changes.
    pub(crate) fn are_watched(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// These are the objects that show the configuration now.
    pub(crate) fn show_configuration(&mut self, shown: &Tree, outbox: &mut Outbox) {
        self.show(&CONFIGURATION, shown, outbox);
    }

    /// These are the objects that show the running daemon now.
    pub(crate) fn show_running(&mut self, shown: &Tree, outbox: &mut Outbox) {
        self.show(&RUNNING, shown, outbox);
    }

    /// The objects of these names at the top become those that are shown. They stand before the
    /// programs' own, and the configuration before the state.
    fn show(&mut self, names: &[&str], shown: &Tree, outbox: &mut Outbox) {
        if let Some(pairs) = self.pairs(names, shown) {
            for (ours, theirs) in pairs {
                let changes = self.tree.become_like(ours, shown, theirs);
                self.tell(&changes, outbox);
            }
            return;
        }
        let mut whole = Tree::new(self.tree.source());
        let ours = self.tree.children(Handle::ROOT).to_vec();
        let theirs = shown.children(Handle::ROOT).iter().map(|object| (shown, *object));
        let kept = |wanted: bool| {
            let tree = &self.tree;
            let known = move |object: &Handle| {
                let name = tree.name(*object);
                let is_configuration = CONFIGURATION.contains(&name);
                !names.contains(&name) && is_configuration == wanted
            };
            ours.iter().copied().filter(known).map(move |object| (tree, object))
        };
        let tops: Vec<(&Tree, Handle)> = kept(true).chain(theirs).chain(kept(false)).collect();
        for (from, object) in tops {
            // The other tree and this one have room for them.
            let Ok(top) = whole.create(Handle::ROOT, from.name(object)) else { continue };
            whole.become_like(top, from, object);
        }
        let changes = self.tree.become_like(Handle::ROOT, &whole, Handle::ROOT);
        self.tell(&changes, outbox);
    }

    /// The objects at the top that stay, each with what it becomes; `None` when one comes or goes.
    fn pairs(&self, names: &[&str], shown: &Tree) -> Option<Vec<(Handle, Handle)>> {
        let tops = self.tree.children(Handle::ROOT).iter().copied();
        let ours: Vec<Handle> = tops.filter(|top| names.contains(&self.tree.name(*top))).collect();
        let theirs = shown.children(Handle::ROOT);
        let named =
            |(ours, theirs): (&Handle, &Handle)| self.tree.name(*ours) == shown.name(*theirs);
        let same = ours.len() == theirs.len() && ours.iter().zip(theirs).all(named);
        same.then(|| ours.into_iter().zip(theirs.iter().copied()).collect())
    }

    /// The first object of this path.
    pub(crate) fn first(&self, path: &Path) -> Option<Handle> {
        self.tree.find(path).first().copied()
    }

    fn find(&self, path: &str) -> Result<ObjectsFound, ObjectRefused> {
        let path: Path = path.parse()?;
        let objects = self.tree.find(&path);
        let keys = self.tree.find_keys(&path).into_iter().map(|(object, _)| object).collect();
        Ok(ObjectsFound::Found { objects, keys })
    }

    /// Refuses to change what is not the programs', by the name of what would be changed.
    fn check(&self, (object, name): (Handle, Option<&str>)) -> Result<(), ObjectRefused> {
        let path = self.tree.path(object);
        let top = match path.steps().first() {
            Some(step) => step.name.as_str(),
            None => name.unwrap_or_default(),
        };
        let whole = || match name {
            Some(name) if path.steps().is_empty() => name.to_owned(),
            Some(name) => format!("{path}.{name}"),
            None => path.to_string(),
        };
        if CONFIGURATION.contains(&top) {
            Err(ObjectRefused::Configuration(whole()))
        } else if RUNNING.contains(&top) {
            Err(ObjectRefused::Running(whole()))
        } else {
            Ok(())
        }
    }

    fn has_room(&self, objects: usize, bytes: usize) -> Result<(), ObjectRefused> {
        let (count, taken) = self.programs;
        let full = count + objects > MOST_OBJECTS || taken + bytes > MOST_BYTES;
        if full { Err(ObjectRefused::Full) } else { Ok(()) }
    }

    fn apply(&mut self, edit: Edit, outbox: &mut Outbox) -> Result<ObjectsFound, ObjectRefused> {
        let (object, key) = match &edit {
            Edit::Create { parent: object, .. } | Edit::Delete { object } => (*object, None),
            Edit::Set { object, key, .. } | Edit::Unset { object, key } => {
                (*object, Some(key.clone()))
            }
        };
        let weigh = |objects: &Self| match &key {
            Some(key) => objects.key_weight(object, key),
            None => objects.weight(object),
        };
        let before = weigh(self);
        let changes = self.tree.apply(edit)?;
        let after = weigh(self);
        self.changed((before, after), &changes, outbox);
        Ok(ObjectsFound::Done)
    }

    /// A program changed this: so many objects and bytes are there now, instead of so many.
    fn changed(
        &mut self,
        (before, after): ((usize, usize), (usize, usize)),
        changes: &[Change],
        outbox: &mut Outbox,
    ) {
        let (count, bytes) = self.programs;
        self.programs = (count + after.0 - before.0, bytes + after.1 - before.1);
        self.tell(changes, outbox);
    }

    /// How many objects an object is with all it holds, and how many bytes are in them.
    fn weight(&self, object: Handle) -> (usize, usize) {
        self.tree.walk(object).into_iter().fold((0, 0), |(count, bytes), object| {
            let keys = self.tree.keys(object).iter();
            let keys: usize = keys.map(|key| key.name.len() + convert::size(&key.value)).sum();
            (count + 1, bytes + self.tree.name(object).len() + keys)
        })
    }

    /// Bytes of a key.
    fn key_weight(&self, object: Handle, key: &str) -> (usize, usize) {
        let found = self.tree.key(object, key);
        (0, found.map_or(0, |key| key.name.len() + convert::size(&key.value)))
    }

    #[cfg(test)]
    fn counted(&self) -> (usize, usize) {
        let tops = self.tree.children(Handle::ROOT).iter();
        let own = tops.filter(|top| {
            let name = self.tree.name(**top);
            !CONFIGURATION.contains(&name) && !RUNNING.contains(&name)
        });
        own.map(|top| self.weight(*top)).fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1))
    }

    fn watch(
        &mut self,
        id: (SessionId, u64),
        object: Handle,
        subtree: bool,
    ) -> Result<ObjectsFound, ObjectRefused> {
        if self.numbers.contains_key(&id) {
            return Err(ObjectRefused::WatchTaken(id.1));
        }
        if !self.tree.contains(object) {
            return Err(ObjectRefused::NoObject(object.get()));
        }
        if self.numbers.range((id.0, 0)..=(id.0, u64::MAX)).count() >= MOST_WATCHES {
            return Err(ObjectRefused::TooManyWatches);
        }
        let depth = if subtree { Depth::Subtree } else { Depth::Object };
        let watch = self.watches.watch(object, depth)?;
        self.numbers.insert(id, watch);
        self.sessions.insert(watch, id);
        Ok(ObjectsFound::Done)
    }

    fn tell(&mut self, changes: &[Change], outbox: &mut Outbox) {
        for confdb::Notice { watch, change } in self.watches.notices(changes) {
            let Some(&(session, number)) = self.sessions.get(&watch) else { continue };
            let object = change.lineage.last().copied().unwrap_or(Handle::ROOT);
            let path = change.path.to_string();
            let what = match change.kind {
                ChangeKind::Created => What::Created,
                ChangeKind::Deleted => What::Deleted,
                ChangeKind::Set { key, value } => {
                    What::Set { key, value: convert::for_program(&value) }
                }
                ChangeKind::Unset { key } => What::Unset { key },
            };
            outbox.notify(session, Notice::Object(ObjectChange { number, object, path, what }));
        }
        // A watch ends with its object.
        if changes.iter().any(|change| change.kind == ChangeKind::Deleted) {
            let watches = &self.watches;
            self.numbers.retain(|_, watch| watches.watches(*watch).is_some());
            let numbers = &self.numbers;
            self.sessions.retain(|_, id| numbers.contains_key(id));
        }
    }
}

#[cfg(test)]
mod tests;
