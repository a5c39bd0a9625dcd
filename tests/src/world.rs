//! The world: one clock, one heap of happenings, and the nodes they happen to.
//!
//! Must never depend on anything but the plan: happenings at the same instant are ordered by when
//! they were scheduled, all randomness comes from the plan's seed, and so a run can be repeated.
//!
//! `world/apply.rs` carries out what stacks ask for, `world/groups.rs` has programs meet,
//! `world/faults.rs` what goes wrong, `world/verdict.rs` demands convergence after healing,
//! `world/versions.rs` has administrators change the configuration, `world/witness.rs` looks at the
//! cluster from outside.

mod apply;
mod faults;
mod groups;
mod verdict;
mod versions;
pub mod witness;

use core::cmp::Ordering;
use core::time::Duration;
use std::collections::BinaryHeap;

use daemon::stack::effect::Effect;
use totem::{ConfigError, Input, Instant, NodeId, Tuning};

use crate::airlock::{Meddler, Parcel};
use crate::check::history::{Seen, What};
use crate::check::versions::Event;
use crate::check::{Breach, Checks};
use crate::faults::{Fault, Trigger};
use crate::figures::Figures;
use crate::network::{Network, Port};
use crate::node::Node;
use crate::plan::{Plan, Span};
use crate::rng::Rng;
use crate::trace::{Detail, Trace};
use crate::violation::Violation;

use self::versions::{Admin, Help};
use self::witness::{Witness, Word};
pub use verdict::Stage;

/// More happenings than any plan needs: a run that reaches this does not come to rest.
const MOST_HAPPENINGS: u64 = 4_000_000;

/// Something that is going to happen.
#[derive(Debug)]
enum Happening {
    Arrive {
        to: usize,
        port: Port,
        parcel: Parcel,
    },
    Alarm {
        node: usize,
        boot: u64,
        deadline: Instant,
    },
    Stored {
        node: usize,
        boot: u64,
        ticket: u64,
    },
    Hint {
        to: usize,
        about: NodeId,
    },
    /// A helper of a daemon has done something about the configuration.
    Helped {
        node: usize,
        boot: u64,
        done: Help,
    },
    Say {
        node: usize,
    },
    Meet {
        node: usize,
    },
    Fault(Fault),
    Resume {
        node: usize,
        boot: u64,
    },
    /// The witness looks at the cluster.
    Look,
    /// What it says reaches a node.
    Word(Word),
    Heal,
    Judge,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    order: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The heap gives out its greatest first: the earliest is the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// A simulated cluster and everything around it.
#[derive(Debug)]
pub struct World {
    plan: Plan,
    now: Instant,
    order: u64,
    heap: BinaryHeap<Entry>,
    nodes: Vec<Node>,
    network: Network,
    meddler: Option<Meddler>,
    rng: Rng,
    clients: Rng,
    /// What programs in groups do.
    meeting: Rng,
    checks: Checks,
    stage: Stage,
    /// Scratch space for the effects of one occurrence.
    effects: Vec<Effect>,
    triggers: Vec<Trigger>,
    admin: Admin,
    witness: Witness,
    /// What happened, as far as it was written down.
    pub trace: Trace,
    /// What happened, counted.
    pub figures: Figures,
    found: Option<Violation>,
}

impl World {
    /// The world of this plan, before anything happened.
    #[must_use]
    pub fn new(plan: Plan, detail: Detail) -> Self {
        let mut rng = Rng::new(plan.seed);
        let count = plan.machines.len();
        let nodes = (0..count).map(|index| Node::new(&plan, index)).collect();
        let network = Network::new(count, plan.rough, rng.fork(1));
        let meddler = plan.tamper.map(|dials| Meddler::new(dials, rng.fork(2)));
        let labels = plan.machines.iter().map(|machine| machine.id.to_string()).collect();
        let votes = plan.machines.iter().map(|machine| machine.votes.get()).collect();
        let mut world = Self {
            now: Instant::ORIGIN,
            order: 0,
            heap: BinaryHeap::new(),
            nodes,
            network,
            meddler,
            clients: rng.fork(3),
            meeting: Rng::new(plan.seed ^ 0x6772_6f75_7073),
            rng,
            checks: Checks::new(votes, plan.two_node)
                .keeping_out(plan.disallowed.is_some())
                .counting(plan.ballot.counting),
            stage: Stage::Rough,
            effects: Vec::new(),
            triggers: Vec::new(),
            admin: Admin::default(),
            witness: Witness::new(plan.seed, count),
            trace: Trace::new(detail, labels),
            figures: Figures { seeds: 1, ..Figures::default() },
            found: None,
            plan,
        };
        for (node, version) in world.plan.versions.clone() {
            world.set_version(node, version);
        }
        world.schedule_starts();
        world
    }

