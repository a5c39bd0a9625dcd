//! `cman_tool join`: starts the daemon, and with it this node's membership.
//!
//! Must never start a second daemon, and never leave the operator without the reason when the
//! first does not start. An option that the daemon does not know is refused, not ignored.

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
    let variables = variables(options)?;
    match Connection::open(&context.socket, NAME) {
        Ok(_) => return Err(Failure::Die("Node is already active".to_owned())),
        Err(Error::NotRunning(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let pid = starter::start(context, variables)?;
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

/// What goes before the configuration, as variables of the daemon's environment.
fn variables(options: &Options) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut variables = Vec::new();
    if let Some(name) = options.names.first() {
        variables.push(("CMAN_NODENAME", name.clone()));
    }
    for (letter, value) in &options.overrides {
        let (name, value) = match letter {
            'm' => ("CMAN_MCAST_ADDR", value.as_str()),
            'p' => ("CMAN_IP_PORT", value.as_str()),
            'k' => ("CMAN_KEYFILE", value.as_str()),
            'P' => ("CLUSTER_NO_REALTIME", "true"),
            // Zero votes were always taken and meant nothing.
            'v' | 'e' if value.trim_start_matches('0').is_empty() => continue,
            'v' => ("CMAN_VOTES", value.as_str()),
            'e' => ("CMAN_EXPECTEDVOTES", value.as_str()),
            _ => return Err(Failure::Die(format!("join -{letter}: not supported yet"))),
        };
        variables.push((name, value.to_owned()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests;
