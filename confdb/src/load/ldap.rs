//! Entries of a directory in, a tree out.
//!
//! Must never trust the order in which a server answers, nor that every entry is there: what hangs
//! in the air is reported with its name. Must never lose a value silently: an attribute with two
//! values is a problem, unless it is the topmost entry's name, to which servers add the value of
//! its RDN.
//!
//! The same entries give the same tree, key for key, whatever server holds them and however it
//! answers: nodes that ask different replicas must come to the same configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::Loaded;
use crate::directory::dn::{Dn, Rdn};
use crate::directory::{Attribute, Entry, ORDER, TOP, names, schema};
use crate::error::{Fault, Problems, Severity, Spot, quoted};
use crate::tree::{DEEPEST, Handle, Key, MOST_OBJECTS, Place, Tree};
use crate::value::Value;

/// Builds the tree of the configuration below `base`; `source` is what problems call the
/// directory. Entries beside the configuration are none of our business and passed over.
#[must_use]
pub fn load(source: &str, base: &Dn, entries: &[Entry]) -> Loaded {
    let mut loader =
        Loader { tree: Tree::new(source), problems: Problems::new(source), found: BTreeMap::new() };
    loader.sort_in(base, entries);
    if !loader.found.contains_key(&Vec::new()) {
        let what = format!("there is no entry name={TOP},{base}");
        loader.problems.note(Severity::Error, Spot::default(), Fault::new(what));
    } else {
        loader.orphans();
        loader.object(Handle::ROOT, &Vec::new(), TOP);
    }
    let sound = !loader.problems.has_errors();
    Loaded { tree: loader.tree, problems: loader.problems.finish(), sound }
}

/// Longest part of a name that a problem shows, in characters.
const LONGEST_SHOWN: usize = 512;

/// Parts of a name below the topmost entry, as servers compare them.
type Below = Vec<Rdn>;

struct Loader<'e> {
    tree: Tree,
    problems: Problems,
    /// The entries by their folded names below the topmost one.
    found: BTreeMap<Below, Found<'e>>,
}

/// Where an object stands among its siblings, as far as the directory tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(u64);

struct Found<'e> {
    entry: &'e Entry,
    /// Parts as written.
    rdns: Vec<Rdn>,
    children: Vec<Below>,
}

impl<'e> Loader<'e> {
    fn sort_in(&mut self, base: &Dn, entries: &'e [Entry]) {
        for entry in entries {
            let Some(rdns) = entry.dn.below(base) else { continue };
            let Some((top, rdns)) = rdns.split_first() else { continue };
            let is_top = |(kind, value): &(String, String)| {
                (kind.eq_ignore_ascii_case("name") || kind.eq_ignore_ascii_case("cn"))
                    && value.eq_ignore_ascii_case(TOP)
            };
            if !top.pairs.iter().any(is_top) {
                continue;
            }
            if self.found.len() > MOST_OBJECTS || rdns.len() > 2 * DEEPEST {
                let what = "the directory holds more entries than a configuration may have";
                return self.error(entry, Fault::new(what));
            }
            let key: Below = rdns.iter().map(Rdn::folded).collect();
            let rdns = rdns.to_vec();
            let found = Found { entry, rdns, children: Vec::new() };
            if self.found.insert(key, found).is_some() {
                self.error(entry, Fault::new("two entries have this name"));
            }
        }
        let keys: Vec<Below> = self.found.keys().cloned().collect();
        for key in keys {
            let Some((_, parent)) = key.split_last() else { continue };
            if let Some(parent) = self.found.get_mut(parent) {
                parent.children.push(key);
            }
        }
    }

    /// Reports entries without the entry above them.
    fn orphans(&mut self) {
        let orphans: Vec<&Entry> = self
            .found
            .iter()
            .filter(|(key, _)| {
                key.split_last().is_some_and(|(_, above)| !self.found.contains_key(above))
            })
            .map(|(_, found)| found.entry)
            .collect();
        for entry in orphans {
            self.error(entry, Fault::new("the entry above it is missing"));
        }
    }

    /// Calls itself once per level, at most twice [`DEEPEST`] deep.
    fn object(&mut self, parent: Handle, key: &Below, name: &str) {
        let entry = self.found[key].entry;
        let object = match self.tree.create(parent, name) {
            Ok(object) => object,
            Err(error) => return self.error(entry, Fault::new(error.to_string())),
        };
        if let Some(line) = entry.line {
            self.tree.place_object(object, Place { line, column: 1 });
        }
        self.keys(object, entry, key.is_empty());
        for (child, name) in self.elements(key, name) {
            self.object(object, &child, &name);
        }
    }

