//! What an operator types: show and steer one node from a terminal.
//!
//! Must never know more than the daemon says, and never keep state of its own: a tool asks, prints
//! and ends. What it prints is read by scripts that are older than this code, so text stands byte
//! for byte as they expect it; what is new goes into `--json`.
//!
//! Each binary hands its arguments, environment and output streams to a module here, so that tests
//! read what the operator reads.

pub mod ccs;
pub mod cman;
pub mod dump;
mod getopt;
pub mod ldif;
pub mod objctl;
#[cfg(test)]
mod scratch;
mod source;
pub mod validate;
