//! One thread and one loop around the stack: wait, say what happened, do what should be done.
//!
//! Must never decide anything about the cluster, and never wait for anything but the next thing
//! to happen: blocking work goes to helper threads and comes back as a [`wake::Wake`]. What the
//! stack wants done is done in the order in which it says so.

pub mod alarm;
pub mod clock;
pub(crate) mod directory;
pub mod disk;
mod follow;
pub mod load;
pub mod logging;
pub mod ready;
pub mod realtime;
mod reload;
pub mod report;
mod rotation;
pub mod signals;
pub mod start;
pub mod wait;
pub mod wake;

use std::time::Duration;

use confdb::replica::{Edition, Ticket};
use totem::{Input, Instant, NodeSet};
use tracing::{Level, debug, error, info, warn};

use self::clock::Clock;
use self::directory::follower::Follower;
use self::load::Load;
use self::logging::Logging;
use self::ready::Readiness;
use self::reload::Done;
use self::report::{Line, Reporter};
use self::rotation::Rotation;
use self::signals::Request;
use self::start::understand::{Understood, first_addresses};
use self::wait::Sources;
use self::wake::Wake;
use crate::ipc::Incoming;
use crate::net::{Arrival, Limiter};
use crate::stack::Stack;
use crate::stack::command::{Command, RequestId, SessionId};
use crate::stack::effect::{Effect, Exit, FileJob, Reply};

/// The session in whose name the shell itself asks: no program's.
const OWN: SessionId = SessionId(u64::MAX - 1);

/// Most batches of packets per wake.
const BATCHES: usize = 4;

/// Longest time for which programs are not heard.
const LONGEST_DOZE: Duration = Duration::from_micros(500);

/// Most requests of programs that are served after the network was.
const REQUESTS: usize = 64;

/// How long programs may take to read the last replies.
const PATIENCE: Duration = Duration::from_millis(500);

/// Requests to stop that come together are one: `timeout` and terminals signal a process and its
/// group.
const ONE_REQUEST: Duration = Duration::from_millis(500);

/// How far the wall clock may be off before programs are told times by the new one.
const WALL_TOLERANCE: Duration = Duration::from_secs(1);

/// One running node.
#[derive(Debug)]
pub struct Shell {
    clock: Clock,
    stack: Stack,
    sources: Sources,
    reporter: Reporter,
    readiness: Readiness,
    logging: Logging,
    follower: Follower,
    /// What the directory has, while all are asked to go by it.
    proposed: Option<(Edition, Vec<u8>)>,
    load: Option<Load>,
    errors: Limiter,
    rotation: Rotation,
    wall: Duration,
    end: Option<End>,
    stopping: Option<Instant>,
    /// Held to the end, not used.
    #[expect(dead_code, reason = "a lock is there to be held")]
    lock: start::Lock,
}

/// Why a node stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// It left the cluster.
    Left,
    /// It was killed by another node; why, in the words of the log.
    Killed(String),
    /// It came to a cluster that keeps nodes out.
    SawDisallowed,
    /// It was told twice to stop.
    Interrupted,
    /// It cannot go on.
    Failed(String),
}

impl End {
    fn of(exit: Exit) -> Self {
        match exit {
            Exit::Left => Self::Left,
            Exit::Killed { by, reason } => Self::Killed(report::killed(by, reason)),
            Exit::SawDisallowed => Self::SawDisallowed,
        }
    }
}

impl Shell {
    /// Runs the node to its end.
    pub async fn run(mut self) -> End {
        self.readiness.ready();
        self.sources.directory.set_pace(self.follower.pace());
        let now = self.clock.now();
        if let Some(load) = &mut self.load {
            load.attach(now, &mut self.stack);
        }
        self.drain(now);
        while self.end.is_none() {
            let wake = self.sources.next().await;
            self.apply(wake).await;
            self.resume();
            self.generate();
            self.doze().await;
        }
        self.readiness.stopping();
        self.sources.net.flush();
        self.summarize();
        self.sources.ipc.close(PATIENCE).await;
        self.end.unwrap_or(End::Left)
    }

    /// While messages wait for the token, programs that send more of them are not heard for a
    /// moment: each message would wake this thread, and none would leave sooner.
    async fn doze(&mut self) {
        let Some(span) = self.stack.awaited() else { return };
        let left = self.sources.alarm.left(self.clock.now()).unwrap_or(LONGEST_DOZE);
        self.sources.doze(span.min(left).min(LONGEST_DOZE)).await;
        self.clients().await;
    }

