//! Rings in one process, without I/O: what the protocol costs by itself.
//!
//! Must never run out of messages: every node always has more to send than one turn takes, so the
//! ring is never idle. The clock is virtual, packets are handed over in memory, and one thread
//! does the work of all nodes: a message that is counted once was delivered at each of them.

use std::collections::VecDeque;
use std::time::{Duration, Instant as Wall};

use bytes::{Bytes, BytesMut};
use totem::seal::{ClusterKey, OVERHEAD, Opener, Sealer};
use totem::{
    Config, Destination, Event, Guarantee, Identity, Input, Instant, Kind, Lane, Limits, Message,
    NodeId, Output, Ring, RingSeq, Timing,
};

use super::meter;
use super::record::per_second;

/// Bytes of own messages on their way at each node, as the daemon's load generator has it.
const OUTSTANDING: usize = 2 << 20;

/// Bytes of a plain packet on Ethernet: less IPv4, UDP and seal.
const PACKET: usize = 1500 - 20 - 8 - OVERHEAD;

/// What handling a packet takes by the virtual clock.
const STEP: Duration = Duration::from_micros(1);

/// How long, by the virtual clock, the nodes may take to find together.
const FORMATION: Duration = Duration::from_secs(60);

/// Delivered at every node, per second of the one processor that does the work of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Speed {
    /// Messages.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
}

struct Node {
    id: NodeId,
    ring: Ring,
    inbox: VecDeque<Bytes>,
    /// From whom, in the same order.
    senders: VecDeque<NodeId>,
    locks: Option<(Sealer, Opener)>,
    deadline: Option<Instant>,
    outstanding: usize,
    messages: u64,
    bytes: u64,
}

struct Mesh {
    nodes: Vec<Node>,
    now: Instant,
    payload: Bytes,
    sending: bool,
}

/// Lets `nodes` rings order messages of `size` bytes for this long, with packets sealed and opened
/// on the way if `sealed`.
///
/// # Panics
/// The rings do not find together, or refuse each other's packets.
#[must_use]
pub fn run(nodes: usize, size: usize, sealed: bool, length: Duration) -> Speed {
    let mut mesh = Mesh::new(nodes, size, sealed);
    mesh.form();
    mesh.sending = true;
    // Queues and caches fill first.
    mesh.work(length / 10);
    let before: Vec<_> = mesh.nodes.iter().map(|node| (node.messages, node.bytes)).collect();
    let took = mesh.work(length).as_nanos();
    let counts = mesh.nodes.iter().zip(before);
    let counts =
        counts.map(|(node, (messages, bytes))| (node.messages - messages, node.bytes - bytes));
    let (messages, bytes) = counts.min().unwrap_or_default();
    Speed { messages: per_second(messages, took), bytes: per_second(bytes, took) }
}

/// Lets `nodes` rings order messages of `size` bytes until each has delivered so many. The same
/// arguments are the same work, instruction by instruction.
///
/// # Panics
/// As [`run`].
pub fn deliver(nodes: usize, size: usize, sealed: bool, messages: u64) {
    let mut mesh = Mesh::new(nodes, size, sealed);
    mesh.form();
    mesh.sending = true;
    while mesh.nodes.iter().any(|node| node.messages < messages) {
        mesh.pass();
    }
}

impl Node {
    fn new(index: usize, sealed: bool) -> Self {
        let id = u32::try_from(index + 1).ok().and_then(NodeId::new).expect("a few nodes");
        let identity = Identity { me: id, boot: 1, weight: 1, seed: u64::from(id.get()) };
        let config = Config::new(identity, Timing::default(), Limits::for_packet(PACKET));
        let config = config.expect("the defaults fit together");
        let key = ClusterKey::new(b"iscsicluster").expect("not empty");
        let locks = || (Sealer::new(&key, 1, id, 1), Opener::new(key.clone(), 1, id, 1));
        Self {
            id,
            ring: Ring::new(config, RingSeq::new(0), Instant::default()),
            inbox: VecDeque::new(),
            senders: VecDeque::new(),
            locks: sealed.then(locks),
            deadline: None,
            outstanding: 0,
            messages: 0,
            bytes: 0,
        }
    }

    fn seal(&mut self, packet: Bytes) -> Bytes {
        let Some((sealer, _)) = &mut self.locks else { return packet };
        let mut sealed = BytesMut::new();
        sealer.seal(&packet, &mut sealed).expect("rings keep to the packet limit");
        sealed.freeze()
    }

