//! A whole stack, and a member of its ring that says whatever the bytes say.
//!
//! Must never give the stack anything but what its ring orders: packets are another player's.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use daemon::stack::command::{Command, Leave, NodeEntry, RequestId, SessionId, Wanted};
use daemon::stack::effect::{Effect, FileJob};
use daemon::stack::lookup::Shown;
use daemon::stack::reconfigure::Reconfiguration;
use daemon::stack::{self, Held, Stack};
use quorum::Votes;
use totem::{
    Config, Destination, Event, Guarantee, Identity, Input, Instant, Kind, Lane, Limits, NodeId,
    Output, Ring, RingSeq, Timing,
};

use super::choices::Choices;

const DELAY: Duration = Duration::from_micros(100);

/// Most packets and timers of one run.
const MOST: usize = 1_000;

/// Messages remembered, to be said again with changes.
const REMEMBERED: usize = 8;

/// Plays `bytes` to the services of a stack.
///
/// # Panics
/// The stack does: that is what is looked for.
pub fn services(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut play = Play::new(&mut choices);
    play.run(Duration::from_millis(500));
    while !choices.is_over() {
        play.step(&mut choices);
    }
}

struct Play {
    now: Instant,
    stack: Stack,
    rogue: Ring,
    flying: VecDeque<(Instant, NodeId, Bytes)>,
    deadline: Option<Instant>,
    heard: VecDeque<Bytes>,
    cut: bool,
    requests: u64,
    /// What another version makes of the stack.
    new: Reconfiguration,
}

fn id(number: u32) -> NodeId {
    NodeId::new(number).expect("the players are one and two")
}

/// The configuration of this version.
fn text(version: u32) -> Vec<u8> {
    let nodes = "<clusternode name=\"a\" nodeid=\"1\"/><clusternode name=\"b\" nodeid=\"2\"/>";
    format!(
        "<cluster name=\"cluster\" config_version=\"{version}\"><cman cluster_id=\"1\"/>\
         <clusternodes>{nodes}</clusternodes></cluster>"
    )
    .into_bytes()
}

fn config(me: u32) -> Config {
    let identity = Identity { me: id(me), boot: 1, weight: 1, seed: u64::from(me) };
    Config::new(identity, Timing::default(), Limits::for_packet(1_000)).expect("it is valid")
}

impl Play {
    fn new(choices: &mut Choices<'_>) -> Self {
        let two_node = choices.flag();
        let ids = if two_node { 1..=2 } else { 1..=3 };
        let votes: BTreeMap<NodeId, Votes> = ids.map(|node| (id(node), Votes::ONE)).collect();
        let expected = two_node.then_some(Votes::ONE);
        let entry = |&node: &NodeId| NodeEntry {
            id: node,
            name: format!("node{node}"),
            votes: 1,
            addresses: Vec::new(),
        };
        let now = Instant::from_nanos(1_000_000_000);
        let ids: Vec<NodeEntry> = votes.keys().map(entry).collect();
        let voting = quorum::Config::new(id(1), votes, expected, two_node).expect("it is valid");
        let new = Reconfiguration {
            version: 2,
            nodes: ids,
            voting: Some(voting.clone()),
            tuning: config(1).tuning(),
            disallowed: choices.flag(),
            shutdown_timeout: Duration::from_secs(1),
            shown: Shown::default(),
            keys: 0,
        };
        let config = stack::Config {
            ring: config(1),
            last: RingSeq::new(0),
            cluster: "cluster".to_owned(),
            cluster_id: 1,
            config_version: 1,
            nodes: new.nodes.clone(),
            voting,
            disallowed: choices.flag(),
            shutdown_timeout: Duration::from_secs(5),
            held: Held { text: text(1).into(), accepted: Vec::new(), mark: 0, copied: false },
            shown: Shown::default(),
        };
        let mut play = Self {
            now,
            stack: Stack::new(config, now),
            rogue: Ring::new(self::config(2), RingSeq::new(0), now),
            flying: VecDeque::new(),
            deadline: None,
            heard: VecDeque::new(),
            cut: false,
            requests: 0,
            new,
        };
        play.drain();
        play
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.byte() % 16 {
            0 | 1 => self.run(Duration::from_millis(1)),
            2 => self.run(Duration::from_millis(300)),
            3 => self.run(Duration::from_secs(12)),
            4 => self.cut = !self.cut,
            5 | 6 => self.ask(choices),
            _ => self.say(choices),
        }
        self.drain();
    }

    /// The rogue says rubbish, or something it heard with a few bytes changed.
    fn say(&mut self, choices: &mut Choices<'_>) {
        let known = self.heard.len();
        let mut message = match usize::from(choices.byte()) % (REMEMBERED + 2) {
            index if index < known => self.heard.get(index).expect("it is within").to_vec(),
            _ => {
                let length = usize::from(choices.byte());
                choices.bytes(length).to_vec()
            }
        };
        for _ in 0..choices.byte() % 4 {
            let (at, value) = (usize::from(choices.byte()), choices.byte());
            match choices.byte() % 4 {
                0 => message.truncate(at),
                1 => message.extend(std::iter::repeat_n(value, at)),
                2 | 3 => {
                    let length = message.len().max(1);
                    if let Some(byte) = message.get_mut(at % length) {
                        *byte = value;
                    }
                }
                _ => unreachable!("reduced to four"),
            }
        }
        let lane = if choices.flag() { Lane::Sync } else { Lane::Data };
        // A full queue is no panic.
        let _ = self.rogue.multicast(self.now, lane, Guarantee::Agreed, message.into());
        if choices.flag() {
            self.drain();
            self.run(Duration::from_millis(1));
        }
    }

