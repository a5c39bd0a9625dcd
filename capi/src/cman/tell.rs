//! Being told: what happens to the cluster, what comes to a port, and `cman_dispatch`.
//!
//! Must never hold a lock while a callback runs, nor while it waits. Must never read ahead: what
//! was not dispatched keeps the descriptor readable. Only events and data that the program itself
//! has put aside (`CMAN_DISPATCH_IGNORE_*`) are kept here; then `cman_get_fd` gives a descriptor
//! that is always readable, as the original does.

use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_uint, c_void};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use client::Connection;
use client::proto::{self, notice};

use super::layout::narrow;
use super::{Cman, Handle, call, get};
use crate::errno::{Errno, guarded, set};

const ALL: c_int = 1;
const BLOCKING: c_int = 2;
const IGNORE_DATA: c_int = 8;
const IGNORE_EVENT: c_int = 16;

const PORT_CLOSED: c_int = 0;
const STATE_CHANGE: c_int = 1;
const PORT_OPENED: c_int = 2;
const TRY_SHUTDOWN: c_int = 3;
const CONFIG_UPDATE: c_int = 4;

/// Calls that may be put aside.
const MOST_ASIDE: usize = 4096;

/// `cman_callback_t`.
pub(super) type EventCallback = unsafe extern "C-unwind" fn(Handle, *mut c_void, c_int, c_int);

/// `cman_datacallback_t`.
pub(super) type DataCallback =
    unsafe extern "C-unwind" fn(Handle, *mut c_void, *mut c_char, c_int, u8, c_int);

/// `cman_confchgcallback_t`.
pub(super) type ConfchgCallback = unsafe extern "C-unwind" fn(
    Handle,
    *mut c_void,
    *mut c_uint,
    c_int,
    *mut c_uint,
    c_int,
    *mut c_uint,
    c_int,
);

/// What a handle is told, and how.
#[derive(Debug, Default)]
pub(super) struct Told {
    callbacks: Mutex<Callbacks>,
    quorate: AtomicBool,
    aside: Mutex<Aside>,
    /// Readable at all times.
    ready: OnceLock<File>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Callbacks {
    event: Option<EventCallback>,
    data: Option<DataCallback>,
    confchg: Option<ConfchgCallback>,
}

/// What the program did not want to have yet.
#[derive(Debug, Default)]
struct Aside {
    data: VecDeque<Call>,
    events: VecDeque<Call>,
}

/// A callback with its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Call {
    Event { reason: c_int, arg: c_int },
    Data { payload: Bytes, port: u8, node: c_int },
    Confchg { members: Vec<c_uint>, left: Vec<c_uint>, joined: Vec<c_uint> },
}

impl Told {
    fn callbacks(&self) -> MutexGuard<'_, Callbacks> {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn aside(&self) -> MutexGuard<'_, Aside> {
        self.aside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is told of data from now on; who was so far.
    pub(super) fn set_data(&self, callback: Option<DataCallback>) -> Option<DataCallback> {
        std::mem::replace(&mut self.callbacks().data, callback)
    }

    /// The next call that was put aside and is wanted now.
    fn kept(&self, flags: c_int) -> Option<Call> {
        let mut aside = self.aside();
        let data = if flags & IGNORE_DATA == 0 { aside.data.pop_front() } else { None };
        data.or_else(|| if flags & IGNORE_EVENT == 0 { aside.events.pop_front() } else { None })
    }

    /// Puts a call aside if it is not wanted now; gives back one that is.
    fn keep(&self, flags: c_int, call: Call) -> Result<Option<Call>, Errno> {
        let mut aside = self.aside();
        let (unwanted, queue) = match call {
            Call::Data { .. } => (flags & IGNORE_DATA != 0, &mut aside.data),
            Call::Event { .. } | Call::Confchg { .. } => {
                (flags & IGNORE_EVENT != 0, &mut aside.events)
            }
        };
        if !unwanted {
            return Ok(Some(call));
        }
        if queue.len() >= MOST_ASIDE {
            return Err(Errno(libc::ENOBUFS));
        }
        queue.push_back(call);
        Ok(None)
    }
}

impl Cman {
    /// Asks the daemon for what the callbacks need.
    fn watch(&self, wanted: Callbacks) -> Result<(), Errno> {
        if self.admin {
            return Err(Errno::INVALID);
        }
        self.ask(|asks| {
            if wanted.event.is_some() {
                // CMAN asks whoever is told of anything.
                asks.watch_and_object()?;
            } else {
                asks.watch(wanted.confchg.is_some())?;
            }
            let quorate = asks.status()?.quorum.quorate;
            self.told.quorate.store(quorate, Ordering::Release);
            Ok(())
        })
    }

