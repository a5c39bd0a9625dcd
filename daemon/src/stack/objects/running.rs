//! The objects that show how the daemon and the cluster are, under CMAN's names.
//!
//! Must never show a number under a name that means something else.

use confdb::{Handle, Tree, Value};
use totem::Stats;

use crate::stack::connections::Connections;
use crate::stack::map::running::{Joins, Picture, addresses, is_there};
use crate::stack::map::statistics;
use crate::stack::service::Service;

/// All of it.
pub(crate) fn objects(
    picture: &Picture,
    joins: &Joins,
    stats: &Stats,
    connections: &Connections,
) -> Tree {
    let mut tree = Tree::new("clusterd");
    for service in Service::ALL {
        let object = at(&mut tree, &["runtime", "services", service.name()]);
        set(&mut tree, object, "service_id", Value::U16(service.number().into()));
    }
    let object = at(&mut tree, &["runtime", "connections"]);
    set(&mut tree, object, "active", Value::U64(connections.count()));
    set(&mut tree, object, "closed", Value::U64(connections.closed));
    for connection in &connections.active {
        let object = at(&mut tree, &["runtime", "connections", &connection.object()]);
        for (name, value) in connection.keys() {
            set(&mut tree, object, name, value);
        }
    }
    let ring = at(&mut tree, &["runtime", "totem", "pg", "mrp", "srp"]);
    for (name, value) in statistics::ring(stats) {
        set(&mut tree, ring, name, Value::U64(value));
    }
    for node in picture.nodes.iter().filter(|node| node.incarnation > 0) {
        let id = node.id.to_string();
        let object = at(&mut tree, &["runtime", "totem", "pg", "mrp", "srp", "members", &id]);
        let status = if is_there(node) { "joined" } else { "left" };
        set(&mut tree, object, "ip", Value::from(addresses(&node.addresses)));
        set(&mut tree, object, "join_count", Value::U32(joins.of(node.id)));
        set(&mut tree, object, "status", Value::from(status));
    }
    tree
}

/// The object of this path, made where it is missing. A tree of this size has room.
fn at(tree: &mut Tree, path: &[&str]) -> Handle {
    path.iter().fold(Handle::ROOT, |parent, name| {
        let known = tree.children_named(parent, name).next();
        known.or_else(|| tree.create(parent, name).ok()).unwrap_or(parent)
    })
}

fn set(tree: &mut Tree, object: Handle, key: &str, value: Value) {
    // The names are ours, and there is room for them.
    let _ = tree.set(object, key, value);
}
