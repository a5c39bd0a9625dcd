use totem::{Change, Kind, RingId, RingSeq};

use confdb::replica::Place;
use confdb::replica::output::{Event, Outcome};

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("tests use positive ids")
}

fn nodes(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

fn reporter() -> Reporter {
    let entry = |id: u32| NodeEntry {
        id: node(id),
        name: format!("iscsi{id}"),
        votes: 1,
        addresses: vec![format!("192.168.10.1{id}").parse().expect("an address")],
    };
    let mut reporter = Reporter::new(node(1), &[entry(1), entry(2), entry(3)]);
    reporter.members = nodes(&[1, 3]);
    reporter
}

fn ring(seq: u64) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: node(1) }
}

/// A regular configuration. Who left it is not in it: they left the transitional one before.
fn configuration(members: &[u32], joined: &[u32], gone: &[(u32, Evidence)]) -> Configuration {
    Configuration {
        kind: Kind::Regular,
        ring: ring(44),
        previous: Some(ring(40)),
        members: nodes(members),
        joined: nodes(joined),
        left: NodeSet::new(),
        change: Change {
            cause: Cause::TokenLost,
            evidence: gone.iter().map(|(id, evidence)| (node(*id), *evidence)).collect(),
            gather: Duration::from_micros(12_345),
            commit: Duration::from_micros(1_000),
            recovery: Duration::from_micros(60),
        },
    }
}

fn text(lines: &[Line]) -> String {
    let line = |line: &Line| format!("[{:<6}] {}\n", line.subsystem, line.text);
    lines.iter().map(line).collect()
}

#[test]
fn a_node_that_comes_is_announced_in_the_words_of_the_reference() {
    let mut reporter = reporter();
    reporter.members = nodes(&[1]);
    let lines = reporter.lines(&Report::Installed(configuration(&[1, 2], &[2], &[])));
    assert_eq!(
        text(&lines),
        "[CLM   ] CLM CONFIGURATION CHANGE\n\
         [CLM   ] New Configuration:\n\
         [CLM   ] \tr(0) ip(192.168.10.11) \n\
         [CLM   ] Members Left:\n\
         [CLM   ] Members Joined:\n\
         [CLM   ] CLM CONFIGURATION CHANGE\n\
         [CLM   ] New Configuration:\n\
         [CLM   ] \tr(0) ip(192.168.10.11) \n\
         [CLM   ] \tr(0) ip(192.168.10.12) \n\
         [CLM   ] Members Left:\n\
         [CLM   ] Members Joined:\n\
         [CLM   ] \tr(0) ip(192.168.10.12) \n\
         [TOTEM ] A processor joined or left the membership and a new membership was formed.\n\
         [TOTEM ] ring 1.44 of 1 2 after 1.40: token lost; came node 2 (iscsi2); \
         gather 12.3 ms, commit 1.0 ms, recovery 0.0 ms\n\
         [QUORUM] Members[2]: 1 2\n"
    );
}

#[test]
fn a_failure_is_said_once_with_its_evidence() {
    let mut reporter = reporter();
    let gone = configuration(&[1, 2], &[2], &[(3, Evidence::Refused)]);
    let said = "A processor failed, forming new configuration.";

    let mut lines = reporter.lines(&Report::RingLost(Cause::TokenLost));
    lines.extend(reporter.lines(&Report::Installed(gone.clone())));
    assert_eq!(text(&lines).matches(said).count(), 1);
    assert!(text(&lines).contains("lost node 3 (iscsi3) (port refused, probes unanswered)"));

    reporter.members = nodes(&[1, 3]);
    let mut lines = reporter.lines(&Report::RingLost(Cause::Departed(node(3))));
    lines.extend(reporter.lines(&Report::Installed(gone)));
    assert_eq!(text(&lines).matches(said).count(), 1);
    assert!(text(&lines).contains("gathering: node 3 (iscsi3) gone"));
}

#[test]
fn a_node_that_leaves_in_order_is_no_failure() {
    let mut reporter = reporter();
    let mut lines = reporter.lines(&Report::RingLost(Cause::Departed(node(3))));
    let left = configuration(&[1, 2], &[2], &[(3, Evidence::Left)]);
    lines.extend(reporter.lines(&Report::Installed(left)));
    let text = text(&lines);
    assert!(!text.contains("failed"), "{text}");
    assert!(text.contains("[CLM   ] Members Left:\n[CLM   ] \tr(0) ip(192.168.10.13) \n"));
}

#[test]
fn quorum_is_said_when_it_changes_and_its_reason_always() {
    let verdict = |quorate| Verdict {
        quorate,
        present: quorum::Votes::new(2),
        needed: quorum::Votes::new(2),
        expected: quorum::Votes::new(3),
        device: quorum::Votes::ZERO,
        why: quorum::Why::Majority,
    };
    let mut reporter = reporter();
    reporter.lines(&Report::Installed(configuration(&[1, 2], &[1, 2], &[])));
    assert_eq!(
        text(&reporter.lines(&Report::Quorum(verdict(true)))),
        "[CMAN  ] quorum regained, resuming activity\n\
         [QUORUM] This node is within the primary component and will provide service.\n\
         [QUORUM] Members[2]: 1 2\n\
         [QUORUM] quorate: 2 of 3 votes, 2 needed (majority)\n"
    );
    assert_eq!(reporter.lines(&Report::Quorum(verdict(true))).len(), 1);
    let lost = text(&reporter.lines(&Report::Quorum(verdict(false))));
    assert!(lost.starts_with(
        "[CMAN  ] quorum lost, blocking activity\n\
         [QUORUM] This node is within the non-primary component and will NOT provide any \
         services.\n"
    ));
}

