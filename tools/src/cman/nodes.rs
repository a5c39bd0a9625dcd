//! `cman_tool nodes`: the node table, as columns or as chosen fields.
//!
//! Must never fail for a name or a field that nobody knows: the table is only shorter then, as it
//! always was. With `--json` one object with the list `nodes`; each has `id`, `name`, `type` (the
//! letter of the table), `state`, `incarnation`, `joined` (seconds since 1970-01-01 UTC, or null),
//! `votes`, `expected_votes` and `addresses`. A quorum device is the node with id 0. `-n` chooses
//! as ever; `-a` and `-F` change nothing.

use std::fmt::Write as _;
use std::io::Write;
use std::net::IpAddr;

use client::{Connection, Device, Node, NodeState};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::failure::Failure;
use super::options::Options;
use super::print_json;

/// Fields of `-F` that are looked at.
const FIELDS: usize = 10;

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let mut nodes = daemon.nodes()?;
    nodes.extend(daemon.device()?.map(row));
    nodes.sort_by_key(|node| node.id);
    if !options.names.is_empty() {
        nodes.retain(|node| options.names.contains(&node.name));
    }
    if options.json {
        let list: Vec<Value> = nodes.iter().map(object).collect();
        print_json(out, &json!({ "nodes": list }))?;
    } else if let Some(fields) = &options.fields {
        out.write_all(chosen(&nodes, fields).as_bytes())?;
    } else {
        out.write_all(table(&nodes, zone, options.addresses).as_bytes())?;
    }
    Ok(())
}

/// A quorum device is listed like a node, with id 0.
fn row(device: Device) -> Node {
    let Device { name, votes, alive_since } = device;
    Node {
        id: 0,
        name,
        state: if alive_since.is_some() { NodeState::Member } else { NodeState::Dead },
        incarnation: 0,
        joined: alive_since,
        votes,
        expected: 0,
        addresses: Vec::new(),
        departure: None,
    }
}

fn table(nodes: &[Node], zone: &TimeZone, addresses: bool) -> String {
    let mut text = String::new();
    let kept_out = nodes.iter().filter(|node| node.state == NodeState::Disallowed).count();
    if kept_out > 0 {
        text.push_str(&format!("NOTE: There are {kept_out} disallowed nodes,\n"));
        text.push_str("      members list may seem inconsistent across the cluster\n");
    }
    text.push_str("Node  Sts   Inc   Joined               Name\n");
    for node in nodes {
        let Node { id, name, incarnation, .. } = node;
        let joined = joined(node, zone);
        let letter = letter(node.state);
        writeln!(text, "{id:4}   {letter}  {incarnation:5}   {joined:19}  {name}")
            .expect("writing to a string cannot fail");
        if addresses && !node.addresses.is_empty() {
            text.push_str("       Addresses: ");
            for address in &node.addresses {
                write!(text, "{address} ").expect("writing to a string cannot fail");
            }
            text.push('\n');
        }
    }
    text
}

fn joined(node: &Node, zone: &TimeZone) -> String {
    let moment = node.joined.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map_or_else(String::new, |moment| {
        moment.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    })
}

fn chosen(nodes: &[Node], fields: &str) -> String {
    let mut text = String::new();
    for node in nodes {
        for value in fields.split(',').take(FIELDS).filter_map(|name| field(node, name)) {
            text.push_str(&value);
            text.push(' ');
        }
        text.push('\n');
    }
    text
}

/// The value of a field; `None` for a name that nobody knows.
fn field(node: &Node, name: &str) -> Option<String> {
    Some(match name {
        "id" => node.id.to_string(),
        "name" => node.name.clone(),
        "type" => letter(node.state).to_string(),
        "addr" => {
            let texts: Vec<String> = node.addresses.iter().map(IpAddr::to_string).collect();
            texts.join(",")
        }
        "votes" => node.votes.to_string(),
        "exp" => node.expected.to_string(),
        "state" => state(node.state).to_owned(),
        _ => return None,
    })
}

fn object(node: &Node) -> Value {
    json!({
        "id": node.id,
        "name": node.name,
        "type": letter(node.state),
        "state": state(node.state),
        "incarnation": node.incarnation,
        "joined": node.joined,
        "votes": node.votes,
        "expected_votes": node.expected,
        "addresses": node.addresses,
    })
}

/// A node that is in the ring and refused for another cluster name or configuration version is no
/// member and nothing more: `d` is for those kept out for their state.
fn letter(state: NodeState) -> char {
    match state {
        NodeState::Member => 'M',
        NodeState::Disallowed => 'd',
        NodeState::Joining | NodeState::Leaving | NodeState::Dead => 'X',
    }
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Joining => "Joining",
        NodeState::Member => "Member",
        NodeState::Dead => "Dead",
        NodeState::Leaving => "Leaving",
        NodeState::Disallowed => "Disallowed",
    }
}
