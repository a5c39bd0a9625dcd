//! `libvotequorum`: how votes are counted, setting them, and speaking for a quorum device.
//!
//! Must never count: everything shown is the daemon's. What the original keeps and this cluster
//! does not need (whether a device's votes win over more nodes) is taken and has no effect.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use client::manager::{ViewPart, ViewParts};
use client::proto::notice;
use client::{ClusterView, NodeState, StateChange};

use crate::dispatch::{self, Instance};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::instance::{self, Base};
use crate::pointer::{put, read, text};
use crate::quorum::{RingId, track, untrack};
use crate::session::Session;

mod info;

pub use self::info::Info;

/// Bytes of a device's name with its end.
const NAME: usize = 255;

/// `votequorum_node_t`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    nodeid: u32,
    state: u32,
}

/// `votequorum_quorum_notification_fn_t`.
type NotifyQuorum = unsafe extern "C-unwind" fn(u64, u64, u32, u32, *mut Node);
/// `votequorum_expectedvotes_notification_fn_t`.
type NotifyExpected = unsafe extern "C-unwind" fn(u64, u64, u32);
/// `votequorum_nodelist_notification_fn_t`.
type NotifyNodes = unsafe extern "C-unwind" fn(u64, u64, RingId, u32, *mut u32);

/// `votequorum_callbacks_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks {
    quorum: Option<NotifyQuorum>,
    expected: Option<NotifyExpected>,
    nodes: Option<NotifyNodes>,
}

#[derive(Debug)]
struct VoteQuorum {
    base: Base,
    callbacks: Callbacks,
    tracking: AtomicBool,
    /// What the program wants to get back with each event.
    tag: AtomicU64,
    /// Name of the device that this handle speaks for.
    device: Mutex<Option<String>>,
}

/// A callback with its arguments.
enum Call {
    Quorum(bool, Vec<Node>),
    Expected(u32),
    Nodes(RingId, Vec<u32>),
}

static HANDLES: Handles<VoteQuorum> = Handles::new();

impl Instance for VoteQuorum {
    type Call = Call;

    fn base(&self) -> &Base {
        &self.base
    }

    fn calls(&self, what: notice::What) -> Result<Vec<Call>, Cs> {
        let notice::What::View(view) = what else { return Err(Cs::Library) };
        let view = ClusterView::try_from(view)?;
        Ok(vec![match view.part {
            ViewPart::Members => {
                let ring = RingId { nodeid: view.representative, seq: view.generation };
                Call::Nodes(ring, view.members)
            }
            ViewPart::Verdict => {
                let node = |of: &StateChange| Node { nodeid: of.node, state: state(of.state) };
                Call::Quorum(view.quorate, view.nodes.iter().map(node).collect())
            }
            ViewPart::Expected => Call::Expected(view.expected),
            ViewPart::Whole => return Err(Cs::Library),
        }])
    }

    fn call(&self, handle: u64, call: &mut Call) {
        let (callbacks, tag) = (&self.callbacks, self.tag.load(Ordering::Acquire));
        match call {
            Call::Quorum(quorate, nodes) => {
                let Some(notify) = callbacks.quorum else { return };
                let mut nodes = nodes.clone();
                let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                // SAFETY: a callback of the program, called as its type says.
                unsafe { notify(handle, tag, (*quorate).into(), count, nodes.as_mut_ptr()) };
            }
            Call::Expected(votes) => {
                let Some(notify) = callbacks.expected else { return };
                // SAFETY: as before.
                unsafe { notify(handle, tag, *votes) };
            }
            Call::Nodes(ring, members) => {
                let Some(notify) = callbacks.nodes else { return };
                let mut members = members.clone();
                let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                // SAFETY: as before.
                unsafe { notify(handle, tag, *ring, count, members.as_mut_ptr()) };
            }
        }
    }
}

/// The header's number of a state.
const fn state(state: NodeState) -> u32 {
    match state {
        NodeState::Member => 1,
        NodeState::Joining | NodeState::Dead | NodeState::Disallowed => 2,
        NodeState::Leaving => 3,
    }
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Name of a device, as the program gives it.
///
/// # Safety
/// As [`text`].
unsafe fn name(at: *const c_char) -> Result<String, Cs> {
    // SAFETY: the caller's.
    let name = unsafe { text(at) }.map(CStr::to_bytes)?;
    if name.is_empty() || name.len() >= NAME {
        return Err(Cs::InvalidParam);
    }
    String::from_utf8(name.to_vec()).map_err(|_| Cs::InvalidParam)
}

impl VoteQuorum {
    /// The name is that of the device that this handle speaks for.
    fn speaks_for(&self, name: &str) -> Result<(), Cs> {
        match &*lock(&self.device) {
            None => Err(Cs::NotExist),
            Some(device) if device == name => Ok(()),
            Some(_) => Err(Cs::InvalidParam),
        }
    }
}

/// Connects.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_initialize(
    handle: *mut u64,
    callbacks: *const Callbacks,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says.
        unsafe {
            let callbacks = read(callbacks).unwrap_or_default();
            instance::begin(&HANDLES, handle, || {
                let session = Session::open_to_hear("libvotequorum")?;
                Ok(VoteQuorum {
                    base: Base::new(session, ptr::null_mut()),
                    callbacks,
                    tracking: AtomicBool::new(false),
                    tag: AtomicU64::new(0),
                    device: Mutex::new(None),
                })
            })
        }
    })
}

