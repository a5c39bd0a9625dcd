use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn around(two_node: bool, floor: u64) -> Circumstances {
    Circumstances { two_node, floor, ..Circumstances::default() }
}

/// The least number that is more than half of both, found by trying.
fn naive_majority(highest: u64, total: u64) -> u64 {
    (1..).find(|needed| 2 * needed > highest && 2 * needed > total).expect("there is one")
}

fn naive(count: &Count, two_node_mode: bool, floor: u64) -> u64 {
    match (two_node_mode, count.members) {
        (true, 0..=2) => 1,
        (true, _) | (false, _) => naive_majority(count.highest, count.total).max(floor),
    }
}

/// All ways to give each of `nodes` nodes none, one or two votes.
fn all_votes(nodes: u32) -> impl Iterator<Item = Vec<u64>> {
    (0..3_u64.pow(nodes)).map(move |code| {
        let digit = |node: u32| code / 3_u64.pow(node) % 3;
        (0..nodes).map(digit).collect()
    })
}

/// The votes of those nodes whose bit is set.
fn count(votes: &[u64], members: u32, highest: u64) -> Count {
    let present = votes.iter().enumerate().filter(|(node, _)| members >> node & 1 == 1);
    let (members, total) = present.fold((0, 0), |(n, sum), (_, votes)| (n + 1, sum + votes));
    Count { members, total, highest }
}

#[test]
fn every_electorate_of_up_to_six_nodes_is_decided_as_the_definition_says() {
    for nodes in 0..=6 {
        for votes in all_votes(nodes) {
            for members in 0..1_u32 << nodes {
                for highest in 0..=13 {
                    let count = count(&votes, members, highest);
                    for mode in [false, true] {
                        let decided = decide(&count, &around(mode, 0));
                        assert_eq!(decided.needed, naive(&count, mode, 0), "{count:?} {mode}");
                    }
                }
            }
        }
    }
}

#[test]
fn no_two_parts_of_an_electorate_of_up_to_six_nodes_are_quorate() {
    for nodes in 0..=6 {
        for votes in all_votes(nodes) {
            let everything: u64 = votes.iter().sum();
            let all = (1_u32 << nodes) - 1;
            for highest in everything..=everything + 1 {
                for members in 0..=all {
                    // The largest disjoint set is the complement; smaller ones have fewer votes.
                    let [here, there] = [members, all & !members].map(|part| {
                        let count = count(&votes, part, highest);
                        count.total >= decide(&count, &around(false, 0)).needed
                    });
                    assert!(!(here && there), "{votes:?} split by {members:b}");
                }
            }
        }
    }
}

#[test]
fn the_table_of_examples_holds() {
    // members, total, highest, two-node, floor: needed, why
    for (members, total, highest, mode, floor, needed, why) in [
        (3, 3, 3, false, 0, 2, Why::Majority),
        (2, 2, 3, false, 2, 2, Why::Majority),
        (4, 4, 4, false, 0, 3, Why::Majority),
        (1, 1, 1, true, 1, 1, Why::TwoNode),
        (2, 2, 1, true, 1, 1, Why::TwoNode),
        (3, 3, 1, true, 1, 2, Why::Majority),
        (2, 2, 5, false, 3, 3, Why::Majority),
        (4, 4, 5, false, 5, 5, Why::EarlierMajority),
        (1, 1, 3, false, 0, 2, Why::Majority),
        (0, 0, 0, false, 0, 1, Why::Majority),
    ] {
        let count = Count { members, total, highest };
        let expected = Decision { needed, floor: needed, why };
        assert_eq!(decide(&count, &around(mode, floor)), expected, "{count:?} {mode} {floor}");
    }
}

proptest! {
    #[test]
    fn large_sums_do_not_wrap(
        members in 0_usize..200,
        total: u64,
        highest in 0..=u64::from(u32::MAX),
        floor: u64,
        mode: bool,
    ) {
        let decided = decide(&Count { members, total, highest }, &around(mode, floor));
        let wide = |votes: u64| u128::from(votes);
        prop_assert!(decided.needed > 0);
        if decided.why != Why::TwoNode {
            prop_assert!(2 * wide(decided.needed) > wide(total));
            prop_assert!(2 * wide(decided.needed) > wide(highest));
            prop_assert!(decided.needed >= floor);
        }
    }
}

/// Quorate, as one would say it: all together at last, and more than half, or half with the node
/// that breaks ties while all that ever counted is what is expected.
fn naively_quorate(count: &Count, around: &Circumstances) -> bool {
    if around.waiting {
        return false;
    }
    let (twice, all) = (2 * count.total, count.highest.max(count.total));
    if around.two_node && count.members <= 2 {
        return count.total > 0;
    }
    let enough = twice > all && count.total >= around.floor;
    let tie = around.tie_here && count.total > 0 && twice == all && around.floor <= all / 2 + 1;
    enough || tie
}

#[test]
fn every_rule_together_decides_as_the_definition_says() {
    for members in 0..=6 {
        for total in 0..=13 {
            for highest in 0..=13 {
                for floor in 0..=9 {
                    for bits in 0..8_u8 {
                        let [two_node, tie_here, waiting] = [1, 2, 4].map(|bit| bits & bit != 0);
                        let count = Count { members, total, highest };
                        let around = Circumstances { two_node, tie_here, waiting, floor };
                        let found = decide(&count, &around).is_met_by(total);
                        let expected = naively_quorate(&count, &around);
                        assert_eq!(found, expected, "{count:?} {around:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn with_a_tie_breaker_on_one_side_no_two_parts_of_six_nodes_are_quorate() {
    for nodes in 1..=6 {
        for votes in all_votes(nodes) {
            let highest: u64 = votes.iter().sum();
            let all = (1_u32 << nodes) - 1;
            for members in 0..=all {
                for tie in 0..nodes {
                    let quorate = |part: u32| {
                        let count = count(&votes, part, highest);
                        let tie_here = part >> tie & 1 == 1;
                        let around = Circumstances { tie_here, ..Circumstances::default() };
                        decide(&count, &around).is_met_by(count.total)
                    };
                    let both = quorate(members) && quorate(all & !members);
                    assert!(!both, "{votes:?} split by {members:b}, tie-breaker {tie}");
                }
            }
        }
    }
}
