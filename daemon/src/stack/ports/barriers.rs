//! Barriers: programs on several nodes wait until enough have arrived, and go on at one place of
//! the order.
//!
//! Must never let one node pass while another that hears the same still waits: who has arrived is
//! counted from messages of the ring alone, and anew from everybody's own word after a membership
//! change. Must never let anybody wait for a node that is lost: a barrier for a number of nodes
//! ends then, one for all members counts those who are left.
//!
//! A node has at most one message about a barrier under way. When it comes back and the node wants
//! something else by then, it says so; that bounds what a program can have said.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use totem::{Instant, NodeId};

use super::super::command::{RequestId, SessionId};
use super::super::effect::{Refusal, Reply, Report};
use super::super::outbox::Outbox;
use super::super::service::MessageError;
use super::PortRefused;
use super::message::{Arrival, Message, Name};

/// Barriers of one node at a time, known to it or under way.
pub(crate) const MOST: usize = 64;

/// What this node knows of barriers.
#[derive(Debug)]
pub(crate) struct Barriers {
    me: NodeId,
    /// What programs of this node have registered.
    local: BTreeMap<Name, Barrier>,
    /// Who has arrived where, as the ring says.
    arrivals: BTreeMap<Name, Arrivals>,
    /// About which a message of this node is under way.
    flying: BTreeSet<Name>,
}

/// Who has arrived at a barrier.
#[derive(Debug)]
struct Arrivals {
    /// How many must; 0 for all members.
    nodes: u32,
    here: BTreeSet<NodeId>,
}

/// A barrier as the programs of this node have it.
#[derive(Debug)]
struct Barrier {
    nodes: u32,
    /// It is forgotten once it was passed.
    once: bool,
    patience: Option<Duration>,
    /// Who registered it; with the last of them it goes.
    owners: BTreeSet<SessionId>,
    /// Who waits at it.
    waiters: Vec<RequestId>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// This node has not arrived.
    Away,
    /// It has, and gives up at this moment.
    Arrived(Option<Instant>),
    /// It has passed, or why not; whoever waits is told at once.
    Over(Result<(), PortRefused>),
}

/// What may be changed of a barrier before this node arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BarrierChange {
    /// It is forgotten once it was passed, or is not.
    Once(bool),
    /// So many nodes must arrive; 0 for all members.
    Nodes(u32),
    /// This node gives up after so long; `None` for never.
    Patience(Option<Duration>),
    /// This node arrives, without anybody waiting yet.
    Arrive,
}

impl Barriers {
    pub(crate) const fn new(me: NodeId) -> Self {
        Self { me, local: BTreeMap::new(), arrivals: BTreeMap::new(), flying: BTreeSet::new() }
    }

    // -- what programs ask ----------------------------------------------------------------------

    /// A program of this node will wait there. Registered again it must be for as many.
    pub(crate) fn register(
        &mut self,
        session: SessionId,
        (name, nodes, once): (Name, u32, bool),
    ) -> Result<(), PortRefused> {
        if let Some(barrier) = self.local.get_mut(&name) {
            if barrier.nodes != nodes {
                return Err(PortRefused::OtherNodes(barrier.nodes));
            }
            barrier.owners.insert(session);
            return Ok(());
        }
        if self.local.len() >= MOST {
            return Err(PortRefused::TooManyBarriers);
        }
        let (owners, waiters) = (BTreeSet::from([session]), Vec::new());
        let phase = Phase::Away;
        self.local.insert(name, Barrier { nodes, once, patience: None, owners, waiters, phase });
        Ok(())
    }

    /// Something of a barrier is otherwise from now on. Once it was passed, nothing happens.
    pub(crate) fn change(
        &mut self,
        now: Instant,
        (name, change): (&Name, BarrierChange),
        outbox: &mut Outbox,
    ) -> Result<(), PortRefused> {
        let barrier = self.local.get_mut(name).ok_or(PortRefused::NoBarrier)?;
        let away = match barrier.phase {
            Phase::Over(_) => return Ok(()),
            Phase::Away => true,
            Phase::Arrived(_) => false,
        };
        match change {
            BarrierChange::Once(once) => barrier.once = once,
            BarrierChange::Nodes(nodes) if away => barrier.nodes = nodes,
            BarrierChange::Patience(patience) if away => barrier.patience = patience,
            BarrierChange::Nodes(_) | BarrierChange::Patience(_) => {
                return Err(PortRefused::Arrived);
            }
            BarrierChange::Arrive => return self.arrive(now, name, outbox),
        }
        Ok(())
    }

