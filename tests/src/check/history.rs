//! What every process did so far, as far as anyone outside can see it: the common memory of the
//! checks.
//!
//! Must never look inside a stack, and must never judge: an event enters here after the checks
//! have accepted it. Only what `Effect`s and `Notice`s say is recorded, so the history of any other
//! implementation could be judged by the same checks.
//!
//! The notation is that of Moser, Amir, Melliar-Smith and Agarwal, "Extended Virtual Synchrony"
//! (ICDCS 1994). `com_p(R)` is the regular configuration of ring R together with the transitional
//! configuration that follows it at p. A process is one node from one start to its end.

use std::collections::BTreeMap;

use bytes::Bytes;
use totem::{Guarantee, RingId};

use super::group::Group;
use crate::message::MessageId;

/// One event at one node, as a check is shown it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// Index of the node.
    pub node: usize,
    /// What it did.
    pub what: What<'a>,
}

/// What a node did.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// The daemon started: a new process.
    Started,
    /// The process ended: crash or leave.
    Failed,
    /// The client is about to ask for a multicast.
    Submitted {
        /// Which.
        message: MessageId,
        /// What it asks for.
        guarantee: Guarantee,
        /// The content.
        payload: &'a Bytes,
    },
    /// The daemon took the message over, or refused it.
    Answered {
        /// Which.
        message: MessageId,
        /// It was taken over.
        accepted: bool,
    },
    /// A transitional configuration was delivered.
    Transitional(Change),
    /// A regular configuration was delivered.
    Regular(Change),
    /// A message was delivered.
    Delivered {
        /// Which, according to its content.
        message: MessageId,
        /// Its sender, according to the ring.
        from: usize,
        /// What was promised, according to the ring.
        guarantee: Guarantee,
        /// The content.
        payload: &'a Bytes,
    },
    /// The members of a ring have synchronized.
    Synced(View),
    /// The verdict changed.
    Verdict {
        /// May this side act?
        quorate: bool,
    },
    /// The node has done all that was to be done at this instant.
    Settled,
}

/// A configuration as delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The ring being installed.
    pub ring: RingId,
    /// The ring this process comes from.
    pub previous: Option<RingId>,
    /// Who is in the configuration.
    pub members: Group,
    /// Who came.
    pub joined: Group,
    /// Who went.
    pub left: Group,
}

/// A membership as announced after synchronization.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct View {
    /// The ring.
    pub ring: RingId,
    /// Its members.
    pub members: Group,
    /// Who came since the last announcement.
    pub joined: Group,
    /// Who went.
    pub left: Group,
}

/// Where a process is, and what it delivered there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The ring of the last regular configuration.
    pub ring: RingId,
    /// Delivered in the regular configuration, in order.
    pub regular: Vec<MessageId>,
    /// The transitional configuration that followed, once it did.
    pub transitional: Option<Change>,
    /// Delivered in it, in order.
    pub extra: Vec<MessageId>,
}

/// One node over its whole life.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// A process is running.
    pub alive: bool,
    /// Counts the starts.
    pub boot: u32,
    /// Where the running process is; `None` before its first configuration.
    pub place: Option<Place>,
    /// The last ring installed by any process of this node.
    pub last_ring: Option<RingId>,
    /// The last membership announced to the running process.
    pub view: Option<View>,
    /// Those of that membership who stayed in every configuration since: what they said of their
    /// votes holds.
    pub voters: Group,
    /// The last verdict announced to the running process.
    pub quorate: bool,
    /// Which messages any process of this node delivered, by sender and number.
    delivered: Vec<Vec<bool>>,
}

/// One ring, over all nodes.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Its members, as its first installer was told.
    pub members: Group,
    /// Nodes with a process that installed it.
    pub installed: Group,
    /// Nodes with a process that went on from it to another regular configuration.
    pub moved_on: Group,
    /// The common order of what was delivered in the regular configuration: the longest prefix
    /// seen at any member.
    pub order: Vec<MessageId>,
    /// Transitional deliveries of processes that moved on, for those who come to know the order
    /// only later.
    pub passages: Vec<Passage>,
}

/// What one process delivered in the transitional configuration after a ring.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The node.
    pub node: usize,
    /// The members of the transitional configuration.
    pub members: Group,
    /// How many messages of the ring's order it had delivered before.
    pub prefix: usize,
    /// What it delivered in the transitional configuration, in order.
    pub extra: Vec<MessageId>,
}

/// How far a message got with its sender's daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Asked for, not answered.
    Submitted,
    /// Taken over.
    Accepted,
    /// Refused.
    Refused,
}

/// One message.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Which process of the sender.
    pub boot: u32,
    /// What was asked for.
    pub guarantee: Guarantee,
    /// The content.
    pub payload: Bytes,
    /// How far it got.
    pub standing: Standing,
    /// The ring that ordered it: known from its first delivery on.
    pub ring: Option<RingId>,
    /// Its place in that ring's order, when a regular configuration delivered it.
    pub position: Option<usize>,
    /// Per sender, how many messages its sender had delivered when it asked: a vector clock.
    pub clock: Vec<usize>,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The nodes, by index.
    pub processes: Vec<Process>,
    /// The rings installed so far.
    pub rings: BTreeMap<RingId, Ring>,
    /// The messages, by sender and number.
    pub sent: Vec<Vec<Sent>>,
    clocks: Vec<Vec<usize>>,
}

