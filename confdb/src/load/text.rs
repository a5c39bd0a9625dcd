//! Bytes that may be anything, as text that XML allows; and places in that text.
//!
//! Must never read text of which the encoding is in doubt: only UTF-8 is taken, and what is wrong
//! with other bytes is said with the place.

use crate::error::Fault;
use crate::tree::Place;

/// Largest text, bytes. A cluster of 128 nodes with fencing and services takes a tenth of it.
pub const LARGEST_TEXT: usize = 1 << 20;

/// Whether XML can carry the character (XML 1.0 §2.2).
#[must_use]
pub(crate) const fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The bytes as text without byte order mark, or where and why they are none.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, (Place, Fault)> {
    let start = Place { line: 1, column: 1 };
    if bytes.len() > LARGEST_TEXT {
        let what = format!("{} bytes are too many: at most {LARGEST_TEXT} are read", bytes.len());
        return Err((start, Fault::new(what)));
    }
    if bytes.starts_with(&[0xfe, 0xff]) || bytes.starts_with(&[0xff, 0xfe]) {
        return Err((start, Fault::new("encoded in UTF-16; the encoding must be UTF-8")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (good, bad) = match core::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (good, rest) = bytes.split_at(error.valid_up_to());
            (core::str::from_utf8(good).unwrap_or_default(), rest.first())
        }
    };
    if let Some(bad) = bad {
        let what = format!("byte {bad:#04x} is not UTF-8; the encoding must be UTF-8");
        return Err((Cursor::default().advance(good, good.len()), Fault::new(what)));
    }
    if let Some((offset, c)) = good.char_indices().find(|(_, c)| !is_xml_character(*c)) {
        let what = format!("character {} is not allowed in XML", c.escape_unicode());
        return Err((Cursor::default().advance(good, offset), Fault::new(what)));
    }
    Ok(good)
}

/// Turns offsets into places. Offsets come in ascending order, so that all of them together cost
/// one pass over the text, however long its lines are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor {
    offset: usize,
    place: Place,
}

impl Default for Cursor {
    fn default() -> Self {
        Self { offset: 0, place: Place { line: 1, column: 1 } }
    }
}

impl Cursor {
    pub(crate) fn advance(&mut self, text: &str, offset: usize) -> Place {
        if offset < self.offset {
            *self = Self::default();
        }
        for c in text.get(self.offset..offset).unwrap_or_default().chars() {
            if c == '\n' {
                self.place.line = self.place.line.saturating_add(1);
                self.place.column = 1;
            } else {
                self.place.column = self.place.column.saturating_add(1);
            }
        }
        self.offset = offset.min(text.len());
        self.place
    }
}
