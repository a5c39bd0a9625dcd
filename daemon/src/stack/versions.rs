//! What the whole stack does about versions of the configuration: who is admitted, when all switch,
//! and how a node that was behind takes part again.
//!
//! Must never let a node count a vote of a cluster in which it takes no part, its own included: one
//! that does not go by what the cluster on its ring goes by has no members at all. What it misses
//! meanwhile is kept in its order ([`Missed`]) and made up for at the place of the order at which
//! all admit it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use confdb::replica::{Edition, Holding, Ticket};
use quorum::State;
use totem::{Configuration, Instant, Kind, NodeId};

use super::Stack;
use super::command::{RequestId, Wanted};
use super::database::asked::Author;
use super::database::{Said, Step};
use super::effect::{NotReloaded, Refusal, Reply, Report, Running};
use super::nodes::hello::Hello;
use super::objects::written::Written;
use super::reconfigure::Reconfiguration;
use super::service::MessageError;
use super::sync::States;

/// Most things that are kept for a node that is behind. They come from operators' commands and
/// from nodes that caught up on one ring.
const MOST_MISSED: usize = 4096;

/// What counts votes and this node has not taken part in.
#[derive(Debug, Default)]
pub(super) struct Missed {
    /// The last introduction of each node of this ring that belongs to this cluster.
    hellos: BTreeMap<NodeId, Hello>,
    log: Vec<Miss>,
}

#[derive(Debug)]
enum Miss {
    /// These became members, and said this.
    States(BTreeMap<NodeId, State>),
    /// A member said this to the vote counter.
    Vote(NodeId, Bytes),
}

impl Missed {
    fn note(&mut self, miss: Miss) {
        if self.log.len() < MOST_MISSED {
            self.log.push(miss);
        }
    }
}

impl Stack {
    /// This is the configuration that a program waits for, with what its source is called, or why
    /// there is none. Answers `FileJob::Fetch`.
    pub fn fetched(
        &mut self,
        now: Instant,
        request: RequestId,
        fetched: Result<(String, Vec<u8>), String>,
    ) {
        if !self.left {
            self.database.fetched(request, fetched, &mut self.outbox);
            self.follow();
            self.settle(now);
        }
    }

    /// What this node makes of a text that is on stable storage now, or why it cannot go by it.
    /// Answers `FileJob::Stage`.
    pub fn staged(
        &mut self,
        now: Instant,
        ticket: Ticket,
        result: Result<Box<Reconfiguration>, String>,
    ) {
        if !self.left {
            let result = result.and_then(|new| match self.ring.accepts(new.tuning) {
                Ok(()) => Ok(new),
                Err(why) => Err(format!("totem: {why}")),
            });
            self.database.staged(ticket, result);
            self.follow();
            self.settle(now);
        }
    }

    /// The text that this node goes by is the file in use, or why not yet. Answers
    /// `FileJob::Activate`.
    pub fn activated(&mut self, now: Instant, ticket: Ticket, result: Result<(), String>) {
        if !self.left {
            if let Some((author, reloaded)) = self.database.activated(ticket, result) {
                self.lookup.written(author, reloaded, &mut self.outbox);
            }
            self.settle(now);
        }
    }

