//! Programs of this node ask the daemon and are told things; here they are kept apart from the
//! loop that runs the ring.
//!
//! Must never make the ring wait for a program: every queue has a bound, and a program that does
//! not read is disconnected. Nor may a program make the daemon do more than read its frames before
//! it is known who it is.
//!
//! The listener accepts, one task per session frames bytes, and all of them report to the shell
//! through one bounded queue, which [`Ipc::next`] empties. In the other direction each session has
//! a bounded queue of frames. The shell needs four calls:
//!
//! - `ipc.next().await` in its `select!` (safe to cancel) → [`Incoming`];
//! - [`Ipc::reply`] for `Effect::Reply`;
//! - [`Ipc::notify`] for `Effect::Notify`;
//! - [`Ipc::close`] before it ends, so that the last replies still leave.

pub mod credentials;
pub mod listener;
mod outlet;
pub mod session;
pub mod translate;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use client::frame;
use client::proto::{self, from_daemon};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use self::credentials::Policy;
use self::listener::{ListenError, Listener};
use self::outlet::{Outlet, Overrun, Sent};
use self::translate::{Origin, Surroundings};
use crate::stack::command::{Command, RequestId, SessionId};
use crate::stack::effect::{Notice, Reply};

/// Events that may wait for the shell; a session with more waits with them.
const EVENTS: usize = 256;

/// What the shell decides once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Path of the socket; usually `clusterd.sock` in the run directory.
    pub socket: PathBuf,
    /// Who may change things.
    pub policy: Policy,
    /// Bounds.
    pub limits: Limits,
    /// What replies say that the stack does not know.
    pub surroundings: Surroundings,
}

/// Bounds on what programs can make the daemon hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Sessions at a time. Half of them are kept for programs that may change things.
    pub sessions: usize,
    /// Largest frame from a program that may change things, and to any, bytes.
    pub frame: usize,
    /// Largest frame from a program that may only read, bytes.
    pub small_frame: usize,
    /// Bytes that may wait for a program to read them.
    pub queued_bytes: usize,
    /// Frames that may wait for a program to read them.
    pub queued_frames: usize,
    /// How long a program may take to say hello.
    pub hello: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 128,
            frame: frame::MAX_FRAME,
            small_frame: 4 << 10,
            queued_bytes: 8 << 20,
            queued_frames: 64 << 10,
            hello: Duration::from_secs(5),
        }
    }
}

/// What programs want of the shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Incoming {
    /// Give this command to the stack; exactly one reply to `request` is due.
    Command {
        /// Which request it is.
        request: RequestId,
        /// What is asked.
        command: Command,
    },
    /// Tell the stack that this session is over. Comes once for every session.
    Gone(SessionId),
}

/// What sessions tell [`Ipc`].
#[derive(Debug)]
enum Event {
    /// A session began.
    Arrived { session: SessionId, outlet: Outlet },
    /// It asks something of the stack.
    Command { request: RequestId, command: Command },
    /// It asks how many sessions there are.
    Subsystems(RequestId),
    /// It is over.
    Gone(SessionId),
}

/// All sessions, by id.
#[derive(Debug)]
pub struct Ipc {
    events: mpsc::Receiver<Event>,
    sessions: BTreeMap<SessionId, Outlet>,
    listener: JoinHandle<()>,
    surroundings: Surroundings,
    most: usize,
}

impl Ipc {
    /// Opens the socket and begins to accept. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The socket cannot be opened, or another daemon answers on it.
    pub fn listen(settings: Settings) -> Result<Self, ListenError> {
        let (sender, events) = mpsc::channel(EVENTS);
        let Settings { socket, policy, limits, surroundings } = settings;
        let listener = Listener::open(&socket, policy, limits)?;
        Ok(Self {
            events,
            sessions: BTreeMap::new(),
            listener: tokio::spawn(listener.run(sender)),
            surroundings,
            most: limits.frame,
        })
    }

    /// Waits for the next thing a program wants. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Incoming {
        loop {
            let Some(event) = self.events.recv().await else {
                // Only when the listener died, and with it every sender: no program can come any
                // more. The ring goes on.
                std::future::pending::<()>().await;
                continue;
            };
            if let Some(incoming) = self.on_event(event) {
                return incoming;
            }
        }
    }

    /// Answers a request; nothing happens when its session is over.
    pub fn reply(&mut self, to: RequestId, reply: &Reply) {
        let what = translate::reply(reply, &self.surroundings, self.sessions.len());
        self.answer(to, what);
    }

    /// Tells a session something; nothing happens when it is over.
    pub fn notify(&mut self, to: SessionId, notice: &Notice) {
        if !self.sessions.contains_key(&to) {
            return;
        }
        let notice = proto::Notice { what: Some(translate::notice(notice)) };
        self.send(to, Sent::Notice, from_daemon::What::Notice(notice));
    }

    /// How many programs are connected.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Says what wall-clock time it was at `totem::Instant::ORIGIN`, as time since 1970-01-01 UTC.
    /// Worth repeating now and then: the wall clock may have been set.
    pub fn set_wall_clock(&mut self, at_origin: Duration) {
        self.surroundings.at_origin = at_origin;
    }

    /// Says which values do not come from the configuration that all nodes share.
    pub fn set_origins(&mut self, origins: Vec<Origin>) {
        self.surroundings.origins = origins;
    }

    /// Takes no more programs, lets each session send what waits for it, and ends; gives up on
    /// those that do not read within `patience`.
    pub async fn close(mut self, patience: Duration) {
        self.listener.abort();
        let mut waiting: usize = self.sessions.len();
        self.sessions.clear();
        let all = async {
            while waiting > 0 {
                match self.events.recv().await {
                    Some(Event::Gone(_)) => waiting -= 1,
                    Some(Event::Arrived { .. }) => waiting += 1,
                    Some(Event::Command { .. } | Event::Subsystems(_)) => {}
                    None => return,
                }
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            warn!(target: "ipc", "programs did not read their last replies within {patience:?}");
        }
    }

    fn on_event(&mut self, event: Event) -> Option<Incoming> {
        match event {
            Event::Arrived { session, outlet } => {
                self.sessions.insert(session, outlet);
                None
            }
            Event::Command { request, command } => Some(Incoming::Command { request, command }),
            Event::Subsystems(request) => {
                let count = translate::subsystems(self.sessions.len());
                self.answer(request, count);
                None
            }
            Event::Gone(session) => {
                self.sessions.remove(&session);
                debug!(target: "ipc", "session {} is over", session.0);
                Some(Incoming::Gone(session))
            }
        }
    }

    fn answer(&mut self, to: RequestId, what: proto::reply::What) {
        let reply = proto::Reply { id: to.number, what: Some(what) };
        self.send(to.session, Sent::Reply, from_daemon::What::Reply(reply));
    }

    fn send(&mut self, to: SessionId, kind: Sent, what: from_daemon::What) {
        let Some(outlet) = self.sessions.get_mut(&to) else { return };
        let message = proto::FromDaemon { what: Some(what) };
        let queued = frame::encode(&message, self.most)
            .map_err(Overrun::Frame)
            .and_then(|frame: Bytes| outlet.send(kind, frame));
        if let Err(why) = queued {
            warn!(target: "ipc", "session {} disconnected: {why}", to.0);
            if let Some(outlet) = self.sessions.remove(&to) {
                outlet.cut();
            }
        }
    }
}

#[cfg(test)]
mod tests;
