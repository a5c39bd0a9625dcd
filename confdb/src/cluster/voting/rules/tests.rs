use super::super::super::tests::{assert_refused, assert_warned, good, problems, text};
use super::*;

fn id(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

#[test]
fn nothing_is_on_unless_it_is_asked_for() {
    assert_eq!(good("<cman/>").voting.rules, Rules::default());
    assert_eq!(good("<cman two_node=\"1\" expected_votes=\"1\"/>").voting.rules, Rules::default());
    let off = "<cman wait_for_all=\"0\" auto_tie_breaker=\"0\" last_man_standing=\"0\" \
               allow_downscale=\"0\"/>";
    assert_eq!(good(off).voting.rules, Rules::default());
}

#[test]
fn everything_that_is_asked_for_is_taken() {
    let all = "<cman wait_for_all=\"1\" auto_tie_breaker=\"2, 1 2\" last_man_standing=\"1\" \
               last_man_standing_window=\"500\" allow_downscale=\"1\"/>";
    let expected = Rules {
        wait_for_all: true,
        tie_breaker: Some(TieBreaker::List(vec![id(2), id(1)])),
        last_man_standing: Some(Duration::from_millis(500)),
        allow_downscale: true,
    };
    assert_eq!(good(all).voting.rules, expected);
    let standing = good("<cman wait_for_all=\"1\" last_man_standing=\"1\"/>").voting.rules;
    assert_eq!(standing.last_man_standing, Some(Duration::from_secs(10)));
    for (word, meant) in [("lowest", TieBreaker::Lowest), ("highest", TieBreaker::Highest)] {
        let cman = format!("<cman auto_tie_breaker=\"{word}\"/>");
        assert_eq!(good(&cman).voting.rules.tie_breaker, Some(meant));
    }
    let two = good("<cman two_node=\"1\" expected_votes=\"1\" wait_for_all=\"1\"/>");
    assert!(two.voting.rules.wait_for_all);
}

#[test]
fn a_tie_breaker_is_a_node() {
    for value in ["1,x", "first", "", ",", "-1", "0,1"] {
        let text = format!(
            "cluster.cman.auto_tie_breaker: \"{value}\" is not 0, lowest, highest or ids of nodes"
        );
        assert_refused(&format!("<cman auto_tie_breaker=\"{value}\"/>"), &text);
    }
    assert_refused(
        "<cman auto_tie_breaker=\"1,7\"/>",
        "cluster.cman.auto_tie_breaker: \"7\" is not the id of a node",
    );
}

#[test]
fn what_does_not_go_together_is_told_all_at_once() {
    let (usable, told) = problems("<cman last_man_standing=\"1\" allow_downscale=\"1\"/>");
    assert!(!usable);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("cluster.cman.last_man_standing: last_man_standing needs"));
    assert!(told[1].starts_with("cluster.cman.allow_downscale: allow_downscale needs"));
    let (_, told) = problems(
        "<cman two_node=\"1\" expected_votes=\"1\" wait_for_all=\"1\" auto_tie_breaker=\"lowest\" \
         last_man_standing=\"1\"/>",
    );
    assert_eq!(
        told,
        [
            "cluster.cman.auto_tie_breaker: auto_tie_breaker with two_node: each node may go on \
             alone",
            "cluster.cman.last_man_standing: last_man_standing with two_node: each node may go on \
             alone",
        ]
    );
    let (_, told) =
        problems("<cman auto_tie_breaker=\"lowest\" expected_votes=\"3\"/><quorumd label=\"x\"/>");
    assert_eq!(
        told,
        ["cluster.cman.auto_tie_breaker: auto_tie_breaker excludes a quorum device: one of them \
          breaks ties"]
    );
}

#[test]
fn last_man_standing_counts_nodes_and_says_where_votes_are_wrong() {
    let text = text("<cman wait_for_all=\"1\" last_man_standing=\"1\"/>");
    let text = text.replace("nodeid=\"2\"", "nodeid=\"2\" votes=\"3\"");
    let problems = crate::load::configuration("f", text.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].what, "last_man_standing counts nodes: b has \"3\" votes");
    assert!(problems[0].to_string().starts_with("f:3"), "{}", problems[0]);
}

#[test]
fn a_window_without_its_rule_is_odd() {
    assert_warned(
        "<cman last_man_standing_window=\"500\"/>",
        "cluster.cman.last_man_standing_window: last_man_standing_window without \
         last_man_standing has no effect",
    );
}
