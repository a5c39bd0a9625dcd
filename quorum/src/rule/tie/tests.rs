use std::vec::Vec;

use super::*;

fn set(bits: u32) -> BTreeSet<NodeId> {
    (1..=6).filter(|id| bits >> (id - 1) & 1 == 1).filter_map(NodeId::new).collect()
}

fn lists() -> Vec<TieBreaker> {
    let list =
        |ids: &[u32]| TieBreaker::List(ids.iter().copied().filter_map(NodeId::new).collect());
    [&[1][..], &[6, 1], &[3, 2, 5], &[2, 4, 6, 1, 3, 5]].map(list).into()
}

#[test]
fn of_two_sides_at_most_one_has_the_tie_breaker() {
    for voters in 1..64 {
        for members in 0..64 {
            let (here, there) = (set(voters & members), set(voters & !members));
            let all = set(voters);
            for tie in [TieBreaker::Lowest, TieBreaker::Highest] {
                let on = |side| is_here(&tie, &all, side, None);
                assert!(on(&here) != on(&there), "{tie:?} {voters:b} {members:b}");
            }
            // Both sides were in the whole, so both have the same core.
            for tie in lists() {
                let on = |side| is_here(&tie, &all, side, Some(&all));
                assert!(!(on(&here) && on(&there)), "{tie:?} {voters:b} {members:b}");
            }
        }
    }
}

#[test]
fn the_naive_definition_says_the_same() {
    for core in 0..64_u32 {
        for members in 0..64_u32 {
            for tie in lists() {
                let TieBreaker::List(list) = &tie else { continue };
                let mut wins = false;
                for node in list {
                    if core >> (node.get() - 1) & 1 == 1 {
                        wins = members >> (node.get() - 1) & 1 == 1;
                        break;
                    }
                }
                let found = is_here(&tie, &set(63), &set(members), Some(&set(core)));
                assert_eq!(found, wins, "{tie:?} {core:b} {members:b}");
                assert!(!is_here(&tie, &set(63), &set(members), None), "nobody remembers");
            }
        }
    }
}
