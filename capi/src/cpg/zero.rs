//! Buffers that a program fills and sends. The original shares them with its engine; here they are
//! memory, and sending them is sending any other.
//!
//! Must never free what was not given out here.

use std::collections::BTreeSet;
use std::ffi::{c_int, c_uint, c_void};
use std::io::IoSlice;
use std::sync::Mutex;

use super::{HANDLES, lock, send};
use crate::entry::entry;
use crate::error::Cs;
use crate::pointer::{put, row};

/// Buffers of one handle, by address.
#[derive(Debug, Default)]
pub(super) struct Buffers(Mutex<BTreeSet<usize>>);

impl Drop for Buffers {
    fn drop(&mut self) {
        for &at in &*lock(&self.0) {
            free(at);
        }
    }
}

fn free(at: usize) {
    // SAFETY: it came from malloc and is freed once: whoever calls has taken it out of the set.
    unsafe { libc::free(std::ptr::with_exposed_provenance_mut(at)) };
}

/// A buffer of so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_zcb_alloc(
    handle: u64,
    size: usize,
    buffer: *mut *mut c_void,
) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        if buffer.is_null() {
            return Err(Cs::InvalidParam);
        }
        // SAFETY: malloc may be asked for any size.
        let place = unsafe { libc::malloc(size.max(1)) };
        if place.is_null() {
            return Err(Cs::NoResources);
        }
        lock(&cpg.zero.0).insert(place.expose_provenance());
        // SAFETY: a place for a pointer.
        unsafe { put(buffer, place) }
    })
}

/// The buffer is not needed any more.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cpg_zcb_free(handle: u64, buffer: *mut c_void) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        if !lock(&cpg.zero.0).remove(&buffer.addr()) {
            return Err(Cs::InvalidParam);
        }
        free(buffer.expose_provenance());
        Ok(())
    })
}

/// Sends what is in a buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_zcb_mcast_joined(
    handle: u64,
    guarantee: c_uint,
    message: *const c_void,
    size: usize,
) -> c_int {
    entry(|| {
        // SAFETY: null or so many bytes.
        let content = unsafe { row(message.cast::<u8>(), size) };
        send::send(&*HANDLES.get(handle)?, guarantee, &[IoSlice::new(content)])
    })
}
