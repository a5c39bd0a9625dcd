//! A key of a map has a value of one of twelve types, and programs are strict about them.
//!
//! Must never change a value on its way: numbers of floating point are kept as their bits, text as
//! its bytes. Must never guess a type.

use bytes::Bytes;

/// A value of a key of a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// 8 bits, signed.
    I8(i8),
    /// 8 bits.
    U8(u8),
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
    /// The bits of a number of single precision.
    Float(u32),
    /// The bits of a number of double precision.
    Double(u64),
    /// Text: bytes without a zero, in no certain encoding.
    Text(Bytes),
    /// Bytes of unknown meaning.
    Binary(Bytes),
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// Yes or no, as configurations say it: a byte of 1 or 0.
    #[must_use]
    pub const fn flag(yes: bool) -> Self {
        Self::U8(if yes { 1 } else { 0 })
    }

    /// Bytes it takes.
    pub(super) const fn size(&self) -> usize {
        match self {
            Self::I8(_) | Self::U8(_) => 1,
            Self::I16(_) | Self::U16(_) => 2,
            Self::I32(_) | Self::U32(_) | Self::Float(_) => 4,
            Self::I64(_) | Self::U64(_) | Self::Double(_) => 8,
            Self::Text(bytes) | Self::Binary(bytes) => bytes.len(),
        }
    }

    /// The number this one becomes when `step` is added, around the end of its type if need be;
    /// `None` for what is no whole number.
    pub(super) fn adjusted(&self, step: i32) -> Option<Self> {
        let [first, second, ..] = step.to_le_bytes();
        let short = [first, second];
        Some(match self {
            Self::I8(number) => Self::I8(number.wrapping_add(i8::from_le_bytes([first]))),
            Self::U8(number) => Self::U8(number.wrapping_add(first)),
            Self::I16(number) => Self::I16(number.wrapping_add(i16::from_le_bytes(short))),
            Self::U16(number) => Self::U16(number.wrapping_add(u16::from_le_bytes(short))),
            Self::I32(number) => Self::I32(number.wrapping_add(step)),
            Self::U32(number) => Self::U32(number.wrapping_add_signed(step)),
            Self::I64(number) => Self::I64(number.wrapping_add(step.into())),
            Self::U64(number) => Self::U64(number.wrapping_add_signed(step.into())),
            Self::Float(_) | Self::Double(_) | Self::Text(_) | Self::Binary(_) => return None,
        })
    }
}
