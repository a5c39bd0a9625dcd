use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use totem::{Cause, Change, RingId, RingSeq};

use super::*;
use crate::ipc::tests::{status, verdict};
use crate::stack::command::{BarrierChange, BarrierCommand};
use crate::stack::effect::PortRefused;

fn ids(numbers: &[u32]) -> NodeSet {
    numbers.iter().map(|number| NodeId::new(*number).unwrap()).collect()
}

fn ring(seq: u64) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: NodeId::new(1).unwrap() }
}

#[test]
fn leave_keeps_both_of_its_flags_apart() {
    let ask = request(request::What::Leave(proto::Leave { remove: true, force: false })).unwrap();
    assert_eq!(ask, Ask::Command(Command::Leave(Leave { remove: true, force: false })));
    let ask = request(request::What::Leave(proto::Leave { remove: false, force: true })).unwrap();
    assert_eq!(ask, Ask::Command(Command::Leave(Leave { remove: false, force: true })));
}

#[test]
fn a_barrier_keeps_its_name_and_what_is_asked() {
    use proto::barrier::What;
    let asked = |what| {
        let what = proto::Barrier { name: "start".into(), what };
        request(request::What::Barrier(what))
    };
    let register = proto::RegisterBarrier { nodes: 3, once: true };
    let change = BarrierCommand::Change;
    for (sent, meant) in [
        (What::Register(register), BarrierCommand::Register { nodes: 3, once: true }),
        (What::Nodes(2), change(BarrierChange::Nodes(2))),
        (What::Once(false), change(BarrierChange::Once(false))),
        (What::PatienceMs(0), change(BarrierChange::Patience(None))),
        (What::PatienceMs(5), change(BarrierChange::Patience(Some(Duration::from_millis(5))))),
        (What::Arrive(proto::Arrive {}), change(BarrierChange::Arrive)),
        (What::Wait(proto::Wait {}), BarrierCommand::Wait),
        (What::Delete(proto::DeleteBarrier {}), BarrierCommand::Delete),
    ] {
        let command = PortCommand::Barrier { name: "start".into(), command: meant };
        assert_eq!(asked(Some(sent)).unwrap(), Ask::Command(Command::Port(command)));
    }
    assert!(asked(None).unwrap_err().0.contains("nothing known"));
}

#[test]
fn a_port_is_a_byte_and_node_0_nobody() {
    let send = |node, port| {
        request(request::What::SendData(proto::SendData { node, port, payload: "a".into() }))
    };
    let sent =
        |to, port| Ask::Command(Command::Port(PortCommand::Send { to, port, payload: "a".into() }));
    assert_eq!(send(0, 11).unwrap(), sent(None, 11));
    assert_eq!(send(3, 0).unwrap(), sent(NodeId::new(3), 0));
    assert_eq!(send(0, 256).unwrap_err().0, "no port has number 256");
    let open = request(request::What::OpenPort(proto::OpenPort { port: 4096 }));
    assert_eq!(open.unwrap_err().0, "no port has number 4096");
}

#[test]
fn multicast_keeps_guarantee_and_payload() {
    for (sent, meant) in [(0, Guarantee::Agreed), (1, Guarantee::Safe)] {
        let multicast = proto::Multicast { guarantee: sent, payload: "hello".into() };
        let ask = request(request::What::Multicast(multicast)).unwrap();
        let payload = "hello".into();
        assert_eq!(ask, Ask::Command(Command::Multicast { guarantee: meant, payload }));
    }
}

