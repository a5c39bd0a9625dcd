//! Rings driven by hand over a network of fixed delay: the life of a ring in its plainest form.
//! Faults of every kind are the simulator's business.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use std::format;
use std::string::String;

use super::*;
use crate::config::{Identity, Limits, Timing, Tuning};
use crate::configuration::Kind;
use crate::ids::Seq;
use crate::output::{Event, Message};

const DELAY: Duration = Duration::from_micros(100);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

/// What travels, or must be done, at an instant.
enum Due {
    Packet { from: NodeId, to: NodeId, bytes: Bytes },
    Stored(NodeId, RingSeq),
    Refused { from: NodeId, by: NodeId },
}

#[derive(Default)]
struct Net {
    now: Instant,
    rings: BTreeMap<NodeId, Ring>,
    due: BTreeMap<(Instant, u64), Due>,
    order: u64,
    /// Directed edges that carry nothing.
    cut: BTreeSet<(NodeId, NodeId)>,
    told: BTreeMap<NodeId, Vec<String>>,
    left: BTreeSet<NodeId>,
    refusals: bool,
}

impl Net {
    fn with(ids: &[u32]) -> Self {
        let mut net = Self::default();
        for &id in ids {
            net.start(id, 1);
        }
        net
    }

    fn start(&mut self, id: u32, boot: u64) {
        let identity = Identity { me: node(id), boot, weight: 1, seed: u64::from(id) };
        let limits = Limits { first: Seq::new(0xffff_fff0), ..Limits::for_packet(600) };
        let config = Config::new(identity, Timing::default(), limits).expect("valid");
        let last = self.rings.get(&node(id)).map_or(RingSeq::new(0), |ring| ring.status().highest);
        self.left.remove(&node(id));
        self.rings.insert(node(id), Ring::new(config, last, self.now));
        self.drain(node(id));
    }

    fn kill(&mut self, id: u32) {
        self.left.insert(node(id));
    }

    fn push(&mut self, at: Instant, due: Due) {
        self.order += 1;
        self.due.insert((at, self.order), due);
    }

    fn drain(&mut self, id: NodeId) {
        loop {
            let ring = self.rings.get_mut(&id).expect("known");
            match ring.poll() {
                Output::Send { to, packet } => {
                    let receivers: Vec<NodeId> = match to {
                        Destination::Everyone => self.rings.keys().copied().collect(),
                        Destination::Node(node) => Vec::from([node]),
                    };
                    for to in receivers.into_iter().filter(|&to| to != id) {
                        let due = Due::Packet { from: id, to, bytes: packet.clone() };
                        self.push(self.now + DELAY, due);
                        let unicast = matches!(packet.first(), Some(1 | 4 | 6));
                        if self.refusals && self.left.contains(&to) && unicast {
                            let due = Due::Refused { from: id, by: to };
                            self.push(self.now + DELAY, due);
                        }
                    }
                }
                Output::Store(seq) => self.push(self.now + 10 * DELAY, Due::Stored(id, seq)),
                Output::Event(event) => self.tell(id, event),
                Output::Wait(_) => return,
            }
        }
    }

    fn tell(&mut self, id: NodeId, event: Event) {
        let line = match event {
            Event::Configuration(configuration) => {
                if configuration.kind == Kind::Regular {
                    let now = self.now;
                    self.rings.get_mut(&id).expect("known").open_data_lane(now);
                }
                let members: Vec<u32> = configuration.members.iter().map(|id| id.get()).collect();
                format!("{:?} {members:?}", configuration.kind)
            }
            Event::Message(Message { from, payload, .. }) if payload.len() < 100 => {
                format!("{from}:{}", String::from_utf8_lossy(&payload))
            }
            Event::Message(Message { from, payload, .. }) => format!("{from}:{}B", payload.len()),
            Event::Left => {
                self.left.insert(id);
                return;
            }
        };
        self.told.entry(id).or_default().push(line);
    }

