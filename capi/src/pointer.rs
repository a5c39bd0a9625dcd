//! In and out of the program's memory.
//!
//! Must never touch a null pointer, and never more than the header of the library says is there.

use std::ffi::{CStr, c_char};
use std::slice;

use crate::error::Cs;

/// Writes a result where the program wants it.
///
/// # Safety
/// `at` is null or points to a place for a `T`.
pub(crate) unsafe fn put<T>(at: *mut T, value: T) -> Result<(), Cs> {
    if at.is_null() {
        return Err(Cs::InvalidParam);
    }
    // SAFETY: it is not null, and then a place for a T. It may hold nothing yet, and be badly
    // aligned in a packed struct of the program.
    unsafe { at.write_unaligned(value) };
    Ok(())
}

/// Writes a result where the program wants it, if it wants it.
///
/// # Safety
/// As [`put`].
pub(crate) unsafe fn offer<T>(at: *mut T, value: T) {
    // SAFETY: the caller's.
    let _ = unsafe { put(at, value) };
}

/// Reads a value of the program; `None` when it gave none.
///
/// # Safety
/// `at` is null or points to a `T`.
pub(crate) unsafe fn read<T: Copy>(at: *const T) -> Option<T> {
    if at.is_null() {
        return None;
    }
    // SAFETY: it is not null, and then a T.
    Some(unsafe { at.read_unaligned() })
}

/// A text of the program.
///
/// # Safety
/// `at` is null or points to bytes of which one is 0, and which do not change as long as the
/// result is used.
pub(crate) unsafe fn text<'a>(at: *const c_char) -> Result<&'a CStr, Cs> {
    if at.is_null() {
        return Err(Cs::InvalidParam);
    }
    // SAFETY: it is not null, and then a text with its end.
    Ok(unsafe { CStr::from_ptr(at) })
}

/// A row of values of the program; none of them when there is no pointer.
///
/// # Safety
/// `at` is null or points to `count` values, which do not change as long as the result is used.
pub(crate) unsafe fn row<'a, T>(at: *const T, count: usize) -> &'a [T] {
    if at.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: it is not null, and then so many values.
    unsafe { slice::from_raw_parts(at, count) }
}

/// A copy of these bytes and a 0 behind them, which the program frees.
pub(crate) fn allocate(bytes: &[u8]) -> Result<*mut c_char, Cs> {
    // SAFETY: malloc may be asked for any size.
    let place = unsafe { libc::malloc(bytes.len() + 1) }.cast::<u8>();
    if place.is_null() {
        return Err(Cs::NoResources);
    }
    // SAFETY: so many bytes were just given, to nobody else.
    let room = unsafe { slice::from_raw_parts_mut(place, bytes.len() + 1) };
    // SAFETY: bytes of malloc are written before they are read.
    room[..bytes.len()].copy_from_slice(bytes);
    room[bytes.len()] = 0;
    Ok(place.cast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_an_invalid_parameter_and_no_row() {
        // SAFETY: null is allowed in each.
        unsafe {
            assert_eq!(put(std::ptr::null_mut(), 1), Err(Cs::InvalidParam));
            assert_eq!(read::<u32>(std::ptr::null()), None);
            assert_eq!(text(std::ptr::null()), Err(Cs::InvalidParam));
            assert_eq!(row::<u32>(std::ptr::null(), 7), &[]);
        }
    }

    #[test]
    fn allocated_text_ends() {
        let text = allocate(b"node").unwrap();
        // SAFETY: it was just allocated, and is freed once.
        unsafe {
            assert_eq!(CStr::from_ptr(text), c"node");
            libc::free(text.cast());
        }
    }
}
