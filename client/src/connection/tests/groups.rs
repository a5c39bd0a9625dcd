//! A program in a group, as the daemon sees it.

use super::*;
use crate::groups::{MOST, PART};
use crate::{GroupEvent, Guarantee};

/// Answers a join, and says what messages begin with.
fn joined(daemon: &mut Daemon) {
    let request = daemon.hear();
    let Some(request::What::JoinGroup(join)) = request.what else { panic!("{request:?}") };
    assert_eq!((&join.group[..], join.pid), (&b"g"[..], 7));
    let prefix = Bytes::from_static(b"me:");
    daemon.reply(request.id, reply::What::JoinedGroup(proto::JoinedGroup { prefix }));
}

fn heard(daemon: &mut Daemon) -> (u64, Bytes) {
    let request = daemon.hear();
    let Some(request::What::GroupMulticast(multicast)) = request.what else {
        panic!("{:?}", request.id);
    };
    (request.id, multicast.message)
}

#[test]
fn what_is_sent_begins_with_what_the_daemon_said() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        joined(daemon);
        let (id, message) = heard(daemon);
        assert_eq!(&message[..], b"me:\x03hello");
        daemon.reply(id, reply::What::Done(proto::Done {}));
        let (id, message) = heard(daemon);
        assert_eq!((id, &message[..]), (0, &b"me:\x03one two"[..]));
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.join_group(b"g", 7, false).unwrap();
    connection.group_send(Guarantee::Agreed, b"hello").unwrap();
    connection.group_post(Guarantee::Agreed, b"one two").unwrap();
    drop(connection);
    fixture.end();
}

#[test]
fn large_messages_are_sent_in_parts_of_which_the_last_is_answered() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome_with(u32::try_from(frame::MAX_FRAME).unwrap());
        joined(daemon);
        let sizes = [(1, PART), (0, PART), (2, 5)];
        for (place, (part, size)) in sizes.into_iter().enumerate() {
            let (id, message) = heard(daemon);
            assert_eq!((id == 0, message[3], message.len()), (place < 2, part, 4 + size));
            if place == 2 {
                daemon.reply(id, reply::What::Done(proto::Done {}));
            }
        }
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.join_group(b"g", 7, false).unwrap();
    connection.group_send(Guarantee::Agreed, &vec![1; 2 * PART + 5]).unwrap();
    let too_large = connection.group_send(Guarantee::Agreed, &vec![1; MOST + 1]);
    assert!(matches!(too_large, Err(Error::Refused { reason: Reason::TooLarge, .. })));
    drop(connection);
    fixture.end();
}

#[test]
fn events_of_the_group_come_between_others() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        joined(daemon);
        daemon.notice(1);
        let ring = proto::GroupRing { generation: 8, representative: 1, members: vec![1] };
        let what = Some(notice::What::GroupRing(ring));
        daemon.say(from_daemon::What::Notice(proto::Notice { what }));
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.join_group(b"g", 7, false).unwrap();
    let event = connection.group_event(None).unwrap();
    assert!(matches!(event, Some(GroupEvent::Ring(ring)) if ring.generation == 8));
    drop(connection);
    fixture.end();
}
