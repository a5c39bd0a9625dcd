//! Setting votes, what would happen, and the quorum device in what is shown.

use client::proto::{self, Reason, StepKind};

use super::*;

fn refusing(reason: Reason) -> World {
    World { refuses: Some(reason), ..two_nodes() }
}

/// What was set at a daemon by this line.
fn set_by(line: &str) -> Vec<(u32, u32)> {
    let daemon = Daemon::start(two_nodes());
    assert_eq!(at(daemon.socket(), line), Seen::good(""), "{line}");
    daemon.world().set.clone()
}

#[test]
fn what_is_done_is_done_without_a_word() {
    assert_eq!(set_by("expected -e 2"), [(0, 2)]);
    assert_eq!(set_by("votes -v 3"), [(1, 3)]);
    assert_eq!(set_by("votes -v 2 -n iscsi2"), [(2, 2)]);
    assert_eq!(set_by("-v2 votes -n iscsi2"), [(2, 2)]);
}

#[test]
fn without_a_number_zero_is_asked_for() {
    assert_eq!(set_by("expected"), [(0, 0)]);
    assert_eq!(set_by("votes -n iscsi2"), [(2, 0)]);
}

#[test]
fn refusals_are_in_the_words_of_the_reference() {
    for (line, reason, text) in [
        ("expected -e 6", Reason::Invalid, "can't set expected votes: Invalid argument"),
        ("votes -v 300", Reason::Invalid, "can't set votes: Invalid argument"),
        (
            "expected -e 2",
            Reason::NotMember,
            "can't set expected votes: Node is not yet a cluster member",
        ),
        ("votes -v 2", Reason::NotMember, "can't set votes: Node is not yet a cluster member"),
        ("votes -v 2", Reason::NoSuchNode, "can't set votes: No such file or directory"),
    ] {
        let text = format!("cman_tool: {text}\n");
        assert_eq!(type_at(refusing(reason), line), Seen::bad(&text, 1), "{line}");
    }
}

#[test]
fn what_cannot_be_asked_is_not_asked() {
    for (line, text) in [
        ("expected -e abc", "argument to e (abc) is not an integer"),
        ("expected -e -1", "argument to e cannot be negative"),
        ("votes -v x", "argument to v (x) is not an integer"),
        ("votes -v 2 -n nosuch", "Can't set votes for node nosuch : No such file or directory"),
    ] {
        let text = format!("cman_tool: {text}\n");
        assert_eq!(type_at(two_nodes(), line), Seen::bad(&text, 1), "{line}");
    }
}

#[test]
fn what_was_set_is_told_as_json() {
    let seen = type_at(two_nodes(), "expected -e 2 --json");
    assert_eq!(seen, Seen::good("{\"expected_votes\":2}\n"));
    let seen = type_at(two_nodes(), "votes -v 2 -n iscsi2 --json");
    assert_eq!(seen, Seen::good("{\"node\":\"iscsi2\",\"node_id\":2,\"votes\":2}\n"));
    let seen = type_at(refusing(Reason::Invalid), "votes -v 2 --json");
    assert_eq!(seen.out, "{\"error\":\"can't set votes: Invalid argument\"}\n");
}

/// As recorded: one of two nodes and a disk.
fn with_device() -> World {
    let mut world = two_nodes();
    let alive_since = Some(seconds("2026-11-20 10:50:00"));
    world.device = Some(proto::Device { name: "/dev/loop0".to_owned(), votes: 1, alive_since });
    world.status.quorum.as_mut().unwrap().device = 1;
    world
}

#[test]
fn a_quorum_device_has_a_line_in_the_status() {
    let seen = type_at(with_device(), "status");
    let lines = "\nExpected votes: 1\nQuorum device votes: 1\nTotal votes: 2\n";
    assert!(seen.out.contains(lines), "{}", seen.out);
    let seen = type_at(with_device(), "status --json");
    let keys = "\"expected_votes\":1,\"quorum_device_votes\":1,\"total_votes\":2";
    assert!(seen.out.contains(keys), "{}", seen.out);
}

