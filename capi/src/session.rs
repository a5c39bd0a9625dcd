//! The two connections behind a handle: one on which it asks, one on which it is told.
//!
//! Must never hold the lock of the first while it waits on the second. Must never believe that the
//! daemon is there: each call finds out by itself, and nothing connects again.

use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use client::proto::notice;
use client::{Connection, Error, Events};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{Shutdown, shutdown};

use crate::error::Cs;

/// Where the daemon listens unless the environment says otherwise.
const SOCKET: &str = "/run/cluster/clusterd.sock";

/// How long a request may take. During a membership change some do.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the daemon may take to let go of a session.
const FAREWELL: Duration = Duration::from_secs(5);

/// A program's conversation with the daemon.
#[derive(Debug)]
pub(crate) struct Session {
    name: &'static str,
    asks: Mutex<Connection>,
    hears: OnceLock<Events>,
    me: OnceLock<u32>,
}

impl Session {
    /// How long a request may take unless somebody says otherwise.
    pub(crate) const PATIENCE: Duration = PATIENCE;

    /// Begins a conversation in which nothing is told yet.
    pub(crate) fn open(name: &'static str) -> Result<Self, Cs> {
        let asks = Connection::open_within(&socket(), name, Some(PATIENCE))?;
        if !asks.welcome().permitted {
            return Err(Cs::Access);
        }
        Ok(Self { name, asks: Mutex::new(asks), hears: OnceLock::new(), me: OnceLock::new() })
    }

    /// As [`Session::open`], with the second connection from the start.
    pub(crate) fn open_to_hear(name: &'static str) -> Result<Self, Cs> {
        let session = Self::open(name)?;
        session.events()?;
        Ok(session)
    }

    /// Asks something. Other threads of the program wait meanwhile if they want to ask, too.
    pub(crate) fn ask<T>(
        &self,
        what: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Cs> {
        Ok(self.try_ask(what)?)
    }

    /// As [`Session::ask`], for those who know more errors than the others.
    pub(crate) fn try_ask<T>(
        &self,
        what: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        what(&mut asks)
    }

    /// Where this session is told things.
    pub(crate) fn events(&self) -> Result<&Events, Cs> {
        if let Some(events) = self.hears.get() {
            return Ok(events);
        }
        let asks = self.asks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(events) = self.hears.get() {
            return Ok(events);
        }
        let events = Events::of(&asks, &socket(), self.name, Some(PATIENCE))?;
        Ok(self.hears.get_or_init(|| events))
    }

    /// The descriptor that is readable while there is something to be told.
    pub(crate) fn fd(&self) -> Result<RawFd, Cs> {
        Ok(self.events()?.as_fd().as_raw_fd())
    }

    /// What this session is told next, if it is here.
    pub(crate) fn take(&self) -> Result<Option<notice::What>, Cs> {
        // Whatever ends the notices is the end of the library's use: the program starts over.
        self.events()?.here().map_err(|_| Cs::Library)
    }

    /// Id of this node.
    pub(crate) fn me(&self) -> Result<u32, Cs> {
        if let Some(&me) = self.me.get() {
            return Ok(me);
        }
        let me = self.ask(|asks| asks.status())?.me.id;
        Ok(*self.me.get_or_init(|| me))
    }

    /// Waits until the daemon takes more on `asks`. False when it does not until `deadline`, or
    /// when there is something to be told first: it may take nothing from a program that does not
    /// read.
    pub(crate) fn has_room(&self, asks: BorrowedFd<'_>, deadline: Instant) -> Result<bool, Error> {
        let hears = self.hears.get();
        let left = deadline.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(left).ok();
        let mut fds = vec![PollFd::from_borrowed_fd(asks, PollFlags::OUT)];
        fds.extend(hears.map(|hears| PollFd::new(hears, PollFlags::IN)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => Ok(false),
            Ok(_) => Ok(fds.first().is_some_and(|asks| !asks.revents().is_empty())),
            Err(rustix::io::Errno::INTR) => Ok(true),
            Err(why) => Err(std::io::Error::from(why).into()),
        }
    }

    /// Ends the conversation: whoever waits in it finds out. An error when the daemon had ended it
    /// before.
    pub(crate) fn close(&self) -> Result<(), Cs> {
        let asks = self.asks.try_lock();
        let lost = match &asks {
            Ok(asks) => is_over(asks.as_fd()),
            // Somebody asks something: then the daemon is there.
            Err(_) => false,
        };
        if let Some(hears) = self.hears.get() {
            // An error means that it is over already.
            let _ = shutdown(hears, Shutdown::Both);
        }
        if lost { Err(Cs::Library) } else { Ok(()) }
    }

    /// As [`Session::close`], and returns when the daemon has let go of the session: what the
    /// program does next comes after that.
    pub(crate) fn close_in_order(&self) -> Result<(), Cs> {
        let finished = self.ask(|asks| asks.finish(Some(Instant::now() + FAREWELL)));
        self.close().ok();
        match finished {
            // It lives and is slow.
            Ok(()) | Err(Cs::Timeout) => Ok(()),
            Err(_) => Err(Cs::Library),
        }
    }
}

/// The other end has hung up.
fn is_over(socket: BorrowedFd<'_>) -> bool {
    let mut fds = [PollFd::from_borrowed_fd(socket, PollFlags::RDHUP)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Where the daemon listens. A program with more rights than its user does not ask the user.
fn socket() -> PathBuf {
    let is_own = || {
        // SAFETY: the call has no arguments and reads what the kernel gave to this process.
        unsafe { libc::getauxval(libc::AT_SECURE) == 0 }
    };
    let variable = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
    if !is_own() {
        return PathBuf::from(SOCKET);
    }
    variable("CLUSTER_SOCKET")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("CLUSTER_RUN_DIR")?).join("clusterd.sock")))
        .unwrap_or_else(|| PathBuf::from(SOCKET))
}
