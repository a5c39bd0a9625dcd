use std::format;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

mod rotation;

const CLUSTER: u32 = 0x0102_0304;
const BOOT: u64 = 0x1122_3344_5566_7788;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn key(secret: &str) -> ClusterKey {
    ClusterKey::new(secret.as_bytes()).expect("not empty")
}

fn sealer(id: u32, boot: u64) -> Sealer {
    Sealer::new(&key("secret"), CLUSTER, node(id), boot)
}

/// Node 1 listens.
fn opener() -> Opener {
    Opener::new(key("secret"), CLUSTER, node(1), BOOT)
}

fn seal(sealer: &mut Sealer, plain: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    sealer.seal(plain, &mut out).expect("small enough");
    out
}

/// Computed with another implementation of HKDF and AES-GCM.
const GOLDEN: [u8; OVERHEAD + 5] = [
    0x54, 0x6d, 1, 0xac, // magic, version, key
    1, 2, 3, 4, // cluster
    0, 0, 0, 7, // sender
    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, // boot
    0, 0, 0, 0, 0, 0, 0, 0, // counter
    0x44, 0x42, 0xf2, 0x10, 0xf5, // body
    0xa5, 0xac, 0xc2, 0x49, 0x69, 0x2e, 0xcc, 0x6f, // tag
    0xfb, 0x2d, 0x19, 0xbd, 0xec, 0xbd, 0xe7, 0xd2,
];

#[test]
fn a_sealed_packet_is_exactly_these_bytes() {
    let mut sealer = sealer(7, BOOT);
    assert_eq!(seal(&mut sealer, b"hello")[..], GOLDEN);
    let second = seal(&mut sealer, b"hello");
    assert_eq!(second[20..28], 1_u64.to_be_bytes());
    assert_ne!(second[28..], GOLDEN[28..]);
}

#[test]
fn sealing_appends_and_opening_stays_in_place() {
    let mut sealer = sealer(2, 5);
    let mut out = BytesMut::from(&b"before"[..]);
    sealer.seal(b"plain", &mut out).expect("small enough");
    assert_eq!(out.len(), 6 + OVERHEAD + 5);
    assert_eq!(out.split_to(6)[..], b"before"[..]);
    let body = out[28..].as_ptr();
    let opened = opener().open(out).expect("authentic");
    assert_eq!((opened.from, opened.boot, &opened.bytes[..]), (node(2), 5, &b"plain"[..]));
    assert_eq!(opened.bytes.as_ptr(), body);
}

#[test]
fn every_flipped_bit_is_refused_and_leaves_the_packet_good() {
    let mut opener = opener();
    let good = seal(&mut sealer(2, 5), b"token");
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(opener.open(bad).is_err(), "bit {bit}");
    }
    let refused = *opener.refused();
    // Magic and version; key; cluster; all the rest.
    assert_eq!((refused.not_ours, refused.unknown_key), (24, 8));
    assert_eq!((refused.foreign_cluster, refused.forged), (32, 41 * 8));
    opener.open(good).expect("authentic");
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let mut opener = opener();
    let good = seal(&mut sealer(2, 5), b"token");
    for length in 0..good.len() {
        let error = opener.open(good[..length].into()).expect_err("truncated");
        let short = OVERHEAD.checked_sub(length).filter(|&missing| missing > 0);
        match short {
            Some(missing) => assert_eq!(error, SealError::Truncated { missing }),
            None => assert_eq!(error, SealError::Forged { sender: 2 }),
        }
    }
    let mut longer = good.clone();
    longer.put_u8(0);
    assert_eq!(opener.open(longer), Err(SealError::Forged { sender: 2 }));
    opener.open(good).expect("authentic");
}

