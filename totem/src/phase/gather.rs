//! Who is out there: joins until everyone agrees, or until those who cannot be are given up.
//!
//! Must never let one observer's blindness decide for all: what a node cannot hear it reports as a
//! row of the reachability matrix, and from the same rows everyone chooses the same fully linked
//! set. Candidates only grow, and so do the failed, until a ring is installed or this phase is
//! begun anew; with bounded waits that is the termination argument of Totem §4.2.

use alloc::collections::BTreeMap;

use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet};
use crate::instant::Instant;
use crate::local::{Episode, JoinSets, Local};
use crate::members::choose;
use crate::output::Event;
use crate::phase::commit::Commit;
use crate::phase::{Occurrence, OldRing, Phase};
use crate::timers::Timer;
use crate::window::Stored;
use crate::wire::{Beacon, CommitToken, Departure, Join};

/// How often the good-bye is said after the first time.
const FAREWELLS: u32 = 2;
/// How often one node may come back in one gathering.
const CHANCES: u32 = 3;

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Gather {
    old: OldRing,
    candidates: NodeSet,
    failed: NodeSet,
    /// The last join of each, and when it came.
    joins: BTreeMap<NodeId, (Instant, Join)>,
    entered: Instant,
    /// When somebody new was last seen.
    grown: Instant,
    /// Times that agreement failed although everyone left was heard.
    rounds: u32,
    /// How often who was failed without proof may still come back.
    chances: BTreeMap<NodeId, u32>,
    /// What this node last said.
    said: JoinSets,
}

impl Gather {
    /// Begins to gather with the members of the old ring and the `invited`.
    pub(crate) fn enter(
        local: &mut Local,
        now: Instant,
        old: OldRing,
        cause: Cause,
        invited: &NodeSet,
    ) -> Phase {
        local.timers.enter_phase();
        local.backlog.shut_data();
        local.stats.gathers += 1;
        if cause == Cause::TokenLost {
            local.stats.tokens_lost += 1;
        }
        local.begin_episode(now, &old.members, cause, invited);
        let mut candidates = &old.members | invited;
        candidates.insert(local.me());
        let mut phase = Self {
            old,
            candidates,
            failed: NodeSet::new(),
            joins: BTreeMap::new(),
            entered: now,
            grown: now,
            rounds: 0,
            chances: BTreeMap::new(),
            said: JoinSets::default(),
        };
        phase.fail_departed(local);
        phase.say(local, now);
        phase.conclude(local, now)
    }

    /// Begins again: agreement was reached, and then nothing came of it.
    pub(crate) fn restart(self, local: &mut Local, now: Instant, cause: Cause) -> Phase {
        let proposed = self.proposed();
        Self::enter(local, now, self.old, cause, &proposed)
    }

    fn proposed(&self) -> NodeSet {
        &self.candidates - &self.failed
    }

    fn fail(&mut self, local: &mut Local, node: NodeId, evidence: Evidence) {
        if node != local.me() && self.candidates.contains(&node) && self.failed.insert(node) {
            tracing::debug!(%node, %evidence, "failed");
            local.note_evidence(node, evidence);
        }
    }

    fn fail_departed(&mut self, local: &mut Local) {
        for node in self.candidates.clone() {
            if let Some(gone) = local.departures.get(&node).copied() {
                local.note_evidence(node, gone.evidence);
                if local.is_departed(node) {
                    self.fail(local, node, gone.evidence);
                }
            }
        }
    }

    // -- speaking ---------------------------------------------------------------------------

    fn sets(&self, local: &Local, now: Instant) -> JoinSets {
        JoinSets {
            leaving: false,
            highest: local.highest,
            candidates: self.candidates.clone(),
            failed: self.failed.clone(),
            heard: local.peers.row_since(now, self.entered),
        }
    }

    fn say(&mut self, local: &mut Local, now: Instant) {
        self.said = self.sets(local, now);
        local.send_join(self.said.clone());
        let at = now + local.jittered(local.config.timing.join);
        local.timers.arm(Timer::Join, at);
    }

    /// Says it again soon if there is something new to say.
    fn say_if_changed(&mut self, local: &mut Local, now: Instant) {
        if self.said != self.sets(local, now) {
            let at = now + local.soon();
            local.arm_sooner(Timer::Join, at);
        }
    }

    pub(crate) fn on_join_timer(&mut self, local: &mut Local, now: Instant) {
        self.say(local, now);
    }

    // -- hearing ----------------------------------------------------------------------------

