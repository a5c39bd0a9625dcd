//! A witness outside of the cluster, which gives its vote to one side: what `corosync-qnetd` and a
//! `corosync-qdevice` on each node are together; and what is demanded where there is one.
//!
//! Must never say "yes" to a side before what it said to another has run out. That is all that a
//! device guarantees; what nodes make of it is theirs.
//!
//! - Never are two sides quorate that share no node, of which each is at rest: on the ring of which
//!   its programs know.
//! - Who was quorate by the witness's word is not for longer than the sync timeout on a ring of
//!   which its programs do not know.
//! - Who has its word, and would have enough with it, stays quorate while it judges anew.

use core::time::Duration;

use daemon::stack::command::{
    Command, DeviceCommand, ManageCommand, RequestId, ViewParts, VoteCommand,
};
use daemon::stack::effect::{Notice, Reply, ViewPart};
use quorum::Verdict;
use totem::{Instant, RingId};

use super::{Happening, World};
use crate::check::Breach;
use crate::check::group::Group;
use crate::node::DEVICE;
use crate::plan::Attendance;
use crate::rng::Rng;

/// The property that only one side acts.
pub const SIDES: &str = "quorum with a witness (one side)";

/// The property that nobody goes on for ever on an old word.
pub const STALE: &str = "quorum with a witness (no word outlives its time)";

/// The property that nothing is lost while the witness judges.
pub const KEPT: &str = "quorum with a witness (kept while it judges)";

/// What the witness says to a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    node: usize,
    boot: u64,
    ring: RingId,
    yes: bool,
}

/// The witness, and what its programs on the nodes know.
#[derive(Debug)]
pub(super) struct Witness {
    rng: Rng,
    /// The ring whose nodes have its vote.
    holder: Option<RingId>,
    nodes: Vec<Seen>,
    /// The last answer to a program.
    answer: Option<Reply>,
}

/// A node as the witness sees it.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    boot: u64,
    /// It cannot be reached.
    hidden: bool,
    /// The ring that its program was told of last.
    ring: Option<RingId>,
    /// A word is on its way.
    busy: bool,
    /// The ring of which it was told "yes", and until when it may count on that.
    yes: Option<(RingId, Instant)>,
    /// Since when it has had that without a break, and when it came last.
    had: Option<(Instant, Instant)>,
    /// Since when it counts the witness's votes, through whichever member.
    counted: Option<Instant>,
    /// Its program was silent for too long once: what it says since may not have reached the
    /// others, nor its own node's count.
    excused: bool,
    /// Since when it is quorate by the witness, and not on the ring that its programs know.
    unsettled: Option<Instant>,
    /// Since when it is not at rest.
    away: Option<Instant>,
}

impl Witness {
    pub(super) fn new(seed: u64, nodes: usize) -> Self {
        let rng = Rng::new(seed ^ 0x7769_746e_6573_7300);
        Self { rng, holder: None, nodes: vec![Seen::default(); nodes], answer: None }
    }
}

impl World {
    fn attendance(&self) -> Option<Attendance> {
        self.plan.ballot.witness
    }

    /// The program of a node is told something.
    pub(super) fn told_device(&mut self, node: usize, notice: &Notice) {
        let Notice::View(view) = notice else { return };
        if view.part == ViewPart::Members {
            self.witness.nodes[node].ring = Some(view.ring);
            let (ring, members) = (view.ring, super::apply::list(&view.members));
            self.trace
                .story(self.now, Some(node), || format!("device told of ring {ring}: {members}"));
        }
    }

    /// The program of a node is answered.
    pub(super) fn answered_device(&mut self, to: RequestId, reply: &Reply) {
        if to.session == DEVICE {
            self.witness.answer = Some(reply.clone());
        }
    }

    /// What the program of a node asks is done.
    fn device_asks(&mut self, node: usize, command: Command) -> bool {
        self.witness.answer = None;
        self.nodes[node].command(self.now, command);
        self.settle(node);
        self.witness.answer.take() == Some(Reply::Done)
    }

    /// The node has not heard of its device for too long.
    pub(super) fn lost_device(&mut self, node: usize) {
        self.witness.nodes[node].excused = true;
    }

