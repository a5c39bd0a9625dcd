use bytes::Bytes;
use totem::Guarantee;

use super::*;

const FIRST: SessionId = SessionId(1);
const SECOND: SessionId = SessionId(2);

fn multicast(session: SessionId, number: u64, size: usize) -> Parked {
    let request = RequestId { session, number };
    let payload = Bytes::from(vec![0; 4]);
    let command = Command::Multicast { guarantee: Guarantee::Agreed, payload };
    Parked { incoming: Incoming::Command { request, command }, size, unanswered: true }
}

fn status(session: SessionId, number: u64) -> Parked {
    let request = RequestId { session, number };
    let incoming = Incoming::Command { request, command: Command::Status };
    Parked { incoming, size: 5, unanswered: false }
}

fn request(incoming: &Incoming) -> RequestId {
    match incoming {
        Incoming::Command { request, .. } => *request,
        Incoming::Gone(session) => panic!("{session:?} is gone"),
    }
}

/// What becomes of the next that is tried again.
fn resume(stalled: &mut Stalled, room: usize, no_room: bool) -> Option<(u64, u64)> {
    let request = request(&stalled.resume(room)?);
    stalled.answered(request, no_room);
    Some((request.session.0, request.number))
}

#[test]
fn what_was_refused_is_tried_again_before_anything_later() {
    let mut stalled = Stalled::default();
    let first = stalled.pass(FIRST, multicast(FIRST, 1, 10)).unwrap();
    assert!(stalled.answered(request(&first), true));
    assert_eq!(stalled.pass(FIRST, status(FIRST, 2)), None);
    assert_eq!(stalled.pass(FIRST, multicast(FIRST, 3, 10)), None);
    let gone = Parked { incoming: Incoming::Gone(FIRST), size: 0, unanswered: false };
    assert_eq!(stalled.pass(FIRST, gone), None, "what it said before counts");
    assert!(stalled.pass(SECOND, multicast(SECOND, 1, 10)).is_some(), "others go on");
    assert_eq!(resume(&mut stalled, 0, true), Some((1, 1)));
    assert_eq!(stalled.refused(), 2);
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 1)));
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 2)));
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 3)));
    assert_eq!(stalled.resume(0), Some(Incoming::Gone(FIRST)));
    assert_eq!(stalled.resume(0), None);
    assert!(stalled.pass(FIRST, status(FIRST, 4)).is_some());
}

#[test]
fn sessions_take_turns_and_a_large_message_waits_for_large_room() {
    let mut stalled = Stalled::default();
    for session in [FIRST, SECOND] {
        let size = if session == FIRST { 1 << 20 } else { 100 };
        let incoming = stalled.pass(session, multicast(session, 1, size)).unwrap();
        stalled.answered(request(&incoming), true);
        for number in 2..4 {
            assert_eq!(stalled.pass(session, multicast(session, number, 100)), None);
        }
    }
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 1)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 2)));
    assert_eq!(resume(&mut stalled, 1 << 20, false), Some((1, 1)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 3)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((1, 2)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((1, 3)));
    assert_eq!(stalled.resume(4000), None);
}

#[test]
fn answered_requests_are_never_tried_again() {
    let mut stalled = Stalled::default();
    let incoming = stalled.pass(FIRST, status(FIRST, 1)).unwrap();
    assert!(!stalled.answered(request(&incoming), true));
    assert_eq!(stalled.resume(usize::MAX), None);
}