#[test]
fn strangers_are_told_apart() {
    let mut opener = opener();
    let packet = seal(&mut Sealer::new(&key("secret"), 9, node(2), 5), b"x");
    assert_eq!(opener.open(packet), Err(SealError::ForeignCluster(9)));
    let other = key("other");
    let packet = seal(&mut Sealer::new(&other, CLUSTER, node(2), 5), b"x");
    let unknown = SealError::UnknownKey { sender: 2, key: other.id() };
    assert_eq!(opener.open(packet.clone()), Err(unknown));
    let mut packet = packet;
    packet[3] = key("secret").id().0;
    assert_eq!(opener.open(packet), Err(SealError::Forged { sender: 2 }));
    let mut packet = seal(&mut sealer(2, 5), b"x");
    packet[2] = 2;
    let version = SealError::NotOurs { magic: 0x546d, version: 2 };
    assert_eq!(opener.open(packet), Err(version));
    let mut packet = seal(&mut sealer(2, 5), b"x");
    packet[8..12].fill(0);
    assert_eq!(opener.open(packet), Err(SealError::Forged { sender: 0 }));
    let expected = Refusals {
        foreign_cluster: 1,
        unknown_key: 1,
        forged: 2,
        not_ours: 1,
        ..Refusals::default()
    };
    assert_eq!(*opener.refused(), expected);
}

#[test]
fn a_cluster_with_the_same_secret_uses_another_key() {
    let mut here = sealer(2, 5);
    let mut there = Sealer::new(&key("secret"), CLUSTER + 1, node(2), 5);
    assert_ne!(seal(&mut here, &[0; 32])[28..], seal(&mut there, &[0; 32])[28..]);
}

#[test]
fn a_replay_is_refused() {
    let (mut sealer, mut opener) = (sealer(2, 5), opener());
    for counter in 0..3 {
        let packet = seal(&mut sealer, b"x");
        opener.open(packet.clone()).expect("the first time");
        let replayed = SealError::Replayed { sender: node(2), counter };
        assert_eq!(opener.open(packet), Err(replayed));
    }
    assert_eq!(opener.refused().replayed, 3);
}

#[test]
fn packets_overtake_each_other_inside_the_window_only() {
    let mut sealer = sealer(2, 5);
    let packets: Vec<_> = (0..=replay::SPAN).map(|_| seal(&mut sealer, b"x")).collect();
    let mut opener = opener();
    let mut newest_first = packets.into_iter().rev();
    for _ in 0..replay::SPAN {
        opener.open(newest_first.next().expect("one more")).expect("inside the window");
    }
    let too_old = SealError::Replayed { sender: node(2), counter: 0 };
    assert_eq!(opener.open(newest_first.next().expect("the first")), Err(too_old));
}

#[test]
fn a_forged_counter_does_not_move_the_window() {
    let mut sealer = sealer(2, 5);
    let (first, second) = (seal(&mut sealer, b"x"), seal(&mut sealer, b"y"));
    let mut opener = opener();
    opener.open(first).expect("authentic");
    let mut forged = second.clone();
    forged[20..28].fill(0xff);
    assert_eq!(opener.open(forged), Err(SealError::Forged { sender: 2 }));
    opener.open(second).expect("authentic");
}

#[test]
fn a_new_boot_ends_the_old_one() {
    let (mut before, mut after) = (sealer(2, 5), sealer(2, 6));
    let mut opener = opener();
    opener.open(seal(&mut before, b"x")).expect("authentic");
    let mut forged = seal(&mut after, b"x");
    forged[30] ^= 1;
    assert_eq!(opener.open(forged), Err(SealError::Forged { sender: 2 }));
    opener.open(seal(&mut before, b"x")).expect("a forged boot ends nothing");
    assert_eq!(opener.open(seal(&mut after, b"x")).expect("authentic").boot, 6);
    let old = SealError::OldBoot { sender: node(2), boot: 5, newest: 6 };
    assert_eq!(opener.open(seal(&mut before, b"x")), Err(old));
    opener.open(seal(&mut after, b"x")).expect("authentic");
}

