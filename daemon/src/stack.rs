//! A cluster node without its operating system: the ring, and the services that agree over it.
//!
//! Same shape as the ring one floor below: told what happened and what time it is, answers what
//! should be done, in one ordered queue. Must never do I/O, read a clock, or iterate an unordered
//! map; the shell and the simulator drive this very code.
//!
//! Each occurrence goes to the ring first. Then the ring is drained to its end, every event to the
//! services in a fixed order (nodes, voting, evs, groups), and only then is the ring touched again:
//! it is ahead of what it delivers, and what the services ask for must not fall between two events
//! of one membership change.

pub mod command;
pub mod connections;
mod database;
pub mod effect;
mod evs;
mod groups;
pub mod lookup;
mod managers;
pub mod map;
mod nodes;
pub mod objects;
mod outbox;
mod ports;
pub mod reconfigure;
mod service;
mod shutdown;
mod suspense;
mod sync;
mod versions;
mod voting;

use std::sync::Arc;
use std::time::Duration;

use confdb::replica::Edition;
use totem::{
    Deadline, Event, Guarantee, Input, Instant, Lane, Message, NodeSet, Output, PacketError,
    Refused, Ring, RingId, RingSeq, Tuning,
};

use self::command::{Command, Leave, NodeEntry, RequestId, SessionId, VoteCommand};
use self::database::Database;
use self::effect::{Effect, Exit, Refusal, Reply, Report, Status};
use self::evs::Evs;
use self::groups::Groups;
use self::lookup::{Lookup, Shown};
use self::managers::Managers;
use self::nodes::Nodes;
use self::outbox::Outbox;
use self::ports::Ports;
use self::service::{HEADER, LARGEST, PROTOCOL, Service};
use self::shutdown::{Agreed, Shutdown};
use self::suspense::Suspense;
use self::sync::Synchronization;
use self::versions::Missed;
use self::voting::Voting;

/// What a stack is told once, at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The ring's part.
    pub ring: totem::Config,
    /// Ring sequence read from stable storage.
    pub last: RingSeq,
    /// Name of the cluster, at most 15 bytes.
    pub cluster: String,
    /// Id of the cluster.
    pub cluster_id: u16,
    /// Version of the configuration.
    pub config_version: u64,
    /// The configured nodes.
    pub nodes: Vec<NodeEntry>,
    /// The vote counter's part.
    pub voting: quorum::Config,
    /// Nodes that come back with state from before are kept out.
    pub disallowed: bool,
    /// How long programs may take to say whether this node may leave.
    pub shutdown_timeout: Duration,
    /// The configuration as it lies on disk.
    pub held: Held,
    /// What programs can look up of it.
    pub shown: Shown,
}

/// The configuration as it lies on a node's disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Its text.
    pub text: Arc<[u8]>,
    /// What this node accepted before it was restarted, and has beside it; ascending.
    pub accepted: Vec<Edition>,
    /// Stands for its keys where nodes compare them.
    pub mark: u64,
    /// It is a copy of what a directory holds: that is where it is changed.
    pub copied: bool,
}

/// One node.
#[derive(Debug)]
pub struct Stack {
    ring: Ring,
    outbox: Outbox,
    sync: Synchronization,
    nodes: Nodes,
    voting: Voting,
    evs: Evs,
    groups: Groups,
    ports: Ports,
    managers: Managers,
    database: Database,
    lookup: Lookup,
    /// What counts votes and this node, which is out of date, has not taken part in.
    missed: Missed,
    shutdown: Shutdown,
    /// The ring as last delivered; `None` before the first.
    present: Option<RingId>,
    /// The ring that the services know; another one while they are told nothing.
    installed: Option<RingId>,
    suspense: Suspense,
    /// The data lane was opened since.
    open: bool,
    /// Leave the ring for this reason once it is drained: this node's good-bye has come back, or
    /// it must not go on.
    leave_now: Option<Exit>,
    /// Why the ring is being left.
    exit: Option<Exit>,
    /// The ring was left; nothing happens any more.
    left: bool,
    /// Other timers and limits for the ring, once it is drained.
    tuning: Option<Tuning>,
    deadline: Option<Deadline>,
}

