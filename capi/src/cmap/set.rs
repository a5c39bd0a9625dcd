//! Giving keys values.
//!
//! Must never take more bytes from the program than the type has.

use std::ffi::{c_char, c_int, c_uint, c_void};

use bytes::Bytes;
use client::Value;

use super::{HANDLES, is_name, name, value};
use crate::entry::entry;
use crate::error::Cs;
use crate::pointer::{row, text};

/// Gives a key a value.
///
/// # Safety
/// `key` is null or a text.
unsafe fn set(handle: u64, key: *const c_char, value: Value) -> Result<(), Cs> {
    let cmap = HANDLES.get(handle)?;
    // SAFETY: the caller's.
    let key = unsafe { name(key) }?;
    if !is_name(key) {
        // Whatever is wrong with it; so says the original.
        return Err(Cs::NameTooLong);
    }
    cmap.base.session.ask(|asks| asks.map_set(cmap.map, key, value))
}

/// Adds to the whole number under a key.
///
/// # Safety
/// `key` is null or a text.
unsafe fn adjust(handle: u64, key: *const c_char, step: i32) -> Result<(), Cs> {
    let cmap = HANDLES.get(handle)?;
    // SAFETY: the caller's.
    let key = unsafe { name(key) }?;
    cmap.base.session.ask(|asks| asks.map_adjust(cmap.map, key, step)).map(drop)
}

/// Gives a key a value of any type.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_set(
    handle: u64,
    key_name: *const c_char,
    value: *const c_void,
    value_len: usize,
    kind: c_uint,
) -> c_int {
    entry(|| {
        if value.is_null() {
            return Err(Cs::InvalidParam);
        }
        // SAFETY: so many bytes.
        let value = value::read(kind, unsafe { row(value.cast::<u8>(), value_len) })?;
        // SAFETY: null or a text.
        unsafe { set(handle, key_name, value) }
    })
}

/// Functions that set a number of one type.
macro_rules! set_number {
    ($($name:ident $type:ty, $variant:ident;)*) => {
        $(
            /// Gives a key a number of this type.
            #[unsafe(no_mangle)]
            pub unsafe extern "C-unwind" fn $name(
                handle: u64,
                key_name: *const c_char,
                number: $type,
            ) -> c_int {
                // SAFETY: null or a text.
                entry(|| unsafe { set(handle, key_name, Value::$variant(number)) })
            }
        )*
    };
}

set_number! {
    cmap_set_int8 i8, I8;
    cmap_set_uint8 u8, U8;
    cmap_set_int16 i16, I16;
    cmap_set_uint16 u16, U16;
    cmap_set_int32 i32, I32;
    cmap_set_uint32 u32, U32;
    cmap_set_int64 i64, I64;
    cmap_set_uint64 u64, U64;
    cmap_set_float f32, Float;
    cmap_set_double f64, Double;
}

/// Gives a key a text.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_set_string(
    handle: u64,
    key_name: *const c_char,
    value: *const c_char,
) -> c_int {
    entry(|| {
        // SAFETY: null or a text.
        let value = Bytes::copy_from_slice(unsafe { text(value) }?.to_bytes());
        // SAFETY: null or a text.
        unsafe { set(handle, key_name, Value::Text(value)) }
    })
}

/// Removes a key.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_delete(handle: u64, key_name: *const c_char) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let key = unsafe { name(key_name) }?;
        cmap.base.session.ask(|asks| asks.map_delete(cmap.map, key))
    })
}

/// Adds 1 to the number under a key.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_inc(handle: u64, key_name: *const c_char) -> c_int {
    // SAFETY: null or a text.
    entry(|| unsafe { adjust(handle, key_name, 1) })
}

/// Takes 1 from the number under a key.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_dec(handle: u64, key_name: *const c_char) -> c_int {
    // SAFETY: null or a text.
    entry(|| unsafe { adjust(handle, key_name, -1) })
}
