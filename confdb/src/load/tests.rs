//! One verdict for every configuration that CMAN's own validation was asked about. Where ours is
//! another one, the test says why.

use core::time::Duration;

use super::*;

const LISTING1: &str = include_str!("testdata/listing1.conf");
const LISTING2: &str = include_str!("testdata/listing2.conf");
const LISTING3: &str = include_str!("testdata/listing3.conf");
const THREE: &str = include_str!("testdata/three.conf");

/// Listing 1 with one thing changed.
fn listing1_with(old: &str, new: &str) -> String {
    assert_eq!(LISTING1.matches(old).count(), 1, "{old} must be there once");
    LISTING1.replace(old, new)
}

/// What a reading says: whether the configuration can be used, and every problem as a line.
fn verdict(text: &str) -> (bool, Vec<String>) {
    let lines = |problems: &[Problem]| problems.iter().map(Problem::to_string).collect();
    match configuration("cluster.conf", text.as_bytes()) {
        Ok(read) => (true, lines(&read.warnings)),
        Err(problems) => (false, lines(&problems)),
    }
}

fn assert_verdict(text: &str, usable: bool, problems: &[&str]) {
    let (is_usable, lines) = verdict(text);
    let expected: Vec<String> =
        problems.iter().map(|line| format!("cluster.conf:{line}")).collect();
    assert_eq!((is_usable, lines), (usable, expected));
}

#[test]
fn listing1_is_good() {
    assert_verdict(LISTING1, true, &[]);
    let cluster = configuration("cluster.conf", LISTING1.as_bytes()).unwrap().cluster;
    assert_eq!(
        (cluster.name.as_str(), cluster.id, cluster.config_version),
        ("iscsicluster", 46516, 5)
    );
    assert!(cluster.voting.two_node);
    assert_eq!(cluster.voting.expected_votes, 1);
    let nodes: Vec<(&str, u32, u32)> =
        cluster.nodes.iter().map(|n| (n.name.as_str(), n.id.get(), n.votes)).collect();
    assert_eq!(nodes, [("iscsi1", 1, 1), ("iscsi2", 2, 1)]);
    let group = cluster.group("192.168.10.11".parse().unwrap()).unwrap();
    assert_eq!(group.to_string(), "239.192.181.106");
    assert_eq!(cluster.ring.timers.consensus, Duration::from_secs(2));
}

#[test]
fn three_nodes_expect_three_votes() {
    assert_verdict(THREE, true, &[]);
    let cluster = configuration("cluster.conf", THREE.as_bytes()).unwrap().cluster;
    assert!(!cluster.voting.two_node);
    assert_eq!(cluster.voting.expected_votes, 3);
    assert_eq!(cluster.ring.timers.consensus, Duration::from_secs(12));
}

#[test]
fn empty_fencedevices_and_rm_may_be_left_out() {
    let text = listing1_with("<fencedevices/>", "").replace("<rm/>", "");
    assert_verdict(&text, true, &[]);
}

/// CMAN's schema refuses it because it allows one `logging_daemon` only; its successor allows
/// several, and the article meant them.
#[test]
fn listing2_with_its_six_daemons_is_good() {
    assert_verdict(LISTING2, true, &[]);
    let cluster = configuration("cluster.conf", LISTING2.as_bytes()).unwrap().cluster;
    assert_eq!(cluster.ring.timers.token, Duration::from_secs(30));
    assert_eq!(cluster.logging.daemons.len(), 6);
    let fenced = cluster.logging.of("fenced", None);
    assert_eq!(fenced.logfile.as_deref(), Some("/var/log/cluster/fenced.log"));
    assert_eq!(fenced.syslog_facility.to_string(), "daemon");
}

#[test]
fn listing3_as_printed_is_not_xml() {
    assert_verdict(
        LISTING3,
        false,
        &[
            "21: Opening and ending tag mismatch: clusternodes line 17 and cluster",
            "22: Premature end of data in tag clusternode line 11",
        ],
    );
}

#[test]
fn truncated_text_is_refused_with_the_tag_that_is_open() {
    let text = LISTING1.replace("</cluster>\n", "");
    assert_verdict(&text, false, &["14: Premature end of data in tag cluster line 2"]);
}

/// CMAN takes it; a version that is no number would be read as 0 there and never be followed.
#[test]
fn config_version_that_is_no_number_is_refused() {
    assert_verdict(
        &listing1_with("config_version=\"5\"", "config_version=\"abc\""),
        false,
        &["2: cluster.config_version: \"abc\" is not a number from 1 to 2147483647"],
    );
    assert_verdict(
        &listing1_with("config_version=\"5\"", "config_version=\"-5\""),
        false,
        &["2: cluster.config_version: \"-5\" is not a number from 1 to 2147483647"],
    );
}

