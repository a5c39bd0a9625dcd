//! The schema that a directory server needs to hold a configuration, in the three forms that
//! servers read.
//!
//! Must never renumber: an OID is given once and for ever, so lists grow at their ends only. Names
//! and numbers are those of CMAN's schema where those are known; the rest, and all that is ours,
//! is numbered below an arc of our own, from a UUID as ITU-T X.667 allows to anyone.
//!
//! Departures from CMAN's schema, each because it kept configurations out of a directory: every
//! class may have `cn`, without which a resource that has no name could not be stored; every value
//! is a text, as in cluster.conf, where `010` is a number too.

use core::fmt::Write;
use std::collections::BTreeSet;

use super::write::ORDERED;
use super::{CONTAINER, ORDER, names};

/// Arc of CMAN's attributes.
const ATTRIBUTES_ARC: &str = "1.3.6.1.4.1.2312.8.1.1";
/// Arc of CMAN's classes.
const CLASSES_ARC: &str = "1.3.6.1.4.1.2312.8.1.2";
/// Our own arc.
const OURS: &str = "2.25.93436030409218040612714839825993006583";
/// IA5String (RFC 4517 §3.3.15).
const TEXT: &str = "1.3.6.1.4.1.1466.115.121.1.26";
/// The container's class, which 389-DS knows by itself.
const CONTAINER_OID: &str = "2.16.840.1.113730.3.2.104";

/// How a server wants its schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A file to be included by OpenLDAP's slapd.conf.
    OpenLdap,
    /// An entry to be added to OpenLDAP's cn=config.
    Config,
    /// A file for the schema directory of 389-DS.
    Ds389,
}

/// A class: the element, its number in CMAN's schema, what its entries must and may have, as words.
struct Class {
    element: &'static str,
    number: Option<u16>,
    must: &'static str,
    may: &'static [&'static str],
}

const fn class(
    element: &'static str,
    number: u16,
    must: &'static str,
    may: &'static [&'static str],
) -> Class {
    Class { element, number: Some(number), must, may }
}

const fn ours(element: &'static str, may: &'static [&'static str]) -> Class {
    Class { element, number: None, must: "", may }
}

mod lists;

use lists::{ATTRIBUTES, CLASSES};

/// Whether the schema has this element, and this key in it; the key `name` is everywhere.
#[must_use]
pub fn knows(element: &str, key: Option<&str>) -> bool {
    let Some(class) = CLASSES.iter().find(|class| class.element == element) else { return false };
    key.is_none_or(|key| key == "name" || class.keys().any(|known| known == key))
}

/// Where a key stands in lists: the name first, then as in the schema, then what it does not have.
pub(crate) fn place(key: &str) -> usize {
    match key {
        "name" => 0,
        _ => keys().position(|known| known == key).map_or(usize::MAX, |place| place + 1),
    }
}

/// Keys that have an attribute.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    attributes().map(|(key, _)| key)
}

/// Keys with their numbers in CMAN's schema.
fn attributes() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    ATTRIBUTES.split_ascii_whitespace().map(|word| match word.split_once('=') {
        Some((key, number)) => (key, Some(number)),
        None => (word, None),
    })
}

/// The schema as a server of this kind reads it.
#[must_use]
pub fn text(form: Form) -> String {
    let (mut text, attribute, class) = match form {
        Form::OpenLdap => (String::new(), "attributetype ", "objectclass "),
        Form::Config => (
            "dn: cn=cluster,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: cluster\n"
                .into(),
            "olcAttributeTypes: ",
            "olcObjectClasses: ",
        ),
        Form::Ds389 => (String::from("dn: cn=schema\n"), "attributeTypes: ", "objectClasses: "),
    };
    for line in attribute_lines() {
        let _ = writeln!(text, "{attribute}{line}");
    }
    let container = format!("( {CONTAINER_OID} NAME '{CONTAINER}' SUP top STRUCTURAL MUST cn )");
    // 389-DS has it.
    let container = (form != Form::Ds389).then_some(container);
    for line in container.into_iter().chain(class_lines()) {
        let _ = writeln!(text, "{class}{line}");
    }
    text
}

fn attribute_lines() -> impl Iterator<Item = String> {
    let line = |oid: String, name: &str| {
        format!("( {oid} NAME '{name}' EQUALITY caseExactIA5Match SYNTAX {TEXT} SINGLE-VALUE )")
    };
    let order = line(format!("{OURS}.1.0"), ORDER);
    let others = attributes().enumerate().map(move |(index, (key, number))| {
        let oid = match number {
            Some(number) => format!("{ATTRIBUTES_ARC}.{number}"),
            None => format!("{OURS}.1.{}", index + 1),
        };
        line(oid, &attribute(key))
    });
    core::iter::once(order).chain(others)
}

fn class_lines() -> impl Iterator<Item = String> {
    let ordered = format!("( {OURS}.2.0 NAME '{ORDERED}' SUP top AUXILIARY MAY ( {ORDER} ) )");
    let others = CLASSES.iter().enumerate().map(|(index, class)| {
        let oid = match class.number {
            Some(number) => format!("{CLASSES_ARC}.{number}"),
            None => format!("{OURS}.2.{}", index + 1),
        };
        let (name, _) = names::class(class.element);
        let must: Vec<String> = class.must.split_ascii_whitespace().map(attribute).collect();
        let must =
            if must.is_empty() { String::new() } else { format!("MUST ( {} ) ", must.join(" $ ")) };
        let mut may: Vec<String> = class.free().map(attribute).collect();
        may.push("cn".to_owned());
        if !class.must.ends_with("name") {
            may.push("name".to_owned());
        }
        format!("( {oid} NAME '{name}' SUP top STRUCTURAL {must}MAY ( {} ) )", may.join(" $ "))
    });
    core::iter::once(ordered).chain(others)
}

/// The attribute of a key in the lists.
fn attribute(key: &str) -> String {
    names::attribute(key).expect("the lists hold keys that a directory gives back")
}

impl Class {
    /// Keys that its entries may have, each once.
    fn free(&self) -> impl Iterator<Item = &'static str> {
        let must = self.must.split_ascii_whitespace();
        let mut seen: BTreeSet<&'static str> = must.collect();
        let may = self.may.iter().flat_map(|words| words.split_ascii_whitespace());
        may.filter(move |key| seen.insert(key))
    }

    /// All its keys.
    fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.must.split_ascii_whitespace().chain(self.free())
    }
}

#[cfg(test)]
mod tests;