impl Stack {
    /// Starts the node: alone, gathering.
    ///
    /// # Panics
    /// The ring cannot carry the services' messages, of a few kilobytes each.
    #[must_use]
    pub fn new(config: Config, now: Instant) -> Self {
        assert!(
            config.ring.limits().message >= LARGEST,
            "messages of the ring are limited to {}, services need {LARGEST}",
            config.ring.limits().message
        );
        let nodes = Nodes::new(&config);
        let me = nodes.me();
        let voting = Voting::new(&config.voting);
        let plant = config.ring.plant();
        let groups = Groups::new(config.ring.identity().me, plant);
        let database = Database::new(&config);
        let mut stack = Self {
            ring: Ring::new(config.ring, config.last, now),
            outbox: Outbox::default(),
            sync: Synchronization::new(plant),
            nodes,
            voting,
            evs: Evs::default(),
            groups,
            ports: Ports::new(me),
            managers: Managers::default(),
            database,
            lookup: Lookup::default(),
            missed: Missed::default(),
            shutdown: Shutdown::new(config.shutdown_timeout),
            present: None,
            installed: None,
            suspense: Suspense::default(),
            open: false,
            leave_now: None,
            exit: None,
            left: false,
            tuning: None,
            deadline: None,
        };
        stack.show_configuration(config.shown);
        stack.settle(now);
        stack
    }

    /// Takes in one occurrence of the world.
    ///
    /// # Errors
    /// A peer sent rubbish; the stack is unharmed.
    pub fn handle(&mut self, now: Instant, input: Input) -> Result<(), PacketError> {
        if self.left {
            return Ok(());
        }
        let agreed = self.shutdown.on_time(now, &mut self.outbox);
        self.leave(agreed);
        self.voting.on_time(now, &mut self.outbox);
        self.ports.on_time(now, &mut self.outbox);
        let result = self.ring.handle(now, input);
        self.settle(now);
        result
    }

    /// Takes in one request of a client.
    pub fn command(&mut self, now: Instant, request: RequestId, command: Command) {
        let outbox = &mut self.outbox;
        match command {
            Command::Status => {
                let status = Reply::Status(Box::new(self.status()));
                self.outbox.reply(request, status);
            }
            Command::Configuration => {
                let running = self.running();
                self.outbox.reply(request, running);
            }
            Command::Nodes => {
                let rows = self.nodes.rows(self.voting.quorum());
                outbox.reply(request, Reply::Nodes(rows));
            }
            Command::Watch { on, objects } => {
                outbox.watch(request.session, on);
                self.shutdown.register(request.session, on && objects);
                outbox.reply(request, Reply::Done);
            }
            Command::Attach => {
                outbox.reply(request, Reply::Done);
                self.evs.attach(request.session, outbox);
            }
            Command::Reload(wanted) => self.reload(request, wanted),
            Command::Multicast { guarantee, payload } => {
                let sent = self.multicast(now, guarantee, Evs::message(&payload));
                let reply = sent.map_or_else(Reply::Refused, |()| Reply::Done);
                self.outbox.reply(request, reply);
            }
            Command::Debug(on) => {
                outbox.push(Effect::Debug(on));
                outbox.reply(request, Reply::Done);
            }
            Command::SetDirty => {
                self.nodes.set_dirty();
                outbox.reply(request, Reply::Done);
            }
            Command::Leave(_) | Command::Stop | Command::Agree(_) | Command::Kill(_) => {
                self.on_departing(now, request, &command);
            }
            Command::Vote(command) => self.vote(now, request, command),
            Command::Group(command) => self.on_group(now, request, command),
            Command::Map(command) => self.look_up(request, command),
            Command::Tree(command) => self.browse(request, command),
            Command::Port(command) => self.port(now, request, command),
            Command::Manage(command) => self.on_manager(now, request, command),
        }
        self.settle(now);
    }

    /// A client is gone.
    pub fn gone(&mut self, now: Instant, session: SessionId) {
        self.outbox.watch(session, false);
        self.evs.gone(session);
        self.groups.gone(session, &mut self.outbox);
        self.managers.gone(session);
        self.database.gone(session);
        self.lookup.gone(session);
        let agreed = self.shutdown.gone(session, &mut self.outbox);
        self.leave(agreed);
        self.voting.gone(session, &mut self.outbox);
        self.ports.gone(session, &mut self.outbox);
        self.settle(now);
    }

    /// Pops the next obligation; ends with `Wait`.
    pub fn poll(&mut self) -> Effect {
        let earliest = || {
            let (voting, ports, suspense) = if self.left {
                (None, None, None)
            } else {
                (self.voting.deadline(), self.ports.deadline(), self.suspense.deadline())
            };
            let deadlines = [self.deadline, self.shutdown.deadline(), voting, ports, suspense];
            deadlines.into_iter().flatten().min_by_key(|deadline| deadline.at)
        };
        self.outbox.poll().unwrap_or_else(|| Effect::Wait(earliest()))
    }