/// Ends the connection; a device that it spoke for has no votes any more.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_finalize(handle: u64) -> c_int {
    entry(|| instance::end(&HANDLES, handle))
}

/// Takes events.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_dispatch(handle: u64, flags: c_int) -> c_int {
    dispatch::dispatch(&HANDLES, handle, flags)
}

/// The descriptor to poll.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_fd_get(handle: u64, fd: *mut c_int) -> c_int {
    // SAFETY: null or a place for a descriptor.
    entry(|| unsafe { instance::fd(&HANDLES, handle, fd) })
}

/// How a node is counted; node 0 is this one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_getinfo(
    handle: u64,
    nodeid: c_uint,
    info: *mut Info,
) -> c_int {
    entry(|| {
        let found = info::of(&HANDLES.get(handle)?.base.session, nodeid)?;
        // SAFETY: null or a place for it.
        unsafe { put(info, found) }
    })
}

/// Has all members expect so many votes.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_setexpected(handle: u64, expected_votes: c_uint) -> c_int {
    entry(|| {
        let session = &HANDLES.get(handle)?.base.session;
        // As the original: not below what is needed now.
        if expected_votes < session.ask(|asks| asks.status())?.quorum.needed {
            return Err(Cs::InvalidParam);
        }
        session.ask(|asks| asks.set_expected(expected_votes))
    })
}

/// Has all members count so many votes for a node; for 0 those of the quorum device.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_setvotes(handle: u64, nodeid: c_uint, votes: c_uint) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        instance.base.session.ask(|asks| match nodeid {
            0 => asks.set_device_votes(votes),
            _ => asks.set_votes(nodeid, votes),
        })
    })
}

/// Has changes told, as `flags` say, each with `context`.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_trackstart(handle: u64, context: u64, flags: c_uint) -> c_int {
    entry(|| {
        let votequorum = HANDLES.get(handle)?;
        votequorum.tag.store(context, Ordering::Release);
        let parts = ViewParts::Votes;
        track(&votequorum.base.session, &votequorum.tracking, parts, flags)
    })
}

/// Has changes told no longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_trackstop(handle: u64) -> c_int {
    entry(|| {
        let votequorum = HANDLES.get(handle)?;
        untrack(&votequorum.base.session, &votequorum.tracking)
    })
}

/// The pointer that was kept.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_context_get(
    handle: u64,
    context: *mut *mut c_void,
) -> c_int {
    // SAFETY: null or a place for a pointer.
    entry(|| unsafe { instance::context(&HANDLES, handle, context) })
}

/// Keeps a pointer for the program.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn votequorum_context_set(handle: u64, context: *const c_void) -> c_int {
    entry(|| {
        HANDLES.get(handle)?.base.set_context(context);
        Ok(())
    })
}

/// Speaks for the quorum device of this name from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_qdevice_register(
    handle: u64,
    device: *const c_char,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let name = unsafe { name(device) }?;
        let votes = info::device_votes(&instance.base.session)?;
        instance.base.session.ask(|asks| asks.register_device(&name, votes))?;
        *lock(&instance.device) = Some(name);
        Ok(())
    })
}

/// The device is no more.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_qdevice_unregister(
    handle: u64,
    device: *const c_char,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let name = unsafe { name(device) }?;
        instance.speaks_for(&name)?;
        // One that is alive cannot go.
        instance.base.session.ask(|asks| asks.poll_device(false))?;
        instance.base.session.ask(|asks| asks.unregister_device())?;
        *lock(&instance.device) = None;
        Ok(())
    })
}

/// The device has another name from now on.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_qdevice_update(
    handle: u64,
    old: *const c_char,
    new: *const c_char,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        // SAFETY: each is null or a text.
        let (old, new) = unsafe { (name(old)?, name(new)?) };
        instance.speaks_for(&old)?;
        let votes = info::device_votes(&instance.base.session)?;
        instance.base.session.ask(|asks| asks.update_device(&new, votes))?;
        *lock(&instance.device) = Some(new);
        Ok(())
    })
}

/// The device is alive and votes, or does not vote, on this ring.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_qdevice_poll(
    handle: u64,
    device: *const c_char,
    cast_vote: c_uint,
    ring: RingId,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let name = unsafe { name(device) }?;
        instance.speaks_for(&name)?;
        if ring.seq == 0 {
            return Err(Cs::MessageError);
        }
        let alive = cast_vote != 0;
        instance.base.session.ask(|asks| asks.poll_device_on(alive, ring.seq, ring.nodeid))
    })
}

/// Whether the device's votes win over more nodes: here a device counts for all members as soon as
/// one of them has it, so there is nothing to be said.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn votequorum_qdevice_master_wins(
    handle: u64,
    device: *const c_char,
    allow: c_uint,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        // SAFETY: null or a text.
        let name = unsafe { name(device) }?;
        instance.speaks_for(&name)?;
        if allow > 1 { Err(Cs::InvalidParam) } else { Ok(()) }
    })
}

#[cfg(test)]
mod tests;