    /// The world of a drawn plan: its faults, its traffic and its healing are scheduled.
    #[must_use]
    pub fn with_faults(plan: Plan, detail: Detail) -> Self {
        let mut world = Self::new(plan, detail);
        for (at, fault) in core::mem::take(&mut world.plan.faults) {
            world.schedule(at, Happening::Fault(fault));
        }
        for node in 0..world.nodes.len() {
            let pause = world.draw(world.plan.traffic.pause);
            world.schedule(pause, Happening::Say { node });
        }
        if let Some(pause) = world.plan.programs {
            for node in 0..world.nodes.len() {
                world.schedule(pause.most, Happening::Meet { node });
            }
        }
        if world.plan.ballot.witness.is_some() {
            world.schedule(Duration::ZERO, Happening::Look);
        }
        world.schedule(world.plan.heal, Happening::Heal);
        world
    }

    fn schedule_starts(&mut self) {
        for node in 0..self.nodes.len() {
            if let Some(at) = self.plan.machines[node].start {
                self.schedule(at, Happening::Fault(Fault::Start { node }));
            }
        }
    }

    /// The world's time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The judges and their memory.
    #[must_use]
    pub const fn checks(&self) -> &Checks {
        &self.checks
    }

    /// Is the node's daemon running, or stopped and not dead?
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.nodes[node].is_up()
    }

    /// A node with timers and limits that are changed a little.
    ///
    /// # Errors
    /// What does not work.
    pub fn retuned(
        &self,
        node: usize,
        change: impl FnOnce(&mut Tuning),
    ) -> Result<Fault, ConfigError> {
        let mut tuning = self.nodes[node].tuning();
        change(&mut tuning);
        self.nodes[node].accepts(&self.plan, node, tuning)?;
        Ok(Fault::Retune { node, tuning })
    }