#[test]
fn every_refusal_has_a_reason_of_its_own_and_names_its_numbers() {
    let refusals = [
        Refusal::TryAgain,
        Refusal::TooLarge { size: 5_000_001, most: 4_194_304 },
        Refusal::Leaving,
        Refusal::Busy,
        Refusal::Already,
        Refusal::UnknownNode(NodeId::new(9).unwrap()),
        Refusal::NotThere(NodeId::new(2).unwrap()),
        Refusal::Votes(quorum::Refused::Zero),
        Refusal::Votes(quorum::Refused::NotMember),
        Refusal::Votes(quorum::Refused::Unknown(NodeId::new(7).unwrap())),
        Refusal::Device(DeviceRefused::Other),
        Refusal::Device(DeviceRefused::NameOfNode),
        Refusal::Port(PortRefused::InUse(177)),
        Refusal::Port(PortRefused::NoBarrier),
        Refusal::Port(PortRefused::NodeLost),
        Refusal::Port(PortRefused::TimedOut),
    ];
    let mut reasons = BTreeSet::new();
    for refusal in refusals {
        let told = reply(&Reply::Refused(refusal), &Surroundings::default(), 1);
        let reply::What::Refused(proto::Refused { reason, text }) = told else {
            panic!("{told:?}");
        };
        assert!(reasons.insert(reason), "{text}");
        if let Refusal::TooLarge { .. } = refusal {
            assert_eq!(text, "message of 5000001 bytes, at most 4194304 are possible");
        }
    }
}

#[test]
fn status_says_everything_the_stack_said_and_what_the_shell_adds() {
    let around = Surroundings {
        multicast: vec!["239.192.181.106".parse().unwrap(), "ff15::1".parse().unwrap()],
        at_origin: Duration::from_secs(1_795_171_188),
        copy: Some("nobody answers".to_owned()),
        origins: vec![Origin {
            path: "cluster.logging.debug".to_owned(),
            value: "on".to_owned(),
            from: "local.conf:2".to_owned(),
        }],
    };
    let told = reply(&Reply::Status(Box::new(status())), &around, 3);
    let reply::What::Status(told) = told else { panic!("{told:?}") };
    assert_eq!((told.cluster_id, told.config_version, told.generation), (46516, 5, 8));
    assert_eq!(told.subsystems, 3);
    let [proto::Origin { path, value, from }] = &told.origins[..] else { panic!("{told:?}") };
    assert_eq!([path, value, from], ["cluster.logging.debug", "on", "local.conf:2"]);
    assert_eq!(told.multicast_addresses, ["239.192.181.106", "ff15::1"]);
    assert!(told.two_node && told.synchronized);
    assert_eq!(told.quorum.as_ref().unwrap().why, verdict().why.to_string());
    assert_eq!(told.me.as_ref().unwrap().joined, Some(1_795_171_190));
    assert_eq!(told.me.as_ref().unwrap().departure, None);
    assert!(told.counters.contains(&proto::Counter { name: "rings".to_owned(), value: 3 }));
    let rotation = proto::Counter { name: "rotation_nanos".to_owned(), value: 150_000 };
    assert!(told.counters.contains(&rotation));
}

#[test]
fn what_a_node_goes_by_is_said_byte_for_byte() {
    let ask = request(request::What::Configuration(proto::GetConfiguration {})).unwrap();
    assert_eq!(ask, Ask::Command(Command::Configuration));
    let (text, node) = (b"<cluster/>\n".as_slice(), "iscsi1".to_owned());
    let running = Running { version: 5, text: text.into(), node: node.clone(), cluster_id: 9 };
    let told = reply(&Reply::Running(Box::new(running)), &Surroundings::default(), 1);
    let text = text.into();
    assert_eq!(
        told,
        reply::What::Running(proto::Running { version: 5, text, node, cluster_id: 9 })
    );
}

#[test]
fn every_node_state_and_departure_has_a_number_of_its_own() {
    use NodeState::{Dead, Disallowed, Joining, Leaving, Member};
    let states = [Joining, Member, Dead, Leaving, Disallowed].map(|s| i32::from(state(s)));
    assert_eq!(states, [1, 2, 3, 4, 5], "the numbers of the reference, which tools print");
    let departures = [
        Departure::Found(Evidence::Left),
        Departure::Found(Evidence::Refused),
        Departure::Found(Evidence::Restarted),
        Departure::Found(Evidence::Deaf),
        Departure::Found(Evidence::Silent),
        Departure::Found(Evidence::Unreachable),
        Departure::Killed(KillReason::Operator),
        Departure::Killed(KillReason::Rejoined),
    ];
    let numbers: BTreeSet<i32> = departures.map(|e| departure(e).into()).into();
    assert_eq!(numbers.len(), departures.len());
}