    pub(crate) fn on_join(&mut self, local: &mut Local, now: Instant, from: NodeId, join: Join) {
        let known_boot = local.peers.boot(from);
        if !local.peers.note_join(now, from, &join) {
            return;
        }
        if join.leaving {
            let departure = Departure { boot: join.boot, evidence: Evidence::Left };
            local.note_departure(from, departure);
            self.fail_departed(local);
            self.joins.remove(&from);
            return self.say_if_changed(local, now);
        }
        if join.boot > known_boot && self.old.members.contains(&from) && known_boot != 0 {
            let departure = Departure { boot: known_boot, evidence: Evidence::Restarted };
            local.departures.entry(from).or_insert(departure);
            local.note_evidence(from, Evidence::Restarted);
        }
        self.readmit(local, now, from, &join, known_boot);
        if self.failed.contains(&from) {
            return;
        }
        self.learn(local, now, from, &join);
        if self.candidates.contains(&from) && !self.failed.contains(&from) {
            self.joins.insert(from, (now, join));
        }
        self.say_if_changed(local, now);
    }

    /// A failed node that comes with a new boot epoch is another node: what was held against its
    /// predecessor is not held against it. One that was failed without proof and now hears us and
    /// wants us began to gather later than we did: without another chance, nodes that gather out
    /// of step fail each other for ever. A few chances, so that agreement is not put off for ever.
    fn readmit(&mut self, local: &Local, now: Instant, from: NodeId, join: &Join, known_boot: u64) {
        if !self.failed.contains(&from) || local.is_departed(from) {
            return;
        }
        let chances = self.chances.entry(from).or_insert(CHANCES);
        let wants_us = join.heard.contains(&local.me()) && !join.failed.contains(&local.me());
        if join.boot > known_boot || (wants_us && *chances > 0) {
            *chances = chances.saturating_sub(1);
            self.failed.remove(&from);
            self.joins.remove(&from);
            (self.grown, self.rounds) = (now, 0);
        }
    }

    /// What a join tells: proofs, new candidates, and whether its sender gave us up (Totem §4.2,
    /// with the fail set replaced by proofs and rows: see the module's head).
    fn learn(&mut self, local: &mut Local, now: Instant, from: NodeId, join: &Join) {
        let me = local.me();
        for (&node, &departure) in &join.departures {
            if node != me && self.candidates.contains(&node) {
                local.note_departure(node, departure);
            }
        }
        self.fail_departed(local);
        if join.failed.contains(&me) {
            // The paper fails the sender at once. But it may have given up what this node was
            // before it began to gather, and come round with its next join: it has until the
            // others are agreed, or the second round.
            return;
        }
        let mutual = join.heard.contains(&me) || join.candidates.contains(&me);
        if !mutual && !self.candidates.contains(&from) {
            return;
        }
        let before = self.candidates.len();
        let room = local.config.limits.members;
        for &node in core::iter::once(&from).chain(&join.candidates) {
            if self.candidates.len() < room {
                self.candidates.insert(node);
            }
        }
        if self.candidates.len() > before {
            (self.grown, self.rounds) = (now, 0);
            self.fail_departed(local);
        }
    }

    pub(crate) fn on_beacon(
        &mut self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        beacon: &Beacon,
    ) {
        local.peers.note_beacon(now, from, beacon);
        self.say_if_changed(local, now);
    }

    pub(crate) fn on_departed(
        &mut self,
        local: &mut Local,
        now: Instant,
        node: NodeId,
        evidence: Evidence,
    ) {
        self.fail(local, node, evidence);
        self.joins.remove(&node);
        self.say_if_changed(local, now);
    }

    /// A message of the old ring: its configuration is still in force.
    pub(crate) fn on_frame(&mut self, local: &mut Local, stored: Stored) {
        if Some(stored.frame.ring) != self.old.id {
            return;
        }
        self.old.window.insert(stored);
        while let Some(frame) = self.old.window.next_deliverable() {
            local.deliver(frame);
        }
    }

    // -- agreeing ---------------------------------------------------------------------------

    /// Everyone proposed proposes the same, hears and is heard by all the others.
    fn agrees(&self, local: &Local, now: Instant, proposed: &NodeSet) -> bool {
        let my_row = local.peers.row_since(now, self.entered);
        proposed
            .iter()
            .filter(|&&node| node != local.me())
            .all(|node| self.has_agreed(*node, proposed))
            && my_row.is_superset(proposed)
    }

    fn has_agreed(&self, node: NodeId, proposed: &NodeSet) -> bool {
        self.joins.get(&node).is_some_and(|(_, join)| {
            join.proposed() == *proposed && join.heard.is_superset(proposed)
        })
    }

