//! What stacks ask for, carried out in their order.
//!
//! Must never skip an effect or swap two: the order is the protocol.

use bytes::Bytes;
use daemon::stack::command::Command;
use daemon::stack::effect::{Effect, Notice, Refusal, Reply, Report};
use totem::wire::Packet;
use totem::{Configuration, Destination, Guarantee, Kind, NodeId, NodeSet, RingSeq};

use super::{Happening, World};
use crate::airlock::Parcel;
use crate::check::Breach;
use crate::check::group::Group;
use crate::check::history::{Change, View, What};
use crate::faults::Moment;
use crate::guest;
use crate::message::{self, MessageId};
use crate::network::Port;
use crate::node::DEVICE;
use crate::programs::Program;

/// A packet in one line.
pub(super) fn describe(way: &str, peer: impl core::fmt::Display, bytes: &Bytes) -> String {
    match Packet::decode(bytes) {
        Ok(Packet::Frame(frame)) => {
            format!("{way} {peer}: frame {} of {}, {} bytes", frame.seq, frame.ring, bytes.len())
        }
        Ok(packet) => format!("{way} {peer}: {packet:?}"),
        Err(error) => format!("{way} {peer}: {error}"),
    }
}

impl World {
    /// Does everything a stack wants done now.
    pub(super) fn settle(&mut self, node: usize) {
        let mut effects = core::mem::take(&mut self.effects);
        if let Err(what) = self.nodes[node].drain(&mut effects) {
            self.fail("bounded work", &Breach::of(node), what);
        }
        for effect in effects.drain(..) {
            if self.found.is_some() || !self.nodes[node].is_up() {
                continue;
            }
            self.apply(node, effect);
        }
        self.effects = effects;
        if self.nodes[node].is_up() {
            let told = self.nodes[node].guest.check();
            self.sessions(node, told);
            self.observe(node, What::Settled);
            self.judge_witness(node);
            self.set_alarm(node);
        }
    }

