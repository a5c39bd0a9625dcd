//! A quorum device.

use core::time::Duration;

use super::*;
use crate::error::DeviceRefused;

const POLL: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Instant {
    NOW + Duration::from_secs(seconds)
}

/// Node 1 of two nodes and a device of one vote: three votes expected.
fn with_device() -> Quorum {
    let mut quorum = configured(&[1, 1], Some(3), false);
    join(&mut quorum, &[1, 2], 3);
    quorum.register_device("/dev/loop0", Votes::ONE).expect("the first");
    quorum
}

#[test]
fn a_registered_device_counts_once_it_is_polled() {
    let mut quorum = with_device();
    assert_eq!((shown(&quorum), quorum.deadline()), ((3, 2, 2, true), None));
    quorum.poll_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    assert_eq!(quorum.verdict().device, Votes::ONE);
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&quorum), (3, 2, 2, true));
    let device = quorum.device().expect("registered");
    assert_eq!((device.name.as_str(), device.alive_since), ("/dev/loop0", Some(NOW)));
}

#[test]
fn what_was_vouched_for_the_members_of_before_is_void_when_one_is_lost() {
    let mut quorum = with_device();
    quorum.vouch_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&quorum), (3, 1, 2, false), "the other side had its word too");
    let outputs: Vec<Output> = std::iter::from_fn(|| quorum.poll()).collect();
    assert!(outputs.contains(&Output::Say(Message::Device(Votes::ZERO))), "{outputs:?}");
    assert!(!outputs.contains(&Output::DeviceLost), "it is there, and is to speak again");
    quorum.vouch_device(at(1), true).expect("still registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn a_loss_waits_for_who_judges_it_where_that_decides() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    let nobody = BTreeSet::new();
    assert_eq!(quorum.hangs_on(NOW, &gone(&[2])), nobody, "its word holds for whoever stays");
    quorum.vouch_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    let before = shown(&quorum);
    assert_eq!(quorum.hangs_on(NOW, &gone(&[2])), nodes(&[1]));
    assert_eq!(shown(&quorum), before, "nothing was done");
    quorum.await_device();
    assert_eq!((quorum.deadline(), quorum.device_word()), (None, None));
    quorum.vouch_device(at(20), true).expect("registered");
    assert!(!quorum.is_device_awaited());
    let judged = [(node(1), quorum.device_word().expect("it has spoken"))].into();
    quorum.on_departure(at(20), &Gone { judged, ..gone(&[2]) });
    assert_eq!(shown(&quorum), (3, 2, 2, true));
    assert_eq!(quorum.hangs_on(at(20), &gone(&[1])), nobody, "its program goes with it");
    let mut three = configured(&[1, 1, 1], Some(4), false);
    join(&mut three, &[1, 2, 3], 4);
    let old = Message::Vouching { votes: Votes::ONE, losses: 0 };
    assert_eq!(three.on_message(node(2), &old), Ok(()));
    assert_eq!(three.hangs_on(NOW, &gone(&[3])), nodes(&[2]), "through another member");
    three.on_departure(NOW, &gone(&[3]));
    assert_eq!(shown(&three), (4, 2, 3, false), "what it said is void here too");
    let said = State { votes: Votes::ONE, losses: 1, expected: Votes::new(4), ..State::default() };
    three.on_states(NOW, &[(node(2), said)].into());
    assert_eq!(three.on_message(node(2), &old), Ok(()));
    assert_eq!(shown(&three), (4, 2, 3, false), "and so is what was on its way");
    let new = Message::Vouching { votes: Votes::ONE, losses: 1 };
    assert_eq!(three.on_message(node(2), &new), Ok(()));
    assert_eq!(shown(&three), (4, 3, 3, true));
}

#[test]
fn a_device_that_is_awaited_for_too_long_counts_no_more() {
    let mut quorum = with_device();
    quorum.vouch_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    quorum.await_device();
    quorum.on_timeout(at(11));
    assert!(quorum.is_device_awaited(), "silence is no sign now");
    let mut dead = quorum.clone();
    dead.lose_device();
    assert_eq!((dead.is_device_awaited(), dead.device_word()), (false, None));
    quorum.give_up_devices();
    assert_eq!((quorum.is_device_awaited(), quorum.device_word()), (false, None));
    assert_eq!(shown(&quorum), (3, 2, 2, true), "two members are two members");
    quorum.on_departure(at(12), &gone(&[2]));
    assert_eq!(shown(&quorum), (3, 1, 2, false));
}

