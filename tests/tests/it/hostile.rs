//! Peers that hold the key and mean harm: arbitrary packets and messages never panic a node.
//!
//! Must never stand alone: `tests/fuzz` plays the same from bytes that a fuzzer chose.

use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn forged_packets_never_panic_a_ring_in_any_phase(bytes in vec(any::<u8>(), 0..600)) {
        tests::hostile::ring(&bytes);
    }

    #[test]
    fn arbitrary_messages_never_panic_the_services(bytes in vec(any::<u8>(), 0..600)) {
        tests::hostile::services(&bytes);
    }
}
