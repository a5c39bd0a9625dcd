//! Draws a world and its faults from a seed.
//!
//! Must never turn all dials at once: a fault that is always there hides what happens without it
//! (swarm testing: Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012). Each seed first decides which
//! dials exist at all, then how far each is turned.
//!
//! Most faults come close upon another: the interesting windows are those between the loss of a
//! token and the installation of the next ring, and they are milliseconds wide.

pub mod ballot;
mod reloads;
mod set_pieces;

use core::time::Duration;

use quorum::Votes;
use totem::{Limits, NodeId, Plant, Seq, Timing};

use super::{Ballot, Machine, Plan, Quality, Span, Tamper, Traffic};
use crate::check::group::Group;
use crate::faults::{Fault, Moment, Trigger};
use crate::rng::Rng;

const PERCENT: u32 = 10_000;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The plan of this seed.
#[must_use]
pub fn draw(seed: u64) -> Plan {
    let mut rng = Rng::new(seed ^ 0x746f_7465_6d2e_7273);
    let two_node = rng.once_in(16);
    let nodes = if two_node { 2 } else { rng.pick(&[3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 7, 8, 9]) };
    let calm = Quality::calm(rng.pick(&[
        Span::micros(50, 300),
        Span::micros(100, 1_000),
        Span::micros(100, 1_000),
        Span::micros(500, 3_000),
        Span::micros(2_000, 8_000),
    ]));
    let disk =
        rng.pick(&[Span::micros(100, 500), Span::micros(500, 8_000), Span::micros(10, 40_000)]);
    let lateness = rng.pick(&[Span::NONE, Span::micros(0, 200), Span::micros(0, 4_000)]);
    let timing = timing(&mut rng, patience(nodes, [calm.latency, lateness, disk]));
    let heal = rng.duration(ms(1_500), ms(5_000));
    let limits = Limits { first: first(seed), ..limits(&mut rng) };
    let mut traffic = traffic(&mut rng, nodes, heal);
    if limits.window < 32 || limits.per_turn < 16 || limits.packet < 600 {
        // A hundred kilobytes in a few frames per rotation take longer than a world lasts.
        traffic.huge = 0;
    }
    let mut plan = Plan {
        seed,
        machines: machines(&mut rng, nodes, two_node),
        two_node,
        disallowed: None,
        ballot: Ballot::default(),
        timing,
        limits,
        rough: rough(&mut rng, calm),
        calm: if rng.once_in(5) { Quality { loss: PERCENT / 2, ..calm } } else { calm },
        disk,
        lateness,
        traffic,
        tamper: rng.once_in(4).then(|| tamper(&mut rng)),
        hints_per_million: rng.pick(&[0, 300_000, 1_000_000]),
        faults: Vec::new(),
        heal,
        plant: Plant::default(),
        versions: Vec::new(),
        dead: if rng.once_in(4) { vec![rng.size(0, nodes - 1)] } else { Vec::new() },
    };
    plan.faults = Drawer { rng, plan: &plan, faults: Vec::new() }.faults();
    plan
}

/// The least token timeout with which a ring can work: a few rotations, and a commit token that
/// waits for one disk after the other.
fn patience(nodes: usize, [latency, lateness, disk]: [Span; 3]) -> Duration {
    let nodes = u32::try_from(nodes).expect("plans have few nodes");
    let hop = latency.most + lateness.most;
    nodes * (4 * hop + disk.most)
}

fn timing(rng: &mut Rng, least: Duration) -> Timing {
    let token = rng.pick(&[ms(250), ms(400), ms(400), ms(1_000)]).max(least);
    Timing {
        token,
        retransmit: rng.duration(ms(2), ms(10)),
        hold: rng.duration(ms(10), ms(60)),
        join: rng.duration(ms(15), ms(60)),
        consensus: rng.duration(ms(150), ms(700)),
        beacon: rng.duration(ms(50), ms(200)),
        probe: rng.duration(ms(5), ms(20)),
    }
}

fn machines(rng: &mut Rng, nodes: usize, two_node: bool) -> Vec<Machine> {
    let (sparse, weighted, skewed, late) =
        (rng.once_in(2), rng.once_in(3), rng.once_in(2), rng.once_in(4));
    let mut id = 0;
    let mut draw = |index: usize| {
        id += if sparse { rng.between_u32(1, 1_000_000) } else { 1 };
        // The first node always votes, so that somebody does.
        let votes = if weighted && !two_node && index > 0 { rng.between_u32(0, 3) } else { 1 };
        let ppm = i64::from(rng.between_u32(0, 20_000)) - 10_000;
        let behind = late && rng.once_in(2);
        let latest = if behind { ms(2_500) } else { ms(100) };
        Machine {
            id: NodeId::new(id).expect("ids start at one"),
            votes: Votes::new(votes),
            clock_ppm: if skewed { ppm } else { 0 },
            start: Some(rng.duration(Duration::ZERO, latest)),
        }
    };
    (0..nodes).map(&mut draw).collect()
}

