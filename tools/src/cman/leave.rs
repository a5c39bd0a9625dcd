//! `cman_tool leave`: out of the cluster, and the daemon with it.
//!
//! Must never say that it is done before the others know; without `-w` a refusal is final, with it
//! the daemon is asked again until it goes.

use std::io::Write;
use std::time::{Duration, Instant};

use client::proto::Reason;
use client::{Connection, Error};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::print_json;

/// How long a daemon that said good-bye may take to end before the command returns all the same.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long after a refusal the daemon is asked again, with `-w`.
const RETRY: Duration = Duration::from_secs(1);

pub(super) fn run(
    options: &Options,
    mut daemon: Connection,
    deadline: Option<Instant>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if options.wait {
        daemon.watch(true)?;
    }
    loop {
        match ask(options, &mut daemon, deadline) {
            Ok(()) => break,
            Err(Error::TimedOut) if deadline.is_some() => return Err(Failure::TimedOut),
            // Somebody else was faster.
            Err(Error::Lost) if options.wait => break,
            Err(Error::Refused {
                reason: Reason::Busy | Reason::Leaving | Reason::Already,
                ..
            }) if options.wait => {
                if pause(&mut daemon, deadline)? {
                    break;
                }
            }
            Err(error) => return Err(refused(error)),
        }
    }
    let gone_in_time = if options.wait {
        gone(&mut daemon, deadline)?
    } else {
        // The others know, and that is what was asked for.
        gone(&mut daemon, Some(Instant::now() + FAREWELL))?;
        true
    };
    if !gone_in_time {
        return Err(Failure::TimedOut);
    }
    if options.json {
        print_json(out, &json!({ "left": true }))?;
    }
    Ok(())
}

fn ask(options: &Options, daemon: &mut Connection, deadline: Option<Instant>) -> Result<(), Error> {
    daemon.set_patience(deadline.map(|at| at.saturating_duration_since(Instant::now())));
    daemon.leave(options.remove, options.force)
}

/// Waits before asking again; true when the daemon went meanwhile.
fn pause(daemon: &mut Connection, deadline: Option<Instant>) -> Result<bool, Failure> {
    let retry = Instant::now() + RETRY;
    match daemon.notice(Some(deadline.map_or(retry, |at| at.min(retry)))) {
        Err(Error::Lost) => Ok(true),
        Err(error) => Err(error.into()),
        Ok(_) if deadline.is_some_and(|at| Instant::now() >= at) => Err(Failure::TimedOut),
        Ok(_) => Ok(false),
    }
}

/// Waits until the daemon has hung up; false when it did not in time.
fn gone(daemon: &mut Connection, deadline: Option<Instant>) -> Result<bool, Failure> {
    loop {
        match daemon.notice(deadline) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(false),
            Err(Error::Lost) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

fn refused(error: Error) -> Failure {
    let text = if let Error::Refused { reason: Reason::Busy, .. } = error {
        "Device or resource busy"
    } else if let Error::Refused { reason: Reason::Leaving | Reason::Already, .. } = error {
        "Operation already in progress"
    } else {
        return error.into();
    };
    Failure::Die(format!("Error leaving cluster: {text}"))
}
