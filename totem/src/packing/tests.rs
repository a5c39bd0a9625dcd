use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::config::Limits;
use crate::output::Lane;

fn backlog(messages: &[(Guarantee, &[u8])]) -> Backlog {
    let mut backlog = Backlog::new(&Limits::for_packet(1400));
    for &(guarantee, message) in messages {
        let message = Bytes::copy_from_slice(message);
        backlog.push(Lane::Sync, guarantee, message).expect("room");
    }
    backlog
}

/// The payload of a frame, and whether it has to wait as a safe one.
#[derive(PartialEq, Eq, Debug)]
struct Packed {
    payload: Bytes,
    safe: bool,
}

/// [`super::fill`] without what stands before the payload.
fn fill(backlog: &mut Backlog, room: usize) -> Option<Packed> {
    let blank = super::fill(backlog, &mut BytesMut::new(), room)?;
    assert!(!blank.recovered);
    let (header, payload) = blank.packet.split_at(FRAME_HEADER);
    assert!(header.iter().all(|&byte| byte == 0));
    Some(Packed { payload: Bytes::copy_from_slice(payload), safe: blank.safe })
}

fn chunks(payload: &[u8]) -> Result<Vec<Chunk>, PacketError> {
    Chunks::new(Bytes::copy_from_slice(payload)).collect()
}

#[test]
fn small_messages_share_a_frame() {
    let mut backlog =
        backlog(&[(Guarantee::Agreed, b"ab"), (Guarantee::Safe, b""), (Guarantee::Agreed, b"c")]);
    let packed = fill(&mut backlog, 100).expect("messages wait");
    assert!(packed.safe);
    assert_eq!(packed.payload[..], [3, 0, 2, b'a', b'b', 7, 0, 0, 3, 0, 1, b'c']);
    assert_eq!(fill(&mut backlog, 100), None);
}

