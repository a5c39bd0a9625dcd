use totem::{Cause, Change, Configuration, RingId, RingSeq};

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("positive")
}

fn load() -> Load {
    let measure = Measure {
        load: Some(options::Load { size: 1024, senders: None }),
        load_seconds: Duration::from_secs(2),
        load_window: OUTSTANDING,
    };
    Load::new(node(1), 2, &measure).expect("there is something to measure")
}

fn members(ids: &[u32]) -> Notice {
    let members: NodeSet = ids.iter().copied().map(node).collect();
    Notice::Configuration(Configuration {
        kind: Kind::Regular,
        ring: RingId { seq: RingSeq::new(4), representative: node(1) },
        previous: None,
        joined: members.clone(),
        members,
        left: NodeSet::new(),
        change: Change {
            cause: Cause::Started,
            evidence: Default::default(),
            gather: Duration::ZERO,
            commit: Duration::ZERO,
            recovery: Duration::ZERO,
        },
    })
}

fn at(seconds: u64) -> Instant {
    Instant::ORIGIN + Duration::from_secs(seconds)
}

#[test]
fn sending_begins_when_all_are_members_and_ends_in_time() {
    let mut load = load();
    load.on_notice(at(0), &members(&[1]));
    assert_eq!(load.phase, Phase::Waiting);
    load.on_notice(at(5), &members(&[1, 2]));
    assert_eq!(load.deadline(), Some(at(6)));
    assert!(!load.tick(at(6)));
    assert!(!load.tick(at(7)));
    assert_eq!(load.deadline(), Some(at(8)));
    assert!(!load.tick(at(7)));
    assert!(load.tick(at(8)));
}

#[test]
fn delivered_messages_are_counted_and_own_ones_timed() {
    let mut load = load();
    load.on_notice(at(1), &members(&[1, 2]));
    load.number = STAMPED;
    load.outstanding = 1024;
    let payload = load.payload(at(1));
    let message = |from| Notice::Message {
        from: node(from),
        guarantee: Guarantee::Agreed,
        payload: payload.clone(),
    };
    load.on_notice(at(2), &message(1));
    load.on_notice(at(2), &message(2));
    assert_eq!(load.outstanding, 0);
    assert_eq!(
        load.line("second", &load.second, Duration::from_secs(1)),
        concat!(
            r#"{"node":1,"span":"second","members":2,"size":1024,"messages":2,"#,
            r#""messages_per_second":2,"megabytes_per_second":0.00,"#,
            r#""latency_us_p50":1000000,"latency_us_p99":1000000,"rotation_us":0}"#,
        )
    );
}

#[test]
fn quantiles_are_of_the_sorted_values() {
    assert_eq!(quantile(&[], 50), 0);
    assert_eq!(quantile(&[3000, 1000, 2000], 50), 2);
    assert_eq!(quantile(&[3000, 1000, 2000], 99), 3);
}
