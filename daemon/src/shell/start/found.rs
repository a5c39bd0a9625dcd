//! Where the text comes from with which a node starts: its file, the directory, or this node's copy
//! of what the directory had.
//!
//! Must never go back: where the copy is newer than what the directory gives, this node went by it,
//! and so did the others; the directory's is an old one then. Must never be silent about a copy.

use super::{CONFIGURATION, StartError, files, unconfigured};
use crate::options::{Loader, Options};
use crate::shell::directory::child::Unanswered;
use crate::shell::directory::{self, SOURCE};
use crate::shell::reload::files::Place;

/// A text, and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// What problems call it.
    pub(super) source: String,
    /// The text.
    pub(super) text: Vec<u8>,
    /// Why it is the copy, if it is; in one line.
    pub(super) copy: Option<String>,
    /// It is new from the directory: to be kept.
    pub(super) fresh: bool,
}

impl Found {
    /// The text of the configuration, or of what stands for one.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn find(options: &Options) -> Result<Self, StartError> {
        let plain = |source, text| Self { source, text, copy: None, fresh: false };
        if options.no_config {
            let text = unconfigured::text(options).map_err(StartError::Unconfigured)?;
            return Ok(plain(unconfigured::SOURCE.to_owned(), text.into_bytes()));
        }
        match options.loader() {
            Loader::File => {
                let path = &options.config;
                Ok(plain(path.display().to_string(), files::read(CONFIGURATION, path)?))
            }
            Loader::Directory => choose(directory::ask(options), &Place::of(options)),
        }
    }
}

/// What the directory gives, or the copy at this place.
fn choose(answer: Result<Vec<u8>, Unanswered>, place: &Place) -> Result<Found, StartError> {
    let path = place.path().display().to_string();
    // What cannot be read is no copy.
    let copy = place.read().ok().and_then(|copy| Some((version(&copy)?, copy)));
    let from_copy = |copy: Vec<u8>, why: String| Found {
        source: path.clone(),
        text: copy,
        copy: Some(why),
        fresh: false,
    };
    match (answer, copy) {
        (Ok(text), Some((newer, copy))) if version(&text).is_some_and(|found| found < newer) => {
            let found = version(&text).unwrap_or_default();
            let why = format!("the directory has version {found} only, this node went by {newer}");
            Ok(from_copy(copy, why))
        }
        (Ok(text), _) => Ok(Found { source: SOURCE.to_owned(), text, copy: None, fresh: true }),
        (Err(Unanswered::Unusable(why)), _) => Err(StartError::Directory(why)),
        (Err(Unanswered::Wrong(why) | Unanswered::No(why)), Some((_, copy))) => {
            Ok(from_copy(copy, why.replace('\n', "; ")))
        }
        (Err(Unanswered::Wrong(why) | Unanswered::No(why)), None) => {
            let none = format!("there is no copy to start from, {path}");
            Err(StartError::Directory(format!("{why}\n{none}")))
        }
    }
}

/// The version of a text that is a configuration.
fn version(text: &[u8]) -> Option<u64> {
    let read = confdb::load::configuration(SOURCE, text).ok()?;
    Some(read.cluster.config_version.into())
}

#[cfg(test)]
mod tests;
