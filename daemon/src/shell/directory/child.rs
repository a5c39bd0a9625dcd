//! Runs the program that asks a directory, and takes what it prints.
//!
//! Must never wait longer than it was told, nor take more than a configuration may have: the
//! program is killed then. Must never leave it behind.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use confdb::replica::LARGEST_TEXT;

use crate::demo::process::Process;
use crate::directory::{UNUSABLE, WORD};

/// Most that is taken of its complaints, bytes.
const COMPLAINTS: usize = 16 << 10;

/// Stack of a thread that reads, bytes.
const STACK: usize = 128 << 10;

/// How to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Child {
    program: PathBuf,
    patience: Duration,
}

/// Why there is no answer; one problem per line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::shell) enum Unanswered {
    /// What this host was told about the directory makes no sense: no use to try again.
    Unusable(String),
    /// No directory answers, or not with a configuration.
    No(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) | Self::No(why) => f.write_str(why),
        }
    }
}

impl Child {
    /// This program, for so long. Its environment says what to ask.
    pub(super) const fn new(program: PathBuf, patience: Duration) -> Self {
        Self { program, patience }
    }

    /// Runs it to its end.
    pub(super) fn run(&self) -> Result<Vec<u8>, Unanswered> {
        let end = Instant::now() + self.patience;
        let cannot = |why: io::Error| Unanswered::No(format!("cannot ask the directory: {why}"));
        let mut child = Command::new(&self.program)
            .arg(WORD)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        let out = child.stdout.take().map(|out| reader(out, LARGEST_TEXT + 1));
        let err = child.stderr.take().map(|err| reader(err, COMPLAINTS));
        // Killed where this function ends before it does.
        let mut process = Process::new(child).map_err(cannot)?;
        let (Some(out), Some(err)) = (said(out, end), said(err, end)) else {
            return Err(self.late());
        };
        if out.len() > LARGEST_TEXT {
            let what = format!("the configuration has more than {LARGEST_TEXT} bytes");
            return Err(Unanswered::No(what));
        }
        let Some(status) = process.wait(Some(end)).map_err(cannot)? else {
            return Err(self.late());
        };
        let complaint = String::from_utf8_lossy(&err).trim_end().to_owned();
        match status.code() {
            Some(0) if out.is_empty() => Err(Unanswered::No("the answer is empty".to_owned())),
            Some(0) => Ok(out),
            Some(code) if code == i32::from(UNUSABLE) => Err(Unanswered::Unusable(complaint)),
            Some(_) if !complaint.is_empty() => Err(Unanswered::No(complaint)),
            Some(_) | None => {
                Err(Unanswered::No(format!("the program that asks the directory ended: {status}")))
            }
        }
    }

    fn late(&self) -> Unanswered {
        Unanswered::No(format!("the directory does not answer within {:?}", self.patience))
    }
}

/// A thread that reads so much of a stream; what it has read comes when there is no more.
fn reader(stream: impl Read + Send + 'static, most: usize) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    let read = move || {
        let mut content = Vec::new();
        // What was read before an error is as good as what was read before the end.
        let _ = stream.take(most).read_to_end(&mut content);
        // Fails only when nobody waits any more.
        let _ = sender.send(content);
    };
    // Without the thread the receiver finds its sender gone, as if nothing had come in time.
    let _ = thread::Builder::new().stack_size(STACK).spawn(read);
    receiver
}

fn said(stream: Option<Receiver<Vec<u8>>>, end: Instant) -> Option<Vec<u8>> {
    stream?.recv_timeout(end.saturating_duration_since(Instant::now())).ok()
}

#[cfg(test)]
mod tests;