    /// Sets or clears a callback, when the daemon agrees.
    fn set(&self, change: impl FnOnce(&mut Callbacks)) -> Result<c_int, Errno> {
        let mut wanted = *self.told.callbacks();
        change(&mut wanted);
        self.watch(wanted)?;
        *self.told.callbacks() = wanted;
        Ok(0)
    }

    /// What the program is to be told, in this order. Of other things nobody asked to be told.
    fn calls(&self, what: notice::What) -> Vec<Call> {
        if let notice::What::Membership(told) = what {
            let proto::Membership { members, joined, left, .. } = told;
            return vec![Call::Confchg { members, left, joined }, self.changed()];
        }
        if let notice::What::Quorum(proto::Quorum { quorate, .. }) = what {
            self.told.quorate.store(quorate, Ordering::Release);
            return vec![self.changed()];
        }
        if let notice::What::StateChange(_) = what {
            return vec![self.changed()];
        }
        if let notice::What::TryShutdown(proto::TryShutdown { remove, force }) = what {
            let arg = c_int::from(force) + 2 * c_int::from(remove);
            return vec![Call::Event { reason: TRY_SHUTDOWN, arg }];
        }
        if let notice::What::ConfigUpdate(proto::ConfigUpdate { version }) = what {
            return vec![Call::Event { reason: CONFIG_UPDATE, arg: narrow(version) }];
        }
        if let notice::What::PortChange(proto::PortChange { node, open, .. }) = what {
            let reason = if open { PORT_OPENED } else { PORT_CLOSED };
            // The header says that this is the port; the original gives the node.
            return vec![Call::Event { reason, arg: narrow(node) }];
        }
        if let notice::What::Data(proto::Data { from, port, payload }) = what {
            let port = u8::try_from(port).unwrap_or_default();
            return vec![Call::Data { payload, port, node: narrow(from) }];
        }
        Vec::new()
    }

    /// Something is otherwise in the cluster.
    fn changed(&self) -> Call {
        let arg = c_int::from(self.told.quorate.load(Ordering::Acquire));
        Call::Event { reason: STATE_CHANGE, arg }
    }

    /// Of these, what there is a callback for.
    fn wanted(&self, what: notice::What) -> Vec<Call> {
        let wanted = *self.told.callbacks();
        let mut calls = self.calls(what);
        calls.retain(|call| match call {
            Call::Event { .. } => wanted.event.is_some(),
            Call::Data { .. } => wanted.data.is_some(),
            Call::Confchg { .. } => wanted.confchg.is_some(),
        });
        calls
    }

    /// Tells the program, if it wants to be told.
    fn call(&self, handle: Handle, call: Call) {
        let wanted = *self.told.callbacks();
        let private = self.private.load(Ordering::Acquire);
        // SAFETY (all): the program gave these functions for these arguments. Texts and rows are
        // good for the length of the call, and are this library's: a program that writes to them
        // harms nobody.
        match call {
            Call::Event { reason, arg } => {
                if let Some(callback) = wanted.event {
                    // SAFETY: see above.
                    unsafe { callback(handle, private, reason, arg) };
                }
            }
            Call::Data { payload, port, node } => {
                if let Some(callback) = wanted.data {
                    let mut payload = payload.to_vec();
                    let size = narrow(payload.len());
                    // SAFETY: see above.
                    unsafe {
                        let text = payload.as_mut_ptr().cast();
                        callback(handle, private, text, size, port, node);
                    }
                }
            }
            Call::Confchg { mut members, mut left, mut joined } => {
                if let Some(callback) = wanted.confchg {
                    let [m, l, j] = [members.len(), left.len(), joined.len()].map(narrow);
                    let rows = [&mut members, &mut left, &mut joined].map(Vec::as_mut_ptr);
                    // SAFETY: see above.
                    unsafe { callback(handle, private, rows[0], m, rows[1], l, rows[2], j) };
                }
            }
        }
    }
}

/// Has this handle be told of events, and asked before this node leaves.
///
/// # Safety
/// `callback` is null or a function of this type.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_start_notification(
    handle: Handle,
    callback: Option<EventCallback>,
) -> c_int {
    call(handle, |cman| {
        let callback = callback.ok_or(Errno::INVALID)?;
        cman.set(|wanted| wanted.event = Some(callback))
    })
}