    async fn apply(&mut self, wake: Wake) {
        match wake {
            Wake::Network => {
                self.network();
                self.clients().await;
            }
            Wake::Deadline => {
                // What has arrived goes first: after a pause of this process the token that was
                // missed may be waiting in the socket.
                self.network();
                let now = self.clock.now();
                if self.sources.alarm.is_due(now) {
                    self.input(now, Input::Timeout);
                }
            }
            Wake::Client(incoming) => self.client(incoming),
            Wake::Stored(Ok(seq)) => {
                let now = self.clock.now();
                self.input(now, Input::Stored(seq));
            }
            Wake::Stored(Err(why)) => {
                self.end = Some(End::Failed(format!("{why}: cannot join a ring")));
            }
            Wake::Reload(done) => self.reloaded(done),
            Wake::Directory(looked) => self.looked(looked),
            Wake::Signal(Request::Stop) => self.stop(),
            Wake::Signal(Request::Reload) => self.logging.reopen(),
            Wake::Pulse => self.readiness.alive(),
        }
    }

    /// Something was found out about a text of the configuration, or done with it.
    fn reloaded(&mut self, done: Done) {
        let now = self.clock.now();
        match done {
            Done::Fetched(request, fetched) => self.stack.fetched(now, request, fetched),
            Done::Staged(ticket, staged) => {
                let keys = self.sources.net.keys();
                let result = self.sources.reload.keep((ticket, staged), keys);
                self.stack.staged(now, ticket, result);
            }
            Done::Activated(ticket, result) => self.stack.activated(now, ticket, result),
        }
        self.drain(now);
    }

    /// Begins to do something with the file of the configuration.
    fn file(&mut self, job: FileJob) {
        match job {
            FileJob::Fetch(request) => self.fetch(request),
            FileJob::Stage { ticket, version, text } => {
                self.sources.reload.stage(ticket, version, text);
            }
            FileJob::Unstage(ticket) => self.sources.reload.unstage(ticket),
            FileJob::Activate { ticket, from, staying } => self.activate(ticket, from, &staying),
        }
    }

    /// From now on this node is what the staged text makes of it.
    fn activate(&mut self, ticket: Ticket, from: u64, staying: &NodeSet) {
        let Some(understood) = self.sources.reload.activate(ticket, from) else { return };
        self.sources.ipc.set_origins(understood.origins());
        let Understood { settings, keys, .. } = *understood;
        self.reporter.set_nodes(&settings.nodes);
        self.logging.apply(settings.logging.clone(), settings.subsystems.clone());
        self.follow(settings.following);
        let net = &mut self.sources.net;
        match net.addresses().changed(first_addresses(&settings), staying) {
            Ok(addresses) => net.readdress(addresses),
            Err(why) => error!(target: "TOTEM", "the nodes stay where they were: {why}"),
        }
        if let Err(why) = net.follow_keys(&keys.current, keys.next) {
            error!(target: "TOTEM", "packets are sealed as before: {why}");
        }
    }

    /// Takes in a bounded number of batches of packets.
    fn network(&mut self) {
        for _ in 0..BATCHES {
            let now = self.clock.now();
            if !self.sources.net.fetch(self.stack.token_first(), now) {
                return;
            }
            while let Some(arrival) = self.sources.net.next(now) {
                let input = match arrival {
                    Arrival::Packet { from, bytes } => Input::Packet { from, bytes },
                    Arrival::Refused(node) => Input::Unreachable(node),
                };
                self.handle(now, input);
            }
            self.drain(now);
        }
    }

    /// Serves programs whose requests wait already.
    async fn clients(&mut self) {
        for _ in 0..REQUESTS {
            let Some(incoming) = self.sources.client().await else { return };
            self.client(incoming);
        }
    }

    /// Serves programs whose messages waited for room on the ring.
    fn resume(&mut self) {
        let stalls = self.sources.ipc.stalls();
        for _ in 0..REQUESTS {
            let Some(incoming) = self.sources.ipc.resume(self.stack.room()) else { return };
            self.client(incoming);
            if self.sources.ipc.stalls() > stalls {
                return;
            }
        }
    }

    fn client(&mut self, incoming: Incoming) {
        let now = self.clock.now();
        match incoming {
            Incoming::Command { request, command } => {
                if command.shows_connections() {
                    self.stack.connected(self.sources.ipc.connections());
                }
                self.stack.command(now, request, command);
            }
            Incoming::Gone(session) => self.stack.gone(now, session),
            Incoming::ReopenLogs(request) => {
                self.logging.reopen();
                self.sources.ipc.reply(request, &Reply::Done);
            }
            // What was held back goes on like what waited for the ring.
            Incoming::Eased => {}
        }
        self.drain(now);
    }

    fn input(&mut self, now: Instant, input: Input) {
        self.handle(now, input);
        self.drain(now);
    }

