//! Values of keys as they lie in the memory of a C program.
//!
//! Must never let a value be shorter than its type says, nor a text be without its end.

use std::ffi::{c_uint, c_void};

use bytes::Bytes;
use client::Value;

use crate::error::Cs;
use crate::pointer::Aligned;

/// The header's numbers of the types.
pub(super) const TEXT: c_uint = 11;
pub(super) const BINARY: c_uint = 12;

/// A value, its type, and its size; a text has its end in it.
pub(super) struct Plain {
    pub(super) kind: c_uint,
    pub(super) size: usize,
    content: Aligned,
}

impl Plain {
    /// A value as C has it.
    pub(super) fn of(value: &Value) -> Self {
        let (kind, bytes) = match value {
            Value::I8(number) => (1, number.to_ne_bytes().to_vec()),
            Value::U8(number) => (2, number.to_ne_bytes().to_vec()),
            Value::I16(number) => (3, number.to_ne_bytes().to_vec()),
            Value::U16(number) => (4, number.to_ne_bytes().to_vec()),
            Value::I32(number) => (5, number.to_ne_bytes().to_vec()),
            Value::U32(number) => (6, number.to_ne_bytes().to_vec()),
            Value::I64(number) => (7, number.to_ne_bytes().to_vec()),
            Value::U64(number) => (8, number.to_ne_bytes().to_vec()),
            Value::Float(number) => (9, number.to_ne_bytes().to_vec()),
            Value::Double(number) => (10, number.to_ne_bytes().to_vec()),
            Value::Text(bytes) => (TEXT, [&bytes[..], &[0]].concat()),
            Value::Binary(bytes) => (BINARY, bytes.to_vec()),
        };
        Self { kind, size: bytes.len(), content: Aligned::of(&bytes) }
    }

    pub(super) fn data(&self) -> *const c_void {
        self.content.start()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.content.bytes()
    }
}

/// The value that these bytes are, as a type of this number.
pub(super) fn read(kind: c_uint, bytes: &[u8]) -> Result<Value, Cs> {
    /// A number of as many bytes as there are.
    fn number<const SIZE: usize>(bytes: &[u8]) -> Result<[u8; SIZE], Cs> {
        bytes.try_into().map_err(|_| Cs::InvalidParam)
    }
    Ok(match kind {
        1 => Value::I8(i8::from_ne_bytes(number(bytes)?)),
        2 => Value::U8(u8::from_ne_bytes(number(bytes)?)),
        3 => Value::I16(i16::from_ne_bytes(number(bytes)?)),
        4 => Value::U16(u16::from_ne_bytes(number(bytes)?)),
        5 => Value::I32(i32::from_ne_bytes(number(bytes)?)),
        6 => Value::U32(u32::from_ne_bytes(number(bytes)?)),
        7 => Value::I64(i64::from_ne_bytes(number(bytes)?)),
        8 => Value::U64(u64::from_ne_bytes(number(bytes)?)),
        9 => Value::Float(f32::from_ne_bytes(number(bytes)?)),
        10 => Value::Double(f64::from_ne_bytes(number(bytes)?)),
        TEXT => {
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            Value::Text(Bytes::copy_from_slice(bytes.get(..end).unwrap_or_default()))
        }
        BINARY => Value::Binary(Bytes::copy_from_slice(bytes)),
        _ => return Err(Cs::InvalidParam),
    })
}