/// No longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_stop_notification(handle: Handle) -> c_int {
    call(handle, |cman| cman.set(|wanted| wanted.event = None))
}

/// Has this handle be told who is a member, whenever that changes.
///
/// # Safety
/// As [`cman_start_notification`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_start_confchg(
    handle: Handle,
    callback: Option<ConfchgCallback>,
) -> c_int {
    call(handle, |cman| {
        let callback = callback.ok_or(Errno::INVALID)?;
        cman.set(|wanted| wanted.confchg = Some(callback))
    })
}

/// No longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_stop_confchg(handle: Handle) -> c_int {
    call(handle, |cman| cman.set(|wanted| wanted.confchg = None))
}

/// Says whether this node may leave; within the callback or after it.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_replyto_shutdown(handle: Handle, yesno: c_int) -> c_int {
    call(handle, |cman| {
        let answer = |asks: &mut Connection| asks.answer_shutdown(yesno != 0);
        cman.ask(answer).map(|()| 0)
    })
}

/// A descriptor that is readable while there is something to dispatch.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_get_fd(handle: Handle) -> c_int {
    call(handle, |cman| {
        if cman.told.aside().data.is_empty() && cman.told.aside().events.is_empty() {
            return Ok(cman.session.fd()?);
        }
        if let Some(ready) = cman.told.ready.get() {
            return Ok(ready.as_raw_fd());
        }
        let zero = File::open("/dev/zero");
        let zero = zero.map_err(|why| Errno(why.raw_os_error().unwrap_or(libc::EIO)))?;
        Ok(cman.told.ready.get_or_init(|| zero).as_raw_fd())
    })
}

/// Has callbacks be called for what there is: one, or all; waits for it if told so. The number of
/// things that were dispatched or put aside; 0 when there was none; -1 and `EHOSTDOWN` when the
/// daemon is gone.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_dispatch(handle: Handle, flags: c_int) -> c_int {
    // Outside of the wall: a thread may be cancelled while it waits and in callbacks.
    let done = guarded(|| get(handle)).and_then(|cman| dispatch(&cman, handle, flags));
    done.unwrap_or_else(|why| {
        set(why);
        -1
    })
}

fn dispatch(cman: &Arc<Cman>, handle: Handle, flags: c_int) -> Result<c_int, Errno> {
    let mut count: c_int = 0;
    loop {
        if let Some(call) = guarded(|| Ok(cman.told.kept(flags)))? {
            cman.call(handle, call);
        } else if let Some(what) = guarded(|| Ok(cman.session.take()?))? {
            let calls = guarded(|| Ok(cman.wanted(what)))?;
            if calls.is_empty() {
                continue;
            }
            for call in calls {
                if let Some(call) = guarded(|| cman.told.keep(flags, call))? {
                    cman.call(handle, call);
                }
            }
        } else if flags & BLOCKING != 0 && (count == 0 || flags & ALL != 0) {
            wait(guarded(|| Ok(cman.session.fd()?))?);
            continue;
        } else {
            return Ok(count);
        }
        count = count.saturating_add(1);
        if cman.ended.load(Ordering::Acquire) || flags & ALL == 0 {
            return Ok(count);
        }
    }
}

/// Waits for the descriptor. A place where the thread may be cancelled.
fn wait(fd: c_int) {
    let mut wanted = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry is there. Whatever is returned, an interruption too: the caller looks.
    unsafe { libc::poll(&raw mut wanted, 1, -1) };
}
