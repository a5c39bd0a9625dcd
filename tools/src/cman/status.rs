//! `cman_tool status`: this node and the cluster, one line each.
//!
//! Must never drop the blanks at the ends of lines: they were always there. With `--json` the same
//! as one object, keys in the order of the lines; `quorum` is an object of `needed`, `quorate` and
//! `why` (the rule that decided), and lists are lists. Where a node goes by its last good copy of
//! the configuration a line and a key, `last_good_copy`, say so and why; else there is neither.

mod ring;

use std::fmt::Write as _;
use std::io::Write;

use client::{Connection, NodeState, Origin, Status};
use serde_json::{Value, json};

use super::failure::Failure;
use super::options::Options;
use super::print_json;

/// Version of the membership protocol that scripts expect to read.
pub(super) const PROTOCOL: &str = "6.2.0";

/// The one port that is always bound; further ones are those on which programs listen.
const PORT: u8 = 0;

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let status = daemon.status()?;
    if options.ring {
        return ring::run(&status, options.json, out);
    }
    if options.json {
        print_json(out, &object(&status))?;
    } else {
        out.write_all(text(&status).as_bytes())?;
    }
    Ok(())
}

fn text(status: &Status) -> String {
    let quorum = &status.quorum;
    let activity = if quorum.quorate { " " } else { "Activity blocked" };
    let flags: String = flags(status).iter().map(|flag| format!(" {flag}")).collect();
    let ports = spaced(&ports(status));
    let mut text = String::new();
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        writeln!(text, "{name}{value}").expect("writing to a string cannot fail");
    };
    line("Version: ", &PROTOCOL);
    line("Config Version: ", &status.config_version);
    line("Cluster Name: ", &status.cluster);
    line("Cluster Id: ", &status.cluster_id);
    line("Cluster Member: ", &"Yes");
    line("Cluster Generation: ", &status.generation);
    line("Membership state: ", &state(status.me.state));
    line("Nodes: ", &status.members);
    line("Expected votes: ", &quorum.expected);
    if quorum.device > 0 {
        line("Quorum device votes: ", &quorum.device);
    }
    line("Total votes: ", &quorum.present);
    line("Node votes: ", &status.me.votes);
    line("Quorum: ", &format_args!("{} {activity}", quorum.needed));
    line("Active subsystems: ", &status.subsystems);
    line("Flags:", &format_args!("{flags} "));
    line("Ports Bound: ", &format_args!("{ports} "));
    line("Node name: ", &status.me.name);
    line("Node ID: ", &status.me.id);
    line("Multicast addresses: ", &spaced(&status.multicast_addresses));
    line("Node addresses: ", &spaced(&status.me.addresses));
    if !status.disallowed_nodes.is_empty() {
        line("Disallowed nodes: ", &spaced(&status.disallowed_nodes));
    }
    if let Some(why) = &status.copy {
        line("Configuration: ", &format_args!("last good copy ({why})"));
    }
    text
}

fn object(status: &Status) -> Value {
    let quorum = &status.quorum;
    let mut object = json!({
        "version": PROTOCOL,
        "config_version": status.config_version,
        "cluster_name": status.cluster,
        "cluster_id": status.cluster_id,
        "cluster_member": true,
        "cluster_generation": status.generation,
        "membership_state": state(status.me.state),
        "nodes": status.members,
        "expected_votes": quorum.expected,
        "quorum_device_votes": quorum.device,
        "total_votes": quorum.present,
        "node_votes": status.me.votes,
        "quorum": { "needed": quorum.needed, "quorate": quorum.quorate, "why": quorum.why },
        "active_subsystems": status.subsystems,
        "flags": flags(status),
        "ports_bound": ports(status),
        "node_name": status.me.name,
        "node_id": status.me.id,
        "multicast_addresses": status.multicast_addresses,
        "node_addresses": status.me.addresses,
        "disallowed_nodes": status.disallowed_nodes,
        "origins": status.origins.iter().map(origin).collect::<Vec<_>>(),
    });
    if let Some(why) = &status.copy {
        object["last_good_copy"] = Value::from(why.as_str());
    }
    object
}

/// A value that this node has for itself.
fn origin(origin: &Origin) -> Value {
    let Origin { path, value, from } = origin;
    json!({ "path": path, "value": value, "from": from })
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Joining => "Joining",
        NodeState::Member => "Cluster-Member",
        NodeState::Dead => "Not-in-Cluster",
        NodeState::Leaving => "Leaving",
        NodeState::Disallowed => "Unknown: code=5",
    }
}

fn flags(status: &Status) -> Vec<&'static str> {
    let known = [
        (status.two_node, "2node"),
        (status.shutdown, "Shutdown"),
        (!status.disallowed_nodes.is_empty(), "DisallowedNodes"),
        (status.disallowed, "DisallowedEnabled"),
        (status.has_state, "HaveState"),
    ];
    known.into_iter().filter_map(|(on, flag)| on.then_some(flag)).collect()
}

fn ports(status: &Status) -> Vec<u8> {
    std::iter::once(PORT).chain(status.ports.iter().copied()).collect()
}

fn spaced<T: std::fmt::Display>(items: &[T]) -> String {
    items.iter().map(|item| format!("{item} ")).collect()
}
