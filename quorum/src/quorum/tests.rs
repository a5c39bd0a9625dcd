use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::config::Rules;

mod beyond;
mod cluster;
mod device;
mod merge;
mod trial;

const NOW: Instant = Instant::ORIGIN;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn nodes(ids: &[u32]) -> BTreeSet<NodeId> {
    ids.iter().copied().map(node).collect()
}

fn gone(all: &[u32]) -> Gone {
    Gone { all: nodes(all), ..Gone::default() }
}

/// These go, and of them these with `remove`.
fn removed(all: &[u32], removed: &[u32]) -> Gone {
    let (left, removed) = (nodes(removed), nodes(removed));
    Gone { all: nodes(all), left, removed, ..Gone::default() }
}

/// What somebody says who was just started with a file that expects so much.
fn state(expected: u32) -> State {
    let expected = Votes::new(expected);
    let rules = Rules::default().digest();
    State {
        votes: Votes::ONE,
        expected,
        highest: expected,
        file: expected,
        rules,
        ..State::default()
    }
}

/// Node 1 of `votes.len()` configured nodes.
fn configured(votes: &[u32], expected: Option<u32>, two_node: bool) -> Quorum {
    let votes = (1..).zip(votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
    let expected = expected.map(Votes::new);
    Quorum::new(&Config::new(node(1), votes, expected, two_node).expect("valid"))
}

/// Makes these nodes members; all say the same.
fn join(quorum: &mut Quorum, ids: &[u32], expected: u32) {
    let rules = quorum.config.rules.clone();
    let said = |id| State {
        votes: quorum.voter(node(id)).votes,
        two_node: quorum.config.two_node,
        waits: rules.wait_for_all,
        lowers: rules.lowers(),
        rules: rules.digest(),
        ..state(expected)
    };
    let said = ids.iter().map(|&id| (node(id), said(id))).collect();
    quorum.on_states(NOW, &said);
}

/// Three nodes of one vote, all members.
fn three() -> Quorum {
    let mut quorum = configured(&[1, 1, 1], None, false);
    join(&mut quorum, &[1, 2, 3], 3);
    quorum
}

/// The two lines of `cman_tool status`, and whether it says that activity is blocked.
fn shown(quorum: &Quorum) -> (u32, u32, u32, bool) {
    let verdict = quorum.verdict();
    (verdict.expected.get(), verdict.present.get(), verdict.needed.get(), verdict.quorate)
}

/// Carries out what was asked for, as if this were the only node or the first to hear it.
fn deliver(quorum: &mut Quorum, from: u32) {
    while let Some(output) = quorum.poll() {
        match output {
            Output::Say(message) => {
                quorum.on_message(node(from), &message).expect("nothing came between");
            }
            Output::Changed(_) | Output::Differs { .. } | Output::DeviceLost => {}
        }
    }
}

#[test]
fn three_nodes_come_up_as_recorded() {
    let mut quorum = configured(&[1, 1, 1], None, false);
    assert_eq!(shown(&quorum), (3, 0, 2, false));
    join(&mut quorum, &[1], 3);
    assert_eq!(shown(&quorum), (3, 1, 2, false));
    join(&mut quorum, &[2], 3);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
    join(&mut quorum, &[3], 3);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
}

#[test]
fn two_nodes_of_two_node_mode_are_recorded_with_quorum_one() {
    let mut quorum = configured(&[1, 1], Some(1), true);
    join(&mut quorum, &[1], 1);
    assert_eq!(shown(&quorum), (1, 1, 1, true));
    join(&mut quorum, &[2], 1);
    assert_eq!(shown(&quorum), (1, 2, 1, true));
    assert_eq!(quorum.verdict().why, Why::TwoNode);
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&quorum), (1, 1, 1, true));
}

