use proptest::prelude::*;

use super::*;

fn frame(number: u64) -> Bytes {
    Bytes::from(number.to_be_bytes().to_vec())
}

#[test]
fn an_early_answer_waits_for_the_one_before_it() {
    let mut pending = Pending::default();
    let (first, second) = (pending.begin(Some(70), 10), pending.begin(Some(71), 10));
    assert_eq!(pending.due(second), Some(Due::Answer(71)));
    pending.done(second, Some(frame(71)), 3);
    assert_eq!(pending.next(), None);
    pending.answered(frame(72));
    pending.done(first, Some(frame(70)), 4);
    assert_eq!(pending.next(), Some((Some(frame(70)), 4)));
    assert_eq!(pending.next(), Some((Some(frame(71)), 3)));
    assert_eq!(pending.next(), Some((Some(frame(72)), 0)));
    assert!(pending.slots.is_empty());
}

#[test]
fn an_unanswered_request_takes_its_place_and_says_nothing() {
    let mut pending = Pending::default();
    let (first, second) = (pending.begin(None, 10), pending.begin(Some(1), 10));
    pending.done(second, Some(frame(1)), 0);
    assert_eq!(pending.due(first), Some(Due::Nothing));
    pending.done(first, None, 0);
    assert_eq!(pending.next(), Some((None, 0)));
    assert_eq!(pending.next(), Some((Some(frame(1)), 0)));
}

#[test]
fn a_second_answer_finds_no_request() {
    let mut pending = Pending::default();
    let (first, second) = (pending.begin(Some(1), 10), pending.begin(Some(2), 10));
    pending.done(second, Some(frame(2)), 0);
    assert_eq!(pending.due(second), None, "it waits for the first, and is answered");
    pending.done(first, Some(frame(1)), 0);
    while pending.next().is_some() {}
    assert_eq!((pending.due(first), pending.due(second), pending.due(9)), (None, None, None));
}

#[test]
fn requests_are_bounded_by_number_and_by_bytes() {
    let mut pending = Pending::default();
    for id in 0..256 {
        assert!(pending.has_room());
        pending.begin(Some(id), 0);
    }
    assert!(!pending.has_room());
    let mut pending = Pending::default();
    for id in 0..4 {
        assert!(pending.has_room());
        pending.begin(Some(id), 1 << 20);
    }
    assert!(!pending.has_room());
}

proptest! {
    #[test]
    fn answers_leave_in_the_order_of_the_requests(
        order in Just((0..50).collect::<Vec<u64>>()).prop_shuffle(),
    ) {
        let mut pending = Pending::default();
        for id in 0..50 {
            prop_assert_eq!(pending.begin(Some(id), 1), id);
        }
        let mut left = vec![];
        for number in order {
            pending.done(number, Some(frame(number)), 0);
            while let Some((frame, _)) = pending.next() {
                left.extend(frame);
            }
        }
        prop_assert_eq!(left, (0..50).map(frame).collect::<Vec<_>>());
        prop_assert_eq!(pending.bytes, 0);
    }
}
