//! The four ways in which programs take events.
//!
//! Must never wait when asked not to, and never inside of [`guard`]: a thread may be cancelled
//! while it waits or in a callback, and unwinds through this very frame.

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use client::proto::notice;

use crate::entry::{code, guard};
use crate::error::Cs;
use crate::handles::Handles;
use crate::instance::Base;

/// Something that is told things.
pub(crate) trait Instance {
    /// A callback of the program with its arguments.
    type Call;

    /// Its conversation and what belongs to it.
    fn base(&self) -> &Base;

    /// What the program is to be told, in this order.
    ///
    /// # Errors
    /// The daemon told something that makes no sense.
    fn calls(&self, what: notice::What) -> Result<Vec<Self::Call>, Cs>;

    /// Tells the program.
    fn call(&self, handle: u64, call: &mut Self::Call);
}

/// How a program wants its events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// One; waits for it.
    One,
    /// All that are here.
    All,
    /// All, for ever.
    Blocking,
    /// One, if it is here.
    OneIfHere,
}

impl Way {
    const fn of(flags: c_int) -> Result<Self, Cs> {
        match flags {
            1 => Ok(Self::One),
            2 => Ok(Self::All),
            3 => Ok(Self::Blocking),
            4 => Ok(Self::OneIfHere),
            _ => Err(Cs::InvalidParam),
        }
    }
}

/// The dispatch function of a library.
pub(crate) fn dispatch<T: Instance>(handles: &Handles<T>, handle: u64, flags: c_int) -> c_int {
    let begun = guard(|| Ok((Way::of(flags)?, handles.get(handle)?)));
    code(begun.and_then(|(way, instance)| run(&instance, handle, way)))
}

fn run<T: Instance>(instance: &Arc<T>, handle: u64, way: Way) -> Result<(), Cs> {
    let over = |result| {
        // Whatever else happened, the program gave the handle back.
        if instance.base().ended.load(Ordering::Acquire) { Err(Cs::BadHandle) } else { result }
    };
    loop {
        let taken = guard(|| match instance.base().session.take()? {
            None => Ok(None),
            Some(what) => instance.calls(what).map(Some),
        });
        match taken {
            Err(why) => return over(Err(why)),
            Ok(Some(mut calls)) => {
                for call in &mut calls {
                    instance.call(handle, call);
                    over(Ok(()))?;
                }
                match way {
                    Way::One | Way::OneIfHere => return Ok(()),
                    Way::All | Way::Blocking => {}
                }
            }
            Ok(None) => match way {
                Way::All => return over(Ok(())),
                Way::OneIfHere => return over(Err(Cs::TryAgain)),
                Way::One | Way::Blocking => {
                    wait(guard(|| instance.base().session.fd())?);
                    over(Ok(()))?;
                }
            },
        }
    }
}

unsafe extern "C-unwind" {
    /// The system's. Declared here because a thread that is cancelled in it unwinds, which the
    /// declaration that others use does not allow; and by its other name, because two declarations
    /// of one name become the stricter one where they meet.
    #[link_name = "__poll"]
    fn poll(fds: *mut libc::pollfd, count: libc::nfds_t, timeout: c_int) -> c_int;
}

/// Waits for the descriptor. A place where the thread may be cancelled.
fn wait(fd: c_int) {
    let mut wanted = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry is there. Whatever is returned, an interruption too: the caller looks.
    unsafe { poll(&raw mut wanted, 1, -1) };
}

#[cfg(test)]
mod tests;