    fn say(&mut self, id: u32, guarantee: Guarantee, message: &[u8]) {
        let (id, now) = (node(id), self.now);
        let ring = self.rings.get_mut(&id).expect("known");
        let message = Bytes::copy_from_slice(message);
        ring.multicast(now, Lane::Data, guarantee, message).expect("room");
        self.drain(id);
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let packet = self.due.first_key_value().map(|(&(at, _), _)| at);
            let timer = self.rings.iter().filter(|(id, _)| !self.left.contains(id));
            let timer = timer.filter_map(|(&id, ring)| Some((ring.local.timers.next()?.at, id)));
            let timer = timer.min();
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
        self.now = end;
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Packet { from, to, bytes } => {
                if !self.cut.contains(&(from, to)) {
                    self.input(to, Input::Packet { from, bytes });
                }
            }
            Due::Stored(id, seq) => self.input(id, Input::Stored(seq)),
            Due::Refused { from, by } => self.input(from, Input::Unreachable(by)),
        }
    }

    fn input(&mut self, id: NodeId, input: Input) {
        if self.left.contains(&id) {
            return;
        }
        let now = self.now;
        let ring = self.rings.get_mut(&id).expect("known");
        ring.handle(now, input).expect("a correct peer");
        self.drain(id);
    }

    fn told(&mut self, id: u32) -> Vec<String> {
        self.told.remove(&node(id)).unwrap_or_default()
    }

    /// Runs until every node left is in one ring, at most `bound`; returns how long it took.
    fn until_one_ring(&mut self, bound: Duration) -> Duration {
        let began = self.now;
        while self.now.since(began) < bound {
            self.run(Duration::from_millis(1));
            let here: BTreeSet<NodeId> =
                self.rings.keys().copied().filter(|id| !self.left.contains(id)).collect();
            if here.iter().all(|id| self.rings[id].status().members == here) {
                return self.now.since(began);
            }
        }
        let phases: Vec<Status> = self.rings.values().map(Ring::status).collect();
        panic!("no ring after {bound:?}: {phases:?}");
    }
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn nodes_that_start_together_form_one_ring_at_once() {
    let mut net = Net::with(&[1, 2, 3, 4, 5]);
    net.until_one_ring(milliseconds(300));
    for id in 1..=5 {
        assert_eq!(net.told(id), ["Regular [1, 2, 3, 4, 5]"]);
    }
}

#[test]
fn a_node_alone_is_a_ring_and_delivers_its_own_messages() {
    let mut net = Net::with(&[1]);
    net.until_one_ring(milliseconds(400));
    net.say(1, Guarantee::Agreed, b"a");
    net.say(1, Guarantee::Safe, b"b");
    net.run(milliseconds(1));
    assert_eq!(net.told(1), ["Regular [1]", "1:a", "1:b"]);
}

#[test]
fn all_members_deliver_the_same_in_the_same_order() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    for id in 1..=3 {
        for text in ["x", "y", "z"] {
            net.say(id, Guarantee::Agreed, text.as_bytes());
        }
        net.say(id, Guarantee::Safe, &[0; 20_000]);
    }
    net.run(milliseconds(200));
    let first = net.told(1);
    assert_eq!(first.len(), 1 + 12);
    assert_eq!(net.told(2), first);
    assert_eq!(net.told(3), first);
}

#[test]
fn an_idle_ring_lets_the_token_rest_and_wakes_at_once() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    net.run(milliseconds(1_000));
    let before = net.rings[&node(2)].stats().tokens;
    net.run(milliseconds(1_000));
    let idle = net.rings[&node(2)].stats().tokens - before;
    assert!((10..=25).contains(&idle), "{idle} rotations in an idle second");
    net.told(1);
    net.say(3, Guarantee::Agreed, b"wake");
    net.run(milliseconds(2));
    assert_eq!(net.told(1), ["3:wake"]);
}

#[test]
fn an_idle_token_rests_with_who_sent_last() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(500));
    for id in [3, 2, 1, 3] {
        net.say(id, Guarantee::Agreed, b"first");
        net.run(milliseconds(500));
        net.told(1 + id % 3);
        net.say(id, Guarantee::Agreed, b"next");
        net.run(DELAY);
        assert_eq!(net.told(1 + id % 3), [format!("{id}:next")], "it leaves at once");
    }
}

