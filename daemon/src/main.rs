//! `clusterd`: runs one node of a cluster in the foreground, as a service manager wants it.
//!
//! Must never do more than read the command line and hand over: a program that embeds a node uses
//! the library and gets the same node.

use std::process::ExitCode;

use clap::Parser;
use daemon::options::Options;
use daemon::shell::start;

fn main() -> ExitCode {
    let word = std::env::args_os().nth(1);
    if word.as_ref().is_some_and(|word| word == "demo") {
        return daemon::demo::main();
    }
    if word.is_some_and(|word| word == daemon::directory::WORD) {
        return daemon::directory::main();
    }
    let options = Options::parse();
    start::run(&options)
}
