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

#[test]
fn daemon_that_says_ready_is_started() {
    // Lives until its standard input ends.
    let daemon = child("echo ready; read line");
    let pid = daemon.id();
    assert_eq!(until_ready(daemon, None), Ok(pid));
}

#[test]
fn line_may_come_in_pieces() {
    let daemon = child("printf re; printf 'ady\\nmore'; read line");
    assert!(until_ready(daemon, None).is_ok());
}

#[test]
fn daemon_that_will_not_serve_gives_its_reason() {
    let failure = until_ready(child("echo cluster.conf:3: no such node; exit 1"), None);
    let text = failure.unwrap_err().to_string();
    assert_eq!(text, "cman_tool: cluster.conf:3: no such node\n");
}

#[test]
fn daemon_that_ends_without_a_word_is_told_by_its_status() {
    let failure = until_ready(child("exit 3"), None).unwrap_err();
    assert_eq!(failure.plain(), "clusterd ended before it was ready (exit status: 3)");
}

#[test]
fn daemon_that_says_nothing_is_waited_for_until_the_time_is_over() {
    let deadline = Instant::now() + Duration::from_millis(40);
    let mut daemon = child("read line");
    let input = daemon.stdin.take();
    assert_eq!(until_ready(daemon, Some(deadline)), Err(Failure::TimedOut));
    assert!(Instant::now() >= deadline);
    drop(input);
}

#[test]
fn endless_line_is_cut() {
    let failure = until_ready(child("head -c 20000 /dev/zero | tr '\\0' x; read line"), None);
    assert!(failure.unwrap_err().plain().starts_with("xxx"));
}
