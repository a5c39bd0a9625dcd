use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

use super::*;
use crate::proto::{Reason, notice};
use crate::quorum::Change;

mod departing;
mod groups;

/// The other end, which a test plays.
struct Daemon {
    stream: UnixStream,
    decoder: Decoder,
}

impl Daemon {
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

    fn say(&mut self, what: from_daemon::What) {
        let message = proto::FromDaemon { what: Some(what) };
        let frame = frame::encode(&message, LARGEST_FRAME).unwrap();
        self.stream.write_all(&frame).unwrap();
    }

    fn reply(&mut self, id: u64, what: reply::What) {
        self.say(from_daemon::What::Reply(proto::Reply { id, what: Some(what) }));
    }

    fn notice(&mut self, present: u32) {
        let quorum = proto::Quorum { present, ..proto::Quorum::default() };
        let what = Some(notice::What::Quorum(quorum));
        self.say(from_daemon::What::Notice(proto::Notice { what }));
    }

    fn welcome(&mut self) {
        self.welcome_with(2000);
    }

    /// Takes frames of at most so many bytes.
    fn welcome_with(&mut self, max_frame: u32) {
        let hello = self.hear();
        let most = u32::try_from(frame::MAX_FRAME).unwrap();
        self.reply(
            hello.id,
            reply::What::Welcome(proto::Welcome {
                version: VERSION,
                daemon: "test".to_owned(),
                max_frame,
                max_reply: most,
                permitted: true,
                key: Bytes::from_static(&[7; 16]),
            }),
        );
    }

    /// Waits until the program hung up.
    fn gone(&mut self) {
        while !matches!(self.stream.read(&mut [0; 4096]), Ok(0) | Err(_)) {}
    }
}

struct Fixture {
    socket: PathBuf,
    daemon: JoinHandle<()>,
}

impl Fixture {
    fn new(script: impl FnOnce(&mut Daemon) + Send + 'static) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("connection-{}-{number}.sock", std::process::id());
        let socket = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&socket).unwrap();
        let daemon = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            script(&mut Daemon { stream, decoder: Decoder::new(LARGEST_FRAME) });
        });
        Self { socket, daemon }
    }

    fn open(&self) -> Result<Connection, Error> {
        Connection::open(&self.socket, "test")
    }

    fn end(self) {
        self.daemon.join().unwrap();
        std::fs::remove_file(&self.socket).unwrap();
    }
}

#[test]
fn nobody_there_is_told_from_other_errors() {
    let error = Connection::open("/nonexistent/clusterd.sock".as_ref(), "test").unwrap_err();
    assert!(matches!(error, Error::NotRunning(_)), "{error}");
    assert_eq!(error.to_string(), "no daemon answers on /nonexistent/clusterd.sock");
    assert!(!error.is_harmless());
}

#[test]
fn refused_hello_is_a_protocol_mismatch_with_the_daemons_words() {
    let fixture = Fixture::new(|daemon| {
        let id = daemon.hear().id;
        let text = "program speaks version 1, daemon 2".to_owned();
        let reason = Reason::Protocol.into();
        daemon.reply(id, reply::What::Refused(proto::Refused { reason, text }));
    });
    let error = fixture.open().unwrap_err();
    assert_eq!(error.to_string(), "protocol mismatch: program speaks version 1, daemon 2");
    fixture.end();
}

#[test]
fn daemon_of_another_version_is_a_mismatch_with_both_numbers() {
    for version in [0, VERSION + 1, u32::MAX] {
        let fixture = Fixture::new(move |daemon| {
            let id = daemon.hear().id;
            let welcome = proto::Welcome { version, ..proto::Welcome::default() };
            daemon.reply(id, reply::What::Welcome(welcome));
        });
        let error = fixture.open().unwrap_err();
        let text = format!("protocol mismatch: daemon speaks version {version}, program {VERSION}");
        assert_eq!(error.to_string(), text);
        fixture.end();
    }
}

