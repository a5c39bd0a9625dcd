//! A stream of bytes as frames, however it is cut, and each frame as every message of the contract.
#![no_main]

use bytes::Bytes;
use client::frame::{Decoder, decode, encode, unknown_field};
use client::proto::{FromDaemon, Request};
use libfuzzer_sys::fuzz_target;

const MOST: usize = 4_096;

fuzz_target!(|data: &[u8]| {
    let Some((&step, stream)) = data.split_first() else { return };
    let mut decoder = Decoder::new(MOST);
    for piece in stream.chunks(usize::from(step) + 1) {
        decoder.push(piece);
        loop {
            match decoder.take() {
                Ok(Some(content)) => message(content),
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert!(decoder.wants() > 0, "nothing was taken, so something is missing");
    }
});

fn message(content: Bytes) {
    let _ = unknown_field(content.clone(), &[1, 2, 3]);
    if let Ok(request) = decode::<Request>(content.clone()) {
        let again = encode(&request, usize::MAX).expect("it is small");
        assert_eq!(decode::<Request>(again.slice(4..)).as_ref(), Ok(&request));
    }
    if let Ok(answer) = decode::<FromDaemon>(content) {
        let again = encode(&answer, usize::MAX).expect("it is small");
        assert_eq!(decode::<FromDaemon>(again.slice(4..)).as_ref(), Ok(&answer));
    }
}
