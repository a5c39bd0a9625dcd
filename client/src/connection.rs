//! One conversation with the daemon: blocking calls for those who wait, a descriptor and
//! [`Connection::dispatch`] for those who have a loop of their own.
//!
//! Must never reconnect by itself: what was asked and told belongs to one conversation, and only
//! the program knows what to ask again. No runtime and no thread is imposed.
//!
//! Replies come in the order of requests. Notices may come between a request and its reply; they
//! wait, up to a bound, until they are taken.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use prost::Message;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{SendAncillaryBuffer, SendFlags, Shutdown, sendmsg, shutdown};

use crate::error::Error;
use crate::frame::{self, Decoder, Tailed};
use crate::groups::InGroup;
use crate::proto::{self, from_daemon, reply, request};

/// Version of the contract that is spoken here.
pub const VERSION: u32 = 1;

/// How long a call waits for its reply unless told otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Notices that may wait to be taken.
const NOTICES: usize = 16 << 10;

/// Bytes of notices that may wait to be taken.
const NOTICE_BYTES: usize = 64 << 20;

/// While more than this part of either waits, nothing is multicast: it would come back.
const CROWDED: usize = 2;

/// Largest frame that is ever taken, whatever the daemon announces.
pub(crate) const LARGEST_FRAME: usize = 64 << 20;

/// Parts of a frame that the system takes in one go.
const PARTS: usize = 1024;

/// Bytes that a frame usually has before its last field.
const HEAD: usize = 32;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// A conversation with the daemon of this node.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    decoder: Decoder,
    notices: VecDeque<(usize, proto::notice::What)>,
    notice_bytes: usize,
    next_id: u64,
    patience: Option<Duration>,
    welcome: proto::Welcome,
    groups: InGroup,
    chunk: Box<[u8]>,
}

impl Connection {
    /// Connects to the daemon that listens at `socket` and says hello as `name`.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when nobody listens, [`Error::PermissionDenied`],
    /// [`Error::Protocol`] when the versions do not fit, [`Error::Refused`] when there are too many
    /// programs, or what any call may meet.
    pub fn open(socket: &Path, name: &str) -> Result<Self, Error> {
        Self::open_within(socket, name, Some(PATIENCE))
    }

