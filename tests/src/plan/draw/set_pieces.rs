//! Sequences of faults that luck alone hardly ever brings together, each written for a rule of the
//! protocol that nothing else would show to be necessary.
//!
//! Must never take randomness from what the other troubles are drawn from: a world keeps its other
//! faults when a piece is added or changed.

use core::time::Duration;

use totem::Tuning;

use super::{Drawer, PERCENT, limits_within, ms, patience, timing};
use crate::airlock::KeyStep;
use crate::faults::{Fault, Moment, Trigger};
use crate::plan::{Plan, Quality};
use crate::rng::Rng;

impl Drawer<'_> {
    /// Adds some pieces to some worlds.
    pub(super) fn set_pieces(&mut self) {
        self.rng = Rng::new(self.plan.seed ^ 0x6f62_6c69_6765_6421);
        if self.plan.machines.len() > 3 && self.rng.once_in(6) {
            self.promise();
        }
        let dead = self.plan.dead.first().copied();
        if let Some(node) = dead.filter(|_| self.rng.once_in(2)) {
            self.last_words(node);
        }
        if self.rng.once_in(4) {
            self.visits();
        }
        if self.rng.once_in(3) {
            for _ in 0..self.rng.size(1, 3) {
                self.retune();
            }
        }
        if self.plan.tamper.is_some() && self.rng.once_in(2) {
            self.change_key();
        }
    }

    /// One speaks and nobody hears it, others speak after it, and it dies: what they said stands
    /// behind a gap for ever. The survivors recover, the first of them installs the next ring, and
    /// at that very moment the last is cut off: what the first was promised, the last must keep.
    fn promise(&mut self) {
        let last = self.plan.machines.len() - 1;
        let dumb = self.rng.size(0, last);
        let (first, cut_off) = (usize::from(dumb == 0), last - usize::from(dumb == last));
        let at = self.rng.duration(ms(500), ms(900));
        let rough = self.plan.rough;
        let mute = Quality { loss_multicast: 100 * PERCENT, ..rough };
        let dies = at + self.rng.duration(ms(20), ms(120));
        for to in (0..=last).filter(|to| *to != dumb) {
            self.push(at, Fault::Link { from: dumb, to, quality: mute });
            self.push(dies, Fault::Link { from: dumb, to, quality: rough });
        }
        let messages = self.rng.size(4, 16);
        self.push(at + ms(1), Fault::Flood { messages });
        self.push(dies, Fault::Crash { node: dumb, written: true });
        let fault = Fault::Split([cut_off].into_iter().collect());
        let trigger = Trigger { node: first, moment: Moment::Installing, fault };
        self.push(dies, Fault::When(Box::new(trigger)));
        let over = dies + 2 * (self.plan.timing.token + self.plan.timing.consensus);
        self.push(over, Fault::Join);
        self.push(over, Fault::Start { node: dumb });
    }

    /// One of those who never come back goes in the midst of forming a ring, shortly before the
    /// others are expected to get by without it.
    fn last_words(&mut self, node: usize) {
        let at = self.plan.heal.saturating_sub(self.rng.duration(ms(50), ms(400)));
        let moment = self.rng.pick(&[Moment::Committing, Moment::Storing, Moment::Recovering]);
        let fault = Fault::Crash { node, written: self.rng.once_in(2) };
        self.push(at, Fault::When(Box::new(Trigger { node, moment, fault })));
        let other = (node + 1) % self.plan.machines.len();
        self.push(at, Fault::Crash { node: other, written: true });
        self.push(at + ms(2), Fault::Start { node: other });
    }

    /// All nodes are told other timers and limits, one after the other, as a new version of the
    /// configuration reaches them.
    fn retune(&mut self) {
        let Plan { calm, lateness, disk, ref machines, traffic, .. } = *self.plan;
        let least = patience(machines.len(), [calm.latency, lateness, disk]);
        let timing = timing(&mut self.rng, least);
        let limits = limits_within(&mut self.rng, self.plan.limits.span);
        // Where much is said, the limits were chosen so that it can be.
        let limits = if traffic.huge > 0 { self.plan.limits } else { limits };
        let apart = self.rng.pick(&[Duration::ZERO, ms(5), ms(300)]);
        let at = self.rng.duration(ms(200), self.plan.heal - ms(500));
        for (node, machine) in machines.iter().enumerate() {
            let tuning = Tuning {
                timing,
                window: limits.window,
                per_turn: limits.per_turn,
                accelerated: limits.accelerated,
                weight: machine.votes.get(),
            };
            let at = at + self.rng.duration(Duration::ZERO, apart);
            self.push(at, Fault::Retune { node, tuning });
        }
    }

    /// The key is changed: all nodes know the next one, then some seal with it, the others follow
    /// when they hear of it, and whoever sees that all members have followed forgets the old one.
    fn change_key(&mut self) {
        let nodes = self.plan.machines.len();
        let latest = self.plan.heal / 2;
        let known = self.rng.duration(ms(200), latest);
        let used = known + ms(20) + self.rng.duration(Duration::ZERO, latest / 2);
        let first = self.node();
        for node in 0..nodes {
            let at = known + self.rng.duration(Duration::ZERO, ms(20));
            self.push(at, Fault::Key { node, step: KeyStep::Learn });
            if node == first || self.rng.once_in(2) {
                let at = used + self.rng.duration(Duration::ZERO, ms(30));
                self.push(at, Fault::Key { node, step: KeyStep::Use });
            }
            let at = used + self.rng.duration(Duration::ZERO, latest / 2);
            self.push(at, Fault::Key { node, step: KeyStep::Retire });
        }
    }

    /// A second client of one daemon or another comes and goes.
    fn visits(&mut self) {
        for _ in 0..self.rng.size(2, 12) {
            let at = self.rng.duration(ms(100), self.plan.heal);
            let node = self.node();
            self.push(at, Fault::Visit { node });
        }
    }
}
