//! `libcmap`: keys of this node, their values, and being told when they change.
//!
//! Must never convert: a program that asks for a number of one type gets no number of another. A
//! handle has one connection, and a second one only when it is polled or tracks something: programs
//! open and close handles for a single key, many times.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use client::Map;
use client::map::{KeyChange, Track};
use client::proto::notice;

use self::value::Plain;
use crate::dispatch::{self, Instance};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::{self, Handles};
use crate::instance::{self, Base};
use crate::pointer::{put, text};
use crate::session::Session;

mod get;
mod iterate;
mod set;
mod value;

/// Shortest name of a key, bytes.
const SHORTEST: usize = 3;

/// Longest name of a key, bytes, with its end.
const NAME: usize = 256;

const TRACK_DELETE: c_int = 1;
const TRACK_MODIFY: c_int = 2;
const TRACK_ADD: c_int = 4;
const TRACK_PREFIX: c_int = 8;

/// `struct cmap_notify_value`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NotifyValue {
    kind: c_uint,
    size: usize,
    data: *const c_void,
}

/// `cmap_notify_fn_t`.
type Notify = unsafe extern "C-unwind" fn(
    u64,
    u64,
    c_int,
    *const c_char,
    NotifyValue,
    NotifyValue,
    *mut c_void,
);

#[derive(Debug)]
struct Cmap {
    base: Base,
    map: Map,
    tracks: Mutex<BTreeMap<u64, Tracked>>,
    /// Walks that were not ended.
    walks: Mutex<Vec<u64>>,
}

/// Whom to tell of a change.
#[derive(Clone, Copy, Debug)]
struct Tracked {
    notify: Notify,
    /// The program's pointer.
    user: usize,
}

/// A callback with its arguments.
struct Call {
    number: u64,
    tracked: Tracked,
    event: c_int,
    key: CString,
    new: Option<Plain>,
    old: Option<Plain>,
}

static HANDLES: Handles<Cmap> = Handles::new();

impl Instance for Cmap {
    type Call = Call;

    fn base(&self) -> &Base {
        &self.base
    }

    fn calls(&self, what: notice::What) -> Result<Vec<Call>, Cs> {
        let notice::What::MapChange(change) = what else { return Err(Cs::Library) };
        let KeyChange { track: number, key, old, new } = KeyChange::try_from(change)?;
        let Some(tracked) = lock(&self.tracks).get(&number).copied() else {
            // It was on its way when the program said that it wants no more.
            return Ok(Vec::new());
        };
        let event = match (&old, &new) {
            (None, _) => TRACK_ADD,
            (Some(_), None) => TRACK_DELETE,
            (Some(_), Some(_)) => TRACK_MODIFY,
        };
        let key = CString::new(key).map_err(|_| Cs::Library)?;
        let (new, old) = (new.as_ref().map(Plain::of), old.as_ref().map(Plain::of));
        Ok(vec![Call { number, tracked, event, key, new, old }])
    }

    fn call(&self, handle: u64, call: &mut Call) {
        let Call { number, tracked, event, key, new, old } = call;
        let (new, old) = (shown(new.as_ref()), shown(old.as_ref()));
        let user = ptr::with_exposed_provenance_mut(tracked.user);
        // SAFETY: a callback of the program, called as its type says.
        unsafe { (tracked.notify)(handle, *number, *event, key.as_ptr(), new, old, user) };
    }
}

fn shown(value: Option<&Plain>) -> NotifyValue {
    match value {
        // As the original: programs look at the type, not at the pointer.
        None => NotifyValue { kind: 0, size: 0, data: c"".as_ptr().cast() },
        Some(plain) => NotifyValue { kind: plain.kind, size: plain.size, data: plain.data() },
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Name of a key, as the program gives it.
///
/// # Safety
/// As [`text`].
unsafe fn name<'a>(at: *const c_char) -> Result<&'a str, Cs> {
    // SAFETY: the caller's.
    let name = unsafe { text(at) }?;
    if name.to_bytes().len() >= NAME {
        return Err(Cs::NameTooLong);
    }
    name.to_str().map_err(|_| Cs::InvalidParam)
}

/// Whether keys may have this name.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:".contains(&byte);
    name.len() >= SHORTEST && name.bytes().all(is_letter)
}

/// The same, where the program may give none.
///
/// # Safety
/// As [`text`].
unsafe fn optional_name<'a>(at: *const c_char) -> Result<&'a str, Cs> {
    if at.is_null() {
        return Ok("");
    }
    // SAFETY: the caller's.
    unsafe { name(at) }
}

fn make(map: Map) -> Result<Cmap, Cs> {
    Ok(Cmap {
        base: Base::new(Session::open("libcmap")?, ptr::null_mut()),
        map,
        tracks: Mutex::new(BTreeMap::new()),
        walks: Mutex::new(Vec::new()),
    })
}

/// Connects to the map of keys.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_initialize(handle: *mut u64) -> c_int {
    // SAFETY: null or a place for a handle.
    entry(|| unsafe { instance::begin(&HANDLES, handle, || make(Map::Keys)) })
}