    /// As [`Connection::open`], with a limit of its own on how long a call waits; `None` waits for
    /// ever.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn open_within(
        socket: &Path,
        name: &str,
        patience: Option<Duration>,
    ) -> Result<Self, Error> {
        let stream = UnixStream::connect(socket).map_err(|why| cannot_connect(socket, why))?;
        stream.set_nonblocking(true)?;
        let mut connection = Self {
            stream,
            decoder: Decoder::new(frame::MAX_FRAME),
            notices: VecDeque::new(),
            notice_bytes: 0,
            next_id: 1,
            patience,
            welcome: proto::Welcome {
                max_frame: u32::try_from(frame::MAX_FRAME).unwrap_or(u32::MAX),
                ..proto::Welcome::default()
            },
            groups: InGroup::default(),
            chunk: vec![0; CHUNK].into_boxed_slice(),
        };
        connection.hello(name)?;
        Ok(connection)
    }

    /// What the daemon said of itself.
    #[must_use]
    pub fn welcome(&self) -> &proto::Welcome {
        &self.welcome
    }

    /// Limits how long a call waits for its reply; `None` waits for ever.
    pub fn set_patience(&mut self, patience: Option<Duration>) {
        self.patience = patience;
    }

    /// How long a call waits for its reply.
    #[must_use]
    pub const fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Asks, and waits for the answer. The modules of this crate wrap it in calls with names.
    ///
    /// # Errors
    /// [`Error::Refused`] when the daemon says no, [`Error::TimedOut`], or the conversation ended.
    pub fn request(&mut self, what: request::What) -> Result<reply::What, Error> {
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        let id = self.next_id;
        self.next_id += 1;
        self.send(&proto::Request { id, what: Some(what) }, deadline)?;
        loop {
            match self.receive(deadline)? {
                None => return Err(Error::TimedOut),
                Some((_, from_daemon::What::Reply(reply))) => {
                    if let Some(answer) = expected(reply, id)? {
                        return Ok(answer);
                    }
                }
                Some((size, from_daemon::What::Notice(notice))) => self.keep(size, notice)?,
            }
        }
    }

    /// What this connection remembers of its group.
    pub(crate) const fn groups(&mut self) -> &mut InGroup {
        &mut self.groups
    }

    /// The next notice, waited for until `deadline` (`None`: for ever); `Ok(None)` when it passed.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn notice(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<proto::notice::What>, Error> {
        loop {
            if let Some(notice) = self.kept() {
                return Ok(Some(notice));
            }
            match self.receive(deadline)? {
                None => return Ok(None),
                Some((size, from_daemon::What::Notice(notice))) => self.keep(size, notice)?,
                Some((_, from_daemon::What::Reply(reply))) => self.late(&reply)?,
            }
        }
    }

    /// The next notice that is already here; never waits. For event loops: when the descriptor is
    /// readable, call until `Ok(None)`. Call once after every request as well, since notices that
    /// came before its reply no longer make the descriptor readable.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn dispatch(&mut self) -> Result<Option<proto::notice::What>, Error> {
        self.notice(Some(Instant::now()))
    }

    /// Says that nothing more will be asked, and returns when the daemon has let go of this
    /// conversation: what other connections ask from then on comes after it.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when that took until `deadline`; the conversation ended before.
    pub fn finish(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        let gone = |why: rustix::io::Errno| match why {
            rustix::io::Errno::NOTCONN => Error::Lost,
            why => io::Error::from(why).into(),
        };
        shutdown(&self.stream, Shutdown::Write).map_err(gone)?;
        loop {
            match self.receive(deadline) {
                Ok(Some(_)) => {}
                Ok(None) => return Err(Error::TimedOut),
                Err(Error::Lost) => return Ok(()),
                Err(why) => return Err(why),
            }
        }
    }

    fn hello(&mut self, name: &str) -> Result<(), Error> {
        let hello = proto::Hello { version: VERSION, name: name.to_owned() };
        let answer = match self.request(request::What::Hello(hello)) {
            Err(Error::Refused { reason: proto::Reason::Protocol, text }) => {
                return Err(Error::Protocol(text));
            }
            answer => answer?,
        };
        let reply::What::Welcome(welcome) = answer else { return Err(unexpected("hello")) };
        if welcome.version != VERSION {
            let text = format!("daemon speaks version {}, program {VERSION}", welcome.version);
            return Err(Error::Protocol(text));
        }
        let most = usize::try_from(welcome.max_reply).unwrap_or(LARGEST_FRAME);
        self.decoder.set_most(most.clamp(frame::MAX_FRAME, LARGEST_FRAME));
        self.welcome = welcome;
        Ok(())
    }

    fn keep(&mut self, size: usize, notice: proto::Notice) -> Result<(), Error> {
        let what = notice.what.ok_or_else(|| {
            Error::Protocol("a notice of a kind that this program does not know".to_owned())
        })?;
        let full = self.notices.len() >= NOTICES || self.notice_bytes + size > NOTICE_BYTES;
        if full && !self.notices.is_empty() {
            return Err(Error::Overrun(self.notices.len()));
        }
        self.notice_bytes += size;
        self.notices.push_back((size, what));
        Ok(())
    }

    /// Fails while so many notices wait to be taken that what is multicast would come back to no
    /// room.
    pub(crate) fn uncrowded(&self) -> Result<(), Error> {
        let notices = self.notices.len();
        if notices > NOTICES / CROWDED || self.notice_bytes > NOTICE_BYTES / CROWDED {
            let text = format!("{notices} notices wait: they must be taken before more is sent");
            return Err(Error::Refused { reason: proto::Reason::TryAgain, text });
        }
        Ok(())
    }

    fn kept(&mut self) -> Option<proto::notice::What> {
        let (size, what) = self.notices.pop_front()?;
        self.notice_bytes -= size;
        Some(what)
    }

    /// A reply that nobody waits for is that of a request that timed out, or nonsense.
    fn late(&self, reply: &proto::Reply) -> Result<(), Error> {
        let asked = (1..self.next_id).contains(&reply.id);
        if asked { Ok(()) } else { Err(stray(reply)) }
    }

    fn send(&mut self, request: &proto::Request, deadline: Option<Instant>) -> Result<(), Error> {
        let most = usize::try_from(self.welcome.max_frame).unwrap_or(usize::MAX);
        let frame = frame::encode(request, most).map_err(too_large)?;
        self.write(&mut [IoSlice::new(&frame)], || deadline, false)
    }

    /// Asks for something that gets no reply: returns as soon as the system has taken it, which
    /// takes as long as the daemon does not read because it has no room. `kind` is the number of
    /// the request in `Request`, `what` its fields but the last, `last` the number of that; its
    /// content are `payload`'s bytes, which are not copied here. Only multicasts go unanswered.
    /// `deadline` is asked when it has to wait, and not before: a look at the clock costs.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when nothing could be sent before `deadline`; it may be tried again.
    /// [`Error::Refused`] with `TooLarge`, or with `TryAgain` while many notices wait to be taken:
    /// what is multicast comes back. The conversation ended.
    pub fn post(
        &mut self,
        (kind, last): (u32, u32),
        what: &impl Message,
        payload: &[IoSlice<'_>],
        deadline: impl Fn() -> Option<Instant>,
    ) -> Result<(), Error> {
        let size = payload.iter().map(|part| part.len()).sum();
        let most = usize::try_from(self.welcome.max_frame).unwrap_or(usize::MAX);
        let frame = Tailed { path: &[kind], what, last, tail: size };
        let mut head = BytesMut::with_capacity(HEAD);
        frame.append_head(most, &mut head).map_err(too_large)?;
        if let [part] = payload {
            return self.write(&mut [IoSlice::new(&head), *part], deadline, true);
        }
        let mut parts = Vec::with_capacity(payload.len() + 1);
        parts.push(IoSlice::new(&head));
        parts.extend_from_slice(payload);
        self.write(&mut parts, deadline, true)
    }

    /// Sends it all. What was begun is finished within the patience of any call. A multicast is not
    /// begun while too many notices wait.
    fn write(
        &mut self,
        mut parts: &mut [IoSlice<'_>],
        deadline: impl Fn() -> Option<Instant>,
        multicast: bool,
    ) -> Result<(), Error> {
        let mut begun = false;
        let mut until = None;
        // Raises no signal when the daemon is gone: the program may not expect one.
        let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
        IoSlice::advance_slices(&mut parts, 0);
        while !parts.is_empty() {
            let most = parts.len().min(PARTS);
            let some = parts.get(..most).unwrap_or_default();
            if multicast && !begun {
                self.uncrowded()?;
            }
            match sendmsg(&self.stream, some, &mut SendAncillaryBuffer::default(), flags) {
                Ok(written) => {
                    IoSlice::advance_slices(&mut parts, written);
                    if !begun {
                        (begun, until) = (true, None);
                    }
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => {
                    let patience = || self.patience.map(|patience| Instant::now() + patience);
                    let until =
                        until.get_or_insert_with(|| if begun { patience() } else { deadline() });
                    self.make_room(!begun, *until)?;
                }
                Err(why) => return Err(self.farewell(why.into())),
            }
        }
        Ok(())
    }

    /// Waits until the socket takes more, or something came. Reads meanwhile: a daemon that has
    /// notices for us need not read on before we do. Reads no more than came in one go: there may
    /// be no end to it.
    fn make_room(&mut self, untouched: bool, deadline: Option<Instant>) -> Result<(), Error> {
        let flags = PollFlags::IN | PollFlags::OUT;
        if !self.wait(flags, deadline)? {
            // Half a frame cannot be taken back.
            return Err(if untouched { Error::TimedOut } else { Error::Lost });
        }
        let mut next = self.receive(Some(Instant::now()))?;
        while let Some((size, what)) = next {
            match what {
                from_daemon::What::Notice(notice) => self.keep(size, notice)?,
                from_daemon::What::Reply(reply) => self.late(&reply)?,
            }
            let here = self.decoder.take()?;
            next = here.map(|it| Ok::<_, Error>((it.len(), message(it)?))).transpose()?;
        }
        Ok(())
    }

    /// The daemon may have said why before it hung up.
    fn farewell(&mut self, why: io::Error) -> Error {
        if !matches!(why.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
            return why.into();
        }
        loop {
            match self.receive(Some(Instant::now())) {
                Ok(Some((_, from_daemon::What::Reply(reply)))) => {
                    if let Err(refused) = expected(reply, 0) {
                        return refused;
                    }
                }
                Ok(Some((_, from_daemon::What::Notice(_)))) => {}
                Ok(None) | Err(_) => return Error::Lost,
            }
        }
    }

    /// The next message and its size in bytes; `None` when `deadline` passed before it was whole.
    fn receive(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<(usize, from_daemon::What)>, Error> {
        loop {
            if let Some(content) = self.decoder.take()? {
                return Ok(Some((content.len(), message(content)?)));
            }
            match self.stream.read(&mut self.chunk) {
                Ok(0) => return Err(Error::Lost),
                Ok(size) => self.decoder.push(self.chunk.get(..size).unwrap_or_default()),
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait(PollFlags::IN, deadline)? {
                        return Ok(None);
                    }
                }
                Err(why) if why.kind() == io::ErrorKind::ConnectionReset => {
                    return Err(Error::Lost);
                }
                Err(why) => return Err(why.into()),
            }
        }
    }

    fn wait(&self, flags: PollFlags, deadline: Option<Instant>) -> Result<bool, Error> {
        wait(self.stream.as_fd(), flags, deadline)
    }
}

/// Waits for a socket; false when `deadline` passed first.
pub(crate) fn wait(
    socket: BorrowedFd<'_>,
    flags: PollFlags,
    deadline: Option<Instant>,
) -> Result<bool, Error> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(false);
        }
        let timeout = left.map(Timespec::try_from).transpose().unwrap_or(None);
        let mut fds = [PollFd::from_borrowed_fd(socket, flags)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => {}
            Ok(_) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(io::Error::from(why).into()),
        }
    }
}

