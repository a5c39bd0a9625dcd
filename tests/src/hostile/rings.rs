//! Up to three rings over a network of fixed delay, and somebody with the key between them.
//!
//! Must never run without a bound: forged state may keep a ring busy for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use totem::wire::Packet;
use totem::{
    Config, Destination, Event, Guarantee, Identity, Input, Instant, Kind, Lane, Limits, NodeId,
    Output, Ring, RingSeq, Seq, Timing,
};

use super::choices::Choices;
use super::forge::{forge, node};

const DELAY: Duration = Duration::from_micros(100);

/// Most occurrences of one run of the network.
const MOST: usize = 2_000;

/// Most outputs that one occurrence can have: the window sent again, and all of it delivered.
const MOST_OUTPUTS: usize = 4_096;

/// How long the network may run between two forged packets.
const SPANS: [Duration; 6] = [
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(20),
    Duration::from_millis(300),
    Duration::from_secs(2),
    Duration::from_secs(11),
];

/// Plays `bytes` to a ring.
///
/// # Panics
/// The ring does: that is what is looked for.
pub fn ring(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut play = Play::new(&mut choices);
    while !choices.is_over() {
        play.step(&mut choices);
    }
}

enum Due {
    Packet { from: NodeId, to: NodeId, bytes: Bytes },
    Stored(NodeId, RingSeq),
}

struct Play {
    now: Instant,
    rings: BTreeMap<NodeId, Ring>,
    victim: NodeId,
    due: BTreeMap<(Instant, u64), Due>,
    order: u64,
    /// The last genuine packets, by kind: what forgeries are made of.
    seen: BTreeMap<u8, Packet>,
    /// Nodes whose packets go nowhere.
    cut: BTreeSet<NodeId>,
    left: BTreeSet<NodeId>,
}

impl Play {
    fn new(choices: &mut Choices<'_>) -> Self {
        let count = u32::from(choices.byte() % 3) + 1;
        let victim = u32::from(choices.byte()) % count + 1;
        let first = choices.one(&[0, u32::MAX - 8, (1 << 31) - 8]);
        let mut play = Self {
            now: Instant::from_nanos(1_000_000_000),
            rings: BTreeMap::new(),
            victim: NodeId::new(victim).expect("counted from one"),
            due: BTreeMap::new(),
            order: 0,
            seen: BTreeMap::new(),
            cut: BTreeSet::new(),
            left: BTreeSet::new(),
        };
        for id in (1..=count).filter_map(NodeId::new) {
            let identity = Identity { me: id, boot: 1, weight: 1, seed: u64::from(id.get()) };
            let limits = Limits {
                span: 64,
                window: 16,
                per_turn: 8,
                accelerated: 4,
                first: Seq::new(first),
                ..Limits::for_packet(300)
            };
            let config = Config::new(identity, Timing::default(), limits).expect("it is valid");
            play.rings.insert(id, Ring::new(config, RingSeq::new(0), play.now));
            play.drain(id);
        }
        play.run(Duration::from_millis(500));
        play
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.byte() % 16 {
            0..=2 => self.run(choices.one(&SPANS)),
            3 => {
                let from = self.genuine(choices);
                self.say(choices, from);
            }
            4 => self.say(choices, self.victim),
            5 => {
                let node = node(choices);
                self.input(self.victim, Input::Unreachable(node));
            }
            6 => {
                let node = self.genuine(choices);
                if !self.cut.remove(&node) {
                    self.cut.insert(node);
                }
            }
            7 if choices.byte().is_multiple_of(8) => {
                let (now, node) = (self.now, self.genuine(choices));
                self.rings.get_mut(&node).expect("it is genuine").leave(now);
                self.drain(node);
            }
            _ => self.forge(choices),
        }
    }

    fn genuine(&self, choices: &mut Choices<'_>) -> NodeId {
        let nodes: Vec<NodeId> = self.rings.keys().copied().collect();
        choices.one(&nodes)
    }

