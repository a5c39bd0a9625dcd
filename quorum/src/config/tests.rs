use std::string::ToString;

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn config(votes: &[u32], expected: Option<u32>, two_node: bool) -> Result<Config, ConfigError> {
    let votes = (1..).zip(votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
    Config::new(node(1), votes, expected.map(Votes::new), two_node)
}

#[test]
fn expected_votes_default_to_the_sum() {
    assert_eq!(config(&[1, 2, 4], None, false).expect("valid").expected(), Votes::new(7));
    assert_eq!(config(&[1, 1], Some(1), true).expect("valid").expected(), Votes::ONE);
}

#[test]
fn two_node_needs_two_nodes_of_one_vote() {
    let more = "two_node set but there are more than 2 nodes";
    let own = "two_node set but votes not set to 1";
    for (votes, text) in [
        (&[1, 1, 1][..], more),
        (&[1][..], more),
        (&[1, 2][..], more),
        (&[1, 0][..], more),
        (&[2, 1][..], own),
        (&[2, 0][..], own),
        (&[0, 2][..], own),
    ] {
        let refused = config(votes, Some(1), true).expect_err("does not fit two-node mode");
        assert_eq!(refused.to_string(), text, "votes {votes:?}");
    }
}

#[test]
fn two_node_does_not_ask_for_expected_votes_of_one() {
    assert_eq!(config(&[1, 1], None, true).expect("valid").expected(), Votes::new(2));
}

#[test]
fn a_node_must_be_among_the_configured() {
    let refused = Config::new(node(3), BTreeMap::from([(node(1), Votes::ONE)]), None, false);
    assert_eq!(refused, Err(ConfigError::Unlisted(node(3))));
}

#[test]
fn rules_that_do_not_fit_are_refused_and_say_why() {
    let lowering = Rules { allow_downscale: true, ..Rules::default() };
    let standing = Rules { last_man_standing: Some(Duration::from_secs(1)), ..Rules::default() };
    let waiting = |rules: &Rules| Rules { wait_for_all: true, ..rules.clone() };
    let tie = |tie| Rules { tie_breaker: Some(tie), ..Rules::default() };
    let list = |ids: &[u32]| tie(TieBreaker::List(ids.iter().copied().map(node).collect()));
    let refused = |votes: &[u32], two_node, rules: &Rules| {
        let config = config(votes, None, two_node).expect("valid without rules");
        config.with_rules(rules.clone()).expect_err("does not fit").to_string()
    };
    let needs = "last_man_standing and allow_downscale need wait_for_all=\"1\"";
    assert_eq!(refused(&[1, 1, 1], false, &lowering), needs);
    assert_eq!(refused(&[1, 1, 1], false, &standing), needs);
    let two = "last_man_standing and allow_downscale cannot be used with two_node";
    assert_eq!(refused(&[1, 1], true, &waiting(&lowering)), two);
    let tied = "auto_tie_breaker cannot be used with two_node: each node may go on alone";
    assert_eq!(refused(&[1, 1], true, &tie(TieBreaker::Lowest)), tied);
    let votes = "last_man_standing needs one vote per node, node 2 has 3";
    assert_eq!(refused(&[1, 3], false, &waiting(&standing)), votes);
    assert_eq!(refused(&[1], false, &list(&[])), "auto_tie_breaker lists no node");
    let unlisted = "node 7 is not among the configured nodes";
    assert_eq!(refused(&[1, 1], false, &list(&[1, 7])), unlisted);
    let good = config(&[1, 1], Some(1), true).expect("valid");
    assert!(good.with_rules(waiting(&Rules::default())).is_ok());
}
