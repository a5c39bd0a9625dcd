//! One part of a tree becomes like another: what somebody else holds is taken over.
//!
//! Must never give an object that stays another handle: siblings of one name are the same ones as
//! far as there are as many, so that who watches one goes on watching it.

use std::collections::{BTreeMap, VecDeque};

use super::{Change, ChangeKind, Edit, Handle, Key, Object, Tree};

impl Tree {
    /// An object and all it holds, parents before their children, in document order.
    #[must_use]
    pub fn walk(&self, object: Handle) -> Vec<Handle> {
        if self.contains(object) { self.below(object) } else { Vec::new() }
    }

    /// Makes what an object holds the same as what `theirs` of another tree holds, in its order;
    /// says what changed. Bounds are those of the other tree. Nothing happens when either of the
    /// two does not exist.
    pub fn become_like(&mut self, object: Handle, other: &Self, theirs: Handle) -> Vec<Change> {
        let mut changes = Vec::new();
        if !self.contains(object) || !other.contains(theirs) {
            return changes;
        }
        let mut waiting = VecDeque::from([(object, theirs)]);
        while let Some((object, theirs)) = waiting.pop_front() {
            self.take_keys(object, other.keys(theirs), &mut changes);
            let mut ours: BTreeMap<String, VecDeque<Handle>> = BTreeMap::new();
            for &child in self.children(object) {
                ours.entry(self.name(child).to_owned()).or_default().push_back(child);
            }
            let mut children = Vec::new();
            for &child in other.children(theirs) {
                let name = other.name(child);
                let known = ours.get_mut(name).and_then(VecDeque::pop_front);
                let own = known.unwrap_or_else(|| self.add(object, name, &mut changes));
                children.push(own);
                waiting.push_back((own, child));
            }
            for gone in ours.into_values().flatten() {
                changes.extend(self.apply(Edit::Delete { object: gone }).unwrap_or_default());
            }
            if let Some(found) = self.objects.get_mut(&object) {
                found.children = children;
            }
        }
        changes
    }

    fn add(&mut self, parent: Handle, name: &str, changes: &mut Vec<Change>) -> Handle {
        let object = Handle(self.next);
        self.next += 1;
        let (name, children, keys) = (name.to_owned(), Vec::new(), Vec::new());
        self.objects.insert(object, Object { name, parent, children, keys, place: None });
        if let Some(found) = self.objects.get_mut(&parent) {
            found.children.push(object);
        }
        changes.push(self.change(object, ChangeKind::Created));
        object
    }

    fn take_keys(&mut self, object: Handle, theirs: &[Key], changes: &mut Vec<Change>) {
        let Some(found) = self.objects.get_mut(&object) else { return };
        let before = std::mem::replace(&mut found.keys, theirs.to_vec());
        for Key { name: key, .. } in &before {
            if !theirs.iter().any(|new| new.name == *key) {
                changes.push(self.change(object, ChangeKind::Unset { key: key.clone() }));
            }
        }
        for Key { name: key, value, .. } in theirs {
            if !before.iter().any(|old| old.name == *key && old.value == *value) {
                let (key, value) = (key.clone(), value.clone());
                changes.push(self.change(object, ChangeKind::Set { key, value }));
            }
        }
    }
}