#[test]
fn messages_await_the_token_while_it_is_elsewhere() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(500));
    net.run(milliseconds(500));
    let awaited = |net: &Net, id| net.rings[&node(id)].awaited();
    assert_eq!([1, 2, 3].map(|id| awaited(&net, id)), [None; 3], "nothing waits");
    net.say(1, Guarantee::Agreed, b"the token rests here");
    net.run(milliseconds(500));
    net.say(2, Guarantee::Agreed, b"hello");
    let span = awaited(&net, 2).expect("the token is elsewhere");
    assert!(span > Duration::ZERO && span < milliseconds(10), "{span:?}");
    net.run(milliseconds(10));
    assert_eq!(awaited(&net, 2), None, "it was sent");
    let mut alone = Net::with(&[7]);
    alone.until_one_ring(milliseconds(500));
    alone.say(7, Guarantee::Agreed, b"hello");
    assert_eq!(awaited(&alone, 7), None, "the token is here");
}

#[test]
fn a_dead_daemon_is_proven_dead_long_before_its_silence_would_count() {
    let mut net = Net::with(&[1, 2, 3]);
    net.refusals = true;
    net.until_one_ring(milliseconds(300));
    net.run(milliseconds(500));
    net.kill(2);
    let took = net.until_one_ring(milliseconds(500));
    assert!(took < milliseconds(300), "{took:?}");
    for id in [1, 3] {
        let told = net.told(id);
        assert_eq!(told[1..], ["Transitional [1, 3]", "Regular [1, 3]"]);
    }
}

#[test]
fn a_silent_host_is_given_up_after_the_token_timeout_and_little_more() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    net.kill(3);
    let took = net.until_one_ring(milliseconds(11_000));
    assert!(took > milliseconds(9_900) && took < milliseconds(10_500), "{took:?}");
}

#[test]
fn a_good_bye_costs_no_wait() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    let now = net.now;
    net.rings.get_mut(&node(1)).expect("known").leave(now);
    net.drain(node(1));
    net.run(milliseconds(20));
    assert!(net.left.contains(&node(1)));
    let took = net.until_one_ring(milliseconds(200));
    assert!(took < milliseconds(60), "{took:?}");
}

#[test]
fn a_restarted_node_comes_back_as_another() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    net.run(milliseconds(100));
    net.start(2, 2);
    let took = net.until_one_ring(milliseconds(1_000));
    assert!(took < milliseconds(500), "{took:?}");
    assert_eq!(net.told(1)[1..], ["Transitional [1, 3]", "Regular [1, 2, 3]"]);
}

#[test]
fn a_newcomer_costs_one_configuration() {
    let mut net = Net::with(&[1, 2]);
    net.until_one_ring(milliseconds(300));
    net.run(milliseconds(500));
    net.start(3, 1);
    let took = net.until_one_ring(milliseconds(1_000));
    assert!(took < milliseconds(300), "{took:?}");
    assert_eq!(net.told(1)[1..], ["Transitional [1, 2]", "Regular [1, 2, 3]"]);
    assert_eq!(net.told(3), ["Regular [1, 2, 3]"]);
}

#[test]
fn partitions_part_and_merge() {
    let mut net = Net::with(&[1, 2, 3, 4]);
    net.until_one_ring(milliseconds(300));
    for (a, b) in [(1, 3), (1, 4), (2, 3), (2, 4)] {
        net.cut.extend([(node(a), node(b)), (node(b), node(a))]);
    }
    net.run(milliseconds(11_000));
    for id in 1..=4 {
        let told = net.told(id);
        let side = if id < 3 { "[1, 2]" } else { "[3, 4]" };
        assert_eq!(told[1..], [format!("Transitional {side}"), format!("Regular {side}")]);
    }
    net.cut.clear();
    let took = net.until_one_ring(milliseconds(2_000));
    assert!(took < milliseconds(1_000), "{took:?}");
}

#[test]
fn one_cut_edge_costs_one_configuration_and_then_nothing() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    net.cut.extend([(node(1), node(3)), (node(3), node(1))]);
    net.run(milliseconds(87_000));
    assert_eq!(net.told(1)[1..], ["Transitional [1, 2]", "Regular [1, 2]"]);
    assert_eq!(net.told(2)[1..], ["Transitional [1, 2]", "Regular [1, 2]"]);
    assert_eq!(net.told(3)[1..], ["Transitional [3]", "Regular [3]"]);
    net.cut.clear();
    net.until_one_ring(milliseconds(2_000));
}

