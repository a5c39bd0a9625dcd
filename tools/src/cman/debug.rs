//! `cman_tool debug`: makes the daemon log everything, or what its configuration says.
//!
//! Must never mean more than on and off: `-d` and any value but 0 are on, as ever.

use std::io::Write;

use client::Connection;
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::print_json;

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let on = options.debug.is_some_and(|value| value != 0);
    daemon.set_debug(on)?;
    if options.json {
        print_json(out, &json!({ "debug": on }))?;
    }
    Ok(())
}
