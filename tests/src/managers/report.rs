//! What a scenario has shown: what holds, what does not, and how long everything took.
//!
//! Must never drop a failure: a check that does not hold is kept and the scenario goes on, so that
//! one run shows all that is wrong.

use std::time::{Duration, Instant};

use crate::bench::record::{Journal, Record};

/// What was found in one run.
#[derive(Debug)]
pub struct Report<'a> {
    engine: &'static str,
    scenario: &'static str,
    journal: &'a mut Journal,
    times: Vec<(&'static str, Duration)>,
    failures: Vec<String>,
    held: usize,
}

impl<'a> Report<'a> {
    /// An empty one.
    pub const fn new(
        engine: &'static str,
        scenario: &'static str,
        journal: &'a mut Journal,
    ) -> Self {
        Self { engine, scenario, journal, times: Vec::new(), failures: Vec::new(), held: 0 }
    }

    /// Notes how long a step took.
    ///
    /// # Errors
    /// The file of records takes nothing more.
    pub fn took(&mut self, step: &'static str, from: Instant, to: Instant) -> Result<(), String> {
        let time = to.saturating_duration_since(from);
        self.times.push((step, time));
        let mut record = Record::new("managers");
        record
            .text("engine", self.engine)
            .text("scenario", self.scenario)
            .text("step", step)
            .count("milliseconds", time.as_millis());
        self.journal.note(&record)
    }

    /// Notes whether something holds; `seen` is shown when it does not.
    pub fn check(&mut self, what: &str, holds: bool, seen: &str) {
        if holds {
            self.held += 1;
            println!("ok    {what}");
        } else {
            println!("WRONG {what}; instead:");
            for line in seen.lines() {
                println!("      | {line}");
            }
            self.failures.push(format!("{}: {what}", self.scenario));
        }
    }

    /// Notes something that is worth reading and is neither right nor wrong.
    pub fn note(&mut self, what: &str) {
        for line in what.lines() {
            println!("      {line}");
        }
    }

    /// How long steps took, for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{:<52} {:>9}\n", format!("{} on", self.scenario), self.engine);
        for (step, time) in &self.times {
            text.push_str(&format!("{step:<52} {:>7.1} s\n", time.as_secs_f64()));
        }
        text.push_str(&format!("{} checks hold, {} do not\n", self.held, self.failures.len()));
        text
    }

    /// What does not hold.
    #[must_use]
    pub fn into_failures(self) -> Vec<String> {
        self.failures
    }
}

/// Lines that are wanted and not there (`-`), and those that are there instead (`+`).
#[must_use]
pub fn differences(wanted: &str, seen: &str) -> String {
    let (wanted, seen): (Vec<&str>, Vec<&str>) = (wanted.lines().collect(), seen.lines().collect());
    let mut text = String::new();
    let longest = wanted.len().max(seen.len());
    for line in 0..longest {
        let (want, see) = (wanted.get(line), seen.get(line));
        if want == see {
            continue;
        }
        for (sign, line) in [("-", want), ("+", see)] {
            if let Some(line) = line {
                text.push_str(&format!("{sign} {line}\n"));
            }
        }
    }
    text
}
