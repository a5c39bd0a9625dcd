use bytes::{BufMut, BytesMut};
use client::proto::request;
use proptest::prelude::*;

use super::*;
use crate::ipc::credentials::Policy;
use crate::ipc::tests::{Dir, Program, command, next, settings};
use crate::ipc::{Incoming, Ipc};
use crate::stack::command::Command;
use crate::stack::effect::Reply;

fn hello(version: u32) -> request::What {
    request::What::Hello(proto::Hello { version, name: "test".to_owned() })
}

fn ping() -> request::What {
    request::What::Ping(proto::Ping {})
}

#[tokio::test]
async fn first_request_must_be_hello() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::connect(&dir.socket()).await;
    program.ask(5, ping()).await;
    assert_eq!(program.refusal(Reason::Protocol).await, "the first request must be hello");
    program.ends().await;
}

#[tokio::test]
async fn other_version_is_refused_with_both_numbers() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::connect(&dir.socket()).await;
    program.ask(5, hello(77)).await;
    let text = program.refusal(Reason::Protocol).await;
    assert_eq!(text, "program speaks version 77, daemon 1");
    program.ends().await;
}

#[tokio::test]
async fn second_hello_ends_the_session() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(5, hello(VERSION)).await;
    assert_eq!(program.refusal(Reason::Protocol).await, "hello again");
    program.ends().await;
}

#[tokio::test]
async fn silent_program_is_sent_away() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.limits.hello = std::time::Duration::from_millis(30);
    let mut ipc = Ipc::listen(settings).unwrap();
    let mut program = Program::connect(&dir.socket()).await;
    assert_eq!(program.refusal(Reason::Protocol).await, "no hello within 30ms");
    program.ends().await;
    assert!(matches!(next(&mut ipc).await, Incoming::Gone(_)));
}

#[tokio::test]
async fn frame_above_the_maximum_is_refused_before_its_content_comes() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.bytes(&u32::MAX.to_be_bytes()).await;
    let text = program.refusal(Reason::Malformed).await;
    assert!(text.starts_with("frame of 4294967295 bytes, at most 1114112"), "{text}");
    program.ends().await;
}

#[tokio::test]
async fn frame_without_a_message_is_refused() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.bytes(&[0, 0, 0, 3, 0xff, 0xff, 0xff]).await;
    let text = program.refusal(Reason::Malformed).await;
    assert!(text.starts_with("frame of 3 bytes holds no such message"), "{text}");
    program.ends().await;
}

#[tokio::test]
async fn unknown_request_is_refused_by_its_number_and_the_session_goes_on() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    // Request { id: 6 } with an empty message as field 500.
    program.bytes(&[0, 0, 0, 5, 8, 6, 0xa2, 0x1f, 0]).await;
    let text = program.refusal(Reason::UnknownRequest).await;
    assert_eq!(text, "version 1 knows no request 500");
    program.bytes(&[0, 0, 0, 2, 8, 6]).await;
    let text = program.refusal(Reason::UnknownRequest).await;
    assert_eq!(text, "the request asks nothing");
    program.ask(7, ping()).await;
    assert_eq!(program.reply().await.id, 7);
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    let request = proto::Request { id: 300, what: Some(ping()) };
    for byte in frame::encode(&request, 100).unwrap() {
        program.bytes(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(program.reply().await.id, 300);
}

#[tokio::test]
async fn requests_need_not_wait_and_replies_keep_their_order() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(11, request::What::Status(proto::GetStatus {})).await;
    program.ask(12, request::What::Nodes(proto::GetNodes {})).await;
    program.ask(13, ping()).await;
    let (first, asked) = command(&mut ipc).await;
    assert_eq!(asked, Command::Status);
    let (second, asked) = command(&mut ipc).await;
    assert_eq!(asked, Command::Nodes);
    ipc.reply(second, &Reply::Nodes(vec![]));
    ipc.reply(second, &Reply::Nodes(vec![]));
    ipc.reply(first, &Reply::Done);
    let ids = [program.reply().await.id, program.reply().await.id, program.reply().await.id];
    assert_eq!(ids, [11, 12, 13]);
}

#[tokio::test]
async fn only_so_many_requests_are_under_way() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    for id in 0..300 {
        program.ask(id, request::What::Nodes(proto::GetNodes {})).await;
    }
    let mut asked = vec![];
    for _ in 0..256 {
        asked.push(command(&mut ipc).await.0);
    }
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(ipc.events.is_empty(), "the others wait in the socket");
    for request in asked {
        ipc.reply(request, &Reply::Nodes(vec![]));
    }
    for id in 0..300 {
        if id >= 256 {
            let (request, _) = command(&mut ipc).await;
            ipc.reply(request, &Reply::Nodes(vec![]));
        }
        assert_eq!(program.reply().await.id, id);
    }
}

fn multicast(payload: &[u8]) -> request::What {
    let payload = Bytes::copy_from_slice(payload);
    request::What::Multicast(proto::Multicast { guarantee: 0, payload })
}

fn payload(command: &Command) -> &[u8] {
    let Command::Multicast { payload, .. } = command else { panic!("{command:?}") };
    payload
}