#[test]
fn membership_and_configuration_keep_their_sets_apart() {
    let told = notice(&Notice::Membership {
        ring: ring(12),
        members: ids(&[1, 2]),
        joined: ids(&[2]),
        left: ids(&[3]),
    });
    let proto::notice::What::Membership(told) = told else { panic!("{told:?}") };
    assert_eq!((told.generation, told.representative), (12, 1));
    assert_eq!((told.members, told.joined, told.left), (vec![1, 2], vec![2], vec![3]));
    let change = Change {
        cause: Cause::TokenLost,
        evidence: BTreeMap::new(),
        gather: Duration::ZERO,
        commit: Duration::ZERO,
        recovery: Duration::ZERO,
    };
    for (kind, transitional) in [(Kind::Transitional, true), (Kind::Regular, false)] {
        let told = notice(&Notice::Configuration(Configuration {
            kind,
            ring: ring(16),
            previous: Some(ring(12)),
            members: ids(&[1]),
            joined: ids(&[]),
            left: ids(&[2]),
            change: change.clone(),
        }));
        let proto::notice::What::Configuration(told) = told else { panic!("{told:?}") };
        assert_eq!(told.transitional, transitional);
        assert_eq!((told.members, told.joined, told.left), (vec![1], vec![], vec![2]));
    }
}

#[test]
fn join_time_far_in_the_future_is_the_largest_number_and_no_panic() {
    let seconds = unix_seconds(Instant::from_nanos(u64::MAX), Duration::MAX);
    assert_eq!(seconds, i64::MAX);
}

proptest! {
    #[test]
    fn join_time_is_wall_clock_at_the_origin_plus_time_since(
        origin in 0_u64..4_000_000_000,
        nanos in any::<u64>(),
    ) {
        let seconds = unix_seconds(Instant::from_nanos(nanos), Duration::from_secs(origin));
        prop_assert_eq!(seconds, i64::try_from(origin + nanos / 1_000_000_000).unwrap());
    }

    #[test]
    fn only_known_guarantees_are_understood(guarantee in any::<i32>()) {
        let multicast = proto::Multicast { guarantee, payload: "".into() };
        let ask = request(request::What::Multicast(multicast));
        prop_assert_eq!(ask.is_ok(), (0..=1).contains(&guarantee));
    }
}

#[test]
fn steps_of_what_would_happen_are_read_or_named() {
    let ask = |kind: proto::StepKind, nodes: &[u32], votes| {
        let step = proto::Step { kind: kind.into(), nodes: nodes.to_vec(), votes };
        request(request::What::WhatIf(proto::WhatIf { steps: vec![step] }))
    };
    let good = |step| Ok(Ask::Command(Command::Vote(VoteCommand::WhatIf(vec![step]))));
    let node = |id| NodeId::new(id).unwrap();
    assert_eq!(ask(proto::StepKind::Fail, &[2, 1], 0), good(Step::Fail(ids(&[1, 2]))));
    assert_eq!(ask(proto::StepKind::Leave, &[2], 0), good(Step::Leave(ids(&[2]))));
    assert_eq!(ask(proto::StepKind::Join, &[3], 0), good(Step::Join(ids(&[3]))));
    let votes = Step::Votes { node: node(3), votes: Votes::new(4) };
    assert_eq!(ask(proto::StepKind::Votes, &[3], 4), good(votes));
    assert_eq!(ask(proto::StepKind::Expected, &[], 4), good(Step::Expected(Votes::new(4))));
    let bad = |text: &str| Err(Unreadable(text.to_owned()));
    assert_eq!(ask(proto::StepKind::Fail, &[0], 0), bad("no node has id 0"));
    assert_eq!(ask(proto::StepKind::Votes, &[1, 2], 4), bad("votes of 2 nodes at once"));
    assert_eq!(ask(proto::StepKind::Unspecified, &[], 0), bad("no kind of step has number 0"));
    let many =
        request(request::What::WhatIf(proto::WhatIf { steps: vec![proto::Step::default(); 65] }));
    assert_eq!(many, bad("65 steps, at most 64 are taken"));
}
