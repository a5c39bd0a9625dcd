//! The keys that show how the cluster is, as this node sees it.
//!
//! Must never show what nobody can know: a node that was never seen has no keys here, one that is
//! gone keeps them and says `left`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use totem::NodeId;

use super::Value;
use crate::stack::effect::{Node, NodeState};
use crate::stack::service::Service;

/// Set while another version of the configuration is being taken over.
pub(super) const RELOADING: [&str; 2] =
    ["config.reload_in_progress", "config.totemconfig_reload_in_progress"];

/// What the keys show.
#[derive(Debug)]
pub(crate) struct Picture {
    /// This node.
    pub(crate) me: NodeId,
    /// Version of the configuration in use.
    pub(crate) version: u64,
    /// The node table.
    pub(crate) nodes: Vec<Node>,
    /// Votes that are expected.
    pub(crate) expected: u32,
    /// Two-node mode is in force.
    pub(crate) two_node: bool,
}

/// How often each node became a member, and with which incarnation last. As many as nodes are
/// remembered.
#[derive(Debug, Default)]
pub(crate) struct Joins(BTreeMap<NodeId, (u64, u32)>);

impl Joins {
    fn note(&mut self, nodes: &[Node]) {
        self.0.retain(|id, _| nodes.iter().any(|node| node.id == *id));
        for node in nodes.iter().filter(|node| node.incarnation > 0) {
            let (last, count) = self.0.entry(node.id).or_default();
            if *last != node.incarnation {
                (*last, *count) = (node.incarnation, count.saturating_add(1));
            }
        }
    }

    pub(crate) fn of(&self, node: NodeId) -> u32 {
        self.0.get(&node).map_or(0, |(_, count)| *count)
    }
}

/// All keys that show the state of the cluster.
pub(crate) fn keys(picture: &Picture, joins: &mut Joins) -> Vec<(String, Value)> {
    joins.note(&picture.nodes);
    let mut keys: Vec<(String, Value)> =
        RELOADING.iter().map(|name| ((*name).to_owned(), Value::flag(false))).collect();
    let seen = picture.nodes.iter().filter(|node| node.incarnation > 0);
    for node in seen {
        keys.extend(member(node, picture.version, joins.of(node.id)));
    }
    keys.extend(votes(picture));
    keys.extend(services());
    keys
}

/// The node is a member of the cluster.
pub(crate) const fn is_there(node: &Node) -> bool {
    match node.state {
        NodeState::Member | NodeState::Leaving => true,
        NodeState::Joining | NodeState::Dead | NodeState::Disallowed => false,
    }
}

/// A node's addresses as the ring's programs write them.
pub(crate) fn addresses(addresses: &[IpAddr]) -> String {
    let each = addresses.iter().enumerate();
    each.map(|(ring, address)| format!("r({ring}) ip({address}) ")).collect()
}

fn member(node: &Node, version: u64, joins: u32) -> [(String, Value); 4] {
    let status = if is_there(node) { "joined" } else { "left" };
    let key = |name: &str| format!("runtime.members.{}.{name}", node.id);
    [
        (key("config_version"), Value::U64(version)),
        (key("ip"), Value::text(&addresses(&node.addresses))),
        (key("join_count"), Value::U32(joins)),
        (key("status"), Value::text(status)),
    ]
}

fn votes(picture: &Picture) -> Vec<(String, Value)> {
    let members = || picture.nodes.iter().filter(|node| is_there(node)).map(|node| node.id.get());
    let key = |name: &str, value| (format!("runtime.votequorum.{name}"), value);
    let mut keys = vec![
        key("ev_barrier", Value::U32(picture.expected)),
        key("this_node_id", Value::U32(picture.me.get())),
        key("two_node", Value::flag(picture.two_node)),
    ];
    if let (Some(lowest), Some(highest)) = (members().min(), members().max()) {
        keys.push(key("lowest_node_id", Value::U32(lowest)));
        keys.push(key("highest_node_id", Value::U32(highest)));
    }
    keys
}

fn services() -> impl Iterator<Item = (String, Value)> {
    let key = |service: &Service| {
        let name = format!("runtime.services.{}.service_id", service.name());
        (name, Value::U16(service.number().into()))
    };
    Service::ALL.iter().map(key)
}