/// CMAN takes it; the daemon could not tell it from a version that is missing.
#[test]
fn config_version_zero_is_refused() {
    assert_verdict(
        &listing1_with("config_version=\"5\"", "config_version=\"0\""),
        false,
        &["2: cluster.config_version: \"0\" is not a number from 1 to 2147483647"],
    );
}

#[test]
fn missing_config_version_is_refused() {
    assert_verdict(
        &listing1_with(" config_version=\"5\"", ""),
        false,
        &["2: cluster.config_version: there is no config_version"],
    );
}

/// CMAN takes both; each node would then see another one under the same number or name.
#[test]
fn duplicate_nodeid_and_duplicate_name_are_refused() {
    assert_verdict(
        &listing1_with("nodeid=\"2\"", "nodeid=\"1\""),
        false,
        &["8: cluster.clusternodes.clusternode[2].nodeid: \"1\" is the id of node iscsi1 already"],
    );
    assert_verdict(
        &listing1_with("name=\"iscsi2\"", "name=\"iscsi1\""),
        false,
        &["8: cluster.clusternodes.clusternode[2].name: \"iscsi1\" is the name of node 1 already"],
    );
}

/// CMAN's schema knows the attributes of each agent; here only the agents do.
#[test]
fn attributes_of_fence_devices_are_left_to_their_agents() {
    let device =
        "<fencedevices><fencedevice name=\"nps\" agent=\"fence_apc\" foo=\"1\"/></fencedevices>";
    assert_verdict(&listing1_with("<fencedevices/>", device), true, &[]);
}

#[test]
fn missing_and_zero_nodeid_are_refused() {
    assert_verdict(
        &listing1_with(" nodeid=\"2\"", ""),
        false,
        &["8: cluster.clusternodes.clusternode[2].nodeid: No node ID for iscsi2, run 'ccs_tool \
             addnodeids' to fix"],
    );
    assert_verdict(
        &listing1_with("nodeid=\"2\"", "nodeid=\"0\""),
        false,
        &["8: cluster.clusternodes.clusternode[2].nodeid: \"0\" is not a number from 1 to \
             4294967295"],
    );
    assert_verdict(
        &listing1_with("nodeid=\"2\"", "nodeid=\"-2\""),
        false,
        &["8: cluster.clusternodes.clusternode[2].nodeid: \"-2\" is not a number from 1 to \
             4294967295"],
    );
}

#[test]
fn cluster_without_nodes_is_refused() {
    assert_verdict(
        "<cluster name=\"x\" config_version=\"1\"/>\n",
        false,
        &["1: cluster: there is no element clusternodes, so there are no nodes"],
    );
    assert_verdict(
        "<cluster name=\"x\" config_version=\"1\"><clusternodes/></cluster>\n",
        false,
        &["1: cluster.clusternodes: there is no element clusternode, so there are no nodes"],
    );
}

#[test]
fn cluster_without_a_usable_name_is_refused() {
    assert_verdict(
        &listing1_with("name=\"iscsicluster\" ", ""),
        false,
        &["2: cluster.name: Can't find cluster name in CCS: there is no name"],
    );
    assert_verdict(
        &listing1_with("iscsicluster", ""),
        false,
        &["2: cluster.name: Invalid cluster name: \"\""],
    );
    assert_verdict(&listing1_with("iscsicluster", "abcdefghijklmno"), true, &[]);
    assert_verdict(
        &listing1_with("iscsicluster", "abcdefghijklmnop"),
        false,
        &["2: cluster.name: Invalid cluster name. It must be 15 characters or fewer: \
           \"abcdefghijklmnop\" has 16 bytes"],
    );
}

#[test]
fn one_logging_daemon_is_good() {
    let logging =
        "<logging><logging_daemon name=\"corosync\" subsys=\"CMAN\" debug=\"on\"/></logging><rm/>";
    let text = listing1_with("<rm/>", logging);
    assert_verdict(&text, true, &[]);
    let cluster = configuration("cluster.conf", text.as_bytes()).unwrap().cluster;
    assert!(cluster.logging.of("corosync", Some("CMAN")).debug);
    assert!(!cluster.logging.of("corosync", None).debug);
}

#[test]
fn expected_votes_beside_two_node_are_questioned() {
    assert_verdict(
        &listing1_with("expected_votes=\"1\"", "expected_votes=\"2\""),
        true,
        &["3: warning: cluster.cman.expected_votes: \"2\" with two_node: one node is enough \
             all the same"],
    );
    assert_verdict(
        &listing1_with(" expected_votes=\"1\"", ""),
        true,
        &["3: warning: cluster.cman.two_node: two_node without expected_votes=\"1\": status \
             shows 2 as expected"],
    );
}

