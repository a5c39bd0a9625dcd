//! What one host says differently: its `local.conf`, laid over the cluster's configuration.
//!
//! A configuration that all nodes share cannot say where this host logs to. Must never let a host
//! say what all must agree on: only what concerns nobody else is taken, and the rest is refused, so
//! that nobody thinks it counts. Must never lose where a value came from: the tree names the file
//! of each. What is local is never part of what nodes send each other; they send the text of
//! cluster.conf.
//!
//! The format is that of cluster.conf: a `cluster` with the elements below, of which each attribute
//! goes before the one in cluster.conf. A `logging_daemon` goes before the one of the same name and
//! subsystem, or is added.
//!
//! | element | attributes |
//! |---|---|
//! | `cman` | `nodename`: which node this host is; `realtime`: `no` to run as any program |
//! | `logging`, `logging_daemon` | all |

use std::collections::BTreeMap;

use crate::error::{Fault, Problem, Problems, Severity, Spot};
use crate::load::{Loaded, xml};
use crate::path::Path;
use crate::tree::{Handle, Key, Place, Tree};

/// Attributes of `cman` that a host may set.
const CMAN: [&str; 2] = ["nodename", "realtime"];

/// The element of which there may be several.
const ENTRY: &str = "logging_daemon";

/// What one host says, and nothing that it may not.
#[derive(Clone, Debug)]
pub struct Overlay {
    tree: Tree,
}

impl Overlay {
    /// Reads a `local.conf`; `source` is what problems call it. Whether the values make sense is
    /// seen with the whole configuration.
    ///
    /// # Errors
    /// Everything in it that is no configuration, or may not be set by one host.
    pub fn read(source: &str, text: &[u8]) -> Result<Self, Vec<Problem>> {
        let Loaded { tree, mut problems, sound } = xml::load(source, text);
        if sound {
            problems.extend(forbidden(&tree));
        }
        let bad = problems.iter().any(|problem| problem.severity == Severity::Error);
        if bad || !sound { Err(problems) } else { Ok(Self { tree }) }
    }

    /// Lays it over the configuration of the cluster.
    pub fn apply(&self, base: &mut Tree) {
        let mut entries = entries(base);
        let mut pairs = vec![(Handle::ROOT, Handle::ROOT)];
        while let Some((here, there)) = pairs.pop() {
            for key in self.tree.keys(here) {
                base.lay_key(there, key.clone(), self.tree.source());
            }
            for &child in self.tree.children(here) {
                let name = self.tree.name(child);
                let known = if name == ENTRY {
                    entries.get(&(there, naming(&self.tree, child))).copied()
                } else {
                    base.children_named(there, name).next()
                };
                let origin = (self.tree.place(child), self.tree.source());
                let Some(found) = known.or_else(|| base.lay_object(there, name, origin)) else {
                    continue;
                };
                if name == ENTRY {
                    entries.insert((there, naming(&self.tree, child)), found);
                }
                pairs.push((child, found));
            }
        }
    }
}

/// What tells one entry for a daemon from another: the section that it is in, its name and its
/// subsystem.
type Entry = (Handle, [Option<String>; 2]);

/// The entries for daemons; of several for the same one the last, which is the one that counts.
fn entries(base: &Tree) -> BTreeMap<Entry, Handle> {
    let clusters = base.children_named(Handle::ROOT, "cluster");
    let sections = clusters.flat_map(|cluster| base.children_named(cluster, "logging"));
    let entries = sections.flat_map(|section| {
        let entry = move |entry| ((section, naming(base, entry)), entry);
        base.children_named(section, ENTRY).map(entry)
    });
    entries.collect()
}

fn naming(tree: &Tree, entry: Handle) -> [Option<String>; 2] {
    ["name", "subsys"].map(|key| tree.key(entry, key).map(|key| key.value.to_string()))
}

/// What a host may not say.
fn forbidden(tree: &Tree) -> Vec<Problem> {
    let mut problems = Problems::new(tree.source());
    let mut waiting: Vec<Handle> = tree.children(Handle::ROOT).iter().rev().copied().collect();
    while let Some(object) = waiting.pop() {
        let names = names(tree, object);
        let allowed: Option<&[&str]> = match names.as_slice() {
            ["cluster"] => Some(&[]),
            ["cluster", "cman"] => Some(&CMAN),
            ["cluster", "logging"] | ["cluster", "logging", "logging_daemon"] => None,
            _ => {
                let what = "this element may not be here: it is the same for all nodes";
                problems.note(Severity::Error, spot(tree, object, None), refuse(what));
                continue;
            }
        };
        for key in tree.keys(object) {
            if allowed.is_some_and(|allowed| !allowed.contains(&key.name.as_str())) {
                let what = "this attribute may not be here: it is the same for all nodes";
                problems.note(Severity::Error, spot(tree, object, Some(key)), refuse(what));
            }
        }
        waiting.extend(tree.children(object).iter().rev());
    }
    problems.finish()
}

fn refuse(what: &str) -> Fault {
    Fault::new(format!("{what}; set it in cluster.conf"))
        .expected("logging, or cman with nodename or realtime")
}

fn names(tree: &Tree, object: Handle) -> Vec<&str> {
    let above = core::iter::successors(Some(object), |object| tree.parent(*object));
    let mut names: Vec<&str> = above.map(|object| tree.name(object)).collect();
    names.pop();
    names.reverse();
    names
}

fn spot(tree: &Tree, object: Handle, key: Option<&Key>) -> Spot {
    let place: Option<Place> = key.and_then(|key| key.place).or_else(|| tree.place(object));
    // An index would cost a look at all siblings for each of them.
    let path = names(tree, object).into_iter().chain(key.map(|key| key.name.as_str()));
    let path = path.fold(Path::root(), |path, name| path.join(name, None));
    Spot { place, path: path.to_string() }
}

#[cfg(test)]
mod tests;
