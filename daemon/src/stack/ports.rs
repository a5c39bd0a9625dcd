//! Ports, as CMAN has them: a program listens on a number, programs of any member send to it, all
//! know who listens where; and [`barriers`].
//!
//! Must never take the word of a node that is no member of the cluster, nor carry anything for
//! one. Must never let a port look open that is not: what a node said of its ports ends with it,
//! and after each membership change all say anew where they listen.

mod barriers;
mod message;

use std::collections::BTreeMap;

use bytes::Bytes;
use thiserror::Error;
use totem::{Deadline, Guarantee, Instant, NodeId, NodeSet, Timer};

pub use self::barriers::BarrierChange;
use self::barriers::Barriers;
use self::message::{Arrival, Message, Name, Own, PortSet};
use super::Stack;
use super::command::{BarrierCommand, PortCommand, RequestId, SessionId};
use super::effect::{Notice, Refusal, Reply, Report};
use super::outbox::Outbox;
use super::service::{MessageError, Service};
use super::sync::States;

/// The ports of this node, and what it knows of others'.
#[derive(Debug)]
pub(crate) struct Ports {
    me: NodeId,
    /// Who listens here.
    listeners: BTreeMap<u8, SessionId>,
    /// On which ports programs of the nodes of this ring listen, as they said.
    open: BTreeMap<NodeId, PortSet>,
    /// What this node says of its own is under way.
    saying: bool,
    barriers: Barriers,
}

/// Why something about ports or barriers was not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PortRefused {
    /// This node is not a member of the cluster.
    #[error("this node is not a member of the cluster")]
    NotMember,
    /// A program listens there already.
    #[error("a program listens on port {0} already")]
    InUse(u8),
    /// The asking program listens already, and may on one port only.
    #[error("this program listens on port {0} already")]
    Listening(u8),
    /// Nobody listens on port 0; it stands for the sender's own, and the sender has none.
    #[error("no program listens on port 0")]
    NoPort,
    /// Another program, or none, registered this barrier.
    #[error("no such barrier is registered on this node")]
    NoBarrier,
    /// The name has so many bytes.
    #[error("a barrier's name has 1 to {most} bytes, not {0}", most = message::LONGEST_NAME)]
    Name(usize),
    /// The barrier is for another number of nodes.
    #[error("the barrier is for {0} nodes")]
    OtherNodes(u32),
    /// This cannot be changed once this node has arrived.
    #[error("this node has arrived at the barrier")]
    Arrived,
    /// The asking program waits at it already.
    #[error("this program waits at the barrier already")]
    Waiting,
    /// There are too many of them.
    #[error("this node has {most} barriers, no room for more", most = barriers::MOST)]
    TooManyBarriers,
    /// A member was lost while this node waited.
    #[error("a member was lost")]
    NodeLost,
    /// Nodes were admitted later than the others: who waited arrives anew.
    #[error("the members changed")]
    MembersChanged,
    /// This node gave up.
    #[error("the barrier was not passed in time")]
    TimedOut,
}

impl Ports {
    pub(crate) fn new(me: NodeId) -> Self {
        let listeners = BTreeMap::new();
        let barriers = Barriers::new(me);
        Self { me, listeners, open: BTreeMap::new(), saying: false, barriers }
    }

    /// The ports on which programs of this node listen, ascending.
    pub(crate) fn bound(&self) -> Vec<u8> {
        self.listeners.keys().copied().collect()
    }

