//! A loss that a quorum device has to judge is told to nobody before it has: until then this node
//! stays what it was, in its table, its groups, its votes and its verdict.
//!
//! A device that judges each membership anew (`corosync-qdevice`) said "alive" to both sides of a
//! partition before it. What it said is void when a member is lost, and a side that needs its word
//! would stop being quorate until the device has looked. So the services hear of such a ring late:
//! when the device has spoken of it, its program is gone, or the time for it is up. Only the
//! program is told at once, for it is to judge; and the raw order of messages (`evs.rs`) is as it
//! is.
//!
//! Must never let this node do anything on the strength of the old word: nothing is said on the
//! ring meanwhile, not even its barrier, so nobody gets past the exchange of states, and nothing
//! that needs the order can happen at any member. And must never last: the time runs from the end
//! of the last ring that the services know, however many follow before they are told of one.
//!
//! All members wait for the slowest, as at every barrier: there is one order of messages, and it
//! cannot go on at some of them. Who has no such device and needs another's word waits until that
//! one has introduced itself, which it does when its own device has spoken; so nobody waits for
//! somebody who waits for him.

use std::collections::BTreeMap;

use bytes::Bytes;
use quorum::Votes;
use totem::{Configuration, Deadline, Evidence, Instant, Kind, NodeId, NodeSet, Timer};

use super::Stack;
use super::effect::Report;
use super::nodes::hello::Hello;
use super::service::{MessageError, Service};
use super::voting::Lost;

/// Most messages about the configuration that are kept until the services know the ring.
const MOST_KEPT: usize = 1024;

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Suspense {
    /// The ring that they do not know yet.
    ring: Option<Unknown>,
    /// The ring that they know has ended, and what a device said of it holds until then.
    until: Option<Instant>,
    /// It is this node's own device that is to speak.
    own: bool,
    /// Somebody was lost since, a member of the cluster or one on his way to become one: a device
    /// may have spoken of him.
    shrunk: bool,
    /// How it is known who is gone of the rings that they never hear of.
    evidence: BTreeMap<NodeId, Evidence>,
    /// What was said about the configuration on the ring that they do not know.
    kept: Vec<(NodeId, Bytes)>,
}

/// A ring of which the services do not know.
#[derive(Debug)]
struct Unknown {
    configuration: Configuration,
    /// Through whom a device has to speak of it.
    judges: NodeSet,
}

impl Suspense {
    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        // The ring's timers are not concerned; which of them is named does not matter.
        self.until.map(|at| Deadline { at, why: Timer::Leave })
    }

    /// A ring ends: what the services make of that. Of one that they do not know only who was
    /// there, and on the last that they know, comes along.
    fn pass(&mut self, transitional: &Configuration, along: &NodeSet) -> Configuration {
        let mut configuration = transitional.clone();
        self.kept.clear();
        self.shrunk |= !transitional.left.is_empty();
        if let Some(unknown) = self.ring.take() {
            configuration.members.retain(|node| along.contains(node));
            self.evidence.extend(unknown.configuration.change.evidence);
        }
        configuration
    }
}

impl Stack {
    /// The ring has a new configuration.
    pub(super) fn on_configuration(&mut self, now: Instant, configuration: &Configuration) {
        match configuration.kind {
            Kind::Transitional => {
                self.outbox.report(Report::RingLost(configuration.change.cause));
                self.sync.abandon();
                let passed = self.suspense.pass(configuration, self.nodes.survivors());
                self.evs.on_configuration(configuration, &mut self.outbox);
                self.tell_services(now, &passed, BTreeMap::new());
            }
            Kind::Regular => self.on_ring(now, configuration),
        }
    }

    /// This node is between two rings: from now on time runs for what devices said of the last.
    pub(super) fn on_ring_lost(&mut self, now: Instant) {
        if self.suspense.until.is_none() && self.voting.leans_on_devices() {
            self.suspense.own = false;
            self.suspense.until = Some(now + self.voting.quorum().sync_timeout());
        }
    }

    fn on_ring(&mut self, now: Instant, configuration: &Configuration) {
        let Configuration { ring, members, .. } = configuration;
        self.outbox.report(Report::Installed(configuration.clone()));
        self.present = Some(*ring);
        self.open = false;
        self.sync.begin(*ring, members, &mut self.outbox);
        let mut configuration = configuration.clone();
        for (&node, &evidence) in &self.suspense.evidence {
            configuration.change.evidence.entry(node).or_insert(evidence);
        }
        let departed = self.nodes.departing(self.nodes.survivors());
        let lost = Lost { departed, shrunk: self.suspense.shrunk, ..Lost::default() };
        let judges = self.voting.hangs_on(now, lost);
        self.foretell(*ring, members);
        if judges.is_empty() || self.is_ending() {
            self.settle_suspense(now, &configuration, BTreeMap::new());
            return;
        }
        self.evs.on_configuration(&configuration, &mut self.outbox);
        self.outbox.report(Report::AwaitsDevice(*ring));
        self.suspense.until.get_or_insert(now + self.voting.quorum().sync_timeout());
        self.suspense.own = judges.contains(&self.nodes.me());
        self.suspense.ring = Some(Unknown { configuration, judges });
        self.voting.await_device();
    }

