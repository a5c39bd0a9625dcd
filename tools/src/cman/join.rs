//! `cman_tool join`: starts the daemon, and with it this node's membership.
//!
//! Must never start a second daemon, and never leave the operator without the reason when the
//! first does not start. Options that override the configuration are refused, not ignored.

use std::io::Write;
use std::time::{Duration, Instant};

use client::{Connection, Error};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::wait::{self, For};
use super::{Context, NAME, print_json, starter};

/// How long plain `join` waits for the membership that usually follows a start at once, so that
/// the next command of a script finds it. What comes later is `join -w`'s to wait for.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) fn run(
    options: &Options,
    context: &Context,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let name = (!options.names.is_empty()).then_some('n');
    if let Some(letter) = options.overrides.first().copied().or(name) {
        return Err(Failure::Die(format!("join -{letter}: not supported yet")));
    }
    match Connection::open(&context.socket, NAME) {
        Ok(_) => return Err(Failure::Die("Node is already active".to_owned())),
        Err(Error::NotRunning(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let pid = starter::start(context, options)?;
    let mut daemon = context.connect()?;
    if options.quorate {
        wait::until(&mut daemon, For::Quorum, context.deadline)?;
    } else if options.wait {
        wait::until(&mut daemon, For::Membership, context.deadline)?;
    } else {
        let settled = wait::until(&mut daemon, For::Membership, Some(Instant::now() + SETTLE));
        match settled {
            Ok(_) | Err(Failure::TimedOut) => {}
            Err(failure) => return Err(failure),
        }
    }
    if options.json {
        print_json(out, &json!({ "joined": true, "pid": pid }))?;
    }
    Ok(())
}
