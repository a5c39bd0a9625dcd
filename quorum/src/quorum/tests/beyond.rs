//! What goes beyond CMAN.

use core::time::Duration;

use super::*;

const WINDOW: Duration = Duration::from_secs(10);

fn with_rules(votes: &[u32], rules: Rules) -> Quorum {
    let expected = votes.iter().sum();
    let all = (1..).zip(votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
    let config = Config::new(node(1), all, None, false).expect("valid");
    let mut quorum = Quorum::new(&config.with_rules(rules).expect("valid rules"));
    join(&mut quorum, &[1], expected);
    quorum
}

fn waiting() -> Rules {
    Rules { wait_for_all: true, ..Rules::default() }
}

fn standing() -> Rules {
    Rules { last_man_standing: Some(WINDOW), ..waiting() }
}

#[test]
fn nobody_acts_before_all_were_together_and_again_after_a_loss() {
    let mut quorum = with_rules(&[1; 3], waiting());
    join(&mut quorum, &[2], 3);
    assert_eq!((shown(&quorum), quorum.verdict().why), ((3, 2, 2, false), Why::WaitingForAll));
    join(&mut quorum, &[3], 3);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
    quorum.on_departure(NOW, &gone(&[3]));
    assert_eq!(quorum.verdict().why, Why::WaitingForAll);
    join(&mut quorum, &[2], 3);
    assert_eq!(shown(&quorum), (3, 2, 2, false));
    join(&mut quorum, &[3], 3);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
}

#[test]
fn who_waits_acts_with_those_who_may_act() {
    let mut quorum = with_rules(&[1; 3], waiting());
    let mut other = with_rules(&[1; 3], waiting());
    join(&mut other, &[2, 3], 3);
    other.on_departure(NOW, &gone(&[1]));
    assert!(other.verdict().quorate);
    let said = [(node(1), quorum.state()), (node(2), other.state())].into();
    quorum.on_states(NOW, &said);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn waiting_in_two_node_mode_is_for_those_who_ask_for_it() {
    let votes: BTreeMap<NodeId, Votes> = [1, 2].map(|id| (node(id), Votes::ONE)).into();
    let config = Config::new(node(1), votes, Some(Votes::ONE), true).expect("valid");
    let mut plain = Quorum::new(&config);
    join(&mut plain, &[1], 1);
    assert!(plain.verdict().quorate);
    let mut waits = Quorum::new(&config.with_rules(waiting()).expect("valid"));
    join(&mut waits, &[1], 1);
    assert_eq!(waits.verdict().why, Why::WaitingForAll);
    join(&mut waits, &[2], 1);
    assert_eq!(waits.verdict().why, Why::TwoNode);
    waits.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&waits), (1, 1, 1, true));
}

#[test]
fn waiting_stays_as_configured_when_the_file_is_read_again() {
    let mut quorum = with_rules(&[1; 3], waiting());
    let config = quorum.config.clone();
    quorum.reconfigure(&config);
    join(&mut quorum, &[2], 3);
    assert_eq!(quorum.verdict().why, Why::WaitingForAll);
    quorum.reconfigure(&config.with_rules(Rules::default()).expect("valid"));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn an_operator_ends_the_waiting() {
    let mut quorum = with_rules(&[1; 3], waiting());
    join(&mut quorum, &[2], 3);
    quorum.set_expected(Votes::new(2)).expect("possible");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (2, 2, 2, true));
}

#[test]
fn half_of_the_votes_suffice_beside_the_tie_breaker() {
    for (tie, here, wins) in [
        (TieBreaker::Lowest, [1, 2], true),
        (TieBreaker::Highest, [1, 2], false),
        (TieBreaker::Highest, [1, 4], true),
        (TieBreaker::List(std::vec![node(3), node(1)]), [1, 2], false),
        (TieBreaker::List(std::vec![node(3), node(1)]), [1, 3], true),
    ] {
        let rules = Rules { tie_breaker: Some(tie.clone()), ..Rules::default() };
        let mut quorum = with_rules(&[1; 4], rules);
        join(&mut quorum, &[2, 3, 4], 4);
        let others: Vec<u32> = (1..=4).filter(|id| !here.contains(id)).collect();
        quorum.on_departure(NOW, &gone(&others));
        assert_eq!(quorum.verdict().quorate, wins, "{tie:?} {here:?}");
        if wins {
            assert_eq!((shown(&quorum), quorum.verdict().why), ((4, 2, 2, true), Why::TieBreaker));
        }
    }
}

#[test]
fn of_a_list_a_node_that_was_dead_before_does_not_break_ties() {
    let list = TieBreaker::List(std::vec![node(4), node(2)]);
    let mut quorum = with_rules(&[1; 4], Rules { tie_breaker: Some(list), ..Rules::default() });
    join(&mut quorum, &[2, 3, 4], 4);
    quorum.on_departure(NOW, &gone(&[4]));
    quorum.on_departure(NOW, &gone(&[3]));
    assert_eq!(quorum.verdict().why, Why::TieBreaker);
}