/// Connects to a map.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_initialize_map(handle: *mut u64, map: c_uint) -> c_int {
    entry(|| {
        let map = match map {
            0 => Map::Keys,
            1 => Map::Statistics,
            _ => return Err(Cs::NotExist),
        };
        // SAFETY: null or a place for a handle.
        unsafe { instance::begin(&HANDLES, handle, || make(map)) }
    })
}

/// Ends the connection, its walks and its tracks.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cmap_finalize(handle: u64) -> c_int {
    entry(|| {
        if let Ok(cmap) = HANDLES.get(handle) {
            iterate::forget(&std::mem::take(&mut *lock(&cmap.walks)));
        }
        instance::end(&HANDLES, handle)
    })
}

/// The descriptor to poll.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_fd_get(handle: u64, fd: *mut c_int) -> c_int {
    // SAFETY: null or a place for a descriptor.
    entry(|| unsafe { instance::fd(&HANDLES, handle, fd) })
}

/// Takes events.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cmap_dispatch(handle: u64, flags: c_int) -> c_int {
    dispatch::dispatch(&HANDLES, handle, flags)
}

/// The pointer that was kept.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_context_get(handle: u64, context: *mut *mut c_void) -> c_int {
    // SAFETY: null or a place for a pointer.
    entry(|| unsafe { instance::context(&HANDLES, handle, context) })
}

/// Keeps a pointer for the program.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cmap_context_set(handle: u64, context: *const c_void) -> c_int {
    entry(|| {
        HANDLES.get(handle)?.base.set_context(context);
        Ok(())
    })
}

/// Has changes of a key told, or of all keys whose names begin so.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cmap_track_add(
    handle: u64,
    key_name: *const c_char,
    track_type: c_int,
    notify: Option<Notify>,
    user_data: *mut c_void,
    track_handle: *mut u64,
) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let key = unsafe { optional_name(key_name) }?.to_owned();
        let notify = notify.ok_or(Cs::InvalidParam)?;
        let known = TRACK_ADD | TRACK_DELETE | TRACK_MODIFY | TRACK_PREFIX;
        if track_handle.is_null() || track_type & !known != 0 {
            return Err(Cs::InvalidParam);
        }
        let has = |flag| track_type & flag != 0;
        let track = Track {
            map: cmap.map,
            prefix: has(TRACK_PREFIX) || key.is_empty(),
            key,
            added: has(TRACK_ADD),
            changed: has(TRACK_MODIFY),
            deleted: has(TRACK_DELETE),
        };
        // There must be somewhere to be told, and whom to tell, before anything is.
        cmap.base.session.events()?;
        let number = handles::number()?;
        let tracked = Tracked { notify, user: user_data.expose_provenance() };
        lock(&cmap.tracks).insert(number, tracked);
        let done = cmap.base.session.ask(|asks| asks.map_track(number, &track));
        if done.is_err() {
            lock(&cmap.tracks).remove(&number);
        }
        done?;
        // SAFETY: a place for a handle.
        unsafe { put(track_handle, number) }
    })
}

/// Has these changes told no longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cmap_track_delete(handle: u64, track_handle: u64) -> c_int {
    entry(|| {
        let cmap = HANDLES.get(handle)?;
        lock(&cmap.tracks).remove(&track_handle).ok_or(Cs::BadHandle)?;
        cmap.base.session.ask(|asks| asks.map_untrack(track_handle))
    })
}

#[cfg(test)]
mod tests;