#[test]
fn our_own_id_is_a_loop_or_a_duplicate() {
    let mut opener = opener();
    assert_eq!(opener.open(seal(&mut sealer(1, BOOT), b"x")), Err(SealError::Looped));
    let mut other = sealer(1, 9);
    assert_eq!(opener.open(seal(&mut other, b"x")), Err(SealError::DuplicateId { boot: 9 }));
    let mut forged = seal(&mut other, b"x");
    forged[40] ^= 1;
    assert_eq!(opener.open(forged), Err(SealError::Forged { sender: 1 }));
    let expected = Refusals { looped: 1, duplicate_id: 1, forged: 1, ..Refusals::default() };
    assert_eq!(*opener.refused(), expected);
}

#[test]
fn the_number_of_senders_is_bounded_and_strangers_do_not_count() {
    let mut opener = opener();
    let last = u32::try_from(MOST_SENDERS).expect("small") + 1;
    for id in 2..=last {
        let mut foreign =
            seal(&mut Sealer::new(&key("other"), CLUSTER, node(10_000 + id), 5), b"x");
        foreign[3] = key("secret").id().0;
        assert_eq!(opener.open(foreign), Err(SealError::Forged { sender: 10_000 + id }));
        opener.open(seal(&mut sealer(id, 5), b"x")).expect("room for this one");
    }
    let one_more = SealError::TooManySenders { sender: node(last + 1) };
    assert_eq!(opener.open(seal(&mut sealer(last + 1, 5), b"x")), Err(one_more));
    opener.open(seal(&mut sealer(2, 6), b"x")).expect("a known sender may restart");
}

#[test]
fn a_counter_is_never_used_twice() {
    let mut sealer = sealer(2, 5);
    sealer.next.counter = u64::MAX - 1;
    let mut out = BytesMut::new();
    sealer.seal(b"the last", &mut out).expect("one counter left");
    let length = out.len();
    for _ in 0..2 {
        assert_eq!(sealer.seal(b"one more", &mut out), Err(Unsealable::Exhausted));
        assert_eq!(out.len(), length);
    }
}

#[test]
fn what_is_no_packet_is_not_sealed() {
    let plain = [0; wire::LARGEST_PACKET + 1];
    let mut out = BytesMut::new();
    let refused = sealer(2, 5).seal(&plain, &mut out);
    assert_eq!(refused, Err(Unsealable::TooLarge(plain.len())));
    assert!(out.is_empty());
}

#[test]
fn a_key_needs_a_secret_and_shows_none() {
    assert!(ClusterKey::new(b"").is_none());
    assert_eq!(format!("{:?}", key("secret")), "ClusterKey(hidden)");
    let shown = format!("{:?}{:?}", sealer(2, 5), opener());
    assert!(!shown.contains("secret") && !shown.contains('['), "{shown}");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_again(
        secret in prop::collection::vec(any::<u8>(), 1..300),
        cluster: u32,
        id in 2_u32..,
        boot: u64,
        length in prop_oneof![Just(0), Just(wire::LARGEST_PACKET), 0_usize..3000],
        fill: u8,
    ) {
        let key = ClusterKey::new(&secret).expect("not empty");
        let mut sealer = Sealer::new(&key, cluster, node(id), boot);
        let mut opener = Opener::new(key, cluster, node(1), boot);
        let plain = std::vec![fill; length];
        for _ in 0..2 {
            let opened = opener.open(seal(&mut sealer, &plain)).expect("authentic");
            prop_assert_eq!(&opened.bytes[..], &plain[..]);
            prop_assert_eq!((opened.from, opened.boot), (node(id), boot));
        }
        prop_assert_eq!(*opener.refused(), Refusals::default());
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_panic_or_memory(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        genuine_header: bool,
    ) {
        let mut packet = bytes;
        if genuine_header && packet.len() >= 8 {
            packet[..8].copy_from_slice(&GOLDEN[..8]);
        }
        let mut opener = opener();
        prop_assert!(opener.open(packet[..].into()).is_err());
        prop_assert!(opener.senders.is_empty());
    }
}