    /// The token socket should be drained before the data socket (accelerated ring, priority
    /// rule); speed only.
    #[must_use]
    pub fn token_first(&self) -> bool {
        self.ring.token_first()
    }

    /// How long more messages of programs may be left unheard, since those that wait have to wait
    /// for the token anyway; speed only.
    #[must_use]
    pub fn awaited(&self) -> Option<Duration> {
        self.ring.awaited()
    }

    /// Size of the largest message that clients may send now, bytes.
    #[must_use]
    pub fn room(&self) -> usize {
        self.ring.room(Lane::Data).saturating_sub(HEADER)
    }

    /// The members of the ring in use; none between two rings.
    #[must_use]
    pub fn ring_members(&self) -> NodeSet {
        self.ring.status().members
    }

    /// Has every member say something to this node, so that it hears which key they seal with.
    pub fn greet(&mut self, now: Instant) {
        if !self.left {
            self.ring.greet();
            self.settle(now);
        }
    }

    // -- what clients ask -----------------------------------------------------------------------

    fn status(&self) -> Status {
        let quorum = self.voting.quorum();
        let cluster = self.nodes.cluster();
        let ring = self.ring.status();
        Status {
            cluster: cluster.name.clone(),
            cluster_id: cluster.id,
            config_version: cluster.config_version,
            me: self.nodes.own_row(quorum),
            generation: self.installed.map_or(0, |ring| ring.seq.get()),
            ring_members: ring.members,
            phase: ring.phase,
            synchronized: self.sync.is_done(),
            members: self.nodes.member_count(),
            verdict: *quorum.verdict(),
            two_node: quorum.two_node(),
            shutdown: self.shutdown.is_under_way(),
            disallowed: self.nodes.keeps_out(),
            disallowed_nodes: self.nodes.disallowed(),
            has_state: self.nodes.has_state(),
            ports: self.ports.bound(),
            stats: self.ring.stats(),
            pace: self.ring.pace(),
        }
    }

    /// What concerns this node's or another's end.
    fn on_departing(&mut self, now: Instant, request: RequestId, command: &Command) {
        let ending = self.is_ending();
        let outbox = &mut self.outbox;
        let agreed = match *command {
            Command::Leave(_) | Command::Stop | Command::Kill(_) if ending => {
                outbox.reply(request, Reply::Refused(Refusal::Leaving));
                None
            }
            Command::Leave(leave) => self.shutdown.begin(now, (request, leave), outbox),
            Command::Stop => {
                self.shutdown.give_up(outbox);
                Some((request, Leave { remove: false, force: true }))
            }
            Command::Agree(agrees) => {
                outbox.reply(request, Reply::Done);
                self.shutdown.answer(request.session, agrees, outbox)
            }
            Command::Kill(node) => {
                self.nodes.kill(request, node, outbox);
                None
            }
            Command::Status
            | Command::Nodes
            | Command::Watch { .. }
            | Command::Attach
            | Command::Configuration
            | Command::Reload(_)
            | Command::Multicast { .. }
            | Command::Debug(_)
            | Command::SetDirty
            | Command::Vote(_)
            | Command::Group(_)
            | Command::Map(_)
            | Command::Port(_)
            | Command::Manage(_)
            | Command::Tree(_) => None,
        };
        self.leave(agreed);
    }

    /// Begins to leave, if that was agreed.
    fn leave(&mut self, agreed: Option<Agreed>) {
        if let Some((request, leave)) = agreed {
            self.nodes.leave(request, leave, &mut self.outbox);
        }
    }

    /// This node is on its way out, or out.
    const fn is_ending(&self) -> bool {
        self.left || self.exit.is_some() || self.nodes.is_leaving()
    }

    fn vote(&mut self, now: Instant, request: RequestId, command: VoteCommand) {
        if self.is_ending() {
            self.outbox.reply(request, Reply::Refused(Refusal::Leaving));
            return;
        }
        self.lookup.touch();
        let nodes = self.nodes.rows(self.voting.quorum());
        self.voting.command((now, request), command, &nodes, &mut self.outbox);
    }

