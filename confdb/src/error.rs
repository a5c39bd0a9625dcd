//! What is wrong with a configuration, said so that it can be put right in one round.
//!
//! Must never name a fault without the value that is at fault, nor print a hostile value raw: what
//! is quoted is escaped and cut. Problems belong to the operator who wrote the file; a
//! [`TreeError`] belongs to the program that asked the tree for something impossible.

use core::fmt;

use serde::Serialize;
use thiserror::Error;

use crate::path::Path;
use crate::tree::Place;

/// Most problems of each severity that one reading reports; the rest is counted.
pub const MOST_PROBLEMS: usize = 256;

/// Longest part of a value that a text quotes, in characters.
const LONGEST_QUOTE: usize = 64;

/// Whether a configuration with this problem can be used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No: a node must not start with it.
    Error,
    /// Yes, but the schema does not allow it, so that a validation fails.
    Schema,
    /// Yes, but it probably does not say what its author meant.
    Warning,
}

/// One thing wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// Where the configuration came from, as its reader was told: usually a file name.
    pub source: String,
    /// Line in the source, from 1; `None` when the source has no lines.
    pub line: Option<u32>,
    /// Column in the line, in characters from 1.
    pub column: Option<u32>,
    /// The object or key at fault, `cluster.clusternodes.clusternode[2].votes`; empty when the
    /// text could not be taken apart so far.
    pub path: String,
    /// The fault, in one clause that names the value.
    pub what: String,
    /// What would have been accepted, where that can be said.
    pub expected: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(": ")?;
        match self.severity {
            Severity::Error => {}
            // For a node that starts all the same it is one.
            Severity::Schema | Severity::Warning => f.write_str("warning: ")?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}

/// Quotes a value for a text: escaped, and cut after 64 characters.
#[must_use]
pub fn quoted(value: &str) -> String {
    let mut characters = value.chars();
    let start: String = characters.by_ref().take(LONGEST_QUOTE).collect();
    if characters.next().is_some() { format!("{start:?}...") } else { format!("{start:?}") }
}

/// The problems of one reading, as they are found.
#[derive(Clone, Debug)]
pub(crate) struct Problems {
    source: String,
    list: Vec<Problem>,
    errors: usize,
    schema: usize,
    warnings: usize,
}

impl Problems {
    pub(crate) fn new(source: &str) -> Self {
        Self { source: source.to_owned(), list: Vec::new(), errors: 0, schema: 0, warnings: 0 }
    }

    /// Notes a problem. Each severity has its own bound: a flood of warnings hides no error.
    pub(crate) fn note(&mut self, severity: Severity, spot: Spot, fault: Fault) {
        self.note_from(None, severity, (spot, fault));
    }

    /// The same for what was read from another source, where one is named.
    pub(crate) fn note_from(
        &mut self,
        source: Option<String>,
        severity: Severity,
        (spot, fault): (Spot, Fault),
    ) {
        let count = match severity {
            Severity::Error => &mut self.errors,
            Severity::Schema => &mut self.schema,
            Severity::Warning => &mut self.warnings,
        };
        *count = count.saturating_add(1);
        if *count > MOST_PROBLEMS {
            return;
        }
        self.list.push(Problem {
            severity,
            source: source.unwrap_or_else(|| self.source.clone()),
            line: spot.place.map(|place| place.line),
            column: spot.place.map(|place| place.column),
            path: spot.path,
            what: fault.what,
            expected: fault.expected,
        });
    }

    /// Whether another problem of that severity would be shown.
    pub(crate) const fn has_room(&self, severity: Severity) -> bool {
        let count = match severity {
            Severity::Error => self.errors,
            Severity::Schema => self.schema,
            Severity::Warning => self.warnings,
        };
        count < MOST_PROBLEMS
    }

    pub(crate) const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The problems in the order of the source; those without a line come last.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        let own = self.source.clone();
        self.list.sort_by_key(|problem| {
            let elsewhere = problem.source != own;
            (problem.line.is_none(), elsewhere, problem.line, problem.column, problem.severity)
        });
        for (severity, count, word) in [
            (Severity::Error, self.errors, "errors"),
            (Severity::Schema, self.schema, "violations of the schema"),
            (Severity::Warning, self.warnings, "warnings"),
        ] {
            let more = count.saturating_sub(MOST_PROBLEMS);
            if more > 0 {
                self.list.push(Problem {
                    severity,
                    source: self.source.clone(),
                    line: None,
                    column: None,
                    path: String::new(),
                    what: format!("{more} more {word} are not shown"),
                    expected: None,
                });
            }
        }
        self.list
    }
}

/// Where a problem is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spot {
    pub(crate) place: Option<Place>,
    pub(crate) path: String,
}

impl Spot {
    pub(crate) const fn at(place: Place) -> Self {
        Self { place: Some(place), path: String::new() }
    }
}

/// What a problem is.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    what: String,
    expected: Option<String>,
}

impl Fault {
    /// A fault that says everything in its text.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), expected: None }
    }

    /// A value that is not what it should be.
    pub(crate) fn value(value: &str, expected: impl Into<String>) -> Self {
        let expected = expected.into();
        Self { what: format!("{} is not {expected}", quoted(value)), expected: Some(expected) }
    }

    /// Says what would have been accepted.
    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }
}

/// Why a tree refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum TreeError {
    /// The handle names no object, or one that was deleted.
    #[error("object {0} does not exist")]
    NoSuchObject(u64),
    /// The object has no such key.
    #[error("{object} has no key {key}", key = quoted(.key))]
    NoSuchKey {
        /// The object.
        object: Path,
        /// The key.
        key: String,
    },
    /// A name is empty, too long, or has a character that a path cannot carry.
    #[error("{} is not a name: 1 to {LONGEST_NAME} letters, digits, '_', '-' or ':'", quoted(.0))]
    BadName(String),
    /// A value is longer than a tree keeps.
    #[error("value of {key} is {length} bytes long, at most {LONGEST_VALUE} are kept")]
    ValueTooLong {
        /// Its key.
        key: String,
        /// Its length, bytes.
        length: usize,
    },
    /// The tree is as deep, or as large, as it may become.
    #[error("{path} has no room for {name}: at most {most} {what}")]
    Full {
        /// Where something was to be added.
        path: Path,
        /// What was to be added.
        name: String,
        /// The bound.
        most: usize,
        /// What is bounded.
        what: &'static str,
    },
    /// The root cannot be deleted and carries no keys.
    #[error("the root of the tree holds objects only and stays")]
    Root,
    /// XML cannot carry this name or value.
    #[error("{path} cannot be written as XML: {}", quoted(.text))]
    NotXml {
        /// The object or key.
        path: Path,
        /// The name or value.
        text: String,
    },
    /// No more watches can be kept.
    #[error("{0} watches are kept already, no more are possible")]
    TooManyWatches(usize),
    /// A watch that does not exist, or no longer.
    #[error("watch {0} does not exist")]
    NoSuchWatch(u64),
}

/// Longest name of an object or key, bytes.
pub const LONGEST_NAME: usize = 255;
/// Longest value, bytes.
pub const LONGEST_VALUE: usize = 64 << 10;

#[cfg(test)]
mod tests;
