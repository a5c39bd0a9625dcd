use alloc::vec;

use proptest::prelude::*;

use super::*;
use crate::ids::{NodeId, RingId, RingSeq};
use crate::wire::Body;

const FIRST: Seq = Seq::new(0xffff_fe00);

fn stored(offset: u32, safe: bool) -> Stored {
    let representative = NodeId::new(1).expect("not zero");
    let ring = RingId { seq: RingSeq::new(4), representative };
    let body = Body::Data(Bytes::from_static(b"x"));
    let seq = FIRST.add(offset);
    let frame = Frame { ring, seq, from: representative, turn: 0, safe, body };
    Stored { packet: frame.encode(), frame }
}

fn delivered(window: &mut Window) -> Vec<u32> {
    core::iter::from_fn(|| window.next_deliverable())
        .map(|frame| frame.seq.distance_from(FIRST))
        .collect()
}

#[test]
fn a_gap_holds_back_delivery_until_it_is_filled() {
    let mut window = Window::new(FIRST, 64);
    for offset in [1, 2, 4, 5] {
        assert_eq!(window.insert(stored(offset, false)), Insertion::New);
    }
    assert_eq!(delivered(&mut window), [1, 2]);
    assert_eq!(window.holes(FIRST.add(5), 9), [Range { first: FIRST.add(3), last: FIRST.add(3) }]);
    assert_eq!(window.beyond_aru(9), [Range { first: FIRST.add(4), last: FIRST.add(5) }]);
    assert_eq!(window.insert(stored(4, false)), Insertion::Known);
    assert_eq!(window.insert(stored(3, false)), Insertion::New);
    assert_eq!(delivered(&mut window), [3, 4, 5]);
    window.check();
}

#[test]
fn a_safe_frame_waits_for_everyone_and_holds_back_what_follows() {
    let mut window = Window::new(FIRST, 64);
    for (offset, safe) in [(1, false), (2, true), (3, false)] {
        window.insert(stored(offset, safe));
    }
    assert_eq!(delivered(&mut window), [1]);
    window.note_safe(FIRST.add(1));
    assert_eq!(delivered(&mut window), Vec::<u32>::new());
    window.note_safe(FIRST.add(2));
    assert_eq!(delivered(&mut window), [2, 3]);
}

#[test]
fn what_somebody_may_still_ask_for_is_kept() {
    let mut window = Window::new(FIRST, 64);
    for offset in 1..=3 {
        window.insert(stored(offset, false));
    }
    delivered(&mut window);
    assert_eq!(window.release(), 0);
    window.note_safe(FIRST.add(2));
    assert_eq!(window.release(), 2);
    assert!(window.get(FIRST.add(2)).is_none() && window.get(FIRST.add(3)).is_some());
    window.check();
}

#[test]
fn frames_beyond_the_capacity_are_not_kept() {
    let mut window = Window::new(FIRST, 64);
    assert_eq!(window.insert(stored(65, false)), Insertion::Outside);
    assert_eq!(window.insert(stored(64, false)), Insertion::New);
    window.note_assigned(FIRST.add(1 << 20));
    assert_eq!(window.high(), FIRST.add(64));
    assert_eq!(window.holes(FIRST.add(9), 1).len(), 1);
}

#[test]
fn the_rest_is_taken_with_its_gaps() {
    let mut window = Window::new(FIRST, 64);
    for (offset, safe) in [(1, false), (2, true), (4, false)] {
        window.insert(stored(offset, safe));
    }
    assert_eq!(delivered(&mut window), [1]);
    let rest: Vec<u32> =
        window.take_rest().iter().map(|frame| frame.seq.distance_from(FIRST)).collect();
    assert_eq!(rest, vec![2, 4]);
}

proptest! {
    /// Whatever arrives, in whatever order and however often, is delivered once and in order.
    #[test]
    fn any_arrival_order_gives_one_delivery_order(
        arrivals in proptest::collection::vec(1..60_u32, 0..200),
    ) {
        let mut window = Window::new(FIRST, 64);
        let mut out = Vec::new();
        for &offset in &arrivals {
            window.insert(stored(offset, false));
            out.extend(delivered(&mut window));
            window.note_safe(window.aru());
            window.release();
            window.check();
        }
        let gap = (1..).find(|offset| !arrivals.contains(offset)).expect("not all numbers");
        prop_assert_eq!(out, (1..gap).collect::<Vec<u32>>());
    }
}
