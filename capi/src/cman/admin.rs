//! What changes something, and needs a handle of `cman_admin_init`.
//!
//! Must never wait for less than the daemon: these calls return when the cluster knows.

use std::ffi::{c_char, c_int};

use client::Connection;

use super::ask::PROTOCOL;
use super::layout::Version;
use super::{Handle, call};
use crate::errno::Errno;
use crate::pointer;

/// `cman_shutdown`: nobody can object.
const ANYWAY: c_int = 1;
/// And the others expect less.
const REMOVED: c_int = 2;
/// `cman_leave_cluster`: the others expect less.
const LEAVE_REMOVED: c_int = 3;

/// A number of votes, or a node: not 0.
fn positive(number: c_int) -> Result<u32, Errno> {
    u32::try_from(number).ok().filter(|number| *number > 0).ok_or(Errno::INVALID)
}

/// Has all nodes go by a newer version of the configuration.
///
/// # Safety
/// `version` is null or points to one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_set_version(handle: Handle, version: *const Version) -> c_int {
    call(handle, |cman| {
        // SAFETY: the caller's.
        let version = unsafe { pointer::read(version) }.ok_or(Errno::INVALID)?;
        if (version.major, version.minor, version.patch) != PROTOCOL {
            return Err(Errno::INVALID);
        }
        let wanted = u64::from(version.config);
        cman.change(|asks| {
            // Nothing is to be done for the one in use.
            if wanted > 0 && asks.status()?.config_version == wanted {
                return Ok(());
            }
            asks.reload(wanted, false).map(drop)
        })
    })
}

/// Leaves at once, whoever objects.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_leave_cluster(handle: Handle, reason: c_int) -> c_int {
    let remove = reason & 0xf == LEAVE_REMOVED;
    call(handle, |cman| cman.change(|asks| asks.leave(remove, true)))
}

/// Leaves unless a program objects.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_shutdown(handle: Handle, flags: c_int) -> c_int {
    let (remove, force) = (flags & REMOVED != 0, flags & ANYWAY != 0);
    call(handle, |cman| cman.change(|asks| asks.leave(remove, force)))
}

/// Has all members count other votes for a node: 0 for this one.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_set_votes(handle: Handle, votes: c_int, nodeid: c_int) -> c_int {
    call(handle, |cman| {
        let votes = positive(votes)?;
        let nodeid = u32::try_from(nodeid).map_err(|_| Errno::NONE)?;
        cman.change(|asks| {
            let node = if nodeid == 0 { asks.status()?.me.id } else { nodeid };
            asks.set_votes(node, votes)
        })
    })
}

/// Has all members expect other votes.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_set_expected_votes(handle: Handle, votes: c_int) -> c_int {
    call(handle, |cman| {
        let votes = positive(votes)?;
        let done = cman.change(|asks| asks.set_expected(votes));
        done.map_err(|why| why.or(libc::ENOTCONN, libc::ENOENT))
    })
}

/// Has a node stop at once.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_kill_node(handle: Handle, nodeid: c_int) -> c_int {
    call(handle, |cman| {
        let node = positive(nodeid)?;
        let done = cman.change(|asks| asks.kill(node));
        done.map_err(|why| why.or(libc::ENOTCONN, libc::EINVAL))
    })
}

/// Says that a node was fenced. Not supported: fence managers remember that themselves.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_node_fenced(
    handle: Handle,
    _nodeid: c_int,
    _fence_time: u64,
    _agent: *const c_char,
) -> c_int {
    call(handle, |_| Err(Errno(libc::ENOSYS)))
}

/// This node has state that outlives a partition.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_set_dirty(handle: Handle) -> c_int {
    call(handle, |cman| cman.change(Connection::set_dirty))
}

/// Logs more, or with 0 no longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_set_debuglog(handle: Handle, subsystems: c_int) -> c_int {
    call(handle, |cman| cman.change(|asks| asks.set_debug(subsystems != 0)))
}

/// Speaks for a quorum device.
///
/// # Safety
/// `name` is null or points to a text.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_register_quorum_device(
    handle: Handle,
    name: *const c_char,
    votes: c_int,
) -> c_int {
    // SAFETY: the caller's.
    call(handle, |cman| unsafe {
        let (name, votes) = device(name, votes)?;
        let done = cman.change(|asks| asks.register_device(&name, votes));
        done.map_err(|why| why.or(libc::ENOTCONN, libc::ENOENT))
    })
}

/// The device has another name and other votes.
///
/// # Safety
/// As [`cman_register_quorum_device`].
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_update_quorum_device(
    handle: Handle,
    name: *const c_char,
    votes: c_int,
) -> c_int {
    // SAFETY: the caller's.
    call(handle, |cman| unsafe {
        let (name, votes) = device(name, votes)?;
        cman.change(|asks| asks.update_device(&name, votes))
    })
}

/// The device is no more.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_unregister_quorum_device(handle: Handle) -> c_int {
    call(handle, |cman| cman.change(Connection::unregister_device))
}

/// The device is alive, or not.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_poll_quorum_device(handle: Handle, isavailable: c_int) -> c_int {
    call(handle, |cman| cman.change(|asks| asks.poll_device(isavailable != 0)))
}

/// Name and votes of a device.
///
/// # Safety
/// `name` is null or points to a text.
unsafe fn device(name: *const c_char, votes: c_int) -> Result<(String, u32), Errno> {
    // SAFETY: the caller's.
    let name = unsafe { pointer::text(name) }?;
    let name = name.to_str().map_err(|_| Errno::INVALID)?;
    let votes = u32::try_from(votes).map_err(|_| Errno::INVALID)?;
    Ok((name.to_owned(), votes))
}