    /// A trigger is armed and did not fire yet.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        !self.triggers.is_empty()
    }

    /// Runs until convergence was demanded and judged, or a property broke.
    ///
    /// # Errors
    /// The violation.
    pub fn run(&mut self) -> Result<(), Box<Violation>> {
        while self.stage != Stage::Over && self.step()? {}
        Ok(())
    }

    /// Runs for so long.
    ///
    /// # Errors
    /// The violation.
    pub fn advance(&mut self, span: Duration) -> Result<(), Box<Violation>> {
        let until = self.now + span;
        while self.heap.peek().is_some_and(|entry| entry.at <= until) {
            self.step()?;
        }
        self.now = until;
        self.figures.nanos = self.now.as_nanos();
        Ok(())
    }

    /// Handles the next happening; `false` when there is none.
    ///
    /// # Errors
    /// The violation.
    pub fn step(&mut self) -> Result<bool, Box<Violation>> {
        let Some(entry) = self.heap.pop() else { return Ok(false) };
        self.now = self.now.max(entry.at);
        self.figures.nanos = self.now.as_nanos();
        self.figures.happenings += 1;
        if self.figures.happenings > MOST_HAPPENINGS {
            self.fail("bounded work", &Breach::default(), "the run does not come to rest");
        }
        match entry.what {
            Happening::Arrive { to, port, parcel } => self.arrive(to, port, &parcel),
            Happening::Alarm { node, boot, deadline } => self.alarm(node, boot, deadline),
            Happening::Stored { node, boot, ticket } => self.stored(node, boot, ticket),
            Happening::Hint { to, about } => self.hint(to, about),
            Happening::Helped { node, boot, done } => self.helped(node, boot, done),
            Happening::Say { node } => self.say_something(node),
            Happening::Meet { node } => self.meet(node),
            Happening::Fault(fault) => self.inject(&fault),
            Happening::Resume { node, boot } => self.resume(node, boot),
            Happening::Look => self.look(),
            Happening::Word(word) => self.word(word),
            Happening::Heal => self.heal(),
            Happening::Judge => self.judge(),
        }
        self.found.take().map_or(Ok(true), |found| Err(Box::new(found)))
    }

    fn schedule(&mut self, after: Duration, what: Happening) {
        let entry = Entry { at: self.now + after, order: self.order, what };
        self.order += 1;
        self.heap.push(entry);
    }

    fn schedule_at(&mut self, at: Instant, what: Happening) {
        self.schedule(at.since(self.now), what);
    }

    fn draw(&mut self, span: Span) -> Duration {
        self.rng.duration(span.least, span.most)
    }

    fn alarm(&mut self, node: usize, boot: u64, deadline: Instant) {
        if self.nodes[node].boot() != boot {
            return;
        }
        if self.nodes[node].rings(deadline, self.now) {
            self.trace.fine(self.now, Some(node), || "timeout".into());
            self.handle(node, Input::Timeout);
        } else {
            self.set_alarm(node);
        }
    }

    fn stored(&mut self, node: usize, boot: u64, ticket: u64) {
        if self.nodes[node].boot() != boot {
            return;
        }
        if let Some(seq) = self.nodes[node].disk.stored(ticket) {
            self.trace.fine(self.now, Some(node), || format!("stored {seq}"));
            self.handle(node, Input::Stored(seq));
        }
    }

    fn hint(&mut self, to: usize, about: NodeId) {
        if self.nodes[to].is_up() {
            self.figures.count("hint of a refused port");
            self.trace.fine(self.now, Some(to), || format!("port of {about} refuses"));
            self.handle(to, Input::Unreachable(about));
        }
    }

    fn arrive(&mut self, to: usize, port: Port, parcel: &Parcel) {
        if !self.nodes[to].is_up() {
            self.refuse(to, port, parcel.from);
            return;
        }
        match self.nodes[to].buffer(port, parcel) {
            None => self.receive(to, parcel),
            Some(true) => {}
            Some(false) => self.figures.count("packet dropped by a full buffer"),
        }
    }

    /// Nobody listens: the kernel may say so to whoever sent a unicast.
    fn refuse(&mut self, to: usize, port: Port, from: usize) {
        let answers = port == Port::Token && self.rng.chance(self.plan.hints_per_million);
        if !answers {
            return;
        }
        if let Some(after) = self.network.answer(from, to) {
            let about = self.nodes[to].id();
            self.schedule(after, Happening::Hint { to: from, about });
        }
    }

    /// A packet reaches a daemon that reads it.
    fn receive(&mut self, to: usize, parcel: &Parcel) {
        if !self.nodes[to].is_up() {
            return;
        }
        let (from, bytes) = match self.nodes[to].airlock() {
            None => (self.nodes[parcel.from].id(), parcel.bytes.clone()),
            Some(airlock) => match airlock.open(parcel) {
                Ok(Some(opened)) => (opened.from, opened.bytes),
                Ok(None) => return,
                Err(what) => {
                    let breach = Breach { nodes: vec![to, parcel.from], ..Breach::default() };
                    self.fail("sealing", &breach, what);
                    return;
                }
            },
        };
        self.trace.fine(self.now, Some(to), || apply::describe("from", from, &bytes));
        if !self.triggers.is_empty() && self.fires_on_receipt(to, &bytes) {
            return;
        }
        self.handle(to, Input::Packet { from, bytes });
    }

    /// Gives one occurrence to a stack and does what it asks for.
    fn handle(&mut self, node: usize, input: Input) {
        if let Err(error) = self.nodes[node].handle(self.now, input) {
            let breach = Breach { nodes: vec![node], ..Breach::default() };
            self.fail("members understand each other", &breach, error.to_string());
            return;
        }
        self.settle(node);
    }

    fn set_alarm(&mut self, node: usize) {
        if let Some(deadline) = self.nodes[node].set_alarm() {
            let late = self.draw(self.plan.lateness);
            let boot = self.nodes[node].boot();
            self.schedule_at(deadline + late, Happening::Alarm { node, boot, deadline });
        }
    }

    /// Shows an event to the judges.
    fn observe(&mut self, node: usize, what: What<'_>) {
        if self.found.is_some() {
            return;
        }
        if let Err((property, breach)) = self.checks.observe(&Seen { node, what }) {
            let detail = breach.detail.clone();
            self.fail(property, &breach, detail);
        }
    }

    /// Shows to the judges what happened to a text of the configuration.
    fn observe_version(&mut self, node: usize, event: Event) {
        if self.found.is_some() {
            return;
        }
        if let Err((property, breach)) = self.checks.observe_version(node, event) {
            let detail = breach.detail.clone();
            self.fail(property, &breach, detail);
        }
    }

    /// Notes the first violation; the run ends with it.
    fn fail(&mut self, property: &'static str, breach: &Breach, detail: impl Into<String>) {
        let nodes = &self.nodes;
        self.found.get_or_insert_with(|| Violation {
            property,
            seed: self.plan.seed,
            at: self.now,
            nodes: breach.nodes.iter().map(|node| nodes[*node].id().to_string()).collect(),
            messages: breach.messages.iter().map(|id| nodes[id.sender].label(id.number)).collect(),
            detail: detail.into(),
            tail: Vec::new(),
        });
    }
}
