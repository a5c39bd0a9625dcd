//! Members that come from different memberships.

use super::*;

/// What a member of this cluster would say of itself.
fn as_member(quorum: &Quorum) -> State {
    State { core: 0, ..quorum.state() }
}

/// A node that joins with a file of its own.
fn newcomer(me: u32, votes: &[(u32, u32)], expected: Option<u32>) -> Quorum {
    let votes = votes.iter().map(|&(id, votes)| (node(id), Votes::new(votes))).collect();
    let expected = expected.map(Votes::new);
    Quorum::new(&Config::new(node(me), votes, expected, false).expect("valid"))
}

/// Those who come from the membership of `old` and `new` exchange what they say.
fn merge(old: &mut Quorum, members: &[u32], new: &mut Quorum, id: u32) -> Vec<Output> {
    let mut said: BTreeMap<NodeId, State> =
        members.iter().map(|&member| (node(member), as_member(old))).collect();
    said.insert(node(id), new.state());
    while old.poll().is_some() {}
    while new.poll().is_some() {}
    old.on_states(NOW, &said);
    new.on_states(NOW, &said);
    assert_eq!(old.verdict(), new.verdict(), "both judge the same");
    let outputs: Vec<Output> = std::iter::from_fn(|| old.poll()).collect();
    let differs = |output: &Output| matches!(output, Output::Differs { .. });
    let theirs: Vec<Output> = std::iter::from_fn(|| new.poll()).filter(differs).collect();
    let ours: Vec<Output> = outputs.into_iter().filter(differs).collect();
    assert_eq!(ours, theirs, "both sides are told the same");
    ours
}

const FIVE: [(u32, u32); 5] = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)];

fn three_of_five() -> Quorum {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3], 5);
    quorum
}

#[test]
fn a_newcomer_that_expects_more_does_not_block_those_who_may_act() {
    // Recorded: a node with expected_votes="9" joins three of five, and all are blocked.
    let mut members = three_of_five();
    let mut other = newcomer(5, &FIVE, Some(9));
    let told = merge(&mut members, &[1, 2, 3], &mut other, 5);
    assert_eq!(shown(&members), (5, 4, 3, true));
    let what = Difference::Expected { theirs: Votes::new(9), ours: Votes::new(5) };
    assert_eq!(told, [Output::Differs { node: node(5), what }]);
    // And it leaves no mark.
    members.on_departure(NOW, &gone(&[5]));
    assert_eq!(shown(&members), (5, 3, 3, true));
    other.on_departure(NOW, &gone(&[1, 2, 3]));
    assert_eq!(shown(&other), (5, 1, 3, false));
}

#[test]
fn a_newcomer_counts_by_the_table_of_those_who_may_act() {
    let mut members = three_of_five();
    let mut other = newcomer(5, &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 10)], None);
    let told = merge(&mut members, &[1, 2, 3], &mut other, 5);
    assert_eq!(shown(&other), (5, 4, 3, true));
    let votes = Difference::Votes { theirs: Votes::new(10), ours: Votes::ONE };
    assert!(told.contains(&Output::Differs { node: node(5), what: votes }));
    other.on_departure(NOW, &gone(&[1, 2, 3]));
    assert!(!other.verdict().quorate, "ten votes of its own file");
}

#[test]
fn votes_set_while_the_cluster_ran_are_told_to_newcomers() {
    let mut members = three_of_five();
    members.set_votes(node(1), Votes::new(2)).expect("possible");
    deliver(&mut members, 1);
    assert_eq!(shown(&members), (5, 4, 3, true));
    let mut other = newcomer(4, &FIVE, None);
    merge(&mut members, &[1, 2, 3], &mut other, 4);
    assert_eq!(other.voter(node(1)).votes, Votes::new(2));
}

#[test]
fn a_newcomer_in_two_node_mode_does_not_bring_it_and_does_not_keep_it() {
    let mut members = three_of_five();
    let votes = [(node(4), Votes::ONE), (node(5), Votes::ONE)].into();
    let mut other = Quorum::new(&Config::new(node(5), votes, None, true).expect("valid"));
    let told = merge(&mut members, &[1, 2, 3], &mut other, 5);
    assert!(!members.two_node() && !other.two_node());
    let what = Difference::TwoNode { theirs: true };
    assert!(told.contains(&Output::Differs { node: node(5), what }));
    other.on_departure(NOW, &gone(&[1, 2, 3]));
    assert!(!other.verdict().quorate, "alone, and one of five");
}

