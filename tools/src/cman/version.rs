//! `cman_tool version`: the version of the protocol and of the configuration in use; `-r`: has all
//! nodes go by a newer one; `-V`: the version of this program.
//!
//! Must never read the configuration: the daemon does, with its own rights and from its own place.
//! What is said of a new version is said on stderr; on stdout stands only what was asked for.

use std::io::{self, Write};

use client::proto::Reason;
use client::{Connection, Error, Reloaded};
use serde_json::{Value, json};

use super::failure::Failure;
use super::options::Options;
use super::status::PROTOCOL;
use super::{NAME, print_json};

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    if let Some(least) = options.reload {
        return reload(options, u64::from(least), daemon, (out, err));
    }
    let config_version = daemon.status()?.config_version;
    if options.json {
        let object = json!({ "version": PROTOCOL, "config_version": config_version });
        print_json(out, &object)?;
    } else {
        writeln!(out, "{PROTOCOL} config {config_version}")?;
    }
    Ok(())
}

fn reload(
    options: &Options,
    least: u64,
    daemon: &mut Connection,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<(), Failure> {
    let Reloaded { version, warnings, unwritten, difference } =
        daemon.reload(least, options.dry_run).map_err(failure)?;
    if let Some(why) = &unwritten {
        writeln!(err, "{NAME}: version {version} is in force, its file is not written yet: {why}")?;
    }
    if options.json {
        let told = difference.map(|told| serde_json::from_str(&told.json).unwrap_or(Value::Null));
        let object = json!({
            "reloaded": !options.dry_run,
            "config_version": version,
            "warnings": warnings,
            "unwritten": unwritten,
            "difference": told,
        });
        print_json(out, &object)?;
        return Ok(());
    }
    warnings.iter().try_for_each(|warning| writeln!(err, "{warning}"))?;
    if let Some(told) = difference {
        write!(out, "{}", told.text)?;
    }
    Ok(())
}

/// A file that cannot be used is summed up as ever.
fn failure(error: Error) -> Failure {
    if let Error::Refused { reason: Reason::InvalidConfiguration, text } = &error {
        return Failure::not_reloading(text.lines().map(str::to_owned).collect());
    }
    error.into()
}

pub(super) fn print_own(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{NAME} {}", env!("CARGO_PKG_VERSION"))
}