    fn apply(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Send { to, packet } => self.send(node, to, &packet),
            Effect::Store(seq) => self.store(node, seq),
            Effect::Reply { to, reply } => {
                self.answered_device(to, &reply);
                if Program::has(to.session) {
                    self.answered_program(node, to, &reply);
                } else if let Reply::Reload(result) = &reply {
                    self.reloaded(node, to, result);
                } else if let Some(message) = self.nodes[node].asked(to) {
                    self.answered(node, message, &reply);
                } else if let Some(question) = self.nodes[node].question(to) {
                    self.trace
                        .story(self.now, Some(node), || format!("{question}: {}", told(&reply)));
                }
            }
            Effect::Notify {
                to: _,
                notice: notice @ (Notice::Data { .. } | Notice::Port { .. }),
            } => {
                self.at_port(node, &notice);
            }
            Effect::Notify { to: DEVICE, notice } => self.told_device(node, &notice),
            Effect::Notify { to: guest::FIRST, notice } => {
                self.nodes[node].guest.expect(&notice);
                self.notice(node, notice);
            }
            Effect::Notify { to, notice } => {
                let told = self.nodes[node].guest.told(to, &notice);
                self.sessions(node, told);
            }
            Effect::NotifyAll { to, notice } => self.told_all(node, &to, &notice),
            Effect::Report(report) => self.report(node, &report),
            Effect::Debug(_) | Effect::Admit(_) => {}
            Effect::File(job) => self.file(node, job),
            Effect::Exit(why) => {
                self.trace.story(self.now, Some(node), || format!("exit: {why:?}"));
                self.stop(node, true);
                if self.is_healing() {
                    self.restart_later(node);
                }
            }
            Effect::Wait(_) => {}
        }
    }

    /// A line of a log: those that belong to the story, and all for those who want everything.
    fn report(&mut self, node: usize, report: &Report) {
        let text = match report {
            Report::Disallowed { node, what } => format!("disallows {node}: {what:?}"),
            Report::Differs { node, what } => format!("node {node} counts otherwise: {what}"),
            Report::DeviceLost => {
                self.lost_device(node);
                "quorum device lost".into()
            }
            Report::AwaitsDevice(ring) => {
                format!("waits for what the quorum device says of ring {ring}")
            }
            Report::DeviceSilent(ring) => {
                format!("the quorum device said nothing of ring {ring} in time")
            }
            Report::RingLost(_)
            | Report::Installed(_)
            | Report::Synchronized { .. }
            | Report::Quorum(_)
            | Report::Conflict { .. }
            | Report::Version { .. }
            | Report::NoEntry { .. }
            | Report::Killed { .. }
            | Report::SawDisallowed { .. }
            | Report::VotesSet { .. }
            | Report::Malformed { .. } => {
                self.trace.fine(self.now, Some(node), || format!("report: {report:?}"));
                return;
            }
        };
        self.trace.story(self.now, Some(node), || text);
    }

    /// Judges what a second client is told.
    fn sessions(&mut self, node: usize, told: Result<(), String>) {
        if let Err(what) = told {
            self.fail("all clients of a daemon are told the same", &Breach::of(node), what);
        }
    }

    fn store(&mut self, node: usize, seq: RingSeq) {
        self.trace.fine(self.now, Some(node), || format!("store {seq}"));
        let ticket = self.nodes[node].disk.store(seq);
        let boot = self.nodes[node].boot();
        let after = self.draw(self.plan.disk);
        self.schedule(after, Happening::Stored { node, boot, ticket });
        self.fires_on(node, Moment::Storing);
    }

    fn answered(&mut self, node: usize, message: MessageId, reply: &Reply) {
        let accepted = match reply {
            Reply::Done => true,
            Reply::Refused(refusal) => {
                self.figures.count("message refused, no room");
                self.trace.fine(self.now, Some(node), || format!("{message} refused: {refusal:?}"));
                false
            }
            Reply::Status(_)
            | Reply::Nodes(_)
            | Reply::Device(_)
            | Reply::Running(_)
            | Reply::WhatIf(_)
            | Reply::Reload(_)
            | Reply::JoinedGroup(_)
            | Reply::GroupMembers(_)
            | Reply::Groups(_)
            | Reply::Map(_)
            | Reply::Listening(_)
            | Reply::Counting(_)
            | Reply::Objects(_) => {
                let detail = format!("a multicast was answered by {reply:?}");
                self.fail("replies", &Breach::of(node), detail);
                return;
            }
        };
        self.observe(node, What::Answered { message, accepted });
    }

    fn send(&mut self, from: usize, to: Destination, packet: &Bytes) {
        self.trace.fine(self.now, Some(from), || match to {
            Destination::Everyone => describe("to", "all", packet),
            Destination::Node(node) => describe("to", node, packet),
        });
        if let Destination::Node(_) = to {
            self.spoken(from, packet);
        } else if !self.triggers.is_empty() && matches!(Packet::decode(packet), Ok(Packet::Join(_)))
        {
            self.fires_on(from, Moment::Gathering);
        }
        let sealed = match self.nodes[from].airlock() {
            Some(airlock) => airlock.seal(packet),
            None => packet.clone(),
        };
        match to {
            Destination::Everyone => {
                for to in (0..self.nodes.len()).filter(|to| *to != from) {
                    self.carry(from, to, (Port::Data, &sealed));
                }
            }
            Destination::Node(id) => match self.nodes.iter().position(|node| node.id() == id) {
                Some(to) if to != from => self.carry(from, to, (Port::Token, &sealed)),
                Some(_) | None => {
                    let detail = format!("sends a unicast to {id}");
                    self.fail("unicasts go to other nodes", &Breach::of(from), detail);
                }
            },
        }
        if !self.triggers.is_empty() && self.is_telling(from, packet) {
            self.fires_on(from, Moment::Telling);
        }
    }

    /// It is on a new ring, whose members have not synchronized, and this is a frame of it.
    fn is_telling(&self, node: usize, packet: &Bytes) -> bool {
        let history = self.checks.history();
        let installed = history.place(node).map(|place| place.ring);
        let synced = history.processes[node].view.map(|view| view.ring);
        let Ok(Packet::Frame(frame)) = Packet::decode(packet) else { return false };
        installed != synced && installed == Some(frame.ring)
    }

    /// Totem §5: a ring sequence is on stable storage before anybody else hears of it.
    fn spoken(&mut self, from: usize, packet: &Bytes) {
        let seq = match Packet::decode(packet) {
            Ok(Packet::Token(token)) => token.ring.seq,
            Ok(Packet::Commit(commit)) => commit.ring.seq,
            Ok(Packet::Frame(_) | Packet::Join(_) | Packet::Beacon(_) | Packet::Signal(_)) => {
                return;
            }
            Err(error) => {
                let detail = format!("sends what cannot be read: {error}");
                self.fail("members understand each other", &Breach::of(from), detail);
                return;
            }
        };
        let durable = self.nodes[from].disk.seq();
        if seq > durable {
            let detail = format!("speaks for ring {seq}, its disk says {durable}");
            self.fail("stable storage (Totem §5)", &Breach::of(from), detail);
        }
    }

    fn carry(&mut self, from: usize, to: usize, (port, bytes): (Port, &Bytes)) {
        let arrivals = self.network.route(self.now, (from, to), port, &mut self.figures);
        for at in arrivals.into_iter().flatten() {
            let parcel = Parcel { from, bytes: bytes.clone(), genuine: true };
            let healing = self.is_healing();
            let (parcel, extra) = match &mut self.meddler {
                Some(meddler) => meddler.meddle(parcel, healing, &mut self.figures),
                None => (parcel, None),
            };
            for parcel in core::iter::once(parcel).chain(extra) {
                self.schedule_at(at, Happening::Arrive { to, port, parcel });
            }
        }
    }

    fn notice(&mut self, node: usize, notice: Notice) {
        match notice {
            Notice::Configuration(configuration) => {
                self.configuration(node, &configuration);
                self.group_configuration(node, &configuration);
            }
            Notice::Message { from, guarantee, payload } => {
                self.message(node, from, (guarantee, &payload));
            }
            Notice::Membership { ring, members, joined, left } => {
                self.trace.story(self.now, Some(node), || {
                    format!("ring {ring} synchronized, members {}", list(&members))
                });
                let groups = [&members, &joined, &left].map(|nodes| self.group(node, nodes));
                let [Some(members), Some(joined), Some(left)] = groups else { return };
                let view = View { ring, members, joined, left };
                self.observe(node, What::Synced(view));
                self.fires_on(node, Moment::Synchronizing);
            }
            Notice::State { node: whose, state } => {
                self.trace.story(self.now, Some(node), || format!("node {whose} is {state:?}"));
            }
            Notice::Data { .. } | Notice::Port { .. } => self.at_port(node, &notice),
            Notice::TryShutdown(_)
            | Notice::ConfigUpdate { .. }
            | Notice::Group(_)
            | Notice::View(_)
            | Notice::Key(_)
            | Notice::Object(_) => {
                self.trace.fine(self.now, Some(node), || format!("{notice:?}"));
            }
            Notice::Quorum(verdict) => {
                self.trace.story(self.now, Some(node), || verdict.to_string());
                self.judge_verdict(node, &verdict);
                self.observe(node, What::Verdict { quorate: verdict.quorate });
            }
        }
    }

    /// A program that listens on a port is told something.
    fn at_port(&mut self, node: usize, notice: &Notice) {
        let text = match notice {
            Notice::Data { from, from_port, payload } => {
                format!("from port {from_port} of {from}: {}", String::from_utf8_lossy(payload))
            }
            Notice::Port { node, port, open: true } => format!("port {port} of {node} is open"),
            Notice::Port { node, port, open: false } => format!("port {port} of {node} is closed"),
            Notice::Configuration(_)
            | Notice::Message { .. }
            | Notice::Membership { .. }
            | Notice::State { .. }
            | Notice::TryShutdown(_)
            | Notice::ConfigUpdate { .. }
            | Notice::Group(_)
            | Notice::View(_)
            | Notice::Key(_)
            | Notice::Object(_)
            | Notice::Quorum(_) => format!("{notice:?}"),
        };
        self.trace.story(self.now, Some(node), || text);
    }

    fn configuration(&mut self, node: usize, configuration: &Configuration) {
        let Configuration { kind, ring, previous, members, joined, left, change } = configuration;
        self.trace.story(self.now, Some(node), || {
            let kind = match kind {
                Kind::Transitional => "transitional to",
                Kind::Regular => "regular",
            };
            let gone =
                if left.is_empty() { String::new() } else { format!(" left {}", list(left)) };
            format!("{kind} {ring} members {}{gone} ({})", list(members), change.cause)
        });
        let groups = [members, joined, left].map(|nodes| self.group(node, nodes));
        let [Some(members), Some(joined), Some(left)] = groups else { return };
        let change = Change { ring: *ring, previous: *previous, members, joined, left };
        self.figures.configurations += 1;
        match kind {
            Kind::Transitional => self.observe(node, What::Transitional(change)),
            Kind::Regular => {
                self.figures.memberships += 1;
                self.observe(node, What::Regular(change));
                self.fires_on(node, Moment::Installing);
            }
        }
    }

    fn message(&mut self, node: usize, from: NodeId, (guarantee, payload): (Guarantee, &Bytes)) {
        self.figures.messages += 1;
        self.figures.bytes += u64::try_from(payload.len()).expect("sizes have 64 bits at most");
        let sender = self.nodes.iter().position(|other| other.id() == from);
        let (Some(message), Some(from)) = (message::decode(payload), sender) else {
            let detail = format!("{} bytes in the name of {from}, never sent", payload.len());
            self.fail(crate::check::no_invention::NAME, &Breach::of(node), detail);
            return;
        };
        self.trace.story(self.now, Some(node), || {
            let safe = if guarantee == Guarantee::Safe { " safe" } else { "" };
            format!("delivers {}{safe}", self.nodes[from].label(message.number))
        });
        self.observe(node, What::Delivered { message, from, guarantee, payload });
    }

    /// The indices of these nodes; a violation when one is not in the plan.
    fn group(&mut self, node: usize, ids: &NodeSet) -> Option<Group> {
        let index = |id: &NodeId| self.nodes.iter().position(|node| node.id() == *id);
        let group: Option<Group> = ids.iter().map(index).collect();
        if group.is_none() {
            let detail = format!("names a node that does not exist: {ids:?}");
            self.fail(crate::check::configurations::NAME, &Breach::of(node), detail);
        }
        group
    }

    /// A client says something that people know under this name.
    pub fn say_as(&mut self, node: usize, name: &str, (guarantee, size): (Guarantee, usize)) {
        let number = self.nodes[node].said;
        self.trace.story(self.now, Some(node), || format!("says {name}"));
        self.nodes[node].labels.insert(number, name.into());
        self.say(node, guarantee, size);
    }

    /// A client asks its daemon to multicast a new message of this size.
    pub fn say(&mut self, node: usize, guarantee: Guarantee, size: usize) {
        if !self.nodes[node].is_up() || self.nodes[node].is_paused() {
            return;
        }
        let id = MessageId { sender: node, number: self.nodes[node].said };
        self.nodes[node].said += 1;
        let payload = message::encode(id, size);
        self.trace.fine(self.now, Some(node), || format!("says {id}, {size} bytes, {guarantee:?}"));
        self.observe(node, What::Submitted { message: id, guarantee, payload: &payload });
        let command = Command::Multicast { guarantee, payload };
        self.nodes[node].say(self.now, id, command);
        self.settle(node);
    }
}

/// An answer in one line.
fn told(reply: &Reply) -> String {
    if let Reply::Refused(Refusal::Port(why)) = reply {
        return why.to_string();
    }
    if let Reply::Objects(Err(why)) = reply {
        return why.to_string();
    }
    if *reply == Reply::Done { "done".into() } else { format!("{reply:?}") }
}

pub(super) fn list(nodes: &NodeSet) -> String {
    let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    format!("{{{}}}", names.join(" "))
}
