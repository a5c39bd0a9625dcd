//! The demonstration: it tells what happened, and leaves no trace.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Instant;

use daemon::demo::process::Process;
use daemon::demo::scratch::Scratch;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tests::lab::{PATIENCE, alone, programs};

fn demo(program: &Path, files: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.arg("demo").args(words).env("TMPDIR", files).stdin(Stdio::null());
    command
}

fn files() -> Scratch {
    Scratch::new("demo-test").expect("temporary files have a place")
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("it is ours").next().is_none()
}

/// Runs it to its end; returns what it printed.
fn tells(mut command: Command) -> String {
    let ended = command.output().expect("the program is there");
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{printed}{}", String::from_utf8_lossy(&ended.stderr));
    printed
}

#[test]
fn the_demonstration_tells_its_story_and_leaves_no_file() {
    let Some(dir) = programs() else { return };
    let _alone = alone();
    for words in [&["--nodes", "3"][..], &["--nodes", "2"], &["--nodes", "1"], &["--loopback"]] {
        let files = files();
        let printed = tells(demo(&dir.join("clusterd"), files.path(), words));
        assert!(printed.ends_with("  Nothing is left behind.\n"), "{words:?}\n{printed}");
        assert!(is_empty(files.path()), "{words:?}\n{printed}");
        if words != ["--nodes", "1"] {
            assert!(printed.contains("Quorum was kept"), "{words:?}\n{printed}");
            assert!(printed.contains("It was back"), "{words:?}\n{printed}");
        }
    }
}

#[test]
fn the_demonstration_needs_no_root() {
    let Some(dir) = programs() else { return };
    let _alone = alone();
    let files = files();
    // Somebody who owns nothing must get at the program and at a place for files.
    let program = files.path().join("clusterd");
    fs::copy(dir.join("clusterd"), &program).expect("it is readable");
    let place = files.path().join("files");
    fs::create_dir(&place).expect("it is ours");
    for (path, mode) in [(files.path(), 0o755), (&program, 0o755), (&place, 0o777)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    command.arg(&program).arg("demo").env("TMPDIR", &place);
    let printed = tells(command);
    assert!(printed.contains("Quorum was kept"), "{printed}");
    assert!(is_empty(&place), "{printed}");
}

/// Starts one that goes on, and waits until it does; returns it with its daemons.
fn kept(program: &Path, files: &Path) -> (Process, Vec<OwnedFd>, BufReader<ChildStdout>) {
    let child = demo(program, files, &["--keep"]).stdout(Stdio::piped()).spawn();
    let mut process = Process::new(child.expect("the program is there")).expect("it runs");
    let mut out = BufReader::new(process.take_stdout().expect("it was asked for"));
    let mut line = String::new();
    let pids = loop {
        line.clear();
        assert_ne!(out.read_line(&mut line).expect("it is text"), 0, "it ended too soon");
        if let Some(pids) = line.trim_end().strip_prefix("For kill -9, the process ids: ") {
            break pids.trim_end_matches('.').split(", ");
        }
    };
    let daemon = |text: &str| {
        let pid = text.split(' ').nth(1)?.parse().ok().and_then(Pid::from_raw)?;
        pidfd_open(pid, PidfdFlags::empty()).ok()
    };
    let daemons: Option<Vec<OwnedFd>> = pids.map(daemon).collect();
    (process, daemons.expect("they run"), out)
}

/// Waits until these have ended.
fn all_end(daemons: &[OwnedFd]) {
    for daemon in daemons {
        let patience = Timespec::try_from(PATIENCE).expect("it is short");
        let ready = poll(&mut [PollFd::new(daemon, PollFlags::IN)], Some(&patience));
        assert_eq!(ready, Ok(1), "a daemon outlives the demonstration");
    }
}

#[test]
fn a_kept_cluster_stops_at_ctrl_c() {
    let Some(dir) = programs() else { return };
    let (_alone, files) = (alone(), files());
    let (mut process, daemons, mut out) = kept(&dir.join("clusterd"), files.path());
    let pid = i32::try_from(process.pid()).ok().and_then(Pid::from_raw).expect("it runs");
    kill_process(pid, Signal::INT).expect("it is ours");
    let mut rest = String::new();
    out.read_to_string(&mut rest).expect("it is text");
    let status = process.wait(Some(Instant::now() + PATIENCE)).expect("it is ours");
    assert!(status.is_some_and(|status| status.success()), "{status:?}\n{rest}");
    assert!(rest.contains("3 of 3 left"), "{rest}");
    all_end(&daemons);
    assert!(is_empty(files.path()));
}

#[test]
fn daemons_do_not_outlive_a_killed_demonstration() {
    let Some(dir) = programs() else { return };
    let (_alone, files) = (alone(), files());
    let (mut process, daemons, _out) = kept(&dir.join("clusterd"), files.path());
    process.kill().expect("it is ours");
    all_end(&daemons);
}
