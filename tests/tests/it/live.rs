//! Real daemons on hosts in network namespaces: what users see, and how long it takes.
//!
//! Must never run unasked, for want of rights and time: see [`tests::lab`]. Every test says what a
//! user gets; bounds on times are those of the README.

mod access;
mod cman;
mod conflicts;
mod demo;
mod device;
mod directory;
mod errors;
mod failures;
mod groups;
mod logs;
mod objecting;
mod objects;
mod pages;
mod strangers;
mod tasks;
mod transcripts;
mod units;
mod versions;

use std::time::Duration;

/// The article's two hosts.
const LISTING1: &str = include_str!("live/listing1.conf");

/// Three hosts.
const THREE: &str = include_str!("live/three.conf");

/// Writes measured times as a figure.
fn figure(what: &str, times: &[Duration]) {
    let times: Vec<String> =
        times.iter().map(|time| format!("{:.1} ms", time.as_secs_f64() * 1000.0)).collect();
    figure_of(what, &times.join(", "));
}

/// Writes what was measured past the test harness, so that every run leaves its figures.
fn figure_of(what: &str, measured: &str) {
    use std::io::Write;
    // Without a terminal nobody reads it.
    let _ = writeln!(std::io::stderr(), "FIGURE {what}: {measured}");
}
