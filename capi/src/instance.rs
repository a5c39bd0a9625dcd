//! What all libraries do with a handle: give out its descriptor, end it, keep a pointer for the
//! program.
//!
//! Must never look at what the kept pointer points to.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use crate::dispatch::Instance;
use crate::error::Cs;
use crate::handles::Handles;
use crate::pointer::put;
use crate::session::Session;

/// A conversation and what the program keeps with it.
#[derive(Debug)]
pub(crate) struct Base {
    /// The conversation.
    pub(crate) session: Session,
    /// It was given back.
    pub(crate) ended: AtomicBool,
    context: AtomicPtr<c_void>,
}

impl Base {
    pub(crate) const fn new(session: Session, context: *mut c_void) -> Self {
        let (ended, context) = (AtomicBool::new(false), AtomicPtr::new(context));
        Self { session, ended, context }
    }

    /// Keeps a pointer for the program.
    pub(crate) fn set_context(&self, context: *const c_void) {
        self.context.store(context.cast_mut(), Ordering::Release);
    }

    /// The pointer that the program had kept.
    pub(crate) fn context(&self) -> *mut c_void {
        self.context.load(Ordering::Acquire)
    }
}

/// Gives a number to a new instance, and the number to the program.
///
/// # Safety
/// `at` is null or points to a place for a handle.
pub(crate) unsafe fn begin<T: Instance>(
    handles: &Handles<T>,
    at: *mut u64,
    make: impl FnOnce() -> Result<T, Cs>,
) -> Result<(), Cs> {
    if at.is_null() {
        return Err(Cs::InvalidParam);
    }
    let handle = handles.insert(Arc::new(make()?))?;
    // SAFETY: the caller's.
    unsafe { put(at, handle) }
}

/// Ends an instance: whoever waits in it finds out.
pub(crate) fn end<T: Instance>(handles: &Handles<T>, handle: u64) -> Result<(), Cs> {
    let instance = handles.remove(handle)?;
    instance.base().ended.store(true, Ordering::Release);
    instance.base().session.close()
}

/// The descriptor of an instance.
///
/// # Safety
/// `at` is null or points to a place for a descriptor.
pub(crate) unsafe fn fd<T: Instance>(
    handles: &Handles<T>,
    handle: u64,
    at: *mut c_int,
) -> Result<(), Cs> {
    let fd = handles.get(handle)?.base().session.fd()?;
    // SAFETY: the caller's.
    unsafe { put(at, fd) }
}

/// The pointer that the program had kept.
///
/// # Safety
/// `at` is null or points to a place for a pointer.
pub(crate) unsafe fn context<T: Instance>(
    handles: &Handles<T>,
    handle: u64,
    at: *mut *mut c_void,
) -> Result<(), Cs> {
    let context = handles.get(handle).map(|instance| instance.base().context());
    // SAFETY: the caller's.
    unsafe { put(at, context.unwrap_or(ptr::null_mut())) }.and(context.map(drop))
}
