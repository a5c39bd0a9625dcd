//! Instructions instead of times: what a message costs that is delivered at every node.
//!
//! A clock on a machine that does other things as well cannot tell ten percent; callgrind counts
//! the same today and tomorrow. Must never do work that depends on anything but its arguments, so
//! that two runs of one program agree.

use std::process::Command;

use super::mesh;
use super::record::{Journal, Record};

/// How much dearer than the figure that is checked in a path may become, per cent.
const TOLERANCE: u64 = 10;

/// The figures that are checked in: a line per path, its name and the instructions per message.
pub const KNOWN: &str = include_str!("steady/known.txt");

/// Where that file is in a checkout.
pub const KNOWN_AT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bench/steady/known.txt");

/// A way of a message, walked so often that what comes before it does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Work {
    /// What the figures call it.
    pub name: &'static str,
    /// How many nodes.
    pub nodes: usize,
    /// Bytes of a message.
    pub size: usize,
    /// Packets are sealed and opened on the way.
    pub sealed: bool,
    /// How often.
    pub messages: u64,
}

/// All that is counted.
pub const WORKS: [Work; 6] = [
    Work::plain("plain-3x64", 3, 64, 300_000),
    Work::plain("plain-3x1024", 3, 1024, 12_000),
    Work::plain("plain-8x1024", 8, 1024, 4_000),
    Work::plain("plain-3x65536", 3, 64 << 10, 400),
    Work::plain("sealed-3x64", 3, 64, 200_000).sealed(),
    Work::plain("sealed-3x1024", 3, 1024, 8_000).sealed(),
];

impl Work {
    const fn plain(name: &'static str, nodes: usize, size: usize, messages: u64) -> Self {
        Self { name, nodes, size, sealed: false, messages }
    }

    const fn sealed(self) -> Self {
        Self { sealed: true, ..self }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        WORKS.into_iter().find(|work| work.name == name)
    }

    /// Does it, `times` as often as it says.
    pub fn run(&self, times: u64) {
        mesh::deliver(self.nodes, self.size, self.sealed, self.messages * times);
    }

    /// Instructions per message: those of twice the work less those of once.
    fn count(&self) -> Result<u64, String> {
        let (once, twice) = (instructions(self.name, 1)?, instructions(self.name, 2)?);
        Ok(twice.saturating_sub(once) / self.messages)
    }
}

/// Runs the work of this name under callgrind; how many instructions the whole program took.
fn instructions(name: &str, times: u64) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(own)
        .args(["steady", name, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind: {error}: apt-get install valgrind"))?;
    let said = String::from_utf8_lossy(&ran.stderr);
    collected(&said).ok_or_else(|| format!("valgrind ended with {}: {}", ran.status, said.trim()))
}

/// What callgrind says it counted.
fn collected(said: &str) -> Option<u64> {
    let (_, after) = said.split_once("Collected : ")?;
    after.split_whitespace().next()?.parse().ok()
}

/// The figure of a path, from the text of a file of them.
fn known(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

/// Counts every path and compares with the figures of `known_text`; the text of the new ones.
///
/// # Errors
/// Valgrind is missing; or, in one text, every path that became dearer than it may.
pub fn guard(known_text: &str, journal: &mut Journal) -> Result<String, String> {
    let (mut text, mut dearer) = (String::new(), Vec::new());
    for work in WORKS {
        let (count, before) = (work.count()?, known(known_text, work.name));
        let percent = before.map_or(100, |before| count * 100 / before.max(1));
        let mut record = Record::new("guard");
        record
            .text("path", work.name)
            .count("instructions_per_message", count)
            .count("known", before.unwrap_or(0))
            .count("per_cent", percent);
        journal.note(&record)?;
        text += &format!("{} {count}\n", work.name);
        if percent > 100 + TOLERANCE {
            let before = before.unwrap_or(0);
            dearer.push(format!("{}: {count} instructions a message, was {before}", work.name));
        }
    }
    if dearer.is_empty() { Ok(text) } else { Err(dearer.join("; ")) }
}

#[cfg(test)]
mod tests;