    /// A forged packet comes to the victim, from anybody but itself.
    fn forge(&mut self, choices: &mut Choices<'_>) {
        let kinds: Vec<u8> = self.seen.keys().copied().collect();
        let template = self.seen.get(&choices.one(&kinds)).expect("it is one of the kinds");
        let bytes = forge(choices, template).encode();
        let from = node(choices);
        if from != self.victim {
            self.input(self.victim, Input::Packet { from, bytes });
        }
    }

    fn say(&mut self, choices: &mut Choices<'_>, from: NodeId) {
        let guarantee = if choices.flag() { Guarantee::Safe } else { Guarantee::Agreed };
        let lane = if choices.flag() { Lane::Sync } else { Lane::Data };
        let message =
            Bytes::from(vec![from.get().to_be_bytes()[3]; 8 * usize::from(choices.byte())]);
        let ring = self.rings.get_mut(&from).expect("it is genuine");
        // A full queue is no panic.
        let _ = ring.multicast(self.now, lane, guarantee, message);
        self.drain(from);
    }

    fn push(&mut self, delay: Duration, due: Due) {
        self.order += 1;
        self.due.insert((self.now + delay, self.order), due);
    }

    fn input(&mut self, to: NodeId, input: Input) {
        if self.left.contains(&to) {
            return;
        }
        let ring = self.rings.get_mut(&to).expect("only genuine nodes are addressed");
        // What is refused harms nothing.
        let _ = ring.handle(self.now, input);
        self.drain(to);
    }

    fn drain(&mut self, id: NodeId) {
        for outputs in 0.. {
            assert!(outputs < MOST_OUTPUTS, "node {id} does not come to an end");
            match self.rings.get_mut(&id).expect("only genuine nodes are drained").poll() {
                Output::Send { to, packet } => self.send(id, to, &packet),
                Output::Store(seq) => self.push(10 * DELAY, Due::Stored(id, seq)),
                Output::Event(Event::Configuration(change)) if change.kind == Kind::Regular => {
                    let now = self.now;
                    self.rings.get_mut(&id).expect("it was polled").open_data_lane(now);
                }
                Output::Event(Event::Left) => {
                    self.left.insert(id);
                }
                Output::Event(Event::Configuration(_) | Event::Message(_)) => {}
                Output::Wait(_) => return,
            }
        }
    }

    fn send(&mut self, from: NodeId, to: Destination, packet: &Bytes) {
        if let (Some(&kind), Ok(decoded)) = (packet.first(), Packet::decode(packet)) {
            self.seen.insert(kind, decoded);
        }
        let receivers: Vec<NodeId> = match to {
            Destination::Everyone => self.rings.keys().copied().collect(),
            Destination::Node(node) => {
                self.rings.keys().copied().filter(|&id| id == node).collect()
            }
        };
        for to in receivers.into_iter().filter(|&to| to != from) {
            self.push(DELAY, Due::Packet { from, to, bytes: packet.clone() });
        }
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..MOST {
            let packet = self.due.first_key_value().map(|(&(at, _), _)| at);
            let timer = self.timer();
            let next = packet.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|&next| next <= end) else { break };
            self.now = self.now.max(next);
            if packet == Some(next) {
                let (_, due) = self.due.pop_first().expect("peeked");
                self.happen(due);
            } else if let Some((_, id)) = timer {
                self.input(id, Input::Timeout);
            }
        }
        self.now = self.now.max(end);
    }

    fn timer(&mut self) -> Option<(Instant, NodeId)> {
        let left = &self.left;
        let rings = self.rings.iter_mut().filter(|(id, _)| !left.contains(id));
        let due = rings.filter_map(|(&id, ring)| match ring.poll() {
            Output::Wait(deadline) => Some((deadline?.at, id)),
            Output::Send { .. } | Output::Store(_) | Output::Event(_) => {
                unreachable!("it was drained")
            }
        });
        due.min()
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Packet { from, to, bytes } => {
                if !(self.cut.contains(&from) || self.cut.contains(&to)) {
                    self.input(to, Input::Packet { from, bytes });
                }
            }
            Due::Stored(id, seq) => self.input(id, Input::Stored(seq)),
        }
    }
}
