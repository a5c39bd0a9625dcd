use proptest::prelude::*;

use super::*;

const A: Member = Member { node: 1, pid: 10 };
const B: Member = Member { node: 2, pid: 20 };

fn message(from: Member, part: GroupPart, payload: &[u8]) -> notice::What {
    notice::What::GroupMessage(proto::GroupMessage {
        node: from.node,
        pid: from.pid,
        guarantee: proto::Guarantee::Agreed.into(),
        part: part.into(),
        payload: Bytes::copy_from_slice(payload),
    })
}

fn told(member: Member, reason: proto::GroupReason) -> proto::GroupMember {
    proto::GroupMember { node: member.node, pid: member.pid, reason: reason.into() }
}

fn view(joined: &[Member], left: &[Member], members: &[Member]) -> notice::What {
    let list = |members: &[Member], reason| members.iter().map(|it| told(*it, reason)).collect();
    notice::What::GroupView(proto::GroupView {
        members: list(members, proto::GroupReason::Unspecified),
        joined: list(joined, proto::GroupReason::Join),
        left: list(left, proto::GroupReason::ProcessDown),
        ..proto::GroupView::default()
    })
}

fn payload(event: Option<GroupEvent>) -> Option<Bytes> {
    match event {
        Some(GroupEvent::Message(message)) => Some(message.payload),
        _ => None,
    }
}

#[test]
fn a_message_stands_where_its_last_part_does() {
    let mut assembly = Assembly::default();
    let mut take = |what| payload(assembly.take(what).expect("understood"));
    assert_eq!(take(message(A, GroupPart::First, b"a")), None);
    assert_eq!(take(message(B, GroupPart::Whole, b"other")), Some(Bytes::from("other")));
    assert_eq!(take(message(A, GroupPart::Middle, b"b")), None);
    assert_eq!(take(message(A, GroupPart::Last, b"c")), Some(Bytes::from("abc")));
    assert_eq!(take(message(A, GroupPart::Last, b"d")), None);
    assert!(assembly.is_empty());
}

#[test]
fn what_was_begun_goes_with_its_sender_and_when_somebody_comes() {
    for change in [view(&[], &[A], &[B]), view(&[A], &[], &[A, B])] {
        let mut assembly = Assembly::default();
        assembly.take(message(A, GroupPart::First, b"a")).expect("understood");
        assembly.take(change).expect("understood");
        assert!(assembly.is_empty());
        let last = assembly.take(message(A, GroupPart::Last, b"b")).expect("understood");
        assert_eq!(last, None);
    }
}

#[test]
fn what_was_begun_outlives_the_end_of_others() {
    let mut assembly = Assembly::default();
    assembly.take(message(A, GroupPart::First, b"a")).expect("understood");
    assembly.take(view(&[], &[B], &[A])).expect("understood");
    let last = assembly.take(message(A, GroupPart::Last, b"b")).expect("understood");
    assert_eq!(payload(last), Some(Bytes::from("ab")));
}

#[test]
fn reasons_are_those_that_were_told() {
    let mut assembly = Assembly::default();
    let Ok(Some(GroupEvent::View(view))) = assembly.take(view(&[A], &[B], &[A])) else {
        panic!("no view");
    };
    assert_eq!(view.members, [A]);
    assert_eq!(view.joined, [(A, Why::Join)]);
    assert_eq!(view.left, [(B, Why::ProcessDown)]);
    let wrong = proto::GroupView {
        left: vec![proto::GroupMember { node: 1, pid: 1, reason: 9 }],
        ..proto::GroupView::default()
    };
    let error = assembly.take(notice::What::GroupView(wrong)).expect_err("no such reason");
    assert_eq!(error.to_string(), "protocol mismatch: no reason of a member has number 9");
}

#[test]
fn too_large_a_message_is_not_even_begun() {
    let error = parts(b"", Guarantee::Agreed, &vec![0; MOST + 1]).expect_err("too large");
    assert!(matches!(error, Error::Refused { reason: Reason::TooLarge, .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn parts_make_the_message(size in 0_usize..4 * PART, fill in any::<u8>()) {
        let sent = vec![fill; size];
        let parts = parts(b"prefix", Guarantee::Safe, &sent).expect("not too large");
        prop_assert_eq!(parts.len(), size.div_ceil(PART).max(1));
        let mut assembly = Assembly::default();
        let mut whole = None;
        for part in parts {
            prop_assert!(whole.is_none());
            prop_assert_eq!(&part.message[..6], b"prefix");
            let number = match part.message[6] {
                0 => GroupPart::Middle,
                1 => GroupPart::First,
                2 => GroupPart::Last,
                _ => GroupPart::Whole,
            };
            let event = assembly.take(message(A, number, &part.message[7..]));
            whole = payload(event.expect("understood"));
        }
        prop_assert_eq!(whole.as_deref(), Some(&sent[..]));
    }
}
