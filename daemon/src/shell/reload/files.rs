//! The file of the configuration and those beside it: the next one while all agree on it, and those
//! that were in use before.
//!
//! Must never leave a part of a text under the name that a start reads: what replaces it was
//! written under another name and synced, and then takes the name in one step. Must never remove
//! what it did not make: only names that end in a version, or in a version and `.new`, are.
//!
//! | name | what it is |
//! |---|---|
//! | `cluster.conf` | in use |
//! | `cluster.conf.7.new` | version 7, accepted by this node, perhaps not yet by all |
//! | `cluster.conf.6` | version 6, in use before |
//!
//! Where the configuration comes from a directory, this node's copy of it is the file, and lies
//! where the node remembers other things; only its owner can read it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use confdb::replica::edition::MOST_ACCEPTED;
use confdb::replica::{Digest, Edition, LARGEST_TEXT};

use crate::options::{Loader, Options};
use crate::shell::disk::DiskError;

/// Texts that were in use before and are kept.
pub(super) const GENERATIONS: usize = 8;

/// Where a configuration lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::shell) struct Place {
    path: PathBuf,
    /// Nobody but the owner reads it: it came from where one must log in.
    private: bool,
}

/// The mode of a private file.
const PRIVATE: u32 = 0o600;

impl Place {
    /// That of the file with this name. Where it is a link, what it points to is replaced.
    pub(in crate::shell) fn new(path: &Path) -> Self {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        Self { path, private: false }
    }

    /// That of the node which these options make.
    pub(in crate::shell) fn of(options: &Options) -> Self {
        let private = options.loader() == Loader::Directory;
        Self { private, ..Self::new(&options.place()) }
    }

    /// At a start, when nobody else knows of it yet: makes a text the one in use, and keeps what
    /// was in use before.
    pub(in crate::shell) fn adopt(&self, version: u64, text: &[u8]) -> Result<(), DiskError> {
        let old = bounded(&self.path).unwrap_or_default();
        if old == text {
            return Ok(());
        }
        let read = confdb::load::configuration("", &old).ok();
        let from = read.map_or(0, |read| u64::from(read.cluster.config_version));
        self.activate((version, text), (from, &old))
    }

    /// The name of the file in use.
    pub(in crate::shell) fn path(&self) -> &Path {
        &self.path
    }

    /// The text in use.
    pub(in crate::shell) fn read(&self) -> Result<Vec<u8>, String> {
        let path = self.path.display();
        let text = bounded(&self.path)
            .map_err(|why| format!("cannot read the configuration {path}: {why}"))?;
        if text.len() > LARGEST_TEXT {
            return Err(format!("{path} is larger than {LARGEST_TEXT} bytes"));
        }
        Ok(text)
    }

