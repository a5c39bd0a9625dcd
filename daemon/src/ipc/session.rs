//! One program: its bytes become requests, replies and notices become its bytes.
//!
//! Must never hold more than one unfinished frame and a bounded number of requests of a program,
//! and never wait for it to read: what it has not read waits in a queue whose bounds are checked by
//! whoever fills it.
//!
//! One task does it all: it waits for the socket, for the queue, and for the word that it is cut
//! off. While as many requests are under way as may be, no other is taken from the stream, so a
//! program that asks faster than it is answered is slowed down by its own socket.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use client::frame::{self, Decoder};
use client::proto::{self, Reason, from_daemon, reply, request};
use thiserror::Error;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant as Moment;
use tracing::{debug, info};

use super::credentials::{self, Peer};
use super::outgoing::Outgoing;
use super::outlet::{self, Outbox, Outlet, Sent};
use super::pending::{Due, Pending};
use super::stalled::Parked;
use super::traffic::Traffic;
use super::translate::{self, Ask, Unreadable};
use super::{Event, Incoming, Limits};
use crate::stack::command::{RequestId, SessionId};

/// Version of the contract that is spoken here.
pub const VERSION: u32 = 1;

/// Bytes gathered for one write, and most room for one read.
const BATCH: usize = 64 << 10;

/// Room for one read of a program that says little.
const SIP: usize = 4 << 10;

/// Bytes of a program's name that are kept.
const NAME: usize = 64;

/// What names a session to a program that shall carry its notices.
pub(super) type Key = [u8; 16];

/// What is known of a session at its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) session: SessionId,
    pub(super) peer: Peer,
    pub(super) permitted: bool,
    pub(super) key: Key,
    pub(super) limits: Limits,
}

/// How a session ended.
#[derive(Debug, Error)]
enum End {
    /// The program hung up.
    #[error("hung up")]
    Closed,
    /// The daemon ends, and everything was sent.
    #[error("the daemon ends")]
    Ending,
    /// The program did not read what it was sent.
    #[error("cut off")]
    Cut(Option<String>),
    /// It sent what it must not; it was told.
    #[error("{0}")]
    Hostile(String),
    /// The system refused.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// The task of one session.
#[derive(Debug)]
pub(super) struct Session {
    stream: UnixStream,
    terms: Terms,
    decoder: Decoder,
    /// Room for the next read.
    room: usize,
    /// Bytes for the socket.
    writing: Outgoing,
    outbox: Outbox,
    pending: Pending,
    /// What the shell is to be told with the rest of what was read.
    taken: Vec<Parked>,
    traffic: Arc<Traffic>,
    cut: oneshot::Receiver<Option<String>>,
    events: mpsc::Sender<Event>,
    talk: Talk,
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    /// Hello must come before this moment.
    Opening(Moment),
    /// It has said hello and nothing else.
    Greeted,
    /// Requests are taken.
    Open,
    /// It carries the notices of another session, and is asked nothing.
    Hearing,
}

/// Makes the two ends of a session.
pub(super) fn open(
    stream: UnixStream,
    terms: Terms,
    events: mpsc::Sender<Event>,
) -> (Session, Outlet) {
    let Limits { frame, small_frame, hello, .. } = terms.limits;
    let (cut, cut_receiver) = oneshot::channel();
    let traffic = Arc::new(Traffic::default());
    let counted = (Arc::clone(&traffic), terms.peer.pid);
    let (outlet, outbox) = outlet::pair(terms.limits, counted, cut);
    let session = Session {
        stream,
        terms,
        decoder: Decoder::new(if terms.permitted { frame } else { small_frame }),
        room: SIP,
        writing: Outgoing::default(),
        outbox,
        pending: Pending::default(),
        taken: Vec::new(),
        traffic,
        cut: cut_receiver,
        events,
        talk: Talk::Opening(Moment::now() + hello),
    };
    (session, outlet)
}

/// Tells a program that there is no place for it. Best effort: it may not even read.
pub(super) fn turn_away(stream: &UnixStream, sessions: usize) {
    let text = format!("{sessions} programs are connected already: no place for one more");
    let what = refusal(Reason::TooManySessions, text);
    if let Ok(frame) = frame::encode(&envelope(0, what), frame::MAX_FRAME) {
        let _ = stream.try_write(&frame);
    }
}

impl Session {
    /// Runs to the end, which the shell is told.
    pub(super) async fn run(mut self) {
        let session = self.terms.session;
        let end = match self.converse().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        match &end {
            End::Closed | End::Ending | End::Cut(_) | End::System(_) => {
                debug!(target: "ipc", "session {}: {end}", session.0);
            }
            End::Hostile(why) => {
                let peer = self.terms.peer;
                info!(target: "ipc", "session {} ({peer}): {why}: disconnected", session.0);
                // What was wrong stands at the end of what is to be written.
                let _ = self.write();
            }
        }
        // An error means that the daemon ends as well.
        let _ = self.events.send(Event::Gone(session)).await;
        if let End::Cut(Some(why)) = end {
            let patience = self.terms.limits.last_words;
            // It may never read again.
            let _ = tokio::time::timeout(patience, self.last_words(why)).await;
        }
    }