    fn open(&mut self, from: NodeId, packet: Bytes) -> Input {
        let Some((_, opener)) = &mut self.locks else {
            return Input::Packet { from, bytes: packet };
        };
        // Each receiver has its own copy, as a socket would give it.
        let opened = opener.open(BytesMut::from(&packet[..])).expect("it is a member's");
        Input::Packet { from: opened.from, bytes: opened.bytes }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Configuration(configuration) => {
                if configuration.kind == Kind::Regular {
                    self.ring.open_data_lane(now);
                }
            }
            Event::Message(Message { from, payload, .. }) => {
                self.messages += 1;
                self.bytes += u64::try_from(payload.len()).unwrap_or(u64::MAX);
                if from == self.id {
                    self.outstanding -= payload.len();
                }
            }
            Event::Left => {}
        }
    }

    fn fill(&mut self, now: Instant, payload: &Bytes) {
        if self.outstanding > OUTSTANDING / 2 {
            return;
        }
        while self.outstanding < OUTSTANDING && self.ring.room(Lane::Data) >= payload.len() {
            let sent = self.ring.multicast(now, Lane::Data, Guarantee::Agreed, payload.clone());
            sent.expect("there is room");
            self.outstanding += payload.len();
        }
    }
}

impl Mesh {
    fn new(nodes: usize, size: usize, sealed: bool) -> Self {
        let nodes = (0..nodes).map(|index| Node::new(index, sealed)).collect();
        let payload = Bytes::from(vec![0x5a; size]);
        Self { nodes, now: Instant::default(), payload, sending: false }
    }

    fn form(&mut self) {
        let all = self.nodes.iter().map(|node| node.id).collect();
        let began = self.now;
        while self.nodes.iter().any(|node| node.ring.status().members != all) {
            assert!(self.now.since(began) < FORMATION, "{} rings", self.nodes.len());
            self.pass();
        }
    }

    /// Goes on for this long; how much of it was spent on a processor.
    fn work(&mut self, length: Duration) -> Duration {
        let (began, before) = (Wall::now(), meter::on_processor());
        while began.elapsed() < length {
            self.pass();
        }
        let spent = meter::on_processor().zip(before).map(|(after, before)| after - before);
        spent.filter(|spent| !spent.is_zero()).unwrap_or_else(|| began.elapsed())
    }

    /// Every node handles what came to it; if nothing came to any, the next timer fires.
    fn pass(&mut self) {
        let mut busy = false;
        for index in 0..self.nodes.len() {
            self.drain(index);
            while let Some(packet) = self.nodes[index].inbox.pop_front() {
                busy = true;
                let node = &mut self.nodes[index];
                let from = node.senders.pop_front().expect("as many as packets");
                let input = node.open(from, packet);
                self.handle(index, input);
            }
            let node = &self.nodes[index];
            if node.deadline.is_some_and(|deadline| deadline <= self.now) {
                self.handle(index, Input::Timeout);
            }
            if self.sending {
                self.nodes[index].fill(self.now, &self.payload);
            }
        }
        if !busy {
            let next = self.nodes.iter().filter_map(|node| node.deadline).min();
            self.now = next.map_or(self.now + STEP, |next| next.max(self.now));
        }
    }

    fn handle(&mut self, index: usize, input: Input) {
        self.now = self.now + STEP;
        let now = self.now;
        self.nodes[index].ring.handle(now, input).expect("a correct peer");
        self.drain(index);
    }

    fn drain(&mut self, index: usize) {
        let now = self.now;
        loop {
            let node = &mut self.nodes[index];
            match node.ring.poll() {
                Output::Send { to, packet } => {
                    let (from, packet) = (node.id, node.seal(packet));
                    self.send(from, to, &packet);
                }
                Output::Store(seq) => {
                    node.ring.handle(now, Input::Stored(seq)).expect("it was asked for");
                }
                Output::Event(event) => node.event(now, event),
                Output::Wait(deadline) => {
                    node.deadline = deadline.map(|deadline| deadline.at);
                    return;
                }
            }
        }
    }

    fn send(&mut self, from: NodeId, to: Destination, packet: &Bytes) {
        let addressed = |id| match to {
            Destination::Everyone => id != from,
            Destination::Node(node) => id == node,
        };
        for node in self.nodes.iter_mut().filter(|node| addressed(node.id)) {
            node.inbox.push_back(packet.clone());
            node.senders.push_back(from);
        }
    }
}

#[cfg(test)]
mod tests;