    /// Puts a text beside the one in use, with its mode and owner. It is on stable storage on
    /// return.
    pub(super) fn stage(&self, version: u64, text: &[u8]) -> Result<(), DiskError> {
        let new = self.new_name(version);
        let mut file = self.create(&new).map_err(fail("create", &new))?;
        if self.private {
            let mode = fs::Permissions::from_mode(PRIVATE);
            file.set_permissions(mode).map_err(fail("set the mode of", &new))?;
        } else if let Ok(old) = self.path.metadata() {
            file.set_permissions(old.permissions()).map_err(fail("set the mode of", &new))?;
            let now = file.metadata().map_err(fail("look at", &new))?;
            if (now.uid(), now.gid()) != (old.uid(), old.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid()))
                    .map_err(fail("set the owner of", &new))?;
            }
        }
        file.write_all(text).map_err(fail("write", &new))?;
        file.sync_all().map_err(fail("sync", &new))?;
        self.sync_dir()
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        let mut how = OpenOptions::new();
        how.write(true).create(true).truncate(true);
        if self.private {
            how.mode(PRIVATE);
        }
        how.open(path)
    }

    /// Removes what was staged.
    pub(super) fn unstage(&self, version: u64) {
        // What is not there need not be removed.
        let _ = fs::remove_file(self.new_name(version));
    }

    /// Makes a staged text the one in use, and keeps the one in use so far, `old`, as version
    /// `from`. An operator may have edited the file in use: then that is the new text already.
    pub(super) fn activate(
        &self,
        (version, text): (u64, &[u8]),
        (from, old): (u64, &[u8]),
    ) -> Result<(), DiskError> {
        self.keep(from, old)?;
        if bounded(&self.path).is_ok_and(|now| now == text) {
            self.unstage(version);
        } else {
            let new = self.new_name(version);
            if !bounded(&new).is_ok_and(|staged| staged == text) {
                self.stage(version, text)?;
            }
            fs::rename(&new, &self.path).map_err(fail("rename to", &self.path))?;
        }
        self.sync_dir()?;
        self.clean(version);
        Ok(())
    }

    /// Keeps a text that was in use.
    fn keep(&self, version: u64, text: &[u8]) -> Result<(), DiskError> {
        let old = self.old_name(version);
        if text.is_empty() || bounded(&old).is_ok_and(|kept| kept == text) {
            return Ok(());
        }
        let _ = fs::remove_file(&old);
        if bounded(&self.path).is_ok_and(|now| now == text)
            && fs::hard_link(&self.path, &old).is_ok()
        {
            return Ok(());
        }
        self.stage(version, text)?;
        let new = self.new_name(version);
        fs::rename(&new, &old).map_err(fail("keep the old configuration as", &old))
    }

    /// What this node may have accepted before it was stopped: the newest whole texts beside the
    /// one in use, ascending. What is no use any more is removed.
    pub(in crate::shell) fn left_behind(&self, running: u64) -> Vec<Edition> {
        let mut found = Vec::new();
        for (name, kind) in self.beside() {
            let Kind::New(version) = kind else { continue };
            let text = bounded(&name).unwrap_or_default();
            let configuration = confdb::load::configuration("", &text).ok();
            let whole =
                configuration.is_some_and(|read| u64::from(read.cluster.config_version) == version);
            if whole && version > running {
                found.push(Edition { version, digest: Digest::of(&text) });
            } else {
                let _ = fs::remove_file(name);
            }
        }
        found.sort();
        let beyond = found.len().saturating_sub(MOST_ACCEPTED);
        for Edition { version, .. } in found.drain(..beyond) {
            self.unstage(version);
        }
        found
    }

    /// Removes what is beyond [`GENERATIONS`], and what was staged for a version up to this one.
    fn clean(&self, version: u64) {
        let mut old: Vec<(u64, PathBuf)> = Vec::new();
        for (name, kind) in self.beside() {
            match kind {
                Kind::Old(version) => old.push((version, name)),
                Kind::New(staged) if staged <= version => drop(fs::remove_file(name)),
                Kind::New(_) => {}
            }
        }
        old.sort();
        let beyond = old.len().saturating_sub(GENERATIONS);
        for (_, name) in old.into_iter().take(beyond) {
            let _ = fs::remove_file(name);
        }
    }

    fn beside(&self) -> Vec<(PathBuf, Kind)> {
        let Some(base) = self.path.file_name().map(|name| format!("{}.", name.to_string_lossy()))
        else {
            return Vec::new();
        };
        let names = fs::read_dir(self.dir()).into_iter().flatten().flatten();
        let kinds = names.filter_map(|entry| {
            let name = entry.file_name();
            let rest = name.to_str()?.strip_prefix(&base)?;
            let kind = match rest.strip_suffix(".new") {
                Some(version) => Kind::New(version.parse().ok()?),
                None => Kind::Old(rest.parse().ok()?),
            };
            Some((entry.path(), kind))
        });
        kinds.collect()
    }

    fn new_name(&self, version: u64) -> PathBuf {
        self.named(&format!(".{version}.new"))
    }

    fn old_name(&self, version: u64) -> PathBuf {
        self.named(&format!(".{version}"))
    }

    fn named(&self, end: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(end);
        name.into()
    }

    fn dir(&self) -> &Path {
        let parent = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        parent.unwrap_or(Path::new("."))
    }

    fn sync_dir(&self) -> Result<(), DiskError> {
        let dir = self.dir();
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail("sync directory", dir))
    }
}

/// What a file beside the one in use is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    New(u64),
    Old(u64),
}

/// The content of a file; one byte more than a text may have at most.
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(LARGEST_TEXT).unwrap_or(u64::MAX);
    let mut content = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut content)?;
    Ok(content)
}

fn fail(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> DiskError {
    let path = path.to_owned();
    move |source| DiskError::Io { what, path, source }
}

#[cfg(test)]
mod tests;
