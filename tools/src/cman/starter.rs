//! Starts the daemon in the background and hears from it whether it came up.
//!
//! Must never guess by waiting a while: the daemon writes one word when it serves, or why it will
//! not, and the end of the stream says that it is gone. Its other streams are closed from the
//! beginning: later there is nobody to read them, and its log goes elsewhere; unless the operator
//! asked to see it.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failure::{Failure, Sum};
use super::{Context, SOCKET};

/// What the daemon says when it serves.
const READY: &str = "ready";

/// Most that is read of what the daemon says, bytes.
const MOST: usize = 64 << 10;

/// The status with which the daemon ends when its configuration cannot be used.
const INVALID: i32 = 8;

/// How the daemon is to be started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// What goes before its configuration.
    pub(super) variables: Vec<(&'static str, String)>,
    /// Its log appears on this terminal.
    pub(super) shows_log: bool,
    /// Nobody validates its configuration before it does.
    pub(super) unvalidated: bool,
}

/// Starts the daemon and returns its process id when it is ready.
pub(super) fn start(context: &Context, wanted: Wanted) -> Result<u32, Failure> {
    let Wanted { variables, shows_log, unvalidated } = wanted;
    let run_dir = run_dir(context)?;
    let program = context.environment.daemon();
    let child = Command::new(&program)
        .args(["--ready-fd", "1"])
        .env("CLUSTER_RUN_DIR", run_dir)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(if shows_log { Stdio::inherit() } else { Stdio::null() })
        // What is typed at the terminal later is not for the daemon.
        .process_group(0)
        .spawn()
        .map_err(|why| Failure::Die(format!("cannot start {}: {why}", program.display())))?;
    until_ready(child, context.deadline, unvalidated)
}

/// Where the daemon must listen to be found at the socket that was named.
fn run_dir(context: &Context) -> Result<&Path, Failure> {
    let path = &context.socket;
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) if name == SOCKET => Ok(dir),
        _ => Err(Failure::Die(format!(
            "no daemon listens on {}: its socket is called {SOCKET}",
            path.display()
        ))),
    }
}

fn until_ready(
    mut child: Child,
    deadline: Option<Instant>,
    unvalidated: bool,
) -> Result<u32, Failure> {
    let system = |why: io::Error| Failure::Die(format!("cannot watch clusterd: {why}"));
    let mut stream = child.stdout.take().expect("its standard output is a pipe");
    let said = match listen(&mut stream, deadline).map_err(system)? {
        Heard::Ready => return Ok(child.id()),
        Heard::Text(said) => said,
        Heard::TooLate => return Err(Failure::TimedOut),
    };
    // Whoever closes the stream without being ready is about to end, and whoever says too much must
    // not wait for a reader.
    drop(stream);
    let status = child.wait().map_err(system)?;
    let lines = || said.lines().map(str::to_owned).collect();
    let sum = match (status.code(), status.signal()) {
        (Some(INVALID), _) if !unvalidated => return Err(Failure::invalid_configuration(lines())),
        (Some(code), _) if code == INVALID || said.is_empty() => Sum::Died(code),
        (None, Some(signal)) => Sum::Killed(signal),
        (Some(_), _) | (None, None) => Sum::DidNotStart,
    };
    Err(Failure::NotStarted { said, sum })
}

/// What the daemon said.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Heard {
    /// That it serves.
    Ready,
    /// Something else, or nothing, and no more.
    Text(String),
    /// Not all in time.
    TooLate,
}

/// Reads until it is clear what the daemon says.
fn listen(stream: &mut ChildStdout, deadline: Option<Instant>) -> io::Result<Heard> {
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    let ready = format!("{READY}\n");
    while text.len() < MOST {
        if text.starts_with(ready.as_bytes()) {
            return Ok(Heard::Ready);
        }
        if !wait(stream, deadline)? {
            return Ok(Heard::TooLate);
        }
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(size) => text.extend_from_slice(chunk.get(..size).unwrap_or_default()),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(Heard::Text(String::from_utf8_lossy(&text).trim_end().to_owned()))
}

/// Waits until there is something to read; false when the time was over first.
fn wait(stream: &ChildStdout, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.map(Timespec::try_from).transpose().unwrap_or(None);
        match poll(&mut [PollFd::new(stream, PollFlags::IN)], timeout.as_ref()) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}

#[cfg(test)]
mod tests;
