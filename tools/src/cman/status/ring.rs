//! `cman_tool status --ring`: what the ring counts, and the timers and limits it goes by.
//!
//! Must never know a counter by name: a daemon may have others than this program was built with.
//! With `--json` one object; there, spans of time are whole nanoseconds.

use std::io::Write;

use client::Status;
use serde_json::{Value, json};

use crate::cman::failure::Failure;
use crate::cman::print_json;

pub(super) fn run(status: &Status, json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    if json {
        return print_json(out, &object(status)).map_err(Failure::from);
    }
    let members: Vec<String> = status.ring_members.iter().map(u32::to_string).collect();
    let synchronized = if status.synchronized { "Yes" } else { "No" };
    writeln!(out, "Phase: {}", status.phase)?;
    writeln!(out, "Ring sequence: {}", status.generation)?;
    writeln!(out, "Ring members: {}", members.join(" "))?;
    writeln!(out, "Synchronized: {synchronized}")?;
    for (name, value) in &status.counters {
        writeln!(out, "{}", line(name, *value))?;
    }
    Ok(())
}

/// A number and what it is of.
fn line(name: &str, value: u64) -> String {
    let Some(name) = name.strip_suffix("_nanos") else {
        return format!("{}: {value}", spoken(name));
    };
    let (whole, part) = (value / 1_000_000, value / 1000 % 1000);
    format!("{}: {whole}.{part:03} ms", spoken(name))
}

/// The name as the other lines of `status` are written.
fn spoken(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .map(|letter| if letter == '_' { ' ' } else { letter })
        .collect()
}

fn object(status: &Status) -> Value {
    let counters = status.counters.iter();
    let counters = counters.map(|(name, value)| (name.clone(), Value::from(*value))).collect();
    json!({
        "phase": status.phase,
        "ring_sequence": status.generation,
        "ring_members": status.ring_members,
        "synchronized": status.synchronized,
        "counters": Value::Object(counters),
    })
}
