//! Who is out there: joins until everyone agrees, or until those who cannot be are given up.
//!
//! Must never let one observer's blindness decide for all, or yesterday's: whom a node leaves out
//! follows from what it hears now, from the rows that the others send, and from proofs. From the
//! same facts everyone comes to the same set, however far out of step they began. (The paper lets
//! the fail set only grow; then nodes that gather out of step fail each other for ever. Here only
//! proofs, and the last resort, are for good: that bounds the phase.)

mod agreement;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::configuration::{Cause, Evidence};
use crate::ids::{NodeId, NodeSet, RingSeq};
use crate::instant::Instant;
use crate::local::{Episode, JoinSets, Local};
use crate::members::{Places, nameable};
use crate::output::Event;
use crate::phase::commit::Commit;
use crate::phase::{Occurrence, OldRing, Phase};
use crate::planted;
use crate::timers::Timer;
use crate::window::Stored;
use crate::wire::{CommitToken, Departure, Join};

/// How often the good-bye is said after the first time.
const FAREWELLS: u32 = 2;

/// For each candidate above a few, news wait so much longer to be judged and to be answered: each
/// node has something new at the same time, and each has to hear all of it.
const PER_CANDIDATE: Duration = Duration::from_micros(50);
const FEW: usize = 8;

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Gather {
    old: OldRing,
    candidates: NodeSet,
    /// Of these, who is left out as things stand: see [`agreement`].
    failed: NodeSet,
    /// All patience was over: this node forms a ring by itself, and merges with the others' later.
    alone: bool,
    /// The candidates by their places.
    order: Vec<NodeId>,
    /// The last join of each.
    joins: BTreeMap<NodeId, Said>,
    entered: Instant,
    /// When somebody new was last seen.
    grown: Instant,
    /// When somebody, or this node, last said something new.
    moved: Instant,
    /// What this node last said.
    said: JoinSets,
    /// Somebody spoke since the last judgement.
    stale: bool,
}

/// What a node said last.
#[derive(Debug)]
struct Said {
    /// When it came.
    at: Instant,
    join: Join,
    /// Of our candidates, whom it proposes and whom it hears.
    proposed: Places,
    heard: Places,
    /// It proposes somebody that we have no room for.
    apart: bool,
}

impl Said {
    fn new(at: Instant, join: Join, order: &[NodeId], candidates: &NodeSet) -> Self {
        let proposes = join.proposed();
        let proposed = Places::of(order, &proposes);
        let heard = Places::of(order, &join.heard);
        let apart = !proposes.is_subset(candidates);
        Self { at, join, proposed, heard, apart }
    }

