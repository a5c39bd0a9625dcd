//! What a ring costs as it grows: many rings in one process, by a virtual clock.
//!
//! Must never be taken for a measurement of a machine: what handling a packet takes, and the way
//! from one node to the next, are assumptions that stand here. What is counted is the protocol's:
//! packets, bytes, rings until all are in one, rotations.

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::BinaryHeap;

use bytes::Bytes;
use totem::wire::Packet;
use totem::{
    Config, Destination, Event, Identity, Input, Instant, Kind, Limits, NodeId, NodeSet, Output,
    Ring, RingSeq, Timing,
};

use super::record::{Journal, Record};

/// From one node to another.
const WIRE: Duration = Duration::from_micros(25);

/// What a node needs for a packet.
const HANDLING: Duration = Duration::from_micros(5);

/// What a disk needs.
const DISK: Duration = Duration::from_millis(1);

/// Nodes start within this time.
const START: u64 = 50_000_000;

/// How long anything may take by the virtual clock.
const PATIENCE: Duration = Duration::from_secs(120);

/// Plain bytes of a packet on Ethernet.
const PACKET: usize = 1428;

/// What may happen to a node, in the order of time and then of planning.
type Entry = Reverse<(Instant, u64, usize, usize)>;

#[derive(Debug)]
enum What {
    Start,
    Arrive(NodeId, Bytes),
    Alarm(Instant),
    Stored(RingSeq),
    Hint(NodeId),
}

struct Node {
    id: NodeId,
    ring: Option<Ring>,
    free: Instant,
    alarm: Option<Instant>,
    members: NodeSet,
    rings: u64,
}

/// What was said, counted once per packet, however many hear it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Said {
    packets: u64,
    bytes: u64,
    joins: u64,
    largest_join: u64,
    commits: u64,
    largest_commit: u64,
}

struct Swarm {
    now: Instant,
    order: u64,
    heap: BinaryHeap<Entry>,
    plans: Vec<Option<What>>,
    spare: Vec<usize>,
    nodes: Vec<Node>,
    said: Said,
}

/// Forms, rests, and loses a node, for each of these numbers of nodes.
///
/// # Errors
/// More nodes than a ring takes, they do not come together, or the file cannot be written.
pub fn run(sizes: &[usize], journal: &mut Journal) -> Result<(), String> {
    for &count in sizes {
        if count > totem::wire::MOST_MEMBERS {
            let most = totem::wire::MOST_MEMBERS;
            journal.failures.push(format!("{count} nodes: a ring takes {most}"));
            continue;
        }
        let mut swarm = Swarm::new(count);
        let all: NodeSet = swarm.nodes.iter().map(|node| node.id).collect();
        swarm.until(&all)?;
        swarm.note("form", Duration::ZERO, journal)?;
        let began = swarm.now;
        let rotations = |swarm: &Swarm| swarm.ring(0).map_or(0, |ring| ring.stats().tokens);
        let before = rotations(&swarm);
        swarm.go(began + Duration::from_secs(1));
        let turns = rotations(&swarm).saturating_sub(before);
        swarm.note("idle second", began.since(Instant::default()), journal)?;
        let began = swarm.now;
        let victim = swarm.nodes.len() - 1;
        swarm.nodes[victim].ring = None;
        let rest: NodeSet = all.iter().take(victim).copied().collect();
        swarm.until(&rest)?;
        swarm.note("lose one", began.since(Instant::default()), journal)?;
        let mut record = Record::new("swarm-turns");
        record.count("nodes", count).count("turns_per_idle_second", turns);
        journal.note(&record)?;
    }
    Ok(())
}

impl Swarm {
    fn new(count: usize) -> Self {
        let node = |index: usize| {
            let id = u32::try_from(index + 1).ok().and_then(NodeId::new).expect("a few nodes");
            let (free, members) = (Instant::default(), NodeSet::new());
            Node { id, ring: None, free, alarm: None, members, rings: 0 }
        };
        let mut swarm = Self {
            now: Instant::default(),
            order: 0,
            heap: BinaryHeap::new(),
            plans: Vec::new(),
            spare: Vec::new(),
            nodes: (0..count).map(node).collect(),
            said: Said::default(),
        };
        for index in 0..count {
            // Spread by a fixed rule, in no order of their ids.
            let share = u64::try_from(index * 37 % count.max(1)).unwrap_or(0);
            let nanos = START / u64::try_from(count.max(1)).unwrap_or(1) * share;
            swarm.plan(Instant::default() + Duration::from_nanos(nanos), index, What::Start);
        }
        swarm
    }

    fn ring(&self, index: usize) -> Option<&Ring> {
        self.nodes.get(index)?.ring.as_ref()
    }

    fn plan(&mut self, at: Instant, node: usize, what: What) {
        let place = self.spare.pop().unwrap_or_else(|| {
            self.plans.push(None);
            self.plans.len() - 1
        });
        self.plans[place] = Some(what);
        self.order += 1;
        self.heap.push(Reverse((at, self.order, node, place)));
    }

