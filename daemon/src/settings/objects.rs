//! The configuration as programs browse it: what the file says, with what CMAN adds to it at the
//! start, under the names that it has always had.
//!
//! Must never lose an object or its place: several of one name stay several. Must never change
//! what is written; what is added is what the file leaves open.

use confdb::{Handle, Tree, Value};

use super::{KeySource, Network, Settings};
use crate::net::Transport;

/// What a logging section says that does not.
const LOGGING: [(&str, &str); 6] = [
    ("timestamp", "on"),
    ("to_logfile", "yes"),
    ("logfile_priority", "info"),
    ("to_syslog", "yes"),
    ("syslog_facility", "local4"),
    ("syslog_priority", "info"),
];

/// The objects that follow from a configuration on this node.
pub(super) fn objects(written: &Tree, settings: &Settings) -> Tree {
    let mut tree = Tree::new(written.source());
    let cluster = written.children_named(Handle::ROOT, "cluster").next();
    cluster_object(&mut tree, (written, cluster), settings);
    let section =
        |name: &str| cluster.and_then(|cluster| written.children_named(cluster, name).next());
    totem_object(&mut tree, (written, section("totem")), settings);
    let logging = copy(&mut tree, "logging", (written, section("logging")));
    for (key, value) in LOGGING {
        add(&mut tree, logging, key, value);
        if key == "to_logfile" {
            add(&mut tree, logging, "logfile", &settings.log_file.display().to_string());
        }
    }
    let quorum = copy(&mut tree, "quorum", (written, section("quorum")));
    add(&mut tree, quorum, "provider", "quorum_cman");
    let users = cluster.into_iter().flat_map(|cluster| written.children_named(cluster, "uidgid"));
    for user in users {
        copy(&mut tree, "uidgid", (written, Some(user)));
    }
    tree
}

/// Adds a top object like one that was written.
fn copy(tree: &mut Tree, name: &str, (written, theirs): (&Tree, Option<Handle>)) -> Handle {
    // A handful of objects in an empty tree: there is room.
    let object = tree.create(Handle::ROOT, name).unwrap_or(Handle::ROOT);
    if let Some(theirs) = theirs {
        tree.become_like(object, written, theirs);
    }
    object
}

/// Adds what is not there. An object that is full of keys keeps what it has.
fn add(tree: &mut Tree, object: Handle, key: &str, value: &str) {
    if tree.key(object, key).is_none() {
        let _ = tree.set(object, key, Value::from(value));
    }
}

fn cluster_object(tree: &mut Tree, written: (&Tree, Option<Handle>), settings: &Settings) {
    let cluster = copy(tree, "cluster", written);
    let cman = tree.children_named(cluster, "cman").next();
    let Some(cman) = cman.or_else(|| tree.create(cluster, "cman").ok()) else { return };
    let _ = tree.set(cman, "nodename", Value::from(settings.name.as_str()));
    add(tree, cman, "cluster_id", &settings.cluster.id.to_string());
}

fn totem_object(tree: &mut Tree, written: (&Tree, Option<Handle>), settings: &Settings) {
    let totem = copy(tree, "totem", written);
    let always = [
        ("version", "2".to_owned()),
        ("nodeid", settings.me.to_string()),
        ("vsftype", "none".into()),
    ];
    for (key, value) in always {
        let _ = tree.set(totem, key, Value::from(value));
    }
    let timing = &settings.timing;
    add(tree, totem, "token", &timing.token.as_millis().to_string());
    add(tree, totem, "join", &timing.join.as_millis().to_string());
    add(tree, totem, "fail_recv_const", "2500");
    add(tree, totem, "consensus", &timing.consensus.as_millis().to_string());
    add(tree, totem, "rrp_mode", "none");
    add(tree, totem, "secauth", "1");
    match &settings.key {
        KeySource::Name(_) => add(tree, totem, "key", &settings.cluster.name),
        // It was written, and is there.
        KeySource::Configured(_) => {}
        KeySource::File(path) => add(tree, totem, "keyfile", &path.display().to_string()),
    }
    let Ok(interface) = tree.create(totem, "interface") else { return };
    let Network { transport, port } = settings.network;
    add(tree, interface, "ringnumber", "0");
    add(tree, interface, "bindnetaddr", &settings.address.to_string());
    match transport {
        Transport::Multicast { group, .. } => {
            add(tree, interface, "mcastaddr", &group.to_string());
        }
        Transport::Broadcast => add(tree, interface, "broadcast", "yes"),
        Transport::Unicast => {}
    }
    add(tree, interface, "mcastport", &port.to_string());
}

#[cfg(test)]
mod tests;
