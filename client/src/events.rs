//! The notices of a connection on a socket of their own, for programs whose event loop must find
//! that socket readable exactly while there is something to be told.
//!
//! Must never take the last byte of the socket while whole frames wait to be taken from here: what
//! was not taken yet keeps the socket readable. Many frames are read in one go, all but one byte of
//! them. Must never hold a lock while it waits for a frame to begin: several threads may wait here
//! at once, and meanwhile others ask on the [`Connection`] that these are the notices of.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustix::event::PollFlags;
use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::connection::{
    Connection, LARGEST_FRAME, VERSION, cannot_connect, message, stray, unexpected, wait,
};
use crate::error::Error;
use crate::frame::{self, Decoder};
use crate::proto::{self, from_daemon, notice, reply, request};

/// Where the notices of one [`Connection`] come.
#[derive(Debug)]
pub struct Events {
    stream: UnixStream,
    /// Held from the first byte of a frame to its last.
    reading: Mutex<Reading>,
}

/// What has been read.
#[derive(Debug)]
struct Reading {
    decoder: Decoder,
    chunk: Box<[u8]>,
}

/// Most bytes of one read.
const CHUNK: usize = 64 << 10;

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
        let chunk = vec![0; CHUNK].into_boxed_slice();
        let reading = Reading { decoder: Decoder::new(most), chunk };
        let events = Self { stream, reading: Mutex::new(reading) };
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
        self.message(deadline)?.map(noticed).transpose()
    }

    /// The next notice, if it is here.
    ///
    /// # Errors
    /// As [`Events::take`].
    pub fn here(&self) -> Result<Option<notice::What>, Error> {
        self.frame()?.map(|content| noticed(message(content)?)).transpose()
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
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(content) = reading.decoder.take()? {
                return Ok(Some(content));
            }
            if !self.read(&mut reading)? {
                if reading.decoder.is_empty() {
                    return Ok(None);
                }
                wait(self.stream.as_fd(), PollFlags::IN, None)?;
            }
        }
    }

    /// Reads what is there: all of it if it is no more than what the frame lacks that was begun,
    /// else all but the last byte. False when nothing is there.
    fn read(&self, reading: &mut Reading) -> Result<bool, Error> {
        let here = ioctl_fionread(&self.stream).map_err(io::Error::from)?;
        let here = usize::try_from(here).unwrap_or(usize::MAX);
        let lacks = reading.decoder.wants();
        let most = if here > lacks { here - 1 } else { here.max(1) };
        let most = most.min(reading.chunk.len());
        let room = reading.chunk.get_mut(..most).unwrap_or_default();
        match recv(&self.stream, room, RecvFlags::DONTWAIT) {
            Ok((_, 0)) => Err(Error::Lost),
            Ok((_, size)) => {
                reading.decoder.push(reading.chunk.get(..size).unwrap_or_default());
                Ok(true)
            }
            Err(Errno::INTR) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(Errno::CONNRESET) => Err(Error::Lost),
            Err(why) => Err(io::Error::from(why).into()),
        }
    }
}

impl AsFd for Events {
    /// Readable while there is something to be told, or after the daemon hung up.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn noticed(what: from_daemon::What) -> Result<notice::What, Error> {
    match what {
        from_daemon::What::Notice(notice) => notice.what.ok_or_else(|| {
            let text = "a notice of a kind that this program does not know";
            Error::Protocol(text.to_owned())
        }),
        from_daemon::What::Reply(reply) => Err(stray(&reply)),
    }
}

#[cfg(test)]
mod tests;