    /// Earliest instant at which agreement may be acted on: a node that starts waits for others
    /// that start with it, and nobody goes on alone while somebody may be about to answer.
    fn quiet_at(&self, local: &Local, proposed: &NodeSet) -> Instant {
        let starting = local.episode.as_ref().is_some_and(|e| e.cause == Cause::Started);
        if proposed.len() == 1 && self.candidates.len() == 1 {
            self.entered + local.settle()
        } else if starting && self.old.id.is_none() {
            self.grown + 2 * local.config.timing.join
        } else {
            self.entered
        }
    }

    /// After every occurrence: are we agreed, and whose move is it?
    pub(crate) fn conclude(self, local: &mut Local, now: Instant) -> Phase {
        let proposed = self.proposed();
        if self.agrees(local, now, &proposed) {
            let quiet_at = self.quiet_at(local, &proposed);
            if now < quiet_at {
                local.arm_sooner(Timer::Consensus, quiet_at);
            } else if proposed.first() == Some(&local.me()) {
                let highest = self.joins.values().map(|(_, join)| join.highest).max();
                let highest = highest.unwrap_or_default().max(local.highest);
                let sets = self.sets(local, now);
                return Commit::lead(local, now, self.old, sets, highest);
            } else if !local.timers.is_armed(Timer::TokenLoss) {
                // The representative's move; if it does not come, begin again.
                let at = now + local.patience();
                local.timers.arm(Timer::TokenLoss, at);
            }
            return Phase::Gather(self);
        }
        local.timers.disarm(Timer::TokenLoss);
        let deadline = self.next_deadline(local, now, &proposed);
        local.timers.arm(Timer::Consensus, deadline.max(now));
        Phase::Gather(self)
    }

    /// How long this candidate may be silent: a member for the token timeout since it was last
    /// known to be alive, anybody for a few joins; the consensus timeout bounds both.
    fn silent_at(&self, local: &Local, node: NodeId) -> Instant {
        let timing = &local.config.timing;
        let soonest = self.entered + local.settle();
        let latest = self.entered + timing.consensus.max(local.settle());
        let member = self.old.members.contains(&node).then_some(self.old.alive);
        let spoke = self.joins.get(&node).map(|&(at, _)| at);
        let alive = member.max(spoke);
        alive.map_or(soonest, |alive| alive + timing.token).clamp(soonest, latest)
    }

