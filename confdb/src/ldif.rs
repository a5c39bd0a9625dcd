//! Entries of a directory as text (RFC 2849), for `ldapadd` and for people.
//!
//! Must never write a line that a reader takes for something else: what is not plain is written in
//! base64. Must never read past a mistake silently: each is reported with its line.

use core::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::directory::dn::Dn;
use crate::directory::{Attribute, Entry};
use crate::error::{Fault, Problem, Problems, Severity, Spot, quoted};
use crate::load::text::LARGEST_TEXT;
use crate::tree::Place;

/// Columns that a folded line has at most.
const COLUMNS: usize = 76;

/// Writes entries, each with an empty line before it; with `fold`, no line is longer than 76
/// columns.
#[must_use]
pub fn write(entries: &[Entry], fold: bool) -> String {
    let mut text = String::new();
    for Entry { dn, attributes, .. } in entries {
        text.push('\n');
        line(&mut text, ("dn", dn.to_string().as_bytes()), fold);
        for Attribute { name, value } in attributes {
            line(&mut text, (name, value), fold);
        }
    }
    text
}

fn line(text: &mut String, (name, value): (&str, &[u8]), fold: bool) {
    let whole = match core::str::from_utf8(value) {
        Ok(plain) if is_plain(plain) => format!("{name}: {plain}"),
        _ => format!("{name}:: {}", STANDARD.encode(value)),
    };
    if !fold {
        let _ = writeln!(text, "{whole}");
        return;
    }
    let mut column = 0;
    for c in whole.chars() {
        if column == COLUMNS {
            text.push_str("\n ");
            column = 1;
        }
        text.push(c);
        column += 1;
    }
    text.push('\n');
}

/// A value that can stand as it is: SAFE-STRING of RFC 2849, without a blank at its end, which
/// editors eat.
fn is_plain(value: &str) -> bool {
    let safe = |c: char| c.is_ascii() && !matches!(c, '\0' | '\n' | '\r');
    value.chars().all(safe) && !value.starts_with([' ', ':', '<']) && !value.ends_with(' ')
}

/// Reads entries; `source` is what problems call the text, usually its file name.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn read(source: &str, text: &[u8]) -> Result<Vec<Entry>, Vec<Problem>> {
    let mut reader = Reader { problems: Problems::new(source), entries: Vec::new(), open: None };
    match core::str::from_utf8(text) {
        _ if text.len() > LARGEST_TEXT => {
            let what =
                format!("{} bytes are too many: at most {LARGEST_TEXT} are read", text.len());
            reader.error(1, Fault::new(what));
        }
        Ok(text) => reader.lines(text),
        Err(error) => {
            let good = text.get(..error.valid_up_to()).unwrap_or_default();
            let lines = good.iter().filter(|byte| **byte == b'\n').count();
            let line = u32::try_from(lines + 1).unwrap_or(u32::MAX);
            reader.error(line, Fault::new("not UTF-8; other bytes must be written in base64"));
        }
    }
    let Reader { problems, entries, .. } = reader;
    if problems.has_errors() { Err(problems.finish()) } else { Ok(entries) }
}

struct Reader {
    problems: Problems,
    entries: Vec<Entry>,
    /// The entry that is being read.
    open: Option<Entry>,
}

impl Reader {
    fn lines(&mut self, text: &str) {
        let mut whole: Option<(u32, String)> = None;
        for (index, line) in text.lines().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            if let (Some(more), Some((_, open))) = (line.strip_prefix(' '), &mut whole) {
                open.push_str(more);
                continue;
            }
            if let Some((number, line)) = whole.replace((number, line.to_owned())) {
                self.line(number, &line);
            }
        }
        if let Some((number, line)) = whole {
            self.line(number, &line);
        }
        self.entries.extend(self.open.take());
    }

    fn line(&mut self, number: u32, line: &str) {
        if line.starts_with('#') {
            return;
        }
        if line.trim().is_empty() {
            self.entries.extend(self.open.take());
            return;
        }
        match take_apart(line) {
            Err(fault) => self.error(number, fault),
            Ok((name, _)) if self.open.is_none() && name.eq_ignore_ascii_case("version") => {}
            Ok((name, value)) if name.eq_ignore_ascii_case("dn") => self.open(number, &value),
            Ok((name, _)) if name.eq_ignore_ascii_case("changetype") => {
                self.error(number, Fault::new("changes are not read, only entries"));
            }
            Ok((name, value)) => match &mut self.open {
                Some(entry) => entry.attributes.push(Attribute { name: name.to_owned(), value }),
                None => self.error(number, Fault::new(format!("{name} stands before any dn"))),
            },
        }
    }

    fn open(&mut self, number: u32, value: &[u8]) {
        if self.open.is_some() {
            self.error(number, Fault::new("a second dn in one entry: an empty line is missing"));
        }
        self.entries.extend(self.open.take());
        match String::from_utf8_lossy(value).parse::<Dn>() {
            Ok(dn) => {
                self.open = Some(Entry { dn, attributes: Vec::new(), line: Some(number) });
            }
            Err(error) => {
                self.error(number, Fault::new(error.to_string()));
                // What follows belongs to it, and is no further mistake.
                let dn = Dn::default();
                self.open = Some(Entry { dn, attributes: Vec::new(), line: Some(number) });
            }
        }
    }

    fn error(&mut self, line: u32, fault: Fault) {
        self.problems.note(Severity::Error, Spot::at(Place { line, column: 1 }), fault);
    }
}

fn take_apart(line: &str) -> Result<(&str, Vec<u8>), Fault> {
    let Some((name, value)) = line.split_once(':') else {
        return Err(Fault::value(line, "attribute: value"));
    };
    if let Some(encoded) = value.strip_prefix(':') {
        let bytes = STANDARD.decode(encoded.trim());
        let bytes = bytes.map_err(|_| Fault::new(format!("{} is not base64", quoted(encoded))))?;
        return Ok((name, bytes));
    }
    if value.starts_with('<') {
        return Err(Fault::new(format!("{name} is to be read from elsewhere, which is not done")));
    }
    Ok((name, value.trim_start_matches(' ').as_bytes().to_vec()))
}

#[cfg(test)]
mod tests;
