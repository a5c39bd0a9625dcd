//! Healing, and what is demanded after it: convergence within a bound, then quiet.
//!
//! Must never demand anything before the last packet of the rough time has arrived.
//!
//! The bound is `4 x (token + consensus) + 2 s`: a node may have to lose a token and wait for
//! agreement, find another ring by its beacon, and do so again when a late packet disturbs it.

use core::time::Duration;

use totem::{Guarantee, Instant};

use super::{Happening, World};
use crate::check::Breach;
use crate::check::liveness;
use crate::faults::Fault;
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
        /// When patience ends.
        until: Instant,
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
pub(super) fn bound(plan: &Plan) -> Duration {
    4 * (plan.timing.token + plan.timing.consensus) + Duration::from_secs(2)
}

impl World {
    /// Faults are over.
    pub(super) fn is_healing(&self) -> bool {
        self.stage != Stage::Rough
    }

    pub(super) fn heal(&mut self) {
        self.trace.story(self.now, None, || "everything is repaired".into());
        self.triggers.clear();
        self.network.join();
        self.network.set_all(self.plan.calm);
        let rough = self.plan.rough;
        let late = rough.latency.most + 2 * rough.detour.most + LOOK;
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
        let until = self.now + late + bound(&self.plan);
        self.stage = Stage::Healing { since: self.now, until };
        self.schedule(late, Happening::Judge);
    }

    pub(super) fn judge(&mut self) {
        match self.stage.clone() {
            Stage::Rough | Stage::Over => {}
            Stage::Healing { since, until } => match self.checks.missing() {
                None => self.converged(since),
                Some((nodes, detail)) if self.now > until => {
                    let breach = Breach { nodes, ..Breach::default() };
                    self.fail(liveness::NAME, breach, detail);
                }
                Some(_) => self.schedule(LOOK, Happening::Judge),
            },
            Stage::Stable { configurations, said } => self.stayed(configurations, &said),
        }
    }

    fn converged(&mut self, since: Instant) {
        self.trace.story(self.now, None, || "converged".into());
        let took = self.now.since(since);
        self.figures.slowest = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.figures.slowest_seed = self.plan.seed;
        let said = self.nodes.iter().map(|node| node.said).collect();
        let quiet = 2 * self.plan.timing.token + Duration::from_millis(200);
        self.stage = Stage::Stable {
            configurations: self.figures.configurations,
            said,
        };
        for node in 0..self.nodes.len() {
            self.say(node, Guarantee::Safe, 100);
            self.say_one(node);
            self.say(node, Guarantee::Agreed, 9);
        }
        self.schedule(quiet, Happening::Judge);
    }

    /// EVS 2.1 and Totem S5: nothing changed, so nothing may be missing.
    fn stayed(&mut self, configurations: u64, said: &[usize]) {
        if self.figures.configurations != configurations {
            let detail = "a configuration changed although nothing was wrong";
            self.fail("stability (EVS 2.1)", Breach::default(), detail);
        } else if let Some((nodes, message)) =
            liveness::undelivered(self.checks.history(), said)
        {
            let breach = Breach { nodes, messages: vec![message], ..Breach::default() };
            self.fail("quiescence (Totem S5)", breach, "said in a stable ring, not delivered");
        }
        self.stage = Stage::Over;
    }
}