impl AsFd for Connection {
    /// Readable when [`Connection::dispatch`] has something to do.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The daemon answered something else than was asked.
pub(crate) fn unexpected(asked: &str) -> Error {
    Error::Protocol(format!("the answer to {asked} is of another kind"))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err calls")]
fn too_large(why: frame::FrameError) -> Error {
    Error::Refused { reason: proto::Reason::TooLarge, text: why.to_string() }
}

pub(crate) fn cannot_connect(socket: &Path, why: io::Error) -> Error {
    let kind = why.kind();
    if matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
        Error::NotRunning(socket.to_owned())
    } else if kind == io::ErrorKind::PermissionDenied {
        Error::PermissionDenied(socket.to_owned())
    } else {
        Error::System(why)
    }
}

pub(crate) fn message(content: Bytes) -> Result<from_daemon::What, Error> {
    let message: proto::FromDaemon = frame::decode(content)?;
    message.what.ok_or_else(|| {
        Error::Protocol("a message of a kind that this program does not know".to_owned())
    })
}

/// The answer in the reply to request `id`; `None` when it is the reply to an earlier one, which
/// timed out.
fn expected(reply: proto::Reply, id: u64) -> Result<Option<reply::What>, Error> {
    let what = match reply.what {
        // Id 0: the daemon could not read what we sent, whatever it was.
        Some(reply::What::Refused(refused)) if reply.id == id || reply.id == 0 => {
            let reason = refused.reason();
            return Err(Error::Refused { reason, text: refused.text });
        }
        what => what,
    };
    match what {
        Some(what) if reply.id == id => Ok(Some(what)),
        None if reply.id == id => {
            Err(Error::Protocol("an answer of a kind that this program does not know".to_owned()))
        }
        _ if reply.id < id => Ok(None),
        _ => Err(Error::Protocol(format!("a reply to request {}, which was never sent", reply.id))),
    }
}

pub(crate) fn stray(reply: &proto::Reply) -> Error {
    match &reply.what {
        Some(reply::What::Refused(refused)) => {
            Error::Refused { reason: refused.reason(), text: refused.text.clone() }
        }
        _ => Error::Protocol(format!("a reply to request {}, which was never sent", reply.id)),
    }
}

#[cfg(test)]
mod tests;
