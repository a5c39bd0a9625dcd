use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn nodes(ids: &[u32]) -> BTreeSet<NodeId> {
    ids.iter().copied().map(node).collect()
}

fn nobody() -> BTreeSet<NodeId> {
    BTreeSet::new()
}

fn state(expected: u32) -> State {
    State { votes: Votes::ONE, expected: Votes::new(expected), two_node: false }
}

/// Node 1 of `votes.len()` configured nodes.
fn configured(votes: &[u32], expected: Option<u32>, two_node: bool) -> Quorum {
    let votes = (1..).zip(votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
    let expected = expected.map(Votes::new);
    Quorum::new(&Config::new(node(1), votes, expected, two_node).expect("valid"))
}

/// Makes these nodes members; all say the same.
fn join(quorum: &mut Quorum, ids: &[u32], expected: u32) {
    let said = State { two_node: quorum.two_node(), ..state(expected) };
    quorum.on_states(&ids.iter().map(|&id| (node(id), said)).collect());
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
            Output::Say(message) => quorum.on_message(node(from), &message),
            Output::Changed(_) | Output::Differs { .. } => {}
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
    quorum.on_departure(&nodes(&[2]), &nobody());
    assert_eq!(shown(&quorum), (1, 1, 1, true));
}

#[test]
fn a_third_node_ends_two_node_mode() {
    let mut quorum = configured(&[1, 1], Some(1), true);
    join(&mut quorum, &[1, 2, 9], 1);
    assert_eq!(shown(&quorum), (1, 3, 2, true));
    assert_eq!(quorum.verdict().why, Why::Majority);
}

#[test]
fn losses_never_lower_what_is_needed() {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3, 4, 5], 5);
    quorum.on_departure(&nodes(&[3, 4, 5]), &nobody());
    assert_eq!(shown(&quorum), (5, 2, 3, false));
}

#[test]
fn what_a_newcomer_expected_leaves_its_mark_when_it_goes() {
    // Recorded: a node with expected_votes="9" joins three of five, and goes again.
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3], 5);
    join(&mut quorum, &[5], 9);
    assert_eq!(shown(&quorum), (9, 4, 5, false));
    quorum.on_departure(&nodes(&[5]), &nobody());
    assert_eq!(shown(&quorum), (5, 3, 5, false));
    assert_eq!(quorum.verdict().why, Why::EarlierMajority);
}

#[test]
fn leaving_with_remove_lowers_and_a_rejoin_restores() {
    let mut quorum = three();
    quorum.on_departure(&nodes(&[3]), &nodes(&[3]));
    assert_eq!(shown(&quorum), (2, 2, 2, true));
    quorum.on_departure(&nodes(&[2]), &nodes(&[2]));
    assert_eq!(shown(&quorum), (1, 1, 1, true));
    assert_eq!(quorum.state().expected, Votes::ONE);
    join(&mut quorum, &[2], 3);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn plain_leave_keeps_what_is_expected() {
    let mut quorum = three();
    quorum.on_departure(&nodes(&[3]), &nobody());
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn remove_counts_votes_and_not_nodes() {
    let mut quorum = configured(&[3, 2, 1], None, false);
    join(&mut quorum, &[1, 2, 3], 6);
    quorum.on_departure(&nodes(&[3]), &nodes(&[3]));
    assert_eq!(shown(&quorum), (5, 5, 3, true));
}

#[test]
fn a_split_while_somebody_is_removed_makes_no_second_quorum() {
    // Five nodes; node 5 leaves with remove, and in the same moment the others fall apart.
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2, 3, 4, 5], 5);
    quorum.on_departure(&nodes(&[3, 4, 5]), &nodes(&[5]));
    assert_eq!(shown(&quorum), (4, 2, 3, false));
}

