use proptest::prelude::*;

use super::*;

fn message() -> impl Strategy<Value = Message> {
    let leave = (any::<bool>(), any::<bool>())
        .prop_map(|(remove, force)| Message::Leave(Leave { remove, force }));
    let kill = (1_u32.., any::<u8>()).prop_map(|(node, reason)| Message::Kill {
        node: NodeId::new(node).expect("not zero"),
        reason: KillReason::from_number(reason),
    });
    prop_oneof![leave, kill]
}

proptest! {
    #[test]
    fn messages_come_out_as_they_went_in(message in message()) {
        let body = Bytes::from(message.encode()).slice(2..);
        prop_assert_eq!(Message::decode(body), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_are_a_message_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        if let Ok(message) = Message::decode(bytes.clone().into()) {
            prop_assert_eq!(&message.encode()[2..], &bytes[..]);
        }
    }
}

#[test]
fn what_no_node_says_is_named() {
    let bad = |bytes: &'static [u8]| {
        Message::decode(Bytes::from_static(bytes)).expect_err("no such message").to_string()
    };
    assert_eq!(bad(&[9]), "kind of a node message is 9");
    assert_eq!(bad(&[1, 4]), "leave flags of a node message is 4");
    assert_eq!(bad(&[2, 2, 0, 0, 0, 0]), "node of a node message is 0");
    assert_eq!(bad(&[2, 2, 0]), "truncated node message: 3 bytes missing");
}