#[test]
fn what_only_newer_programs_know_is_a_mismatch() {
    // An answer, a notice and a message with nothing in it that is known here.
    let kinds = [
        (
            "an answer",
            proto::FromDaemon {
                what: Some(from_daemon::What::Reply(proto::Reply { id: 2, what: None })),
            },
        ),
        (
            "a notice",
            proto::FromDaemon {
                what: Some(from_daemon::What::Notice(proto::Notice { what: None })),
            },
        ),
        ("a message", proto::FromDaemon { what: None }),
    ];
    for (kind, message) in kinds {
        let fixture = Fixture::new(move |daemon| {
            daemon.welcome();
            daemon.hear();
            let frame = frame::encode(&message, LARGEST_FRAME).unwrap();
            daemon.stream.write_all(&frame).unwrap();
        });
        let error = fixture.open().unwrap().ping().unwrap_err();
        let text = format!("protocol mismatch: {kind} of a kind that this program does not know");
        assert_eq!(error.to_string(), text);
        fixture.end();
    }
}

#[test]
fn who_takes_no_notices_is_told_to_before_it_multicasts() {
    const MANY: u32 = 8193;
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let id = daemon.hear().id;
        (0..MANY).for_each(|number| daemon.notice(number));
        daemon.reply(id, reply::What::Pong(proto::Pong {}));
        daemon.hear();
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.ping().unwrap();
    let refused = [
        connection.post_multicast(crate::Guarantee::Agreed, &[], None),
        connection.multicast(crate::Guarantee::Agreed, Bytes::new()),
        connection.group_send(crate::Guarantee::Agreed, b"x"),
        connection.group_post(crate::Guarantee::Agreed, b"x"),
    ];
    for refused in refused {
        let Err(Error::Refused { reason: Reason::TryAgain, text }) = refused else { panic!() };
        assert_eq!(text, "8193 notices wait: they must be taken before more is sent");
    }
    assert!(connection.dispatch().unwrap().is_some());
    connection.post_multicast(crate::Guarantee::Agreed, &[], None).unwrap();
    drop(connection);
    fixture.end();
}

#[test]
fn notices_before_a_reply_wait_in_their_order() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let asked = daemon.hear();
        let watch = proto::Watch { on: true, may_object: false };
        assert_eq!(asked.what, Some(request::What::Watch(watch)));
        daemon.notice(1);
        daemon.notice(2);
        daemon.reply(asked.id, reply::What::Done(proto::Done {}));
        daemon.notice(3);
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.watch(true).unwrap();
    for votes in 1..=3 {
        match connection.change(None).unwrap() {
            Some(Change::Quorum(verdict)) => assert_eq!(verdict.present, votes),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(connection.dispatch().unwrap(), None, "nothing more, and no waiting for it");
    drop(connection);
    fixture.end();
}

#[test]
fn wait_for_a_notice_ends_on_time() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    let begin = Instant::now();
    let deadline = begin + Duration::from_millis(50);
    assert_eq!(connection.notice(Some(deadline)).unwrap(), None);
    assert!(Instant::now() >= deadline);
    drop(connection);
    fixture.end();
}

#[test]
fn reply_that_came_too_late_is_dropped_and_the_next_is_taken() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let late = daemon.hear();
        let next = daemon.hear();
        daemon.reply(late.id, reply::What::Done(proto::Done {}));
        daemon.reply(next.id, reply::What::Pong(proto::Pong {}));
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.set_patience(Some(Duration::from_millis(20)));
    let error = connection.watch(true).unwrap_err();
    assert!(matches!(error, Error::TimedOut) && error.is_harmless(), "{error}");
    connection.set_patience(None);
    connection.ping().unwrap();
    drop(connection);
    fixture.end();
}

#[test]
fn daemon_that_hangs_up_is_lost() {
    let fixture = Fixture::new(Daemon::welcome);
    let mut connection = fixture.open().unwrap();
    let error = connection.notice(None).unwrap_err();
    assert!(matches!(error, Error::Lost), "{error}");
    fixture.end();
}

#[test]
fn refusal_without_a_request_is_told_with_its_reason() {
    let fixture = Fixture::new(|daemon| {
        let text = "2 programs are connected already".to_owned();
        let reason = Reason::TooManySessions.into();
        daemon.reply(0, reply::What::Refused(proto::Refused { reason, text }));
    });
    let error = fixture.open().unwrap_err();
    assert_eq!(error.to_string(), "2 programs are connected already");
    fixture.end();
}

#[test]
fn message_above_what_the_daemon_takes_is_refused_here() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    let payload = Bytes::from(vec![0; 3000]);
    let error = connection.multicast(crate::Guarantee::Safe, payload).unwrap_err();
    assert!(matches!(error, Error::Refused { reason: Reason::TooLarge, .. }), "{error}");
    drop(connection);
    fixture.end();
}

