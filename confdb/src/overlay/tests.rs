use core::fmt::Write;

use proptest::prelude::*;

use crate::load::{Configuration, layered};

const CLUSTER: &str = "<cluster name=\"x\" config_version=\"1\">
<logging debug=\"off\" logfile=\"/var/log/all\">
<logging_daemon name=\"corosync\" subsys=\"TOTEM\" debug=\"on\"/>
</logging>
<clusternodes><clusternode name=\"a\" nodeid=\"1\"/></clusternodes>
</cluster>";

fn read(local: &str) -> Result<Configuration, Vec<String>> {
    read_both(CLUSTER, local)
}

fn read_both(cluster: &str, local: &str) -> Result<Configuration, Vec<String>> {
    let local = Some(("local.conf", local.as_bytes()));
    layered(("cluster.conf", cluster.as_bytes()), local)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn refused(local: &str) -> Vec<String> {
    read(local).expect_err("it is wrong")
}

#[test]
fn local_values_go_before_those_of_the_cluster_and_keep_their_origin() {
    let read = read(
        "<cluster>\n<cman nodename=\"a\" realtime=\"no\"/>\n<logging logfile=\"/mnt/log\">\n\
         <logging_daemon name=\"corosync\" subsys=\"TOTEM\" debug=\"off\"/>\n\
         <logging_daemon name=\"fenced\" debug=\"on\"/>\n</logging>\n</cluster>",
    )
    .expect("it is good");
    let logging = &read.cluster.logging;
    assert_eq!(logging.common.logfile.as_deref(), Some("/mnt/log"));
    assert_eq!(logging.common.debug, Some(false));
    assert!(!logging.of("corosync", Some("TOTEM")).debug);
    assert!(logging.of("fenced", None).debug);
    assert_eq!(logging.daemons.len(), 2);
    assert_eq!(read.cluster.here.node_name.as_deref(), Some("a"));
    assert_eq!(read.cluster.here.realtime, Some(false));
    let mut laid: Vec<String> = Vec::new();
    for (object, key) in read.tree.laid_over() {
        let line = key.place.map_or(0, |place| place.line);
        let mut text = format!("{}:{line} ", read.tree.source_of(object, Some(&key.name)));
        let _ = write!(text, "{}.{}={}", read.tree.path(object), key.name, key.value);
        laid.push(text);
    }
    laid.sort();
    assert_eq!(
        laid,
        [
            "local.conf:2 cluster.cman.nodename=a",
            "local.conf:2 cluster.cman.realtime=no",
            "local.conf:3 cluster.logging.logfile=/mnt/log",
            "local.conf:4 cluster.logging.logging_daemon[1].debug=off",
            "local.conf:4 cluster.logging.logging_daemon[1].name=corosync",
            "local.conf:4 cluster.logging.logging_daemon[1].subsys=TOTEM",
            "local.conf:5 cluster.logging.logging_daemon[2].debug=on",
            "local.conf:5 cluster.logging.logging_daemon[2].name=fenced",
        ]
    );
    let logging = read.tree.find(&"cluster.logging".parse().unwrap())[0];
    assert_eq!(read.tree.source_of(logging, Some("debug")), "cluster.conf");
    assert_eq!(read.tree.source_of(logging, None), "cluster.conf");
}

#[test]
fn what_all_must_agree_on_is_refused_all_at_once_with_file_and_line() {
    assert_eq!(
        refused(
            "<cluster name=\"x\">\n<cman two_node=\"1\" nodename=\"a\"/>\n<totem token=\"1\"/>\n\
             <clusternodes><clusternode name=\"b\" nodeid=\"2\"/></clusternodes>\n</cluster>"
        ),
        [
            "local.conf:1: cluster.name: this attribute may not be here: it is the same for all \
             nodes; set it in cluster.conf",
            "local.conf:2: cluster.cman.two_node: this attribute may not be here: it is the same \
             for all nodes; set it in cluster.conf",
            "local.conf:3: cluster.totem: this element may not be here: it is the same for all \
             nodes; set it in cluster.conf",
            "local.conf:4: cluster.clusternodes: this element may not be here: it is the same for \
             all nodes; set it in cluster.conf",
        ]
    );
}

#[test]
fn problems_of_both_files_come_together_each_with_its_name() {
    let wrong = CLUSTER.replace("nodeid=\"1\"", "nodeid=\"one\"");
    let problems = read_both(&wrong, "<cluster>\n<logging debug=\"maybe\"/></cluster>");
    assert_eq!(
        problems.expect_err("both are wrong"),
        [
            "cluster.conf:5: cluster.clusternodes.clusternode.nodeid: \"one\" is not a number from \
             1 to 4294967295",
            "local.conf:2: cluster.logging.debug: \"maybe\" is not yes, no, on, off or trace",
        ]
    );
    let problems = read_both(&wrong, "<cluster>\n<rm/></cluster>").expect_err("both are wrong");
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].starts_with("local.conf:2: cluster.rm: "), "{problems:?}");
    assert!(refused("<cluster>")[0].starts_with("local.conf:1: "));
    assert!(!refused("<other/>").is_empty());
}

#[test]
fn warnings_name_the_file_that_they_are_about() {
    let read = read("<cluster>\n<logging typo=\"1\"/></cluster>").expect("it is usable");
    let warnings: Vec<String> = read.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        ["local.conf:2: warning: cluster.logging.typo: logging has no attribute typo; it has no \
          effect"]
    );
}

#[test]
fn name_of_the_node_in_the_shared_file_means_nothing() {
    let shared = CLUSTER.replace("<logging debug", "<cman nodename=\"z\"/><logging debug");
    let read = read_both(&shared, "<cluster/>").expect("it is good");
    assert_eq!(read.cluster.here.node_name, None);
}

#[test]
fn difference_names_the_origin_of_local_values() {
    let old = read("<cluster/>").expect("it is good");
    let new = read("<cluster>\n<logging debug=\"on\"/></cluster>").expect("it is good");
    let text = crate::diff::between(&old, &new).to_string();
    assert!(text.contains("local.conf:2: cluster.logging.debug: \"off\" -> \"on\"\n"), "{text}");
}

#[test]
fn flood_of_forbidden_elements_is_read_in_time() {
    let problems = refused(&format!("<cluster>{}</cluster>", "<rm/>".repeat(50_000)));
    assert_eq!(problems.len(), crate::error::MOST_PROBLEMS + 1);
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_refused_or_laid_over(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = layered(("c", CLUSTER.as_bytes()), Some(("l", &bytes)));
    }

    #[test]
    fn elements_of_all_kinds_are_refused_or_laid_over(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "<cluster>", "</cluster>", "<cman nodename=\"a\"/>", "<logging>", "</logging>",
                "<logging_daemon name=\"a\" debug=\"on\"/>", "<logging debug=\"on\"/>", "<rm/>",
            ]),
            0..12,
        ),
    ) {
        let local = format!("<cluster>{}</cluster>", words.concat());
        let read = layered(("c", CLUSTER.as_bytes()), Some(("l", local.as_bytes())));
        if let Ok(read) = read {
            prop_assert_eq!(read.cluster.nodes.len(), 1);
            prop_assert_eq!(&read.cluster.name, "x");
        }
    }
}

#[test]
fn flood_of_entries_is_laid_over_in_time() {
    let entry = |n: usize| format!("<logging_daemon name=\"d{n}\" debug=\"on\"/>");
    let entries: String = (0..10_000).map(entry).collect();
    let local = format!("<cluster><logging>{entries}{entries}</logging></cluster>");
    assert_eq!(read(&local).expect("it is good").cluster.logging.daemons.len(), 10_001);
}
