use std::os::unix::fs::FileTypeExt;

use client::proto::{self, Reason, request};

use super::*;
use crate::ipc::Ipc;
use crate::ipc::tests::{Dir, Program, next, settings};

#[tokio::test]
async fn socket_of_a_living_daemon_is_not_taken() {
    let dir = Dir::new();
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let second = Ipc::listen(settings(&dir)).unwrap_err();
    assert!(matches!(second, ListenError::Occupied(_)), "{second}");
    let text = second.to_string();
    assert!(text.starts_with("another daemon is already running: it answers on /"), "{text}");
}

#[tokio::test]
async fn socket_of_a_dead_daemon_is_replaced_and_open_to_everyone() {
    let dir = Dir::new();
    drop(std::os::unix::net::UnixListener::bind(dir.socket()).unwrap());
    assert!(dir.socket().exists(), "a daemon that was killed leaves its socket");
    let _ipc = Ipc::listen(settings(&dir)).unwrap();
    let meta = fs::metadata(dir.socket()).unwrap();
    assert!(meta.file_type().is_socket());
    assert_eq!(meta.permissions().mode() & 0o777, 0o666);
    Program::greet(&dir.socket()).await;
}

#[tokio::test]
async fn missing_directory_is_named() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.socket = dir.socket().join("x/clusterd.sock");
    let text = Ipc::listen(settings).unwrap_err().to_string();
    assert!(text.contains("x/clusterd.sock: No such file or directory"), "{text}");
}

#[tokio::test]
async fn one_session_too_many_is_told_and_its_place_is_free_later() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.limits.sessions = 2;
    let mut ipc = Ipc::listen(settings).unwrap();
    let first = Program::greet(&dir.socket()).await;
    let _second = Program::greet(&dir.socket()).await;
    let mut third = Program::connect(&dir.socket()).await;
    let text = third.refusal(Reason::TooManySessions).await;
    assert_eq!(text, "2 programs are connected already: no place for one more");
    third.ends().await;
    drop(first);
    next(&mut ipc).await;
    // The place is given back a step after the shell was told.
    tokio::task::yield_now().await;
    Program::greet(&dir.socket()).await;
}

#[tokio::test]
async fn small_frames_are_the_limit_for_those_who_may_only_look() {
    let dir = Dir::new();
    let mut settings = settings(&dir);
    settings.policy = Policy::nobody();
    let _ipc = Ipc::listen(settings).unwrap();
    let mut program = Program::greet(&dir.socket()).await;
    let multicast = proto::Multicast { guarantee: 0, payload: vec![0; 5000].into() };
    program.ask(1, request::What::Multicast(multicast)).await;
    let text = program.refusal(Reason::Malformed).await;
    assert!(text.ends_with("at most 4096 are allowed"), "{text}");
}
