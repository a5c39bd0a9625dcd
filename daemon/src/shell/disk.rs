//! What a node must remember when it is switched off: the sequence of its last ring, so that no
//! ring id is ever used twice, and the epoch of its boots, so that no packet is sealed twice under
//! one key and counter.
//!
//! Must never answer "stored" before the bytes and the name are on the disk, and must never guess:
//! a file that cannot be read as a number stops the start, since going on with a smaller number
//! would be worse than not going on. Files are replaced, never rewritten: a new file is written,
//! synced and renamed, then the directory is synced. All of it happens on a helper thread.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc;
use totem::{NodeId, RingSeq};

/// Longest content of a file that can be right: the digits of a u64 and a line end.
const LONGEST: u64 = 21;

/// How often a write is tried.
const TRIES: u32 = 5;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Why what must be remembered is not known, or cannot be kept.
#[derive(Debug, Error)]
pub enum DiskError {
    /// The file is not what this program writes.
    #[error(
        "{} holds {content:?} where a number is expected: remove it only if no member of the \
         cluster is running", path.display()
    )]
    Garbage {
        /// The file.
        path: PathBuf,
        /// What it begins with.
        content: String,
    },
    /// The number has no successor.
    #[error("{} holds {value}, which is the last number there is", path.display())]
    Exhausted {
        /// The file.
        path: PathBuf,
        /// The number.
        value: u64,
    },
    /// The operating system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// The answer.
        source: io::Error,
    },
}

/// The directory where one node remembers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    dir: PathBuf,
    ring: PathBuf,
}

impl Store {
    /// The place of node `me` in `dir`, which is created if need be.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn open(dir: &Path, me: NodeId) -> Result<Self, DiskError> {
        make_dir(dir)?;
        Ok(Self { dir: dir.to_owned(), ring: dir.join(format!("ringid_{me}")) })
    }

    /// The sequence of the last ring; zero if there was none.
    ///
    /// # Errors
    /// The file cannot be read, or is not a number.
    pub fn ring_seq(&self) -> Result<RingSeq, DiskError> {
        read(&self.ring).map(|seq| RingSeq::new(seq.unwrap_or(0)))
    }

    /// Remembers the sequence of a ring. Returns when it is on stable storage.
    ///
    /// # Errors
    /// The operating system refused; what was remembered before still is.
    pub fn store_ring_seq(&self, seq: RingSeq) -> Result<(), DiskError> {
        replace(&self.ring, seq.get())
    }

    /// A boot epoch greater than all before: at least `wall`, nanoseconds of the wall clock, so
    /// that it grows even when the disk was replaced. It is on stable storage on return.
    ///
    /// # Errors
    /// The file cannot be read or written, is not a number, or is the last number there is.
    pub fn next_boot(&self, wall: Duration) -> Result<u64, DiskError> {
        let path = self.dir.join("boot");
        let nanos = u64::try_from(wall.as_nanos()).unwrap_or(0);
        let value = read(&path)?.unwrap_or(0);
        let Some(next) = value.checked_add(1).map(|next| next.max(nanos)) else {
            return Err(DiskError::Exhausted { path, value });
        };
        replace(&path, next)?;
        Ok(next)
    }
}

/// Writes ring sequences on a helper thread, one at a time, the newest last.
#[derive(Debug)]
pub struct Disk {
    store: Store,
    busy: bool,
    waiting: Option<RingSeq>,
    done: mpsc::Sender<Written>,
    results: mpsc::Receiver<Written>,
}

type Written = (RingSeq, Result<(), DiskError>);

impl Disk {
    /// A writer into `store`. Needs a tokio runtime around it when used.
    #[must_use]
    pub fn new(store: Store) -> Self {
        let (done, results) = mpsc::channel(1);
        Self { store, busy: false, waiting: None, done, results }
    }

    /// Begins to write. A sequence that still waited is not written: the newer one stands for it.
    pub fn store(&mut self, seq: RingSeq) {
        if self.busy {
            self.waiting = self.waiting.max(Some(seq));
            return;
        }
        self.busy = true;
        let (store, done) = (self.store.clone(), self.done.clone());
        tokio::spawn(async move {
            let written = write(&store, seq).await;
            // Fails only when the shell is gone, and with it who waits.
            let _ = done.send((seq, written)).await;
        });
    }

    /// Waits until something was written. May be cancelled at any time without loss.
    ///
    /// # Errors
    /// The disk refused, several times.
    pub async fn stored(&mut self) -> Result<RingSeq, DiskError> {
        let Some((seq, result)) = self.results.recv().await else {
            return std::future::pending().await;
        };
        self.busy = false;
        if let Some(next) = self.waiting.take() {
            self.store(next);
        }
        result.map(|()| seq)
    }
}

async fn write(store: &Store, seq: RingSeq) -> Result<(), DiskError> {
    let mut tries = 0;
    loop {
        let store = store.clone();
        let path = store.ring.clone();
        let written = tokio::task::spawn_blocking(move || store.store_ring_seq(seq)).await;
        let result = written.unwrap_or_else(|error| {
            Err(DiskError::Io { what: "write", path, source: error.into() })
        });
        tries += 1;
        match result {
            Err(error) if tries < TRIES => {
                tracing::error!(target: "TOTEM", "{error}: trying again");
                tokio::time::sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

/// Makes a directory, with those above it, unless it is there.
///
/// # Errors
/// It cannot be made.
pub fn make_dir(dir: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(dir).map_err(fail("create directory", dir))
}

fn fail(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError::Io { what, path, source }
}

/// The number in a file; `None` without one.
fn read(path: &Path) -> Result<Option<u64>, DiskError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result.map_err(fail("open", path))?,
    };
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content).map_err(fail("read", path))?;
    let digits = content.strip_suffix(b"\n").unwrap_or_default();
    let number = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok());
    number.map(Some).ok_or_else(|| DiskError::Garbage {
        path: path.to_owned(),
        content: String::from_utf8_lossy(&content).into_owned(),
    })
}

/// Puts a number into a file in one step: after a crash it holds the old one or the new one.
fn replace(path: &Path, number: u64) -> Result<(), DiskError> {
    let new = path.with_extension("new");
    let mut file = File::create(&new).map_err(fail("create", &new))?;
    writeln!(file, "{number}").map_err(fail("write", &new))?;
    file.sync_all().map_err(fail("sync", &new))?;
    fs::rename(&new, path).map_err(fail("rename to", path))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail("sync directory", dir))
}

#[cfg(test)]
mod tests;
