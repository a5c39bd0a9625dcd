//! In and out of the program's memory.
//!
//! Must never touch a null pointer, and never more than the header of the library says is there.

use std::ffi::{CStr, c_char, c_void};
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

/// Writes bytes where the program has room for them.
///
/// # Safety
/// `at` points to so many bytes.
pub(crate) unsafe fn write(at: *mut c_void, bytes: &[u8]) {
    // SAFETY: the caller's; nothing of ours lies in the program's memory.
    unsafe { at.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

/// Bytes at a place that fits any type, and that the program may write to.
#[derive(Debug)]
pub(crate) struct Aligned {
    words: Vec<u64>,
    size: usize,
}

impl Aligned {
    /// A copy of these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        // In one go: a word at a time costs as much as all the rest of a delivery.
        let (whole, rest) = bytes.as_chunks();
        let mut words = Vec::with_capacity(whole.len() + 1);
        words.extend(whole.iter().map(|word| u64::from_ne_bytes(*word)));
        let mut last = [0; size_of::<u64>()];
        last[..rest.len()].copy_from_slice(rest);
        words.push(u64::from_ne_bytes(last));
        Self { words, size: bytes.len() }
    }

    /// How many they are.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }

    /// Where they begin.
    pub(crate) fn start(&self) -> *const c_void {
        self.words.as_ptr().cast()
    }

    /// The same, to write to.
    pub(crate) fn start_mut(&mut self) -> *mut c_void {
        self.words.as_mut_ptr().cast()
    }

    /// A copy of them.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        bytes.truncate(self.size);
        bytes
    }
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
    fn aligned_bytes_are_the_same() {
        for size in [0, 1, 7, 8, 9, 4000] {
            let bytes: Vec<u8> = (0..u8::MAX).cycle().take(size).collect();
            let aligned = Aligned::of(&bytes);
            assert_eq!((aligned.bytes(), aligned.size()), (bytes, size));
            assert_eq!(aligned.start().addr() % 8, 0);
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
