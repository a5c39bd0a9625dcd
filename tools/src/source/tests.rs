use confdb::Path as Place;

use super::*;
use crate::scratch::{Scratch, environment};

#[test]
fn the_loaders_add_the_name_of_this_host_and_the_cluster_id() {
    let scratch = Scratch::with(
        "<cluster name=\"x\" config_version=\"1\"><clusternodes>\
        <clusternode name=\"iscsi1\" nodeid=\"1\"/></clusternodes></cluster>",
    );
    let environment = environment(&scratch);
    let source = Source::load(environment.file(), LOADERS, &environment).expect("it is good");
    let cman: Place = "cluster.cman".parse().expect("it is a path");
    let [cman] = source.tree.find(&cman)[..] else { panic!("there is one cman") };
    let keys: Vec<String> =
        source.tree.keys(cman).iter().map(|key| format!("{}={}", key.name, key.value)).collect();
    assert_eq!(keys, ["nodename=iscsi1", "cluster_id=120"]);
    assert_eq!(source.tree.children(source.root).last(), Some(&cman));
    let bare = Source::load(environment.file(), "xmlconfig", &environment).expect("it is good");
    assert_eq!(bare.tree.children(bare.root).len(), 1);
}

#[test]
fn a_host_that_is_none_of_the_nodes_is_told_so() {
    let scratch = Scratch::with(
        "<cluster name=\"x\" config_version=\"1\"><clusternodes>\
        <clusternode name=\"other\" nodeid=\"1\"/></clusternodes></cluster>",
    );
    let mut environment = environment(&scratch);
    let load = |environment: &Environment| {
        Source::load(environment.file(), LOADERS, environment).expect_err("no node").lines()
    };
    let lines = load(&environment);
    assert!(lines[0].starts_with("Cannot find node name in cluster.conf"), "{lines:?}");
    environment.node_name = Some("nosuch".to_owned());
    let lines = load(&environment);
    assert!(lines[0].starts_with("Overridden node name is not in CCS"), "{lines:?}");
}

#[test]
fn the_operating_system_knows_this_host() {
    let scratch = Scratch::with(
        "<cluster name=\"x\" config_version=\"1\"><clusternodes>\
        <clusternode name=\"127.0.0.1\" nodeid=\"1\"/></clusternodes></cluster>",
    );
    let environment = Environment { facts: None, ..environment(&scratch) };
    let source = Source::load(environment.file(), LOADERS, &environment).expect("it is alone");
    let name: Place = "cluster.cman.nodename".parse().expect("it is a path");
    assert_eq!(source.tree.find_keys(&name)[0].1.value.as_text(), Some("127.0.0.1"));
}
