use alloc::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::*;
use crate::configuration::Evidence;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn ring(seq: u64, representative: u32) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: node(representative) }
}

prop_compose! {
    fn any_node()(id in 1..=u32::MAX) -> NodeId { node(id) }
}
prop_compose! {
    fn any_ring()(seq in 0..=RingSeq::MOST.get(), representative in any_node()) -> RingId {
        RingId { seq: RingSeq::new(seq), representative }
    }
}
prop_compose! {
    fn any_nodes()(nodes in btree_set(any_node(), 0..20)) -> NodeSet { nodes }
}
prop_compose! {
    /// Ascending and apart, from any start: the wrap included.
    fn any_ranges(most: usize)(
        start in any::<u32>(),
        steps in vec((1..9_u32, 0..9_u32), 0..most),
    ) -> Vec<Range> {
        let mut at = Seq::new(start);
        let mut ranges = Vec::new();
        for (gap, length) in steps {
            let first = at.add(gap);
            at = first.add(length);
            ranges.push(Range { first, last: at });
        }
        ranges
    }
}
prop_compose! {
    fn any_token()(
        ring in any_ring(),
        hop in 0..=MOST_HOPS,
        numbers in any::<[u32; 4]>(),
        aru_setter in proptest::option::of(any_node()),
        owing in proptest::option::of(any_node()),
        holes in any_ranges(MOST_HOLES),
    ) -> Packet {
        let [seq, aru, sent, backlog] = numbers;
        let (seq, aru) = (Seq::new(seq), Seq::new(aru));
        Packet::Token(Token { ring, hop, seq, aru, aru_setter, sent, backlog, owing, holes })
    }
}
prop_compose! {
    fn any_frame()(
        ring in any_ring(),
        seq in any::<u32>(),
        from in any_node(),
        turn in any::<u64>(),
        flags in any::<[bool; 2]>(),
        payload in vec(any::<u8>(), 0..200),
    ) -> Packet {
        let [safe, recovered] = flags;
        let payload = Bytes::from(payload);
        let body = if recovered { Body::Recovered(payload) } else { Body::Data(payload) };
        Packet::Frame(Frame { ring, seq: Seq::new(seq), from, turn, safe, body })
    }
}

fn any_evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        Just(Evidence::Left),
        Just(Evidence::Refused),
        Just(Evidence::Restarted),
        Just(Evidence::Deaf),
    ]
}

prop_compose! {
    fn any_departures()(
        departures in btree_map(any_node(), (any::<u64>(), any_evidence()), 0..5),
    ) -> BTreeMap<NodeId, Departure> {
        departures
            .into_iter()
            .map(|(node, (boot, evidence))| (node, Departure { boot, evidence }))
            .collect()
    }
}
prop_compose! {
    fn any_join()(
        numbers in any::<[u64; 3]>(),
        weight in any::<u32>(),
        leaving in any::<bool>(),
        sets in [any_nodes(), any_nodes(), any_nodes()],
        departures in any_departures(),
    ) -> Packet {
        let [boot, serial, highest] = numbers;
        let [candidates, failed, heard] = sets;
        let highest = RingSeq::new(highest % RingSeq::MOST.get());
        Packet::Join(Join {
            boot, serial, highest, weight, leaving, candidates, failed, heard, departures,
        })
    }
}
prop_compose! {
    fn any_filled()(
        boot in any::<u64>(),
        old in proptest::option::of(any_ring()),
        places in any::<[u32; 3]>(),
        have in any_ranges(MOST_RANGES),
        obliged in any::<u128>(),
    ) -> Filled {
        let [aru, high, delivered] = places.map(Seq::new);
        Filled { boot, old, aru, high, delivered, have, obliged }
    }
}
prop_compose! {
    fn any_commit()(
        seq in 0..=RingSeq::MOST.get(),
        hop in any::<u32>(),
        first in any::<u32>(),
        entries in btree_map(any_node(), proptest::option::of(any_filled()), 1..12),
    ) -> Packet {
        let (&representative, _) = entries.first_key_value().expect("at least one");
        let entries = entries.into_iter().map(|(node, filled)| Entry { node, filled }).collect();
        let ring = RingId { seq: RingSeq::new(seq), representative };
        Packet::Commit(CommitToken { ring, hop, first: Seq::new(first), entries })
    }
}
prop_compose! {
    fn any_beacon()(
        boot in any::<u64>(),
        weight in any::<u32>(),
        ring in any_ring(),
        members in any_nodes(),
        heard in any_nodes(),
    ) -> Packet {
        Packet::Beacon(Beacon { boot, weight, ring, members, heard })
    }
}

