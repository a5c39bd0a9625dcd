//! The file that what is checked is put into, for who asks for it.
//!
//! Must never overwrite what it was not told to, nor stay when it is not wanted.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use super::options::Options;

/// How many names are tried.
const ATTEMPTS: u32 = 1000;

/// A file, or none where nobody asked.
#[derive(Debug)]
pub(super) struct Temporary {
    open: Option<(PathBuf, File)>,
    /// As it is told.
    name: String,
    keep: bool,
}

impl Temporary {
    pub(super) fn new(options: &Options) -> Result<Self, String> {
        let keep = options.keep;
        if let Some(path) = &options.temporary {
            let mut how = OpenOptions::new();
            how.write(true).create(true);
            let how = if options.overwrite { how.truncate(true) } else { how.create_new(true) };
            let name = path.display().to_string();
            let file = how.open(path).map_err(|why| format!("Error: cannot create {name}: {why}"));
            return Ok(Self { open: Some((path.clone(), file?)), name, keep });
        }
        if !options.verbose && !keep {
            return Ok(Self { open: None, name: String::new(), keep });
        }
        let dir = std::env::temp_dir();
        for attempt in 0..ATTEMPTS {
            let name = format!("tmp.{:07}{attempt:03}", std::process::id());
            let path = dir.join(&name);
            if let Ok(file) = OpenOptions::new().write(true).create_new(true).open(&path) {
                return Ok(Self { open: Some((path, file)), name, keep });
            }
        }
        Err(format!("Error: cannot create a temporary file in {}", dir.display()))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn is_wanted(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn write(&mut self, text: &[u8]) -> Result<(), String> {
        let Some((path, file)) = &mut self.open else { return Ok(()) };
        let path = path.display();
        file.write_all(text).map_err(|why| format!("Error: cannot write {path}: {why}"))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Some((path, _)) = self.open.take()
            && !self.keep
        {
            // What cannot be removed from a directory for temporary files stays there.
            let _ = fs::remove_file(path);
        }
    }
}
