//! Which object of the old tree is which of the new one.
//!
//! A file is edited by hand: nodes are sorted anew, one is put before another. Must never cost more
//! than a look-up for each: a hostile file may hold tens of thousands of siblings. Must never match
//! two that name themselves differently, with one exception: a node may keep its id and change its
//! name, or the other way round.

use core::num::NonZeroU32;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::tree::{Handle, Tree};

/// An object of either tree, or of both.
pub(super) struct Pair {
    pub(super) element: String,
    /// Its place among siblings of its element, in the new tree if it is there; `None` for the
    /// only one.
    pub(super) index: Option<NonZeroU32>,
    /// What names it.
    pub(super) title: Option<String>,
    /// It comes and goes as a whole: it has a name, or says nothing beyond that it is there.
    pub(super) whole: bool,
    pub(super) old: Option<Handle>,
    pub(super) new: Option<Handle>,
}

/// What tells an object from others: its element, and the values of its naming keys.
type Identity = (String, Option<String>);

/// The children of two objects that are the same one: those of the new tree in its order, then
/// what is gone.
pub(super) fn matched(
    (old_tree, old): (&Tree, Option<Handle>),
    (new_tree, new): (&Tree, Option<Handle>),
) -> Vec<Pair> {
    let old_children = old.map_or(&[][..], |object| old_tree.children(object));
    let new_children = new.map_or(&[][..], |object| new_tree.children(object));
    let partners = partners((old_tree, old_children), (new_tree, new_children));
    let taken: BTreeSet<Handle> = partners.values().copied().collect();
    let mut pairs = Vec::new();
    for (child, index) in numbered(new_tree, new_children) {
        let partner = partners.get(&child).copied();
        pairs.push(pair(new_tree, (child, index), (partner, Some(child))));
    }
    for (child, index) in numbered(old_tree, old_children) {
        if !taken.contains(&child) {
            pairs.push(pair(old_tree, (child, index), (Some(child), None)));
        }
    }
    pairs
}

/// The old object for each new one that has one.
fn partners(
    (old_tree, old): (&Tree, &[Handle]),
    (new_tree, new): (&Tree, &[Handle]),
) -> BTreeMap<Handle, Handle> {
    let mut waiting: BTreeMap<Identity, VecDeque<Handle>> = BTreeMap::new();
    for &child in old {
        waiting.entry(identity(old_tree, child)).or_default().push_back(child);
    }
    let mut partners = BTreeMap::new();
    let mut alone = Vec::new();
    for &child in new {
        match waiting.get_mut(&identity(new_tree, child)).and_then(VecDeque::pop_front) {
            Some(old) => {
                partners.insert(child, old);
            }
            None => alone.push(child),
        }
    }
    let left = waiting.into_values().flatten();
    let mut by_id: BTreeMap<String, Handle> =
        left.filter_map(|child| Some((node_id(old_tree, child)?, child))).collect();
    for child in alone {
        let old = node_id(new_tree, child).and_then(|id| by_id.remove(&id));
        partners.extend(old.map(|old| (child, old)));
    }
    partners
}

fn pair(
    tree: &Tree,
    (object, index): (Handle, Option<NonZeroU32>),
    (old, new): (Option<Handle>, Option<Handle>),
) -> Pair {
    let (element, title) = identity(tree, object);
    let bare = tree.keys(object).is_empty() && tree.children(object).is_empty();
    Pair { whole: title.is_some() || bare, element, index, title, old, new }
}

/// Siblings with their places among those of the same element.
fn numbered(tree: &Tree, children: &[Handle]) -> Vec<(Handle, Option<NonZeroU32>)> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut places = Vec::with_capacity(children.len());
    for &child in children {
        let count = counts.entry(tree.name(child)).or_default();
        *count += 1;
        places.push((child, *count));
    }
    let number = |(child, place): (Handle, u32)| {
        let several = counts.get(tree.name(child)).is_some_and(|count| *count > 1);
        (child, NonZeroU32::new(place).filter(|_| several))
    };
    places.into_iter().map(number).collect()
}

fn identity(tree: &Tree, object: Handle) -> Identity {
    /// Keys that name an object, the best first.
    const NAMING: [&str; 5] = ["name", "ref", "address", "program", "uid"];
    let value = |key: &str| tree.key(object, key).map(|key| key.value.to_string());
    let name = NAMING.iter().find_map(|key| value(key));
    let title = match (name, value("subsys")) {
        (Some(name), Some(part)) => Some(format!("{name} {part}")),
        (name, _) => name,
    };
    (tree.name(object).to_owned(), title)
}

fn node_id(tree: &Tree, object: Handle) -> Option<String> {
    let is_node = tree.name(object) == "clusternode";
    tree.key(object, "nodeid").filter(|_| is_node).map(|key| key.value.to_string())
}