fn limits(rng: &mut Rng) -> Limits {
    let packet = rng.pick(&[300, 600, 1_400, 1_400, 8_000]);
    let span = rng.pick(&[64, 256, 8_192]);
    let limits = limits_within(rng, span);
    Limits { packet, message: 128 << 10, backlog: rng.pick(&[128 << 10, 1 << 20]), ..limits }
}

/// How much at a time, for rings of this span.
fn limits_within(rng: &mut Rng, span: u32) -> Limits {
    let window = rng.pick(&[4, 16, 32, 512]).min(span / 2);
    let per_turn = rng.pick(&[1, 4, 16, 128]).min(window);
    let accelerated = rng.pick(&[0, 1, 8, 64]).min(per_turn);
    Limits { window, per_turn, accelerated, span, ..Limits::for_packet(0) }
}

/// Where rings begin: in every fourth world shortly before the places wrap. From a source of its
/// own, so that it can change without all worlds changing.
fn first(seed: u64) -> Seq {
    let mut rng = Rng::new(seed ^ 0x7365_7175_656e_6365);
    let before = rng.between_u32(0, 255);
    Seq::new(if rng.once_in(4) { u32::MAX - before } else { 0 })
}

fn rough(rng: &mut Rng, calm: Quality) -> Quality {
    let mut dial = |once_in: u64| -> u32 {
        let level = rng.pick(&[PERCENT / 10, PERCENT, 5 * PERCENT, 20 * PERCENT]);
        if rng.once_in(once_in) { level } else { 0 }
    };
    Quality {
        latency: calm.latency,
        loss: dial(4),
        loss_multicast: dial(3),
        loss_unicast: dial(4),
        duplicate: dial(3),
        reorder: dial(3),
        detour: Span { least: Duration::ZERO, most: ms(40) },
    }
}

fn traffic(rng: &mut Rng, nodes: usize, heal: Duration) -> Traffic {
    let messages = rng.pick(&[30, 100, 300, 600]);
    let burst: usize = rng.pick(&[1, 3, 10]);
    let speakers = u32::try_from(nodes * burst.div_ceil(2)).expect("few nodes, small bursts");
    let mean = heal * speakers / messages;
    Traffic {
        pause: Span { least: mean / 4, most: 2 * mean },
        burst,
        safe: rng.pick(&[0, 30 * PERCENT, 30 * PERCENT, 100 * PERCENT]),
        long: rng.pick(&[0, 5 * PERCENT, 30 * PERCENT]),
        huge: if rng.once_in(12) { PERCENT } else { 0 },
    }
}

fn tamper(rng: &mut Rng) -> Tamper {
    let mut dial = || rng.pick(&[0, PERCENT / 10, PERCENT, 10 * PERCENT]);
    Tamper { flip: dial(), truncate: dial(), replay: dial(), foreign: dial() }
}

struct Drawer<'a> {
    rng: Rng,
    plan: &'a Plan,
    faults: Vec<(Duration, Fault)>,
}

/// Kinds of trouble; a seed has some of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Crash,
    Pause,
    Leave,
    Cut,
    Split,
    Link,
    Hint,
    Storm,
    Trap,
}

const TROUBLES: [Trouble; 9] = [
    Trouble::Crash,
    Trouble::Pause,
    Trouble::Leave,
    Trouble::Cut,
    Trouble::Split,
    Trouble::Link,
    Trouble::Hint,
    Trouble::Storm,
    Trouble::Trap,
];

