//! Starts the daemon in the background and hears from it whether it came up.
//!
//! Must never guess by waiting a while: the daemon writes one line when it serves or when it will
//! not, and the end of the stream says that it is gone. Its other streams are closed from the
//! beginning: later there is nobody to read them, and its log goes elsewhere.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failure::Failure;
use super::{Context, SOCKET};

/// What the daemon says when it serves.
const READY: &str = "ready";

/// Longest line that is read, bytes.
const LINE: usize = 4096;

/// Starts the daemon with these variables and returns its process id when it is ready.
pub(super) fn start(
    context: &Context,
    variables: Vec<(&'static str, String)>,
) -> Result<u32, Failure> {
    let run_dir = run_dir(context)?;
    let program = context.environment.daemon();
    let child = Command::new(&program)
        .args(["--ready-fd", "1"])
        .env("CLUSTER_RUN_DIR", run_dir)
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // What is typed at the terminal later is not for the daemon.
        .process_group(0)
        .spawn()
        .map_err(|why| Failure::Die(format!("cannot start {}: {why}", program.display())))?;
    until_ready(child, context.deadline)
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

fn until_ready(mut child: Child, deadline: Option<Instant>) -> Result<u32, Failure> {
    let system = |why: io::Error| Failure::Die(format!("cannot watch clusterd: {why}"));
    let mut stream = child.stdout.take().expect("its standard output is a pipe");
    let said = match line(&mut stream, deadline).map_err(system)? {
        Heard::Line(line) if line == READY => return Ok(child.id()),
        Heard::Line(line) => line,
        Heard::Nothing => String::new(),
        Heard::TooLate => return Err(Failure::TimedOut),
    };
    if !said.is_empty() {
        return Err(Failure::Die(said));
    }
    let status = child.wait().map_err(system)?;
    Err(Failure::Die(format!("clusterd ended before it was ready ({status})")))
}

/// What the daemon said.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Heard {
    /// This.
    Line(String),
    /// Not a word, and it is gone.
    Nothing,
    /// Not a word in time.
    TooLate,
}

fn line(stream: &mut ChildStdout, deadline: Option<Instant>) -> io::Result<Heard> {
    let mut text = Vec::new();
    let mut chunk = [0; LINE];
    while !text.contains(&b'\n') && text.len() < LINE {
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
    let line = String::from_utf8_lossy(&text).lines().next().map(str::to_owned);
    Ok(line.map_or(Heard::Nothing, Heard::Line))
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
