use std::time::Duration;

use super::*;

fn child(script: &str) -> Child {
    Command::new("/bin/sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What operators read when this daemon does not start.
fn complaint(script: &str, unvalidated: bool) -> String {
    until_ready(child(script), None, unvalidated).unwrap_err().to_string()
}

#[test]
fn daemon_that_says_ready_is_started() {
    // Lives until its standard input ends.
    let daemon = child("echo ready; read line");
    let pid = daemon.id();
    assert_eq!(until_ready(daemon, None, false), Ok(pid));
}

#[test]
fn word_may_come_in_pieces() {
    let daemon = child("printf re; printf 'ady\\nmore'; read line");
    assert!(until_ready(daemon, None, false).is_ok());
}

#[test]
fn daemon_that_will_not_serve_gives_its_reasons() {
    assert_eq!(
        complaint("echo no such node; echo no such port; exit 1", false),
        "no such node\nno such port\ncman_tool: corosync daemon didn't start\n"
    );
}

#[test]
fn configuration_that_cannot_be_used_is_named_as_ever() {
    let script = "echo cluster.conf:3: no such node; exit 8";
    assert_eq!(
        complaint(script, false),
        "cluster.conf:3: no such node\nUnable to get the configuration\n\
         cman_tool: Not joining, configuration is not valid\n\n"
    );
    assert_eq!(
        complaint(script, true),
        "cluster.conf:3: no such node\ncorosync died: Error, reason code is 8\n"
    );
}

#[test]
fn daemon_that_ends_without_a_word_is_told_by_its_status() {
    assert_eq!(complaint("exit 3", false), "corosync died: Error, reason code is 3\n");
    assert_eq!(complaint("kill -9 $$", false), "corosync died with signal: 9\n");
}

#[test]
fn daemon_that_says_nothing_is_waited_for_until_the_time_is_over() {
    let deadline = Instant::now() + Duration::from_millis(40);
    let mut daemon = child("read line");
    let input = daemon.stdin.take();
    assert_eq!(until_ready(daemon, Some(deadline), false), Err(Failure::TimedOut));
    assert!(Instant::now() >= deadline);
    drop(input);
}

#[test]
fn endless_complaint_is_cut() {
    let text = complaint("head -c 200000 /dev/zero | tr '\\0' x; exit 1", false);
    assert!(text.starts_with("xxx") && text.len() < 2 * MOST, "{}", text.len());
}
