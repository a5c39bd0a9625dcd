//! A configuration as entries of a directory.
//!
//! Must never write what would not come back as the same configuration: what a directory cannot
//! hold is refused, all of it at once, with its line in the file. Every parent stands before its
//! children and no entry stands twice, so that the entries can be added one by one.

use std::collections::BTreeSet;

use super::dn::{Dn, Rdn};
use super::{Attribute, CONTAINER, Entry, ORDER, TOP, is_unordered, names, schema};
use crate::error::{Fault, Problem, Problems, Severity, Spot, quoted};
use crate::tree::{Handle, Key, Tree};

/// Class that lets any entry carry [`ORDER`].
pub const ORDERED: &str = "rhcsPlaced";

/// What came of writing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The entries, parents first.
    pub entries: Vec<Entry>,
    /// What a server may refuse that has no more than our schema.
    pub warnings: Vec<Problem>,
}

/// Writes the object `cluster` and all it holds below `base`.
///
/// # Errors
/// Everything that a directory cannot hold, warnings included.
pub fn entries(tree: &Tree, cluster: Handle, base: &Dn) -> Result<Written, Vec<Problem>> {
    let problems = Problems::new(tree.source());
    let mut writer = Writer { tree, entries: Vec::new(), problems };
    let top = base.child(Rdn::new("name", TOP));
    writer.object(cluster, &top, Place { order: None, is_named: true });
    let Writer { entries, problems, .. } = writer;
    let failed = problems.has_errors();
    let problems = problems.finish();
    if failed { Err(problems) } else { Ok(Written { entries, warnings: problems }) }
}

struct Writer<'t> {
    tree: &'t Tree,
    entries: Vec<Entry>,
    problems: Problems,
}

/// Where an object stands among its siblings.
#[derive(Clone, Copy)]
struct Place {
    /// Its number, where that is to be kept.
    order: Option<usize>,
    /// Its entry is named by its key `name`, not by its element.
    is_named: bool,
}

impl Writer<'_> {
    /// Calls itself once per level, at most [`crate::tree::DEEPEST`] deep.
    fn object(&mut self, object: Handle, dn: &Dn, place: Place) {
        let element = self.tree.name(object).to_owned();
        let mut attributes = Vec::new();
        for key in self.tree.keys(object) {
            attributes.extend(self.attribute(object, key));
        }
        let has_keys = !attributes.is_empty();
        if let Some(order) = place.order {
            attributes.push(Attribute::new(ORDER, order.to_string()));
        }
        if !place.is_named {
            attributes.push(Attribute::new("cn", element.clone()));
        }
        let class = if has_keys { self.class(object, &element) } else { CONTAINER.to_owned() };
        attributes.push(Attribute::new("objectclass", class));
        if place.order.is_some() {
            attributes.push(Attribute::new("objectclass", ORDERED));
        }
        self.entries.push(Entry { dn: dn.clone(), attributes, line: None });
        self.children(object, &element, dn);
    }

    fn children(&mut self, parent: Handle, element: &str, dn: &Dn) {
        let children = self.tree.children(parent).to_vec();
        let ordered = children.len() > 1 && !is_unordered(element);
        let named: BTreeSet<String> = children
            .iter()
            .filter(|child| self.name(**child).is_some())
            .map(|child| self.tree.name(*child).to_lowercase())
            .collect();
        let mut containers = BTreeSet::new();
        let mut taken = BTreeSet::new();
        for (index, &child) in children.iter().enumerate() {
            let kind = self.tree.name(child).to_owned();
            let name = self.name(child);
            let (rdn, above) = match &name {
                Some(name) => {
                    let above = dn.child(Rdn::new("cn", &kind));
                    if containers.insert(kind.to_lowercase()) {
                        self.container(&kind, above.clone());
                    }
                    (Rdn::new("name", name), above)
                }
                None => (Rdn::new("cn", &kind), dn.clone()),
            };
            // Whoever has no name must not be taken for the container of those who have.
            let mistakable = name.is_none() && named.contains(&kind.to_lowercase());
            let clash = !taken.insert((kind.to_lowercase(), rdn.folded()));
            let place = index + 1;
            let in_rdn = clash || mistakable;
            let own = above.child(if in_rdn { numbered(rdn, place) } else { rdn });
            let order = (ordered || in_rdn).then_some(place);
            self.object(child, &own, Place { order, is_named: name.is_some() });
        }
    }

    fn name(&self, object: Handle) -> Option<String> {
        self.tree.key(object, "name").map(|key| key.value.to_string())
    }

    /// What holds the named objects of one element.
    fn container(&mut self, element: &str, dn: Dn) {
        let attributes =
            vec![Attribute::new("cn", element), Attribute::new("objectclass", CONTAINER)];
        self.entries.push(Entry { dn, attributes, line: None });
    }

    fn attribute(&mut self, object: Handle, key: &Key) -> Option<Attribute> {
        let value = key.value.to_string();
        let Some(name) = names::attribute(&key.name) else {
            let what = format!("no attribute of a directory gives back the name {}", key.name);
            self.note(Severity::Error, object, (Some(key), Fault::new(what)));
            return None;
        };
        if key.name == "name" && value.trim().is_empty() {
            let fault = Fault::value(&value, "a name that an entry can have");
            self.note(Severity::Error, object, (Some(key), fault));
        } else if key.name != "name" && !value.is_ascii() {
            let what = format!("{} is not ASCII, all that the schema takes", quoted(&value));
            self.note(Severity::Error, object, (Some(key), Fault::new(what)));
        }
        let element = self.tree.name(object);
        if schema::knows(element, None) && !schema::knows(element, Some(&key.name)) {
            let what = format!("the schema has no attribute {name} for this: the server needs it");
            self.note(Severity::Warning, object, (Some(key), Fault::new(what)));
        }
        Some(Attribute::new(name, value))
    }

    fn class(&mut self, object: Handle, element: &str) -> String {
        let (class, known) = names::class(element);
        if !known {
            let what = format!("the schema has no class {class}: the server needs one more");
            self.note(Severity::Warning, object, (None, Fault::new(what)));
        }
        class
    }

    fn note(&mut self, severity: Severity, object: Handle, (key, fault): (Option<&Key>, Fault)) {
        let path = self.tree.path(object);
        let (place, path) = match key {
            Some(key) => (key.place, path.join(&key.name, None)),
            None => (self.tree.place(object), path),
        };
        self.problems.note(severity, Spot { place, path: path.to_string() }, fault);
    }
}

fn numbered(mut rdn: Rdn, place: usize) -> Rdn {
    rdn.pairs.push((ORDER.to_owned(), place.to_string()));
    rdn
}

#[cfg(test)]
mod tests;