    /// The witness looks at all nodes it can reach, and decides.
    pub(super) fn look(&mut self) {
        let Some(attendance) = self.attendance() else { return };
        let healing = self.is_healing();
        for node in 0..self.nodes.len() {
            let blinks = self.witness.rng.chance(attendance.blinks);
            let seen = &mut self.witness.nodes[node];
            seen.hidden = !healing && (seen.hidden != blinks);
            self.attend(node, attendance);
            self.judge_staleness(node);
        }
        self.decide();
        for node in self.reachable() {
            self.tell(node, attendance);
        }
        let pause = self.witness.rng.duration(attendance.pause.least, attendance.pause.most);
        self.schedule(pause, Happening::Look);
    }

    fn is_there(&self, node: usize) -> bool {
        self.nodes[node].is_up() && !self.nodes[node].is_paused()
    }

    fn reachable(&self) -> Vec<usize> {
        let nodes = 0..self.nodes.len();
        nodes.filter(|&node| self.is_there(node) && !self.witness.nodes[node].hidden).collect()
    }

    /// The program of a node is started with its daemon, and registers its device.
    fn attend(&mut self, node: usize, attendance: Attendance) {
        if !self.is_there(node) {
            return;
        }
        let boot = self.nodes[node].boot();
        if self.witness.nodes[node].boot != boot {
            let Seen { hidden, yes, .. } = self.witness.nodes[node];
            self.witness.nodes[node] = Seen { boot, hidden, yes, ..Seen::default() };
            let parts = ViewParts::Votes;
            let track = ManageCommand::Track { on: true, current: true, parts };
            self.device_asks(node, Command::Manage(track));
        }
        let register = DeviceCommand::Register { name: "witness".into(), votes: attendance.votes };
        self.device_asks(node, Command::Vote(VoteCommand::Device(register)));
    }

    /// Which ring has the vote from now on: the one that has it, while it is seen; else another,
    /// once nobody can count on the last.
    fn decide(&mut self) {
        let seen: Vec<RingId> =
            self.reachable().iter().filter_map(|&node| self.witness.nodes[node].ring).collect();
        if seen.is_empty() || self.witness.holder.is_some_and(|ring| seen.contains(&ring)) {
            return;
        }
        let ring = self.witness.rng.pick(&seen);
        let counts = |node: usize| {
            let yes = self.witness.nodes[node].yes;
            let stopped = self.nodes[node].is_paused();
            yes.is_some_and(|(of, until)| of != ring && (stopped || until > self.now))
        };
        if !(0..self.nodes.len()).any(counts) {
            self.witness.holder = Some(ring);
        }
    }

    fn tell(&mut self, node: usize, attendance: Attendance) {
        let Seen { boot, ring: Some(ring), busy: false, .. } = self.witness.nodes[node] else {
            return;
        };
        let yes = self.witness.holder == Some(ring);
        let way = self.witness.rng.duration(Duration::ZERO, attendance.pause.most);
        if yes {
            // Its clock, its timers and what it says to others on the ring take a while.
            let timeout = self.plan.ballot.device_timeout.unwrap_or_default();
            let late = 2 * self.plan.lateness.most + Duration::from_millis(100);
            let until = self.now + way + timeout * 11 / 10 + 2 * self.token() + late;
            self.witness.nodes[node].yes = Some((ring, until));
        }
        self.witness.nodes[node].busy = true;
        self.schedule(way, Happening::Word(Word { node, boot, ring, yes }));
    }

    /// A word of the witness reaches the program of a node, which passes it on.
    pub(super) fn word(&mut self, word: Word) {
        let Word { node, boot, ring, yes } = word;
        self.witness.nodes[node].busy = false;
        if !self.is_there(node) || self.nodes[node].boot() != boot {
            return;
        }
        let of = (ring.seq.get(), ring.representative.get());
        if !yes {
            self.witness.nodes[node].had = None;
        }
        let poll = ManageCommand::Poll { alive: yes, ring: of };
        if !self.device_asks(node, Command::Manage(poll)) {
            return;
        }
        self.trace.story(self.now, Some(node), || format!("device said {yes} of ring {ring}"));
        let seen = &mut self.witness.nodes[node];
        if yes {
            let timeout = self.plan.ballot.device_timeout.unwrap_or_default() * 8 / 10;
            let had = seen.had.filter(|(_, last)| self.now.since(*last) < timeout);
            seen.had = Some((had.map_or(self.now, |(since, _)| since), self.now));
        }
    }

    /// The most patient token timeout.
    fn token(&self) -> Duration {
        self.nodes.iter().map(|node| node.tuning().timing.token).max().unwrap_or_default()
    }