    fn ask(&mut self, choices: &mut Choices<'_>) {
        self.requests += 1;
        let session = SessionId(u64::from(choices.byte() % 3));
        let request = RequestId { session, number: self.requests };
        let command = match choices.byte() % 16 {
            0 => Command::Leave(Leave { remove: choices.flag(), force: choices.flag() }),
            1..=3 => Command::Nodes,
            4..=6 => Command::Watch { on: choices.flag(), objects: choices.flag() },
            7..=9 => Command::Attach,
            10 | 11 => return self.stack.gone(self.now, session),
            12 | 13 => {
                let payload = Bytes::from(vec![7; 16 * usize::from(choices.byte())]);
                Command::Multicast { guarantee: Guarantee::Safe, payload }
            }
            14 => match choices.byte() % 4 {
                0 => Command::Kill(id(1 + u32::from(choices.byte() % 4))),
                1 => Command::Agree(choices.flag()),
                2 => Command::Reload(Wanted { least: 0, dry_run: choices.flag() }),
                _ => Command::SetDirty,
            },
            _ => Command::Status,
        };
        self.stack.command(self.now, request, command);
    }

    fn drain(&mut self) {
        self.drain_stack();
        self.drain_rogue();
        self.drain_stack();
    }

    fn drain_stack(&mut self) {
        loop {
            match self.stack.poll() {
                Effect::Send { to, packet } => self.send(1, to, packet),
                // What is stored is no packet.
                Effect::Store(seq) => drop(self.stack.handle(self.now, Input::Stored(seq))),
                Effect::Wait(deadline) => {
                    self.deadline = deadline.map(|deadline| deadline.at);
                    return;
                }
                Effect::File(job) => self.file(&job),
                Effect::Reply { .. }
                | Effect::Notify { .. }
                | Effect::NotifyAll { .. }
                | Effect::Report(_)
                | Effect::Debug(_)
                | Effect::Admit(_)
                | Effect::Exit(_) => {}
            }
        }
    }

    fn file(&mut self, job: &FileJob) {
        match *job {
            FileJob::Fetch(request) => {
                let read = Ok(("cluster.conf".to_owned(), text(2)));
                self.stack.fetched(self.now, request, read);
            }
            FileJob::Stage { ticket, .. } => {
                let new = Box::new(self.new.clone());
                self.stack.staged(self.now, ticket, Ok(new));
            }
            FileJob::Activate { ticket, .. } => self.stack.activated(self.now, ticket, Ok(())),
            FileJob::Unstage(_) => {}
        }
    }

    fn drain_rogue(&mut self) {
        loop {
            match self.rogue.poll() {
                Output::Send { to, packet } => self.send(2, to, packet),
                Output::Store(seq) => drop(self.rogue.handle(self.now, Input::Stored(seq))),
                Output::Event(Event::Configuration(change)) => {
                    if change.kind == Kind::Regular {
                        self.rogue.open_data_lane(self.now);
                    }
                }
                Output::Event(Event::Message(message)) => {
                    self.heard.push_front(message.payload);
                    self.heard.truncate(REMEMBERED);
                }
                Output::Event(Event::Left) | Output::Wait(_) => return,
            }
        }
    }

    fn send(&mut self, from: u32, to: Destination, packet: Bytes) {
        let receiver = id(3 - from);
        let meant = to == Destination::Everyone || to == Destination::Node(receiver);
        if meant && !self.cut {
            self.flying.push_back((self.now + DELAY, receiver, packet));
        }
    }

    fn rogue_deadline(&mut self) -> Option<Instant> {
        self.drain_rogue();
        match self.rogue.poll() {
            Output::Wait(deadline) => deadline.map(|deadline| deadline.at),
            Output::Send { .. } | Output::Store(_) | Output::Event(_) => None,
        }
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        for _ in 0..MOST {
            let rogue = self.rogue_deadline();
            let packet = self.flying.front().map(|&(at, ..)| at);
            let next = packet.into_iter().chain(self.deadline).chain(rogue).min();
            let Some(next) = next.filter(|&next| next <= end) else { break };
            self.now = self.now.max(next);
            // Both players' packets are of correct rings; the rogue lies inside its messages.
            let _ = if packet == Some(next) {
                let (_, to, bytes) = self.flying.pop_front().expect("peeked");
                if to == id(1) {
                    self.stack.handle(self.now, Input::Packet { from: id(2), bytes })
                } else {
                    self.rogue.handle(self.now, Input::Packet { from: id(1), bytes })
                }
            } else if self.deadline == Some(next) {
                self.stack.handle(self.now, Input::Timeout)
            } else {
                self.rogue.handle(self.now, Input::Timeout)
            };
            self.drain();
        }
        self.now = self.now.max(end);
    }
}
