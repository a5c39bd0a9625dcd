//! One measurement, for people and for programs.
//!
//! Must never lose a figure: what is printed is what is written.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// One measurement: names and values, in the order in which they were added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    what: &'static str,
    fields: Vec<(&'static str, Value)>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Value {
    Count(u64),
    /// A number with two places after the point.
    Hundredths(u64),
    Text(&'static str),
}

impl Record {
    /// An empty one of this kind.
    #[must_use]
    pub const fn new(what: &'static str) -> Self {
        Self { what, fields: Vec::new() }
    }

    /// Adds a whole number.
    pub fn count(&mut self, name: &'static str, value: impl TryInto<u64>) -> &mut Self {
        let value = value.try_into().unwrap_or(u64::MAX);
        self.fields.push((name, Value::Count(value)));
        self
    }

    /// Adds a number given in hundredths.
    pub fn hundredths(&mut self, name: &'static str, value: u64) -> &mut Self {
        self.fields.push((name, Value::Hundredths(value)));
        self
    }

    /// Adds a word: letters, digits and signs that JSON takes as they are.
    pub fn text(&mut self, name: &'static str, value: &'static str) -> &mut Self {
        self.fields.push((name, Value::Text(value)));
        self
    }

    /// As a line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!("{:<12}", self.what);
        for (name, value) in &self.fields {
            write!(line, " {name} {}", value.plain()).expect("a string takes everything");
        }
        line
    }

    /// As one JSON object.
    #[must_use]
    pub fn json(&self) -> String {
        let mut json = format!("{{\"bench\":\"{}\"", self.what);
        for (name, value) in &self.fields {
            let quote = if matches!(value, Value::Text(_)) { "\"" } else { "" };
            write!(json, ",\"{name}\":{quote}{}{quote}", value.plain())
                .expect("a string takes everything");
        }
        json.push('}');
        json
    }
}

impl Value {
    fn plain(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Hundredths(amount) => format!("{}.{:02}", amount / 100, amount % 100),
            Self::Text(text) => (*text).to_owned(),
        }
    }
}

/// Where records go: to standard output, and to a file when there is one.
#[derive(Debug)]
pub struct Journal {
    file: Option<File>,
    /// What could not be measured, and why; for the end.
    pub failures: Vec<String>,
}

impl Journal {
    /// Appends to this file, if any.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn new(path: Option<&Path>) -> Result<Self, String> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map_err(|error| format!("{}: {error}", path.display()))
        };
        Ok(Self { file: path.map(open).transpose()?, failures: Vec::new() })
    }

    /// Prints a record as a line and as JSON, and writes the JSON.
    ///
    /// # Errors
    /// The file takes nothing more.
    pub fn note(&mut self, record: &Record) -> Result<(), String> {
        let json = record.json();
        println!("{}\n{json}", record.line());
        match &mut self.file {
            None => Ok(()),
            Some(file) => writeln!(file, "{json}").map_err(|error| format!("--json: {error}")),
        }
    }
}

/// The middle of these values, the upper one of an even number; zero of none.
#[must_use]
pub fn median(values: impl IntoIterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.into_iter().collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// How many per second, `count` in `nanos` nanoseconds.
#[must_use]
pub fn per_second(count: u64, nanos: u128) -> u64 {
    let amount = u128::from(count) * 1_000_000_000 / nanos.max(1);
    u64::try_from(amount).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