#[test]
fn half_that_never_was_part_of_a_quorate_whole_does_not_win_by_a_list() {
    let list = TieBreaker::List(std::vec![node(1)]);
    let mut quorum = with_rules(&[1; 4], Rules { tie_breaker: Some(list), ..Rules::default() });
    join(&mut quorum, &[2], 4);
    assert_eq!(shown(&quorum), (4, 2, 3, false));
}

#[test]
fn last_men_expect_less_after_the_window_and_only_while_quorate() {
    let mut quorum = with_rules(&[1; 5], standing());
    join(&mut quorum, &[2, 3, 4, 5], 5);
    assert_eq!(quorum.deadline(), None);
    quorum.on_departure(NOW, &gone(&[4, 5]));
    assert_eq!((shown(&quorum), quorum.deadline()), ((5, 3, 3, true), Some(NOW + WINDOW)));
    quorum.on_timeout(NOW + WINDOW / 2);
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (5, 3, 3, true));
    quorum.on_timeout(NOW + WINDOW);
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    quorum.on_departure(NOW, &gone(&[2, 3]));
    assert_eq!((quorum.verdict().quorate, quorum.deadline()), (false, None));
    assert_eq!(quorum.on_message(node(1), &Message::Standing(1)), Ok(()));
    assert!(!quorum.verdict().quorate, "nothing is lowered without a quorum");
}

#[test]
fn a_word_about_others_who_stood_lowers_nothing() {
    let mut quorum = with_rules(&[1; 5], standing());
    join(&mut quorum, &[2, 3, 4, 5], 5);
    quorum.on_departure(NOW, &gone(&[5]));
    assert_eq!(quorum.on_message(node(2), &Message::Standing(3)), Ok(()));
    assert_eq!(shown(&quorum), (5, 4, 3, true));
}

#[test]
fn from_two_to_one_takes_a_tie_breaker() {
    let rules = Rules { tie_breaker: Some(TieBreaker::Lowest), ..standing() };
    let mut quorum = with_rules(&[1; 3], rules);
    join(&mut quorum, &[2, 3], 3);
    quorum.on_departure(NOW, &gone(&[3]));
    quorum.on_timeout(NOW + WINDOW);
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (2, 2, 2, true));
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!((shown(&quorum), quorum.verdict().why), ((2, 1, 1, true), Why::TieBreaker));
}

#[test]
fn who_comes_back_is_expected_again_one_by_one() {
    let mut quorum = with_rules(&[1; 5], standing());
    join(&mut quorum, &[2, 3, 4, 5], 5);
    quorum.on_departure(NOW, &gone(&[4, 5]));
    quorum.on_timeout(NOW + WINDOW);
    deliver(&mut quorum, 1);
    join(&mut quorum, &[4], 5);
    assert_eq!(shown(&quorum), (4, 4, 3, true));
}

#[test]
fn only_orderly_leaves_downscale() {
    let rules = Rules { allow_downscale: true, ..waiting() };
    let mut quorum = with_rules(&[1; 5], rules);
    join(&mut quorum, &[2, 3, 4, 5], 5);
    let left = Gone { all: nodes(&[4, 5]), left: nodes(&[5]), ..Gone::default() };
    quorum.on_departure(NOW, &left);
    assert_eq!(shown(&quorum), (4, 3, 3, true));
    let left = Gone { all: nodes(&[3]), left: nodes(&[3]), ..Gone::default() };
    quorum.on_departure(NOW, &left);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
    // The one that died is still expected, so that one alone is not enough.
    let left = Gone { all: nodes(&[2]), left: nodes(&[2]), ..Gone::default() };
    quorum.on_departure(NOW, &left);
    assert!(!quorum.verdict().quorate);
}

#[test]
fn a_newcomer_with_other_rules_takes_nothing_and_uses_none() {
    let rules = Rules { tie_breaker: Some(TieBreaker::Lowest), ..Rules::default() };
    let mut quorum = with_rules(&[1, 1, 1, 1, 0], rules);
    join(&mut quorum, &[2, 3, 4], 4);
    quorum.on_departure(NOW, &gone(&[3, 4]));
    assert_eq!(quorum.verdict().why, Why::TieBreaker);
    let mut other = with_rules(&[1, 1, 1, 1, 0], Rules::default());
    let mut said: BTreeMap<NodeId, State> = [1, 2].map(|id| (node(id), quorum.state())).into();
    said.insert(node(5), State { votes: Votes::ZERO, ..other.state() });
    quorum.on_states(NOW, &said);
    other.on_states(NOW, &said);
    assert_eq!(quorum.verdict().why, Why::TieBreaker);
    assert!(!other.verdict().quorate, "it has no tie-breaker");
}
