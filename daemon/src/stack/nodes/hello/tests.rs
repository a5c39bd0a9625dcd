use proptest::prelude::*;
use quorum::Votes;

use super::*;

fn cluster() -> Cluster {
    Cluster { name: "iscsicluster".to_owned(), id: 46516, config_version: 5 }
}

fn hello() -> Hello {
    let voting = State { votes: Votes::ONE, expected: Votes::new(3), ..State::default() };
    let addresses = vec![Ipv4Addr::new(192, 168, 10, 11).into(), Ipv6Addr::LOCALHOST.into()];
    let flags = Flags { dirty: true, fresh: false, sees_disallowed: false };
    let representative = NodeId::new(2).expect("not zero");
    let from = Some(RingId { seq: RingSeq::new(748), representative });
    Hello { cluster: cluster(), flags, from, name: "iscsi1".to_owned(), voting, addresses }
}

fn some_hello() -> impl Strategy<Value = Hello> {
    let cluster = ("[a-zäß]{0,100}", any::<u16>(), any::<u64>())
        .prop_map(|(name, id, config_version)| Cluster { name, id, config_version });
    let voting = (any::<u32>(), any::<u32>(), any::<bool>()).prop_map(|(votes, expected, mode)| {
        let (votes, expected) = (Votes::new(votes), Votes::new(expected));
        State { votes, expected, two_node: mode, ..State::default() }
    });
    let flags = any::<[bool; 3]>().prop_map(|[dirty, fresh, sees_disallowed]| Flags {
        dirty,
        fresh,
        sees_disallowed,
    });
    let from = prop::option::of((any::<u64>(), 1_u32..)).prop_map(|ring| {
        let (seq, representative) = ring?;
        Some(RingId { seq: RingSeq::new(seq), representative: NodeId::new(representative)? })
    });
    let address = any::<IpAddr>();
    let addresses = prop::collection::vec(address, 0..=MOST_ADDRESSES);
    (cluster, flags, from, ".{0,60}", voting, addresses).prop_map(
        |(cluster, flags, from, name, voting, addresses)| Hello {
            cluster,
            flags,
            from,
            name,
            voting,
            addresses,
        },
    )
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(hello in some_hello()) {
        prop_assert_eq!(Hello::decode(hello.encode().into()), Ok(hello));
    }

    #[test]
    fn arbitrary_bytes_are_a_hello_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Hello::decode(bytes.into());
    }

    #[test]
    fn a_damaged_hello_is_a_hello_or_an_error(at: prop::sample::Index, byte: u8, keep: usize) {
        let mut bytes = hello().encode();
        *at.get_mut(&mut bytes) = byte;
        let _ = Hello::decode(bytes.clone().into());
        bytes.truncate(keep % bytes.len());
        let _ = Hello::decode(bytes.into());
    }
}

#[test]
fn the_bytes_are_those_of_the_table() {
    let expected = [
        &[181, 180, 0, 0, 0, 0, 0, 0, 0, 5, 1][..],
        &[0, 0, 0, 0, 0, 0, 2, 236, 0, 0, 0, 2, 12],
        b"iscsicluster\x06iscsi1",
        &[0, 58, 1, 0, 0, 0, 1, 0, 0, 0, 3],
        &[0; 49],
        &[2, 4, 192, 168, 10, 11, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ];
    assert_eq!(hello().encode(), expected.concat());
}

#[test]
fn addresses_beyond_the_limit_are_not_sent() {
    let mut hello = hello();
    hello.addresses = vec![Ipv6Addr::LOCALHOST.into(); MOST_ADDRESSES + 1];
    let decoded = Hello::decode(hello.encode().into()).expect("well-formed");
    assert_eq!(decoded.addresses.len(), MOST_ADDRESSES);
}

#[test]
fn a_hello_fits_what_the_ring_was_checked_to_carry() {
    let mut hello = hello();
    hello.addresses = vec![Ipv6Addr::LOCALHOST.into(); MOST_ADDRESSES];
    hello.name = "n".repeat(300);
    hello.cluster.name = "c".repeat(300);
    assert!(hello.encode().len() + 64 < super::super::super::service::LARGEST);
}

#[test]
fn the_first_difference_is_the_conflict() {
    let ours = cluster();
    let mut theirs = cluster();
    assert_eq!(ours.conflict(&theirs), None);
    theirs.config_version = 4;
    assert_eq!(ours.conflict(&theirs), None, "versions are judged elsewhere");
    theirs.id = 1;
    assert_eq!(ours.conflict(&theirs), Some(Conflict::ClusterId { remote: 1, local: 46516 }));
    theirs.name = "other".to_owned();
    let (remote, local) = ("other".to_owned(), "iscsicluster".to_owned());
    assert_eq!(ours.conflict(&theirs), Some(Conflict::Name { remote, local }));
}
