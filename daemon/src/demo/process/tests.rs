use std::process::{Command, Stdio};
use std::time::Duration;

use super::*;

fn waiting() -> Process {
    let child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("every system has cat");
    Process::new(child).expect("it runs")
}

#[test]
fn a_wait_ends_at_its_deadline() {
    let mut process = waiting();
    let soon = Instant::now() + Duration::from_millis(5);
    assert!(process.wait(Some(soon)).expect("it runs").is_none());
    assert!(Instant::now() >= soon);
}

#[test]
fn being_asked_ends_the_wait() {
    let mut process = waiting();
    process.terminate().expect("it is ours");
    let status = process.wait(None).expect("it is ours").expect("no deadline");
    assert!(!status.success());
    process.terminate().expect("too late is no error");
}

#[test]
fn a_dropped_program_is_gone() {
    let process = waiting();
    let path = format!("/proc/{}", process.pid());
    assert!(std::path::Path::new(&path).exists());
    drop(process);
    assert!(!std::path::Path::new(&path).exists());
}
