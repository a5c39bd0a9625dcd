//! Healing, and what is demanded after it: convergence within a bound, then quiet.
//!
//! Must never demand anything before the last packet of the rough time has arrived.
//!
//! The bound for one ring of all is `4 x (token + consensus) + 2 s`: a node may have to lose a
//! token and wait for agreement, find another ring by its beacon, and do so again when a late
//! packet disturbs it. What waits to be said then is said at the speed of the ring: so many frames
//! per rotation as its window allows, a rotation taking as long as its links can make it take.

use core::time::Duration;

use totem::{Guarantee, Instant, Timing, Tuning};

use super::{Happening, World};
use crate::check::Breach;
use crate::check::liveness::{self, Missing};
use crate::faults::Fault;
use crate::message::MessageId;
use crate::node::Node;
use crate::plan::Plan;

const LOOK: Duration = Duration::from_millis(20);

/// How far a run is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Faults go on.
    Rough,
    /// All is repaired: convergence is due by then.
    Healing {
        /// When repairing ended.
        since: Instant,
        /// When the last packet of the rough time has arrived.
        quiet: Instant,
        /// When patience with the membership ends.
        until: Instant,
        /// When patience with messages that wait ends; known once the membership has converged.
        said: Option<Instant>,
    },
    /// Converged: from now on nothing may change, and what is said now is heard by all.
    Stable {
        /// Configurations delivered when it began, at all nodes.
        configurations: u64,
        /// What each client had said when it began.
        said: Vec<usize>,
    },
    /// All that was demanded was seen.
    Over,
}

/// Longest time from healing to convergence.
#[must_use]
fn bound(timing: &Timing) -> Duration {
    4 * (timing.token + timing.consensus) + Duration::from_secs(2)
}

/// What is fair to expect of nodes that are tuned differently: the most patient timers, the
/// narrowest limits.
fn slower(a: Tuning, b: Tuning) -> Tuning {
    Tuning {
        timing: Timing {
            token: a.timing.token.max(b.timing.token),
            retransmit: a.timing.retransmit.max(b.timing.retransmit),
            hold: a.timing.hold.max(b.timing.hold),
            join: a.timing.join.max(b.timing.join),
            consensus: a.timing.consensus.max(b.timing.consensus),
            beacon: a.timing.beacon.max(b.timing.beacon),
            probe: a.timing.probe.max(b.timing.probe),
        },
        window: a.window.min(b.window),
        per_turn: a.per_turn.min(b.per_turn),
        accelerated: a.accelerated.min(b.accelerated),
        weight: a.weight,
    }
}

impl World {
    /// All daemons that run are in one ring of all of them, and have synchronized.
    #[must_use]
    pub fn is_operational(&self) -> bool {
        let history = self.checks.history();
        let alive = history.alive();
        let mut rings = alive.iter().map(|node| {
            let view = history.processes[node].view?;
            let here = history.place(node).is_some_and(|place| place.ring == view.ring);
            (here && view.members == alive).then_some(view.ring)
        });
        let first = rings.next().flatten();
        first.is_some() && rings.all(|ring| ring == first)
    }

    /// Faults are over.
    pub(super) fn is_healing(&self) -> bool {
        self.stage != Stage::Rough
    }

    fn slowest(&self) -> Tuning {
        let tunings = self.nodes.iter().map(Node::tuning);
        tunings.reduce(slower).expect("a world has nodes")
    }

    pub(super) fn heal(&mut self) {
        self.trace.story(self.now, None, || "everything is repaired".into());
        self.triggers.clear();
        self.network.join();
        self.network.set_all(self.plan.calm);
        if let Some(meddler) = &mut self.meddler {
            meddler.forget();
        }
        let late = self.network.latest().since(self.now) + LOOK;
        for node in 0..self.nodes.len() {
            if self.nodes[node].is_paused() {
                self.resume(node, self.nodes[node].boot());
            }
            let dead = self.plan.dead.contains(&node);
            if dead && self.nodes[node].is_up() {
                self.inject(&Fault::Crash { node, written: true });
            } else if !dead {
                self.inject(&Fault::Start { node });
            }
        }
        let until = self.now + late + bound(&self.slowest().timing);
        let (since, quiet) = (self.now, self.now + late);
        self.stage = Stage::Healing { since, quiet, until, said: None };
        self.schedule(late, Happening::Judge);
    }

