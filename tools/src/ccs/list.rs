//! `ccs_tool lsnode` and `lsfence`: what is configured, in the layout that scripts cut apart.
//!
//! Must never change anything.

use confdb::{Handle, Tree};
use serde_json::{Map, Value, json};

use super::change::{below, key, root};
use super::store::read;
use super::{Context, Failure};

/// How a node is fenced: a device of a method.
struct Fence {
    method: String,
    device: String,
    properties: Vec<(String, String)>,
}

/// Runs `lsnode`.
pub(super) fn nodes(context: &mut Context<'_>) -> Result<(), Failure> {
    let document = read(&context.file())?;
    let tree = document.tree();
    let cluster = root(tree);
    let (name, version) = (key(tree, cluster, "name"), key(tree, cluster, "config_version"));
    let groups = below(tree, "cman", "multicast");
    let group = groups.first().map(|group| key(tree, *group, "addr")).filter(|g| !g.is_empty());
    let nodes = below(tree, "clusternodes", "clusternode");
    if context.options.json {
        let nodes: Vec<Value> = nodes.iter().map(|node| node_object(tree, *node)).collect();
        return context.print_json(&json!({
            "cluster": name,
            "config_version": version.parse::<u32>().ok(),
            "multicast": group,
            "nodes": nodes,
        }));
    }
    writeln!(context.out, "\nCluster name: {name}, config_version: {version}\n")?;
    if let Some(group) = group {
        writeln!(context.out, "Multicast address for cluster: {group}\n")?;
    }
    writeln!(context.out, "Nodename                        Votes Nodeid Fencetype")?;
    for node in nodes {
        let fences = fences_of(tree, node);
        let kind = fences.first().map_or("", |fence| fence.device.as_str());
        let (name, votes, id) = (key(tree, node, "name"), votes(tree, node), id(tree, node));
        writeln!(context.out, "{name:<32} {votes:>3}  {id:>3}    {kind}")?;
        if context.options.has('v') {
            for alternate in tree.children_named(node, "altname") {
                writeln!(context.out, "  Alternate name: {}", key(tree, alternate, "name"))?;
            }
            for Fence { method, device, properties } in &fences {
                let properties = joined(properties);
                let line = format!("  Fence method {method}: {device} {properties}");
                writeln!(context.out, "{}", line.trim_end())?;
            }
        }
    }
    Ok(())
}

/// Runs `lsfence`.
pub(super) fn fences(context: &mut Context<'_>) -> Result<(), Failure> {
    let document = read(&context.file())?;
    let tree = document.tree();
    let devices = below(tree, "fencedevices", "fencedevice");
    if context.options.json {
        let object = |device: &Handle| {
            json!({
                "name": key(tree, *device, "name"),
                "agent": key(tree, *device, "agent"),
                "properties": object(&properties(tree, *device, &["name", "agent"])),
            })
        };
        let devices: Vec<Value> = devices.iter().map(object).collect();
        return context.print_json(&json!({ "fence_devices": devices }));
    }
    writeln!(context.out, "Name             Agent")?;
    for device in devices {
        let (name, agent) = (key(tree, device, "name"), key(tree, device, "agent"));
        writeln!(context.out, "{name:<16} {agent}")?;
        if context.options.has('v') {
            let properties = joined(&properties(tree, device, &["name", "agent"]));
            writeln!(context.out, "  Properties: {properties}")?;
        }
    }
    Ok(())
}

fn node_object(tree: &Tree, node: Handle) -> Value {
    let fence: Vec<Value> = fences_of(tree, node)
        .iter()
        .map(|Fence { method, device, properties }| {
            json!({ "method": method, "device": device, "properties": object(properties) })
        })
        .collect();
    let alternate = tree.children_named(node, "altname").next();
    json!({
        "name": key(tree, node, "name"),
        "votes": votes(tree, node).parse::<u32>().ok(),
        "nodeid": id(tree, node).parse::<u32>().ok().filter(|id| *id > 0),
        "altname": alternate.map(|found| key(tree, found, "name")),
        "fence": fence,
    })
}

/// One unless it is said.
fn votes(tree: &Tree, node: Handle) -> String {
    Some(key(tree, node, "votes")).filter(|votes| !votes.is_empty()).unwrap_or("1".to_owned())
}

/// Zero where there is none.
fn id(tree: &Tree, node: Handle) -> String {
    Some(key(tree, node, "nodeid")).filter(|id| !id.is_empty()).unwrap_or("0".to_owned())
}

fn fences_of(tree: &Tree, node: Handle) -> Vec<Fence> {
    let methods =
        tree.children_named(node, "fence").flat_map(|fence| tree.children_named(fence, "method"));
    let devices = methods.flat_map(|method| {
        tree.children_named(method, "device").map(move |device| (method, device))
    });
    let fence = |(method, device)| Fence {
        method: key(tree, method, "name"),
        device: key(tree, device, "name"),
        properties: properties(tree, device, &["name"]),
    };
    devices.map(fence).collect()
}

fn properties(tree: &Tree, object: Handle, without: &[&str]) -> Vec<(String, String)> {
    let keys = tree.keys(object).iter().filter(|key| !without.contains(&key.name.as_str()));
    keys.map(|key| (key.name.clone(), key.value.to_string())).collect()
}

fn joined(properties: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(" ")
}

fn object(properties: &[(String, String)]) -> Map<String, Value> {
    let pair = |(name, value): &(String, String)| (name.clone(), Value::from(value.clone()));
    properties.iter().map(pair).collect()
}
