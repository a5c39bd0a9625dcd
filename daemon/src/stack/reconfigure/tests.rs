use std::time::Duration;

use totem::{Identity, Limits, NodeId, RingSeq, Timing};

use super::super::map::Value;
use super::super::{Config, Held};
use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn entry(id: u32) -> NodeEntry {
    NodeEntry { id: node(id), name: format!("iscsi{id}"), votes: 1, addresses: Vec::new() }
}

fn voting() -> quorum::Config {
    let votes = [(node(1), quorum::Votes::ONE), (node(2), quorum::Votes::ONE)];
    quorum::Config::new(node(1), votes.into(), None, false).expect("valid")
}

fn stack() -> (Stack, Tuning) {
    let identity = Identity { me: node(1), boot: 1, weight: 1, seed: 1 };
    let ring = totem::Config::new(identity, Timing::default(), Limits::for_packet(1400));
    let ring = ring.expect("defaults work");
    let tuning = ring.tuning();
    let config = Config {
        ring,
        last: RingSeq::new(0),
        cluster: "iscsicluster".to_owned(),
        cluster_id: 46516,
        config_version: 5,
        nodes: vec![entry(1), entry(2)],
        voting: voting(),
        disallowed: false,
        shutdown_timeout: Duration::from_secs(5),
        held: Held { text: [].into(), accepted: Vec::new(), mark: 0, copied: false },
        shown: Shown::default(),
    };
    (Stack::new(config, Instant::ORIGIN), tuning)
}

fn table(stack: &Stack) -> (u64, Vec<String>) {
    let names = stack.nodes.rows(stack.voting.quorum()).into_iter().map(|row| row.name);
    (stack.nodes.cluster().config_version, names.collect())
}

fn names(ids: &[u32]) -> Vec<String> {
    ids.iter().map(|id| format!("iscsi{id}")).collect()
}

#[test]
fn all_parts_are_told() {
    let (mut stack, tuning) = stack();
    let timing = Timing { token: Duration::from_millis(500), ..tuning.timing };
    let tuning = Tuning { timing, ..tuning };
    let new = Reconfiguration {
        version: 6,
        nodes: vec![entry(1), entry(3)],
        voting: Some(voting()),
        tuning,
        disallowed: true,
        shutdown_timeout: Duration::from_secs(1),
        shown: Shown {
            keys: vec![("totem.token".to_owned(), Value::U32(500))],
            ..Shown::default()
        },
        keys: 0,
    };
    let done = stack.reconfigure(Instant::ORIGIN, &new).expect("it works");
    assert_eq!((done.added, done.removed), ([node(3)].into(), [node(2)].into()));
    assert_eq!(table(&stack), (6, names(&[1, 3])));
    assert_eq!(stack.tuning, None);
    assert!(stack.nodes.keeps_out());
    assert_eq!(stack.shutdown.patience(), Duration::from_secs(1));
}

#[test]
fn what_the_ring_cannot_work_with_changes_nothing() {
    let (mut stack, tuning) = stack();
    let timing = Timing { token: Duration::from_millis(1), ..tuning.timing };
    let tuning = Tuning { timing, ..tuning };
    let new = Reconfiguration {
        version: 6,
        nodes: vec![entry(3)],
        voting: Some(voting()),
        tuning,
        disallowed: true,
        shutdown_timeout: Duration::from_secs(1),
        shown: Shown::default(),
        keys: 0,
    };
    let why = stack.reconfigure(Instant::ORIGIN, &new).expect_err("too short");
    assert_eq!(why.to_string(), "token is 1ms, at least 100ms is needed");
    assert_eq!(table(&stack), (5, names(&[1, 2])));
    assert!(!stack.nodes.keeps_out());
}
