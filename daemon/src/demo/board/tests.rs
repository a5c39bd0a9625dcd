use std::time::Duration;

use super::*;

fn view(ring: u64, members: &[u32], quorate: bool) -> View {
    let at = Instant::now();
    View { ring, members: members.to_vec(), quorate, present: 0, needed: 0, expected: 0, at }
}

#[test]
fn a_view_is_shared_when_its_last_member_has_it() {
    let mut board = Board::default();
    assert_eq!(board.note(1, view(8, &[1, 2], true)), None);
    assert!(!board.consists_of(&[1, 2]));
    assert_eq!(board.note(2, view(8, &[1, 2], true)).map(|v| v.ring), Some(8));
    assert!(board.consists_of(&[1, 2]));
    assert!(!board.consists_of(&[1]) && !board.consists_of(&[1, 2, 3]));
}

#[test]
fn a_view_of_another_ring_or_verdict_is_another_view() {
    for other in [view(12, &[1, 2], true), view(8, &[1, 2], false), view(8, &[1, 2, 3], true)] {
        let mut board = Board::default();
        board.note(1, view(8, &[1, 2], true));
        assert_eq!(board.note(2, other), None);
    }
}

#[test]
fn a_shared_view_is_told_once() {
    let mut board = Board::default();
    assert!(board.note(1, view(4, &[1], false)).is_some());
    assert!(board.note(1, view(4, &[1], false)).is_none());
    assert!(board.note(1, view(4, &[1], true)).is_some());
}

#[test]
fn a_verdict_that_follows_does_not_make_the_membership_younger() {
    let mut board = Board::default();
    let first = view(4, &[1], false);
    let at = first.at;
    board.note(1, first);
    board.note(1, View { at: at + Duration::from_secs(1), ..view(4, &[1], true) });
    assert_eq!(board.view(1).map(|v| (v.at, v.quorate)), Some((at, true)));
}

#[test]
fn a_forgotten_node_sees_nothing() {
    let mut board = Board::default();
    board.note(1, view(4, &[1], true));
    board.forget(1);
    assert!(board.view(1).is_none() && !board.consists_of(&[1]));
}
