//! `libcpg`: process groups.
//!
//! Must never let a message or a change of the group overtake another, nor hand out a message under
//! the name of another group: the name is that of the view before it. A message is given to the
//! system in one call and is not copied here; there is no answer to wait for, and what the ring has
//! no room for waits in the daemon.

use std::ffi::{c_int, c_uint, c_void};
use std::io::IoSlice;
use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use client::groups::{Assembly, Member, PART, Why};
use client::proto::{self, notice, reply, request};
use client::{Connection, Error, GroupEvent};

use crate::dispatch::{self, Instance};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::instance::{self, Base};
use crate::pointer::{Aligned, put, read, row};
use crate::quorum::RingId;
use crate::session::Session;

mod iterate;
mod send;
mod zero;

/// Bytes of a group's name.
const NAME: usize = 128;

/// Members that a program has room for.
const MEMBERS: usize = 128;

/// The one model there is.
const MODEL_V1: c_uint = 1;

/// The program wants to be told of the ring when it joins.
const INITIAL_RING: c_uint = 1;

/// `struct cpg_name`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    length: u32,
    value: [u8; NAME],
}

/// `struct cpg_address`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Address {
    nodeid: u32,
    pid: u32,
    reason: u32,
}

/// `cpg_deliver_fn_t`.
type Deliver = unsafe extern "C-unwind" fn(u64, *const Name, u32, u32, *mut c_void, usize);
/// `cpg_confchg_fn_t`.
type Changed = unsafe extern "C-unwind" fn(
    u64,
    *const Name,
    *const Address,
    usize,
    *const Address,
    usize,
    *const Address,
    usize,
);
/// `cpg_totem_confchg_fn_t`.
type RingChanged = unsafe extern "C-unwind" fn(u64, RingId, u32, *const u32);

/// `cpg_callbacks_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    deliver: Option<Deliver>,
    changed: Option<Changed>,
}

/// `cpg_model_v1_data_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Model {
    model: c_uint,
    deliver: Option<Deliver>,
    changed: Option<Changed>,
    ring_changed: Option<RingChanged>,
    flags: c_uint,
}

#[derive(Debug)]
struct Cpg {
    base: Base,
    model: Model,
    /// What messages of this process begin with, while it is in a group.
    prefix: Mutex<Option<Bytes>>,
    told: Mutex<Told>,
    zero: zero::Buffers,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Told {
    /// The group of the last view.
    group: Name,
    assembly: Assembly,
}

/// A callback with its arguments.
enum Call {
    View { group: Name, members: Vec<Address>, left: Vec<Address>, joined: Vec<Address> },
    Message { group: Name, from: Member, payload: Aligned },
    Ring { ring: RingId, members: Vec<u32> },
}

static HANDLES: Handles<Cpg> = Handles::new();

impl Name {
    /// A name the program gave.
    fn bytes(&self) -> Result<&[u8], Cs> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        if length == 0 {
            return Err(Cs::InvalidParam);
        }
        self.value.get(..length).ok_or(Cs::NameTooLong)
    }

    fn of(bytes: &[u8]) -> Self {
        let mut name = Self::default();
        for (place, byte) in name.value.iter_mut().zip(bytes) {
            *place = *byte;
        }
        name.length = u32::try_from(bytes.len().min(NAME)).unwrap_or_default();
        name
    }
}

impl Default for Name {
    fn default() -> Self {
        Self { length: 0, value: [0; NAME] }
    }
}

impl Instance for Cpg {
    type Call = Call;

    fn base(&self) -> &Base {
        &self.base
    }

    fn calls(&self, what: notice::What) -> Result<Vec<Call>, Cs> {
        let mut told = lock(&self.told);
        Ok(match told.assembly.take(what)? {
            // A part of a message: the last one brings it.
            None => Vec::new(),
            Some(GroupEvent::View(view)) => {
                told.group = Name::of(&view.group);
                let members = view.members.iter().map(|&member| address(member, 0)).collect();
                let (joined, left) = (changes(&view.joined), changes(&view.left));
                vec![Call::View { group: told.group, members, left, joined }]
            }
            Some(GroupEvent::Message(message)) => {
                let payload = Aligned::of(&message.payload);
                vec![Call::Message { group: told.group, from: message.from, payload }]
            }
            Some(GroupEvent::Ring(ring)) => {
                let id = RingId { nodeid: ring.representative, seq: ring.generation };
                vec![Call::Ring { ring: id, members: ring.members }]
            }
        })
    }