    /// Tells a program that was cut off why, when it reads as far: it finds that behind what was
    /// begun, and nothing of what waited.
    async fn last_words(&mut self, why: String) -> Result<(), End> {
        self.outbox.close();
        self.answer_now(0, refusal(Reason::Overrun, why))?;
        self.drain().await
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, End> {
        loop {
            self.take_requests().await?;
            if self.outbox.eased() {
                self.tell(Event::Eased).await?;
            }
            let reads = self.decoder.wants() > 0;
            let interest = match (reads, !self.writing.is_empty()) {
                (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
                (true, false) => Some(Interest::READABLE),
                (false, true) => Some(Interest::WRITABLE),
                (false, false) => None,
            };
            let hello = match self.talk {
                Talk::Opening(before) => Some(before),
                Talk::Greeted | Talk::Open | Talk::Hearing => None,
            };
            tokio::select! {
                biased;
                cut = &mut self.cut, if !self.cut.is_terminated() => {
                    if let Ok(why) = cut {
                        return Err(End::Cut(why));
                    }
                }
                out = self.outbox.next(), if self.writing.len() < BATCH => match out {
                    Some(out) => self.gather(out)?,
                    None if self.writing.is_empty() => return Err(End::Ending),
                    None => self.drain().await?,
                },
                ready = self.stream.ready(interest.unwrap_or(Interest::ERROR)) => {
                    let ready = ready?;
                    if ready.is_error() {
                        return Err(End::Closed);
                    }
                    if ready.is_writable() {
                        self.write()?;
                    }
                    if ready.is_readable() && reads {
                        self.read()?;
                    }
                }
                () = until(hello) => {
                    let text = format!("no hello within {:?}", self.terms.limits.hello);
                    return Err(self.hostile(0, Reason::Protocol, text));
                }
            }
        }
    }

    /// Moves what waits into the bytes to be written, as much as one write takes.
    fn gather(&mut self, first: Sent) -> Result<(), End> {
        let mut next = Some(first);
        while let Some(sent) = next.take() {
            match sent {
                Sent::Notices(frames, count) => {
                    self.outbox.done(frames.len());
                    self.traffic.told(count);
                    self.writing.push(frames);
                }
                Sent::Reply(number, what) => self.on_reply(number, what)?,
                Sent::Finished(numbers) => {
                    for number in numbers {
                        self.pending.done(number, None, 0);
                    }
                    self.release();
                }
            }
            if self.writing.len() < BATCH {
                next = self.outbox.take();
            }
        }
        Ok(())
    }

    /// An answer takes its place among the others.
    fn on_reply(&mut self, number: u64, what: reply::What) -> Result<(), End> {
        let size = what.encoded_len();
        match self.pending.due(number) {
            Some(Due::Answer(id)) => {
                let frame = self.frame(id, what)?;
                self.pending.done(number, Some(frame), size);
            }
            Some(Due::Nothing) => {
                if let reply::What::Refused(why) = what
                    && why.reason() != Reason::Leaving
                {
                    return Err(self.hostile(0, why.reason(), why.text));
                }
                self.pending.done(number, None, size);
            }
            None => self.outbox.done(size),
        }
        self.release();
        Ok(())
    }

    /// What was answered and is next in the order becomes bytes to be written.
    fn release(&mut self) {
        let mut left = 0;
        while let Some((frame, held)) = self.pending.next() {
            left += held;
            self.writing.push(frame.unwrap_or_default());
        }
        if left > 0 {
            self.outbox.done(left);
        }
    }

    /// The daemon ends: sends what is left. Whoever closes the daemon limits the time.
    async fn drain(&mut self) -> Result<(), End> {
        while !self.writing.is_empty() {
            self.stream.writable().await?;
            self.write()?;
        }
        Err(End::Ending)
    }

    fn write(&mut self) -> Result<(), End> {
        while !self.writing.is_empty() {
            match self.writing.write(|parts| self.stream.try_write_vectored(parts)) {
                Ok(0) => return Err(End::Closed),
                Ok(_) => {}
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => break,
                Err(why) => return Err(why.into()),
            }
        }
        Ok(())
    }

    fn read(&mut self) -> Result<(), End> {
        match self.stream.try_read_buf(self.decoder.space(self.room)) {
            Ok(0) => Err(End::Closed),
            Ok(size) => {
                // A program that has much to say is heard in larger pieces.
                let room = if size < self.room { self.room / 2 } else { self.room * 2 };
                self.room = room.clamp(SIP, BATCH);
                Ok(())
            }
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Takes whole frames until enough are under way or none is left, and tells the shell what
    /// they ask for in one go.
    async fn take_requests(&mut self) -> Result<(), End> {
        let taken = self.take_frames().await;
        self.hand_over().await?;
        taken
    }

    /// What was taken goes to the shell.
    async fn hand_over(&mut self) -> Result<(), End> {
        if self.taken.is_empty() {
            return Ok(());
        }
        let asked = std::mem::take(&mut self.taken);
        self.tell(Event::Asked(self.terms.session, asked)).await
    }

    async fn tell(&self, event: Event) -> Result<(), End> {
        self.events.send(event).await.map_err(|_ended| End::Ending)
    }

    async fn take_frames(&mut self) -> Result<(), End> {
        // The bound on what is written holds for answers given here, too.
        while self.pending.has_room() && self.writing.len() < BATCH {
            match self.decoder.take() {
                Ok(Some(content)) => self.take_request(content).await?,
                Ok(None) => return Ok(()),
                Err(why) => return Err(self.hostile(0, Reason::Malformed, why.to_string())),
            }
        }
        Ok(())
    }

    async fn take_request(&mut self, content: Bytes) -> Result<(), End> {
        self.traffic.asked();
        let request: proto::Request = match frame::decode(content.clone()) {
            Ok(request) => request,
            Err(why) => return Err(self.hostile(0, Reason::Malformed, why.to_string())),
        };
        let number = request.id;
        if self.talk == Talk::Hearing {
            let text = "a connection that carries notices asks nothing".to_owned();
            return Err(self.hostile(number, Reason::Protocol, text));
        }
        let size = content.len();
        let Some(what) = request.what else {
            let field = frame::unknown_field(content, &[1]);
            return self.answer(number, translate::unknown_request(field));
        };
        match (self.talk, what) {
            (Talk::Opening(_), request::What::Hello(hello)) => self.on_hello(number, &hello),
            (Talk::Opening(_), _) => {
                let text = "the first request must be hello".to_owned();
                Err(self.hostile(number, Reason::Protocol, text))
            }
            (Talk::Greeted | Talk::Open | Talk::Hearing, what) => match translate::request(what) {
                Ok(ask) => self.on_ask(number, size, ask).await,
                Err(Unreadable(text)) => Err(self.hostile(number, Reason::Malformed, text)),
            },
        }
    }

    fn on_hello(&mut self, number: u64, hello: &proto::Hello) -> Result<(), End> {
        if hello.version != VERSION {
            let text = format!("program speaks version {}, daemon {VERSION}", hello.version);
            return Err(self.hostile(number, Reason::Protocol, text));
        }
        let Terms { session, permitted, key, limits, .. } = self.terms;
        let name: String = hello.name.chars().filter(|c| !c.is_control()).take(NAME).collect();
        debug!(target: "ipc", "session {} is {name:?}", session.0);
        self.traffic.name(name);
        self.talk = Talk::Greeted;
        let size = if permitted { limits.frame } else { limits.small_frame };
        self.answer(number, translate::welcome(permitted, key, size, limits.frame))
    }

    async fn on_ask(&mut self, number: u64, size: usize, ask: Ask) -> Result<(), End> {
        let before = std::mem::replace(&mut self.talk, Talk::Open);
        let session = self.terms.session;
        let parked = match ask {
            Ask::Hello => {
                let text = "hello again".to_owned();
                return Err(self.hostile(number, Reason::Protocol, text));
            }
            Ask::Ping => return self.answer(number, reply::What::Pong(proto::Pong {})),
            Ask::Listen(key) => {
                if before != Talk::Greeted {
                    let text = "listen must be the first request after hello".to_owned();
                    return Err(self.hostile(number, Reason::Protocol, text));
                }
                self.talk = Talk::Hearing;
                let number = self.pending.begin(Some(number), size);
                self.hand_over().await?;
                let request = RequestId { session, number };
                return self.tell(Event::Listen { request, key }).await;
            }
            Ask::ReopenLogs if !self.terms.permitted => {
                let text = format!("user {} may only look", self.terms.peer.uid);
                return self.answer(number, refusal(Reason::Permission, text));
            }
            Ask::ReopenLogs => {
                let number = self.pending.begin(Some(number), size);
                let incoming = Incoming::ReopenLogs(RequestId { session, number });
                Parked { incoming, size, unanswered: false }
            }
            Ask::Subsystems => {
                let number = self.pending.begin(Some(number), size);
                self.hand_over().await?;
                return self.tell(Event::Subsystems(RequestId { session, number })).await;
            }
            Ask::Command(command) => {
                let unanswered = number == 0 && command.may_go_unanswered();
                if credentials::needs_permission(&command) && !self.terms.permitted {
                    let text = format!("user {} may only look", self.terms.peer.uid);
                    if unanswered {
                        return Err(self.hostile(number, Reason::Permission, text));
                    }
                    return self.answer(number, refusal(Reason::Permission, text));
                }
                let id = (!unanswered).then_some(number);
                let number = self.pending.begin(id, size);
                let incoming =
                    Incoming::Command { request: RequestId { session, number }, command };
                Parked { incoming, size, unanswered }
            }
        };
        self.taken.push(parked);
        Ok(())
    }

    /// Answers a request that was just read, after all that came before it.
    fn answer(&mut self, number: u64, what: reply::What) -> Result<(), End> {
        let frame = self.frame(number, what)?;
        self.pending.answered(frame);
        self.release();
        Ok(())
    }

    /// Says something before whatever is still under way: the last word.
    fn answer_now(&mut self, number: u64, what: reply::What) -> Result<(), End> {
        let frame = self.frame(number, what)?;
        self.writing.push(frame);
        Ok(())
    }

    fn frame(&self, number: u64, what: reply::What) -> Result<Bytes, End> {
        self.traffic.answered();
        frame::encode(&envelope(number, what), self.terms.limits.frame)
            .map_err(|why| End::Hostile(why.to_string()))
    }

    /// The stream has lost its place, or the program its manners: say so and hang up.
    fn hostile(&mut self, number: u64, reason: Reason, text: String) -> End {
        match self.answer_now(number, refusal(reason, text.clone())) {
            Ok(()) => End::Hostile(text),
            Err(end) => end,
        }
    }
}

/// Never, or at this moment.
async fn until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn envelope(id: u64, what: reply::What) -> proto::FromDaemon {
    let reply = proto::Reply { id, what: Some(what) };
    proto::FromDaemon { what: Some(from_daemon::What::Reply(reply)) }
}

fn refusal(reason: Reason, text: String) -> reply::What {
    reply::What::Refused(proto::Refused { reason: reason.into(), text })
}

#[cfg(test)]
mod tests;
