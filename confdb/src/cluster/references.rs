//! Names that stand for something elsewhere in the configuration: fence devices, failover domains,
//! resources.
//!
//! Must never let a node be fenced by a device that does not exist: the slip is found on the day
//! when the device is needed. What only the resource manager reads is a warning: it says so itself
//! when it starts.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::Reader;
use crate::error::{Fault, quoted};
use crate::tree::{Handle, Tree};

/// Names that a fault lists.
const MOST_NAMES: usize = 8;

pub(super) fn check(reader: &mut Reader<'_>, cluster: Handle) {
    let devices = fence_devices(reader, cluster);
    let nodes = below(reader.tree(), cluster, &["clusternodes", "clusternode"]);
    for &node in &nodes {
        for method in below(reader.tree(), node, &["fence", "method"]) {
            if reader.text(Some(method), "name").is_none() {
                let fault = Fault::new("there is no name").expected("the name of the method");
                reader.violation(method, Some("name"), fault);
            }
        }
        let fencing = below(reader.tree(), node, &["fence", "method", "device"]);
        for device in fencing.into_iter().chain(below(reader.tree(), node, &["unfence", "device"]))
        {
            fence_device(reader, device, &devices);
        }
    }
    let nodes = names(reader, &nodes, "name");
    for rm in below(reader.tree(), cluster, &["rm"]) {
        resource_manager(reader, rm, &nodes);
    }
}

/// The names of the fence devices; each is checked itself.
fn fence_devices(reader: &mut Reader<'_>, cluster: Handle) -> BTreeSet<String> {
    let mut lines: BTreeMap<String, Option<u32>> = BTreeMap::new();
    for device in below(reader.tree(), cluster, &["fencedevices", "fencedevice"]) {
        // What it is, is its agent's business; that it is there, is ours.
        let _ = filled(reader, device, "agent", "the program that fences");
        let Some(name) = filled(reader, device, "name", "a name of its own") else { continue };
        let line = reader.tree().place(device).map(|place| place.line);
        if let Some(first) = lines.get(&name) {
            let place = first.map_or_else(String::new, |line| format!(" in line {line}"));
            let what = format!("{} is the name of a fencedevice{place} already", quoted(&name));
            let fault = Fault::new(what).expected("a name of its own");
            reader.error(Some(device), Some("name"), fault);
        } else {
            lines.insert(name, line);
        }
    }
    lines.into_keys().collect()
}

fn fence_device(reader: &mut Reader<'_>, device: Handle, known: &BTreeSet<String>) {
    let Some(name) = filled(reader, device, "name", "the name of a fencedevice") else { return };
    if !known.contains(&name) {
        let fault = unknown(&name, "a fencedevice", known);
        reader.error(Some(device), Some("name"), fault);
    }
}

fn resource_manager(reader: &mut Reader<'_>, rm: Handle, nodes: &BTreeSet<String>) {
    let path = ["failoverdomains", "failoverdomain"];
    let domains = below(reader.tree(), rm, &path);
    for &domain in &domains {
        for node in below(reader.tree(), domain, &["failoverdomainnode"]) {
            refers(reader, (node, "name"), "a clusternode", nodes);
        }
    }
    let domains = names(reader, &domains, "name");
    let mut resources: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let tree = reader.tree();
    for resource in below(tree, rm, &["resources"]).iter().flat_map(|list| tree.children(*list)) {
        let kind = tree.name(*resource);
        let name = reader.text(Some(*resource), if kind == "ip" { "address" } else { "name" });
        resources.entry(kind).or_default().extend(name);
    }
    let services: Vec<Handle> = below(reader.tree(), rm, &["service"])
        .into_iter()
        .chain(below(reader.tree(), rm, &["vm"]))
        .collect();
    for &service in &services {
        refers(reader, (service, "domain"), "a failoverdomain", &domains);
    }
    let none = BTreeSet::new();
    let mut waiting = services;
    while let Some(object) = waiting.pop() {
        waiting.extend(tree.children(object));
        let kind = tree.name(object);
        let known = resources.get(kind).unwrap_or(&none);
        refers(reader, (object, "ref"), &format!("a resource {kind}"), known);
    }
}

/// A warning where a name that is given stands for nothing.
fn refers(
    reader: &mut Reader<'_>,
    (object, key): (Handle, &str),
    kind: &str,
    known: &BTreeSet<String>,
) {
    let Some(name) = reader.text(Some(object), key) else { return };
    if !name.is_empty() && !known.contains(&name) {
        let fault = unknown(&name, kind, known);
        reader.warning(Some(object), Some(key), fault);
    }
}

fn unknown(name: &str, kind: &str, known: &BTreeSet<String>) -> Fault {
    let fault = Fault::new(format!("{} is not the name of {kind}", quoted(name)));
    let mut listed: Vec<String> = known.iter().take(MOST_NAMES).map(|name| quoted(name)).collect();
    if listed.is_empty() {
        return fault.expected(format!("{kind} of that name: there is none at all"));
    }
    if known.len() > listed.len() {
        listed.push(format!("{} others", known.len() - listed.len()));
    }
    fault.expected(listed.join(" or "))
}

/// A value that must be there.
fn filled(reader: &mut Reader<'_>, object: Handle, key: &str, expected: &str) -> Option<String> {
    if reader.text(Some(object), key).is_none() {
        let fault = Fault::new(format!("there is no {key}")).expected(expected);
        reader.error(Some(object), Some(key), fault);
        return None;
    }
    reader.filled(Some(object), key)
}

fn names(reader: &Reader<'_>, objects: &[Handle], key: &str) -> BTreeSet<String> {
    objects.iter().filter_map(|object| reader.text(Some(*object), key)).collect()
}

/// All objects at the end of these steps.
fn below(tree: &Tree, object: Handle, steps: &[&str]) -> Vec<Handle> {
    let step = |objects: Vec<Handle>, name: &&str| {
        objects.into_iter().flat_map(|object| tree.children_named(object, name)).collect()
    };
    steps.iter().fold(vec![object], step)
}

#[cfg(test)]
mod tests;
