//! Programs of this node ask the daemon and are told things; here they are kept apart from the
//! loop that runs the ring.
//!
//! Must never make the ring wait for a program: every queue has a bound, and a program that does
//! not read is disconnected. Nor may a program make the daemon do more than read its frames before
//! it is known who it is.
//!
//! The listener accepts, one task per session frames bytes, and all of them report to the shell
//! through one bounded queue, which [`Ipc::next`] empties. In the other direction each session has
//! a bounded queue. The shell needs these calls:
//!
//! - `ipc.next().await` in its `select!` (safe to cancel) → [`Incoming`];
//! - [`Ipc::reply`] for `Effect::Reply`;
//! - [`Ipc::notify`] for `Effect::Notify`, [`Ipc::notify_all`] for `Effect::NotifyAll`;
//! - [`Ipc::resume`] when the ring may have room again;
//! - [`Ipc::close`] before it ends, so that the last replies still leave.

pub mod credentials;
pub mod listener;
mod outgoing;
mod outlet;
mod pairs;
mod pending;
pub mod places;
pub mod session;
mod stalled;
mod telling;
mod traffic;
pub mod translate;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use client::frame;
use client::proto::{self, Reason, reply};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{debug, info, warn};

use self::credentials::Policy;
use self::listener::{ListenError, Listener};
use self::outlet::{Outlet, Overrun};
use self::pairs::Pairs;
use self::session::Key;
use self::stalled::{Answered, Parked, Stalled};
use self::telling::Telling;
use self::translate::{Origin, Surroundings};
use crate::stack::command::{Command, RequestId, SessionId};
use crate::stack::connections::Connections;
use crate::stack::effect::{Admitted, Notice, Refusal, Reply};

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
    /// Sessions at a time; usually [`places::possible`]. Half of them are kept for programs that
    /// may change things.
    pub sessions: usize,
    /// Largest frame from a program that may change things, and to any, bytes.
    pub frame: usize,
    /// Largest frame from a program that may only read, bytes.
    pub small_frame: usize,
    /// Bytes that may wait for a program to read them. From a sixty-fourth of it on its own
    /// multicasts are held back.
    pub queued_bytes: usize,
    /// Frames that may wait for a program to read them; a sixty-fourth as above.
    pub queued_frames: usize,
    /// How long a program may take to say hello.
    pub hello: Duration,
    /// How long a program that was cut off may take to read why.
    pub last_words: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 1024,
            frame: frame::MAX_FRAME,
            small_frame: 4 << 10,
            // What a ring at full speed delivers while a program waits a third of a second for a
            // processor.
            queued_bytes: 128 << 20,
            queued_frames: 2 << 20,
            hello: Duration::from_secs(5),
            last_words: Duration::from_secs(10),
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
    /// Open the files of the log again; exactly one reply is due.
    ReopenLogs(RequestId),
    /// Tell the stack that this session is over. Comes once for every session.
    Gone(SessionId),
    /// A program has read what held back its multicasts: [`Ipc::resume`] may have something.
    Eased,
}

/// What sessions tell [`Ipc`].
#[derive(Debug)]
enum Event {
    /// A session began.
    Arrived { session: SessionId, outlet: Outlet, key: Key, uid: u32 },
    /// It asks these things of the shell.
    Asked(SessionId, Vec<Parked>),
    /// It wants to carry the notices of the session with this key.
    Listen { request: RequestId, key: Bytes },
    /// It asks how many sessions there are.
    Subsystems(RequestId),
    /// It is over.
    Gone(SessionId),
    /// Its program has read so much that it may send again.
    Eased,
}

/// All sessions, by id.
#[derive(Debug)]
pub struct Ipc {
    events: mpsc::Receiver<Event>,
    /// What a session asked in one go, the oldest first.
    asked: VecDeque<(SessionId, Parked)>,
    sessions: BTreeMap<SessionId, Outlet>,
    pairs: Pairs,
    stalled: Stalled,
    listener: JoinHandle<()>,
    policy: watch::Sender<Policy>,
    surroundings: Surroundings,
    most: usize,
    /// How many sessions are over.
    closed: u64,
}

