use super::super::tests::{assert_refused, assert_warned, good};
use super::*;

#[test]
fn defaults_are_those_of_cman() {
    let voting = good("").voting;
    let expected = Voting {
        two_node: false,
        expected_votes: 2,
        expected_votes_configured: None,
        disallowed: false,
        device_timeout: None,
        sync_timeout: None,
        shutdown_timeout: Duration::from_secs(5),
        config_poll: Duration::from_secs(1),
        startup_config_timeout: Duration::ZERO,
        rules: Rules::default(),
        queued_max: 128,
    };
    assert_eq!(voting, expected);
}

#[test]
fn configured_values_are_taken() {
    let cman = "<cman expected_votes=\"2\" disallowed=\"1\" quorum_dev_poll=\"500\" \
                shutdown_timeout=\"1\" ccsd_poll=\"2\" startup_config_timeout=\"10\" \
                max_queued=\"64\"/>";
    let voting = good(cman).voting;
    assert_eq!(voting.expected_votes_configured, Some(2));
    assert!(voting.disallowed);
    assert_eq!(voting.device_timeout, Some(Duration::from_millis(500)));
    assert_eq!(voting.shutdown_timeout, Duration::from_millis(1));
    assert_eq!(voting.config_poll, Duration::from_millis(2));
    assert_eq!(voting.startup_config_timeout, Duration::from_secs(10));
    assert_eq!(voting.queued_max, 64);
    let device = "<quorum><device model=\"net\" sync_timeout=\"20000\"/></quorum>";
    assert_eq!(good(device).voting.sync_timeout, Some(Duration::from_secs(20)));
}

#[test]
fn expected_votes_below_the_sum_are_dangerous_and_said_to_be() {
    assert_warned(
        "<cman expected_votes=\"1\"/>",
        "cluster.cman.expected_votes: \"1\" is less than the nodes' votes, 2: \
         parts of the cluster that start apart can both be quorate",
    );
}

#[test]
fn expected_votes_out_of_reach_need_a_quorum_device() {
    assert_warned(
        "<cman expected_votes=\"4\"/>",
        "cluster.cman.expected_votes: \"4\" is so much that all nodes together are never quorate",
    );
    let voting = good("<cman expected_votes=\"4\"/><quorumd label=\"x\" votes=\"2\"/>").voting;
    assert_eq!(voting.expected_votes, 4);
    assert_eq!(super::super::tests::problems("<cman expected_votes=\"3\"/>"), (true, vec![]));
}

#[test]
fn two_node_is_one_or_zero() {
    assert!(!good("<cman two_node=\"0\"/>").voting.two_node);
    assert!(good("<cman two_node=\"1\" expected_votes=\"1\"/>").voting.two_node);
    assert_refused("<cman two_node=\"2\"/>", "cluster.cman.two_node: \"2\" is not 1 or 0");
}

#[test]
fn two_node_with_one_node_is_refused() {
    let text = super::super::tests::text("<cman two_node=\"1\" expected_votes=\"1\"/>");
    let text = text.replace("<clusternode name=\"b\" nodeid=\"2\"/>", "");
    let problems = crate::load::configuration("f", text.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].what, "two_node set but there are fewer than 2 nodes: 1");
}
