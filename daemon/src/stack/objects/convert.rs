//! Values of objects and values as programs say them.
//!
//! Must never change one: what an object cannot hold is refused.

use bytes::Bytes;

use super::ObjectRefused;
use crate::stack::map::Value;

/// The value that a program gives a key.
pub(super) fn from_program(key: &str, value: Value) -> Result<confdb::Value, ObjectRefused> {
    let refused = |expected| ObjectRefused::Value { key: key.to_owned(), expected };
    Ok(match value {
        Value::I8(_) | Value::U8(_) => {
            return Err(refused("a number of 16 bits or more, text or bytes"));
        }
        Value::I16(number) => confdb::Value::I16(number),
        Value::U16(number) => confdb::Value::U16(number),
        Value::I32(number) => confdb::Value::I32(number),
        Value::U32(number) => confdb::Value::U32(number),
        Value::I64(number) => confdb::Value::I64(number),
        Value::U64(number) => confdb::Value::U64(number),
        Value::Float(bits) => confdb::Value::Float(f32::from_bits(bits)),
        Value::Double(bits) => confdb::Value::Double(f64::from_bits(bits)),
        Value::Text(bytes) => {
            let text = String::from_utf8(bytes.into()).map_err(|_| refused("text in UTF-8"))?;
            confdb::Value::Text(text)
        }
        Value::Binary(bytes) => confdb::Value::Binary(bytes.into()),
    })
}

/// The value of a key for a program.
pub(super) fn for_program(value: &confdb::Value) -> Value {
    match value {
        confdb::Value::I16(number) => Value::I16(*number),
        confdb::Value::U16(number) => Value::U16(*number),
        confdb::Value::I32(number) => Value::I32(*number),
        confdb::Value::U32(number) => Value::U32(*number),
        confdb::Value::I64(number) => Value::I64(*number),
        confdb::Value::U64(number) => Value::U64(*number),
        confdb::Value::Float(number) => Value::Float(number.to_bits()),
        confdb::Value::Double(number) => Value::Double(number.to_bits()),
        confdb::Value::Text(text) => Value::text(text),
        confdb::Value::Binary(bytes) => Value::Binary(Bytes::copy_from_slice(bytes)),
    }
}

/// Bytes that a value takes.
pub(super) fn size(value: &confdb::Value) -> usize {
    match value {
        confdb::Value::Text(text) => text.len(),
        confdb::Value::Binary(bytes) => bytes.len(),
        confdb::Value::I16(_)
        | confdb::Value::U16(_)
        | confdb::Value::I32(_)
        | confdb::Value::U32(_)
        | confdb::Value::I64(_)
        | confdb::Value::U64(_)
        | confdb::Value::Float(_)
        | confdb::Value::Double(_) => 8,
    }
}
