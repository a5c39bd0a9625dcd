use proptest::prelude::*;

use super::*;

fn arrival() -> impl Strategy<Value = Arrival> {
    let name = prop::collection::vec(any::<u8>(), 1..=LONGEST_NAME);
    let name = name.prop_map(|bytes| Name::new(bytes.into()).expect("neither empty nor long"));
    (name, any::<u32>()).prop_map(|(name, nodes)| Arrival { name, nodes })
}

fn open() -> impl Strategy<Value = PortSet> {
    prop::collection::vec(any::<u8>(), 0..9).prop_map(PortSet::from_iter)
}

fn message() -> impl Strategy<Value = Message> {
    let payload = prop::collection::vec(any::<u8>(), 0..99);
    let data = (any::<u32>(), any::<u8>(), 1_u8.., payload);
    let data = data.prop_map(|(to, from_port, port, payload)| Message::Data {
        to: NodeId::new(to),
        from_port,
        port,
        payload: payload.into(),
    });
    prop_oneof![
        open().prop_map(Message::Open),
        data,
        arrival().prop_map(Message::Arrive),
        arrival().prop_map(|arrival| Message::Withdraw(arrival.name)),
    ]
}

proptest! {
    #[test]
    fn messages_come_out_as_they_went_in(message in message()) {
        let body = Bytes::from(message.encode()).slice(2..);
        prop_assert_eq!(Message::decode(body), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_are_a_message_or_an_error(
        kind in 0_u8..6,
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let body: Vec<u8> = std::iter::once(kind).chain(bytes).collect();
        if let Ok(message) = Message::decode(body.clone().into()) {
            prop_assert_eq!(&message.encode()[2..], &body[..]);
        }
    }

    #[test]
    fn states_come_out_as_they_went_in(
        open in open(),
        arrived in prop::collection::vec(arrival(), 0..=MOST),
    ) {
        let own = Own { open, arrived };
        let bytes = own.encode();
        prop_assert!(bytes.len() <= super::super::super::service::LARGEST);
        prop_assert_eq!(Own::decode(bytes.into()), Ok(own));
    }

    #[test]
    fn arbitrary_bytes_are_a_state_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 30..200),
    ) {
        if let Ok(own) = Own::decode(bytes.clone().into()) {
            prop_assert_eq!(own.encode(), bytes);
        }
    }
}

#[test]
fn what_no_node_says_is_named() {
    let bad = |bytes: &'static [u8]| {
        Message::decode(Bytes::from_static(bytes)).expect_err("no such message").to_string()
    };
    assert_eq!(bad(&[9]), "kind of a port message is 9");
    assert_eq!(bad(&[2, 0, 0, 0, 0, 7, 0]), "port of a port message is 0");
    assert_eq!(bad(&[4, 0]), "length of a barrier's name of a port message is 0");
    assert_eq!(bad(&[1, 0]), "truncated port message: 31 bytes missing");
    let mut many = vec![0; BITS];
    many.push(65);
    let many = Own::decode(many.into()).expect_err("too many").to_string();
    assert_eq!(many, "number of barriers of a state of ports is 65");
}

#[test]
fn a_port_stands_where_cman_has_it() {
    let set: PortSet = [0, 11, 177].into_iter().collect();
    assert_eq!((set.0[0], set.0[1], set.0[22]), (1, 8, 2));
    assert!(set.contains(177) && !set.contains(178));
}
