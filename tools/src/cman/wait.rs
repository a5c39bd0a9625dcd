//! `cman_tool wait`: until this node is in a cluster, or until that is quorate.
//!
//! Must never poll: the daemon tells of every change, and the time given with `-t` is kept to the
//! moment. `-n` is taken and means nothing, as ever.

use std::io::Write;
use std::time::Instant;

use client::{Connection, NodeState, Status};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::print_json;

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum For {
    /// This node is a member.
    Membership,
    /// It is a member, and its cluster may act.
    Quorum,
}

pub(super) fn run(
    options: &Options,
    mut daemon: Connection,
    deadline: Option<Instant>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Without -q nothing was ever waited for but the connection itself.
    let quorate = if options.quorate {
        until(&mut daemon, For::Quorum, deadline)?.quorum.quorate
    } else {
        daemon.status()?.quorum.quorate
    };
    if options.json {
        print_json(out, &json!({ "quorate": quorate }))?;
    }
    Ok(())
}

/// Waits until it is so, and returns the status that says it.
pub(super) fn until(
    daemon: &mut Connection,
    what: For,
    deadline: Option<Instant>,
) -> Result<Status, Failure> {
    daemon.watch(true)?;
    loop {
        let status = daemon.status()?;
        let member = status.me.state == NodeState::Member;
        let enough = match what {
            For::Membership => member,
            For::Quorum => member && status.quorum.quorate,
        };
        if enough {
            return Ok(status);
        }
        if daemon.change(deadline)?.is_none() {
            return Err(Failure::TimedOut);
        }
    }
}