#[test]
fn strangers_have_no_vote_and_change_nothing() {
    let mut quorum = configured(&[1, 1], Some(1), true);
    join(&mut quorum, &[1, 2, 9], 1);
    assert_eq!(shown(&quorum), (1, 2, 1, true));
    assert_eq!(quorum.verdict().why, Why::TwoNode);
    let mut quorum = three();
    join(&mut quorum, &[8, 9], 3);
    quorum.on_departure(NOW, &gone(&[8, 9, 3]));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn losses_never_lower_what_is_needed() {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3, 4, 5], 5);
    quorum.on_departure(NOW, &gone(&[3, 4, 5]));
    assert_eq!(shown(&quorum), (5, 2, 3, false));
}

#[test]
fn leaving_with_remove_lowers_and_a_rejoin_restores() {
    let mut quorum = three();
    quorum.on_departure(NOW, &removed(&[3], &[3]));
    assert_eq!(shown(&quorum), (2, 2, 2, true));
    quorum.on_departure(NOW, &removed(&[2], &[2]));
    assert_eq!(shown(&quorum), (1, 1, 1, true));
    assert_eq!(quorum.state().expected, Votes::ONE);
    join(&mut quorum, &[2], 3);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn plain_leave_keeps_what_is_expected() {
    let mut quorum = three();
    quorum.on_departure(NOW, &gone(&[3]));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn remove_counts_votes_and_not_nodes() {
    let mut quorum = configured(&[3, 2, 1], None, false);
    join(&mut quorum, &[1, 2, 3], 6);
    quorum.on_departure(NOW, &removed(&[3], &[3]));
    assert_eq!(shown(&quorum), (5, 5, 3, true));
}

#[test]
fn a_split_while_somebody_is_removed_makes_no_second_quorum() {
    // Five nodes; node 5 leaves with remove, and in the same moment the others fall apart.
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3, 4, 5], 5);
    quorum.on_departure(NOW, &removed(&[3, 4, 5], &[5]));
    assert_eq!(shown(&quorum), (4, 2, 3, false));
}

#[test]
fn a_minority_does_not_become_quorate_because_a_member_is_shut_down() {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2], 5);
    quorum.on_departure(NOW, &removed(&[2], &[2]));
    assert_eq!(shown(&quorum), (5, 1, 3, false));
}

#[test]
fn expected_votes_are_set_as_recorded() {
    let mut quorum = three();
    for (asked, expected, needed) in [(1, 1, 2), (2, 2, 2), (4, 4, 3)] {
        quorum.set_expected(Votes::new(asked)).expect("recorded as accepted");
        deliver(&mut quorum, 1);
        assert_eq!(shown(&quorum), (expected, 3, needed, true), "expected -e {asked}");
    }
    for asked in [6, 7] {
        let refused = quorum.set_expected(Votes::new(asked));
        assert_eq!(refused, Err(Refused::TooMany { needed: 4, present: 3 }), "-e {asked}");
        assert_eq!(shown(&quorum), (4, 3, 3, true));
    }
    quorum.set_expected(Votes::new(3)).expect("recorded as accepted");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
}

#[test]
fn votes_are_set_as_recorded() {
    let mut quorum = three();
    for (asked, total, needed) in [(2, 4, 3), (3, 5, 3), (1, 3, 2)] {
        quorum.set_votes(node(1), Votes::new(asked)).expect("recorded as accepted");
        deliver(&mut quorum, 1);
        assert_eq!(shown(&quorum), (3, total, needed, true), "votes -v {asked}");
    }
}

#[test]
fn two_node_mode_accepts_and_refuses_as_recorded() {
    let mut quorum = configured(&[1, 1], Some(1), true);
    join(&mut quorum, &[1, 2], 1);
    for asked in [2, 5, 1] {
        quorum.set_expected(Votes::new(asked)).expect("recorded as accepted");
        deliver(&mut quorum, 1);
        assert_eq!(shown(&quorum), (asked, 2, 1, true), "expected -e {asked}");
    }
    let refused = quorum.set_votes(node(1), Votes::new(3));
    assert_eq!(refused, Err(Refused::TooFew { needed: 1, present: 4 }));
    let refused = quorum.set_votes(node(1), Votes::new(300));
    assert_eq!(refused, Err(Refused::TooFew { needed: 1, present: 301 }));
    assert_eq!(quorum.set_votes(node(1), Votes::ZERO), Err(Refused::Zero));
    assert_eq!(shown(&quorum), (1, 2, 1, true));
    quorum.set_votes(node(2), Votes::new(2)).expect("recorded as accepted");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (1, 3, 1, true));
}

