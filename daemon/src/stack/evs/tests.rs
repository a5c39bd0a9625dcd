use std::time::Duration;

use totem::{Cause, Change, NodeSet, RingId, RingSeq};

use super::super::effect::Effect;
use super::super::service::{PROTOCOL, split};
use super::*;

const FIRST: SessionId = SessionId(1);
const SECOND: SessionId = SessionId(2);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn configuration(kind: Kind, seq: u64) -> Configuration {
    Configuration {
        kind,
        ring: RingId { seq: RingSeq::new(seq), representative: node(1) },
        previous: None,
        members: NodeSet::from([node(1)]),
        joined: NodeSet::new(),
        left: NodeSet::new(),
        change: Change {
            cause: Cause::Started,
            evidence: [].into(),
            gather: Duration::ZERO,
            commit: Duration::ZERO,
            recovery: Duration::ZERO,
        },
    }
}

fn drained(outbox: &mut Outbox) -> Vec<Effect> {
    std::iter::from_fn(|| outbox.poll()).collect()
}

fn told(to: SessionId, configuration: Configuration) -> Effect {
    Effect::Notify { to, notice: Notice::Configuration(configuration) }
}

#[test]
fn whoever_attaches_late_starts_with_the_configuration_in_force() {
    let mut outbox = Outbox::default();
    let mut evs = Evs::default();
    evs.attach(FIRST, &mut outbox);
    assert_eq!(drained(&mut outbox), []);
    let regular = configuration(Kind::Regular, 4);
    evs.on_configuration(&regular, &mut outbox);
    evs.attach(SECOND, &mut outbox);
    let expected = [told(FIRST, regular.clone()), told(SECOND, regular)];
    assert_eq!(drained(&mut outbox), expected);
    evs.attach(SECOND, &mut outbox);
    assert_eq!(drained(&mut outbox), []);
}

#[test]
fn configurations_and_messages_keep_their_order() {
    let mut outbox = Outbox::default();
    let mut evs = Evs::default();
    evs.attach(FIRST, &mut outbox);
    let payload = Bytes::from_static(b"hello");
    let (transitional, regular) =
        (configuration(Kind::Transitional, 8), configuration(Kind::Regular, 8));
    evs.on_configuration(&transitional, &mut outbox);
    evs.on_message(node(2), Guarantee::Safe, &payload, &mut outbox);
    evs.on_configuration(&regular, &mut outbox);
    let notice = Notice::Message { from: node(2), guarantee: Guarantee::Safe, payload };
    let message = Effect::Notify { to: FIRST, notice };
    let expected = [told(FIRST, transitional), message, told(FIRST, regular)];
    assert_eq!(drained(&mut outbox), expected);
}

#[test]
fn a_session_that_is_gone_is_told_nothing() {
    let mut outbox = Outbox::default();
    let mut evs = Evs::default();
    evs.attach(FIRST, &mut outbox);
    evs.gone(FIRST);
    evs.on_configuration(&configuration(Kind::Regular, 4), &mut outbox);
    assert_eq!(drained(&mut outbox), []);
}

#[test]
fn a_payload_comes_out_as_it_went_in() {
    let payload = Bytes::from_static(b"\0anything");
    let split = split(Evs::message(&payload)).expect("well-formed");
    assert_eq!(split, (Service::Evs, PROTOCOL, payload));
}