    /// The objects below the entry of `element`, containers passed through, in their order.
    fn elements(&mut self, key: &Below, element: &str) -> Vec<(Below, String)> {
        let mut elements: Vec<(Rank, Below, String)> = Vec::new();
        for child in self.found[key].children.clone() {
            let found = &self.found[&child];
            let own = found.rdns.last().expect("a child has a name of its own");
            let Some(kind) = own.value("cn").map(str::to_owned) else {
                let fault = Fault::new("its name has no cn, and the entry above it no element");
                self.error(found.entry, fault);
                continue;
            };
            let named: Vec<Below> =
                found.children.iter().filter(|key| is_named(key)).cloned().collect();
            if named.is_empty() {
                elements.push((self.rank(&child), child, kind));
                continue;
            }
            self.container(&child, named.len());
            elements.extend(named.into_iter().map(|key| (self.rank(&key), key, kind.clone())));
        }
        elements.sort_by(|(one, key, kind), (other, other_key, other_kind)| {
            let place = |kind: &str| if element == TOP { place(kind) } else { 0 };
            let one = (place(kind), one, kind, key);
            one.cmp(&(place(other_kind), other, other_kind, other_key))
        });
        elements.into_iter().map(|(_, key, kind)| (key, kind)).collect()
    }

    /// A container holds named objects and nothing else.
    fn container(&mut self, key: &Below, named: usize) {
        let found = &self.found[key];
        let entry = found.entry;
        let others = found.children.len() > named;
        let keys = entry.attributes.iter().filter_map(|a| names::key(&a.name));
        let own: Vec<String> = keys.collect();
        if let Some(key) = own.first() {
            let what = format!("it holds named entries and has {key} itself: which element is it?");
            self.error(entry, Fault::new(what));
        } else if others {
            let what = "it holds named entries beside others: which element do those belong to?";
            self.error(entry, Fault::new(what));
        }
    }

    /// By the order that was written; nodes by their ids; what is left, by name.
    fn rank(&mut self, key: &Below) -> Rank {
        let entry = self.found[key].entry;
        let number = |name: &str| {
            let found = entry.attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name))?;
            let text = String::from_utf8_lossy(&found.value);
            Some(text.parse::<u64>().map_err(|_| text.into_owned()))
        };
        match (number(ORDER), number("rhcsNodeid")) {
            (Some(Ok(order)), _) | (None, Some(Ok(order))) => Rank(order),
            (Some(Err(text)), _) => {
                let expected = format!("a number, the {ORDER} of an entry");
                self.error(entry, Fault::value(&text, expected));
                Rank(u64::MAX)
            }
            (None, Some(Err(_)) | None) => Rank(u64::MAX),
        }
    }

    fn keys(&mut self, object: Handle, entry: &Entry, is_top: bool) {
        let mut seen = BTreeSet::new();
        let mut attributes: Vec<(usize, String, &Attribute)> = entry
            .attributes
            .iter()
            .filter_map(|attribute| {
                let key = names::key(&attribute.name)?;
                Some((schema::place(&key), key, attribute))
            })
            .collect();
        attributes.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        for (_, key, Attribute { name, value }) in attributes {
            let Ok(text) = String::from_utf8(value.clone()) else {
                let what = format!("the value of {name} is not UTF-8");
                self.error(entry, Fault::new(what));
                continue;
            };
            if !seen.insert(key.clone()) {
                let known = self.tree.key(object, &key).map(|known| known.value.to_string());
                let known = known.unwrap_or_default();
                if is_top && key == "name" && text == TOP {
                    continue;
                }
                if !(is_top && key == "name" && known == TOP) {
                    let (one, other) = (quoted(&known), quoted(&text));
                    let what = format!("{name} has two values: {one} and {other}");
                    self.error(entry, Fault::new(what));
                }
            }
            let place = entry.line.map(|line| Place { line, column: 1 });
            let value = Value::Text(text);
            if let Err(error) = self.tree.place_key(object, Key { name: key, value, place }) {
                self.error(entry, Fault::new(error.to_string()));
            }
        }
    }

    fn error(&mut self, entry: &Entry, fault: Fault) {
        let place = entry.line.map(|line| Place { line, column: 1 });
        let spot = Spot { place, path: shown(&entry.dn) };
        self.problems.note(Severity::Error, spot, fault);
    }
}

/// Where people look for the parts of a cluster: nodes after how they talk, services last.
fn place(element: &str) -> usize {
    const ORDER: &[&str] =
        &["cman", "totem", "quorumd", "clusternodes", "fencedevices", "fence_daemon"];
    match element {
        "rm" => ORDER.len() + 1,
        _ => ORDER.iter().position(|known| *known == element).unwrap_or(ORDER.len()),
    }
}

/// A name in a problem: whole, unless somebody made it longer than any is.
fn shown(dn: &Dn) -> String {
    let name = dn.to_string();
    match name.char_indices().nth(LONGEST_SHOWN) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name,
    }
}

fn is_named(key: &Below) -> bool {
    key.last().is_some_and(|rdn| rdn.value("name").is_some())
}

#[cfg(test)]
mod tests;