    /// It is what was said before.
    fn is(&self, join: &Join) -> bool {
        let before = &self.join;
        (&before.candidates, &before.failed, &before.heard)
            == (&join.candidates, &join.failed, &join.heard)
    }
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
        local.stats.note(cause);
        local.begin_episode(now, &old.members, cause, invited);
        let mut candidates = &old.members | invited;
        candidates.insert(local.me());
        let mut phase = Self {
            old,
            candidates,
            failed: NodeSet::new(),
            alone: false,
            order: Vec::new(),
            joins: BTreeMap::new(),
            entered: now,
            grown: now,
            moved: now,
            said: JoinSets::default(),
            stale: false,
        };
        phase.place();
        phase.judge(local, now);
        phase.say(local, now);
        Box::new(phase).conclude(local, now)
    }

    /// Begins again: agreement was reached, and then nothing came of it.
    pub(crate) fn restart(self, local: &mut Local, now: Instant, cause: Cause) -> Phase {
        let proposed = self.proposed();
        Self::enter(local, now, self.old, cause, &proposed)
    }

    /// Gives the candidates their places, now that they are others.
    fn place(&mut self) {
        self.order = self.candidates.iter().copied().collect();
        for said in core::mem::take(&mut self.joins) {
            let (node, Said { at, join, .. }) = said;
            self.joins.insert(node, Said::new(at, join, &self.order, &self.candidates));
        }
    }

    fn proposed(&self) -> NodeSet {
        &self.candidates - &self.failed
    }

    // -- speaking ---------------------------------------------------------------------------

    fn sets(&self, local: &Local, now: Instant) -> JoinSets {
        JoinSets {
            leaving: false,
            highest: local.highest,
            candidates: self.candidates.clone(),
            failed: self.failed.clone(),
            heard: nameable(local.peers.row_since(now, self.entered), &self.candidates),
        }
    }

    fn say(&mut self, local: &mut Local, now: Instant) {
        let sets = self.sets(local, now);
        if sets != self.said {
            self.moved = now;
        }
        self.said = sets;
        local.send_join(self.said.clone());
        let at = now + local.jittered(local.config.timing.join);
        local.timers.arm(Timer::Join, at);
    }

    /// Says it again soon if there is something new to say.
    fn say_if_changed(&mut self, local: &mut Local, now: Instant) {
        if self.said != self.sets(local, now) {
            let at = now + local.soon() + self.breath();
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
            self.joins.remove(&from);
            return;
        }
        if join.boot > known_boot && self.old.members.contains(&from) && known_boot != 0 {
            let departure = Departure { boot: known_boot, evidence: Evidence::Restarted };
            local.departures.entry(from).or_insert(departure);
            local.note_evidence(from, Evidence::Restarted);
        }
        self.learn(local, now, from, join);
    }

    /// What a join tells: proofs, new candidates, and what its sender hears and proposes.
    fn learn(&mut self, local: &mut Local, now: Instant, from: NodeId, join: Join) {
        let me = local.me();
        for (&node, &departure) in &join.departures {
            if node != me && self.candidates.contains(&node) {
                local.note_departure(node, departure);
            }
        }
        let mutual = join.heard.contains(&me) || join.candidates.contains(&me);
        if !self.candidates.contains(&from) && !mutual {
            return;
        }
        if let Some(said) = self.joins.get_mut(&from)
            && said.is(&join)
        {
            (said.at, said.join) = (now, join);
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
            self.grown = now;
            self.place();
        }
        if self.candidates.contains(&from) {
            self.moved = now;
            self.joins.insert(from, Said::new(now, join, &self.order, &self.candidates));
        }
    }

    pub(crate) fn on_departed(&mut self, local: &mut Local, node: NodeId, evidence: Evidence) {
        local.note_evidence(node, evidence);
        self.joins.remove(&node);
    }

    /// A message of the old ring: its configuration is still in force.
    pub(crate) fn on_frame(&mut self, local: &mut Local, stored: Stored) {
        let (ring, from) = (stored.frame.ring, stored.frame.from);
        if Some(ring) != self.old.id || !self.old.members.contains(&from) {
            return;
        }
        self.old.window.insert(stored);
        while let Some(frame) = self.old.window.next_deliverable() {
            local.deliver(frame);
        }
    }

    // -- agreeing ---------------------------------------------------------------------------

    /// How long many candidates are given to say what they say at the same time.
    fn breath(&self) -> Duration {
        let crowd = self.candidates.len().saturating_sub(FEW);
        PER_CANDIDATE.saturating_mul(u32::try_from(crowd).unwrap_or(u32::MAX))
    }

    /// Somebody spoke: the conclusion comes when all that arrived with it was heard, since to judge
    /// costs more than to hear.
    pub(crate) fn conclude_soon(mut self: Box<Self>, local: &mut Local, now: Instant) -> Phase {
        self.stale = true;
        let at = now + self.breath();
        local.arm_sooner(Timer::Consensus, at);
        Phase::Gather(self)
    }

    /// Whom do we propose, are we agreed, and whose move is it?
    pub(crate) fn conclude(mut self: Box<Self>, local: &mut Local, now: Instant) -> Phase {
        self.stale = false;
        self.judge(local, now);
        if now >= self.last_resort_at(local) && !self.agrees(local, now, &self.proposed()) {
            local.stats.disagreements += u64::from(!self.alone);
            self.alone = true;
            self.judge(local, now);
        }
        self.say_if_changed(local, now);
        let proposed = self.proposed();
        if !self.agrees(local, now, &proposed) {
            local.timers.disarm(Timer::TokenLoss);
            let deadline = self.deadline(local, now);
            local.timers.arm(Timer::Consensus, deadline.max(now));
            return Phase::Gather(self);
        }
        let last = planted!(local.config.plant, WrongRepresentative);
        let leader = if last { proposed.last() } else { proposed.first() };
        let quiet_at = self.quiet_at(local, &proposed);
        if now < quiet_at {
            local.timers.arm(Timer::Consensus, quiet_at);
        } else if leader == Some(&local.me()) {
            let (sets, next) = (self.sets(local, now), self.next_ring(local));
            return Commit::lead(local, now, self.old, sets, next);
        } else if !local.timers.is_armed(Timer::TokenLoss) {
            // The representative's move; if it does not come, begin again.
            let at = now + local.patience();
            local.timers.arm(Timer::TokenLoss, at);
            // Everyone knows what will have to be stored: all disks write at the same time, not
            // one after the other when the commit token comes by.
            local.store(self.next_ring(local));
        }
        Phase::Gather(self)
    }

    /// Sequence of the ring that those who agreed will form (Totem §4.3).
    fn next_ring(&self, local: &Local) -> RingSeq {
        let highest = self.joins.values().map(|said| said.join.highest).max();
        highest.unwrap_or_default().max(local.highest).next()
    }

    // -- following --------------------------------------------------------------------------

    /// The representative agreed too: the commit token comes by for the first time.
    pub(crate) fn on_commit(
        mut self: Box<Self>,
        local: &mut Local,
        now: Instant,
        from: NodeId,
        token: CommitToken,
    ) -> Phase {
        if self.stale {
            self.judge(local, now);
        }
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
                gather.learn(local, now, from, join);
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
