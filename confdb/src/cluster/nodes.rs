//! Who belongs to the cluster.
//!
//! Must never hold two nodes of one id or one name: each partner of such a pair would see another
//! node under the same number. Fencing stays in the tree, at [`Node::object`]; it means something
//! to the fence agents only.

use core::net::IpAddr;
use core::num::NonZeroU32;
use std::collections::BTreeMap;

use super::reader::Reader;
use super::ring::{multicast_address, port};
use crate::error::{Fault, quoted};
use crate::tree::Handle;

/// Longest name of a node, bytes.
pub const LONGEST_NODE_NAME: usize = 254;
/// Most votes of a node.
pub const MOST_VOTES: u32 = 255;

/// A configured node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its name: resolvable, 1 to [`LONGEST_NODE_NAME`] bytes, case matters.
    pub name: String,
    /// Its id.
    pub id: NonZeroU32,
    /// Its votes, 0 to [`MOST_VOTES`].
    pub votes: u32,
    /// Its weight as a lock master; 0 means never.
    pub weight: u32,
    /// Its names in further networks, in order.
    pub alternates: Vec<Alternate>,
    /// Its element in the tree.
    pub object: Handle,
}

/// A node's name in a further network (`altname`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alternate {
    /// The name.
    pub name: String,
    /// Port of the further ring, if configured here.
    pub port: Option<u16>,
    /// Group of the further ring, if configured here.
    pub group: Option<IpAddr>,
    /// Routers that its packets may pass, if configured here.
    pub ttl: Option<u8>,
}

/// Whether a node may be called so.
#[must_use]
pub fn is_node_name(name: &str) -> bool {
    let hostile = |c: char| c.is_whitespace() || c.is_control();
    (1..=LONGEST_NODE_NAME).contains(&name.len()) && !name.contains(hostile)
}

pub(super) fn read(reader: &mut Reader<'_>, cluster: Handle) -> Vec<Node> {
    let Some(section) = reader.section(cluster, "clusternodes") else {
        let fault = Fault::new("there is no element clusternodes, so there are no nodes");
        reader.error(Some(cluster), None, fault.expected("clusternodes"));
        return Vec::new();
    };
    let objects: Vec<Handle> = reader.tree().children_named(section, "clusternode").collect();
    if objects.is_empty() {
        let fault = Fault::new("there is no element clusternode, so there are no nodes");
        reader.error(Some(section), None, fault.expected("clusternode"));
    }
    // A node with a problem still counts as one, so that it does not cause further problems.
    let nodes: Vec<Option<Node>> = objects.iter().map(|object| node(reader, *object)).collect();
    let nodes: Vec<Node> = nodes.into_iter().flatten().collect();
    duplicates(reader, &nodes);
    if !nodes.is_empty() && nodes.len() == objects.len() && nodes.iter().all(|n| n.votes == 0) {
        let fault = Fault::new("no node has a vote: the cluster can never be quorate");
        reader.error(Some(section), None, fault);
    }
    nodes
}

fn node(reader: &mut Reader<'_>, object: Handle) -> Option<Node> {
    let name = node_name(reader, object);
    let id = node_id(reader, object, name.as_deref());
    let votes = reader.number(Some(object), "votes", 0..=MOST_VOTES);
    if votes == Some(0) {
        let fault = Fault::new("\"0\": the node has no say").expected("a number from 1 to 255");
        reader.violation(object, Some("votes"), fault);
    }
    let weight = reader.number(Some(object), "weight", 0..=i32::MAX.unsigned_abs());
    let alternates = alternates(reader, object);
    Some(Node {
        name: name?,
        id: id?,
        votes: votes.unwrap_or(1),
        weight: weight.unwrap_or(1),
        alternates,
        object,
    })
}

fn node_name(reader: &mut Reader<'_>, object: Handle) -> Option<String> {
    let expected = format!("1 to {LONGEST_NODE_NAME} bytes without blanks");
    let Some(name) = reader.text(Some(object), "name") else {
        let fault = Fault::new("there is no name").expected(expected);
        reader.error(Some(object), Some("name"), fault);
        return None;
    };
    if !is_node_name(&name) {
        let what = format!("{} with {} bytes is not a node name", quoted(&name), name.len());
        reader.error(Some(object), Some("name"), Fault::new(what).expected(expected));
        return None;
    }
    Some(name)
}

fn node_id(reader: &mut Reader<'_>, object: Handle, name: Option<&str>) -> Option<NonZeroU32> {
    if reader.text(Some(object), "nodeid").is_none() {
        let name = name.unwrap_or("a node without name");
        let what = format!("No node ID for {name}, run 'ccs_tool addnodeids' to fix");
        let fault = Fault::new(what).expected(format!("a number from 1 to {}", u32::MAX));
        reader.error(Some(object), Some("nodeid"), fault);
        return None;
    }
    reader.number(Some(object), "nodeid", 1..=u32::MAX).and_then(NonZeroU32::new)
}

fn alternates(reader: &mut Reader<'_>, object: Handle) -> Vec<Alternate> {
    let objects: Vec<Handle> = reader.tree().children_named(object, "altname").collect();
    if let Some(third) = objects.get(1) {
        let what = "Configuration of more than 2 rings is not supported";
        reader.error(Some(*third), None, Fault::new(what));
    }
    let mut alternates = Vec::new();
    for altname in objects {
        let section = Some(altname);
        let name = node_name(reader, altname);
        let port = port(reader, section, "port");
        let group = multicast_address(reader, section, "mcast");
        let ttl = reader.number(section, "ttl", 0..=255).and_then(|ttl| u8::try_from(ttl).ok());
        alternates.extend(name.map(|name| Alternate { name, port, group, ttl }));
    }
    alternates
}

fn duplicates(reader: &mut Reader<'_>, nodes: &[Node]) {
    let mut ids: BTreeMap<NonZeroU32, &Node> = BTreeMap::new();
    let mut names: BTreeMap<&str, &Node> = BTreeMap::new();
    for node in nodes {
        if let Some(other) = ids.get(&node.id) {
            let what = format!("\"{}\" is the id of node {} already", node.id, other.name);
            let fault = Fault::new(what).expected("an id of its own");
            reader.error(Some(node.object), Some("nodeid"), fault);
        } else {
            ids.insert(node.id, node);
        }
        if let Some(other) = names.get(node.name.as_str()) {
            let what = format!("{} is the name of node {} already", quoted(&node.name), other.id);
            let fault = Fault::new(what).expected("a name of its own");
            reader.error(Some(node.object), Some("name"), fault);
        } else {
            names.insert(&node.name, node);
        }
    }
}

#[cfg(test)]
mod tests;
