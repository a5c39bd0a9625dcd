//! Forged packets of authentic senders, played to a ring in every phase.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| tests::hostile::ring(data));
