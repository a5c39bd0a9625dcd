//! What keys are called, and whose they are.
//!
//! Must never let a program change what it only seems to change: a key that shows the configuration
//! or the state of the cluster is theirs, and who writes it is told where that is changed instead.

use super::KeyRefused;

/// Bytes of the shortest name.
pub const SHORTEST_NAME: usize = 3;
/// Bytes of the longest name.
pub const LONGEST_NAME: usize = 255;

/// The one key of the configuration that a program may set: whether this daemon logs everything.
pub(crate) const DEBUG: &str = "logging.debug";

/// Users of these ids may change things.
pub(super) const USERS: &str = "uidgid.uid.";
/// So may those of these groups.
pub(super) const GROUPS: &str = "uidgid.gid.";
/// The same as the configuration says it, which programs cannot change.
pub(super) const CONFIGURED_USERS: &str = "uidgid.config.uid.";
/// See [`CONFIGURED_USERS`].
pub(super) const CONFIGURED_GROUPS: &str = "uidgid.config.gid.";

/// What shows the configuration.
const CONFIGURATION: [&str; 5] = ["logging.", "nodelist.", "quorum.", "totem.", "uidgid.config."];

/// What shows the running daemon.
const RUNNING: [&str; 5] = ["config.", "internal_configuration.", "runtime.", "stats.", "system."];

/// Whose a key is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// It says what the configuration says.
    Configuration,
    /// It says how the daemon and the cluster are.
    Running,
}

/// Whether a key can be called so.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
    (SHORTEST_NAME..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(fits)
}

/// Refuses what is no name.
pub(super) fn check(name: &str) -> Result<(), KeyRefused> {
    if is_name(name) {
        return Ok(());
    }
    Err(KeyRefused::Name(name.chars().take(LONGEST_NAME).collect()))
}

/// Whose the key is; `None` for one of the programs'.
pub(super) fn owner(name: &str) -> Option<Owner> {
    let of = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if of(&CONFIGURATION) {
        Some(Owner::Configuration)
    } else if of(&RUNNING) {
        Some(Owner::Running)
    } else {
        None
    }
}
