use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn edition() -> impl Strategy<Value = Edition> {
    (any::<u64>(), any::<[u8; 32]>())
        .prop_map(|(version, digest)| Edition { version, digest: Digest::from_bytes(digest) })
}

fn size() -> impl Strategy<Value = u32> {
    1..=u32::try_from(LARGEST_TEXT).expect("it fits")
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        (any::<u32>(), edition(), edition(), size()).prop_map(|(number, base, edition, size)| {
            Message::Propose { number, base, edition, size }
        }),
        (any::<u32>(), edition(), size()).prop_map(|(number, edition, size)| Message::Offer {
            number,
            edition,
            size
        }),
        (any::<u32>(), any::<u32>(), vec(any::<u8>(), 0..PART))
            .prop_map(|(number, offset, bytes)| Message::Part { number, offset, bytes }),
        (any::<u32>(), any::<u32>(), any::<u64>())
            .prop_map(|(proposer, number, mark)| Message::Accept { proposer, number, mark }),
        (any::<u32>(), any::<u32>(), ".{0,100}")
            .prop_map(|(proposer, number, reason)| Message::Refuse { proposer, number, reason }),
    ]
}

fn holding() -> impl Strategy<Value = Holding> {
    (edition(), any::<bool>(), vec(edition(), 0..=MOST_ACCEPTED), any::<u64>()).prop_map(
        |(edition, established, accepted, mark)| Holding { edition, established, accepted, mark },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(message in message()) {
        prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
    }

    #[test]
    fn a_holding_is_read_and_what_follows_is_left(holding in holding(), rest: Vec<u8>) {
        let mut bytes = holding.encode();
        bytes.extend(&rest);
        prop_assert_eq!(Holding::decode(&bytes), Ok((holding, &rest[..])));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, kind in 0..7_u8) {
        let _ = Message::decode(&bytes);
        let _ = Holding::decode(&bytes);
        let mut bytes = bytes;
        bytes.insert(0, kind);
        let _ = Message::decode(&bytes);
    }

    #[test]
    fn a_message_cut_short_or_longer_is_refused(message in message(), cut in 1..40_usize) {
        let bytes = message.encode();
        let whole = matches!(message, Message::Part { .. } | Message::Refuse { .. });
        let short = &bytes[..bytes.len().saturating_sub(cut)];
        prop_assert!(whole || Message::decode(short).is_err());
        let longer = [&bytes[..], &[0]].concat();
        prop_assert!(whole || Message::decode(&longer).is_err());
    }
}

#[test]
fn a_text_of_no_or_too_many_bytes_is_refused_by_its_size() {
    let edition = Edition { version: 1, digest: Digest::of(b"") };
    let too_many = u32::try_from(LARGEST_TEXT + 1).expect("it fits");
    for size in [0, too_many, u32::MAX] {
        let bytes = Message::Offer { number: 1, edition, size }.encode();
        let error = MessageError::BadField { field: "size", value: size.into() };
        assert_eq!(Message::decode(&bytes), Err(error));
    }
}

#[test]
fn a_long_reason_is_cut_between_two_characters() {
    let reason = "ä".repeat(LONGEST_REASON);
    let bytes = Message::Refuse { proposer: 1, number: 1, reason }.encode();
    let Ok(Message::Refuse { reason, .. }) = Message::decode(&bytes) else {
        panic!("it is a refusal");
    };
    assert_eq!(reason.len(), LONGEST_REASON);
}
