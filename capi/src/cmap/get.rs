//! Looking keys up.
//!
//! Must never write more than the program has room for.

use std::ffi::{c_char, c_int, c_uint, c_void};

use client::Value;

use super::value::Plain;
use super::{HANDLES, is_name, name};
use crate::entry::entry;
use crate::error::Cs;
use crate::pointer::{allocate, offer, put, read, write};

/// The value of a key.
///
/// # Safety
/// `key` is null or a text.
unsafe fn get(handle: u64, key: *const c_char) -> Result<Value, Cs> {
    let cmap = HANDLES.get(handle)?;
    // SAFETY: the caller's.
    let key = unsafe { name(key) }?;
    if !is_name(key) {
        return Err(Cs::NotExist);
    }
    cmap.base.session.ask(|asks| asks.map_get(cmap.map, key))
}

/// The value of a key of any type. Without a place for it, its type and its size only.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_get(
    handle: u64,
    key_name: *const c_char,
    value: *mut c_void,
    value_len: *mut usize,
    kind: *mut c_uint,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says; `value` is a place of `*value_len` bytes.
        unsafe {
            let found = Plain::of(&get(handle, key_name)?);
            offer(kind, found.kind);
            if !value.is_null() {
                let room = read(value_len).ok_or(Cs::InvalidParam)?;
                if room < found.size {
                    return Err(Cs::InvalidParam);
                }
                write(value, &found.bytes());
            }
            offer(value_len, found.size);
            Ok(())
        }
    })
}

/// Functions that look up a number of one type.
macro_rules! get_number {
    ($($name:ident $type:ty, $variant:ident;)*) => {
        $(
            /// The number under a key, if it is of this type.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name(
                handle: u64,
                key_name: *const c_char,
                number: *mut $type,
            ) -> c_int {
                entry(|| {
                    // SAFETY: null or a text.
                    let found = unsafe { get(handle, key_name) }?;
                    let Value::$variant(found) = found else { return Err(Cs::InvalidParam) };
                    // SAFETY: null or a place for a number.
                    unsafe { put(number, found) }
                })
            }
        )*
    };
}

get_number! {
    cmap_get_int8 i8, I8;
    cmap_get_uint8 u8, U8;
    cmap_get_int16 i16, I16;
    cmap_get_uint16 u16, U16;
    cmap_get_int32 i32, I32;
    cmap_get_uint32 u32, U32;
    cmap_get_int64 i64, I64;
    cmap_get_uint64 u64, U64;
    cmap_get_float f32, Float;
    cmap_get_double f64, Double;
}

/// The text under a key, if it is one; the program frees it.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_get_string(
    handle: u64,
    key_name: *const c_char,
    text: *mut *mut c_char,
) -> c_int {
    entry(|| {
        if text.is_null() {
            return Err(Cs::InvalidParam);
        }
        // SAFETY: null or a text.
        let found = unsafe { get(handle, key_name) }?;
        let Value::Text(found) = found else { return Err(Cs::InvalidParam) };
        // SAFETY: a place for a pointer.
        unsafe { put(text, allocate(&found)?) }
    })
}
