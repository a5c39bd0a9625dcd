//! The door: one socket in the run directory, open to everyone on this node.
//!
//! Must never take the socket of a daemon that is alive, and never let those who may only look use
//! up the places of those who may act.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tracing::{debug, warn};

use super::credentials::{Peer, Policy};
use super::session::{self, Key, Terms};
use super::{Event, Limits};
use crate::stack::command::SessionId;

/// Everyone may connect: what they may ask is decided by who they are.
const MODE: u32 = 0o666;

/// After the system refused to accept.
const RETRY: Duration = Duration::from_secs(1);

/// Why the socket could not be opened.
#[derive(Debug, Error)]
pub enum ListenError {
    /// Somebody answers on it.
    #[error("another daemon is already running: it answers on {0}")]
    Occupied(PathBuf),
    /// The system refused.
    #[error("cannot open the socket {path}: {why}")]
    System {
        /// Which socket.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
}

/// The open socket.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: SocketPath,
    /// Looked at for each program that comes.
    policy: watch::Receiver<Policy>,
    limits: Limits,
    places: Places,
}

/// Removes the socket's path when the listener ends.
#[derive(Debug)]
struct SocketPath(PathBuf);

impl Drop for SocketPath {
    fn drop(&mut self) {
        // Somebody may have removed it already; nothing is to be done about either case.
        let _ = fs::remove_file(&self.0);
    }
}

/// How many sessions there may be.
#[derive(Debug)]
struct Places {
    /// For everyone.
    all: Arc<Semaphore>,
    /// Of these, for those who may only look.
    looking: Arc<Semaphore>,
}

/// What a session holds as long as it lives.
pub(super) type Place = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Listener {
    /// Opens the socket at `path`, replacing one that nobody answers on.
    ///
    /// # Errors
    /// Somebody answers on it, or the system refuses.
    pub fn open(
        path: &Path,
        policy: watch::Receiver<Policy>,
        limits: Limits,
    ) -> Result<Self, ListenError> {
        let refused = |why| ListenError::System { path: path.to_owned(), why };
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(ListenError::Occupied(path.to_owned()));
        }
        match fs::remove_file(path) {
            Ok(()) => debug!(target: "ipc", "removed the stale socket {}", path.display()),
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(refused(why)),
        }
        raise_descriptors();
        let socket = UnixListener::bind(path).map_err(refused)?;
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(refused)?;
        let places = Places {
            all: Arc::new(Semaphore::new(limits.sessions)),
            looking: Arc::new(Semaphore::new(limits.sessions.div_ceil(2))),
        };
        Ok(Self { socket, path: SocketPath(path.to_owned()), policy, limits, places })
    }

    /// Accepts until it is aborted.
    pub(super) async fn run(self, events: mpsc::Sender<Event>) {
        let mut next = 1;
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    if self.welcome(stream, SessionId(next), &events).await {
                        next += 1;
                    }
                }
                Err(why) => {
                    // Out of descriptors, most likely. Accepting again at once would spin, and no
                    // event tells that there is one again.
                    warn!(target: "ipc", "cannot accept on {}: {why}", self.path.0.display());
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Gives the program a session, or tells it why not.
    async fn welcome(
        &self,
        stream: UnixStream,
        session: SessionId,
        events: &mpsc::Sender<Event>,
    ) -> bool {
        let peer = match Peer::of(&stream) {
            Ok(peer) => peer,
            Err(why) => {
                warn!(target: "ipc", "a program without credentials was refused: {why}");
                return false;
            }
        };
        let permitted = self.policy.borrow().permits(&peer);
        let Some(place) = self.places.take(permitted) else {
            warn!(target: "ipc", "{peer} refused: {} sessions already", self.limits.sessions);
            session::turn_away(&stream, self.limits.sessions);
            return false;
        };
        let key = match key() {
            Ok(key) => key,
            Err(why) => {
                warn!(target: "ipc", "{peer} refused: the system gives no random bytes: {why}");
                return false;
            }
        };
        debug!(target: "ipc", "session {}: {peer}, permitted: {permitted}", session.0);
        let terms = Terms { session, peer, permitted, key, limits: self.limits };
        let (task, outlet) = session::open(stream, terms, events.clone());
        // First the arrival, then anything the session may say. The task is not spawned when
        // nobody listens any more: the daemon ends.
        let arrived = Event::Arrived { session, outlet, key, uid: peer.uid };
        if events.send(arrived).await.is_err() {
            return false;
        }
        tokio::spawn(async move {
            task.run().await;
            drop(place);
        });
        true
    }
}

impl Places {
    fn take(&self, permitted: bool) -> Option<Place> {
        let looking = if permitted {
            None
        } else {
            Some(Arc::clone(&self.looking).try_acquire_owned().ok()?)
        };
        let place = Arc::clone(&self.all).try_acquire_owned().ok()?;
        Some((place, looking))
    }
}

/// Lets this process have as many descriptors as it may: every program takes one or two, and the
/// limit of an ordinary process is lower than the number of programs there may be.
fn raise_descriptors() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(why) = raised {
        debug!(target: "ipc", "no more descriptors than usual: {why}");
    }
}

/// A key that cannot be guessed.
fn key() -> io::Result<Key> {
    let mut key = Key::default();
    let filled = getrandom(&mut key, GetRandomFlags::empty())?;
    if filled < key.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
