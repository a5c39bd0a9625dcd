//! A conversation with the daemon for the tasks of a `tokio` runtime: what is told is awaited on a
//! descriptor of its own, what is asked is answered on one of the runtime's threads for that.
//!
//! Must never block a task, nor lose a notice when an await is given up. Must never ask in another
//! order than the program did.
//!
//! ```no_run
//! # async fn example() -> Result<(), client::Error> {
//! use client::Change;
//! use client::tasks::Daemon;
//!
//! let daemon = Daemon::open("/run/cluster/clusterd.sock", "example").await?;
//! daemon.ask(|connection| connection.watch(true)).await?;
//! let status = daemon.ask(|connection| connection.status()).await?;
//! println!("{} of {}", status.me.name, status.cluster);
//! loop {
//!     match daemon.change().await? {
//!         Change::Quorum(verdict) => println!("quorate: {}", verdict.quorate),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # }
//! ```

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::task::spawn_blocking;

use crate::connection::{Connection, PATIENCE};
use crate::error::Error;
use crate::events::Events;
use crate::groups::{Assembly, GroupEvent};
use crate::proto::notice;
use crate::quorum::Change;

/// The daemon of this node, as tasks talk to it. Several may share it.
#[derive(Debug)]
pub struct Daemon {
    /// Whoever comes first asks first.
    asks: Arc<tokio::sync::Mutex<Connection>>,
    hears: Events,
    /// The same socket, known to the runtime, which says when there is something to read.
    wakes: UnixStream,
    assembly: Mutex<Assembly>,
}

impl Daemon {
    /// As [`Connection::open`]. To be called within a runtime that drives I/O.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn open(socket: impl Into<PathBuf>, name: &str) -> Result<Self, Error> {
        let (socket, name) = (socket.into(), name.to_owned());
        let (asks, hears) = elsewhere(move || {
            let asks = Connection::open(&socket, &name)?;
            let hears = Events::of(&asks, &socket, &name, Some(PATIENCE))?;
            Ok((asks, hears))
        })
        .await?;
        let wakes = hears.stream().try_clone()?;
        wakes.set_nonblocking(true)?;
        let asks = Arc::new(tokio::sync::Mutex::new(asks));
        let (wakes, assembly) = (UnixStream::from_std(wakes)?, Mutex::new(Assembly::default()));
        Ok(Self { asks, hears, wakes, assembly })
    }

    /// Asks something, with any call of [`Connection`] but those that wait for notices: they come
    /// here instead. Once it is its turn it is asked even if nobody awaits the answer any more.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn ask<T, F>(&self, what: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    {
        let mut asks = Arc::clone(&self.asks).lock_owned().await;
        elsewhere(move || what(&mut asks)).await
    }

    /// The next notice. One that has begun to come is taken to its end, which the daemon writes
    /// without a pause. Given up, it has taken none.
    ///
    /// # Errors
    /// The conversation ended.
    pub async fn next(&self) -> Result<notice::What, Error> {
        loop {
            self.wakes.readable().await?;
            let taken = self.wakes.try_io(Interest::READABLE, || match self.hears.here() {
                Ok(None) => Err(io::ErrorKind::WouldBlock.into()),
                Ok(Some(notice)) => Ok(Ok(notice)),
                Err(why) => Ok(Err(why)),
            });
            match taken {
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(why) => return Err(why.into()),
                Ok(taken) => return taken,
            }
        }
    }

    /// The next change of the cluster; what else is told is skipped. See [`Connection::change`].
    ///
    /// # Errors
    /// As [`Daemon::next`].
    pub async fn change(&self) -> Result<Change, Error> {
        loop {
            if let Some(change) = Change::of(self.next().await?)? {
                return Ok(change);
            }
        }
    }

    /// The next event of the group that was joined; what else is told is skipped. See
    /// [`Connection::group_event`].
    ///
    /// # Errors
    /// As [`Daemon::next`].
    pub async fn group_event(&self) -> Result<GroupEvent, Error> {
        loop {
            let notice = self.next().await?;
            let mut assembly = self.assembly.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(event) = assembly.take(notice)? {
                return Ok(event);
            }
        }
    }
}

/// Does what blocks where it may.
async fn elsewhere<T: Send + 'static>(
    what: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(what).await;
    done.unwrap_or_else(|ended| Err(io::Error::other(ended).into()))
}

#[cfg(test)]
mod tests;
