//! `cman_tool version`: the version of the protocol and of the configuration in use; `-V`: of this
//! program.
//!
//! Must never reload anything yet: `-r` is refused.

use std::io::{self, Write};

use client::Connection;
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::status::PROTOCOL;
use super::{NAME, print_json};

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    if options.reload {
        return Err(Failure::Die("version -r: not supported yet".to_owned()));
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

pub(super) fn print_own(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{NAME} {}", env!("CARGO_PKG_VERSION"))
}