    /// When [`Ports::on_time`] is due.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        // The ring's timers are not concerned; which of them is named does not matter.
        self.barriers.deadline().map(|at| Deadline { at, why: Timer::Leave })
    }

    /// Time has passed.
    pub(crate) fn on_time(&mut self, now: Instant, outbox: &mut Outbox) {
        self.barriers.on_time(now, outbox);
    }

    /// A program has hung up.
    pub(crate) fn gone(&mut self, session: SessionId, outbox: &mut Outbox) {
        if self.port_of(session) > 0 {
            self.listeners.retain(|_, listener| *listener != session);
            self.say(outbox);
        }
        self.barriers.gone(session, outbox);
    }

    /// The port on which a program listens; 0 for none.
    fn port_of(&self, session: SessionId) -> u8 {
        let found = self.listeners.iter().find(|(_, listener)| **listener == session);
        found.map_or(0, |(port, _)| *port)
    }

    fn listen(
        &mut self,
        session: SessionId,
        port: u8,
        outbox: &mut Outbox,
    ) -> Result<(), PortRefused> {
        let own = self.port_of(session);
        if port == 0 {
            return Err(PortRefused::NoPort);
        } else if self.listeners.contains_key(&port) {
            return Err(PortRefused::InUse(port));
        } else if own > 0 {
            return Err(PortRefused::Listening(own));
        }
        self.listeners.insert(port, session);
        self.say(outbox);
        Ok(())
    }

    fn stop_listening(&mut self, session: SessionId, outbox: &mut Outbox) {
        self.listeners.retain(|_, listener| *listener != session);
        self.say(outbox);
    }

    /// Tells all where programs of this node listen. One message at a time is under way, so
    /// programs that come and go do not fill the queue while there is no ring.
    fn say(&mut self, outbox: &mut Outbox) {
        if !self.saying {
            self.saying = true;
            let message = Message::Open(self.listeners.keys().copied().collect());
            outbox.say(totem::Lane::Data, message.encode());
        }
    }

    /// The message that carries something to who listens on a port; port 0 is the sender's own.
    fn message(
        &self,
        session: SessionId,
        (to, port): (Option<NodeId>, u8),
        payload: Bytes,
    ) -> Result<Bytes, PortRefused> {
        let from_port = self.port_of(session);
        let port = if port > 0 { port } else { from_port };
        if port == 0 {
            return Err(PortRefused::NoPort);
        }
        Ok(Message::Data { to, from_port, port, payload }.encode().into())
    }

    // -- what the ring says ---------------------------------------------------------------------

    /// What this node tells of its own on a new ring that these are lost to.
    pub(crate) fn on_ring(&mut self, lost: &NodeSet, outbox: &mut Outbox) -> Vec<u8> {
        for node in lost {
            if let Some(open) = self.open.remove(node) {
                self.tell((*node, open, PortSet::default()), outbox);
            }
        }
        if !lost.is_empty() {
            self.barriers.on_lost(outbox);
        }
        let open = self.listeners.keys().copied().collect();
        Own { open, arrived: self.barriers.own() }.encode()
    }

    /// Everybody has said where his programs listen. These are of this cluster, and of them these
    /// are members.
    pub(crate) fn on_synced(
        &mut self,
        states: &States,
        (ours, members): (&NodeSet, &NodeSet),
        outbox: &mut Outbox,
    ) {
        let mut before = std::mem::take(&mut self.open);
        let mut arrived = Vec::new();
        for &node in ours {
            let Some(said) = states.chunks.get(&(Service::Ports, node)) else { continue };
            let own = match Own::decode(said.clone()) {
                Ok(own) => own,
                Err(error) => {
                    outbox.report(Report::Malformed { node, error });
                    continue;
                }
            };
            self.open.insert(node, own.open);
            self.tell((node, before.remove(&node).unwrap_or_default(), own.open), outbox);
            if members.contains(&node) {
                arrived.push((node, own.arrived));
            }
        }
        if members.contains(&self.me) {
            self.barriers.on_synced(arrived, outbox);
            self.barriers.pass(members, outbox);
        } else {
            self.barriers.start_anew(PortRefused::NotMember, outbox);
        }
    }

    /// These are the members from here on: some were admitted later than the others of this ring,
    /// and cannot know who has arrived where.
    pub(crate) fn on_admitted(&mut self, outbox: &mut Outbox) {
        self.barriers.start_anew(PortRefused::MembersChanged, outbox);
    }

    /// A node of this ring said something about ports. These are the members, or none when it or
    /// this node is none of them.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        body: Bytes,
        members: Option<&NodeSet>,
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        match Message::decode(body)? {
            Message::Open(open) => {
                let before = self.open.insert(from, open).unwrap_or_default();
                self.tell((from, before, open), outbox);
                if from == self.me {
                    self.saying = false;
                    if open != self.listeners.keys().copied().collect() {
                        self.say(outbox);
                    }
                }
            }
            Message::Data { to, from_port, port, payload } => {
                let for_me = members.is_some() && to.is_none_or(|to| to == self.me);
                if let Some(&listener) = self.listeners.get(&port).filter(|_| for_me) {
                    outbox.notify(listener, Notice::Data { from, from_port, payload });
                }
            }
            Message::Arrive(Arrival { name, .. }) | Message::Withdraw(name)
                if members.is_none() =>
            {
                self.barriers.on_unheard(from, &name);
            }
            Message::Arrive(arrival) => {
                self.barriers.on_message(from, Ok(arrival), outbox)?;
                members.iter().for_each(|members| self.barriers.pass(members, outbox));
            }
            Message::Withdraw(name) => self.barriers.on_message(from, Err(name), outbox)?,
        }
        Ok(())
    }

    /// Tells who listens on a port here that somebody does at a node, or no longer.
    fn tell(&self, (node, before, now): (NodeId, PortSet, PortSet), outbox: &mut Outbox) {
        for (&port, &listener) in &self.listeners {
            let open = now.contains(port);
            if open != before.contains(port) {
                outbox.notify(listener, Notice::Port { node, port, open });
            }
        }
    }

    fn barrier(
        &mut self,
        (now, request): (Instant, RequestId),
        (name, command): (Bytes, BarrierCommand),
        outbox: &mut Outbox,
    ) {
        let (size, session) = (name.len(), request.session);
        let done = match (Name::new(name), command) {
            (None, _) => Err(PortRefused::Name(size)),
            (Some(name), BarrierCommand::Register { nodes, once }) => {
                self.barriers.register(session, (name, nodes, once))
            }
            (Some(name), BarrierCommand::Change(change)) => {
                self.barriers.change(now, (&name, change), outbox)
            }
            (Some(name), BarrierCommand::Delete) => self.barriers.delete(&name, outbox),
            (Some(name), BarrierCommand::Wait) => {
                match self.barriers.wait(now, (request, &name), outbox) {
                    // The answer comes when it is passed.
                    Ok(()) => return,
                    Err(why) => Err(why),
                }
            }
        };
        outbox.reply(request, answer(done));
    }
}

