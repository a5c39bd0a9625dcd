use clap::Parser;

use super::*;

fn lines(origins: &[Origin]) -> Vec<String> {
    origins.iter().map(ToString::to_string).collect()
}

#[test]
fn each_local_value_is_told_with_its_place() {
    let shared = "<cluster name=\"c\" config_version=\"1\"><clusternodes>\
                  <clusternode name=\"a\" nodeid=\"1\"/></clusternodes></cluster>";
    let own = "<cluster>\n<logging debug=\"on\"/></cluster>";
    let read = confdb::load::layered(
        ("cluster.conf", shared.as_bytes()),
        Some(("local.conf", own.as_bytes())),
    );
    let told = local(&read.expect("it is good").tree);
    assert_eq!(lines(&told), ["local.conf:2: cluster.logging.debug is \"on\" on this host"]);
}

#[test]
fn what_was_said_at_the_start_stands_where_the_file_would_have_it() {
    let options = |words: &[&str]| Options::parse_from([&["clusterd"], words].concat());
    assert_eq!(start(&options(&[]), "iscsi1"), []);
    let words = ["--votes", "2", "--two-node", "-n", "iscsi1", "--no-realtime"];
    assert_eq!(
        lines(&start(&options(&words), "iscsi1")),
        [
            "command line or environment: cluster.cman.two_node is \"1\" on this host",
            "command line or environment: cluster.cman.nodename is \"iscsi1\" on this host",
            "command line or environment: cluster.cman.realtime is \"no\" on this host",
            "command line or environment: cluster.clusternodes.clusternode(iscsi1).votes is \
             \"2\" on this host",
        ]
    );
    // Where there is a file, its name of the cluster counts.
    let words = ["--cluster-name", "other", "--expected-votes", "3", "--port", "6000"];
    let told = start(&options(&words), "iscsi1");
    assert_eq!(told.iter().map(|it| it.value.as_str()).collect::<Vec<_>>(), ["6000", "3"]);
}
