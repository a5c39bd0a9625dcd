//! Objects and keys as lines: an object's keys before what it holds, several of one name with the
//! same path.
//!
//! Must never show two things as one in JSON: there a path tells siblings apart.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use client::confdb::{self, Object};
use client::map::Entry;
use client::{Connection, Value};
use serde_json::{Map, json};

use super::{Failure, Options};

/// Listed only when all is asked for.
const HIDDEN: &str = "internal_configuration";

/// Prints everything, or what the paths name.
pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let objects = daemon.tree(confdb::ROOT)?;
    let listing = Listing::new(&objects);
    let mut chosen = Chosen::default();
    if options.paths.is_empty() {
        let top = |object: &&Object| object.parent == confdb::ROOT && object.object != confdb::ROOT;
        let shown = |object: &&Object| options.all || object.name != HIDDEN;
        let tops = objects.iter().filter(top).filter(shown);
        chosen.objects.extend(tops.map(|object| object.object));
    }
    for path in &options.paths {
        let found = daemon.tree_find(path)?;
        let (_, name) = path.rsplit_once('.').unwrap_or_default();
        chosen.objects.extend(found.objects);
        chosen.keys.extend(found.keys.into_iter().map(|object| (object, name.to_owned())));
    }
    if options.json {
        writeln!(out, "{}", listing.json(&chosen))?;
    } else {
        out.write_all(listing.lines(&chosen, options.binary).as_bytes())?;
    }
    Ok(())
}

/// What is to be printed.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// Objects with all they hold.
    pub(super) objects: Vec<u64>,
    /// Single keys.
    pub(super) keys: Vec<(u64, String)>,
}

/// All objects, and where they stand.
#[derive(Debug)]
pub(super) struct Listing<'o> {
    objects: &'o [Object],
    /// By number: the path without and with the places among siblings.
    paths: BTreeMap<u64, (String, String)>,
}

impl<'o> Listing<'o> {
    pub(super) fn new(objects: &'o [Object]) -> Self {
        let mut siblings: BTreeMap<(u64, &str), u32> = BTreeMap::new();
        for object in objects {
            *siblings.entry((object.parent, &object.name)).or_default() += 1;
        }
        let mut seen: BTreeMap<(u64, &str), u32> = BTreeMap::new();
        let mut paths: BTreeMap<u64, (String, String)> = BTreeMap::new();
        for object in objects.iter().filter(|object| object.object != confdb::ROOT) {
            let place = seen.entry((object.parent, &object.name)).or_default();
            *place += 1;
            let several = siblings.get(&(object.parent, &object.name)).is_some_and(|n| *n > 1);
            let exact =
                if several { format!("{}[{place}]", object.name) } else { object.name.clone() };
            let path = match paths.get(&object.parent) {
                Some((plain, above)) => {
                    (format!("{plain}.{}", object.name), format!("{above}.{exact}"))
                }
                None => (object.name.clone(), exact),
            };
            paths.insert(object.object, path);
        }
        Self { objects, paths }
    }

    pub(super) fn lines(&self, chosen: &Chosen, binary: bool) -> String {
        let mut text = String::new();
        for top in &chosen.objects {
            for object in self.below(*top) {
                let Some((path, _)) = self.paths.get(&object.object) else { continue };
                for Entry { key, value } in &object.keys {
                    text += &format!("{path}.{key}={}\n", printed(value, binary));
                }
                let holds = self.objects.iter().any(|other| other.parent == object.object);
                if object.keys.is_empty() && !holds {
                    text += &format!("{path}\n");
                }
            }
        }
        for (object, key) in &chosen.keys {
            if let Some(((path, _), value)) = self.key(*object, key) {
                text += &format!("{path}.{key}={}\n", printed(value, binary));
            }
        }
        text
    }

    pub(super) fn json(&self, chosen: &Chosen) -> serde_json::Value {
        let tops = chosen.objects.iter().flat_map(|top| self.below(*top));
        let objects: Vec<serde_json::Value> = tops
            .filter_map(|object| {
                let (_, path) = self.paths.get(&object.object)?;
                let keys: Map<String, serde_json::Value> = object
                    .keys
                    .iter()
                    .map(|entry| (entry.key.clone(), plain(&entry.value)))
                    .collect();
                Some(json!({ "path": path, "object": object.object, "keys": keys }))
            })
            .collect();
        let keys: Vec<serde_json::Value> = chosen
            .keys
            .iter()
            .filter_map(|(object, key)| {
                let ((_, path), value) = self.key(*object, key)?;
                Some(json!({ "path": format!("{path}.{key}"), "value": plain(value) }))
            })
            .collect();
        json!({ "objects": objects, "keys": keys })
    }

    fn key(&self, object: u64, key: &str) -> Option<(&(String, String), &'o Value)> {
        let found = self.objects.iter().find(|found| found.object == object)?;
        let entry = found.keys.iter().find(|entry| entry.key == key)?;
        Some((self.paths.get(&object)?, &entry.value))
    }

    /// An object and all it holds. Parents stand before their children.
    fn below(&self, top: u64) -> Vec<&'o Object> {
        let mut inside = BTreeSet::from([top]);
        let within = |object: &&Object| {
            let is = object.object == top || inside.contains(&object.parent);
            if is {
                inside.insert(object.object);
            }
            is
        };
        self.objects.iter().filter(within).collect()
    }
}

/// A value as a line shows it.
pub(super) fn printed(value: &Value, binary: bool) -> String {
    match value {
        Value::I8(number) => number.to_string(),
        Value::U8(number) => number.to_string(),
        Value::I16(number) => number.to_string(),
        Value::U16(number) => number.to_string(),
        Value::I32(number) => number.to_string(),
        Value::U32(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::U64(number) => number.to_string(),
        Value::Float(number) => format!("{number:.6}"),
        Value::Double(number) => format!("{number:.6}"),
        Value::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::Binary(bytes) if binary => bytes.iter().map(|byte| escaped(*byte)).collect(),
        Value::Binary(bytes) => format!("**binary**({})", bytes.len()),
    }
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_graphic() || byte == b' ' {
        char::from(byte).to_string()
    } else {
        format!("\\x{byte:02X}")
    }
}

/// A value as JSON has it; bytes are text with escapes.
pub(super) fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::I8(number) => json!(number),
        Value::U8(number) => json!(number),
        Value::I16(number) => json!(number),
        Value::U16(number) => json!(number),
        Value::I32(number) => json!(number),
        Value::U32(number) => json!(number),
        Value::I64(number) => json!(number),
        Value::U64(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Double(number) => json!(number),
        Value::Text(_) | Value::Binary(_) => json!(printed(value, true)),
    }
}
