//! Arbitrary messages of a member of the ring, played to a whole stack.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| tests::hostile::services(data));
