//! Whether a running cluster looks for newer versions in the directory that its configuration came
//! from.
//!
//! Must never ask without a pause: a directory serves others too.

use core::time::Duration;

use super::reader::Reader;
use crate::tree::Handle;

/// Between two looks, unless told otherwise.
const EVERY: Duration = Duration::from_secs(30);

/// Longest pause, seconds: a day.
const LONGEST: u32 = 86_400;

/// How the directory is followed. Without effect where the configuration is a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Following {
    /// All go by a version as soon as the directory has it (`ldap_watch`), without a command.
    pub on: bool,
    /// Between two looks (`ldap_watch_interval`, seconds).
    pub every: Duration,
}

impl Default for Following {
    fn default() -> Self {
        Self { on: false, every: EVERY }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, cman: Option<Handle>) -> Following {
    let words = [("yes", true), ("no", false)];
    let on = reader.word(cman, "ldap_watch", &words).unwrap_or(false);
    let every = reader.number(cman, "ldap_watch_interval", 1..=LONGEST);
    let every = every.map_or(EVERY, |seconds| Duration::from_secs(u64::from(seconds)));
    Following { on, every }
}

#[cfg(test)]
mod tests;