    // -- what is demanded -----------------------------------------------------------------------

    /// Votes of these nodes alone make no quorum, and with the witness's they do.
    fn needs_witness(&self, nodes: Group, attendance: Attendance) -> bool {
        let votes = |nodes: Group| -> u64 {
            nodes.iter().map(|node| u64::from(self.plan.machines[node].votes.get())).sum()
        };
        let witness = u64::from(attendance.votes.get());
        let all = votes((0..self.nodes.len()).collect()) + witness;
        let needed = all / 2 + 1;
        votes(nodes) < needed && votes(nodes) + witness >= needed
    }

    /// It is on the ring of which its programs know, and on its way to no other.
    fn is_at_rest(&self, node: usize) -> bool {
        let process = &self.checks.history().processes[node];
        let place = self.checks.history().place(node);
        let on = place.filter(|place| place.transitional.is_none()).map(|place| place.ring);
        self.is_there(node)
            && !self.nodes[node].is_between()
            && process.view.map(|view| view.ring) == on
    }

    fn is_acting(&self, node: usize) -> bool {
        let process = &self.checks.history().processes[node];
        process.alive && process.quorate && self.is_at_rest(node)
    }

    /// A node has done all that was to be done at this instant.
    pub(super) fn judge_witness(&mut self, node: usize) {
        if self.attendance().is_none() {
            return;
        }
        let away = (!self.is_at_rest(node)).then_some(self.now);
        let seen = &mut self.witness.nodes[node];
        seen.away = away.map(|now| seen.away.unwrap_or(now));
        if !self.is_acting(node) {
            return;
        }
        let voters = |node: usize| self.checks.history().processes[node].voters;
        let here = voters(node);
        let apart = (0..self.nodes.len())
            .find(|&other| self.is_acting(other) && voters(other).and(here).is_empty());
        if let Some(other) = apart {
            let detail = format!("both {here:?} and {:?} are quorate", voters(other));
            self.fail(SIDES, &Breach { nodes: vec![node, other], ..Breach::default() }, detail);
        }
    }

    fn judge_staleness(&mut self, node: usize) {
        let Some(attendance) = self.attendance() else { return };
        let process = &self.checks.history().processes[node];
        let by_witness = process.alive
            && process.quorate
            && process.view.is_some_and(|view| {
                view.members != process.voters && self.needs_witness(view.members, attendance)
            });
        let now = self.now;
        if !by_witness || self.is_at_rest(node) || !self.is_there(node) {
            self.witness.nodes[node].unsettled = None;
            return;
        }
        let since = *self.witness.nodes[node].unsettled.get_or_insert(now);
        let timeout = self.plan.ballot.sync_timeout.unwrap_or_default() * 11 / 10;
        if now.since(since) > timeout + self.plan.lateness.most + Duration::from_millis(50) {
            let detail = format!("quorate by a word of before since {since:?}");
            self.fail(STALE, &Breach::of(node), detail);
        }
    }

    /// A node announces whether it is quorate.
    pub(super) fn judge_verdict(&mut self, node: usize, verdict: &Verdict) {
        let Some(attendance) = self.attendance() else { return };
        let seen = self.witness.nodes[node];
        let counts = verdict.device >= attendance.votes;
        let seen_now = &mut self.witness.nodes[node];
        seen_now.counted = counts.then(|| seen.counted.unwrap_or(self.now));
        seen_now.had = seen.had.filter(|_| verdict.quorate);
        let process = &self.checks.history().processes[node];
        let loses = process.quorate && !verdict.quorate && !seen.excused;
        let (Some((since, last)), true) = (seen.had, loses) else { return };
        let (Some(away), Some(counted)) = (seen.away, seen.counted) else { return };
        // All members had been told of it by the time they lost each other.
        let since = since.max(counted);
        let known = since + 2 * self.token() + Duration::from_millis(300) < away;
        let (device, sync) = (self.plan.ballot.device_timeout, self.plan.ballot.sync_timeout);
        let fresh = self.now.since(last) < device.unwrap_or_default() * 8 / 10;
        let early = self.now.since(away) < sync.unwrap_or_default() * 8 / 10;
        if known && fresh && early && self.needs_witness(process.voters, attendance) {
            let detail = format!("{:?} are quorate no more, and have its word", process.voters);
            self.fail(KEPT, &Breach::of(node), detail);
        }
    }
}