#[test]
fn an_operator_unblocks_the_last_of_three() {
    let mut quorum = three();
    quorum.on_departure(NOW, &gone(&[1, 2]));
    assert_eq!(shown(&quorum), (3, 1, 2, false));
    // Here node 1 stands for the survivor.
    let mut quorum = three();
    quorum.on_departure(NOW, &gone(&[2, 3]));
    quorum.set_expected(Votes::ONE).expect("recorded as accepted");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (1, 1, 1, true));
    join(&mut quorum, &[2], 3);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn a_refused_request_changes_nothing_and_says_nothing() {
    let mut quorum = three();
    deliver(&mut quorum, 1);
    let before = quorum.clone();
    assert_eq!(quorum.set_expected(Votes::ZERO), Err(Refused::Zero));
    assert!(quorum.set_expected(Votes::new(100)).is_err());
    assert_eq!(quorum.set_votes(node(9), Votes::ONE), Err(Refused::Unknown(node(9))));
    assert_eq!(quorum.poll(), None);
    assert_eq!(quorum.state(), before.state());
    assert_eq!(quorum.verdict(), before.verdict());
    assert_eq!(quorum.electorate, before.electorate);
}

#[test]
fn who_is_no_member_cannot_set_anything() {
    let mut quorum = configured(&[1, 1, 1], None, false);
    assert_eq!(quorum.set_expected(Votes::ONE), Err(Refused::NotMember));
    assert_eq!(quorum.set_votes(node(1), Votes::ONE), Err(Refused::NotMember));
}

#[test]
fn several_newcomers_are_one_change_of_the_verdict() {
    let mut quorum = configured(&[1, 1, 1], None, false);
    join(&mut quorum, &[1, 2, 3], 3);
    assert_eq!(quorum.poll(), Some(Output::Changed(*quorum.verdict())));
    assert_eq!(quorum.poll(), None);
}

fn file(votes: &[(u32, u32)], expected: Option<u32>, two_node: bool) -> Config {
    let votes = votes.iter().map(|&(id, votes)| (node(id), Votes::new(votes))).collect();
    Config::new(node(1), votes, expected.map(Votes::new), two_node).expect("valid")
}

#[test]
fn another_file_changes_votes_and_expectation_at_once() {
    let mut quorum = three();
    quorum.reconfigure(&file(&[(1, 1), (2, 3), (3, 1)], None, false));
    assert_eq!(shown(&quorum), (5, 5, 3, true));
    quorum.reconfigure(&file(&[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)], None, false));
    assert_eq!(shown(&quorum), (5, 3, 3, true));
    quorum.reconfigure(&file(&[(1, 1), (2, 1), (3, 1)], Some(1), false));
    assert_eq!(shown(&quorum), (1, 3, 2, true));
    assert_eq!(quorum.state().expected, Votes::ONE);
}