#[test]
fn two_node_mode_is_not_ended_by_a_newcomer() {
    let mut members = configured(&[1, 1], None, true);
    join(&mut members, &[1], 2);
    assert_eq!(shown(&members), (2, 1, 1, true));
    let mut other = newcomer(2, &[(1, 1), (2, 1)], None);
    merge(&mut members, &[1], &mut other, 2);
    assert_eq!(members.verdict().why, Why::TwoNode);
    members.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&members), (2, 1, 1, true));
}

#[test]
fn what_an_operator_lowered_comes_back_when_there_are_enough_for_it() {
    let mut last = configured(&[1; 5], None, false);
    join(&mut last, &[1], 5);
    last.set_expected(Votes::ONE).expect("recorded as accepted");
    deliver(&mut last, 1);
    assert_eq!(shown(&last), (1, 1, 1, true));
    // Two do not suffice for five, and the quorum is not taken from the one who has it.
    let mut second = newcomer(2, &FIVE, None);
    merge(&mut last, &[1], &mut second, 2);
    assert_eq!(shown(&last), (1, 2, 2, true));
    let mut third = newcomer(3, &FIVE, None);
    merge(&mut last, &[1, 2], &mut third, 3);
    assert_eq!(shown(&last), (5, 3, 3, true));
}

#[test]
fn where_nobody_may_act_the_highest_expectation_counts() {
    let mut one = configured(&[1; 5], None, false);
    join(&mut one, &[1], 5);
    let mut other = newcomer(2, &FIVE, Some(9));
    let said = [(node(1), one.state()), (node(2), other.state())].into();
    one.on_states(NOW, &said);
    other.on_states(NOW, &said);
    assert_eq!(shown(&one), (9, 2, 5, false));
    assert_eq!(shown(&other), (9, 2, 5, false));
}

#[test]
fn of_two_who_may_act_those_with_more_votes_are_followed() {
    // Only a wrong file or an operator makes two of them.
    let mut large = three_of_five();
    let mut small = newcomer(4, &FIVE, Some(1));
    small.on_states(NOW, &[(node(4), small.state())].into());
    assert!(small.verdict().quorate);
    merge(&mut large, &[1, 2, 3], &mut small, 4);
    assert_eq!(shown(&small), (5, 4, 3, true));
}

/// A node that no file describes.
fn undescribed(me: u32, votes: u32, expected: u32) -> Quorum {
    let votes = [(node(me), Votes::new(votes))].into();
    let config = Config::new(node(me), votes, Some(Votes::new(expected)), false).expect("valid");
    let mut quorum = Quorum::new(&config.unlisted());
    let alone = [(node(me), quorum.state())].into();
    quorum.on_states(NOW, &alone);
    quorum
}

#[test]
fn where_no_file_lists_the_nodes_each_has_the_votes_that_it_says() {
    // Recorded: two nodes without a file count each other, Total votes 2.
    let (mut one, mut two) = (undescribed(1, 1, 1), undescribed(2, 1, 1));
    merge(&mut one, &[1], &mut two, 2);
    assert_eq!((shown(&one), shown(&two)), ((1, 2, 2, true), (1, 2, 2, true)));
    // Who went is forgotten, and missed; who comes back is believed again.
    one.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&one), (1, 1, 2, false));
    let mut two = undescribed(2, 1, 1);
    merge(&mut one, &[1], &mut two, 2);
    assert!(one.verdict().quorate && two.verdict().quorate);
    let mut three = undescribed(3, 4, 1);
    merge(&mut one, &[1, 2], &mut three, 3);
    assert_eq!((shown(&one), shown(&three)), ((1, 6, 4, true), (1, 6, 4, true)));
}

#[test]
fn where_no_file_lists_the_nodes_those_who_expect_more_than_they_are_wait_for_each_other() {
    let (mut one, mut two) = (undescribed(1, 1, 3), undescribed(2, 1, 3));
    assert_eq!(shown(&one), (3, 1, 2, false));
    merge(&mut one, &[1], &mut two, 2);
    assert_eq!((shown(&one), shown(&two)), ((3, 2, 2, true), (3, 2, 2, true)));
}

#[test]
fn votes_that_an_operator_set_where_no_file_lists_the_nodes_are_kept() {
    let (mut one, mut two) = (undescribed(1, 1, 1), undescribed(2, 1, 1));
    merge(&mut one, &[1], &mut two, 2);
    for member in [&mut one, &mut two] {
        let set = Message::Votes { node: node(2), votes: Votes::new(2) };
        member.on_message(node(1), &set).expect("possible");
    }
    let mut three = undescribed(3, 1, 1);
    merge(&mut two, &[1, 2], &mut three, 3);
    assert_eq!(three.voter(node(2)).votes, Votes::new(2));
    assert_eq!(shown(&three), (1, 4, 3, true));
}
