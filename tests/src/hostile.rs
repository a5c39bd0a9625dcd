//! Peers that hold the key and mean harm, played from bytes: what a fuzzer mutates and a property
//! test shrinks.
//!
//! Must never judge more than that nothing panics: whoever holds the key can end a ring, but must
//! not be able to end a process. The invariants that the ring checks after every step make silent
//! damage a panic too.
//!
//! - [`ring`] plays forged packets to one of up to three rings in every phase;
//! - [`services`] plays arbitrary messages, on either lane, to a whole stack.

mod choices;
mod forge;
mod rings;
mod stacks;

pub use self::rings::ring;
pub use self::stacks::services;
