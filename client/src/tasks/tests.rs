use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::connection::VERSION;
use crate::frame::{self, Decoder};
use crate::proto::{self, from_daemon, reply, request};

/// The daemon's end of one connection: answers what it is asked.
fn answer(mut stream: UnixStream, mut reply: impl FnMut(request::What) -> reply::What) {
    let mut decoder = Decoder::new(frame::MAX_FRAME);
    let mut chunk = [0; 4096];
    loop {
        while let Some(content) = decoder.take().unwrap() {
            let asked: proto::Request = frame::decode(content).unwrap();
            let what = Some(reply(asked.what.unwrap()));
            let answer = from_daemon::What::Reply(proto::Reply { id: asked.id, what });
            say(&mut stream, answer);
        }
        match stream.read(&mut chunk).unwrap() {
            0 => return,
            size => decoder.push(&chunk[..size]),
        }
    }
}

fn say(stream: &mut UnixStream, what: from_daemon::What) {
    let message = proto::FromDaemon { what: Some(what) };
    stream.write_all(&frame::encode(&message, frame::MAX_FRAME).unwrap()).unwrap();
}

fn welcome() -> reply::What {
    reply::What::Welcome(proto::Welcome {
        version: VERSION,
        max_frame: 2000,
        max_reply: 2000,
        permitted: true,
        key: Bytes::from_static(b"key"),
        ..proto::Welcome::default()
    })
}

/// A daemon that answers each ping after it was told to, and the way to have it tell something.
fn daemon() -> (PathBuf, Sender<()>, Receiver<UnixStream>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("tasks-{}-{number}.sock", std::process::id());
    let socket = std::env::temp_dir().join(name);
    let listener = UnixListener::bind(&socket).unwrap();
    let (go, wait) = channel();
    let (hears, told) = channel();
    thread::spawn(move || {
        let asks = listener.accept().unwrap().0;
        thread::spawn(move || {
            answer(asks, |what| {
                if matches!(what, request::What::Hello(_)) {
                    return welcome();
                }
                wait.recv().unwrap();
                reply::What::Done(proto::Done {})
            });
        });
        let stream = listener.accept().unwrap().0;
        let copy = stream.try_clone().unwrap();
        answer(stream, |what| {
            if matches!(what, request::What::Hello(_)) {
                return welcome();
            }
            hears.send(copy.try_clone().unwrap()).unwrap();
            reply::What::Done(proto::Done {})
        });
    });
    (socket, go, told)
}

fn quorum(present: u32) -> from_daemon::What {
    let quorum = proto::Quorum { present, ..proto::Quorum::default() };
    let what = Some(notice::What::Quorum(quorum));
    from_daemon::What::Notice(proto::Notice { what })
}

async fn open() -> (Daemon, Sender<()>, UnixStream) {
    let (socket, go, told) = daemon();
    let daemon = Daemon::open(&socket, "test").await.unwrap();
    std::fs::remove_file(socket).unwrap();
    (daemon, go, told.recv().unwrap())
}

fn present(change: Change) -> u32 {
    let Change::Quorum(verdict) = change else { panic!("{change:?}") };
    verdict.present
}

#[tokio::test]
async fn what_is_told_comes_while_an_answer_is_awaited() {
    let (daemon, go, mut tells) = open().await;
    let asked = daemon.ask(|connection| connection.watch(true));
    tokio::pin!(asked);
    say(&mut tells, quorum(1));
    say(&mut tells, quorum(2));
    // Nobody has answered, and one thread drives both.
    let first = tokio::select! {
        answer = &mut asked => panic!("{answer:?}"),
        change = daemon.change() => change.unwrap(),
    };
    assert_eq!(present(first), 1);
    go.send(()).unwrap();
    asked.await.unwrap();
    assert_eq!(present(daemon.change().await.unwrap()), 2);
}

#[tokio::test]
async fn who_gives_up_takes_nothing_and_asks_in_order() {
    let (daemon, go, mut tells) = open().await;
    let soon = Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, daemon.next()).await.is_err());
    say(&mut tells, quorum(7));
    assert_eq!(present(daemon.change().await.unwrap()), 7);
    let given_up = daemon.ask(|connection| connection.watch(true));
    assert!(tokio::time::timeout(soon, given_up).await.is_err());
    let second = daemon.ask(|connection| connection.watch(false));
    go.send(()).unwrap();
    go.send(()).unwrap();
    second.await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_daemon_ends_who_waits() {
    let (daemon, _, tells) = open().await;
    tells.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(matches!(daemon.next().await, Err(Error::Lost)));
    let nobody = Daemon::open("/nonexistent/socket", "test").await;
    assert!(matches!(nobody, Err(Error::NotRunning(_))));
}
