//! Finding a node by any of its names.
//!
//! Must never guess: a name that is nobody's is nobody's.

use std::net::{IpAddr, ToSocketAddrs};

use confdb::{Handle, Tree};

use crate::errno::Errno;

/// The name in the configuration of the node that is called so.
pub(super) fn find(tree: &Tree, name: &str) -> Result<String, Errno> {
    let nodes = nodes(tree);
    let short = name.split('.').next().unwrap_or(name);
    let exactly =
        |wanted: &str| nodes.iter().find(|names| names.first().is_some_and(|n| n == wanted));
    let alike =
        |known: &String| known.split('.').next().is_some_and(|s| s.eq_ignore_ascii_case(short));
    let is_address = name.parse::<IpAddr>().is_ok();
    let found = exactly(name)
        .or_else(|| exactly(short).filter(|_| !is_address))
        .or_else(|| nodes.iter().find(|names| !is_address && names.iter().any(alike)))
        .or_else(|| {
            let wanted = addresses(name);
            let same = |known: &String| addresses(known).iter().any(|one| wanted.contains(one));
            nodes.iter().find(|names| !wanted.is_empty() && names.iter().any(same))
        });
    found.and_then(|names| names.first()).cloned().ok_or(Errno::INVALID)
}

/// The names of each node, its own first, then those of its other networks.
fn nodes(tree: &Tree) -> Vec<Vec<String>> {
    let under = |parents: Vec<Handle>, name: &str| {
        let each = parents.into_iter().map(|parent| tree.children_named(parent, name));
        each.flatten().collect::<Vec<Handle>>()
    };
    let clusters = under(vec![Handle::ROOT], "cluster");
    let nodes = under(under(clusters, "clusternodes"), "clusternode");
    let name = |object: Handle| tree.key(object, "name").map(|key| key.value.to_string());
    let names = |node: Handle| {
        let own = name(node).into_iter();
        own.chain(tree.children_named(node, "altname").filter_map(name)).collect()
    };
    nodes.into_iter().map(names).filter(|names: &Vec<String>| !names.is_empty()).collect()
}

/// What the resolver knows of a name.
fn addresses(name: &str) -> Vec<IpAddr> {
    (name, 0).to_socket_addrs().map(|all| all.map(|one| one.ip()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use confdb::load::xml;

    use super::*;

    const TEXT: &[u8] = br#"<cluster name="c" config_version="1"><clusternodes>
        <clusternode name="iscsi1.example" nodeid="1"><altname name="127.0.0.9"/></clusternode>
        <clusternode name="iscsi2" nodeid="2"/></clusternodes></cluster>"#;

    #[test]
    fn a_node_is_found_by_each_of_its_names() {
        let tree = xml::load("test", TEXT).tree;
        let found = |name| find(&tree, name).ok();
        for name in ["iscsi1.example", "iscsi1", "ISCSI1.elsewhere", "127.0.0.9"] {
            assert_eq!(found(name).as_deref(), Some("iscsi1.example"), "{name}");
        }
        assert_eq!(found("iscsi2.example").as_deref(), Some("iscsi2"));
        assert_eq!(found("127.0.0.8"), None);
        assert_eq!(found(""), None);
    }
}