    /// This node looks into the directory and speaks for all: it is the lowest member of a cluster
    /// that may act, of those that have not said that they cannot read it.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.is_quorate() && self.database.looks(&self.nodes.admitted()) == Some(self.nodes.me())
    }

    /// This node has read the directory, or could not several times: then another looks.
    pub fn looked(&mut self, now: Instant, sees: bool) {
        if !self.left {
            self.database.looked(sees, &mut self.outbox);
            self.settle(now);
        }
    }

    /// The version that this node goes by.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.database.edition()
    }

    /// The text that this node goes by.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.database.text()
    }

    /// What a program is shown of it.
    pub(super) fn running(&self) -> Reply {
        let cluster = self.nodes.cluster();
        Reply::Running(Box::new(Running {
            version: cluster.config_version,
            text: Arc::clone(self.database.text()),
            node: self.nodes.own_row(self.voting.quorum()).name,
            cluster_id: cluster.id,
        }))
    }

    pub(super) fn reload(&mut self, request: RequestId, wanted: Wanted) {
        if self.left || self.nodes.is_leaving() {
            self.outbox.reply(request, Reply::Refused(Refusal::Leaving));
        } else if !self.open {
            let why = Err(NotReloaded::Interrupted);
            self.outbox.reply(request, Reply::Reload(why));
        } else {
            self.database.reload(request, wanted, &mut self.outbox);
        }
    }

    /// A program wants all nodes to go by the text of now, changed so.
    pub(super) fn write(&mut self, request: RequestId, wish: Written) {
        let author = Author { request, told: wish.told.clone() };
        if self.left || self.nodes.is_leaving() {
            self.outbox.reply(request, Reply::Refused(Refusal::Leaving));
        } else if !self.open {
            author.refuse(NotReloaded::Interrupted, &mut self.outbox);
        } else if let Err(why) = self.database.write(request, wish, &mut self.outbox) {
            self.outbox.reply(request, Reply::Objects(Err(why)));
        }
        self.follow();
    }

    /// One configuration of the ring gives way to the next.
    pub(super) fn turn_over(&mut self, configuration: &Configuration) {
        match configuration.kind {
            Kind::Transitional => self.database.on_breaking(),
            Kind::Regular => {
                self.note_quorum();
                self.database.on_ended(self.is_quorate(), configuration.ring);
                self.follow();
                self.missed = Missed::default();
            }
        }
    }

    /// Everybody has introduced himself.
    pub(super) fn on_synced(&mut self, now: Instant, states: &States) {
        let ring = self.installed.expect("a state exchange begins with a ring");
        let outbox = &mut self.outbox;
        outbox.report(Report::Synchronized { members: states.members.clone() });
        let hellos = self.nodes.introductions(states, outbox);
        self.groups.on_synced(hellos.keys().copied().collect(), states, outbox);
        self.database.on_synced(hellos.keys().copied(), states, outbox);
        let current = hellos.iter().filter(|(id, _)| self.database.is_current(**id));
        let current: Vec<(NodeId, Hello)> =
            current.map(|(id, hello)| (*id, hello.clone())).collect();
        self.missed = Missed { hellos, log: Vec::new() };
        let takes_part = self.database.is_current(self.nodes.me());
        let ours = self.missed.hellos.keys().copied().collect();
        let departed = self.nodes.put_out(|id| takes_part && self.database.is_current(id));
        self.voting.on_departed(now, departed, outbox);
        let members = if takes_part {
            current
        } else {
            let voting = current.iter().map(|(id, hello)| (*id, hello.voting.clone())).collect();
            self.missed.note(Miss::States(voting));
            Vec::new()
        };
        match self.nodes.on_introduced(now, ring, members, outbox) {
            // Who takes no part has nobody to count.
            Ok(voting) if voting.is_empty() => {}
            Ok(voting) => self.voting.on_synced(now, &voting, outbox),
            Err(exit) => self.leave_now = self.leave_now.or(Some(exit)),
        }
        self.ports.on_synced(states, (&ours, &self.nodes.admitted()), &mut self.outbox);
        self.expel();
        self.note_quorum();
        self.follow();
    }

    pub(super) fn on_vote(&mut self, from: NodeId, body: Bytes) -> Result<(), MessageError> {
        if self.nodes.is_admitted(from) {
            let me = self.nodes.me();
            self.voting.on_message((me, from), &body, &mut self.outbox)?;
            self.expel();
            self.note_quorum();
            return Ok(());
        }
        if self.sync.is_done()
            && !self.nodes.is_admitted(self.nodes.me())
            && self.database.is_current(from)
        {
            self.missed.note(Miss::Vote(from, body));
        }
        Ok(())
    }

    /// A node of the ring says something about the configuration.
    pub(super) fn on_version(
        &mut self,
        now: Instant,
        from: NodeId,
        body: Bytes,
    ) -> Result<(), MessageError> {
        match self.database.on_message(from, body)? {
            Said::Nothing => {}
            Said::Introduction(holding, hello) => {
                let hello = Hello::decode(hello)?;
                match self.nodes.cluster().conflict(&hello.cluster) {
                    Some(why) => self.outbox.report(Report::Conflict { node: from, why }),
                    None => self.on_introduction(now, from, holding, hello),
                }
            }
        }
        self.follow();
        Ok(())
    }

    /// A node of this cluster, on this ring, says anew who it is.
    fn on_introduction(&mut self, now: Instant, from: NodeId, holding: Holding, hello: Hello) {
        if !self.sync.is_done() {
            return;
        }
        let me = self.nodes.me();
        self.database.on_introduced(from, holding);
        let said = BTreeMap::from([(from, hello.voting.clone())]);
        self.missed.hellos.insert(from, hello);
        if self.nodes.is_admitted(from) || !self.database.is_current(from) {
            return;
        }
        if from != me && !self.nodes.is_admitted(me) {
            self.missed.note(Miss::States(said));
            return;
        }
        let Some(voting) = self.admit(now) else { return };
        self.voting.mute();
        for miss in std::mem::take(&mut self.missed.log) {
            self.make_up(now, miss);
        }
        self.ports.on_admitted(&mut self.outbox);
        let newcomer = voting.into_iter().filter(|(id, _)| *id == from).collect();
        self.voting.on_admitted(now, &newcomer, &mut self.outbox);
        self.voting.unmute(&mut self.outbox);
        self.expel();
        self.note_quorum();
    }

    /// Admits all on this ring who go by what its cluster goes by; what each said of its votes.
    fn admit(&mut self, now: Instant) -> Option<BTreeMap<NodeId, State>> {
        let ring = self.installed?;
        let current = self.missed.hellos.iter().filter(|(id, _)| self.database.is_current(**id));
        let current = current.map(|(id, hello)| (*id, hello.clone())).collect();
        match self.nodes.on_introduced(now, ring, current, &mut self.outbox) {
            Ok(voting) => Some(voting),
            Err(exit) => {
                self.leave_now = self.leave_now.or(Some(exit));
                None
            }
        }
    }

    /// This node takes part from here on as if it had been there all along.
    fn make_up(&mut self, now: Instant, miss: Miss) {
        let (me, outbox) = (self.nodes.me(), &mut self.outbox);
        match miss {
            Miss::States(states) => self.voting.on_admitted(now, &states, outbox),
            Miss::Vote(from, body) => {
                if let Err(error) = self.voting.on_message((me, from), &body, outbox) {
                    outbox.report(Report::Malformed { node: from, error });
                }
            }
        }
    }

    /// Does what the replica wants done right here in the order.
    pub(super) fn follow(&mut self) {
        while let Some(step) = self.database.step(&mut self.outbox) {
            match step {
                Step::Switch(new) => self.switch(&new),
                Step::Introduce => {
                    let hello = self.nodes.hello(self.voting.quorum().state());
                    self.database.introduce(&hello, &mut self.outbox);
                }
            }
        }
    }

    /// From here on this node goes by another configuration.
    fn switch(&mut self, new: &Reconfiguration) {
        let from = self.nodes.cluster().config_version;
        let done = self.adopt(new).expect("what the ring cannot work with was not accepted");
        self.database.activate((from, new.version), done.staying, &mut self.outbox);
        self.note_quorum();
    }

    fn note_quorum(&mut self) {
        self.lookup.touch();
        let quorate = self.is_quorate();
        self.database.set_quorate(quorate);
    }

    fn is_quorate(&self) -> bool {
        self.voting.quorum().verdict().quorate && self.nodes.is_admitted(self.nodes.me())
    }
}
