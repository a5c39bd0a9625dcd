//! `libcfg`: this node and the others as the engine sees them, stopping, reloading.
//!
//! Must never stop the node because a program does not understand the question: who hangs up
//! agrees, and who only tracks must say yes.

use std::ffi::{c_char, c_int, c_uint, c_void};

use client::proto::{self, Reason, notice};

use crate::dispatch::{self, Instance};
use crate::entry::entry;
use crate::error::Cs;
use crate::handles::Handles;
use crate::instance::{self, Base};
use crate::pointer::{put, read};
use crate::session::Session;

mod nodes;

pub use self::nodes::{NodeAddress, NodeStatus};

/// Programs are asked, and one that objects is enough.
const REQUEST: c_uint = 0;
/// Programs are asked, and none can object.
const REGARDLESS: c_uint = 1;
/// Nobody is asked.
const IMMEDIATE: c_uint = 2;

/// `corosync_cfg_shutdown_callback_t`.
type ShutdownFn = unsafe extern "C-unwind" fn(u64, c_uint);

/// `corosync_cfg_callbacks_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Callbacks {
    shutdown: Option<ShutdownFn>,
}

#[derive(Debug)]
struct Cfg {
    base: Base,
    shutdown: Option<ShutdownFn>,
}

static HANDLES: Handles<Cfg> = Handles::new();

impl Instance for Cfg {
    type Call = c_uint;

    fn base(&self) -> &Base {
        &self.base
    }

    fn calls(&self, what: notice::What) -> Result<Vec<c_uint>, Cs> {
        let notice::What::TryShutdown(proto::TryShutdown { force, .. }) = what else {
            return Err(Cs::Library);
        };
        Ok(vec![if force { REGARDLESS } else { REQUEST }])
    }

    fn call(&self, handle: u64, flags: &mut c_uint) {
        if let Some(shutdown) = self.shutdown {
            // SAFETY: a callback of the program, called as its type says.
            unsafe { shutdown(handle, *flags) };
        }
    }
}

/// Asks something on a handle.
fn ask<T>(
    handle: u64,
    what: impl FnOnce(&mut client::Connection) -> Result<T, client::Error>,
) -> Result<T, Cs> {
    HANDLES.get(handle)?.base.session.ask(what)
}

/// Connects.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_initialize(
    handle: *mut u64,
    callbacks: *const Callbacks,
) -> c_int {
    entry(|| {
        // SAFETY: each is null or what the header says.
        unsafe {
            let shutdown = read(callbacks).and_then(|callbacks| callbacks.shutdown);
            instance::begin(&HANDLES, handle, || {
                let session = Session::open_to_hear("libcfg")?;
                let base = Base::new(session, std::ptr::null_mut());
                Ok(Cfg { base, shutdown })
            })
        }
    })
}

/// The descriptor to poll.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_fd_get(handle: u64, fd: *mut c_int) -> c_int {
    // SAFETY: null or a place for a descriptor.
    entry(|| unsafe { instance::fd(&HANDLES, handle, fd) })
}

/// Takes events.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_dispatch(handle: u64, flags: c_int) -> c_int {
    dispatch::dispatch(&HANDLES, handle, flags)
}

/// Ends the connection.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_finalize(handle: u64) -> c_int {
    entry(|| instance::end(&HANDLES, handle))
}

/// The interfaces of this node, and how each is; the program frees all of it.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_ring_status_get(
    handle: u64,
    interface_names: *mut *mut *mut c_char,
    status: *mut *mut *mut c_char,
    interface_count: *mut c_uint,
) -> c_int {
    entry(|| {
        let rings = ask(handle, |asks| asks.status()).map(|status| nodes::rings(&status))?;
        // SAFETY: each is null or a place for what the header says.
        unsafe { nodes::give_rings(&rings, (interface_names, status, interface_count)) }
    })
}

/// How this node is connected to another one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_node_status_get(
    handle: u64,
    nodeid: c_uint,
    version: c_uint,
    node_status: *mut c_void,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        if version != 1 {
            return Err(Cs::NotSupported);
        }
        let rows = instance.base.session.ask(|asks| asks.nodes())?;
        let found = nodes::status(&rows, nodeid, instance.base.session.me()?)?;
        // SAFETY: null or a place for the struct of this version.
        unsafe { put(node_status.cast::<NodeStatus>(), found) }
    })
}

/// Has a node stop at once. The reason is for the log of the original.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_kill_node(
    handle: u64,
    nodeid: c_uint,
    _reason: *const c_char,
) -> c_int {
    entry(|| ask(handle, |asks| asks.kill(nodeid)))
}

/// Has this program asked before the node stops.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_trackstart(handle: u64, _track_flags: u8) -> c_int {
    entry(|| {
        let cfg = HANDLES.get(handle)?;
        cfg.base.session.ask(|asks| asks.question_me(true))
    })
}

/// Has this program asked no longer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_trackstop(handle: u64) -> c_int {
    entry(|| {
        let cfg = HANDLES.get(handle)?;
        cfg.base.session.ask(|asks| asks.question_me(false))
    })
}

/// Stops this node, in one of three ways.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_try_shutdown(handle: u64, flags: c_uint) -> c_int {
    entry(|| match flags {
        REQUEST => ask(handle, |asks| asks.leave(false, false)),
        REGARDLESS => ask(handle, |asks| asks.leave(false, true)),
        IMMEDIATE => ask(handle, |asks| asks.stop()),
        _ => Err(Cs::InvalidParam),
    })
}

/// Says whether this node may stop.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_replyto_shutdown(handle: u64, flags: c_uint) -> c_int {
    entry(|| ask(handle, |asks| asks.answer_shutdown(flags == 1)))
}

/// The addresses of a node; node 0 is this one.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_get_node_addrs(
    handle: u64,
    nodeid: c_uint,
    max_addrs: usize,
    num_addrs: *mut c_int,
    addrs: *mut NodeAddress,
) -> c_int {
    entry(|| {
        let instance = HANDLES.get(handle)?;
        let nodeid = if nodeid == 0 { instance.base.session.me()? } else { nodeid };
        let rows = instance.base.session.ask(|asks| asks.nodes())?;
        let found = nodes::addresses(&rows, nodeid, max_addrs)?;
        // SAFETY: each is null or a place for what the header says; for so many addresses.
        unsafe { nodes::give_addresses(&found, num_addrs, addrs) }
    })
}

/// Id of this node.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn corosync_cfg_local_get(
    handle: u64,
    local_nodeid: *mut c_uint,
) -> c_int {
    entry(|| {
        let me = HANDLES.get(handle)?.base.session.me()?;
        // SAFETY: null or a place for a number.
        unsafe { put(local_nodeid, me) }
    })
}

/// Has all nodes go by the configuration that this node can read.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_reload_config(handle: u64) -> c_int {
    entry(|| {
        ask(handle, |asks| match asks.reload(0, false) {
            // Nothing new: nothing to do.
            Err(client::Error::Refused { reason: Reason::NotNewer, .. }) => Ok(()),
            reloaded => reloaded.map(drop),
        })
    })
}

/// Has the daemon open the files of its log again.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn corosync_cfg_reopen_log_files(handle: u64) -> c_int {
    entry(|| ask(handle, |asks| asks.reopen_logs()))
}
