use proptest::prelude::*;

use super::super::super::service::split;
use super::*;

fn listed() -> impl Strategy<Value = Listed> {
    let name = prop::collection::vec(any::<u8>(), 1..=MOST_NAME);
    (any::<u64>(), any::<u32>(), name).prop_map(|(session, pid, name)| Listed {
        session: SessionId(session),
        pid,
        group: name.into(),
    })
}

fn messages() -> impl Strategy<Value = Message> {
    let why = prop_oneof![Just(Why::Leave), Just(Why::ProcessDown)];
    let parts = [Part::Whole, Part::First, Part::Middle, Part::Last];
    let payload = prop::collection::vec(any::<u8>(), 0..99);
    prop_oneof![
        listed().prop_map(Message::Join),
        (any::<u64>(), why)
            .prop_map(|(session, why)| Message::Leave { session: SessionId(session), why }),
        (any::<u64>(), prop::sample::select(parts.to_vec()), payload).prop_map(
            |(session, part, payload)| Message::Multicast {
                session: SessionId(session),
                part,
                payload: payload.into(),
            }
        ),
    ]
}

#[test]
fn a_program_writes_what_stands_before_its_messages() {
    let (session, payload) = (SessionId(7), Bytes::from_static(b"hello"));
    let mut written = prefix(session);
    assert_eq!(written.len(), PREFIX);
    written.push(3);
    written.extend_from_slice(&payload);
    assert_eq!(Message::Multicast { session, part: Part::Whole, payload }.encode(), written);
}

#[test]
fn a_payload_is_not_copied() {
    let mut bytes = prefix(SessionId(7));
    bytes.extend_from_slice(b"\x03payload");
    let bytes = Bytes::from(bytes);
    let place = bytes.as_ptr().wrapping_add(PREFIX + 1);
    let (_, _, body) = split(bytes).expect("well-formed");
    let Ok(Message::Multicast { payload, .. }) = Message::decode(body) else { panic!("readable") };
    assert_eq!((payload.as_ptr(), &payload[..]), (place, &b"payload"[..]));
}

#[test]
fn what_nobody_says_is_an_error_that_names_it() {
    let said = |bytes: &'static [u8]| {
        Message::decode(Bytes::from_static(bytes)).expect_err("nonsense").to_string()
    };
    assert_eq!(said(b"\x09\0\0\0\0\0\0\0\0"), "kind of a message of a group is 9");
    assert_eq!(said(b"\x02\0\0\0\0\0\0\0\0\x03"), "reason of a message of a group is 3");
    assert_eq!(said(b"\x03\0\0\0\0\0\0\0\0\x04"), "part of a message of a group is 4");
    let nameless = b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0";
    assert_eq!(said(nameless), "length of the name of a message of a group is 0");
    assert_eq!(said(b"\x01\0"), "truncated message of a group: 7 bytes missing");
}

#[test]
fn a_long_list_comes_in_pieces() {
    let listed = |session| Listed {
        session: SessionId(session),
        pid: 1,
        group: Bytes::from(vec![b'g'; MOST_NAME]),
    };
    let pieces = encode_list((0..100).map(listed));
    assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.len() <= LARGEST));
    let read = pieces.into_iter().flat_map(|it| decode_list(it.into()).expect("well-formed"));
    assert!(read.eq((0..100).map(listed)));
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in messages()) {
        let (service, _, body) = split(message.encode().into()).expect("well-formed");
        prop_assert_eq!(service, Service::Groups);
        prop_assert_eq!(Message::decode(body), Ok(message));
    }

    #[test]
    fn lists_are_read_as_written(members in prop::collection::vec(listed(), 0..99)) {
        let lists = encode_list(members.clone().into_iter());
        let lists = lists.into_iter().map(|it| decode_list(it.into()).expect("well-formed"));
        let read: Vec<_> = lists.flatten().collect();
        prop_assert_eq!(read, members);
    }

    #[test]
    fn no_bytes_do_worse_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::decode(bytes.clone().into());
        let _ = decode_list(bytes.into());
    }
}