    /// This node arrives, and the request is answered when the barrier is passed, or ends.
    pub(crate) fn wait(
        &mut self,
        now: Instant,
        (request, name): (RequestId, &Name),
        outbox: &mut Outbox,
    ) -> Result<(), PortRefused> {
        let barrier = self.local.get_mut(name).ok_or(PortRefused::NoBarrier)?;
        if let Phase::Over(result) = barrier.phase {
            outbox.reply(request, reply(result));
            if barrier.once {
                self.local.remove(name);
            } else if result.is_err() {
                barrier.phase = Phase::Away;
            }
            return Ok(());
        }
        if barrier.waiters.iter().any(|waiter| waiter.session == request.session) {
            return Err(PortRefused::Waiting);
        }
        self.arrive(now, name, outbox)?;
        if let Some(barrier) = self.local.get_mut(name) {
            barrier.waiters.push(request);
        }
        Ok(())
    }

    /// The programs of this node have no such barrier any more; whoever waits at it is told.
    pub(crate) fn delete(&mut self, name: &Name, outbox: &mut Outbox) -> Result<(), PortRefused> {
        let barrier = self.local.remove(name).ok_or(PortRefused::NoBarrier)?;
        let gone = Err(PortRefused::NoBarrier);
        barrier.waiters.iter().for_each(|waiter| outbox.reply(*waiter, reply(gone)));
        self.reconcile(name, outbox);
        Ok(())
    }

    /// A program has hung up.
    pub(crate) fn gone(&mut self, session: SessionId, outbox: &mut Outbox) {
        let mut forgotten = Vec::new();
        for (name, barrier) in &mut self.local {
            barrier.waiters.retain(|waiter| waiter.session != session);
            if barrier.owners.remove(&session) && barrier.owners.is_empty() {
                forgotten.push(name.clone());
            }
        }
        for name in forgotten {
            // It was there a moment ago.
            let _ = self.delete(&name, outbox);
        }
    }

    fn arrive(
        &mut self,
        now: Instant,
        name: &Name,
        outbox: &mut Outbox,
    ) -> Result<(), PortRefused> {
        let room = self.flying.len() < MOST || self.flying.contains(name);
        let barrier = self.local.get_mut(name).ok_or(PortRefused::NoBarrier)?;
        if barrier.phase != Phase::Away {
            return Ok(());
        }
        if !room {
            return Err(PortRefused::TooManyBarriers);
        }
        barrier.phase = Phase::Arrived(barrier.patience.map(|patience| now + patience));
        self.reconcile(name, outbox);
        Ok(())
    }

    // -- time -----------------------------------------------------------------------------------

