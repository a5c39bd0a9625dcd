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
    let Incoming::Command { request, .. } = incoming else { panic!("{incoming:?}") };
    *request
}

/// What becomes of the next that is tried again.
fn resume(stalled: &mut Stalled, room: usize, no_room: bool) -> Option<(u64, u64)> {
    let request = request(&stalled.resume(room, |_| false)?);
    let answered = stalled.answered(request, no_room);
    assert_ne!(answered, if no_room { Answered::Unheard } else { Answered::Again });
    Some((request.session.0, request.number))
}

#[test]
fn what_was_refused_is_tried_again_before_anything_later() {
    let mut stalled = Stalled::default();
    let first = stalled.pass(FIRST, multicast(FIRST, 1, 10), false).unwrap();
    assert_eq!(stalled.answered(request(&first), true), Answered::Again);
    assert_eq!(stalled.pass(FIRST, status(FIRST, 2), false), None);
    assert_eq!(stalled.pass(FIRST, multicast(FIRST, 3, 10), false), None);
    let gone = Parked { incoming: Incoming::Gone(FIRST), size: 0, unanswered: false };
    assert_eq!(stalled.pass(FIRST, gone, false), None, "what it said before counts");
    assert!(stalled.pass(SECOND, multicast(SECOND, 1, 10), false).is_some(), "others go on");
    assert_eq!(resume(&mut stalled, 0, true), Some((1, 1)));
    assert_eq!(stalled.refused(), 2);
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 1)));
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 2)));
    assert_eq!(resume(&mut stalled, 0, false), Some((1, 3)));
    assert_eq!(stalled.resume(0, |_| false), Some(Incoming::Gone(FIRST)));
    assert_eq!(stalled.resume(0, |_| false), None);
    assert!(stalled.pass(FIRST, status(FIRST, 4), false).is_some());
}

#[test]
fn sessions_take_turns_and_a_large_message_waits_for_large_room() {
    let mut stalled = Stalled::default();
    for session in [FIRST, SECOND] {
        let size = if session == FIRST { 1 << 20 } else { 100 };
        let incoming = stalled.pass(session, multicast(session, 1, size), false).unwrap();
        stalled.answered(request(&incoming), true);
        for number in 2..4 {
            assert_eq!(stalled.pass(session, multicast(session, number, 100), false), None);
        }
    }
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 1)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 2)));
    assert_eq!(resume(&mut stalled, 1 << 20, false), Some((1, 1)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((2, 3)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((1, 2)));
    assert_eq!(resume(&mut stalled, 4000, false), Some((1, 3)));
    assert_eq!(stalled.resume(4000, |_| false), None);
}

#[test]
fn answered_requests_are_never_tried_again() {
    let mut stalled = Stalled::default();
    let incoming = stalled.pass(FIRST, status(FIRST, 1), false).unwrap();
    assert_eq!(stalled.answered(request(&incoming), true), Answered::Told);
    assert_eq!(stalled.resume(usize::MAX, |_| false), None);
}

#[test]
fn who_lags_sends_nothing_more_and_holds_up_nobody() {
    let mut stalled = Stalled::default();
    assert_eq!(stalled.pass(FIRST, multicast(FIRST, 1, 10), true), None);
    assert_eq!(stalled.pass(FIRST, multicast(FIRST, 2, 10), false), None, "in its order");
    assert!(stalled.pass(FIRST, status(FIRST, 3), true).is_none(), "behind them");
    assert!(stalled.pass(SECOND, status(SECOND, 1), true).is_some(), "only multicasts add to it");
    assert_eq!(stalled.resume(usize::MAX, |session| session == FIRST), None);
    let next = |stalled: &mut Stalled| {
        stalled.resume(usize::MAX, |_| false).map(|incoming| request(&incoming).number)
    };
    assert_eq!([(); 4].map(|()| next(&mut stalled)), [Some(1), Some(2), Some(3), None]);
}
