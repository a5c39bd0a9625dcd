//! Distinguished names: what a directory calls an entry, as text and taken apart.
//!
//! Must never take a name apart wrongly: what is escaped stays part of its value, whatever
//! character it is (RFC 4514). Compares as servers do: attribute types and values without regard
//! to case, runs of blanks as one.

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

use crate::error::quoted;

/// Longest text that is read as a name, bytes.
pub const LONGEST_DN: usize = 16 << 10;

/// A name: from the entry's own part to the root's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Dn {
    /// The parts, the entry's own first.
    pub rdns: Vec<Rdn>,
}

/// One part of a name: an attribute and its value; rarely several.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rdn {
    /// Attribute types and values, at least one.
    pub pairs: Vec<(String, String)>,
}

/// Why a text is no name.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum DnError {
    /// It has more bytes than a name may have.
    #[error("a name of {0} bytes, at most {LONGEST_DN} are read")]
    TooLong(usize),
    /// A part is not `type=value`.
    #[error("{} is not a name such as dc=example,dc=org", quoted(.0))]
    NoPair(String),
    /// A backslash is followed by neither a special character nor two hexadecimal digits.
    #[error("{} has a \\ that escapes nothing", quoted(.0))]
    Escape(String),
    /// The bytes of a value are not UTF-8.
    #[error("{} has a value that is not UTF-8", quoted(.0))]
    NotText(String),
}

impl Rdn {
    /// A part of one attribute.
    #[must_use]
    pub fn new(kind: &str, value: &str) -> Self {
        Self { pairs: vec![(kind.to_owned(), value.to_owned())] }
    }

    /// The value of that attribute type.
    #[must_use]
    pub fn value(&self, kind: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(kind));
        found.map(|(_, value)| value.as_str())
    }

    /// The same for two names that a server takes for one.
    #[must_use]
    pub fn folded(&self) -> Self {
        let fold =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let mut pairs: Vec<(String, String)> =
            self.pairs.iter().map(|(kind, value)| (kind.to_lowercase(), fold(value))).collect();
        pairs.sort();
        Self { pairs }
    }
}

impl Dn {
    /// The name of an entry below this one.
    #[must_use]
    pub fn child(&self, rdn: Rdn) -> Self {
        Self { rdns: core::iter::once(rdn).chain(self.rdns.iter().cloned()).collect() }
    }

    /// The parts below `base`, topmost first; `None` when the name is not below it.
    #[must_use]
    pub fn below(&self, base: &Self) -> Option<Vec<Rdn>> {
        let own = self.rdns.len().checked_sub(base.rdns.len())?;
        let (mine, tail) = self.rdns.split_at(own);
        let same = tail.iter().zip(&base.rdns).all(|(a, b)| a.folded() == b.folded());
        same.then(|| mine.iter().rev().cloned().collect())
    }
}

impl FromStr for Dn {
    type Err = DnError;

    fn from_str(text: &str) -> Result<Self, DnError> {
        if text.len() > LONGEST_DN {
            return Err(DnError::TooLong(text.len()));
        }
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let rdns = split(text, &[',', ';']).into_iter().map(|part| rdn(text, part));
        Ok(Self { rdns: rdns.collect::<Result<_, _>>()? })
    }
}

fn rdn(whole: &str, part: &str) -> Result<Rdn, DnError> {
    let pair = |pair: &str| {
        let (kind, value) = pair.split_once('=').ok_or_else(|| DnError::NoPair(whole.into()))?;
        let kind = kind.trim();
        let is_type = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if kind.is_empty() || !kind.chars().all(is_type) {
            return Err(DnError::NoPair(whole.into()));
        }
        Ok((kind.to_owned(), unescape(whole, value)?))
    };
    let pairs = split(part, &['+']).into_iter().map(pair).collect::<Result<_, _>>()?;
    Ok(Rdn { pairs })
}

/// The pieces between separators that are not escaped.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let mut pieces = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if separators.contains(&c) {
            pieces.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn unescape(whole: &str, value: &str) -> Result<String, DnError> {
    let bad = || DnError::Escape(whole.into());
    let value = value.trim_start_matches(' ');
    let mut bytes = Vec::with_capacity(value.len());
    let mut kept = 0;
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            bytes.extend(c.encode_utf8(&mut [0; 4]).bytes());
            // Blanks at the end belong to the value only when they are escaped.
            kept = if c == ' ' { kept } else { bytes.len() };
            continue;
        }
        let first = characters.next().ok_or_else(bad)?;
        if let Some(high) = first.to_digit(16) {
            let low = characters.next().and_then(|c| c.to_digit(16)).ok_or_else(bad)?;
            bytes.push(u8::try_from(high << 4 | low).map_err(|_| bad())?);
        } else if " \"#+,;<=>\\".contains(first) {
            bytes.extend(first.encode_utf8(&mut [0; 4]).bytes());
        } else {
            return Err(bad());
        }
        kept = bytes.len();
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).map_err(|_| DnError::NotText(whole.into()))
}

impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rdn) in self.rdns.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{rdn}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, value)) in self.pairs.iter().enumerate() {
            let plus = if index > 0 { "+" } else { "" };
            write!(f, "{plus}{kind}=")?;
            escape(value, f)?;
        }
        Ok(())
    }
}

fn escape(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{c}")?,
            '#' if at == 0 => f.write_str("\\#")?,
            ' ' if at == 0 || at == last => f.write_str("\\ ")?,
            c if c.is_ascii_control() => write!(f, "\\{:02X}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
