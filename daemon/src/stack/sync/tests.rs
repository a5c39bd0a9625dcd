use proptest::prelude::*;
use totem::Lane;

use super::super::service::{HEADER, split};
use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn ring(seq: u64) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: node(1) }
}

fn members(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

/// Begins an exchange of three on ring 4, and returns it with what the node sent.
fn begun(state: &[u8]) -> (Synchronization, Vec<Bytes>) {
    let mut outbox = Outbox::default();
    let mut sync = Synchronization::new(Plant::default());
    let states = [(Service::Nodes, state.to_vec())];
    sync.begin(ring(4), &members(&[1, 2, 3]), &mut outbox);
    sync.say(&states, &mut outbox);
    let sent = std::iter::from_fn(|| outbox.next_message(Lane::Sync));
    (sync, sent.map(|pending| pending.message).collect())
}

fn hear(sync: &mut Synchronization, from: u32, message: &Bytes) -> Option<States> {
    let (service, version, body) = split(message.clone()).expect("well-formed");
    assert_eq!(service, Service::Sync);
    sync.on_message(node(from), version, body).expect("well-formed")
}

#[test]
fn states_come_out_when_the_last_barrier_is_in() {
    let (mut sync, sent) = begun(b"mine");
    for from in [2, 1, 3] {
        assert_eq!(hear(&mut sync, from, &sent[0]), None);
    }
    assert_eq!(hear(&mut sync, 1, &sent[1]), None);
    assert_eq!(hear(&mut sync, 3, &sent[1]), None);
    assert!(!sync.is_done());
    let states = hear(&mut sync, 2, &sent[1]).expect("the last barrier");
    assert!(sync.is_done());
    let theirs = [1, 2, 3].map(|id| ((Service::Nodes, node(id)), Bytes::from_static(b"mine")));
    assert_eq!(states.chunks, theirs.into());
    assert_eq!(states.members, members(&[1, 2, 3]));
}

#[test]
fn a_barrier_of_another_ring_does_not_count() {
    let (mut sync, sent) = begun(b"");
    let mut outbox = Outbox::default();
    sync.begin(ring(8), &members(&[1]), &mut outbox);
    assert_eq!(hear(&mut sync, 1, &sent[1]), None);
    assert!(!sync.is_done());
}

#[test]
fn a_barrier_of_a_stranger_or_a_second_one_does_not_count() {
    let (mut sync, sent) = begun(b"");
    for from in [9, 1, 1, 2, 2] {
        assert_eq!(hear(&mut sync, from, &sent[1]), None);
    }
    assert!(!sync.is_done());
    assert!(hear(&mut sync, 3, &sent[1]).is_some());
    assert_eq!(hear(&mut sync, 3, &sent[1]), None);
}

#[test]
fn nothing_is_done_on_a_ring_that_has_ended() {
    let (mut sync, sent) = begun(b"");
    sync.abandon();
    for from in [1, 2, 3] {
        assert_eq!(hear(&mut sync, from, &sent[1]), None);
    }
    assert!(!sync.is_done());
}

#[test]
fn what_waited_for_an_ended_ring_is_not_sent_on_the_next() {
    let mut outbox = Outbox::default();
    let mut sync = Synchronization::new(Plant::default());
    outbox.say(Lane::Sync, vec![0; HEADER]);
    for ring in [ring(4), ring(8)] {
        sync.begin(ring, &members(&[1]), &mut outbox);
        sync.say(&[], &mut outbox);
    }
    let waiting = std::iter::from_fn(|| outbox.next_message(Lane::Sync)).count();
    assert_eq!(waiting, 2, "the message for any ring, and one barrier");
}

#[test]
fn a_node_of_another_version_passes_the_barrier_and_is_named() {
    let (mut sync, sent) = begun(b"");
    let body = |message: &Bytes| message.slice(HEADER..);
    assert_eq!(hear(&mut sync, 1, &sent[1]), None);
    assert_eq!(hear(&mut sync, 2, &sent[1]), None);
    let mut unknown = body(&sent[0]).to_vec();
    unknown[13] = 200;
    assert_eq!(sync.on_message(node(3), 9, unknown.into()), Ok(None));
    let states = sync.on_message(node(3), 9, body(&sent[1])).expect("never changes");
    assert_eq!(states.expect("the last barrier").foreign, BTreeMap::from([(node(3), 9)]));
}

#[test]
fn a_state_beyond_the_limit_is_refused() {
    let (mut sync, sent) = begun(&vec![0; LARGEST + 1]);
    let (_, version, body) = split(sent[0].clone()).expect("well-formed");
    let refused = sync.on_message(node(2), version, body);
    let size = LARGEST + 1;
    assert_eq!(refused, Err(MessageError::TooLarge { what: "state", size, most: LARGEST }));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_end_the_exchange(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
        kind in 0_u8..4,
    ) {
        let (mut sync, sent) = begun(b"");
        for mut body in bodies {
            let _ = sync.on_message(node(2), PROTOCOL, body.clone().into());
            // The same behind a head that is right.
            let mut message = sent[1].slice(HEADER..).to_vec();
            message[0] = kind;
            message.append(&mut body);
            if kind != BARRIER {
                let _ = sync.on_message(node(2), PROTOCOL, message.into());
            }
        }
        prop_assert!(!sync.is_done());
    }
}