    fn call(&self, handle: u64, call: &mut Call) {
        match call {
            Call::View { group, members, left, joined } => {
                let Some(changed) = self.model.changed else { return };
                // SAFETY: a callback of the program, called as its type says.
                unsafe {
                    changed(
                        handle,
                        group,
                        members.as_ptr(),
                        members.len(),
                        left.as_ptr(),
                        left.len(),
                        joined.as_ptr(),
                        joined.len(),
                    );
                }
            }
            Call::Message { group, from, payload } => {
                let Some(deliver) = self.model.deliver else { return };
                let (size, at) = (payload.size(), payload.start_mut());
                // SAFETY: as before; there are so many bytes, and nobody else has them.
                unsafe { deliver(handle, group, from.node, from.pid, at, size) };
            }
            Call::Ring { ring, members } => {
                let Some(ring_changed) = self.model.ring_changed else { return };
                let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
                // SAFETY: as before.
                unsafe { ring_changed(handle, *ring, count, members.as_ptr()) };
            }
        }
    }
}

const fn address(member: Member, reason: u32) -> Address {
    Address { nodeid: member.node, pid: member.pid, reason }
}

fn changes(changes: &[(Member, Why)]) -> Vec<Address> {
    let number = |why: Why| match why {
        Why::Join => 1,
        Why::Leave => 2,
        Why::NodeDown => 3,
        Why::NodeUp => 4,
        Why::ProcessDown => 5,
    };
    changes.iter().map(|&(member, why)| address(member, number(why))).collect()
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make(model: Model, context: *mut c_void) -> Result<Cpg, Cs> {
    let session = Session::open_to_hear("libcpg")?;
    if model.ring_changed.is_some() {
        session.ask(|asks| asks.watch_ring(true))?;
    }
    Ok(Cpg {
        base: Base::new(session, context),
        model,
        prefix: Mutex::new(None),
        told: Mutex::new(Told::default()),
        zero: zero::Buffers::default(),
    })
}

/// Joins, and keeps what messages begin with.
fn join(asks: &mut Connection, group: &[u8], ring: bool) -> Result<Bytes, Error> {
    let pid = std::process::id();
    let join = proto::JoinGroup { group: Bytes::copy_from_slice(group), pid, ring };
    let answer = asks.request(request::What::JoinGroup(join))?;
    let reply::What::JoinedGroup(proto::JoinedGroup { prefix }) = answer else {
        return Err(Error::Protocol(format!("a join was answered by {answer:?}")));
    };
    Ok(prefix)
}

/// Connects, with the callbacks of the old interface.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_initialize(
    handle: *mut u64,
    callbacks: *const Callbacks,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says.
        unsafe {
            let (deliver, changed) =
                read(callbacks).map_or((None, None), |given| (given.deliver, given.changed));
            let model = Model { model: MODEL_V1, deliver, changed, ..Model::default() };
            instance::begin(&HANDLES, handle, || make(model, ptr::null_mut()))
        }
    })
}

/// Connects, with the callbacks of a model.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_model_initialize(
    handle: *mut u64,
    model: c_uint,
    model_data: *const Model,
    context: *mut c_void,
) -> c_int {
    entry(|| {
        if model != MODEL_V1 {
            return Err(Cs::InvalidParam);
        }
        // SAFETY: each is null or what the header says; the data are those of the model.
        unsafe {
            let model = read(model_data).unwrap_or_default();
            if model.flags & !INITIAL_RING != 0 {
                return Err(Cs::InvalidParam);
            }
            instance::begin(&HANDLES, handle, || make(model, context))
        }
    })
}

/// Ends the connection. The others are told that the process is gone, and a later join of this
/// process comes after that.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cpg_finalize(handle: u64) -> c_int {
    entry(|| {
        let cpg = HANDLES.remove(handle)?;
        cpg.base.ended.store(true, Ordering::Release);
        cpg.base.session.close_in_order()
    })
}

/// The descriptor to poll.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_fd_get(handle: u64, fd: *mut c_int) -> c_int {
    // SAFETY: null or a place for a descriptor.
    entry(|| unsafe { instance::fd(&HANDLES, handle, fd) })
}

