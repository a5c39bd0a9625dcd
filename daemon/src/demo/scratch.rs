//! A directory for a while.
//!
//! Must never be left behind: it goes with its owner. A program that ends on a panic without
//! unwinding drops nothing, so whoever needs that too says so: [`Scratch::go_on_panic`].

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A directory of our own for temporary files.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a directory whose name begins with `prefix`, for this user alone.
    ///
    /// # Errors
    /// The system's directory for temporary files takes none.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let base = std::env::temp_dir();
        let pid = std::process::id();
        let mut taken = None;
        for attempt in 0..1000_u32 {
            let path = base.join(format!("{prefix}-{pid}-{attempt}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(why) if why.kind() == io::ErrorKind::AlreadyExists => taken = Some(why),
                Err(why) => return Err(why),
            }
        }
        Err(taken.unwrap_or_else(|| io::Error::other("no name is free")))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it on a panic as well, for programs that abort then.
    pub fn go_on_panic(&self) {
        let path = self.path.clone();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            let _ = fs::remove_dir_all(&path);
        }));
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell; what remains stands in a directory for temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests;