impl Drawer<'_> {
    fn faults(mut self) -> Vec<(Duration, Fault)> {
        let mut kinds: Vec<Trouble> = Vec::new();
        for kind in TROUBLES {
            if self.rng.once_in(2) {
                kinds.push(kind);
            }
        }
        let events = if kinds.is_empty() { 0 } else { self.rng.size(0, 12) };
        let mut last = ms(300);
        for _ in 0..events {
            let at = if self.rng.once_in(2) {
                self.rng.duration(ms(200), self.plan.heal)
            } else {
                last + self.soon()
            };
            last = at;
            let kind = self.rng.pick(&kinds);
            self.trouble(kind, at);
        }
        self.set_pieces();
        self.reloads();
        let heal = self.plan.heal;
        self.faults.retain(|(at, _)| *at < heal);
        self.faults
    }

    /// A time in which the trouble before this one is being dealt with.
    fn soon(&mut self) -> Duration {
        let timing = self.plan.timing;
        let base = self.rng.pick(&[Duration::ZERO, timing.token, timing.token + timing.consensus]);
        base + self.rng.duration(Duration::ZERO, ms(60))
    }

    fn node(&mut self) -> usize {
        self.rng.size(0, self.plan.machines.len() - 1)
    }

    fn pair(&mut self) -> (usize, usize) {
        let from = self.node();
        let step = self.rng.size(1, self.plan.machines.len() - 1);
        (from, (from + step) % self.plan.machines.len())
    }

    fn push(&mut self, at: Duration, fault: Fault) {
        self.faults.push((at, fault));
    }

    fn trouble(&mut self, kind: Trouble, at: Duration) {
        match kind {
            Trouble::Crash => self.crash(at),
            Trouble::Pause => {
                let fault = self.pause();
                self.push(at, fault);
            }
            Trouble::Leave => {
                let node = self.node();
                self.push(at, Fault::Leave { node });
                let back = self.rng.duration(ms(20), ms(1_500));
                self.push(at + back, Fault::Start { node });
            }
            Trouble::Cut => self.cut(at),
            Trouble::Split => self.split(at),
            Trouble::Link => {
                let (from, to) = self.pair();
                let slow = Span { least: ms(1), most: self.plan.timing.token };
                let loss = self.rng.pick(&[20 * PERCENT, 60 * PERCENT, 95 * PERCENT]);
                let mut quality = Quality { loss, ..self.plan.rough };
                if self.rng.once_in(2) {
                    quality = Quality { latency: slow, ..self.plan.rough };
                }
                self.push(at, Fault::Link { from, to, quality });
                let quality = self.plan.rough;
                let until = at + self.rng.duration(ms(50), ms(1_500));
                self.push(until, Fault::Link { from, to, quality });
            }
            Trouble::Hint => {
                let (to, about) = self.pair();
                self.push(at, Fault::FalseHint { to, about });
            }
            Trouble::Storm => self.storm(at),
            Trouble::Trap => self.trap(at),
        }
    }

    fn crash(&mut self, at: Duration) {
        let (node, written) = (self.node(), self.rng.once_in(2));
        self.push(at, Fault::Crash { node, written });
        if !self.rng.once_in(5) {
            let longest = self.rng.pick(&[ms(20), ms(200), ms(1_500)]);
            let back = self.rng.duration(ms(1), longest);
            self.push(at + back, Fault::Start { node });
        }
    }

    fn pause(&mut self) -> Fault {
        let node = self.node();
        let tenths = self.rng.pick(&[1, 5, 9, 11, 20, 40]);
        Fault::Pause { node, length: self.plan.timing.token * tenths / 10 }
    }

    fn cut(&mut self, at: Duration) {
        let (from, to) = self.pair();
        let until = at + self.rng.duration(ms(20), ms(2_000));
        self.push(at, Fault::Cut { from, to });
        self.push(until, Fault::Mend { from, to });
        if self.rng.once_in(2) {
            self.push(at, Fault::Cut { from: to, to: from });
            self.push(until, Fault::Mend { from: to, to: from });
        }
    }

    fn side(&mut self) -> Group {
        let nodes = self.plan.machines.len();
        (0..nodes).filter(|_| self.rng.once_in(2)).collect()
    }

    fn split(&mut self, at: Duration) {
        let group = self.side();
        self.push(at, Fault::Split(group));
        if self.rng.once_in(3) {
            let group = self.side();
            let again = at + self.soon();
            self.push(again, Fault::Split(group));
        }
        let until = at + self.rng.duration(ms(20), ms(2_000));
        self.push(until, Fault::Join);
    }

    /// Much is said, multicasts get lost, and then something breaks: messages past the last gap are
    /// what a transitional configuration is for.
    fn storm(&mut self, at: Duration) {
        let loss = self.rng.pick(&[10 * PERCENT, 30 * PERCENT, 60 * PERCENT]);
        let rough = self.plan.rough;
        self.push(at, Fault::Weather(Quality { loss_multicast: loss, ..rough }));
        let messages = self.rng.size(1, 12);
        self.push(at + ms(1), Fault::Flood { messages });
        let breaks = at + self.rng.duration(ms(2), ms(30));
        let kind = self.rng.pick(&[Trouble::Crash, Trouble::Split, Trouble::Cut, Trouble::Pause]);
        self.trouble(kind, breaks);
        let over = breaks + self.rng.duration(Duration::ZERO, ms(600));
        self.push(over, Fault::Weather(rough));
    }

    fn trap(&mut self, at: Duration) {
        let (_, moment) = self.rng.pick(&Moment::OF_RINGS);
        let (node, written) = (self.node(), self.rng.once_in(2));
        let group = self.side();
        let fault = match self.rng.size(0, 3) {
            0 | 1 => Fault::Crash { node, written },
            2 => Fault::Split(group),
            _ => self.pause(),
        };
        self.push(at, Fault::When(Box::new(Trigger { node, moment, fault })));
        let later = at + self.rng.duration(ms(10), ms(1_500));
        self.push(later, Fault::Join);
        self.push(later, Fault::Start { node });
        if self.rng.once_in(2) {
            let start = Fault::Crash { node: self.node(), written };
            self.push(at + ms(1), start);
        }
    }
}