/// Bytes of the largest message that is sent in one part.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_max_atomic_msgsize_get(handle: u64, size: *mut u32) -> c_int {
    entry(|| {
        HANDLES.get(handle)?;
        // SAFETY: null or a place for a number.
        unsafe { put(size, u32::try_from(PART).unwrap_or(u32::MAX)) }
    })
}

/// The pointer that was kept.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_context_get(handle: u64, context: *mut *mut c_void) -> c_int {
    // SAFETY: null or a place for a pointer.
    entry(|| unsafe { instance::context(&HANDLES, handle, context) })
}

/// Keeps a pointer for the program.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cpg_context_set(handle: u64, context: *const c_void) -> c_int {
    entry(|| {
        HANDLES.get(handle)?.base.set_context(context);
        Ok(())
    })
}

/// Takes events.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cpg_dispatch(handle: u64, flags: c_int) -> c_int {
    dispatch::dispatch(&HANDLES, handle, flags)
}

/// Joins a group. Messages may be sent at once; the first event is the view with this process.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_join(handle: u64, group: *const Name) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        // SAFETY: null or a name.
        let group = unsafe { read(group) }.ok_or(Cs::InvalidParam)?;
        let ring = cpg.model.ring_changed.is_some() && cpg.model.flags & INITIAL_RING != 0;
        let group = group.bytes()?;
        let prefix = cpg.base.session.ask(|asks| join(asks, group, ring))?;
        *lock(&cpg.prefix) = Some(prefix);
        Ok(())
    })
}

/// Leaves the group. The last event is the view without this process.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_leave(handle: u64, group: *const Name) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        // SAFETY: null or a name.
        unsafe { read(group) }.ok_or(Cs::InvalidParam)?.bytes()?;
        cpg.base.session.ask(Connection::leave_group)?;
        *lock(&cpg.prefix) = None;
        Ok(())
    })
}

/// Sends a message to the members of the group, this process included.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_mcast_joined(
    handle: u64,
    guarantee: c_uint,
    iovec: *const libc::iovec,
    iov_len: c_uint,
) -> c_int {
    entry(|| {
        let count = usize::try_from(iov_len).map_err(|_| Cs::InvalidParam)?;
        // SAFETY: null or so many pieces, each of which is null or so many bytes.
        let pieces: Vec<IoSlice<'_>> = unsafe {
            let pieces = row(iovec, count).iter();
            pieces.map(|it| IoSlice::new(row(it.iov_base.cast(), it.iov_len))).collect()
        };
        send::send(&*HANDLES.get(handle)?, guarantee, &pieces)
    })
}

/// The members of a group, up to the 128 that programs have room for.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_membership_get(
    handle: u64,
    group: *const Name,
    member_list: *mut Address,
    member_list_entries: *mut c_int,
) -> c_int {
    entry(|| {
        let cpg = HANDLES.get(handle)?;
        // SAFETY: null or a name.
        let group = unsafe { read(group) }.ok_or(Cs::InvalidParam)?;
        let members =
            cpg.base.session.ask(|asks| asks.group_members(group.bytes().unwrap_or(&[])))?;
        if member_list.is_null() {
            return Err(Cs::InvalidParam);
        }
        let members = members.iter().take(MEMBERS);
        let count = c_int::try_from(members.len()).unwrap_or(c_int::MAX);
        for (index, &member) in members.enumerate() {
            // SAFETY: there is a place for each of so many members.
            unsafe { put(member_list.wrapping_add(index), address(member, 0)) }?;
        }
        // SAFETY: null or a place for a number.
        unsafe { put(member_list_entries, count) }
    })
}

/// Id of this node.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_local_get(handle: u64, local_nodeid: *mut c_uint) -> c_int {
    entry(|| {
        let me = HANDLES.get(handle)?.base.session.me()?;
        // SAFETY: null or a place for a number.
        unsafe { put(local_nodeid, me) }
    })
}

/// Whether to hold back: never, since what has no room waits in the daemon.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cpg_flow_control_state_get(
    handle: u64,
    flow_control_state: *mut c_uint,
) -> c_int {
    entry(|| {
        HANDLES.get(handle)?;
        // SAFETY: null or a place for a number.
        unsafe { put(flow_control_state, 0) }
    })
}

#[cfg(test)]
mod tests;
