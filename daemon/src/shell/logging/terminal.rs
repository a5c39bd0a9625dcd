//! Standard error: a terminal, a pipe, the journal, or nobody.
//!
//! Must never wait for its reader: a terminal that was stopped must not stop the log files. Says
//! nothing until the node has started: a start that fails says why in one line, and nothing
//! besides.

use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Most bytes kept before the node has started.
const HELD: usize = 64 << 10;

/// What a pipe that is ready takes without waiting (`PIPE_BUF`).
const PIECE: usize = 4096;

/// Standard error.
#[derive(Debug)]
pub(super) struct Terminal {
    /// What comes once the node has started; `None` from then on.
    held: Option<String>,
}

impl Terminal {
    pub(super) const fn new() -> Self {
        Self { held: Some(String::new()) }
    }

    pub(super) fn write(&mut self, line: &str) {
        match &mut self.held {
            None => say(line),
            Some(held) if held.len() + line.len() <= HELD => held.push_str(line),
            Some(_) => {}
        }
    }

    /// The node has started.
    pub(super) fn release(&mut self) {
        for line in self.held.take().unwrap_or_default().split_inclusive('\n') {
            say(line);
        }
    }
}

/// Whether the service manager keeps standard error in its journal. It says so in a variable that
/// is inherited by programs whose standard error is another one.
pub(super) fn is_journal() -> bool {
    let Some(named) = std::env::var_os("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|found| named.to_str() == Some(&format!("{}:{}", found.st_dev, found.st_ino)))
}

/// To standard error, if it takes it.
fn say(line: &str) {
    let mut stderr = io::stderr().lock();
    for piece in line.as_bytes().chunks(PIECE) {
        let ready = match poll(
            &mut [PollFd::new(&stderr, PollFlags::OUT)],
            Some(&Timespec { tv_sec: 0, tv_nsec: 0 }),
        ) {
            Ok(ready) => ready > 0,
            Err(_) => false,
        };
        // Whoever does not read has nobody to be told.
        if !ready || stderr.write_all(piece).is_err() {
            return;
        }
    }
}