#[tokio::test]
async fn unanswered_multicasts_wait_for_room_in_their_order() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    for message in [b"one", b"two"] {
        program.ask(0, multicast(message)).await;
    }
    program.ask(7, request::What::Nodes(proto::GetNodes {})).await;
    let no_room = Reply::Refused(crate::stack::effect::Refusal::TryAgain);
    let (first, asked) = command(&mut ipc).await;
    assert_eq!(payload(&asked), b"one");
    ipc.reply(first, &no_room);
    assert_eq!(ipc.stalls(), 1);
    tokio::select! {
        biased;
        early = ipc.next() => panic!("{early:?} overtook what waits"),
        () = async { for _ in 0..50 { tokio::task::yield_now().await } } => {}
    }
    let mut tried = vec![];
    while let Some(incoming) = ipc.resume(usize::MAX) {
        let Incoming::Command { request, command } = incoming else { panic!("{incoming:?}") };
        if command == Command::Nodes {
            ipc.reply(request, &Reply::Nodes(vec![]));
        } else {
            tried.push(payload(&command).to_vec());
            ipc.reply(request, &Reply::Done);
        }
    }
    assert_eq!(tried, [b"one", b"two"]);
    assert_eq!(program.reply().await.id, 7, "the multicasts are not answered");
}

#[tokio::test]
async fn more_unanswered_multicasts_than_may_be_under_way_come_one_after_the_other() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    for number in 0..600_u32 {
        program.ask(0, multicast(&number.to_be_bytes())).await;
    }
    program.ask(1, request::What::Ping(proto::Ping {})).await;
    for number in 0..600_u32 {
        let (request, asked) = command(&mut ipc).await;
        assert_eq!(payload(&asked), number.to_be_bytes());
        ipc.reply(request, &Reply::Done);
    }
    assert_eq!(program.reply().await.id, 1, "it has heard of nothing else");
}

#[tokio::test]
async fn what_came_before_a_mistake_counts() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    let mut bytes = vec![];
    for (id, what) in [
        (0, multicast(b"one")),
        (1, request::What::Subsystems(proto::GetSubsystems {})),
        (0, multicast(b"two")),
        (2, request::What::Hello(proto::Hello { version: VERSION, name: String::new() })),
    ] {
        let request = proto::Request { id, what: Some(what) };
        bytes.extend_from_slice(&frame::encode(&request, usize::MAX).unwrap());
    }
    program.bytes(&bytes).await;
    for expected in [b"one", b"two"] {
        let (request, asked) = command(&mut ipc).await;
        assert_eq!(payload(&asked), expected);
        ipc.reply(request, &Reply::Done);
    }
    assert!(matches!(next(&mut ipc).await, Incoming::Gone(_)));
    assert_eq!(program.refusal(Reason::Protocol).await, "hello again");
    program.ends().await;
}

#[tokio::test]
async fn unanswered_multicast_that_can_never_be_sent_ends_the_session_with_the_reason() {
    let dir = Dir::new();
    let mut ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(0, multicast(b"one")).await;
    let (request, _) = command(&mut ipc).await;
    let why = crate::stack::effect::Refusal::TooLarge { size: 3, most: 2 };
    ipc.reply(request, &Reply::Refused(why));
    let text = program.refusal(Reason::TooLarge).await;
    assert_eq!(text, "message of 3 bytes, at most 2 are possible");
    program.ends().await;
    assert_eq!(next(&mut ipc).await, Incoming::Gone(request.session));
}

#[tokio::test]
async fn program_without_permission_may_look_and_not_touch() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.policy = Policy::nobody();
    let mut ipc = Ipc::listen(settings).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    program.ask(1, request::What::Leave(proto::Leave { remove: false, force: true })).await;
    let text = program.refusal(Reason::Permission).await;
    assert_eq!(text, format!("user {} may only look", nix::unistd::geteuid()));
    program.ask(2, request::What::Nodes(proto::GetNodes {})).await;
    let (request, asked) = command(&mut ipc).await;
    assert_eq!(asked, Command::Nodes);
    ipc.reply(request, &Reply::Nodes(vec![]));
    assert_eq!(program.reply().await.id, 2);
}

#[tokio::test]
async fn guarantee_without_meaning_is_refused_by_its_number() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    let multicast = proto::Multicast { guarantee: 9, payload: Bytes::new() };
    program.ask(4, request::What::Multicast(multicast)).await;
    assert_eq!(program.refusal(Reason::Malformed).await, "no guarantee has number 9");
    program.ends().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_do_worse_than_end_the_session(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..5),
        framed in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = Dir::new();
            let mut ipc = Ipc::listen(settings(&dir)).unwrap();
            let mut program = Program::greet(&dir.socket()).await;
            for chunk in chunks {
                let mut bytes = BytesMut::new();
                if framed {
                    bytes.put_u32(u32::try_from(chunk.len()).unwrap());
                }
                bytes.extend_from_slice(&chunk);
                program.bytes_if_heard(&bytes).await;
            }
            drop(program);
            while let Incoming::Command { request, .. } = next(&mut ipc).await {
                ipc.reply(request, &Reply::Done);
            }
            assert_eq!(ipc.sessions(), 0);
        });
    }
}