impl Ipc {
    /// Opens the socket and begins to accept. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The socket cannot be opened, or another daemon answers on it.
    pub fn listen(settings: Settings) -> Result<Self, ListenError> {
        let (sender, events) = mpsc::channel(EVENTS);
        let Settings { socket, policy, limits, surroundings } = settings;
        let (policy, current) = watch::channel(policy);
        let listener = Listener::open(&socket, current, limits)?;
        Ok(Self {
            events,
            asked: VecDeque::new(),
            sessions: BTreeMap::new(),
            pairs: Pairs::default(),
            stalled: Stalled::default(),
            listener: tokio::spawn(listener.run(sender)),
            policy,
            surroundings,
            most: limits.frame,
            closed: 0,
        })
    }

    /// Nothing that a program wants is here.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.asked.is_empty() && self.events.is_empty()
    }

    /// Waits for the next thing a program wants. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Incoming {
        loop {
            if let Some((session, parked)) = self.asked.pop_front() {
                match self.on_command(session, parked) {
                    Some(incoming) => return incoming,
                    None => continue,
                }
            }
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
        let no_room = matches!(reply, Reply::Refused(Refusal::TryAgain));
        let answered = self.stalled.answered(to, no_room);
        let outlet = self.sessions.get_mut(&to.session);
        match (answered, reply) {
            (Answered::Again, _) => return outlet.into_iter().for_each(Outlet::hold),
            (Answered::Unheard, Reply::Refused(_)) | (Answered::Told, _) => {}
            (Answered::Unheard, _) => {
                return outlet.into_iter().for_each(|outlet| outlet.finish(to.number));
            }
        }
        let what = translate::reply(reply, &self.surroundings, self.sessions());
        self.answer(to, what);
    }

    /// Tells a session something; nothing happens when it is over.
    pub fn notify(&mut self, to: SessionId, notice: &Notice) {
        self.notify_all(&[to], notice);
    }

    /// Tells several sessions the same; it is put into bytes once.
    pub fn notify_all(&mut self, to: &[SessionId], notice: &Notice) {
        let mut ears = to.iter().map(|&session| self.pairs.ear(session));
        if !ears.any(|ear| self.sessions.contains_key(&ear)) {
            return;
        }
        let telling = Telling::of(notice);
        if let [session] = to {
            let ear = self.pairs.ear(*session);
            let most = self.most;
            self.send(ear, |outlet| outlet.tell(&telling, most));
            return;
        }
        let frame = telling.frame(self.most);
        for &session in to {
            let ear = self.pairs.ear(session);
            self.send(ear, |outlet| match &frame {
                Ok(frame) => outlet.tell_frame(frame.clone()),
                Err(why) => Err(Overrun::Frame(why.clone())),
            });
        }
    }

    /// What to ask the stack again now that the ring takes messages of `room` bytes, if anything
    /// waited for that, or for its program to read. To be called until it is `None` or
    /// [`Ipc::stalls`] has grown.
    pub fn resume(&mut self, room: usize) -> Option<Incoming> {
        let (sessions, pairs) = (&self.sessions, &self.pairs);
        let incoming = self.stalled.resume(room, |session| lags(sessions, pairs, session))?;
        if let Incoming::Gone(session) = incoming {
            self.forget(session);
        }
        Some(incoming)
    }

    /// How often a multicast had to wait for room, since the start.
    #[must_use]
    pub const fn stalls(&self) -> u64 {
        self.stalled.refused()
    }

    /// These may change things, besides those who always may: programs that connect from now on.
    pub fn admit(&mut self, admitted: &Admitted) {
        self.policy.send_modify(|policy| policy.admit(admitted));
    }

    /// How many programs are connected.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len().saturating_sub(self.pairs.count())
    }

    /// The programs that are connected, and how many were.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let shown = |(session, outlet): (&SessionId, &Outlet)| {
            outlet.shown(*session, self.stalled.holds(*session))
        };
        Connections { active: self.sessions.iter().map(shown).collect(), closed: self.closed }
    }

    /// Says what wall-clock time it was at `totem::Instant::ORIGIN`, as time since 1970-01-01 UTC.
    /// Worth repeating now and then: the wall clock may have been set.
    pub fn set_wall_clock(&mut self, at_origin: Duration) {
        self.surroundings.at_origin = at_origin;
    }

    /// Says why this node goes by its copy of the configuration, or that it does not.
    pub fn set_copy(&mut self, why: Option<String>) {
        self.surroundings.copy = why;
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
                    Some(
                        Event::Asked(..)
                        | Event::Subsystems(_)
                        | Event::Listen { .. }
                        | Event::Eased,
                    ) => {}
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
            Event::Arrived { session, outlet, key, uid } => {
                self.sessions.insert(session, outlet);
                self.pairs.arrived(session, key, uid);
                None
            }
            Event::Asked(session, asked) => {
                self.asked.extend(asked.into_iter().map(|parked| (session, parked)));
                None
            }
            Event::Eased => Some(Incoming::Eased),
            Event::Subsystems(request) => {
                let count = translate::subsystems(self.sessions());
                self.answer(request, count);
                None
            }
            Event::Listen { request, key } => {
                self.pair(request, &key);
                None
            }
            Event::Gone(session) => {
                let incoming = Incoming::Gone(session);
                let parked = Parked { incoming, size: 0, unanswered: false };
                let incoming = self.stalled.pass(session, parked, false)?;
                self.forget(session);
                Some(incoming)
            }
        }
    }

    /// A program that does not read what comes back to it sends no more before it has.
    fn on_command(&mut self, session: SessionId, parked: Parked) -> Option<Incoming> {
        let request = match &parked.incoming {
            Incoming::Command { request, command } if command.may_go_unanswered() => *request,
            Incoming::Command { .. }
            | Incoming::ReopenLogs(_)
            | Incoming::Gone(_)
            | Incoming::Eased => return self.stalled.pass(session, parked, false),
        };
        let lags = lags(&self.sessions, &self.pairs, session);
        if lags && !parked.unanswered {
            let text = "it has too much to read: it must read before it sends more";
            self.answer(request, translate::refused(Reason::TryAgain, text.to_owned()));
            return None;
        }
        self.stalled.pass(session, parked, lags)
    }

    /// A session has ended, and with it the one that carried its notices.
    fn forget(&mut self, session: SessionId) {
        self.sessions.remove(&session);
        self.closed += 1;
        debug!(target: "ipc", "session {} is over", session.0);
        let other = self.pairs.gone(session);
        if let Some(outlet) = other.and_then(|other| self.sessions.remove(&other)) {
            outlet.cut(None);
        }
    }

    /// Lets a session carry the notices of another, or says why not and ends it.
    fn pair(&mut self, request: RequestId, key: &[u8]) {
        match self.pairs.listen(request.session, key) {
            Ok(()) => self.answer(request, reply::What::Done(proto::Done {})),
            Err(text) => {
                info!(target: "ipc", "session {} may not listen: {text}", request.session.0);
                self.answer(request, translate::refused(Reason::Invalid, text));
                // What waits for it is still sent.
                self.sessions.remove(&request.session);
            }
        }
    }

    fn answer(&mut self, to: RequestId, what: reply::What) {
        self.send(to.session, |outlet| outlet.answer(to.number, what));
    }

    fn send(&mut self, to: SessionId, what: impl FnOnce(&mut Outlet) -> Result<(), Overrun>) {
        let Some(outlet) = self.sessions.get_mut(&to) else { return };
        if let Err(why) = what(outlet) {
            self.cut(to, &why);
        }
    }

    /// Ends a session that cannot be told more, and its other half.
    fn cut(&mut self, session: SessionId, why: &Overrun) {
        warn!(target: "ipc", "session {} disconnected: {why}", session.0);
        for half in [Some(session), self.pairs.other(session)].into_iter().flatten() {
            if let Some(outlet) = self.sessions.remove(&half) {
                outlet.cut(Some(why.to_string()));
            }
        }
    }
}

/// Too much waits for the program of this session, wherever it is told things.
fn lags(sessions: &BTreeMap<SessionId, Outlet>, pairs: &Pairs, session: SessionId) -> bool {
    sessions.get(&pairs.ear(session)).is_some_and(Outlet::lags)
}

#[cfg(test)]
pub(crate) mod tests;
