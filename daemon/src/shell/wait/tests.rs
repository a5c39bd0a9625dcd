use std::io::Write;
use std::time::Instant;

use client::proto::{self, request};
use totem::Destination;

use super::*;
use crate::ipc::tests::{Dir, Program, command, settings};
use crate::net::tests::nodes;
use crate::stack::command::Command;

/// Longer than anything here takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

fn status() -> request::What {
    request::What::Status(proto::GetStatus {})
}

/// A program that has said nothing yet but its name, which has been taken note of.
async fn greet(dir: &Dir, ipc: &mut Ipc) -> Program {
    let program = Program::greet(&dir.socket()).await;
    let wanted = tokio::select! {
        biased;
        incoming = ipc.next() => Some(incoming),
        () = std::future::ready(()) => None,
    };
    assert!(wanted.is_none() && ipc.is_idle(), "{wanted:?}");
    program
}

/// Until the thread waits for something, as the system sees it.
fn await_sleep(thread: rustix::thread::Pid) {
    let path = format!("/proc/self/task/{}/stat", thread.as_raw_nonzero());
    // The name in parentheses comes before the state.
    while !std::fs::read_to_string(&path).unwrap().contains(") S ") {
        std::thread::yield_now();
    }
}

/// Two nodes, and the programs of the second.
fn all(port: u16, dir: &Dir) -> ([Net; 2], Ipc) {
    let nets = <[Net; 2]>::try_from(nodes(port, 2)).unwrap();
    (nets, Ipc::listen(settings(dir)).unwrap())
}

#[tokio::test]
async fn it_lasts_as_long_as_was_said_when_nobody_speaks() {
    let dir = Dir::new();
    let ([_first, second], ipc) = all(21_485, &dir);
    let span = Duration::from_millis(20);
    let began = Instant::now();
    doze(&second, &ipc, span).await;
    assert!(began.elapsed() >= span, "{:?}", began.elapsed());
    assert!(ipc.is_idle());
}

#[tokio::test]
async fn a_program_that_has_spoken_need_not_wait() {
    let dir = Dir::new();
    let ([_first, second], mut ipc) = all(21_495, &dir);
    let mut program = greet(&dir, &mut ipc).await;
    program.ask(1, status()).await;
    let began = Instant::now();
    doze(&second, &ipc, PATIENCE).await;
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    assert!(!ipc.is_idle());
    assert_eq!(command(&mut ipc).await.1, Command::Status);
}

#[tokio::test]
async fn what_a_program_says_meanwhile_is_here_when_a_packet_ends_it() {
    let dir = Dir::new();
    let ([mut first, second], mut ipc) = all(21_505, &dir);
    let mut stream = greet(&dir, &mut ipc).await.into_stream();
    let request = proto::Request { id: 1, what: Some(status()) };
    let frame = client::frame::encode(&request, usize::MAX).unwrap();
    let began = Instant::now();
    let dozer = rustix::thread::gettid();
    let others = std::thread::spawn(move || {
        await_sleep(dozer);
        stream.write_all(&frame).unwrap();
        first.send(Destination::Everyone, b"here");
        first.flush();
        (stream, first)
    });
    doze(&second, &ipc, PATIENCE).await;
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    assert!(!ipc.is_idle());
    assert_eq!(command(&mut ipc).await.1, Command::Status);
    drop(others.join().unwrap());
}
