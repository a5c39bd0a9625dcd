//! Whether a running node can go by another text at all.
//!
//! Must never ask what only the shell can know, such as whether names resolve. What is refused here
//! is refused for good: it takes a restart, or another node to leave first.

use core::num::NonZeroU32;

use confdb::{Configuration, diff};
use totem::NodeId;

use super::RUNNING;
use super::reload::errors;

/// Refuses a text that a node of this id cannot go by, coming from the text in use.
pub(super) fn read(current: &[u8], next: &[u8], me: NodeId) -> Result<(), String> {
    let next = confdb::load::configuration("cluster.conf", next).map_err(|all| errors(&all))?;
    check(current, &next, me)
}

/// The same for a text that was read already.
pub(super) fn check(current: &[u8], next: &Configuration, me: NodeId) -> Result<(), String> {
    // What this node started with was read already, so that it can be read.
    let Ok(current) = confdb::load::configuration(RUNNING, current) else { return Ok(()) };
    let problems = diff::restart_needed(&current, next, NonZeroU32::new(me.get()));
    if problems.is_empty() { Ok(()) } else { Err(errors(&problems)) }
}
