//! Walking over keys.
//!
//! Must never show a key twice, whatever is set meanwhile: pages are asked for by the last name.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_uint};
use std::sync::{Arc, Mutex};

use client::map::Entry;

use super::value::Plain;
use super::{HANDLES, NAME, lock, optional_name};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::pointer::{offer, put, write};

/// What is left of a walk.
#[derive(Debug)]
struct Walk {
    prefix: String,
    /// The keys that were asked for and not shown.
    keys: VecDeque<Entry>,
    /// The last one that was asked for.
    last: String,
    /// There are others after it.
    more: bool,
}

static WALKS: Handles<Mutex<Walk>> = Handles::new();

/// Ends these walks.
pub(super) fn forget(walks: &[u64]) {
    for &walk in walks {
        // The program may have ended it.
        let _ = WALKS.remove(walk);
    }
}

/// Begins to walk over all keys whose names begin so.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_iter_init(
    handle: u64,
    prefix: *const c_char,
    iterator: *mut u64,
) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let prefix = unsafe { optional_name(prefix) }?.to_owned();
        if iterator.is_null() {
            return Err(Cs::InvalidParam);
        }
        let walk = Walk { prefix, keys: VecDeque::new(), last: String::new(), more: true };
        let number = WALKS.insert(Arc::new(Mutex::new(walk)))?;
        lock(&cmap.walks).push(number);
        // SAFETY: a place for a handle.
        unsafe { put(iterator, number) }
    })
}

/// The next key, with its size and type for those who want them.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_iter_next(
    handle: u64,
    iterator: u64,
    key_name: *mut c_char,
    value_len: *mut usize,
    kind: *mut c_uint,
) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        let walk = WALKS.get(iterator)?;
        let mut walk = lock(&walk);
        if key_name.is_null() {
            return Err(Cs::InvalidParam);
        }
        if walk.keys.is_empty() && walk.more {
            let (prefix, last) = (&walk.prefix, &walk.last);
            let page = cmap.base.session.ask(|asks| asks.map_list(cmap.map, prefix, last))?;
            walk.more = page.more && !page.entries.is_empty();
            if let Some(entry) = page.entries.last() {
                walk.last.clone_from(&entry.key);
            }
            walk.keys.extend(page.entries);
        }
        let Entry { key, value } = walk.keys.pop_front().ok_or(Cs::NoSections)?;
        let mut name = key.into_bytes();
        name.truncate(NAME - 1);
        name.push(0);
        let value = Plain::of(&value);
        // SAFETY: each is null or what the header says; `key_name` has 256 bytes.
        unsafe {
            write(key_name.cast(), &name);
            offer(value_len, value.size);
            offer(kind, value.kind);
        }
        Ok(())
    })
}

/// Ends the walk.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cmap_iter_finalize(handle: u64, iterator: u64) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        lock(&cmap.walks).retain(|walk| *walk != iterator);
        WALKS.remove(iterator).map(drop)
    })
}
