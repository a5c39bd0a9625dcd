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
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Cs::Library))
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