fn any_signal() -> impl Strategy<Value = Packet> {
    prop_oneof![
        any_ring().prop_map(Signal::HoldCancel),
        any::<u64>().prop_map(Signal::Probe),
        any::<u64>().prop_map(Signal::Answer),
        (any_ring(), any::<u32>()).prop_map(|(ring, hop)| Signal::CommitReceived(ring, hop)),
    ]
    .prop_map(Packet::Signal)
}

fn any_packet() -> impl Strategy<Value = Packet> {
    prop_oneof![any_token(), any_frame(), any_join(), any_commit(), any_beacon(), any_signal()]
}

proptest! {
    #[test]
    fn what_is_written_is_read(packet in any_packet()) {
        prop_assert_eq!(Packet::decode(&packet.encode()), Ok(packet));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Packet::decode(&Bytes::from(bytes));
    }

    #[test]
    fn truncated_and_altered_packets_never_panic(
        packet in any_packet(),
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let whole = packet.encode();
        let _ = Packet::decode(&whole.slice(..cut.index(whole.len())));
        let mut altered = whole.to_vec();
        altered[flip.index(whole.len())] ^= 1_u8 << bit;
        let _ = Packet::decode(&Bytes::from(altered));
    }

    #[test]
    fn only_frames_can_be_cut_short(packet in any_packet()) {
        let whole = packet.encode();
        let cut = Packet::decode(&whole.slice(..whole.len() - 1));
        prop_assert!(cut.is_err() || matches!(packet, Packet::Frame(_)));
    }
}

#[test]
fn the_layout_of_a_token_is_fixed() {
    let token = Packet::Token(Token {
        ring: ring(8, 1),
        hop: 3,
        seq: Seq::new(0x0102_0304),
        aru: Seq::new(5),
        aru_setter: Some(node(2)),
        sent: 6,
        backlog: 7,
        owing: None,
        holes: alloc::vec![Range { first: Seq::new(6), last: Seq::new(9) }],
    });
    #[rustfmt::skip]
    let golden: &[u8] = &[
        1,
        0, 0, 0, 0, 0, 0, 0, 8,  0, 0, 0, 1,
        0, 0, 0, 0, 0, 0, 0, 3,
        1, 2, 3, 4,  0, 0, 0, 5,  0, 0, 0, 2,
        0, 0, 0, 6,  0, 0, 0, 7,  0, 0, 0, 0,
        0, 1,  0, 0, 0, 6,  0, 0, 0, 9,
    ];
    assert_eq!(&token.encode()[..], golden);
}

#[test]
fn the_layout_of_a_frame_is_fixed() {
    let frame = Frame {
        ring: ring(8, 1),
        seq: Seq::new(2),
        from: node(3),
        turn: 4,
        safe: true,
        body: Body::Data(Bytes::from_static(b"hi")),
    };
    #[rustfmt::skip]
    let golden: &[u8] = &[
        2,
        0, 0, 0, 0, 0, 0, 0, 8,  0, 0, 0, 1,
        0, 0, 0, 2,  0, 0, 0, 3,
        0, 0, 0, 0, 0, 0, 0, 4,
        1, b'h', b'i',
    ];
    assert_eq!(&frame.encode()[..], golden);
    assert_eq!(FRAME_HEADER + 2, golden.len());
}

#[test]
fn lists_longer_than_their_bound_are_refused_before_anything_is_allocated() {
    let mut bytes = Vec::from([5_u8]);
    bytes.extend([0; 8 + 4]);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1]);
    bytes.extend([0xff, 0xff]);
    let refused = Packet::decode(&Bytes::from(bytes)).expect_err("65535 members");
    assert!(matches!(refused, PacketError::BadField { field: "members", value: 65_535, .. }));
}

#[test]
fn a_recovered_frame_holds_data_only() {
    let data = Frame {
        ring: ring(4, 1),
        seq: Seq::new(1),
        from: node(1),
        turn: 0,
        safe: false,
        body: Body::Data(Bytes::new()),
    };
    assert_eq!(Frame::decode_recovered(&data.encode()), Ok(data.clone()));
    let nested = Frame { body: Body::Recovered(data.encode()), ..data };
    assert!(Frame::decode_recovered(&nested.encode()).is_err());
}

#[test]
fn numbers_that_leave_no_room_to_count_on_are_refused() {
    let beacon = Packet::Beacon(Beacon {
        boot: 1,
        weight: 1,
        ring: ring(RingSeq::MOST.get(), 1),
        members: NodeSet::new(),
        heard: NodeSet::new(),
    });
    let mut bytes = beacon.encode().to_vec();
    assert!(Packet::decode(&Bytes::copy_from_slice(&bytes)).is_ok());
    bytes[1 + 8 + 4] = 0x80;
    let refused = Packet::decode(&Bytes::from(bytes)).expect_err("beyond the last ring");
    assert!(matches!(refused, PacketError::BadField { field: "ring sequence", .. }));
}
