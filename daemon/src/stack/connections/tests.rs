use super::*;

fn connection(session: u64, name: &str) -> Connection {
    Connection {
        session: SessionId(session),
        name: name.to_owned(),
        pid: 173,
        requests: 5,
        responses: 4,
        dispatched: 3,
        queued: 2,
        held: true,
        holds: 1,
    }
}

#[test]
fn an_object_is_named_by_what_a_tree_takes() {
    assert_eq!(connection(21, "corosync-objctl").object(), "corosync-objctl:173:21");
    assert_eq!(connection(1, "a.out x").object(), "a_out_x:173:1");
    assert_eq!(connection(1, "").object(), "unknown:173:1");
    let long = connection(1, &"ü".repeat(300)).object();
    assert!(is_name(&long), "{long}");
}

#[test]
fn who_is_gone_is_counted_and_shown_no_longer() {
    let active = vec![connection(1, "a"), connection(2, "b")];
    let mut all = Connections { active, closed: 7 };
    all.gone(SessionId(1));
    let keys = all.keys();
    assert_eq!(keys[0], ("stats.ipcs.global.active".to_owned(), Value::U64(1)));
    assert_eq!(keys[1], ("stats.ipcs.global.closed".to_owned(), Value::U64(8)));
    let name = "stats.ipcs.service0.173.0x2.procname".to_owned();
    assert_eq!(keys[2], (name, Value::text("b")));
    assert!(keys.iter().all(|(name, _)| crate::stack::map::is_name(name)));
    assert_eq!(keys.len(), 9);
}