#[test]
fn a_one_way_cut_costs_one_configuration_and_then_nothing() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    net.cut.extend([(node(3), node(1))]);
    net.run(milliseconds(60_000));
    assert_eq!(net.told(1)[1..], ["Transitional [1, 2]", "Regular [1, 2]"]);
    assert_eq!(net.told(3)[1..], ["Transitional [3]", "Regular [3]"]);
}

#[test]
fn rubbish_is_refused_and_harms_nothing() {
    let mut net = Net::with(&[1, 2]);
    net.until_one_ring(milliseconds(300));
    let now = net.now;
    let ring = net.rings.get_mut(&node(1)).expect("known");
    for bytes in [&b""[..], &[1], &[9, 9, 9], &[2; 40], &[0xff; 900]] {
        let input = Input::Packet { from: node(2), bytes: Bytes::copy_from_slice(bytes) };
        let _ = ring.handle(now, input);
    }
    assert_eq!(ring.stats().packets_refused, 4, "2222… is a frame of another ring");
    net.run(milliseconds(500));
    assert_eq!(net.told(1).len(), 1);
}

impl Net {
    fn retune(&mut self, id: u32, change: impl FnOnce(&mut Tuning)) {
        let now = self.now;
        let ring = self.rings.get_mut(&node(id)).expect("known");
        let mut tuning = ring.local.config.tuning();
        change(&mut tuning);
        ring.retune(now, tuning).expect("a tuning that works");
        self.drain(node(id));
    }

    fn isolate(&mut self, id: u32) {
        for other in self.rings.keys().copied().filter(|&other| other != node(id)) {
            self.cut.extend([(node(id), other), (other, node(id))]);
        }
    }
}

fn impatient(tuning: &mut Tuning) {
    tuning.timing.token = milliseconds(500);
    tuning.timing.consensus = milliseconds(600);
}

#[test]
fn a_shorter_token_timeout_counts_from_the_change_on_and_moves_nobody() {
    let mut net = Net::with(&[1, 2, 3]);
    net.until_one_ring(milliseconds(300));
    for id in 1..=3 {
        net.told(id);
        net.retune(id, impatient);
        net.run(milliseconds(300));
    }
    net.run(milliseconds(3_000));
    for id in 1..=3 {
        assert_eq!(net.told(id), Vec::<String>::new());
    }
    net.isolate(3);
    let silent = net.now;
    net.left.insert(node(3));
    net.until_one_ring(milliseconds(1_000));
    assert!(net.now.since(silent) >= milliseconds(450), "{:?}", net.now.since(silent));
    assert_eq!(net.told(1), ["Transitional [1, 2]", "Regular [1, 2]"]);
}

#[test]
fn a_silence_under_way_is_given_no_more_than_the_new_timeout_and_no_less() {
    let mut net = Net::with(&[1, 2]);
    net.until_one_ring(milliseconds(300));
    net.isolate(2);
    net.left.insert(node(2));
    net.run(milliseconds(3_000));
    net.retune(1, impatient);
    assert!(net.until_one_ring(milliseconds(1_500)) >= milliseconds(490));
}

#[test]
fn a_longer_token_timeout_gives_a_silence_under_way_the_difference() {
    let mut net = Net::with(&[1, 2]);
    net.until_one_ring(milliseconds(300));
    let usual = *net.rings[&node(1)].local.config.timing();
    net.retune(1, impatient);
    net.isolate(2);
    net.left.insert(node(2));
    net.run(milliseconds(300));
    net.retune(1, |tuning| tuning.timing = usual);
    assert!(net.until_one_ring(milliseconds(13_000)) >= milliseconds(9_300));
}

#[test]
fn a_tuning_that_does_not_work_changes_nothing() {
    let mut net = Net::with(&[1]);
    net.until_one_ring(milliseconds(400));
    let now = net.now;
    let ring = net.rings.get_mut(&node(1)).expect("known");
    let (config, due) = (ring.local.config.clone(), ring.local.timers.next());
    let tuning = config.tuning();
    let timing = Timing { token: milliseconds(1), ..tuning.timing };
    let refused = ring.retune(now, Tuning { timing, ..tuning }).expect_err("shorter than hold");
    assert_eq!(format!("{refused}"), "token is 1ms, at least 100ms is needed");
    let too_wide = Tuning { window: config.limits().span, ..tuning };
    assert!(ring.retune(now, too_wide).is_err());
    assert_eq!((&ring.local.config, ring.local.timers.next()), (&config, due));
}
