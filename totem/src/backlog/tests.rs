use proptest::prelude::*;

use super::*;

const LIMIT: usize = 1000;

fn backlog() -> Backlog {
    let mut backlog =
        Backlog::new(&Limits { backlog: LIMIT, message: 600, ..Limits::for_packet(1400) });
    backlog.open_data();
    backlog
}

fn message(fill: u8, size: usize) -> Bytes {
    std::vec![fill; size].into()
}

fn push(backlog: &mut Backlog, lane: Lane, fill: u8, size: usize) {
    backlog.push(lane, Guarantee::Agreed, message(fill, size)).expect("room");
}

/// The first byte of the front message and how much of it was sent.
fn front(backlog: &Backlog) -> Option<(u8, usize)> {
    backlog.front().map(|front| (front.message[0], front.sent))
}

#[test]
fn sync_goes_first_and_data_waits_while_shut() {
    let mut backlog = backlog();
    backlog.shut_data();
    push(&mut backlog, Lane::Data, 1, 10);
    assert!(backlog.is_empty_now() && !backlog.data_is_open());
    assert_eq!(backlog.pending(), Pending::default());
    push(&mut backlog, Lane::Sync, 2, 20);
    backlog.open_data();
    assert_eq!(backlog.pending(), Pending { messages: 2, bytes: 30 });
    assert_eq!(front(&backlog), Some((2, 0)));
    backlog.advance(20);
    assert_eq!(front(&backlog), Some((1, 0)));
    backlog.advance(10);
    assert!(backlog.is_empty_now());
}

#[test]
fn a_begun_message_is_finished_before_the_other_lane_starts() {
    let mut backlog = backlog();
    push(&mut backlog, Lane::Data, 1, 10);
    backlog.advance(4);
    push(&mut backlog, Lane::Sync, 2, 20);
    backlog.shut_data();
    assert_eq!(front(&backlog), Some((1, 4)));
    assert_eq!(backlog.pending(), Pending { messages: 2, bytes: 26 });
    backlog.advance(6);
    assert_eq!(front(&backlog), Some((2, 0)));
}

#[test]
fn the_end_of_a_ring_puts_a_begun_message_back() {
    let mut backlog = backlog();
    push(&mut backlog, Lane::Data, 1, 10);
    backlog.advance(4);
    push(&mut backlog, Lane::Sync, 2, 20);
    backlog.shut_data();
    backlog.restart_partial();
    assert_eq!(front(&backlog), Some((2, 0)));
    backlog.advance(20);
    assert!(backlog.is_empty_now());
    backlog.open_data();
    assert_eq!(front(&backlog), Some((1, 0)));
}

#[test]
fn empty_messages_are_bounded_too() {
    let mut backlog = backlog();
    let mut taken = 0;
    while backlog.push(Lane::Data, Guarantee::Safe, Bytes::new()).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, LIMIT / ENTRY);
    assert_eq!(backlog.room(Lane::Data), None);
    assert_eq!(backlog.room(Lane::Sync), Some(600), "lanes do not take each other's room");
    backlog.advance(0);
    assert_eq!(backlog.room(Lane::Data), Some(LIMIT % ENTRY));
}

#[test]
fn a_refusal_says_why() {
    let mut backlog = backlog();
    let too_large = Refused::TooLarge { size: 601, most: 600 };
    assert_eq!(backlog.push(Lane::Sync, Guarantee::Agreed, message(1, 601)), Err(too_large));
    push(&mut backlog, Lane::Sync, 1, 600);
    let full = Refused::Full { waiting: 600 + ENTRY, size: 400 };
    assert_eq!(backlog.push(Lane::Sync, Guarantee::Agreed, message(2, 400)), Err(full));
    backlog.advance(599);
    assert_eq!(backlog.push(Lane::Sync, Guarantee::Agreed, message(2, 400)), Err(full));
    backlog.advance(1);
    push(&mut backlog, Lane::Sync, 2, 400);
}

#[test]
fn the_largest_message_fits_into_an_empty_lane_that_is_no_larger() {
    let limits = Limits { backlog: 600, message: 600, ..Limits::for_packet(1400) };
    let mut backlog = Backlog::new(&limits);
    push(&mut backlog, Lane::Data, 1, 600);
    assert_eq!(backlog.room(Lane::Data), None);
}

proptest! {
    #[test]
    fn room_is_what_push_takes(sizes in prop::collection::vec(0_usize..700, 0..40)) {
        let mut backlog = backlog();
        for size in sizes {
            let fits = backlog.room(Lane::Data).is_some_and(|room| size <= room);
            let pushed = backlog.push(Lane::Data, Guarantee::Agreed, message(0, size));
            prop_assert_eq!(pushed.is_ok(), fits);
            if !fits {
                backlog.advance(usize::MAX);
            }
        }
    }
}