/// CMAN takes yes and reads it as 0.
#[test]
fn two_node_that_is_no_digit_is_refused() {
    assert_verdict(
        &listing1_with("two_node=\"1\"", "two_node=\"yes\""),
        false,
        &["3: cluster.cman.two_node: \"yes\" is not 1 or 0"],
    );
}

#[test]
fn expected_votes_zero_is_refused() {
    assert_verdict(
        &listing1_with("expected_votes=\"1\"", "expected_votes=\"0\""),
        false,
        &["3: cluster.cman.expected_votes: \"0\" is not a number from 1 to 2147483647"],
    );
}

/// CMAN's schema refuses both; its daemon, like this one, takes them.
#[test]
fn unknown_attribute_and_element_are_kept_and_reported() {
    let text = listing1_with("<cman ", "<cman bogus=\"1\" ").replace("<rm/>", "<bogus/>");
    assert_verdict(
        &text,
        true,
        &[
            "3: warning: cluster.cman.bogus: cman has no attribute bogus; it has no effect",
            "13: warning: cluster.bogus: cluster holds no element bogus; it has no effect",
        ],
    );
    let tree = configuration("cluster.conf", text.as_bytes()).unwrap().tree;
    assert_eq!(tree.find(&"cluster.bogus".parse().unwrap()).len(), 1);
    assert_eq!(tree.find_keys(&"cluster.cman.bogus".parse().unwrap()).len(), 1);
}

/// CMAN's schema refuses a node without a vote, its daemon takes it; but not with two_node.
#[test]
fn node_without_a_vote_is_taken_unless_two_node_is_set() {
    let text = listing1_with("name=\"iscsi2\" votes=\"1\"", "name=\"iscsi2\" votes=\"0\"");
    assert_verdict(
        &text,
        false,
        &[
            "8: cluster.clusternodes.clusternode[2].votes: \
             two_node set but votes not set to 1: iscsi2 has \"0\"",
            "8: warning: cluster.clusternodes.clusternode[2].votes: \"0\": the node has no say",
        ],
    );
    assert_verdict(
        &text.replace("<cman two_node=\"1\" expected_votes=\"1\"/>", "<cman/>"),
        true,
        &["8: warning: cluster.clusternodes.clusternode[2].votes: \"0\": the node has no say"],
    );
}

#[test]
fn votes_that_are_no_number_are_refused() {
    let range = "is not a number from 0 to 255";
    for bad in ["abc", "-1", "256", "+1", "1.5", "0x1", "99999999999999999999"] {
        let text = listing1_with(
            "name=\"iscsi2\" votes=\"1\"",
            &format!("name=\"iscsi2\" votes=\"{bad}\""),
        );
        assert_verdict(
            &text,
            false,
            &[&format!("8: cluster.clusternodes.clusternode[2].votes: \"{bad}\" {range}")],
        );
    }
}

#[test]
fn missing_votes_are_one() {
    let text = listing1_with("name=\"iscsi2\" votes=\"1\"", "name=\"iscsi2\"");
    assert_verdict(&text, true, &[]);
}

#[test]
fn third_node_beside_two_node_is_refused() {
    let text = THREE.replace("<cman/>", "<cman two_node=\"1\" expected_votes=\"1\"/>");
    assert_verdict(
        &text,
        false,
        &["3: cluster.cman.two_node: two_node set but there are more than 2 nodes: 3"],
    );
}

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_text() {
    let text = "<cluster name=\"far-too-long-for-a-cluster\" config_version=\"x\">\n\
                 <cman two_node=\"2\" port=\"1\" port=\"5\"/>\n\
                 <totem token=\"5\" colour=\"red\"/>\n\
                 <clusternodes>\n\
                  <clusternode name=\"a\" nodeid=\"x\" votes=\"&many;\"/>\n\
                  <clusternode nodeid=\"2\" votes=\"900\"/>\n\
                 </clusternodes>\n\
                </cluster>\n";
    let (usable, lines) = verdict(text);
    assert!(!usable);
    let starts: Vec<&str> = lines.iter().map(|line| line.split(": ").nth(1).unwrap()).collect();
    assert_eq!(
        starts,
        [
            "cluster.name",
            "cluster.config_version",
            "attribute port of cman is there twice",
            "cluster.cman.two_node",
            "cluster.cman.port",
            "cluster.totem.token",
            "warning",
            "cluster.clusternodes.clusternode[1].nodeid",
            "Entity 'many' not defined",
            "cluster.clusternodes.clusternode[2].name",
            "cluster.clusternodes.clusternode[2].votes",
        ],
        "{lines:#?}"
    );
}

#[test]
fn root_that_is_no_cluster_is_refused() {
    assert_verdict("<foo/>\n", false, &["1: foo: \"foo\" is not the element cluster"]);
}
