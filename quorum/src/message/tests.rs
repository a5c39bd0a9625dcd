use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn some_message() -> impl Strategy<Value = Message> {
    let votes = (1..=u32::MAX).prop_map(Votes::new);
    let node = (1..=u32::MAX).prop_map(|id| NodeId::new(id).expect("not zero"));
    prop_oneof![
        (any::<u32>(), any::<u32>(), any::<bool>()).prop_map(|(votes, expected, two_node)| {
            let (votes, expected) = (Votes::new(votes), Votes::new(expected));
            Message::State(State { votes, expected, two_node })
        }),
        votes.clone().prop_map(Message::Expected),
        (node, votes).prop_map(|(node, votes)| Message::Votes { node, votes }),
    ]
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(message in some_message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_decode_to_what_encodes_to_them(
        kind in 0_u8..6,
        mut bytes in prop::collection::vec(any::<u8>(), 0..14),
    ) {
        bytes.insert(0, kind);
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}

#[test]
fn the_bytes_are_those_of_the_table() {
    let state = State { votes: Votes::new(1), expected: Votes::new(0x0102_0304), two_node: true };
    assert_eq!(Message::State(state).encode(), [1, 0, 0, 0, 1, 1, 2, 3, 4, 1]);
    assert_eq!(Message::Expected(Votes::new(5)).encode(), [2, 0, 0, 0, 5]);
    let node = NodeId::new(7).expect("not zero");
    let votes = Message::Votes { node, votes: Votes::new(2) };
    assert_eq!(votes.encode(), [3, 0, 0, 0, 7, 0, 0, 0, 2]);
}

#[test]
fn what_no_sender_writes_is_refused_by_name() {
    let cases: [(Vec<u8>, MessageError); 7] = [
        (vec![], MessageError::Length { found: 0, expected: 1 }),
        (vec![9, 0], MessageError::UnknownKind(9)),
        (vec![2, 0, 0, 0], MessageError::Length { found: 4, expected: 5 }),
        (vec![2, 0, 0, 0, 1, 0], MessageError::Length { found: 6, expected: 5 }),
        (vec![2, 0, 0, 0, 0], bad("expected votes", 0)),
        (vec![3, 0, 0, 0, 0, 0, 0, 0, 1], bad("node", 0)),
        (vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 2], bad("two-node mode", 2)),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::decode(&bytes), Err(error), "{bytes:?}");
    }
}
