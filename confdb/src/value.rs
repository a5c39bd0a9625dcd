//! A key has a value, and a value has a kind: a counter is not a text that looks like one.
//!
//! Must never change a value on the way to text and back, nor guess a kind: whoever sets a value
//! names it. Values of a configuration file are texts; numbers come from running services. The
//! kinds are those of the object database that existing tools browse.

use core::fmt;

use crate::error::quoted;

/// A value with its kind.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// 16 bits, signed.
    I16(i16),
    /// 16 bits.
    U16(u16),
    /// 32 bits, signed.
    I32(i32),
    /// 32 bits.
    U32(u32),
    /// 64 bits, signed.
    I64(i64),
    /// 64 bits.
    U64(u64),
    /// Single precision.
    Float(f32),
    /// Double precision.
    Double(f64),
    /// Text.
    Text(String),
    /// Bytes of unknown meaning.
    Binary(Vec<u8>),
}

/// The kind of a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// 16 bits, signed.
    I16,
    /// 16 bits.
    U16,
    /// 32 bits, signed.
    I32,
    /// 32 bits.
    U32,
    /// 64 bits, signed.
    I64,
    /// 64 bits.
    U64,
    /// Single precision.
    Float,
    /// Double precision.
    Double,
    /// Text.
    Text,
    /// Bytes of unknown meaning, written as hexadecimal digits.
    Binary,
}

/// A text that is no value of the kind it should be.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} is not {kind}", quoted(.text))]
pub struct NotA {
    /// The text.
    pub text: String,
    /// The kind.
    pub kind: Kind,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::I16 => "a whole number from -32768 to 32767",
            Self::U16 => "a whole number from 0 to 65535",
            Self::I32 => "a whole number of 32 bits",
            Self::U32 => "a whole number of 32 bits from 0",
            Self::I64 => "a whole number of 64 bits",
            Self::U64 => "a whole number of 64 bits from 0",
            Self::Float | Self::Double => "a number",
            Self::Text => "a text",
            Self::Binary => "bytes in hexadecimal, two digits each",
        })
    }
}

impl Value {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::I16(_) => Kind::I16,
            Self::U16(_) => Kind::U16,
            Self::I32(_) => Kind::I32,
            Self::U32(_) => Kind::U32,
            Self::I64(_) => Kind::I64,
            Self::U64(_) => Kind::U64,
            Self::Float(_) => Kind::Float,
            Self::Double(_) => Kind::Double,
            Self::Text(_) => Kind::Text,
            Self::Binary(_) => Kind::Binary,
        }
    }

    /// Reads a value of the given kind from its text form.
    ///
    /// # Errors
    /// The text is no such value.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, NotA> {
        let value = match kind {
            Kind::I16 => text.parse().ok().map(Self::I16),
            Kind::U16 => text.parse().ok().map(Self::U16),
            Kind::I32 => text.parse().ok().map(Self::I32),
            Kind::U32 => text.parse().ok().map(Self::U32),
            Kind::I64 => text.parse().ok().map(Self::I64),
            Kind::U64 => text.parse().ok().map(Self::U64),
            Kind::Float => text.parse().ok().map(Self::Float),
            Kind::Double => text.parse().ok().map(Self::Double),
            Kind::Text => Some(Self::Text(text.to_owned())),
            Kind::Binary => bytes(text).map(Self::Binary),
        };
        value.ok_or_else(|| NotA { text: text.to_owned(), kind })
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Bytes it takes.
    #[must_use]
    pub(crate) const fn length(&self) -> usize {
        match self {
            Self::I16(_) | Self::U16(_) => 2,
            Self::I32(_) | Self::U32(_) | Self::Float(_) => 4,
            Self::I64(_) | Self::U64(_) | Self::Double(_) => 8,
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// The text form: what [`Value::parse`] reads back.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I16(number) => write!(f, "{number}"),
            Self::U16(number) => write!(f, "{number}"),
            Self::I32(number) => write!(f, "{number}"),
            Self::U32(number) => write!(f, "{number}"),
            Self::I64(number) => write!(f, "{number}"),
            Self::U64(number) => write!(f, "{number}"),
            Self::Float(number) => write!(f, "{number}"),
            Self::Double(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Binary(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    if digits.len() % 2 != 0 {
        return None;
    }
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests;