impl History {
    /// Nothing happened yet to `nodes` nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        let process = Process { delivered: vec![Vec::new(); nodes], ..Process::default() };
        Self {
            processes: vec![process; nodes],
            rings: BTreeMap::new(),
            sent: vec![Vec::new(); nodes],
            clocks: vec![vec![0; nodes]; nodes],
        }
    }

    /// The message of this id, if it was ever submitted.
    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<&Sent> {
        self.sent.get(id.sender)?.get(id.number)
    }

    /// Did any process of this node deliver the message?
    #[must_use]
    pub fn has_delivered(&self, node: usize, id: MessageId) -> bool {
        self.processes[node].delivered[id.sender].get(id.number).copied().unwrap_or(false)
    }

    /// Where this process is, if it is running and has a configuration.
    #[must_use]
    pub fn place(&self, node: usize) -> Option<&Place> {
        let process = &self.processes[node];
        process.place.as_ref().filter(|_| process.alive)
    }

    /// Nodes with a running process.
    #[must_use]
    pub fn alive(&self) -> Group {
        (0..self.processes.len()).filter(|node| self.processes[*node].alive).collect()
    }

    /// Enters an event that the checks have accepted.
    pub fn enter(&mut self, seen: &Seen<'_>) {
        let node = seen.node;
        match &seen.what {
            What::Started => self.start(node),
            What::Failed => self.processes[node].alive = false,
            What::Submitted { message, guarantee, payload } => {
                let clock = self.clocks[node].clone();
                self.submit(*message, *guarantee, payload, clock);
            }
            What::Answered { message, accepted } => {
                let standing = if *accepted { Standing::Accepted } else { Standing::Refused };
                self.sent[message.sender][message.number].standing = standing;
            }
            What::Transitional(change) => {
                let process = &mut self.processes[node];
                process.voters = process.voters.and(change.members);
                if let Some(place) = &mut process.place {
                    place.transitional = Some(*change);
                }
            }
            What::Regular(change) => self.install(node, change),
            What::Delivered { message, .. } => self.deliver(node, *message),
            What::Synced(view) => {
                self.processes[node].view = Some(*view);
                self.processes[node].voters = view.members;
            }
            What::Verdict { quorate } => self.processes[node].quorate = *quorate,
            What::Settled => {}
        }
    }

    fn start(&mut self, node: usize) {
        let process = &mut self.processes[node];
        process.alive = true;
        process.boot += 1;
        process.place = None;
        process.view = None;
        process.voters = Group::EMPTY;
        process.quorate = false;
        self.clocks[node].fill(0);
    }

    fn submit(&mut self, id: MessageId, guarantee: Guarantee, payload: &Bytes, clock: Vec<usize>) {
        let boot = self.processes[id.sender].boot;
        debug_assert_eq!(self.sent[id.sender].len(), id.number, "clients count without gaps");
        self.sent[id.sender].push(Sent {
            boot,
            guarantee,
            payload: payload.clone(),
            standing: Standing::Submitted,
            ring: None,
            position: None,
            clock,
        });
    }

    fn install(&mut self, node: usize, change: &Change) {
        let process = &mut self.processes[node];
        let fresh =
            Place { ring: change.ring, regular: Vec::new(), transitional: None, extra: Vec::new() };
        let before = process.place.replace(fresh);
        process.last_ring = Some(change.ring);
        if let Some(before) = before
            && let Some(old) = self.rings.get_mut(&before.ring)
        {
            old.moved_on.insert(node);
            old.passages.push(Passage {
                node,
                members: before.transitional.map_or(Group::EMPTY, |change| change.members),
                prefix: before.regular.len(),
                extra: before.extra,
            });
        }
        let ring = self.rings.entry(change.ring).or_insert_with(|| Ring {
            members: change.members,
            installed: Group::EMPTY,
            moved_on: Group::EMPTY,
            order: Vec::new(),
            passages: Vec::new(),
        });
        ring.installed.insert(node);
    }

    fn deliver(&mut self, node: usize, id: MessageId) {
        let process = &mut self.processes[node];
        let seen = &mut process.delivered[id.sender];
        if seen.len() <= id.number {
            seen.resize(id.number + 1, false);
        }
        seen[id.number] = true;
        self.clocks[node][id.sender] = id.number + 1;
        let Some(place) = &mut process.place else { return };
        let sent = &mut self.sent[id.sender][id.number];
        sent.ring = Some(place.ring);
        if place.transitional.is_some() {
            place.extra.push(id);
            return;
        }
        place.regular.push(id);
        if let Some(ring) = self.rings.get_mut(&place.ring)
            && ring.order.len() < place.regular.len()
        {
            sent.position = Some(ring.order.len());
            ring.order.push(id);
        }
    }
}
