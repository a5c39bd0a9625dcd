//! Whom a gathering node proposes, and when it acts on it: judged anew after what it hears.
//!
//! Must never remember a judgement that the facts no longer support; only what is proven stays,
//! and the last resort. A candidate is left out if it is proven gone, if it has been silent for
//! longer than it may, if it goes on alone, or if, once everybody had time to be heard, it does
//! not hear and is not heard by all others and they are preferred.

use alloc::vec::Vec;

use super::{Gather, Said};
use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet};
use crate::instant::Instant;
use crate::local::Local;
use crate::members::{Places, choose};
use crate::planted;

/// When nobody has said anything new for this many times the time to settle, and there is still
/// no agreement, this node goes on alone: the others agreed on something that it cannot see.
const LAST_RESORT: u32 = 6;
/// The same for those who go on saying something new, and nobody new among them.
const VERY_LAST_RESORT: u32 = 40;

impl Said {
    fn has_agreed(&self, proposed: &Places) -> bool {
        !self.apart && self.proposed == *proposed && self.heard.covers(proposed)
    }
}

impl Gather {
    /// Judges every candidate.
    pub(super) fn judge(&mut self, local: &mut Local, now: Instant) {
        let me = local.me();
        let mut failed = NodeSet::new();
        for &node in self.candidates.iter().filter(|&&node| node != me) {
            if let Some(gone) = local.departures.get(&node).copied() {
                local.note_evidence(node, gone.evidence);
            }
            if local.is_departed(node) || self.alone || self.goes_alone(node, me) {
                failed.insert(node);
            } else if self.is_unheard(local, now, node) && self.silent_at(local, node) <= now {
                local.note_evidence(node, Evidence::Silent);
                failed.insert(node);
            }
        }
        if now >= self.settled_at(local) {
            let rest = &self.candidates - &failed;
            let chosen = self.choose(local, now, &rest);
            for &node in rest.difference(&chosen) {
                local.note_evidence(node, Evidence::Unreachable);
                failed.insert(node);
            }
        }
        self.failed = failed;
    }

    /// Keeps the set that everyone chooses who knows the same rows; who is still waited for counts
    /// as linked with everyone.
    fn choose(&self, local: &Local, now: Instant, candidates: &NodeSet) -> NodeSet {
        let me = local.me();
        let my_row = Places::of(&self.order, &local.peers.row_since(now, self.entered));
        let row = |node| match self.joins.get(node) {
            _ if *node == me => Some(&my_row),
            said => said.map(|said| &said.heard),
        };
        let places: Vec<usize> =
            (0..self.order.len()).filter(|&at| candidates.contains(&self.order[at])).collect();
        let rows: Vec<Option<&Places>> = places.iter().map(|&at| row(&self.order[at])).collect();
        let mut known = Places::none(self.order.len());
        for (&place, _) in places.iter().zip(&rows).filter(|(_, row)| row.is_some()) {
            known.add(place);
        }
        if rows.iter().flatten().all(|row| row.covers(&known)) {
            return candidates.clone();
        }
        let linked = |a: usize, b: usize| match (rows[a], rows[b]) {
            (Some(of_a), Some(of_b)) => of_a.has(places[b]) && of_b.has(places[a]),
            (None, _) | (_, None) => true,
        };
        let standing = |node| local.peers.standing(node, &self.old.members);
        let candidates: Vec<NodeId> = candidates.iter().copied().collect();
        let chosen = choose(&candidates, standing, linked);
        if chosen.contains(&me) { chosen } else { NodeSet::from([me]) }
    }

    /// Everyone proposed proposes the same, hears and is heard by all the others.
    pub(super) fn agrees(&self, local: &Local, now: Instant, proposed: &NodeSet) -> bool {
        let places = Places::of(&self.order, proposed);
        let mut others = proposed.iter().filter(|&&node| node != local.me());
        others.all(|node| self.joins.get(node).is_some_and(|said| said.has_agreed(&places)))
            && local.peers.row_since(now, self.entered).is_superset(proposed)
    }

    /// This node left out everyone else: it will form a ring by itself.
    fn goes_alone(&self, node: NodeId, me: NodeId) -> bool {
        self.joins.get(&node).is_some_and(|Said { join, .. }| {
            join.failed.contains(&me)
                && join.candidates.difference(&join.failed).eq(core::iter::once(&node))
        })
    }

    // -- patience ---------------------------------------------------------------------------

    /// Everybody who is there has had time to be heard by everybody.
    fn settled_at(&self, local: &Local) -> Instant {
        self.grown + local.settle()
    }

    pub(super) fn last_resort_at(&self, local: &Local) -> Instant {
        let settle = local.settle();
        (self.moved + LAST_RESORT * settle).min(self.grown + VERY_LAST_RESORT * settle)
    }

    /// It did not join, or did and has said nothing for so long that it hardly goes on saying it.
    fn is_unheard(&self, local: &Local, now: Instant, node: NodeId) -> bool {
        let lately = now - 2 * local.settle();
        self.joins.get(&node).is_none_or(|said| said.at < lately)
    }

    /// How long this candidate may be silent: a member for the token timeout since it was last
    /// known to be alive, as anyone who joined, and a stranger for a few joins; the consensus
    /// timeout bounds all.
    fn silent_at(&self, local: &Local, node: NodeId) -> Instant {
        let timing = &local.config.timing;
        planted!(local.config.plant, SilentNeverFailed => {
            return self.entered + 1_000 * timing.token;
        });
        let soonest = self.entered + local.settle();
        let latest = self.entered + timing.consensus.max(local.settle());
        let member = self.old.members.contains(&node).then_some(self.old.alive);
        // One that last said that it goes on without us, and is silent now, has gone on.
        let spoke = self.joins.get(&node).filter(|said| !said.join.failed.contains(&local.me()));
        let spoke = spoke.map(|said| said.at);
        let alive = member.max(spoke);
        alive.map_or(soonest, |alive| alive + timing.token).clamp(soonest, latest)
    }

    /// When the judgement may change although nothing happens.
    pub(super) fn deadline(&self, local: &Local, now: Instant) -> Instant {
        let waited = self.candidates.iter().copied().filter(|node| !self.failed.contains(node));
        let others = waited.filter(|&node| node != local.me());
        let silent = others.map(|node| {
            let falls_silent = self.joins.get(&node).map(|said| said.at + 2 * local.settle());
            let falls_silent = falls_silent.map(|at| at + core::time::Duration::from_nanos(1));
            self.silent_at(local, node).max(falls_silent.unwrap_or(self.entered))
        });
        let fixed = [self.settled_at(local), self.last_resort_at(local)];
        let next = silent.chain(fixed).filter(|&at| at > now).min();
        next.unwrap_or(now + local.settle())
    }

    /// Earliest instant at which agreement may be acted on: a node that starts waits for others
    /// that start with it, and nobody goes on alone while somebody may be about to answer.
    pub(super) fn quiet_at(&self, local: &Local, proposed: &NodeSet) -> Instant {
        let starting = local.episode.as_ref().is_some_and(|e| e.cause == Cause::Started);
        if proposed.len() == 1 && self.candidates.len() == 1 {
            self.entered + local.settle()
        } else if starting && self.old.id.is_none() {
            self.grown + 2 * local.config.timing.join
        } else {
            self.entered
        }
    }
}
