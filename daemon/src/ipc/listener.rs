//! The door: one socket in the run directory, open to everyone on this node.
//!
//! Must never take the socket of a daemon that is alive.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::rand::{GetRandomFlags, getrandom};
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};

use super::credentials::{Peer, Policy};
use super::places::Places;
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
        let socket = UnixListener::bind(path).map_err(refused)?;
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(refused)?;
        let places = Places::new(limits.sessions);
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
