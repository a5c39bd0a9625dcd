use super::*;

#[test]
fn few_survivors_are_named_and_many_are_counted() {
    let times = |count: u64| -> Vec<(String, Duration)> {
        (1..=count).map(|n| (format!("iscsi{n}"), Duration::from_millis(10 * n))).collect()
    };
    assert_eq!(agreed(&times(2)), "The survivors agreed: iscsi1 after 10 ms, iscsi2 after 20 ms.");
    assert_eq!(
        agreed(&times(15)),
        "The 15 survivors agreed: the first after 10 ms, the last after 150 ms."
    );
}

#[test]
fn quorum_is_said_to_be_kept_only_when_it_was() {
    let view = |quorate| View {
        ring: 8,
        members: vec![1],
        quorate,
        present: 1,
        needed: 1,
        expected: 1,
        at: Instant::now(),
    };
    let votes = "1 of 1 votes, 1 needed.";
    assert_eq!(quorum(&view(true), false, false), format!("Quorum was kept: {votes}"));
    assert_eq!(quorum(&view(true), false, true), format!("Quorum was kept, by two_node: {votes}"));
    assert_eq!(quorum(&view(true), true, true), format!("Quorum was lost and regained: {votes}"));
    assert_eq!(quorum(&view(false), true, false), format!("Quorum was lost: {votes}"));
}
