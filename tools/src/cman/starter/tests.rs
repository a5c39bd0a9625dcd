use std::time::Duration;

use super::*;

fn say(address: &str, message: &str) {
    let name = address.strip_prefix('@').unwrap();
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.send_to_addr(message.as_bytes(), &address).unwrap();
}

fn child(script: &str) -> Child {
    Command::new("/bin/sh").args(["-c", script]).stdin(Stdio::piped()).spawn().unwrap()
}

#[test]
fn daemon_that_says_ready_is_started() {
    let (socket, address) = notify_socket().unwrap();
    // Lives until its standard input ends.
    let daemon = child("read line");
    let pid = daemon.id();
    say(&address, "STATUS=loading");
    say(&address, "MAINPID=1\nREADY=1\n");
    assert_eq!(until_ready(daemon, &socket, None), Ok(pid));
}

#[test]
fn daemon_that_ends_gives_its_reason() {
    let (socket, address) = notify_socket().unwrap();
    say(&address, "STATUS=/etc/cluster/cluster.conf:3: no such node\n");
    let failure = until_ready(child("exit 1"), &socket, None).unwrap_err();
    assert_eq!(failure.to_string(), "cman_tool: /etc/cluster/cluster.conf:3: no such node\n");
}

#[test]
fn daemon_that_ends_without_a_word_is_told_by_its_status() {
    let (socket, _) = notify_socket().unwrap();
    let failure = until_ready(child("exit 3"), &socket, None).unwrap_err();
    assert_eq!(failure.plain(), "clusterd ended before it was ready (exit status: 3)");
}

#[test]
fn daemon_that_says_nothing_is_waited_for_until_the_time_is_over() {
    let (socket, _) = notify_socket().unwrap();
    let begin = Instant::now();
    let deadline = begin + Duration::from_millis(40);
    let mut daemon = Command::new("/bin/cat").stdin(Stdio::piped()).spawn().unwrap();
    let input = daemon.stdin.take();
    assert_eq!(until_ready(daemon, &socket, Some(deadline)), Err(Failure::TimedOut));
    assert!(Instant::now() >= deadline);
    drop(input);
}