#[test]
fn a_minority_does_not_become_quorate_because_a_member_is_shut_down() {
    let mut quorum = configured(&[1; 5], None, false);
    join(&mut quorum, &[1, 2], 5);
    quorum.on_departure(&nodes(&[2]), &nodes(&[2]));
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
    quorum.on_departure(&nodes(&[1, 2]), &nobody());
    assert_eq!(shown(&quorum), (3, 1, 2, false));
    // Here node 1 stands for the survivor.
    let mut quorum = three();
    quorum.on_departure(&nodes(&[2, 3]), &nobody());
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

#[test]
fn another_opinion_about_votes_is_told_and_not_followed() {
    let mut quorum = configured(&[1, 1, 1], None, false);
    let said = State { votes: Votes::new(999), two_node: true, ..state(3) };
    quorum.on_states(&BTreeMap::from([(node(2), said)]));
    let votes = Difference::Votes { theirs: Votes::new(999), ours: Votes::ONE };
    let mode = Difference::TwoNode { theirs: true };
    assert_eq!(quorum.poll(), Some(Output::Differs { node: node(2), what: votes }));
    assert_eq!(quorum.poll(), Some(Output::Differs { node: node(2), what: mode }));
    assert_eq!(shown(&quorum), (3, 1, 2, false));
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
    quorum.on_departure(&nodes(&[3]), &nobody());
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
    quorum.on_departure(&nodes(&[2]), &nobody());
    quorum.reconfigure(&file(&[(1, 1), (4, 1)], None, false));
    assert!(quorum.electorate.known(node(2)).is_none());
    let stays = quorum.electorate.known(node(3)).expect("present");
    assert!(stays.present && !stays.configured);
    assert!(quorum.electorate.known(node(4)).is_some_and(|voter| !voter.present));
    quorum.on_departure(&nodes(&[3]), &nobody());
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
    quorum.on_departure(&nodes(&[2, 3]), &nobody());
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
            whole.on_states(&(1..=count).map(|id| (node(id), said(id))).collect());
            for members in 0..1_u32 << count {
                let (here, gone): (Vec<u32>, Vec<u32>) =
                    (1..=count).partition(|id| members >> (id - 1) & 1 == 1);
                let mut part = whole.clone();
                part.on_departure(&nodes(&gone), &nobody());
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

/// A cluster as its network would divide it again and again.
struct Cluster {
    votes: Vec<u32>,
    counters: Vec<Quorum>,
    /// Which part each node is in.
    parts: Vec<u8>,
}

impl Cluster {
    fn new(votes: Vec<u32>) -> Self {
        let configured: BTreeMap<NodeId, Votes> =
            (1..).zip(&votes).map(|(id, &votes)| (node(id), Votes::new(votes))).collect();
        let counters = configured
            .keys()
            .map(|&me| Config::new(me, configured.clone(), None, false).expect("valid"))
            .map(|config| Quorum::new(&config))
            .collect();
        // Everyone starts alone.
        let parts = (0..).take(votes.len()).collect();
        Self { votes, counters, parts }
    }

    fn divide(&mut self, parts: &[u8]) {
        let id = |index: usize| node(u32::try_from(index + 1).expect("small"));
        let states: Vec<State> = self.counters.iter().map(Quorum::state).collect();
        for (me, counter) in self.counters.iter_mut().enumerate() {
            let with_me = |parts: &[u8], other: usize| parts[other] == parts[me];
            let all = 0..self.votes.len();
            let gone = all.clone().filter(|&other| !with_me(parts, other)).map(id).collect();
            counter.on_departure(&gone, &nobody());
            let here = all.filter(|&other| with_me(parts, other));
            counter.on_states(&here.map(|other| (id(other), states[other])).collect());
        }
        self.parts = parts.to_vec();
    }

    fn quorate_parts(&self) -> BTreeSet<u8> {
        let quorate = |(counter, &part): (&Quorum, &u8)| counter.verdict().quorate.then_some(part);
        self.counters.iter().zip(&self.parts).filter_map(quorate).collect()
    }
}

proptest! {
    #[test]
    fn however_the_network_divides_at_most_one_part_is_quorate(
        votes in prop::collection::vec(0..=u32::MAX / 8, 1..=8),
        divisions in prop::collection::vec(prop::collection::vec(0_u8..4, 8), 1..12),
    ) {
        let mut cluster = Cluster::new(votes);
        for parts in divisions {
            cluster.divide(&parts[..cluster.votes.len()]);
            prop_assert!(cluster.quorate_parts().len() <= 1, "{:?}", cluster.parts);
        }
        let together = std::vec![0; cluster.votes.len()];
        cluster.divide(&together);
        let total: u64 = cluster.votes.iter().copied().map(u64::from).sum();
        prop_assert_eq!(cluster.quorate_parts().len(), usize::from(total > 0));
    }

    #[test]
    fn any_message_from_anyone_leaves_a_sound_verdict(
        votes in prop::collection::vec(any::<u32>(), 1..=6),
        said in prop::collection::vec((1_u32..10, 0_u8..5, any::<u32>(), 1_u32..10), 0..30),
    ) {
        let mut quorum = configured(&votes, None, false);
        for (from, what, number, about) in said {
            let votes = Votes::new(number);
            match what {
                0 => quorum.on_message(node(from), &Message::State(state(number))),
                1 => quorum.on_message(node(from), &Message::Expected(votes)),
                2 => quorum.on_message(node(from), &Message::Votes { node: node(about), votes }),
                3 => quorum.on_departure(&nodes(&[from, about]), &nodes(&[about])),
                _ => drop(quorum.set_expected(votes)),
            }
            let verdict = quorum.verdict();
            prop_assert!(verdict.needed > Votes::ZERO);
        }
    }
}
