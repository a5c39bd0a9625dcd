use proptest::prelude::*;

use super::*;
use crate::proto::{Hello, Multicast, Ping, Request, request};

fn request(id: u64, payload: Vec<u8>) -> Request {
    let multicast = Multicast { guarantee: 1, payload: payload.into() };
    Request { id, what: Some(request::What::Multicast(multicast)) }
}

#[test]
fn frame_is_its_length_and_its_content() {
    let ping = Request { id: 1, what: Some(request::What::Ping(Ping {})) };
    let frame = encode(&ping, MAX_FRAME).unwrap();
    assert_eq!(&frame[..], [0, 0, 0, 4, 8, 1, 0x1a, 0]);
}

#[test]
fn message_above_the_maximum_is_no_frame() {
    let error = encode(&request(1, vec![0; 100]), 50).unwrap_err();
    assert_eq!(error.to_string(), "frame of 108 bytes, at most 50 are allowed");
}

#[test]
fn one_mebibyte_of_payload_fits_the_default_maximum() {
    assert!(encode(&request(u64::MAX, vec![0; 1 << 20]), MAX_FRAME).is_ok());
}

#[test]
fn length_above_the_maximum_is_an_error_again_and_again() {
    let mut decoder = Decoder::new(1000);
    decoder.push(&1001_u32.to_be_bytes());
    for _ in 0..2 {
        assert_eq!(decoder.take(), Err(FrameError::TooLong { size: 1001, most: 1000 }));
    }
    assert_eq!(decoder.wants(), 0, "nothing is read into a lost stream");
}

#[test]
fn decoder_says_how_much_is_missing() {
    let mut decoder = Decoder::new(1000);
    assert_eq!(decoder.wants(), 4);
    decoder.push(&[0, 0]);
    assert_eq!(decoder.wants(), 2);
    decoder.push(&[0, 3]);
    assert_eq!(decoder.wants(), 3);
    assert!(!decoder.is_empty());
    decoder.push(&[7, 7, 7]);
    assert_eq!(decoder.wants(), 0);
    assert_eq!(decoder.take().unwrap().unwrap(), &[7, 7, 7][..]);
    assert_eq!(decoder.take(), Ok(None));
    assert!(decoder.is_empty());
}

#[test]
fn empty_frame_is_a_frame() {
    let mut decoder = Decoder::new(10);
    decoder.push(&[0; 4]);
    assert_eq!(decoder.take(), Ok(Some(Bytes::new())));
}

#[test]
fn unknown_field_is_found_behind_known_ones() {
    // Field 1 is a number, field 500 an empty message.
    let content = Bytes::from_static(&[8, 6, 0xa2, 0x1f, 0]);
    assert_eq!(unknown_field(content.clone(), &[1]), Some(500));
    assert_eq!(unknown_field(content, &[1, 500]), None);
    assert_eq!(unknown_field(Bytes::from_static(&[8]), &[]), None, "cut off");
}

#[test]
fn content_that_is_no_such_message_is_named() {
    let error = decode::<Hello>(Bytes::from_static(&[0x12, 9, b'x'])).unwrap_err();
    assert!(error.to_string().starts_with("frame of 3 bytes holds no such message"), "{error}");
}

#[test]
fn head_above_the_maximum_is_no_frame() {
    let frame = Tailed { path: &[9], what: &Multicast::default(), last: 2, tail: 100 };
    let mut bytes = BytesMut::new();
    let error = frame.append_head(50, &mut bytes).unwrap_err();
    assert!(bytes.is_empty());
    assert_eq!(error.to_string(), "frame of 104 bytes, at most 50 are allowed");
}

proptest! {
    #[test]
    fn head_and_tail_are_the_frame_of_the_whole(
        guarantee in 0..2_i32,
        payload in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let what = Multicast { guarantee, payload: Bytes::new() };
        let frame = Tailed { path: &[9], what: &what, last: 2, tail: payload.len() };
        let mut bytes = BytesMut::new();
        frame.append_head(MAX_FRAME, &mut bytes).unwrap();
        bytes.extend_from_slice(&payload);
        prop_assert_eq!(frame.size(MAX_FRAME).unwrap(), bytes.len());
        let mut decoder = Decoder::new(MAX_FRAME);
        decoder.push(&bytes);
        let told: Request = decode(decoder.take().unwrap().unwrap()).unwrap();
        let whole = Multicast { guarantee, payload: payload.into() };
        prop_assert_eq!(told, Request { id: 0, what: Some(request::What::Multicast(whole)) });
        prop_assert!(decoder.is_empty());
    }

    #[test]
    fn what_was_encoded_is_decoded_however_the_bytes_come(
        messages in prop::collection::vec(
            (any::<u64>(), prop::collection::vec(any::<u8>(), 0..300)), 0..6),
        step in 1_usize..400,
    ) {
        let sent: Vec<Request> = messages.into_iter().map(|(id, p)| request(id, p)).collect();
        let stream: Vec<u8> =
            sent.iter().flat_map(|message| encode(message, MAX_FRAME).unwrap()).collect();
        let mut decoder = Decoder::new(MAX_FRAME);
        let mut heard = Vec::new();
        for bytes in stream.chunks(step) {
            decoder.push(bytes);
            while let Some(content) = decoder.take().unwrap() {
                heard.push(decode::<Request>(content).unwrap());
            }
        }
        prop_assert_eq!(heard, sent);
        prop_assert!(decoder.is_empty());
    }

    #[test]
    fn arbitrary_bytes_are_frames_or_errors_and_never_more_than_the_maximum(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        most in 0_usize..300,
    ) {
        let mut decoder = Decoder::new(most);
        decoder.push(&bytes);
        while let Ok(Some(content)) = decoder.take() {
            prop_assert!(content.len() <= most);
            let _ = decode::<Request>(content.clone());
            let _ = unknown_field(content, &[1, 2]);
        }
    }

    #[test]
    fn arbitrary_contents_are_messages_or_errors(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = Bytes::from(bytes);
        let _ = decode::<crate::proto::FromDaemon>(bytes.clone());
        let _ = decode::<Request>(bytes.clone());
        let _ = unknown_field(bytes, &[]);
    }
}