    fn handle(&mut self, now: Instant, input: Input) {
        if let Err(why) = self.stack.handle(now, input)
            && let Some(held) = self.errors.pass(now, 1)
        {
            warn!(target: "TOTEM", "packet of a member dropped: {why} ({held} since last said)");
        }
    }

    /// Leaves the cluster; the second time ends at once.
    fn stop(&mut self) {
        let now = self.clock.now();
        if let Some(first) = self.stopping {
            if now.since(first) >= ONE_REQUEST {
                self.end = Some(End::Interrupted);
            }
            return;
        }
        self.stopping = Some(now);
        self.readiness.stopping();
        info!(target: "MAIN", "told to stop: leaving the cluster");
        let request = RequestId { session: OWN, number: 0 };
        self.stack.command(now, request, Command::Stop);
        self.drain(now);
    }

    /// Lets the load generator do its part.
    fn generate(&mut self) {
        let Some(load) = &mut self.load else { return };
        let now = self.clock.now();
        if load.ask(now, &mut self.stack) {
            self.drain(now);
        }
        let Some(load) = &mut self.load else { return };
        if load.tick(now) {
            self.load = None;
            return self.stop();
        }
        load.fill(now, &mut self.stack);
        self.drain(now);
    }

    /// Ends a change of keys when it is over.
    fn rotate(&mut self, now: Instant) {
        if self.sources.net.keys().old().is_some() {
            let members = self.stack.ring_members();
            if !members.is_empty() {
                self.sources.net.retire_key(&members);
            }
        }
        if self.rotation.greets(now, self.sources.net.keys()) {
            self.stack.greet(now);
        }
    }

    /// Does all that the stack wants done, in its order.
    fn drain(&mut self, now: Instant) {
        self.rotate(now);
        loop {
            match self.stack.poll() {
                Effect::Send { to, packet } => self.sources.net.send(to, &packet),
                Effect::Store(seq) => self.sources.disk.store(seq),
                Effect::Reply { to, reply } => match (to.session, &mut self.load) {
                    (load::SESSION, Some(load)) => load.on_reply(&reply),
                    (load::SESSION | OWN, _) => self.answered(&reply),
                    (_, _) => {
                        // What only says "done" has no times in it, and comes for every message.
                        if reply != Reply::Done {
                            self.follow_wall_clock();
                        }
                        self.sources.ipc.reply(to, &reply);
                    }
                },
                Effect::Notify { to, notice } => match (to, &mut self.load) {
                    (load::SESSION, Some(load)) => load.on_notice(now, &notice),
                    (load::SESSION | OWN, _) => {}
                    (_, _) => self.sources.ipc.notify(to, &notice),
                },
                Effect::NotifyAll { to, notice } => self.sources.ipc.notify_all(&to, &notice),
                Effect::Report(report) => {
                    self.reporter.lines(&report).iter().for_each(log);
                }
                Effect::File(job) => self.file(job),
                Effect::Debug(on) => self.logging.set_debug(on),
                Effect::Admit(admitted) => self.sources.ipc.admit(&admitted),
                Effect::Exit(exit) => self.end = Some(End::of(exit)),
                Effect::Wait(deadline) => {
                    self.sources.net.flush();
                    let ring = deadline.map(|deadline| deadline.at);
                    let load = self.load.as_ref().and_then(Load::deadline);
                    let keys = self.rotation.deadline();
                    let earliest = [ring, load, keys].into_iter().flatten().min();
                    self.sources.alarm.set(earliest);
                    return;
                }
            }
        }
    }

    /// What went over the network, and what did not, in one line.
    fn summarize(&self) {
        let net = &self.sources.net;
        let (sent, received, refused) = (net.sent(), net.received(), net.refused());
        info!(
            target: "TOTEM",
            "sent {} packets in {} calls, {} lost to a full buffer, {} refused by the system; \
             received {} in {} calls, {} lost to a full buffer, {} forged, {} repeated or old, {} \
             foreign",
            sent.packets, sent.calls, sent.full, sent.lost,
            received.packets, received.calls, received.overflowed, refused.forged,
            refused.replayed + refused.old_boot,
            refused.truncated + refused.not_ours + refused.foreign_cluster + refused.unknown_key,
        );
    }

    fn follow_wall_clock(&mut self) {
        let wall = self.clock.wall_at_origin();
        if wall.abs_diff(self.wall) > WALL_TOLERANCE {
            self.wall = wall;
            self.sources.ipc.set_wall_clock(wall);
        }
    }
}

fn log(line: &Line) {
    let Line { level, subsystem, text } = line;
    match *level {
        Level::ERROR => error!(subsystem, "{text}"),
        Level::WARN => warn!(subsystem, "{text}"),
        Level::INFO => info!(subsystem, "{text}"),
        Level::DEBUG | Level::TRACE => debug!(subsystem, "{text}"),
    }
}
