//! The wall between C and Rust.
//!
//! Must never let a panic through.

use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{Cs, OK};

/// Runs the body of an entry point; its result as a number.
pub(crate) fn entry(body: impl FnOnce() -> Result<(), Cs>) -> c_int {
    code(guard(body))
}

/// A result as a number.
pub(crate) const fn code(result: Result<(), Cs>) -> c_int {
    match result {
        Ok(()) => OK,
        Err(error) => error.code(),
    }
}

/// Runs something in which a panic is an error. What it leaves behind is only used again through
/// locks that do not mind.
pub(crate) fn guard<T>(body: impl FnOnce() -> Result<T, Cs>) -> Result<T, Cs> {
    whole(body).unwrap_or(Err(Cs::Library))
}

/// Runs something to its end; `None` when it panics. A thread that is cancelled meanwhile goes on
/// until it is out of it: a cancellation unwinds, and no catcher of panics may meet it.
pub(crate) fn whole<T>(body: impl FnOnce() -> T) -> Option<T> {
    let _kept = Kept::new();
    catch_unwind(AssertUnwindSafe(body)).ok()
}

/// While it lives, its thread is not cancelled.
struct Kept {
    before: c_int,
}

impl Kept {
    fn new() -> Self {
        let mut before = ENABLED;
        // SAFETY: there is a place for what was before.
        unsafe { pthread_setcancelstate(DISABLED, &raw mut before) };
        Self { before }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: there is a place for what was before. Cancels nobody: this is no place for it.
        unsafe { pthread_setcancelstate(self.before, &raw mut self.before) };
    }
}

/// A thread may be cancelled: `PTHREAD_CANCEL_ENABLE` of `<pthread.h>`.
const ENABLED: c_int = 0;

/// A thread is not cancelled before it may be again: `PTHREAD_CANCEL_DISABLE`.
const DISABLED: c_int = 1;

unsafe extern "C" {
    /// The system's; the usual declarations lack it.
    fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_library() {
        std::panic::set_hook(Box::new(|_| {}));
        assert_eq!(entry(|| panic!("inside")), 2);
        let _ = std::panic::take_hook();
        assert_eq!(entry(|| Ok(())), 1);
        assert_eq!(entry(|| Err(Cs::BadHandle)), 9);
    }
}
