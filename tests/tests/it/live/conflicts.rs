//! Nodes that do not belong together, and what their operators read of that.

use std::fs;

use tests::lab::{Lab, Setup};

use super::{LISTING1, THREE};

#[test]
fn nodes_of_two_clusters_on_one_ring_both_say_what_to_do() {
    let key = "keyfile=\"KEY\" cluster_id=\"4711\"";
    let conf = LISTING1.replace("<cman ", &format!("<cman {key} "));
    let Some(mut lab) = Lab::new(&Setup::new(&conf, 2)) else { return };
    let file = lab.scratch().join("key");
    fs::write(&file, [7; 128]).expect("the directory is ours");
    let conf = conf.replace("KEY", &file.display().to_string());
    for (host, name) in [(0, "iscsicluster"), (1, "other")] {
        let path = lab.scratch().join(format!("{name}.conf"));
        fs::write(&path, conf.replace("iscsicluster", name)).expect("the directory is ours");
        lab.start(host, &["--config", &path.display().to_string()]);
    }
    let remedy = "is not admitted; give both the same cluster name, or another multicast address";
    for (host, [remote, local]) in [(0, ["other", "iscsicluster"]), (1, ["iscsicluster", "other"])]
    {
        let node = 2 - host;
        let line = format!(
            "Node {node} conflict, remote cluster name='{remote}', local='{local}': node {node} \
             (iscsi{node}) {remedy}"
        );
        lab.logged(host, &line);
        let shown = lab.run(host, "cman_tool status | grep -E '^(Cluster Name|Nodes)'").stdout;
        assert_eq!(shown, format!("Cluster Name: {local}\nNodes: 1\n"));
    }
}

#[test]
fn a_node_with_another_id_than_the_others_know_is_let_in_and_named() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    lab.start(0, &[]);
    lab.start(2, &["--node-id", "6"]);
    lab.logged(0, "Got node from AIS id 6 with no config entry: it calls itself \"iscsi3\"");
    let shown = lab.run(0, "cman_tool nodes -F id,type,name").stdout;
    assert_eq!(shown, "1 M iscsi1 \n2 X iscsi2 \n3 X iscsi3 \n6 M Node6 \n");
}

#[test]
fn two_files_of_one_version_keep_their_nodes_apart_and_both_say_what_to_do() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3)) else { return };
    let path = lab.scratch().join("six.conf");
    fs::write(&path, THREE.replace("nodeid=\"3\"", "nodeid=\"6\"")).expect("it is ours");
    lab.start(0, &[]);
    lab.start(1, &[]);
    lab.agree(&[0, 1]);
    lab.start(2, &["--config", &path.display().to_string()]);
    lab.logged(0, "Node 6 conflict, it has another config version 5 than this node");
    lab.logged(2, "this node has another config version 5 than the cluster: it takes no part");
    let shown = lab.run(0, "cman_tool status | grep -E '^(Nodes|Quorum)'").stdout;
    assert_eq!(shown, "Nodes: 2\nQuorum: 2  \n");
    let shown = lab.run(2, "cman_tool status | grep -E '^Nodes'").stdout;
    assert_eq!(shown, "Nodes: 0\n");
}

#[test]
fn who_returns_with_state_ends_where_that_is_asked_for() {
    let conf = THREE.replace("<cman/>", "<cman disallowed=\"1\"/>");
    let Some(mut lab) = Lab::new(&Setup::new(&conf, 3).token(1000)) else { return };
    lab.start_all();
    for host in 0..lab.len() {
        lab.connect(host).expect("it runs").set_dirty().expect("it may");
        let flags = lab.run(host, "cman_tool status | grep Flags").stdout;
        assert_eq!(flags, "Flags: DisallowedEnabled HaveState \n");
    }
    let mut watches = [0, 1].map(|host| lab.watch(host));
    lab.cut(2);
    for watch in &mut watches {
        watch.lost(2);
    }
    lab.heal(2);
    let status = lab.ended(2);
    assert_eq!(status.code(), Some(1), "{}", lab.log(2));
    let why = "because we rejoined the cluster without a full restart";
    assert!(lab.log(2).contains(&format!("cman killed by node 1 {why}")), "{}", lab.log(2));
    let why = "Killing node iscsi3 because it has rejoined the cluster with existing state";
    lab.logged(0, why);
    lab.agree(&[0, 1]);
    // Started again it has no state, and is welcome.
    lab.start(2, &[]);
    lab.agree(&[0, 1, 2]);
    let shown = lab.run(0, "cman_tool nodes -F id,type").stdout;
    assert_eq!(shown, "1 M \n2 M \n3 M \n");
}
