//! Arbitrary bytes as a packet: decoding is total, and what it takes is written as it was read.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use totem::wire::Packet;

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    if let Ok(packet) = Packet::decode(&bytes) {
        assert_eq!(packet.encode(), bytes, "{packet:?}");
    }
});