#[test]
fn an_unknown_node_is_shown_by_its_number() {
    let lines = reporter().lines(&Report::Installed(configuration(&[1, 9], &[9], &[])));
    assert!(text(&lines).contains("[CLM   ] \tr(0) ip(9) \n"));
    assert!(text(&lines).contains("came node 9;"));
}

#[test]
fn who_is_kept_out_for_its_version_is_named_with_both_and_what_to_do() {
    let line = |me: u32, place| {
        let event = Event::KeptOut { node: 2, place, held: 6, wanted: 5 };
        let lines = reporter().lines(&Report::Version { me: node(me), event });
        let [line] = &lines[..] else { panic!("one line") };
        line.text.clone()
    };
    assert!(
        line(1, Place::Ahead).starts_with("Node 2 conflict, remote config version id=6, local=5: ")
    );
    assert!(line(1, Place::Ahead).ends_with("with a version above 6"));
    assert!(
        line(2, Place::Ahead).starts_with("this node has config version 6, the cluster only 5: ")
    );
    assert!(line(2, Place::Behind).ends_with("waiting for that"));
    assert!(line(1, Place::Apart).contains("raise config_version where it is right"));
}

#[test]
fn who_has_another_key_is_named_with_what_to_do() {
    let event = Event::OtherSecret { node: 2 };
    let [line] = &reporter().lines(&Report::Version { me: node(1), event })[..] else {
        panic!("one line")
    };
    assert!(line.text.starts_with("node 2 (iscsi2) has another key"), "{}", line.text);
    assert!(line.text.ends_with("and raise config_version"), "{}", line.text);
}

#[test]
fn a_version_that_is_taken_over_reads_as_ever() {
    let event = Event::Switched { from: 5, to: 6, by: 2 };
    let lines = reporter().lines(&Report::Version { me: node(1), event });
    assert!(text(&lines).contains("Now got config information version 6, continuing"));
    assert!(text(&lines).contains("config version 5 -> 6, by node 2 (iscsi2)"));
    let why = Outcome::Refused { node: 2, reason: "a\nb".to_owned() };
    let event = Event::Abandoned { version: 6, by: 1, why };
    let lines = reporter().lines(&Report::Version { me: node(1), event });
    assert_eq!(lines.len(), 1);
    assert!(text(&lines).contains("refused by node 2 (iscsi2): a; b"));
}

#[test]
fn a_conflict_names_both_values() {
    let why = Conflict::ClusterId { remote: 6, local: 5 };
    let [line] = &reporter().lines(&Report::Conflict { node: node(2), why })[..] else {
        panic!("one line")
    };
    assert_eq!(line.level, Level::ERROR);
    assert_eq!(
        line.text,
        "Node 2 conflict, remote cluster id=6, local=5: node 2 (iscsi2) is not admitted; give both \
         the same cluster name and cluster_id, or another multicast address or port"
    );
    let why = Conflict::Name { remote: "other".to_owned(), local: "iscsi".to_owned() };
    let [line] = &reporter().lines(&Report::Conflict { node: node(2), why })[..] else {
        panic!("one line")
    };
    let start = "Node 2 conflict, remote cluster name='other', local='iscsi': ";
    assert!(line.text.starts_with(start), "{}", line.text);
}

#[test]
fn a_kill_is_the_root_cause_of_the_change_that_follows() {
    let mut reporter = reporter();
    let reason = KillReason::Operator;
    let said = text(&reporter.lines(&Report::Killed { node: node(3), by: node(1), reason }));
    assert_eq!(
        said,
        "[CMAN  ] node 3 (iscsi3) is killed by node 1 (iscsi1) because cman_tool or another \
         application asked for it\n"
    );
    let without = configuration(&[1], &[], &[(3, Evidence::Left)]);
    let said = text(&reporter.lines(&Report::Installed(without)));
    assert!(said.contains("lost node 3 (iscsi3) (killed by node 1 (iscsi1));"), "{said}");
    assert!(said.contains("A processor failed, forming new configuration."), "{said}");
}

#[test]
fn the_victim_says_in_the_words_of_the_reference_why_it_ends() {
    let said = |reason| {
        let report = Report::Killed { node: node(1), by: node(2), reason };
        text(&reporter().lines(&report))
    };
    let because = "[CMAN  ] cman killed by node 2 because ";
    let line = |why: &str| format!("{because}{why}\n");
    assert_eq!(
        said(KillReason::Operator),
        line("we were killed by cman_tool or other application")
    );
    assert_eq!(said(KillReason::Rejoined), line("we rejoined the cluster without a full restart"));
    assert_eq!(said(KillReason::Rejected), line("our membership application was rejected"));
    assert_eq!(said(KillReason::Other(9)), line("we got kill message number 9"));
}

#[test]
fn nodes_that_are_kept_out_are_named() {
    let said = |what| text(&reporter().lines(&Report::Disallowed { node: node(2), what }));
    assert_eq!(
        said(Disallowed::KeptOut),
        "[CMAN  ] Node iscsi2 not joined to cman because it has existing state\n"
    );
    assert_eq!(
        said(Disallowed::Killed),
        "[CMAN  ] Killing node iscsi2 because it has rejoined the cluster with existing state\n"
    );
    assert!(said(Disallowed::Spared).starts_with("[CMAN  ] Not killing node iscsi2 despite"));
}

#[test]
fn a_node_that_restarted_unnoticed_both_left_and_joined() {
    let again = configuration(&[1, 3], &[3], &[(3, Evidence::Restarted)]);
    let text = text(&reporter().lines(&Report::Installed(again)));
    assert!(text.contains("lost node 3 (iscsi3) (restarted); came node 3 (iscsi3)"), "{text}");
}