#[test]
fn answer_of_another_kind_is_a_protocol_mismatch() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let id = daemon.hear().id;
        daemon.reply(id, reply::What::Done(proto::Done {}));
    });
    let mut connection = fixture.open().unwrap();
    let error = connection.status().unwrap_err();
    assert_eq!(error.to_string(), "protocol mismatch: the answer to status is of another kind");
    fixture.end();
}

#[test]
fn reply_to_nothing_asked_is_a_protocol_mismatch() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        daemon.reply(99, reply::What::Pong(proto::Pong {}));
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    let error = connection.ping().unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    drop(connection);
    fixture.end();
}

#[test]
fn more_notices_than_may_wait_end_the_conversation() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        daemon.hear();
        for _ in 0..=NOTICES {
            daemon.notice(1);
        }
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    let error = connection.watch(true).unwrap_err();
    assert!(matches!(error, Error::Overrun(NOTICES)), "{error}");
    drop(connection);
    fixture.end();
}

#[test]
fn garbage_is_an_error() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        daemon.stream.write_all(&[0, 0, 0, 2, 0xff, 0xff]).unwrap();
    });
    let mut connection = fixture.open().unwrap();
    let error = connection.notice(None).unwrap_err();
    assert!(matches!(error, Error::Frame(_)), "{error}");
    fixture.end();
}

#[test]
fn unanswered_multicast_returns_at_once_and_waits_only_for_the_socket() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let sent = daemon.hear();
        let payload = Bytes::from_static(b"in two parts");
        let multicast = proto::Multicast { guarantee: 1, payload };
        assert_eq!((sent.id, sent.what), (0, Some(request::What::Multicast(multicast))));
        let asked = daemon.hear();
        daemon.reply(asked.id, reply::What::Pong(proto::Pong {}));
        daemon.hear();
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    let parts = [IoSlice::new(b"in two"), IoSlice::new(b" parts")];
    connection.post_multicast(crate::Guarantee::Safe, &parts, None).unwrap();
    connection.ping().unwrap();
    connection.post_multicast(crate::Guarantee::Agreed, &[], None).unwrap();
    drop(connection);
    fixture.end();
}

#[test]
fn socket_that_stays_full_ends_the_wait_in_time() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        // Hears no more before the program hung up: nothing of it is read until then.
        let mut fds = [PollFd::new(&daemon.stream, PollFlags::RDHUP)];
        poll(&mut fds, None).unwrap();
    });
    let mut connection = fixture.open().unwrap();
    connection.set_patience(Some(Duration::from_millis(20)));
    let payload = [0; 1500];
    let parts = [IoSlice::new(&payload)];
    let error = loop {
        let deadline = Some(Instant::now() + Duration::from_millis(20));
        if let Err(error) = connection.post_multicast(crate::Guarantee::Agreed, &parts, deadline) {
            break error;
        }
    };
    // Whether the last frame was begun depends on the size of the socket's buffer.
    assert!(matches!(error, Error::TimedOut | Error::Lost), "{error}");
    drop(connection);
    fixture.end();
}

#[test]
fn what_comes_to_a_port_is_told_and_a_port_that_is_none_is_a_mismatch() {
    let fixture = Fixture::new(|daemon| {
        daemon.welcome();
        let asked = daemon.hear();
        let open = proto::OpenPort { port: 177 };
        assert_eq!(asked.what, Some(request::What::OpenPort(open)));
        daemon.reply(asked.id, reply::What::Done(proto::Done {}));
        daemon.notice(1);
        for port in [11, 256] {
            let data = proto::Data { from: 2, port, payload: "hello".into() };
            let what = Some(notice::What::Data(data));
            daemon.say(from_daemon::What::Notice(proto::Notice { what }));
        }
        daemon.gone();
    });
    let mut connection = fixture.open().unwrap();
    connection.open_port(177).unwrap();
    let data = crate::Data { from: 2, port: 11, payload: "hello".into() };
    assert_eq!(connection.port_event(None).unwrap(), Some(crate::PortEvent::Data(data)));
    let error = connection.port_event(None).unwrap_err().to_string();
    assert_eq!(error, "protocol mismatch: no port has number 256");
    drop(connection);
    fixture.end();
}
