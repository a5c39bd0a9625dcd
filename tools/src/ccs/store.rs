//! A configuration on its way from the disk and back.
//!
//! Must never leave a part of a file: a new one is written beside the old one, made durable, and
//! takes its name in one step; the old one stays under the name with `.old`. Mode and owner stay.
//! Whoever changes a file by this tool keeps others who do the same waiting, so that no change is
//! lost.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use confdb::edit::Document;
use rustix::fs::{FlockOperation, flock};

use super::Failure;
use crate::source::{bytes, line, unreadable};

/// Who may read a new file: it may hold passwords.
const MODE: u32 = 0o640;

/// A directory in which a file is being changed.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    /// Held as long as the change takes.
    _lock: File,
}

impl Store {
    /// Keeps others from changing the file until this is gone. Where the path is a link, the file
    /// that it leads to is changed.
    pub(super) fn lock(path: &Path) -> Result<Self, Failure> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let dir = directory(&path);
        let fail = |why: io::Error| Failure::line(format_args!("{}: {why}", dir.display()));
        let lock = File::open(&dir).map_err(fail)?;
        flock(&lock, FlockOperation::LockExclusive).map_err(|why| fail(why.into()))?;
        Ok(Self { path, _lock: lock })
    }

    /// Makes a file that is not there.
    pub(super) fn create(path: &Path, text: &str) -> Result<(), Failure> {
        // A link that leads nowhere is something too.
        if path.symlink_metadata().is_ok() {
            return Err(Failure::line(format_args!("{} already exists", path.display())));
        }
        Self::lock(path)?.write(text)
    }

    /// Puts a text in the place of the file.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let fail = |why| Failure::line(format_args!("cannot write {}: {why}", self.path.display()));
        self.replace(text).map_err(fail)
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let beside = |end: &str| {
            let mut name = self.path.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        let (new, old) = (beside(".tmp"), beside(".old"));
        // What is left of an attempt that was cut short.
        remove(&new)?;
        let written = self.prepare(&new, text).and_then(|()| {
            if self.path.exists() {
                keep(&self.path, &old)?;
            }
            fs::rename(&new, &self.path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written?;
        File::open(directory(&self.path))?.sync_all()
    }

    fn prepare(&self, new: &Path, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(new)?;
        file.write_all(text.as_bytes())?;
        match self.path.metadata() {
            Ok(before) => {
                let own = file.metadata()?;
                if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
                    fchown(&file, Some(before.uid()), Some(before.gid()))?;
                }
                file.set_permissions(Permissions::from_mode(before.mode() & 0o7777))?;
            }
            Err(_) => file.set_permissions(Permissions::from_mode(MODE))?,
        }
        file.sync_all()
    }
}

/// Gives a file a second name, without a moment in which the name is nobody's.
fn keep(path: &Path, old: &Path) -> io::Result<()> {
    let mut between = old.to_owned().into_os_string();
    between.push(".tmp");
    let between = PathBuf::from(between);
    remove(&between)?;
    if fs::hard_link(path, &between).is_err() {
        // Not every file system knows second names.
        fs::copy(path, &between)?;
    }
    fs::rename(&between, old).inspect_err(|_| drop(fs::remove_file(&between)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn directory(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Reads a file to be shown or changed.
pub(super) fn read(path: &Path) -> Result<Document, Failure> {
    let text = bytes(path).map_err(|why| Failure::unparsable(&[unreadable(path, &why)]))?;
    Document::parse(&path.display().to_string(), &text)
        .map_err(|problems| Failure::unparsable(&problems.iter().map(line).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