    /// Of those proposed, who did not join, or did and has said nothing for so long that it hardly
    /// goes on saying it.
    fn unheard<'a>(
        &'a self,
        local: &Local,
        now: Instant,
        proposed: &'a NodeSet,
    ) -> impl Iterator<Item = NodeId> {
        let (me, lately) = (local.me(), now - 2 * local.settle());
        proposed.iter().copied().filter(move |node| {
            *node != me && self.joins.get(node).is_none_or(|&(at, _)| at < lately)
        })
    }

    fn next_deadline(&self, local: &Local, now: Instant, proposed: &NodeSet) -> Instant {
        let silent =
            self.unheard(local, now, proposed).map(|node| self.silent_at(local, node)).min();
        silent.unwrap_or_else(|| {
            let rounds = self.rounds + 1;
            self.entered.max(self.grown) + rounds * local.settle()
        })
    }

    /// Nobody is waited for longer than this: the silent fail first; then, of those who speak but
    /// do not all hear each other, some must go; then, as in the paper, fail sets are merged.
    pub(crate) fn on_consensus_timer(&mut self, local: &mut Local, now: Instant) {
        let proposed = self.proposed();
        if self.agrees(local, now, &proposed) || now < self.next_deadline(local, now, &proposed) {
            return;
        }
        let unheard: alloc::vec::Vec<NodeId> = self.unheard(local, now, &proposed).collect();
        if unheard.is_empty() {
            self.rounds += 1;
            match self.rounds {
                1 => self.choose(local, now),
                2 => self.merge_failed(local),
                _ => self.fail_dissenters(local),
            }
        } else {
            for node in unheard {
                if self.silent_at(local, node) <= now {
                    self.fail(local, node, Evidence::Silent);
                }
            }
        }
        self.say(local, now);
    }

    /// Keeps the set that everyone chooses who knows the same rows.
    fn choose(&mut self, local: &mut Local, now: Instant) {
        let proposed = self.proposed();
        let my_row = local.peers.row_since(now, self.entered);
        let me = local.me();
        let row = |node: NodeId| {
            if node == me {
                Some(&my_row)
            } else {
                self.joins.get(&node).map(|(_, join)| &join.heard)
            }
        };
        let hears = |a: NodeId, b: NodeId| row(a).is_some_and(|row| row.contains(&b));
        let standing = |node| local.peers.standing(node, &self.old.members);
        let chosen = choose(&proposed, standing, |a, b| hears(a, b) && hears(b, a));
        let chosen = if chosen.contains(&me) { chosen } else { NodeSet::from([me]) };
        for &node in proposed.difference(&chosen) {
            self.fail(local, node, Evidence::Unreachable);
        }
    }

    /// The paper's rule: what others fail fails for us too, and who fails us is failed.
    fn merge_failed(&mut self, local: &mut Local) {
        let (me, proposed) = (local.me(), self.proposed());
        for &node in &proposed {
            if self.joins.get(&node).is_some_and(|(_, join)| join.failed.contains(&me)) {
                self.fail(local, node, Evidence::Unreachable);
            }
        }
        let proposed = self.proposed();
        let failed: NodeSet = proposed
            .iter()
            .filter_map(|node| self.joins.get(node))
            .flat_map(|(_, join)| join.failed.iter().copied())
            .collect();
        for node in failed {
            self.fail(local, node, Evidence::Unreachable);
        }
    }

    /// The paper's last resort: whoever does not agree by now will not.
    fn fail_dissenters(&mut self, local: &mut Local) {
        let proposed = self.proposed();
        for &node in &proposed {
            if !self.has_agreed(node, &proposed) {
                self.fail(local, node, Evidence::Unreachable);
            }
        }
    }

    // -- following --------------------------------------------------------------------------

    /// The representative agreed too: the commit token comes by for the first time.
    pub(crate) fn on_commit(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        token: CommitToken,
    ) -> Phase {
        let proposed = self.proposed();
        let expected = token.ring.seq > local.highest && token.members() == proposed;
        if !expected || !Commit::is_my_first_sight(local.me(), &token) {
            return Phase::Gather(self);
        }
        let sets = self.sets(local, now);
        Commit::follow(local, now, self.old, sets, (from, token))
    }
}

impl Phase {
    /// Lets a phase that just began to gather take in the join that made it do so.
    pub(crate) fn replay_join(
        self,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        join: Join,
    ) -> Self {
        match self {
            Self::Gather(mut gather) => {
                gather.learn(local, now, from, &join);
                if gather.candidates.contains(&from) && !gather.failed.contains(&from) {
                    gather.joins.insert(from, (now, join));
                }
                gather.say_if_changed(local, now);
                gather.conclude(local, now)
            }
            other
            @ (Self::Commit(_) | Self::Recovery(_) | Self::Operational(_) | Self::Left(_)) => other,
        }
    }
}

impl Local {
    /// Notes why the old ring ended, unless it ended before and this is another attempt.
    fn begin_episode(&mut self, now: Instant, before: &NodeSet, cause: Cause, invited: &NodeSet) {
        let episode = self.episode.get_or_insert_with(|| Episode {
            cause,
            evidence: BTreeMap::new(),
            before: before.clone(),
            invited: NodeSet::new(),
            began: now,
            agreed: now,
            committed: now,
        });
        if matches!(cause, Cause::Newcomer(_)) {
            episode.invited = invited - before;
        }
    }

    fn note_evidence(&mut self, node: NodeId, evidence: Evidence) {
        if let Some(episode) = &mut self.episode {
            episode.evidence.entry(node).or_insert(evidence);
        }
    }

    /// Says good-bye: now, and a few times more, for those whom it does not reach.
    pub(crate) fn say_farewell(&mut self, now: Instant) -> Phase {
        self.timers.enter_phase();
        self.timers.disarm(Timer::Probe);
        self.backlog.shut_data();
        self.send_join(JoinSets { leaving: true, highest: self.highest, ..JoinSets::default() });
        self.timers.arm(Timer::Leave, now + self.config.timing.join / 12);
        Phase::Left(FAREWELLS)
    }
}

/// What a node that said good-bye still does: say it again, and go.
pub(crate) fn step_left(repeats: u32, local: &mut Local, now: Instant, what: &Occurrence) -> Phase {
    if !matches!(what, Occurrence::Timer(Timer::Leave)) {
        return Phase::Left(repeats);
    }
    if repeats == 0 {
        local.event(Event::Left);
        return Phase::Left(0);
    }
    local.say_farewell(now);
    Phase::Left(repeats - 1)
}
