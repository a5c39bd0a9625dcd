use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn some_node() -> impl Strategy<Value = NodeId> {
    (1..=u32::MAX).prop_map(|id| NodeId::new(id).expect("not zero"))
}

fn some_votes() -> impl Strategy<Value = Votes> {
    any::<u32>().prop_map(Votes::new)
}

fn some_state() -> impl Strategy<Value = State> {
    let flags = any::<[bool; 5]>();
    let votes = any::<[u32; 6]>();
    let wide = any::<[u64; 4]>();
    let table = prop::collection::btree_map(some_node(), some_votes(), 0..5);
    (flags, votes, wide, table).prop_map(|(flags, votes, wide, table)| {
        let [two_node, quorate, waits, lowers, vouches] = flags;
        let [votes, expected, highest, file, device, losses] = votes.map(Votes::new);
        let losses = losses.get();
        let [floor, present, rules, core] = wide;
        State {
            votes,
            expected,
            two_node,
            quorate,
            waits,
            lowers,
            highest,
            file,
            device,
            vouches,
            losses,
            floor,
            present,
            rules,
            core,
            table,
        }
    })
}

fn some_message() -> impl Strategy<Value = Message> {
    let positive = (1..=u32::MAX).prop_map(Votes::new);
    prop_oneof![
        some_state().prop_map(Message::State),
        positive.clone().prop_map(Message::Expected),
        (positive.clone(), any::<u32>())
            .prop_map(|(votes, losses)| Message::Vouching { votes, losses }),
        (some_node(), positive).prop_map(|(node, votes)| Message::Votes { node, votes }),
        (1..=u64::MAX).prop_map(Message::Standing),
        some_votes().prop_map(Message::Device),
        some_votes().prop_map(Message::DeviceVotes),
    ]
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(message in some_message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn arbitrary_bytes_decode_to_what_encodes_to_them(
        kind in 0_u8..8,
        mut bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        bytes.insert(0, kind);
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }

    #[test]
    fn a_state_cut_short_or_bent_is_an_error_or_another_state(
        state in some_state(),
        cut in 0_usize..60,
        at in 0_usize..60,
        with: u8,
    ) {
        let mut bytes = Message::State(state).encode();
        let at = at % bytes.len();
        bytes[at] ^= with;
        bytes.truncate(bytes.len().saturating_sub(cut % 12));
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(message.encode(), bytes);
        }
    }
}

#[test]
fn the_bytes_are_those_of_the_table() {
    let node = |id| NodeId::new(id).expect("not zero");
    let state = State {
        votes: Votes::ONE,
        expected: Votes::new(0x0102_0304),
        two_node: true,
        lowers: true,
        highest: Votes::new(5),
        file: Votes::new(6),
        device: Votes::new(7),
        vouches: true,
        losses: 4,
        floor: 8,
        present: 9,
        rules: 10,
        core: 11,
        table: [(node(2), Votes::new(3))].into(),
        ..State::default()
    };
    let wide = |number: u8| [0, 0, 0, 0, 0, 0, 0, number];
    let mut bytes = vec![1, 0, 0, 0, 1, 1, 2, 3, 4, 25];
    bytes.extend([0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 4]);
    bytes.extend([8, 9, 10, 11].map(wide).concat());
    bytes.extend([0, 0, 0, 2, 0, 0, 0, 3]);
    assert_eq!(Message::State(state).encode(), bytes);
    assert_eq!(Message::Expected(Votes::new(5)).encode(), [2, 0, 0, 0, 5]);
    let votes = Message::Votes { node: node(7), votes: Votes::new(2) };
    assert_eq!(votes.encode(), [3, 0, 0, 0, 7, 0, 0, 0, 2]);
    assert_eq!(Message::Standing(2).encode(), [4, 0, 0, 0, 0, 0, 0, 0, 2]);
    assert_eq!(Message::Device(Votes::ZERO).encode(), [5, 0, 0, 0, 0]);
    let vouching = Message::Vouching { votes: Votes::ONE, losses: 3 };
    assert_eq!(vouching.encode(), [7, 0, 0, 0, 1, 0, 0, 0, 3]);
}

#[test]
fn what_no_sender_writes_is_refused_by_name() {
    let state = Message::State(State::default()).encode();
    let with = |more: &[u8]| [&state[..], more].concat();
    let mut flagged = state.clone();
    flagged[9] = 32;
    let twice = [0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 1];
    let cases: [(Vec<u8>, MessageError); 12] = [
        (vec![], MessageError::Length { found: 0, expected: 1 }),
        (vec![9, 0], MessageError::UnknownKind(9)),
        (vec![2, 0, 0, 0], MessageError::Length { found: 4, expected: 5 }),
        (vec![2, 0, 0, 0, 1, 0], MessageError::Length { found: 6, expected: 5 }),
        (vec![2, 0, 0, 0, 0], bad("expected votes", 0)),
        (vec![3, 0, 0, 0, 0, 0, 0, 0, 1], bad("node", 0)),
        (vec![4, 0, 0, 0, 0, 0, 0, 0, 0], bad("votes left standing", 0)),
        (vec![7, 0, 0, 0, 0, 0, 0, 0, 1], bad("votes of a device", 0)),
        (flagged, bad("flags", 32)),
        (with(&[0; 8]), bad("node", 0)),
        (with(&twice), bad("node out of order", 5)),
        (with(&[0, 0, 0, 1, 0]), MessageError::Length { found: 63, expected: 66 }),
    ];
    for (bytes, error) in cases {
        assert_eq!(Message::decode(&bytes), Err(error), "{bytes:?}");
    }
}