    /// Tells the services of the ring that they do not know, if there is nothing to wait for any
    /// more; `true` when something was done.
    pub(super) fn end_suspense(&mut self, now: Instant) -> bool {
        let Some(until) = self.suspense.until else { return false };
        let late = until <= now;
        let Some(Unknown { configuration, judges }) = &self.suspense.ring else {
            // Between two rings: what was said holds no longer than on one.
            if late || self.suspense.own && !self.voting.is_device_awaited() {
                self.suspense.until = None;
                self.voting.give_up(late, &mut self.outbox);
            }
            return self.suspense.until.is_none();
        };
        let me = self.nodes.me();
        let judged = self.judged(judges);
        let spoken = if judges.contains(&me) {
            !self.voting.is_device_awaited()
        } else {
            judges.iter().all(|judge| judged.contains_key(judge))
        };
        if !(late || spoken) {
            return false;
        }
        let (configuration, ring) = (configuration.clone(), configuration.ring);
        if !spoken {
            self.outbox.report(Report::DeviceSilent(ring));
        }
        self.settle_suspense(now, &configuration, judged);
        true
    }

    /// Who of these has spoken of the present ring, and with how many votes: this node's device to
    /// its own program, others' in their introductions.
    fn judged(&self, judges: &NodeSet) -> BTreeMap<NodeId, Votes> {
        let me = self.nodes.me();
        let own = self.voting.quorum().device_word();
        let mut judged: BTreeMap<NodeId, Votes> =
            own.filter(|_| judges.contains(&me)).map(|votes| (me, votes)).into_iter().collect();
        for &judge in judges.iter().filter(|&&judge| judge != me) {
            let hello = self.sync.said(Service::Nodes, judge);
            if let Some(Ok(hello)) = hello.map(Hello::decode) {
                judged.insert(judge, hello.voting.device);
            }
        }
        judged
    }

    /// The services are told of the present ring.
    fn settle_suspense(
        &mut self,
        now: Instant,
        configuration: &Configuration,
        judged: BTreeMap<NodeId, Votes>,
    ) {
        self.suspense.ring = None;
        self.suspense.until = None;
        self.suspense.evidence.clear();
        self.tell_services(now, configuration, judged);
        self.voting.unmute(&mut self.outbox);
        for (from, body) in std::mem::take(&mut self.suspense.kept) {
            if let Err(error) = self.on_version(now, from, body) {
                self.outbox.report(Report::Malformed { node: from, error });
            }
        }
    }

    fn tell_services(
        &mut self,
        now: Instant,
        configuration: &Configuration,
        judged: BTreeMap<NodeId, Votes>,
    ) {
        self.lookup.touch();
        let outbox = &mut self.outbox;
        let departed = self.nodes.on_configuration(configuration);
        let gone = departed.gone.clone();
        let regular = configuration.kind == Kind::Regular;
        let shrunk = regular && std::mem::take(&mut self.suspense.shrunk);
        self.voting.on_lost(now, Lost { departed, shrunk, judged }, outbox);
        self.evs.on_configuration(configuration, outbox);
        self.groups.on_configuration(configuration);
        if regular {
            self.installed = Some(configuration.ring);
        }
        self.turn_over(configuration);
        if regular {
            let outbox = &mut self.outbox;
            let mut states = vec![
                (Service::Nodes, self.nodes.hello(self.voting.quorum().state())),
                (Service::Database, self.database.state()),
                (Service::Ports, self.ports.on_ring(&gone, outbox)),
            ];
            states.extend(self.groups.state().into_iter().map(|piece| (Service::Groups, piece)));
            self.sync.say(&states, outbox);
        }
    }

    /// A node says something about the configuration, on a ring that the database may not know.
    pub(super) fn on_version_said(
        &mut self,
        now: Instant,
        from: NodeId,
        body: Bytes,
    ) -> Result<(), MessageError> {
        if self.suspense.ring.is_none() {
            return self.on_version(now, from, body);
        }
        if self.suspense.kept.len() < MOST_KEPT {
            self.suspense.kept.push((from, body));
        }
        Ok(())
    }
}
