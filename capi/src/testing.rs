//! A daemon for the tests of this crate: it greets, says yes to everything, and tells what a test
//! has it tell.
//!
//! Must never be one daemon for two tests at a time: a test holds it.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use bytes::Bytes;
use client::connection::VERSION;
use client::frame::{self, Decoder, MAX_FRAME};
use client::proto::{self, from_daemon, notice, reply, request};

/// The daemon, as one test has it.
pub(crate) struct Daemon {
    pairs: MutexGuard<'static, Receiver<Pair>>,
}

/// The daemon's ends of a handle.
pub(crate) struct Pair {
    asks: UnixStream,
    hears: UnixStream,
}

static PAIRS: OnceLock<Mutex<Receiver<Pair>>> = OnceLock::new();

impl Daemon {
    /// The daemon, once no other test has it.
    pub(crate) fn new() -> Self {
        let pairs = PAIRS.get_or_init(|| Mutex::new(start()));
        Self { pairs: pairs.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// The ends of the handle that was connected last.
    pub(crate) fn pair(&self) -> Pair {
        self.pairs.recv().unwrap()
    }
}

impl Pair {
    /// Tells of the verdict on a ring.
    pub(crate) fn view(&mut self, generation: u64) {
        let view =
            proto::View { generation, representative: 1, members: vec![1], ..Default::default() };
        self.tell(notice::What::View(view));
    }

    /// Tells something.
    pub(crate) fn tell(&mut self, what: notice::What) {
        let notice = from_daemon::What::Notice(proto::Notice { what: Some(what) });
        say(&mut self.hears, notice);
    }

    /// Hangs up.
    pub(crate) fn die(self) {
        for stream in [self.asks, self.hears] {
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        }
    }
}

fn start() -> Receiver<Pair> {
    let name = format!("capi-{}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let listener = UnixListener::bind(&path).unwrap();
    // SAFETY: tests that read the environment wait for this one.
    unsafe { std::env::set_var("CLUSTER_SOCKET", &path) };
    let (sender, pairs) = channel();
    let waiting = Mutex::new(Vec::new());
    thread::spawn(move || {
        thread::scope(|scope| {
            for (number, stream) in (1_u8..).cycle().zip(listener.incoming()) {
                let (waiting, sender) = (&waiting, sender.clone());
                scope.spawn(move || serve(stream.unwrap(), [number; 16], waiting, &sender));
            }
        });
    });
    pairs
}

/// Connections that ask, with their keys.
type Waiting = Mutex<Vec<(Bytes, UnixStream)>>;

fn serve(mut stream: UnixStream, key: [u8; 16], waiting: &Waiting, pairs: &Sender<Pair>) {
    let mut decoder = Decoder::new(MAX_FRAME);
    let mut chunk = [0; 4096];
    loop {
        while let Some(content) = decoder.take().unwrap() {
            let request: proto::Request = frame::decode(content).unwrap();
            let key = Bytes::copy_from_slice(&key);
            let what = request.what.unwrap();
            let what = if matches!(what, request::What::Hello(_)) {
                waiting.lock().unwrap().push((key.clone(), stream.try_clone().unwrap()));
                welcome(key)
            } else {
                if let request::What::Listen(proto::Listen { key }) = what {
                    let asks = waiting.lock().unwrap();
                    let asks = asks.iter().rev().find(|(of, _)| *of == key);
                    let asks = asks.unwrap().1.try_clone().unwrap();
                    pairs.send(Pair { asks, hears: stream.try_clone().unwrap() }).unwrap();
                }
                reply::What::Done(proto::Done {})
            };
            let reply = proto::Reply { id: request.id, what: Some(what) };
            say(&mut stream, from_daemon::What::Reply(reply));
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return;
            }
            Ok(size) => decoder.push(&chunk[..size]),
        }
    }
}

fn welcome(key: Bytes) -> reply::What {
    reply::What::Welcome(proto::Welcome {
        version: VERSION,
        max_frame: 1 << 20,
        max_reply: 1 << 20,
        permitted: true,
        key,
        ..Default::default()
    })
}

fn say(stream: &mut UnixStream, what: from_daemon::What) {
    let message = proto::FromDaemon { what: Some(what) };
    // A program that has gone hears nothing.
    let _ = stream.write_all(&frame::encode(&message, MAX_FRAME).unwrap());
}
