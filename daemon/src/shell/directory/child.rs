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
use crate::directory::{UNUSABLE, WORD, WRONG};

/// Most that is taken of its complaints, bytes.
const COMPLAINTS: usize = 16 << 10;

/// Stack of a thread that reads, bytes.
const STACK: usize = 128 << 10;

/// How to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Child {
    program: PathBuf,
    patience: Duration,
    errand: Errand,
}

/// What to ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Errand {
    /// The configuration.
    All,
    /// The configuration, of this server alone.
    Of(String),
    /// To be told when there is another version than this.
    Change(u64),
}

/// Why there is no answer; one problem per line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unanswered {
    /// What this host was told about the directory makes no sense: no use to try again.
    Unusable(String),
    /// A directory answers, and what it has is no configuration.
    Wrong(String),
    /// No directory answers, or not with a configuration.
    No(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) | Self::Wrong(why) | Self::No(why) => f.write_str(why),
        }
    }
}

impl Child {
    /// This program, for so long. Its environment says what to ask.
    pub(crate) const fn new(program: PathBuf, patience: Duration) -> Self {
        Self { program, patience, errand: Errand::All }
    }

    /// The same, to ask this server alone.
    pub(crate) fn for_server(mut self, url: &str) -> Self {
        self.errand = Errand::Of(url.to_owned());
        self
    }

    /// For so long, to be told when there is another version than this.
    pub(super) fn for_change(mut self, known: u64, patience: Duration) -> Self {
        self.errand = Errand::Change(known);
        self.patience = patience;
        self
    }

    /// What to ask. It is to end by itself a little before it is waited for no longer.
    fn words(&self) -> [String; 3] {
        let [option, value] = match &self.errand {
            Errand::Of(url) => ["--url".to_owned(), url.clone()],
            Errand::Change(known) => ["--known".to_owned(), known.to_string()],
            Errand::All => {
                let within = self.patience - self.patience / 10;
                ["--within".to_owned(), within.as_millis().to_string()]
            }
        };
        [WORD.to_owned(), option, value]
    }

    /// Runs it to its end.
    pub(crate) fn run(&self) -> Result<Vec<u8>, Unanswered> {
        let end = Instant::now() + self.patience;
        let cannot = |why: io::Error| Unanswered::No(format!("cannot ask the directory: {why}"));
        let mut child = Command::new(&self.program)
            .args(self.words())
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
            Some(code) if code == i32::from(WRONG) => Err(Unanswered::Wrong(complaint)),
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
