//! One log file, on a disk that may be full, gone, or taken away by whoever rotates logs.
//!
//! Must never wait for anybody: a pipe without a reader is an error, not a reason to stand still.
//! Must never say the same trouble twice: a disk stays full for hours.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::OFlag;

/// Between two looks whether the path still leads to the open file, and between two attempts to
/// write after one that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A file that lines are appended to.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    open: Option<Open>,
    /// When it could last not be written.
    failed: Option<Duration>,
    /// Lines that were meant for it and are gone.
    lost: u64,
    /// The file whose last line is there in part only.
    torn: Option<Identity>,
}

/// Device and number of a file.
type Identity = (u64, u64);

#[derive(Debug)]
struct Open {
    file: File,
    identity: Identity,
    /// When its path was last seen to lead to it.
    seen: Duration,
}

impl LogFile {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, open: None, failed: None, lost: 0, torn: None }
    }

    /// Opens the file anew with the next line: it may be another one now.
    pub(super) fn reopen(&mut self) {
        self.open = None;
        self.failed = None;
    }

    /// Appends a line; an error is told once, until a line was written again.
    pub(super) fn write(&mut self, line: &str, now: Duration) -> Result<(), String> {
        if self.failed.is_some_and(|at| now.abs_diff(at) < PAUSE) {
            self.lost = self.lost.saturating_add(1);
            return Ok(());
        }
        let Err(error) = self.append(line, now) else {
            self.failed = None;
            return Ok(());
        };
        let first = self.failed.is_none();
        self.failed = Some(now);
        self.lost = self.lost.saturating_add(1);
        self.open = None;
        let path = self.path.display();
        if first { Err(format!("cannot write the log {path}: {error}")) } else { Ok(()) }
    }

    /// Lines lost before the file could be written again, once.
    pub(super) fn take_lost(&mut self) -> u64 {
        if self.failed.is_some() { 0 } else { std::mem::take(&mut self.lost) }
    }

    fn append(&mut self, line: &str, now: Duration) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|open| open.is_lost(&self.path, now)) {
            self.open = None;
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => none.insert(Open::new(&self.path, now)?),
        };
        if now.abs_diff(open.seen) >= PAUSE {
            open.seen = now;
        }
        if self.torn == Some(open.identity) {
            open.file.write_all(b"\n")?;
        }
        self.torn = None;
        let written = open.file.write(line.as_bytes())?;
        let rest = line.as_bytes().get(written..).unwrap_or_default();
        open.file.write_all(rest).inspect_err(|_| self.torn = Some(open.identity))
    }
}

impl Open {
    fn new(path: &Path, now: Duration) -> io::Result<Self> {
        let file = append(path)?;
        let found = file.metadata()?;
        Ok(Self { file, identity: (found.dev(), found.ino()), seen: now })
    }

    /// Whether the path leads elsewhere, or nowhere.
    fn is_lost(&self, path: &Path, now: Duration) -> bool {
        let identity = |found: std::fs::Metadata| (found.dev(), found.ino());
        now.abs_diff(self.seen) >= PAUSE
            && path.metadata().map(identity).ok() != Some(self.identity)
    }
}

/// Opens a file for appending; what is no file answers at once too.
pub(in crate::shell) fn append(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    OpenOptions::new().create(true).append(true).custom_flags(flags.bits()).open(path)
}

#[cfg(test)]
mod tests;
