use client::proto::{GroupPart, notice};
use proptest::prelude::*;
use totem::{Guarantee, NodeId};

use super::*;
use crate::stack::effect::{Address, Part};

fn notice_of(node: u32, pid: u32, payload: Vec<u8>, transitional: bool) -> Notice {
    let from = Address { node: NodeId::new(node).unwrap(), pid };
    let (guarantee, part, payload) = (Guarantee::Safe, Part::Last, Bytes::from(payload));
    Notice::Group(GroupNotice::Message { from, guarantee, part, payload, transitional })
}

#[test]
fn a_message_above_the_maximum_is_no_frame() {
    let notice = notice_of(1, 2, vec![0; 100], false);
    let telling = Telling::of(&notice);
    let mut frame = BytesMut::new();
    let error = telling.append(50, &mut frame).unwrap_err();
    assert!(matches!(error, FrameError::TooLong { most: 50, size: 100.. }), "{error}");
    assert!(frame.is_empty());
    assert_eq!(telling.size(50), Err(error));
}

proptest! {
    #[test]
    fn a_message_is_read_as_it_was_said(
        node in 1..u32::MAX,
        pid in any::<u32>(),
        payload in proptest::collection::vec(any::<u8>(), 0..300),
        transitional in any::<bool>(),
    ) {
        let notice = notice_of(node, pid, payload.clone(), transitional);
        let telling = Telling::of(&notice);
        let frame = telling.frame(frame::MAX_FRAME).unwrap();
        prop_assert_eq!(Ok(frame.len()), telling.size(frame::MAX_FRAME));
        let read: proto::FromDaemon = frame::decode(frame.slice(frame::PREFIX..)).unwrap();
        let said = proto::GroupMessage {
            node,
            pid,
            guarantee: proto::Guarantee::Safe.into(),
            part: GroupPart::Last.into(),
            payload: payload.into(),
            transitional,
        };
        let what = Some(notice::What::GroupMessage(said));
        let what = Some(from_daemon::What::Notice(proto::Notice { what }));
        prop_assert_eq!(read, proto::FromDaemon { what });
    }
}
