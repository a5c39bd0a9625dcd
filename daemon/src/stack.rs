//! A cluster node without its operating system: the ring, and the services that agree over it.
//!
//! Same shape as the ring one floor below: told what happened and what time it is, answers what
//! should be done, in one ordered queue. Must never do I/O, read a clock, or iterate an unordered
//! map; the shell and the simulator drive this very code.
//!
//! Each occurrence goes to the ring first. Then the ring is drained to its end, every event to the
//! services in a fixed order (nodes, voting, evs), and only then is the ring touched again: it is
//! ahead of what it delivers, and what the services ask for must not fall between two events of
//! one membership change.

pub mod command;
pub mod effect;
mod evs;
mod nodes;
mod outbox;
mod service;
mod sync;
mod voting;

use totem::{
    Configuration, Deadline, Event, Guarantee, Input, Instant, Kind, Lane, Message, Output,
    PacketError, Refused, Ring, RingId, RingSeq,
};

use self::command::{Command, Leave, NodeEntry, RequestId, SessionId};
use self::effect::{Effect, Exit, Refusal, Reply, Report, Status};
use self::evs::Evs;
use self::nodes::Nodes;
use self::outbox::Outbox;
use self::service::{HEADER, LARGEST, MessageError, PROTOCOL, Service};
use self::sync::{States, Synchronization};
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
    /// The ring as last delivered; `None` before the first.
    installed: Option<RingId>,
    /// The data lane was opened since.
    open: bool,
    /// This node's good-bye has come back: leave the ring once it is drained.
    leave_now: bool,
    /// The ring was left; nothing happens any more.
    left: bool,
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
        let voting = Voting::new(&config.voting);
        let plant = config.ring.plant();
        let mut stack = Self {
            ring: Ring::new(config.ring, config.last, now),
            outbox: Outbox::default(),
            sync: Synchronization::new(plant),
            nodes,
            voting,
            evs: Evs::default(),
            installed: None,
            open: false,
            leave_now: false,
            left: false,
            deadline: None,
        };
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
        let result = self.ring.handle(now, input);
        self.settle(now);
        result
    }

    /// Takes in one request of a client.
    pub fn command(&mut self, now: Instant, request: RequestId, command: Command) {
        let session = request.session;
        match command {
            Command::Status => {
                let status = Reply::Status(Box::new(self.status()));
                self.outbox.reply(request, status);
            }
            Command::Nodes => {
                let rows = self.nodes.rows(self.voting.quorum());
                self.outbox.reply(request, Reply::Nodes(rows));
            }
            Command::Watch(on) => {
                self.outbox.watch(session, on);
                self.outbox.reply(request, Reply::Done);
            }
            Command::Attach => {
                self.outbox.reply(request, Reply::Done);
                self.evs.attach(session, &mut self.outbox);
            }
            Command::Leave(leave) => self.leave(request, leave),
            Command::Multicast { guarantee, payload } => {
                let reply = self.multicast(now, guarantee, Evs::message(&payload));
                self.outbox.reply(request, reply);
            }
        }
        self.settle(now);
    }

    /// A client is gone.
    pub fn gone(&mut self, now: Instant, session: SessionId) {
        self.outbox.watch(session, false);
        self.evs.gone(session);
        self.settle(now);
    }

    /// Pops the next obligation; ends with `Wait`.
    pub fn poll(&mut self) -> Effect {
        self.outbox.poll().unwrap_or(Effect::Wait(self.deadline))
    }

    /// The token socket should be drained before the data socket (accelerated ring, priority
    /// rule); speed only.
    #[must_use]
    pub fn token_first(&self) -> bool {
        self.ring.token_first()
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
            stats: self.ring.stats(),
        }
    }

    fn leave(&mut self, request: RequestId, leave: Leave) {
        if self.left {
            self.outbox.reply(request, Reply::Refused(Refusal::Leaving));
        } else {
            self.nodes.leave(request, leave, &mut self.outbox);
        }
    }

    fn multicast(&mut self, now: Instant, guarantee: Guarantee, message: bytes::Bytes) -> Reply {
        if self.left || self.nodes.is_leaving() {
            return Reply::Refused(Refusal::Leaving);
        }
        match self.ring.multicast(now, Lane::Data, guarantee, message) {
            Ok(()) => Reply::Done,
            Err(Refused::Full { .. }) => Reply::Refused(Refusal::TryAgain),
            Err(Refused::TooLarge { size, most }) => Reply::Refused(Refusal::TooLarge {
                size: size - HEADER,
                most: most.saturating_sub(HEADER),
            }),
            Err(Refused::Leaving) => Reply::Refused(Refusal::Leaving),
        }
    }

    // -- what the ring delivers -----------------------------------------------------------------

    /// Drains the ring, does what the services asked for meanwhile, until both are quiet.
    fn settle(&mut self, now: Instant) {
        loop {
            self.drain(now);
            if self.left {
                self.deadline = None;
                return;
            }
            let between_rings = self.ring.status().ring.is_none();
            if between_rings && self.nodes.goes_unheard(&mut self.outbox) {
                self.leave_now = true;
            }
            if self.leave_now {
                self.leave_now = false;
                self.ring.leave(now);
            } else if self.sync.is_done() && !self.open {
                self.open = true;
                self.ring.open_data_lane(now);
            } else if !(self.pass_on(now, Lane::Sync) || self.pass_on(now, Lane::Data)) {
                return;
            }
        }
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.ring.poll() {
                Output::Send { to, packet } => self.outbox.push(Effect::Send { to, packet }),
                Output::Store(seq) => self.outbox.push(Effect::Store(seq)),
                Output::Event(Event::Configuration(change)) => self.on_configuration(&change),
                Output::Event(Event::Message(message)) => self.on_message(now, message),
                Output::Event(Event::Left) => {
                    self.left = true;
                    self.outbox.push(Effect::Exit(Exit::Left));
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
        match self.ring.multicast(now, lane, Guarantee::Agreed, pending.message.clone()) {
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

    fn on_configuration(&mut self, configuration: &Configuration) {
        let outbox = &mut self.outbox;
        let departed = self.nodes.on_configuration(configuration);
        match configuration.kind {
            Kind::Transitional => {
                outbox.report(Report::RingLost(configuration.change.cause));
                self.sync.abandon();
            }
            Kind::Regular => {
                outbox.report(Report::Installed(configuration.clone()));
                self.installed = Some(configuration.ring);
                self.open = false;
            }
        }
        self.voting.on_departed(&departed, outbox);
        self.evs.on_configuration(configuration, outbox);
        if configuration.kind == Kind::Regular {
            let hello = self.nodes.hello(self.voting.quorum().state());
            let states = [(Service::Nodes, hello)];
            self.sync.begin(configuration.ring, &configuration.members, &states, outbox);
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
            Service::Nodes | Service::Voting | Service::Evs if version != PROTOCOL => Ok(()),
            Service::Nodes => {
                self.leave_now |= self.nodes.on_message(from, body, &mut self.outbox)?;
                Ok(())
            }
            Service::Voting => self.on_vote(from, &body),
            Service::Evs => {
                self.evs.on_message(from, guarantee, &body, &mut self.outbox);
                Ok(())
            }
        });
        if let Err(error) = result {
            self.outbox.report(Report::Malformed { node: from, error });
        }
    }

    fn on_vote(&mut self, from: totem::NodeId, body: &[u8]) -> Result<(), MessageError> {
        if self.nodes.is_admitted(from) {
            return self.voting.on_message(from, body, &mut self.outbox);
        }
        Ok(())
    }

    fn on_synced(&mut self, now: Instant, states: &States) {
        let ring = self.installed.expect("a state exchange begins with a ring");
        let outbox = &mut self.outbox;
        outbox.report(Report::Synchronized { members: states.members.clone() });
        let voting = self.nodes.on_synced(now, ring, states, outbox);
        self.voting.on_synced(&voting, outbox);
    }
}

#[cfg(test)]
mod tests;