    pub(super) fn judge(&mut self) {
        match self.stage.clone() {
            Stage::Rough | Stage::Over => {}
            Stage::Healing { .. } => self.healing(),
            Stage::Stable { configurations, said } => self.stayed(configurations, &said),
        }
    }

    fn healing(&mut self) {
        // Somebody who died may still be waited for by those whom his last word reached late.
        let timing = self.slowest().timing;
        let Stage::Healing { since, quiet, until, ref mut said } = self.stage else { return };
        let waited_for = timing.token + timing.consensus;
        let forgotten = quiet + waited_for + 6 * timing.beacon + 16 * timing.join;
        match self.checks.missing() {
            None if self.now >= forgotten => return self.converged(since),
            None => {}
            Some(Missing::Membership { nodes, detail }) if self.now > until => {
                let breach = Breach { nodes, ..Breach::default() };
                self.fail(liveness::NAME, &breach, detail);
            }
            Some(Missing::Membership { .. }) => *said = None,
            Some(Missing::Messages(messages)) => {
                // The right nodes may be in force and yet on their way to another ring: who died
                // as everything was repaired had met them.
                let patience = said.unwrap_or_else(|| until.max(self.now + self.saying(&messages)));
                if self.now > patience {
                    let breach = Breach { messages, ..Breach::default() };
                    self.fail(liveness::NAME, &breach, "accepted, and not delivered by its sender");
                }
                self.stage = Stage::Healing { since, quiet, until, said: Some(patience) };
            }
        }
        self.schedule(LOOK, Happening::Judge);
    }

    /// How long a ring may take to say these messages.
    fn saying(&self, messages: &[MessageId]) -> Duration {
        let Plan { limits, machines, calm, lateness, .. } = &self.plan;
        let Tuning { timing, window, per_turn, .. } = self.slowest();
        let members = u32::try_from(machines.len()).expect("plans have few nodes");
        let hop = calm.latency.most + lateness.most + Duration::from_millis(1);
        let rotation = members * hop * 5 / 4;
        let frames = |id: &MessageId| {
            let sent = self.checks.history().message(*id);
            sent.map_or(0, |sent| sent.payload.len()).div_ceil(limits.packet / 2)
        };
        let frames = u32::try_from(messages.iter().map(frames).sum::<usize>()).unwrap_or(u32::MAX);
        let each = (window / members).clamp(1, per_turn);
        2 * rotation * (frames.div_ceil(each) + 20) + 2 * timing.token + Duration::from_millis(200)
    }

    fn converged(&mut self, since: Instant) {
        self.trace.story(self.now, None, || "converged".into());
        let took = self.now.since(since);
        self.figures.slowest = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.figures.slowest_seed = self.plan.seed;
        let before: Vec<usize> = self.nodes.iter().map(|node| node.said).collect();
        let packet = self.plan.limits.packet;
        for node in 0..self.nodes.len() {
            self.say(node, Guarantee::Safe, 100);
            self.say(node, Guarantee::Agreed, 2 * packet);
            self.say(node, Guarantee::Agreed, 9);
        }
        let new = |(sender, said): (usize, &usize)| {
            (*said..self.nodes[sender].said).map(move |number| MessageId { sender, number })
        };
        let new: Vec<MessageId> = before.iter().enumerate().flat_map(new).collect();
        self.schedule(self.saying(&new), Happening::Judge);
        self.stage = Stage::Stable { configurations: self.figures.configurations, said: before };
    }

    /// EVS 2.1 and Totem S5: nothing changed, so nothing may be missing.
    fn stayed(&mut self, configurations: u64, said: &[usize]) {
        if self.figures.configurations != configurations {
            let detail = "a configuration changed although nothing was wrong";
            self.fail("stability (EVS 2.1)", &Breach::default(), detail);
        } else if let Some((nodes, message)) = liveness::undelivered(self.checks.history(), said) {
            let breach = Breach { nodes, messages: vec![message], ..Breach::default() };
            self.fail("quiescence (Totem S5)", &breach, "said in a stable ring, not delivered");
        }
        self.judge_groups();
        self.stage = Stage::Over;
    }
}
