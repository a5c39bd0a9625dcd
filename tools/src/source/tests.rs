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

/// The daemon's program, as far as it matters here. Another process makes the file: while this one
/// has it open for writing, a child of another test may too, and it could not be run.
fn program(scratch: &Scratch, script: &str) -> PathBuf {
    let [text, path] = ["script", "clusterd"].map(|name| scratch.path().join(name));
    std::fs::write(&text, format!("#!/bin/sh\n{script}\n")).expect("the directory is ours");
    let made = Command::new("install").args(["-m", "700"]).args([&text, &path]).status();
    assert!(made.expect("every system has it").success());
    path
}

#[test]
fn a_directory_is_asked_through_the_daemons_program() {
    let scratch = Scratch::with(crate::scratch::LISTING1);
    let loaders = "ldapconfig:cmanpreconfig";
    let mut environment = environment(&scratch);
    let conf = scratch.conf().display().to_string();
    environment.clusterd = program(&scratch, &format!("[ \"$1\" = directory ] && cat {conf}"));
    environment.file = Some("/nonexistent".into());
    let source = Source::load(environment.file(), loaders, &environment).expect("it is good");
    assert_eq!(source.cluster.map(|cluster| cluster.id), Some(46516));
    environment.clusterd = program(&scratch, "echo no server answers >&2; exit 1");
    let refused = Source::load(environment.file(), loaders, &environment).expect_err("no answer");
    assert_eq!(refused.lines(), ["no server answers"]);
    environment.clusterd = scratch.path().join("nosuch");
    let refused = Source::load(environment.file(), loaders, &environment).expect_err("no program");
    assert!(refused.lines()[0].starts_with("cannot run "), "{refused:?}");
}