#[test]
fn a_large_message_spans_frames() {
    let mut backlog = backlog(&[(Guarantee::Agreed, &[9; 25]), (Guarantee::Agreed, b"z")]);
    let frames: Vec<_> = core::iter::from_fn(|| fill(&mut backlog, 15)).collect();
    assert!(frames.iter().all(|frame| !frame.safe));
    let [first, middle, last] = &frames[..] else { panic!("{frames:?}") };
    assert_eq!(first.payload[..], [1, 0, 8, 0, 0, 0, 25, 9, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(middle.payload[..], [0, 0, 12, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(last.payload[..], [2, 0, 5, 9, 9, 9, 9, 9, 3, 0, 1, b'z']);
}

#[test]
fn no_message_is_begun_in_a_tail_too_small_for_a_byte() {
    let (tail, rest) = (1 + FIRST_HEADER, [1; 100]);
    let start = HEADER + 100;
    for (room, begun) in [(start + tail - 1, false), (start + tail, true)] {
        let mut backlog = backlog(&[(Guarantee::Agreed, &rest), (Guarantee::Agreed, &rest)]);
        let packed = fill(&mut backlog, room).expect("messages wait");
        let second = backlog.front().expect("not sent whole");
        assert_eq!(second.sent, if begun { 1 } else { 0 });
        assert_eq!(packed.payload.len(), if begun { room } else { start });
    }
}

#[test]
fn a_message_of_exactly_one_frame_is_not_split() {
    let mut backlog = backlog(&[(Guarantee::Safe, &[5; 97])]);
    let packed = fill(&mut backlog, 100).expect("a message waits");
    assert_eq!((packed.payload.len(), packed.payload[0]), (100, START | END | SAFE));
    assert!(backlog.is_empty_now());
}

#[test]
fn a_room_too_small_for_anything_sends_nothing_and_loses_nothing() {
    let mut backlog = backlog(&[(Guarantee::Agreed, b"abcdef")]);
    for room in 0..=FIRST_HEADER {
        assert_eq!(fill(&mut backlog, room), None, "room {room}");
    }
    assert_eq!(backlog.front().expect("still there").sent, 0);
}

#[test]
fn the_estimate_counts_the_tails_that_stay_unused() {
    let message = [1; 1400 - FIRST_HEADER - HEADER];
    let mut backlog = backlog(&[(Guarantee::Agreed, &message[..]); 100]);
    assert_eq!(frames_pending(&backlog, 1400), 101);
    assert_eq!(core::iter::from_fn(|| fill(&mut backlog, 1400)).count(), 100);
    assert_eq!(frames_pending(&backlog, 1400), 0);
}

#[test]
fn frames_share_memory_and_leave_none_of_themselves_behind() {
    let mut backlog = backlog(&[(Guarantee::Agreed, &[5; 1000][..]); 300]);
    let mut space = BytesMut::new();
    let mut pieces = 0;
    let mut last: Option<BytesMut> = None;
    while let Some(blank) = super::fill(&mut backlog, &mut space, 1400) {
        assert!(space.is_empty());
        let end = last.as_ref().map(|last| last.as_ptr_range().end);
        pieces += usize::from(end != Some(blank.packet.as_ptr()));
        last = Some(blank.packet);
    }
    assert!(space.is_empty());
    assert!(pieces <= 300 * 1010 / (SHARED - 1430) + 1, "{pieces}");
}

#[test]
fn chunks_that_no_sender_writes_are_refused() {
    let bad = |field, value| Err(PacketError::BadField { kind: "chunk", field, value });
    let truncated = |missing| Err(PacketError::Truncated { kind: "chunk", missing });
    assert_eq!(chunks(&[8, 0, 0]), bad("flags", 8));
    assert_eq!(chunks(&[0, 0, 0]), bad("length", 0));
    assert_eq!(chunks(&[END, 0, 0]), bad("length", 0));
    assert_eq!(chunks(&[START, 0, 0, 0, 0, 0, 9]), bad("length", 0));
    assert_eq!(chunks(&[START, 0, 1, 0, 0, 0, 1, 7]), bad("total", 1));
    assert_eq!(chunks(&[3, 0]), truncated(1));
    assert_eq!(chunks(&[3, 1, 0, 7]), truncated(255));
    assert_eq!(chunks(&[START, 0, 1, 0]), truncated(3));
    assert_eq!(chunks(&[]), Ok(Vec::new()));
}

#[test]
fn chunks_are_views_of_the_frame_and_end_at_an_error() {
    let payload = Bytes::copy_from_slice(&[3, 0, 1, 7, 0xff, 3, 0, 1, 7, 3, 0, 0]);
    let mut chunks = Chunks::new(payload.clone());
    let whole = chunks.next().expect("one").expect("good");
    assert_eq!(whole.bytes.as_ptr(), payload[3..].as_ptr());
    assert!(chunks.next().expect("the bad one").is_err());
    assert_eq!(chunks.next(), None);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_grow(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        plausible: bool,
    ) {
        let mut bytes = bytes;
        if plausible {
            bytes.iter_mut().for_each(|byte| *byte &= 7);
        }
        let taken: usize = Chunks::new(bytes.clone().into())
            .map_while(Result::ok)
            .map(|chunk| chunk.bytes.len() + HEADER)
            .sum();
        prop_assert!(taken <= bytes.len());
    }

    #[test]
    fn frames_fit_their_room_and_their_estimate(
        sizes in prop::collection::vec(prop_oneof![0_usize..100, 0_usize..5000], 0..60),
        room in 200_usize..70_000,
        begun in 0_usize..5000,
    ) {
        let mut backlog = backlog(&[]);
        for &size in &sizes {
            backlog.push(Lane::Sync, Guarantee::Agreed, std::vec![0; size].into()).expect("room");
        }
        if sizes.first().is_some_and(|&first| begun < first) && begun > 0 {
            backlog.advance(begun);
        }
        let estimate = frames_pending(&backlog, room);
        let mut frames = 0;
        while let Some(packed) = fill(&mut backlog, room) {
            frames += 1;
            prop_assert!(packed.payload.len() <= room && !packed.payload.is_empty());
        }
        prop_assert!(backlog.is_empty_now());
        prop_assert!(frames <= estimate, "{} frames, {} expected", frames, estimate);
        prop_assert_eq!(frames == 0, estimate == 0);
    }
}
