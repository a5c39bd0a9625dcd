//! Our daemons on three hosts, sending as fast as the ring accepts.
//!
//! Must never measure a ring that is not whole: the generators begin when all configured nodes are
//! members.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use client::Connection;
use daemon::demo::conf;
use daemon::demo::home::Home;

use super::engine::farewell;
use super::gather::{Generator, Outcome, gather};
use super::site::Site;

/// Throughput with the generator inside the daemon, all nodes sending messages of `size` bytes.
///
/// # Errors
/// A daemon does not finish.
pub fn run(site: &Site, size: usize, length: Duration) -> Result<Outcome, String> {
    let homes = homes(site)?;
    let words = ["--load".to_owned(), size.to_string()];
    let mut generators = generators(site, &homes, &words, length)?;
    let outcome = gather(&mut generators, length, |_| {});
    let outcome = outcome.map_err(|why| explain(&why, &homes))?;
    farewell(generators.into_iter().map(|generator| generator.process).collect());
    Ok(outcome)
}

/// Smoothed rotation times, nanoseconds, as the daemons' counters say each second: one small
/// message at a time is on its way, so the token neither rests nor carries much.
///
/// # Errors
/// A daemon does not finish.
pub fn rotations(site: &Site, length: Duration) -> Result<Vec<u64>, String> {
    let homes = homes(site)?;
    let words = ["--load", "64,1", "--load-window", "1"].map(str::to_owned);
    let mut generators = generators(site, &homes, &words, length)?;
    let mut rotations = Vec::new();
    let outcome = gather(&mut generators, length, |host| {
        rotations.extend(rotation(&homes[host]));
    });
    outcome.map_err(|why| explain(&why, &homes))?;
    farewell(generators.into_iter().map(|generator| generator.process).collect());
    Ok(rotations)
}

/// What the daemon of this home counts, if it answers.
fn rotation(home: &Home) -> Option<u64> {
    let mut daemon = Connection::open(&home.socket(), "bench").ok()?;
    let counters = daemon.status().ok()?.counters;
    counters.into_iter().find(|(name, _)| name == "rotation_nanos").map(|(_, nanos)| nanos)
}

fn homes(site: &Site) -> Result<Vec<Home>, String> {
    let text = conf::text("bench", &site.names(), "");
    let home = |name: &String| {
        let dir = site.fresh(name)?;
        let config = dir.join("cluster.conf");
        let made = std::fs::write(&config, &text).and_then(|()| Home::new(dir, config));
        made.map_err(|error| format!("{name}: {error}"))
    };
    site.names().iter().map(home).collect()
}

fn generators(
    site: &Site,
    homes: &[Home],
    words: &[String],
    length: Duration,
) -> Result<Vec<Generator>, String> {
    let mut generators = Vec::new();
    for (host, home) in homes.iter().enumerate() {
        let log = File::create(home.log()).map_err(|error| error.to_string())?;
        let mut command = Command::new(site.clusterd());
        home.settle(&mut command);
        command
            .args(words)
            .args(["--load-seconds", &length.as_secs().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0);
        let process = site.spawn(host, &mut command)?;
        let pids = vec![process.pid()];
        generators.push(Generator { process, pids });
    }
    Ok(generators)
}

/// A complaint with the last words of the daemons.
fn explain(why: &str, homes: &[Home]) -> String {
    let words = homes.iter().flat_map(|home| home.last_words(8));
    words.fold(why.to_owned(), |text, line| text + "\n  " + &line)
}
