//! `libcman.so.3`: membership, quorum, shutdown, messages on ports and barriers, as fence managers
//! and their kin use them.
//!
//! Must never answer from memory: each question goes to the daemon. Must never deliver a reply on
//! the descriptor of a handle: it is readable for events and data only, and never changes unless
//! the program itself has events put aside (see [`tell`]).
//!
//! A handle of `cman_init` asks and is told; one of `cman_admin_init` changes things and is told
//! nothing. Both need what the daemon's policy asks of whoever changes things.

mod admin;
mod ask;
mod layout;
mod ports;
mod tell;

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use client::{Connection, Error};

use self::tell::Told;
use crate::errno::{Errno, guarded, number, set};
use crate::handles::Handles;
use crate::pointer;
use crate::session::Session;

/// What programs hold.
pub(crate) type Handle = *mut c_void;

static HANDLES: Handles<Cman> = Handles::new();

/// What is behind a handle.
#[derive(Debug)]
pub(crate) struct Cman {
    session: Session,
    admin: bool,
    ended: AtomicBool,
    private: AtomicPtr<c_void>,
    told: Told,
}

impl Cman {
    /// Asks something.
    fn ask<T>(&self, what: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Errno> {
        Ok(self.session.try_ask(what)?)
    }

    /// Asks something that takes as long as it takes.
    fn wait<T>(&self, what: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Errno> {
        self.ask(|asks| {
            asks.set_patience(None);
            let answer = what(asks);
            asks.set_patience(Some(Session::PATIENCE));
            answer
        })
    }

    /// Changes something.
    fn change(
        &self,
        what: impl FnOnce(&mut Connection) -> Result<(), Error>,
    ) -> Result<c_int, Errno> {
        if !self.admin {
            return Err(Errno(libc::EPERM));
        }
        self.wait(what).map(|()| 0)
    }
}

/// What is behind a number.
fn get(handle: Handle) -> Result<Arc<Cman>, Errno> {
    let number = u64::try_from(handle.addr()).map_err(|_| Errno::INVALID)?;
    Ok(HANDLES.get(number)?)
}

/// The body of an entry point that has a handle.
fn call(handle: Handle, body: impl FnOnce(&Cman) -> Result<c_int, Errno>) -> c_int {
    number(|| body(&*get(handle)?))
}

fn open(private: *mut c_void, admin: bool) -> Handle {
    let opened = guarded(|| {
        let session =
            if admin { Session::open("libcman (admin)") } else { Session::open_to_hear("libcman") };
        // No socket was there, or nobody behind it.
        let session =
            session.map_err(|why| Errno::from(why).or(libc::EHOSTDOWN, libc::ECONNREFUSED))?;
        let cman = Cman {
            session,
            admin,
            ended: AtomicBool::new(false),
            private: AtomicPtr::new(private),
            told: Told::default(),
        };
        let number = HANDLES.insert(Arc::new(cman))?;
        usize::try_from(number).map_err(|_| Errno(libc::ENOMEM))
    });
    match opened {
        Ok(number) => ptr::without_provenance_mut(number),
        Err(why) => {
            set(why);
            ptr::null_mut()
        }
    }
}

/// A handle to ask and to be told; null and `errno` when there is no daemon.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_init(privdata: *mut c_void) -> Handle {
    open(privdata, false)
}

/// A handle to change things.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_admin_init(privdata: *mut c_void) -> Handle {
    open(privdata, true)
}

/// Gives a handle back.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_finish(handle: Handle) -> c_int {
    number(|| {
        let number = u64::try_from(handle.addr()).map_err(|_| Errno::INVALID)?;
        let cman = HANDLES.remove(number)?;
        cman.ended.store(true, Ordering::Release);
        // The daemon may have gone before.
        let _ = cman.session.close();
        Ok(0)
    })
}

/// Has callbacks be given another pointer.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn cman_setprivdata(handle: Handle, privdata: *mut c_void) -> c_int {
    call(handle, |cman| {
        cman.private.store(privdata, Ordering::Release);
        Ok(0)
    })
}

/// The pointer that callbacks are given.
///
/// # Safety
/// `privdata` is null or points to a place for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn cman_getprivdata(
    handle: Handle,
    privdata: *mut *mut c_void,
) -> c_int {
    call(handle, |cman| {
        // SAFETY: the caller's.
        unsafe { pointer::put(privdata, cman.private.load(Ordering::Acquire)) }?;
        Ok(0)
    })
}