    /// Goes on until all of these are in one ring.
    fn until(&mut self, wanted: &NodeSet) -> Result<(), String> {
        let end = self.now + PATIENCE;
        let done = |swarm: &Self| {
            let mut there = swarm.nodes.iter().filter(|node| wanted.contains(&node.id));
            there.all(|node| node.members == *wanted)
        };
        while !done(self) {
            if self.now >= end || !self.step() {
                return Err(format!("{} nodes do not come together", wanted.len()));
            }
        }
        Ok(())
    }

    fn go(&mut self, end: Instant) {
        while self.heap.peek().is_some_and(|Reverse((at, ..))| *at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// The next happening; false when there is none.
    fn step(&mut self) -> bool {
        let Some(Reverse((at, _, index, place))) = self.heap.pop() else { return false };
        let Some(what) = self.plans[place].take() else { return true };
        self.spare.push(place);
        self.now = self.now.max(at);
        let node = &mut self.nodes[index];
        let (busy, started) = (node.free > at, node.ring.is_some());
        if busy && !matches!(what, What::Start) {
            let free = node.free;
            self.plan(free, index, what);
            return true;
        }
        let input = match what {
            What::Start => {
                node.ring = Some(start(node.id, at));
                None
            }
            _ if !started => return true,
            What::Arrive(from, bytes) => Some(Input::Packet { from, bytes }),
            What::Alarm(due) if node.alarm == Some(due) => Some(Input::Timeout),
            What::Alarm(_) => return true,
            What::Stored(seq) => Some(Input::Stored(seq)),
            What::Hint(node) => Some(Input::Unreachable(node)),
        };
        node.free = at + HANDLING;
        let free = node.free;
        if let (Some(input), Some(ring)) = (input, &mut node.ring) {
            ring.handle(at, input).expect("a correct peer");
        }
        self.drain(index, free);
        true
    }

    fn drain(&mut self, index: usize, now: Instant) {
        loop {
            let node = &mut self.nodes[index];
            let Some(ring) = &mut node.ring else { return };
            match ring.poll() {
                Output::Send { to, packet } => self.send(index, to, &packet),
                Output::Store(seq) => self.plan(now + DISK, index, What::Stored(seq)),
                Output::Event(Event::Configuration(change)) if change.kind == Kind::Regular => {
                    node.members.clone_from(&change.members);
                    node.rings += 1;
                    ring.open_data_lane(now);
                }
                Output::Event(_) => {}
                Output::Wait(deadline) => {
                    let at = deadline.map(|deadline| deadline.at);
                    if at != node.alarm {
                        node.alarm = at;
                        if let Some(at) = at {
                            self.plan(at.max(now), index, What::Alarm(at));
                        }
                    }
                    return;
                }
            }
        }
    }

    fn send(&mut self, index: usize, to: Destination, packet: &Bytes) {
        let Node { id, free, .. } = self.nodes[index];
        let size = u64::try_from(packet.len()).unwrap_or(u64::MAX);
        self.said.packets += 1;
        self.said.bytes += size;
        match Packet::decode(packet) {
            Ok(Packet::Join(_)) => {
                self.said.joins += 1;
                self.said.largest_join = self.said.largest_join.max(size);
            }
            Ok(Packet::Commit(_)) => {
                self.said.commits += 1;
                self.said.largest_commit = self.said.largest_commit.max(size);
            }
            Ok(Packet::Token(_) | Packet::Frame(_) | Packet::Beacon(_) | Packet::Signal(_))
            | Err(_) => {}
        }
        for other in 0..self.nodes.len() {
            let addressed = match to {
                Destination::Everyone => other != index,
                Destination::Node(node) => self.nodes[other].id == node,
            };
            if addressed && self.nodes[other].ring.is_some() {
                self.plan(free + WIRE, other, What::Arrive(id, packet.clone()));
            } else if addressed && matches!(to, Destination::Node(_)) {
                let about = self.nodes[other].id;
                self.plan(free + 2 * WIRE, index, What::Hint(about));
            }
        }
    }

    fn note(
        &mut self,
        what: &'static str,
        since: Duration,
        journal: &mut Journal,
    ) -> Result<(), String> {
        let took = self.now.since(Instant::default()).saturating_sub(since);
        let said = std::mem::take(&mut self.said);
        let rings = self.nodes.iter_mut().map(|node| std::mem::take(&mut node.rings)).max();
        let mut record = Record::new("swarm");
        record
            .count("nodes", self.nodes.len())
            .text("what", what)
            .hundredths("ms", u64::try_from(took.as_micros() / 10).unwrap_or(u64::MAX))
            .count("rings", rings.unwrap_or(0))
            .count("packets", said.packets)
            .count("bytes", said.bytes)
            .count("joins", said.joins)
            .count("largest_join", said.largest_join)
            .count("commits", said.commits)
            .count("largest_commit", said.largest_commit);
        journal.note(&record)
    }
}

fn start(id: NodeId, now: Instant) -> Ring {
    let identity = Identity { me: id, boot: 1, weight: 1, seed: u64::from(id.get()) };
    let config = Config::new(identity, Timing::default(), Limits::for_packet(PACKET));
    Ring::new(config.expect("the defaults fit together"), RingSeq::new(0), now)
}

#[cfg(test)]
mod tests;
