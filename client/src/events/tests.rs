use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use super::*;
use crate::frame::FrameError;

const KEY: &[u8] = &[9; 16];

/// The daemon's end of one connection.
struct End {
    stream: UnixStream,
    decoder: Decoder,
}

impl End {
    fn hear(&mut self) -> proto::Request {
        let mut chunk = [0; 4096];
        loop {
            if let Some(content) = self.decoder.take().unwrap() {
                return frame::decode(content).unwrap();
            }
            let size = self.stream.read(&mut chunk).unwrap();
            assert!(size > 0, "the program hung up");
            self.decoder.push(&chunk[..size]);
        }
    }

    fn reply(&mut self, what: reply::What) {
        let id = self.hear().id;
        let reply = proto::Reply { id, what: Some(what) };
        self.say(from_daemon::What::Reply(reply));
    }

    fn welcome(&mut self) {
        self.reply(reply::What::Welcome(proto::Welcome {
            version: VERSION,
            max_frame: 2000,
            max_reply: 2000,
            permitted: true,
            key: Bytes::from_static(KEY),
            ..proto::Welcome::default()
        }));
    }

    fn say(&mut self, what: from_daemon::What) {
        let message = proto::FromDaemon { what: Some(what) };
        self.stream.write_all(&frame::encode(&message, LARGEST_FRAME).unwrap()).unwrap();
    }
}

fn quorum(present: u32) -> notice::What {
    notice::What::Quorum(proto::Quorum { present, ..proto::Quorum::default() })
}

fn notice(present: u32) -> from_daemon::What {
    from_daemon::What::Notice(proto::Notice { what: Some(quorum(present)) })
}

/// A program's two connections and the daemon's ends of them.
fn pair() -> (Connection, Events, End, End) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("events-{}-{number}.sock", std::process::id());
    let socket: PathBuf = std::env::temp_dir().join(name);
    let listener = UnixListener::bind(&socket).unwrap();
    let daemon: JoinHandle<(End, End)> = thread::spawn(move || {
        let accept = || {
            let stream = listener.accept().unwrap().0;
            End { stream, decoder: Decoder::new(LARGEST_FRAME) }
        };
        let mut asks = accept();
        asks.welcome();
        let mut hears = accept();
        hears.welcome();
        let listen = hears.hear();
        let key = Bytes::from_static(KEY);
        assert_eq!(listen.what, Some(request::What::Listen(proto::Listen { key })));
        let what = Some(reply::What::Done(proto::Done {}));
        hears.say(from_daemon::What::Reply(proto::Reply { id: listen.id, what }));
        (asks, hears)
    });
    let connection = Connection::open(&socket, "test").unwrap();
    let events = Events::of(&connection, &socket, "test", None).unwrap();
    let (asks, hears) = daemon.join().unwrap();
    std::fs::remove_file(&socket).unwrap();
    (connection, events, asks, hears)
}

/// What `poll` says of the socket now.
fn readable(events: &Events) -> bool {
    let soon = Instant::now() + Duration::from_millis(1);
    wait(events.as_fd(), PollFlags::IN, Some(soon)).unwrap()
}

#[test]
fn socket_is_readable_exactly_while_there_is_something_to_take() {
    let (_connection, events, _asks, mut hears) = pair();
    assert!(!readable(&events));
    let now = Some(Instant::now());
    assert_eq!(events.take(now).unwrap(), None);
    (1..=100).for_each(|present| hears.say(notice(present)));
    for present in 1..=100 {
        assert!(readable(&events));
        assert_eq!(events.take(None).unwrap(), Some(quorum(present)));
    }
    assert!(!readable(&events));
}

#[test]
fn frame_in_pieces_is_taken_as_a_whole() {
    let (_connection, events, _asks, mut hears) = pair();
    let message = proto::FromDaemon { what: Some(notice(7)) };
    let frame = frame::encode(&message, LARGEST_FRAME).unwrap();
    let taken = thread::spawn(move || events.take(None).unwrap());
    for byte in frame {
        hears.stream.write_all(&[byte]).unwrap();
        thread::yield_now();
    }
    assert_eq!(taken.join().unwrap(), Some(quorum(7)));
}

#[test]
fn a_thread_waits_while_another_asks_and_both_are_served() {
    let (mut connection, events, mut asks, mut hears) = pair();
    let waiting = thread::spawn(move || events.take(None).unwrap());
    let daemon = thread::spawn(move || {
        asks.reply(reply::What::Pong(proto::Pong {}));
        asks
    });
    connection.ping().unwrap();
    hears.say(notice(5));
    assert_eq!(waiting.join().unwrap(), Some(quorum(5)));
    daemon.join().unwrap();
}

#[test]
fn daemon_that_hangs_up_makes_it_readable_and_is_lost() {
    let (_connection, events, asks, hears) = pair();
    drop((asks, hears));
    assert!(readable(&events));
    let error = events.take(None).unwrap_err();
    assert!(matches!(error, Error::Lost), "{error}");
}

#[test]
fn what_is_no_notice_is_an_error() {
    let (_connection, events, _asks, mut hears) = pair();
    hears.stream.write_all(&u32::MAX.to_be_bytes()).unwrap();
    let error = events.take(None).unwrap_err();
    assert!(matches!(error, Error::Frame(FrameError::TooLong { .. })), "{error}");
    let (_connection, events, _asks, mut hears) = pair();
    let what = Some(reply::What::Done(proto::Done {}));
    hears.say(from_daemon::What::Reply(proto::Reply { id: 0, what }));
    let error = events.take(None).unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
}
