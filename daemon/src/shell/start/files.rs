//! The files a start reads, and the one by which it finds a second daemon.
//!
//! Must never read without bound, and never show what is in a key.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use totem::seal::ClusterKey;

use super::StartError;
use crate::settings::KeySource;
use crate::shell::disk::DiskError;

/// Largest configuration, bytes.
const LARGEST: u64 = 4 << 20;

/// Bytes of a key file: what `corosync-keygen` writes and the reference reads.
const KEY: usize = 128;

/// The content of a small file.
pub(super) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, StartError> {
    let mut content = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut content))
        .map_err(StartError::read(what, path))?;
    Ok(content)
}

/// What packets are sealed with.
pub(super) fn secret(source: &KeySource) -> Result<Vec<u8>, StartError> {
    let path = match source {
        KeySource::Name(secret) | KeySource::Configured(secret) => return Ok(secret.clone()),
        KeySource::File(path) => path,
    };
    let mut secret = Vec::new();
    let wanted = u64::try_from(KEY).unwrap_or(u64::MAX);
    let open = File::open(path).map_err(StartError::read("key file", path))?;
    open.take(wanted).read_to_end(&mut secret).map_err(StartError::read("key file", path))?;
    if secret.len() < KEY {
        let path = path.clone();
        return Err(StartError::Key { path, bytes: secret.len(), least: KEY });
    }
    Ok(secret)
}

/// The key file, if others than its owner can read it: worth a warning.
pub(super) fn exposed(source: &KeySource) -> Option<&Path> {
    let KeySource::File(path) = source else { return None };
    let mode = path.metadata().ok()?.permissions().mode();
    (mode & 0o077 != 0).then_some(path)
}

/// The key of the secret.
pub(super) fn key(secret: &[u8]) -> Result<ClusterKey, StartError> {
    let empty = || StartError::System("seal packets", "the key is empty".to_owned());
    ClusterKey::new(secret).ok_or_else(empty)
}

/// Finds out whether the log can be written before there is a log to say so.
pub(super) fn appendable(path: &Path) -> Result<(), StartError> {
    if let Some(dir) = path.parent() {
        crate::shell::disk::make_dir(dir)?;
    }
    crate::shell::logging::append(path)
        .map(drop)
        .map_err(|source| DiskError::Io { what: "write to", path: path.to_owned(), source }.into())
}

/// Held as long as this daemon runs.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock of a run directory, and leaves the process id there.
    pub(super) fn take(dir: &Path) -> Result<Self, StartError> {
        let path: PathBuf = dir.join("clusterd.lock");
        let fail = |what| {
            let path = path.clone();
            move |source| StartError::Disk(DiskError::Io { what, path, source })
        };
        // Not truncated before it is ours: it may hold the number of who has it.
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fail("open"))?;
        let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((_, Errno::EWOULDBLOCK)) => return Err(StartError::Running(path)),
            Err((_, errno)) => return Err(StartError::errno("lock the run directory")(errno)),
        };
        lock.set_len(0).map_err(fail("write"))?;
        writeln!(lock, "{}", std::process::id()).map_err(fail("write"))?;
        Ok(Self { _file: lock })
    }
}

#[cfg(test)]
mod tests;