#[test]
fn a_quorum_device_is_the_first_of_the_nodes() {
    let seen = type_at(with_device(), "nodes");
    let table = "\
Node  Sts   Inc   Joined               Name
   0   M      0   2026-11-20 10:50:00  /dev/loop0
   1   M      4   2026-11-20 10:34:42  iscsi1
";
    assert!(seen.out.starts_with(table), "{}", seen.out);
    let mut lost = with_device();
    lost.device.as_mut().unwrap().alive_since = None;
    let seen = type_at(lost, "nodes");
    assert!(seen.out.contains("\n   0   X      0                        /dev/loop0\n"), "{seen:?}");
    let seen = type_at(with_device(), "nodes -F id,name,type -n /dev/loop0");
    assert_eq!(seen, Seen::good("0 /dev/loop0 M \n"));
    let seen = type_at(with_device(), "nodes --json");
    assert!(seen.out.contains(r#"{"id":0,"name":"/dev/loop0","type":"M""#), "{}", seen.out);
}

fn verdict(quorate: bool, present: u32) -> proto::Quorum {
    let why = "majority".to_owned();
    proto::Quorum { quorate, present, needed: 2, expected: 3, why, device: 0 }
}

fn with_trial() -> World {
    let mut world = two_nodes();
    let alone = |node| proto::Alone { node, quorum: Some(verdict(node == 1, node)) };
    world.trial = proto::Trial {
        now: Some(verdict(true, 3)),
        each: vec![alone(1), alone(2)],
        any: 0,
        steps: vec![verdict(true, 2), verdict(false, 1)],
    };
    world
}

#[test]
fn who_may_fail_is_a_table() {
    let expected = "\
Not every node may fail.
If this one fails  Votes  Expected  Needed  Quorate  Why
now                    3         3       2  yes      majority
iscsi1                 1         3       2  yes      majority
iscsi2                 2         3       2  no       majority
";
    assert_eq!(type_at(with_trial(), "what-if"), Seen::good(expected));
}

#[test]
fn steps_are_asked_in_their_order_and_shown_with_their_outcome() {
    let daemon = Daemon::start(with_trial());
    let seen = at(daemon.socket(), "what-if fail iscsi1,2 votes iscsi2=3");
    let expected = "\
Step                Votes  Expected  Needed  Quorate  Why
now                     3         3       2  yes      majority
fail iscsi1,iscsi2      2         3       2  yes      majority
votes iscsi2=3          1         3       2  no       majority
";
    assert_eq!(seen, Seen::good(expected));
    let asked: Vec<(StepKind, Vec<u32>, u32)> =
        daemon.world().steps.iter().map(|it| (it.kind(), it.nodes.clone(), it.votes)).collect();
    assert_eq!(asked, [(StepKind::Fail, vec![1, 2], 0), (StepKind::Votes, vec![2], 3)]);
}

#[test]
fn what_would_happen_is_told_as_json() {
    let seen = type_at(with_trial(), "what-if leave iscsi1 expected 2 --json");
    let verdict = concat!(
        r#"{"quorate":true,"votes":3,"needed":2,"expected_votes":3,"quorum_device_votes":0,"#,
        r#""why":"majority"}"#,
    );
    let start = format!(r#"{{"now":{verdict},"may_fail":0,"each":[{{"id":1,"name":"iscsi1","#);
    assert!(seen.out.starts_with(&start), "{}", seen.out);
    assert!(seen.out.contains(r#""steps":[{"step":"leave iscsi1","quorum":{"#), "{}", seen.out);
    assert!(seen.out.contains(r#"{"step":"expected 2","quorum":{"#), "{}", seen.out);
}

#[test]
fn steps_that_make_no_sense_are_named() {
    for (line, text) in [
        ("what-if fail", "what-if: fail what?"),
        ("what-if explode iscsi1", "what-if: nothing is known that is called explode"),
        ("what-if fail nosuch", "what-if: no node is called nosuch"),
        ("what-if votes iscsi1", "what-if: votes iscsi1 is not name=votes"),
        ("what-if expected many", "what-if: many is not a number of votes"),
    ] {
        let text = format!("cman_tool: {text}\n");
        assert_eq!(type_at(two_nodes(), line), Seen::bad(&text, 1), "{line}");
    }
}
