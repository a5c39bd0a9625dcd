//! Programs that speak otherwise than a daemon: older, newer, or no language at all.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use client::connection::VERSION;
use client::frame::{self, Decoder};
use client::proto::{self, Reason, from_daemon, reply, request};
use tests::lab::{Lab, PATIENCE, Setup};
use tests::rng::Rng;

use super::LISTING1;

/// A program that sends bytes as it likes.
struct Stranger {
    stream: UnixStream,
    decoder: Decoder,
}

impl Stranger {
    fn new(lab: &Lab) -> Self {
        let stream = UnixStream::connect(lab.home(0).socket()).expect("it runs");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        Self { stream, decoder: Decoder::new(frame::MAX_FRAME) }
    }

    /// The daemon may hang up before it has all of it.
    fn bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    fn ask(&mut self, id: u64, what: Option<request::What>) {
        let request = proto::Request { id, what };
        self.bytes(&frame::encode(&request, usize::MAX).expect("it is small"));
    }

    fn hello(&mut self, version: u32) {
        let hello = proto::Hello { version, name: "stranger".to_owned() };
        self.ask(1, Some(request::What::Hello(hello)));
    }

    /// The next answer; `None` when the daemon hung up.
    fn answer(&mut self) -> Option<reply::What> {
        let mut chunk = [0; 4096];
        loop {
            if let Some(content) = self.decoder.take().expect("the daemon sends frames") {
                let message: proto::FromDaemon = frame::decode(content).expect("of its own");
                let Some(from_daemon::What::Reply(reply)) = message.what else { panic!() };
                return reply.what;
            }
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(size) => self.decoder.push(&chunk[..size]),
                Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(why) => panic!("the daemon neither answers nor hangs up: {why}"),
            }
        }
    }

    fn refusal(&mut self) -> (Reason, String) {
        match self.answer() {
            Some(reply::What::Refused(refused)) => (refused.reason(), refused.text),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn older_newer_and_hostile_programs_are_told_why_and_hurt_nobody() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let mut working = lab.connect(0).expect("it runs");
    let descriptors = lab.descriptors(0);

    for version in [0, VERSION + 1, u32::MAX] {
        let mut stranger = Stranger::new(&lab);
        stranger.hello(version);
        let text = format!("program speaks version {version}, daemon {VERSION}");
        assert_eq!(stranger.refusal(), (Reason::Protocol, text));
        assert_eq!(stranger.answer(), None);
    }

    // A request that only a newer library knows: refused by its number, and the talk goes on.
    let mut newer = Stranger::new(&lab);
    newer.hello(VERSION);
    assert!(matches!(newer.answer(), Some(reply::What::Welcome(_))));
    let unknown = [0x08, 0x02, 0xba, 0xf6, 0x03, 0x00]; // id 2, field 8039 of no bytes
    newer.bytes(&6_u32.to_be_bytes());
    newer.bytes(&unknown);
    let text = format!("version {VERSION} knows no request 8039");
    assert_eq!(newer.refusal(), (Reason::UnknownRequest, text));
    newer.ask(3, Some(request::What::Ping(proto::Ping {})));
    assert_eq!(newer.answer(), Some(reply::What::Pong(proto::Pong {})));
    drop(newer);

    // A length above the maximum, a frame that is none, and noise, with and without hello.
    let mut rng = Rng::new(1);
    for round in 0..300 {
        let mut stranger = Stranger::new(&lab);
        if round % 2 == 0 {
            stranger.hello(VERSION);
            assert!(matches!(stranger.answer(), Some(reply::What::Welcome(_))));
        }
        let size = rng.size(1, 4000);
        let length = match round % 3 {
            0 => u32::MAX,
            1 => u32::try_from(size).expect("it is small"),
            _ => rng.size(0, 1 << 20).try_into().expect("it is small"),
        };
        let noise = (0..size).map(|_| u8::try_from(rng.size(0, 255)).expect("a byte"));
        let noise: Vec<u8> = length.to_be_bytes().into_iter().chain(noise).collect();
        stranger.bytes(&noise);
        if round % 3 == 0 {
            let (reason, text) = stranger.refusal();
            assert_eq!(reason, Reason::Malformed);
            assert!(text.starts_with("frame of 4294967295 bytes, at most "), "{text}");
            assert_eq!(stranger.answer(), None);
        }
        // The others hang up in the midst of it.
    }

    let end = Instant::now() + PATIENCE;
    while working.status().expect("it lives").subsystems > 1 || lab.descriptors(0) > descriptors {
        assert!(Instant::now() < end, "{} descriptors remain", lab.descriptors(0));
    }
}
