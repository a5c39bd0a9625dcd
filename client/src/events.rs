//! The notices of a connection on a socket of their own, for programs whose event loop must find
//! that socket readable exactly while there is something to be told.
//!
//! Must never read ahead: one frame is taken at a time, so what was not taken yet keeps the socket
//! readable. Must never hold a lock while it waits: several threads may wait here at once, and
//! meanwhile others ask on the [`Connection`] that these are the notices of.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::connection::{
    Connection, LARGEST_FRAME, VERSION, cannot_connect, message, stray, unexpected, wait,
};
use crate::error::Error;
use crate::frame::{self, FrameError, PREFIX};
use crate::proto::{self, from_daemon, notice, reply, request};

/// Where the notices of one [`Connection`] come.
#[derive(Debug)]
pub struct Events {
    stream: UnixStream,
    /// Held from the first byte of a frame to its last.
    reading: Mutex<()>,
    most: usize,
}

impl Events {
    /// Has all notices of `connection` come here from now on. To be called before anything is asked
    /// on it that it is told of.
    ///
    /// # Errors
    /// As [`Connection::open`]; [`Error::Refused`] when this is done already.
    pub fn of(
        connection: &Connection,
        socket: &Path,
        name: &str,
        patience: Option<Duration>,
    ) -> Result<Self, Error> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        let stream = UnixStream::connect(socket).map_err(|why| cannot_connect(socket, why))?;
        let most = usize::try_from(connection.welcome().max_reply).unwrap_or(LARGEST_FRAME);
        let most = most.clamp(frame::MAX_FRAME, LARGEST_FRAME);
        let events = Self { stream, reading: Mutex::new(()), most };
        let hello = proto::Hello { version: VERSION, name: name.to_owned() };
        let listen = proto::Listen { key: connection.welcome().key.clone() };
        events.ask(1, request::What::Hello(hello), deadline)?;
        let answer = events.ask(2, request::What::Listen(listen), deadline)?;
        if answer != reply::What::Done(proto::Done {}) {
            return Err(unexpected("listen"));
        }
        Ok(events)
    }

    /// The next notice, waited for until `deadline` (`None`: for ever); `Ok(None)` when it passed.
    /// A frame that was begun is taken to its end, however long the daemon takes to send it.
    ///
    /// # Errors
    /// The conversation ended; it has on the other connection, too.
    pub fn take(&self, deadline: Option<Instant>) -> Result<Option<notice::What>, Error> {
        match self.message(deadline)? {
            None => Ok(None),
            Some(from_daemon::What::Notice(notice)) => match notice.what {
                Some(what) => Ok(Some(what)),
                None => {
                    let text = "a notice of a kind that this program does not know";
                    Err(Error::Protocol(text.to_owned()))
                }
            },
            Some(from_daemon::What::Reply(reply)) => Err(stray(&reply)),
        }
    }

    /// The socket, for who waits for it in another way.
    #[cfg(feature = "tokio")]
    pub(crate) const fn stream(&self) -> &UnixStream {
        &self.stream
    }

    fn ask(
        &self,
        id: u64,
        what: request::What,
        deadline: Option<Instant>,
    ) -> Result<reply::What, Error> {
        let frame = frame::encode(&proto::Request { id, what: Some(what) }, frame::MAX_FRAME)?;
        let mut rest: &[u8] = &frame;
        while !rest.is_empty() {
            match send(&self.stream, rest, SendFlags::NOSIGNAL) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(Errno::PIPE | Errno::CONNRESET) => break,
                Err(why) => return Err(io::Error::from(why).into()),
            }
        }
        let reply = match self.message(deadline)? {
            None => return Err(Error::TimedOut),
            Some(from_daemon::What::Reply(reply)) => reply,
            Some(from_daemon::What::Notice(_)) => return Err(unexpected("listen")),
        };
        if let Some(reply::What::Refused(why)) = reply.what {
            return Err(Error::Refused { reason: why.reason(), text: why.text });
        }
        reply.what.filter(|_| reply.id == id).ok_or_else(|| unexpected("listen"))
    }

    fn message(&self, deadline: Option<Instant>) -> Result<Option<from_daemon::What>, Error> {
        loop {
            if let Some(content) = self.frame()? {
                return message(content).map(Some);
            }
            if !wait(self.stream.as_fd(), PollFlags::IN, deadline)? {
                return Ok(None);
            }
        }
    }

    /// The next frame; `None` when not even its first byte has come.
    fn frame(&self) -> Result<Option<Bytes>, Error> {
        let _guard = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut prefix = [0; PREFIX];
        if !self.fill(&mut prefix, true)? {
            return Ok(None);
        }
        let size = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if size > self.most {
            return Err(FrameError::TooLong { size, most: self.most }.into());
        }
        let mut content = BytesMut::zeroed(size);
        self.fill(&mut content, false)?;
        Ok(Some(content.freeze()))
    }

    /// Reads until `buffer` is full; false when `may_be_none` and nothing has come.
    fn fill(&self, buffer: &mut [u8], may_be_none: bool) -> Result<bool, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = buffer.get_mut(filled..).unwrap_or_default();
            match recv(&self.stream, rest, RecvFlags::DONTWAIT) {
                Ok((_, 0)) => return Err(Error::Lost),
                Ok((_, size)) => filled += size,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if may_be_none && filled == 0 => return Ok(false),
                Err(Errno::AGAIN) => {
                    wait(self.stream.as_fd(), PollFlags::IN, None)?;
                }
                Err(Errno::CONNRESET) => return Err(Error::Lost),
                Err(why) => return Err(io::Error::from(why).into()),
            }
        }
        Ok(true)
    }
}

impl AsFd for Events {
    /// Readable while there is something to be told, or after the daemon hung up.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests;
