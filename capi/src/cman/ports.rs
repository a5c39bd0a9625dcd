//! Messages on ports, and barriers.
//!
//! Must never send more than the original takes in one message, and never on a handle of
//! `cman_admin_init`, which the original refuses.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::time::Duration;

use bytes::Bytes;
use client::{BarrierChange, Connection};

use super::layout::narrow;
use super::tell::DataCallback;
use super::{Cman, Handle, call};
use crate::errno::Errno;
use crate::pointer;

/// Bytes of the largest message.
const LARGEST: usize = 1500;

/// `cman_barrier_register`: the barrier is forgotten once it was passed.
const AUTODELETE: c_int = 1;
/// It can be passed in steps: the original refuses that, too.
const MULTISTEP: c_int = 2;

/// `cman_barrier_change`: what is changed.
const SET_AUTODELETE: c_int = 1;
const SET_ENABLED: c_int = 3;
const SET_NODES: c_int = 4;
const SET_TIMEOUT: c_int = 6;

/// A handle on which data may be sent and heard.
fn for_data(cman: &Cman) -> Result<&Cman, Errno> {
    if cman.admin { Err(Errno::INVALID) } else { Ok(cman) }
}

/// Sends data to who listens on a port of a node: 0 is every node, and the port of this handle.
/// Its size.
///
/// # Safety
/// `buf` is null or points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_send_data(
    handle: Handle,
    buf: *const c_void,
    len: c_int,
    _flags: c_int,
    port: u8,
    nodeid: c_int,
) -> c_int {
    call(handle, |cman| {
        let cman = for_data(cman)?;
        let size = usize::try_from(len).ok().filter(|size| *size <= LARGEST);
        let size = size.ok_or(Errno(libc::EMSGSIZE))?;
        if buf.is_null() && size > 0 {
            return Err(Errno::INVALID);
        }
        let node = u32::try_from(nodeid).map_err(|_| Errno::NONE)?;
        // SAFETY: the caller's.
        let payload = Bytes::copy_from_slice(unsafe { pointer::row(buf.cast::<u8>(), size) });
        let node = (node > 0).then_some(node);
        cman.ask(|asks| asks.send_data(node, port, payload))?;
        Ok(narrow(size))
    })
}

/// Gives this handle what is sent to a port of this node.
///
/// # Safety
/// `callback` is null or a function of this type.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_start_recv_data(
    handle: Handle,
    callback: Option<DataCallback>,
    port: u8,
) -> c_int {
    call(handle, |cman| {
        let cman = for_data(cman)?;
        // What comes at once must find it.
        let before = cman.told.set_data(callback);
        let opened = cman.ask(|asks| asks.open_port(port));
        if opened.is_err() {
            cman.told.set_data(before);
        }
        opened.map(|()| 0)
    })
}

/// No longer; the port is free again.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_end_recv_data(handle: Handle) -> c_int {
    call(handle, |cman| {
        let cman = for_data(cman)?;
        cman.ask(Connection::close_port)?;
        cman.told.set_data(None);
        Ok(0)
    })
}

/// 1 when a program listens on a port of a node, else 0; node 0 is this one.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_is_listening(handle: Handle, nodeid: c_int, port: u8) -> c_int {
    call(handle, |cman| {
        let node = u32::try_from(nodeid).map_err(|_| Errno::NONE)?;
        let node = (node > 0).then_some(node);
        Ok(c_int::from(cman.ask(|asks| asks.is_listening(node, port))?))
    })
}

/// This handle will wait at a barrier for so many nodes; 0 for all members.
///
/// # Safety
/// `name` is null or points to a text.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_barrier_register(
    handle: Handle,
    name: *const c_char,
    flags: c_int,
    nodes: c_int,
) -> c_int {
    call(handle, |cman| {
        // SAFETY: the caller's.
        let name = unsafe { pointer::text(name) }?;
        let nodes = u32::try_from(nodes).map_err(|_| Errno::INVALID)?;
        if flags & MULTISTEP != 0 {
            return Err(Errno::INVALID);
        }
        let once = flags & AUTODELETE != 0;
        cman.ask(|asks| asks.register_barrier(name.to_bytes(), nodes, once))?;
        Ok(0)
    })
}

/// Changes something of a barrier.
///
/// # Safety
/// As [`cman_barrier_register`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_barrier_change(
    handle: Handle,
    name: *const c_char,
    flags: c_int,
    arg: c_int,
) -> c_int {
    call(handle, |cman| {
        // SAFETY: the caller's.
        let name = unsafe { pointer::text(name) }?;
        let number = u32::try_from(arg).map_err(|_| Errno::INVALID)?;
        let change = match flags {
            SET_AUTODELETE => BarrierChange::Once(number > 0),
            SET_ENABLED if number > 0 => BarrierChange::Arrive,
            SET_NODES => BarrierChange::Nodes(number),
            SET_TIMEOUT => {
                let patience = Duration::from_secs(number.into());
                BarrierChange::Patience((number > 0).then_some(patience))
            }
            _ => return Err(Errno::INVALID),
        };
        cman.ask(|asks| asks.change_barrier(name.to_bytes(), change))?;
        Ok(0)
    })
}

/// Arrives at a barrier, and returns when it is passed, or why it will not be.
///
/// # Safety
/// As [`cman_barrier_register`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_barrier_wait(handle: Handle, name: *const c_char) -> c_int {
    // SAFETY: the caller's.
    call(handle, |cman| unsafe {
        barrier(name, |name| cman.wait(|asks| asks.wait_at_barrier(name)))
    })
}

/// Programs of this node have no such barrier any more.
///
/// # Safety
/// As [`cman_barrier_register`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_barrier_delete(handle: Handle, name: *const c_char) -> c_int {
    // SAFETY: the caller's.
    call(handle, |cman| unsafe { barrier(name, |name| cman.ask(|asks| asks.delete_barrier(name))) })
}

/// # Safety
/// `name` is null or points to a text.
unsafe fn barrier(
    name: *const c_char,
    what: impl FnOnce(&[u8]) -> Result<(), Errno>,
) -> Result<c_int, Errno> {
    // SAFETY: the caller's.
    let name: &CStr = unsafe { pointer::text(name) }?;
    what(name.to_bytes()).map(|()| 0)
}
