//! `cman_tool kill`: has nodes stop at once.
//!
//! Must never stop at a name that nobody knows: it says so and goes on to the next, and ends well
//! all the same, as ever.

use std::io::Write;

use client::proto::Reason;
use client::{Connection, Error};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::print_json;

/// What operators read of a node that is known and not there.
const NOT_THERE: &str = "Invalid argument";

/// What they read of a name that is not known.
const UNKNOWN: &str = "No such file or directory";

/// There is something to kill; else nobody is asked.
pub(super) fn check(options: &Options) -> Result<(), Failure> {
    if options.names.is_empty() {
        return Err(Failure::Die("No node name specified".to_owned()));
    }
    Ok(())
}

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let nodes = daemon.nodes()?;
    let (mut killed, mut spared) = (Vec::new(), Vec::new());
    for name in &options.names {
        let found = nodes.iter().find(|node| node.name == *name);
        let done = match found.map(|node| daemon.kill(node.id)) {
            None => Err(UNKNOWN.to_owned()),
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(text(error)?),
        };
        match done {
            Ok(()) => killed.push(name),
            Err(why) => {
                writeln!(err, "Can't kill node {name} : {why}")?;
                spared.push(json!({ "name": name, "error": why }));
            }
        }
    }
    if options.json {
        print_json(out, &json!({ "killed": killed, "spared": spared }))?;
    }
    Ok(())
}

/// Why a node was not killed; or nothing can be killed any more.
fn text(error: Error) -> Result<String, Failure> {
    let Error::Refused { reason, text } = error else { return Err(error.into()) };
    match reason {
        Reason::Permission => Err(Error::Refused { reason, text }.into()),
        Reason::UnknownNode => Ok(UNKNOWN.to_owned()),
        Reason::NotThere => Ok(NOT_THERE.to_owned()),
        Reason::Unspecified
        | Reason::Malformed
        | Reason::Protocol
        | Reason::UnknownRequest
        | Reason::TryAgain
        | Reason::TooLarge
        | Reason::Leaving
        | Reason::Busy
        | Reason::TooManySessions
        | Reason::InvalidConfiguration
        | Reason::NotReloaded
        | Reason::Invalid
        | Reason::NotMember
        | Reason::NoSuchNode
        | Reason::DeviceBusy
        | Reason::NameTaken
        | Reason::Overrun
        | Reason::AlreadyMember
        | Reason::NotInGroup
        | Reason::TooManyMembers
        | Reason::Interrupted
        | Reason::Already
        | Reason::Absent
        | Reason::ReadOnly
        | Reason::Full
        | Reason::PortInUse
        | Reason::NoBarrier
        | Reason::NodeLost
        | Reason::TimedOut => Ok(text),
    }
}
