use alloc::vec;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::ids::{RingId, RingSeq};
use crate::window::Stored;
use crate::wire::{Body, Frame};

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn range(first: u32, last: u32) -> Range {
    Range { first: Seq::new(first), last: Seq::new(last) }
}

fn window(present: &[u32]) -> Window {
    let mut window = Window::new(Seq::new(0), 256);
    for &seq in present {
        let ring = RingId { seq: RingSeq::new(4), representative: node(1) };
        let body = Body::Data(Bytes::new());
        let (seq, from) = (Seq::new(seq), node(1));
        let frame = Frame { ring, seq, from, turn: 0, safe: false, body };
        window.insert(Stored { packet: frame.encode(), frame });
    }
    window
}

#[test]
fn the_aru_follows_the_sequence_while_nobody_lacks_anything() {
    let aru = Aru { value: Seq::new(5), setter: None };
    let after = aru.after_visit(node(1), Seq::new(8), Seq::new(8));
    assert_eq!(after, Aru { value: Seq::new(8), setter: None });
}

#[test]
fn only_the_member_that_lowered_the_aru_raises_it() {
    let full = Aru { value: Seq::new(8), setter: None };
    let low = full.after_visit(node(2), Seq::new(6), Seq::new(8));
    assert_eq!(low, Aru { value: Seq::new(6), setter: Some(node(2)) });
    assert_eq!(low.after_visit(node(3), Seq::new(8), Seq::new(8)), low);
    let raised = low.after_visit(node(2), Seq::new(8), Seq::new(8));
    assert_eq!(raised, full);
    let lower = low.after_visit(node(3), Seq::new(4), Seq::new(8));
    assert_eq!(lower, Aru { value: Seq::new(4), setter: Some(node(3)) });
}

#[test]
fn what_is_here_is_sent_again_within_the_budget() {
    let window = window(&[1, 2, 3, 5]);
    let filled = repair(&[range(2, 5)], &window, 9);
    assert_eq!(filled.resend, [2, 3, 5].map(Seq::new));
    assert_eq!(filled.remaining, [range(4, 4)]);
    let cut = repair(&[range(2, 5)], &window, 1);
    assert_eq!((cut.resend, cut.remaining), (vec![Seq::new(2)], vec![range(3, 5)]));
}

#[test]
fn absurd_holes_are_cut_to_what_can_be_missing() {
    let window = window(&[1, 2]);
    let filled = repair(&[range(0x8000_0000, 0xffff_ffff), range(1, 0x7000_0000)], &window, 9);
    assert_eq!(filled.resend, [1, 2].map(Seq::new));
    assert!(filled.remaining.is_empty());
}

#[test]
fn holes_of_several_members_are_joined_and_bounded() {
    assert_eq!(
        merge_holes(&[range(3, 4)], &[range(1, 1), range(5, 6)]),
        [range(1, 1), range(3, 6)]
    );
    let many: Vec<Range> = (0..200).map(|i| range(i * 3, i * 3)).collect();
    assert_eq!(merge_holes(&many, &[]).len(), MOST_HOLES);
}

proptest! {
    /// The rule behind safe delivery: if the token leaves a node twice in a row with an aru at or
    /// above `s`, everyone has received up to `s`.
    #[test]
    fn two_rotations_at_or_above_a_place_mean_that_everyone_has_it(
        visits in proptest::collection::vec((0..4_usize, 0..5_u32), 1..80),
    ) {
        let members = [1, 2, 3].map(node);
        let mut received = [Seq::new(0); 3];
        let mut seq = Seq::new(0);
        let mut aru = Aru { value: seq, setter: None };
        let mut last = [seq; 3];
        let mut holder = 0;
        for (grow, sent) in visits {
            // Before the visit somebody receives a few frames, up to what was assigned.
            if let Some(mine) = received.get_mut(grow) {
                *mine = mine.add(sent).min(seq);
            }
            // The holder assigns, and has, what it sends, if it has everything before it.
            if received[holder] == seq {
                seq = seq.add(sent);
                received[holder] = seq;
            }
            aru = aru.after_visit(members[holder], received[holder], seq);
            let safe = aru.value.min(last[holder]);
            last[holder] = aru.value;
            for mine in received {
                prop_assert!(mine.at_or_after(safe), "{received:?} {safe}");
            }
            holder = (holder + 1) % 3;
        }
    }
}