    /// When [`Barriers::on_time`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let until = |barrier: &Barrier| match barrier.phase {
            Phase::Arrived(until) => until,
            Phase::Away | Phase::Over(_) => None,
        };
        self.local.values().filter_map(until).min()
    }

    /// Time has passed: gives up where it was to.
    pub(crate) fn on_time(&mut self, now: Instant, outbox: &mut Outbox) {
        let late = |barrier: &Barrier| match barrier.phase {
            Phase::Arrived(until) => until.is_some_and(|until| until <= now),
            Phase::Away | Phase::Over(_) => false,
        };
        self.end_where(late, PortRefused::TimedOut, outbox);
    }

    // -- what the ring says ---------------------------------------------------------------------

    /// A member has arrived, or has not after all.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        message: Result<Arrival, Name>,
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        let name = match message {
            Ok(Arrival { name, nodes }) => {
                self.on_arrival(from, (&name, nodes), outbox)?;
                name
            }
            Err(name) => {
                self.withdraw(from, &name);
                name
            }
        };
        if from == self.me {
            self.flying.remove(&name);
            self.reconcile(&name, outbox);
        }
        Ok(())
    }

    /// What this node said does not count: it is no member.
    pub(crate) fn on_unheard(&mut self, from: NodeId, name: &Name) {
        if from == self.me {
            self.flying.remove(name);
        }
    }

    fn on_arrival(
        &mut self,
        from: NodeId,
        (name, nodes): (&Name, u32),
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        let places = self.arrivals.values().filter(|arrivals| arrivals.here.contains(&from));
        if places.count() >= MOST {
            return Err(MessageError::TooMany { what: "barriers", most: MOST });
        }
        let new = || Arrivals { nodes, here: BTreeSet::new() };
        let arrivals = self.arrivals.entry(name.clone()).or_insert_with(new);
        if arrivals.nodes == nodes {
            arrivals.here.insert(from);
        } else if from == self.me {
            let other = PortRefused::OtherNodes(arrivals.nodes);
            self.end(name, Err(other), outbox);
        }
        Ok(())
    }

    fn withdraw(&mut self, from: NodeId, name: &Name) {
        if let Some(arrivals) = self.arrivals.get_mut(name) {
            arrivals.here.remove(&from);
            if arrivals.here.is_empty() {
                self.arrivals.remove(name);
            }
        }
    }

    /// Members are lost: whoever waits for a number of nodes waits no longer.
    pub(crate) fn on_lost(&mut self, outbox: &mut Outbox) {
        let counts = |barrier: &Barrier| barrier.nodes > 0;
        self.end_where(counts, PortRefused::NodeLost, outbox);
    }

    /// This node takes no part in the cluster, or others come to it in a way in which nobody can
    /// tell them who has arrived: everybody starts anew.
    pub(crate) fn start_anew(&mut self, why: PortRefused, outbox: &mut Outbox) {
        self.arrivals.clear();
        self.end_where(|_| true, why, outbox);
    }

    /// The ring gives way to another: what this node will say of itself there is what it has
    /// heard of itself here.
    pub(crate) fn own(&mut self) -> Vec<Arrival> {
        let me = self.me;
        let local = &self.local;
        let wanted = |name: &Name| local.get(name).is_some_and(Barrier::has_arrived);
        // What it gave up a moment ago is not said at all.
        self.arrivals.retain(|name, arrivals| {
            wanted(name) || !arrivals.here.remove(&me) || !arrivals.here.is_empty()
        });
        let here = self.arrivals.iter().filter(|(_, arrivals)| arrivals.here.contains(&me));
        here.map(|(name, arrivals)| Arrival { name: name.clone(), nodes: arrivals.nodes }).collect()
    }

    /// Everybody has said where he has arrived.
    pub(crate) fn on_synced(&mut self, said: Vec<(NodeId, Vec<Arrival>)>, outbox: &mut Outbox) {
        self.arrivals.clear();
        for (from, arrived) in said {
            for Arrival { name, nodes } in arrived {
                // The number that comes first counts, as it would between two membership changes.
                if let Err(error) = self.on_arrival(from, (&name, nodes), outbox) {
                    outbox.report(Report::Malformed { node: from, error });
                }
            }
        }
        let names: Vec<Name> = self.local.keys().cloned().collect();
        names.iter().for_each(|name| self.reconcile(name, outbox));
    }

    /// Lets all pass where all who must have arrived. These are the members.
    pub(crate) fn pass(&mut self, members: &BTreeSet<NodeId>, outbox: &mut Outbox) {
        let complete = |arrivals: &Arrivals| match usize::try_from(arrivals.nodes) {
            Ok(0) => !members.is_empty() && members.is_subset(&arrivals.here),
            Ok(nodes) => arrivals.here.len() >= nodes,
            Err(_) => false,
        };
        let passed = self.arrivals.iter().filter(|(_, arrivals)| complete(arrivals));
        let passed: Vec<Name> = passed.map(|(name, _)| name.clone()).collect();
        for name in passed {
            self.arrivals.remove(&name);
            self.end(&name, Ok(()), outbox);
        }
    }

    // -- this node's part -----------------------------------------------------------------------

    fn end_where(
        &mut self,
        which: impl Fn(&Barrier) -> bool,
        why: PortRefused,
        outbox: &mut Outbox,
    ) {
        let ends = |(_, barrier): &(&Name, &Barrier)| barrier.has_arrived() && which(barrier);
        let names: Vec<Name> =
            self.local.iter().filter(ends).map(|(name, _)| name.clone()).collect();
        for name in names {
            self.end(&name, Err(why), outbox);
            self.reconcile(&name, outbox);
        }
    }

    /// The wait of this node is over.
    fn end(&mut self, name: &Name, result: Result<(), PortRefused>, outbox: &mut Outbox) {
        let Some(barrier) = self.local.get_mut(name).filter(|barrier| barrier.has_arrived()) else {
            return;
        };
        let waiters = std::mem::take(&mut barrier.waiters);
        barrier.phase = match result {
            // They know; who waits again arrives again.
            Err(_) if !waiters.is_empty() => Phase::Away,
            result => Phase::Over(result),
        };
        if barrier.once && !waiters.is_empty() && result.is_ok() {
            self.local.remove(name);
        }
        waiters.into_iter().for_each(|waiter| outbox.reply(waiter, reply(result)));
    }

    /// Says what the others should know of this node at a barrier, unless something about it is
    /// under way.
    fn reconcile(&mut self, name: &Name, outbox: &mut Outbox) {
        if self.flying.contains(name) {
            return;
        }
        let wanted = self.local.get(name).filter(|barrier| barrier.has_arrived());
        let heard = self.arrivals.get(name).is_some_and(|all| all.here.contains(&self.me));
        let message = match (wanted, heard) {
            (Some(barrier), false) => {
                Message::Arrive(Arrival { name: name.clone(), nodes: barrier.nodes })
            }
            (None, true) => Message::Withdraw(name.clone()),
            (Some(_), true) | (None, false) => return,
        };
        self.flying.insert(name.clone());
        outbox.promise(message.encode());
    }
}

impl Barrier {
    const fn has_arrived(&self) -> bool {
        match self.phase {
            Phase::Arrived(_) => true,
            Phase::Away | Phase::Over(_) => false,
        }
    }
}

fn reply(result: Result<(), PortRefused>) -> Reply {
    result.map_or_else(|why| Reply::Refused(Refusal::Port(why)), |()| Reply::Done)
}

#[cfg(test)]
mod tests;