#[test]
fn another_file_may_take_the_quorum_and_may_give_it_back() {
    let mut quorum = three();
    quorum.on_departure(NOW, &gone(&[3]));
    quorum.reconfigure(&file(&[(1, 1), (2, 1), (3, 3)], None, false));
    assert_eq!(shown(&quorum), (5, 2, 3, false));
    quorum.reconfigure(&file(&[(1, 1), (2, 1)], Some(1), true));
    assert_eq!(shown(&quorum), (1, 2, 1, true));
    assert!(quorum.two_node());
    quorum.reconfigure(&file(&[(1, 1), (2, 1), (3, 1)], None, false));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn who_is_no_longer_configured_stays_while_present_and_is_then_forgotten() {
    let mut quorum = three();
    quorum.on_departure(NOW, &gone(&[2]));
    quorum.reconfigure(&file(&[(1, 1), (4, 1)], None, false));
    assert!(quorum.electorate.known(node(2)).is_none());
    let stays = quorum.electorate.known(node(3)).expect("present");
    assert!(stays.present && !stays.configured);
    assert!(quorum.electorate.known(node(4)).is_some_and(|voter| !voter.present));
    quorum.on_departure(NOW, &gone(&[3]));
    assert!(quorum.electorate.known(node(3)).is_none());
}

#[test]
fn the_same_file_again_undoes_what_was_set_and_tells_nobody_nothing_new() {
    let mut quorum = three();
    deliver(&mut quorum, 1);
    let before = quorum.electorate.clone();
    let same = file(&[(1, 1), (2, 1), (3, 1)], None, false);
    quorum.reconfigure(&same);
    assert_eq!((quorum.poll(), &quorum.electorate), (None, &before));
    quorum.set_votes(node(2), Votes::new(2)).expect("possible");
    deliver(&mut quorum, 1);
    quorum.reconfigure(&same);
    assert_eq!(quorum.electorate, before);
}

#[test]
fn the_verdict_reads_as_a_sentence() {
    let mut quorum = three();
    assert_eq!(quorum.verdict().to_string(), "quorate: 3 of 3 votes, 2 needed (majority)");
    quorum.on_departure(NOW, &gone(&[2, 3]));
    assert_eq!(quorum.verdict().to_string(), "not quorate: 1 of 3 votes, 2 needed (majority)");
}

/// The machine, not only the rule: every electorate of up to six nodes of none to two votes comes
/// up whole and shrinks to every subset.
#[test]
fn every_subset_of_every_small_electorate_is_judged_as_the_definition_says() {
    for count in 1..=6_u32 {
        for code in 0..3_u32.pow(count) {
            let votes: Vec<u32> = (0..count).map(|node| code / 3_u32.pow(node) % 3).collect();
            let total: u32 = votes.iter().sum();
            let mut whole = configured(&votes, None, false);
            let said =
                |id: u32| state(total).with_votes(votes[usize::try_from(id - 1).expect("id")]);
            whole.on_states(NOW, &(1..=count).map(|id| (node(id), said(id))).collect());
            for members in 0..1_u32 << count {
                let (here, others): (Vec<u32>, Vec<u32>) =
                    (1..=count).partition(|id| members >> (id - 1) & 1 == 1);
                let mut part = whole.clone();
                part.on_departure(NOW, &gone(&others));
                let present: u32 =
                    here.iter().map(|id| votes[usize::try_from(id - 1).expect("id")]).sum();
                let quorate = 2 * present > total;
                let judged = (part.verdict().present.get(), part.verdict().quorate);
                assert_eq!(judged, (present, quorate), "{votes:?} {here:?}");
            }
        }
    }
}

impl State {
    fn with_votes(self, votes: u32) -> Self {
        Self { votes: Votes::new(votes), ..self }
    }
}

proptest! {
    #[test]
    fn any_message_from_anyone_leaves_a_sound_verdict(
        votes in prop::collection::vec(any::<u32>(), 1..=6),
        said in prop::collection::vec((1_u32..10, 0_u8..9, any::<u32>(), 1_u32..10), 0..30),
    ) {
        let mut quorum = configured(&votes, None, false);
        for (from, what, number, about) in said {
            let votes = Votes::new(number);
            let message = match what {
                0 => Message::State(state(number)),
                1 => Message::Expected(votes),
                2 => Message::Votes { node: node(about), votes },
                3 => Message::Standing(number.into()),
                4 => Message::Device(votes),
                5 => {
                    quorum.on_departure(NOW, &removed(&[from, about], &[about]));
                    continue;
                }
                7 => Message::DeviceVotes(votes),
                6 => {
                    let quorate = number % 2 == 0;
                    let table = [(node(about), votes)].into();
                    let said = State { quorate, table, floor: number.into(), ..state(from) };
                    quorum.on_states(NOW, &[(node(from), said)].into());
                    continue;
                }
                _ => {
                    let _ = quorum.set_expected(votes);
                    continue;
                }
            };
            let _ = quorum.on_message(node(from), &message);
            prop_assert!(quorum.verdict().needed > Votes::ZERO);
        }
    }
}