    fn multicast(
        &mut self,
        now: Instant,
        guarantee: Guarantee,
        message: bytes::Bytes,
    ) -> Result<(), Refusal> {
        if self.is_ending() {
            return Err(Refusal::Leaving);
        }
        match self.ring.multicast(now, Lane::Data, guarantee, message) {
            Ok(()) => Ok(()),
            Err(Refused::Full { .. }) => Err(Refusal::TryAgain),
            Err(Refused::TooLarge { size, most }) => {
                Err(Refusal::TooLarge { size: size - HEADER, most: most.saturating_sub(HEADER) })
            }
            Err(Refused::Leaving) => Err(Refusal::Leaving),
        }
    }

    // -- what the ring delivers -----------------------------------------------------------------

    /// Drains the ring, does what the services asked for meanwhile, until both are quiet.
    fn settle(&mut self, now: Instant) {
        self.quiet(now);
        self.tell_managers();
    }

    fn quiet(&mut self, now: Instant) {
        loop {
            self.drain(now);
            if self.left {
                self.deadline = None;
                return;
            }
            if self.end_suspense(now) {
                continue;
            }
            if let Some(tuning) = self.tuning.take() {
                self.ring.retune(now, tuning).expect("it was accepted before");
                continue;
            }
            let between_rings = self.ring.in_use().is_none();
            if between_rings {
                self.on_ring_lost(now);
            }
            if between_rings && self.nodes.goes_unheard(&mut self.outbox) {
                self.leave_now = self.leave_now.or(Some(Exit::Left));
            }
            if let Some(exit) = self.leave_now.take() {
                self.exit = self.exit.or(Some(exit));
                self.ring.leave(now);
            } else if self.sync.is_done() && !self.open {
                self.open = true;
                self.ring.open_data_lane(now);
            } else if !(self.pass_on(now, Lane::Sync) || self.pass_on(now, Lane::Data)) {
                self.refresh();
                return;
            }
        }
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.ring.poll() {
                Output::Send { to, packet } => self.outbox.push(Effect::Send { to, packet }),
                Output::Store(seq) => self.outbox.push(Effect::Store(seq)),
                Output::Event(Event::Configuration(change)) => self.on_configuration(now, &change),
                Output::Event(Event::Message(message)) => self.on_message(now, message),
                Output::Event(Event::Left) => {
                    self.left = true;
                    self.outbox.push(Effect::Exit(self.exit.unwrap_or(Exit::Left)));
                }
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    return;
                }
            }
        }
    }

    /// Hands the ring the next message of a service; `false` when there is none, or no room.
    fn pass_on(&mut self, now: Instant, lane: Lane) -> bool {
        let Some(pending) = self.outbox.next_message(lane) else { return false };
        match self.ring.multicast(now, lane, pending.guarantee, pending.message.clone()) {
            Ok(()) => true,
            Err(Refused::Full { .. }) => {
                self.outbox.put_back(lane, pending);
                false
            }
            // On the way out nothing needs to be said any more.
            Err(Refused::Leaving) => true,
            Err(Refused::TooLarge { size, most }) => {
                unreachable!("{size} bytes of a service, the ring was checked to carry {most}")
            }
        }
    }

    fn on_message(&mut self, now: Instant, message: Message) {
        let Message { from, guarantee, payload } = message;
        let result = service::split(payload).and_then(|(service, version, body)| match service {
            Service::Sync => {
                let states = self.sync.on_message(from, version, body)?;
                states.iter().for_each(|states| self.on_synced(now, states));
                Ok(())
            }
            // Its barrier says that it speaks another version; its words mean nothing here.
            Service::Nodes
            | Service::Voting
            | Service::Evs
            | Service::Database
            | Service::Groups
            | Service::Ports
                if version != PROTOCOL =>
            {
                Ok(())
            }
            Service::Nodes => {
                self.lookup.touch();
                let end = self.nodes.on_message(from, body, &mut self.outbox)?;
                self.leave_now = self.leave_now.or(end);
                Ok(())
            }
            Service::Voting => self.on_vote(from, body),
            Service::Database => self.on_version_said(now, from, body),
            Service::Ports => self.on_port(from, body),
            Service::Evs => {
                self.evs.on_message(from, guarantee, &body, &mut self.outbox);
                Ok(())
            }
            Service::Groups => self.groups.on_message(from, guarantee, body, &mut self.outbox),
        });
        if let Err(error) = result {
            self.outbox.report(Report::Malformed { node: from, error });
        }
    }

    /// Whom this side keeps out is killed as soon as it may act.
    fn expel(&mut self) {
        let quorum = self.voting.quorum();
        let (quorate, two_node) = (quorum.verdict().quorate, quorum.two_node());
        self.nodes.expel(quorate, two_node, &mut self.outbox);
    }
}

#[cfg(test)]
mod tests;