#[test]
fn a_silent_device_is_lost_at_once_for_this_node() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    quorum.on_departure(NOW, &gone(&[2]));
    quorum.poll_device(at(4), true).expect("registered");
    assert_eq!(quorum.deadline(), Some(NOW + POLL + Duration::from_secs(4)));
    quorum.on_timeout(at(13));
    assert!(quorum.verdict().quorate, "not yet");
    quorum.on_timeout(at(14));
    assert_eq!(shown(&quorum), (3, 1, 2, false));
    let outputs: Vec<Output> = std::iter::from_fn(|| quorum.poll()).collect();
    assert!(outputs.contains(&Output::DeviceLost));
    assert!(outputs.contains(&Output::Say(Message::Device(Votes::ZERO))));
    assert_eq!(quorum.deadline(), None);
    quorum.poll_device(at(20), true).expect("still registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 2, 2, true));
}

#[test]
fn a_device_lost_meanwhile_is_not_brought_back_by_an_older_word() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    let said = quorum.poll();
    while quorum.poll().is_some() {}
    quorum.lose_device();
    let _ = said;
    assert_eq!(quorum.on_message(node(1), &Message::Device(Votes::ONE)), Ok(()));
    assert_eq!(quorum.verdict().device, Votes::ZERO);
}

#[test]
fn a_device_that_speaks_through_two_members_is_one() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(quorum.on_message(node(2), &Message::Device(Votes::ONE)), Ok(()));
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    quorum.poll_device(NOW, false).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(shown(&quorum), (3, 1, 2, false));
}

#[test]
fn other_votes_of_a_living_device_may_lower_what_is_needed() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    quorum.register_device("/dev/loop0", Votes::new(9)).expect("the same again");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 11, 6, true));
    quorum.update_device("disk", Votes::ONE).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(shown(&quorum), (3, 3, 2, true));
}

#[test]
fn what_cannot_be_is_refused_as_the_reference_refuses_it() {
    let mut alone = configured(&[1, 1], None, false);
    let refused = alone.register_device("d", Votes::ONE);
    assert_eq!(refused, Err(DeviceRefused::NotMember));
    let mut quorum = configured(&[1, 1], None, false);
    join(&mut quorum, &[1], 2);
    assert_eq!(quorum.poll_device(NOW, true), Err(DeviceRefused::None));
    assert_eq!(quorum.unregister_device(), Err(DeviceRefused::None));
    assert_eq!(quorum.update_device("d", Votes::ONE), Err(DeviceRefused::None));
    let long = "x".repeat(256);
    let refused = quorum.register_device(&long, Votes::ONE);
    assert_eq!(refused, Err(DeviceRefused::Name { size: 256, most: 255 }));
    let mut quorum = with_device();
    assert_eq!(quorum.register_device("other", Votes::ONE), Err(DeviceRefused::Other));
    quorum.poll_device(NOW, true).expect("registered");
    assert_eq!(quorum.unregister_device(), Err(DeviceRefused::InUse));
    quorum.poll_device(NOW, false).expect("registered");
    quorum.unregister_device().expect("not alive");
    assert_eq!(quorum.device(), None);
}

#[test]
fn members_that_break_ties_by_a_node_take_no_device() {
    let config = Config::new(node(1), [(node(1), Votes::ONE)].into(), None, false);
    let rules = Rules { tie_breaker: Some(TieBreaker::Lowest), ..Rules::default() };
    let mut quorum = Quorum::new(&config.and_then(|it| it.with_rules(rules)).expect("valid"));
    join(&mut quorum, &[1], 1);
    assert_eq!(quorum.register_device("d", Votes::ONE), Err(DeviceRefused::Rules));
}

#[test]
fn an_operator_sets_the_votes_of_a_device_for_all_members() {
    let mut quorum = with_device();
    quorum.poll_device(NOW, true).expect("registered");
    deliver(&mut quorum, 1);
    assert_eq!(quorum.on_message(node(2), &Message::Device(Votes::ONE)), Ok(()));
    quorum.set_device_votes(Votes::new(2)).expect("both count it");
    assert_eq!(shown(&quorum), (3, 3, 2, true), "nothing before all know");
    deliver(&mut quorum, 1);
    assert_eq!(quorum.voter(node(2)).device, Votes::new(2));
    assert_eq!(quorum.device().map(|it| it.votes), Some(Votes::new(2)));
    let (_, present, ..) = shown(&quorum);
    assert_eq!(present, 4);
    let alone = Refused::TooMany { needed: 2, present: 1 };
    assert_eq!(quorum.set_device_votes(Votes::ZERO), Ok(()));
    quorum.on_departure(NOW, &gone(&[2]));
    assert_eq!(quorum.on_message(node(1), &Message::DeviceVotes(Votes::ZERO)), Err(alone));
    assert_eq!(quorum.verdict().device, Votes::new(2), "nothing was changed");
}
