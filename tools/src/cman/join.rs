//! `cman_tool join`: starts the daemon, and with it this node's membership.
//!
//! Must never start a second daemon, and never leave the operator without the reason when the
//! first does not start. An option that the daemon does not know is refused, not ignored.

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use client::{Connection, Error};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::starter::{self, Wanted};
use super::wait::{self, For};
use super::{Context, NAME, print_json};

/// How long plain `join` waits for the membership that usually follows a start at once, so that
/// the next command of a script finds it. What comes later is `join -w`'s to wait for.
const SETTLE: Duration = Duration::from_secs(2);

/// Where configurations come from: a file, a directory.
const LOADERS: [&str; 2] = ["xmlconfig", DIRECTORY];
const DIRECTORY: &str = "ldapconfig";

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
    let pid = match validate(options, context).and_then(|()| start(options, context, variables)) {
        Ok(pid) => pid,
        Err(failure) => {
            // As ever, an empty line stands where the validated configuration would.
            if failure.is_invalid_configuration() && !options.json {
                writeln!(out)?;
            }
            return Err(failure);
        }
    };
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

/// Is there a configuration at all? What is wrong in it the daemon finds.
fn validate(options: &Options, context: &Context) -> Result<(), Failure> {
    let path = context.config();
    let mut overrides = options.overrides.iter();
    let needed = !options.unvalidated
        && !overrides.any(|(letter, _)| *letter == 'X')
        && !is_in_a_directory(options, context);
    if !needed || File::open(path).is_ok() {
        return Ok(());
    }
    let path = path.display();
    let why = format!("I/O warning : failed to load external entity \"{path}\"");
    Err(Failure::invalid_configuration(vec![why]))
}

/// What is said here goes before what the environment says.
fn is_in_a_directory(options: &Options, context: &Context) -> bool {
    let said = options.overrides.iter().rev().find(|(letter, _)| *letter == 'C');
    let own = said.map(|(_, value)| value.as_str());
    own.or(context.environment.loader.as_deref()) == Some(DIRECTORY)
}

fn start(
    options: &Options,
    context: &Context,
    variables: Vec<(&'static str, String)>,
) -> Result<u32, Failure> {
    let wanted =
        Wanted { variables, shows_log: options.debug.is_some(), unvalidated: options.unvalidated };
    starter::start(context, wanted)
}

/// What goes before the configuration, as variables of the daemon's environment.
fn variables(options: &Options) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut variables = Vec::new();
    if let Some(name) = options.names.first() {
        variables.push(("CMAN_NODENAME", name.clone()));
    }
    if let Some(debug) = options.debug {
        variables.push(("CMAN_DEBUG", debug.to_string()));
    }
    for (letter, value) in &options.overrides {
        let (name, value) = match letter {
            'm' => ("CMAN_MCAST_ADDR", value.as_str()),
            'p' => ("CMAN_IP_PORT", value.as_str()),
            'k' => ("CMAN_KEYFILE", value.as_str()),
            'c' => ("CMAN_CLUSTER_NAME", value.as_str()),
            'N' => ("CMAN_NODEID", value.as_str()),
            'P' => ("CLUSTER_NO_REALTIME", "true"),
            '2' => ("CMAN_2NODE", "1"),
            'X' => ("CMAN_NOCONFIG", "1"),
            // Zero votes were always taken and meant nothing.
            'v' | 'e' if value.trim_start_matches('0').is_empty() => continue,
            'v' => ("CMAN_VOTES", value.as_str()),
            'e' => ("CMAN_EXPECTEDVOTES", value.as_str()),
            'C' if LOADERS.contains(&value.as_str()) => ("CONFIG_LOADER", value.as_str()),
            'C' => {
                let [file, directory] = LOADERS;
                return Err(Failure::Die(format!(
                    "configuration loader {value} is not supported: {file} and {directory} are"
                )));
            }
            _ => return Err(Failure::Die(format!("unknown option: {letter}"))),
        };
        variables.push((name, value.to_owned()));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests;