fn answer(done: Result<(), PortRefused>) -> Reply {
    done.map_or_else(|why| Reply::Refused(Refusal::Port(why)), |()| Reply::Done)
}

impl Stack {
    /// What programs ask about ports and barriers.
    pub(super) fn port(&mut self, now: Instant, request: RequestId, command: PortCommand) {
        let (me, session) = (self.nodes.me(), request.session);
        let reply = match command {
            PortCommand::IsListening { node, port } => self.is_listening(node.unwrap_or(me), port),
            PortCommand::StopListening => {
                self.ports.stop_listening(session, &mut self.outbox);
                Reply::Done
            }
            PortCommand::Listen(_) | PortCommand::Send { .. } | PortCommand::Barrier { .. }
                if self.is_ending() =>
            {
                Reply::Refused(Refusal::Leaving)
            }
            PortCommand::Listen(port) => answer(self.ports.listen(session, port, &mut self.outbox)),
            PortCommand::Send { .. } | PortCommand::Barrier { .. }
                if !self.nodes.is_admitted(me) =>
            {
                answer(Err(PortRefused::NotMember))
            }
            PortCommand::Send { to, port, payload } => {
                match self.ports.message(session, (to, port), payload) {
                    Ok(message) => match self.multicast(now, Guarantee::Agreed, message) {
                        Ok(()) => Reply::Done,
                        Err(refusal) => Reply::Refused(refusal),
                    },
                    Err(why) => answer(Err(why)),
                }
            }
            PortCommand::Barrier { name, command } => {
                self.ports.barrier((now, request), (name, command), &mut self.outbox);
                return;
            }
        };
        self.outbox.reply(request, reply);
    }

    fn is_listening(&self, node: NodeId, port: u8) -> Reply {
        if node == self.nodes.me() {
            return Reply::Listening(self.ports.listeners.contains_key(&port));
        }
        if !self.nodes.is_known(node) {
            return Reply::Refused(Refusal::UnknownNode(node));
        }
        if !self.nodes.is_admitted(node) {
            return Reply::Refused(Refusal::NotThere(node));
        }
        let open = self.ports.open.get(&node);
        Reply::Listening(open.is_some_and(|open| open.contains(port)))
    }

    pub(super) fn on_port(&mut self, from: NodeId, body: Bytes) -> Result<(), MessageError> {
        let counts = self.nodes.is_admitted(from) && self.nodes.is_admitted(self.nodes.me());
        let members = counts.then(|| self.nodes.admitted());
        self.ports.on_message(from, body, members.as_ref(), &mut self.outbox)
    }
}

#[cfg(test)]
mod tests;
