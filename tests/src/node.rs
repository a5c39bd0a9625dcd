//! One simulated machine: the second shell around the same stack that the daemon's shell drives.
//!
//! Must never do for the stack what the real shell does not do, nor less: effects are carried out
//! in their order, the disk confirms what it has, the clock only goes forward.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use confdb::edit::steps::Step;
use confdb::replica::Ticket;
use daemon::stack::command::{
    Command, GroupCommand, RequestId, SessionId, TreeCommand, VoteCommand, Wanted,
};
use daemon::stack::effect::{Address, Effect, Reply};
use daemon::stack::lookup::Shown;
use daemon::stack::reconfigure::Reconfiguration;
use daemon::stack::{Config, Held, Stack};
use totem::{
    ConfigError, Deadline, Identity, Input, Instant, NodeId, NodeSet, PacketError, RingId, Tuning,
};

use crate::airlock::{Airlock, KeyStep, Keys, Parcel};
use crate::conf;
use crate::disk::{Disk, Text};
use crate::guest::{self, Guest};
use crate::message::MessageId;
use crate::network::Port;
use crate::plan::Plan;
use crate::programs::Programs;

/// The session of the program behind a quorum device.
pub const DEVICE: SessionId = SessionId(u64::MAX);

/// Packets that a port's receive buffer holds while the daemon does not read.
const BUFFERED: usize = 256;

/// A clock that runs a little fast or slow.
#[derive(Clone, Copy, Debug)]
struct Clock {
    ppm: i64,
    offset: u64,
}

impl Clock {
    /// What this clock shows when the world's shows `world`.
    fn read(self, world: Instant) -> Instant {
        let nanos = i128::from(world.as_nanos());
        let skewed = nanos + nanos * i128::from(self.ppm) / 1_000_000;
        Instant::from_nanos(self.offset + u64::try_from(skewed).unwrap_or_default())
    }

    /// The first world time at which this clock shows `local` or later.
    fn world(self, local: Instant) -> Instant {
        let nanos = i128::from(local.as_nanos().saturating_sub(self.offset));
        let scale = 1_000_000 + i128::from(self.ppm);
        let exact = (nanos * 1_000_000 + scale - 1) / scale;
        let mut world = Instant::from_nanos(u64::try_from(exact).unwrap_or(u64::MAX));
        // Rounding to whole nanoseconds on both ways costs two at most.
        for _ in 0..2 {
            if self.read(world) < local {
                world = world + Duration::from_nanos(1);
            }
        }
        world
    }
}

/// A scripted client's side of its session.
#[derive(Clone, Debug, Default)]
struct Session {
    requests: u64,
    asked: BTreeMap<u64, MessageId>,
    /// What an operator asked, in his words.
    questions: BTreeMap<u64, String>,
}

/// What a daemon is doing about its configuration.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    /// What its file holds for those who asked to go by it.
    pub files: BTreeMap<RequestId, Text>,
    /// What it was to put beside its file.
    pub staged: BTreeMap<Ticket, (u64, Text)>,
}

/// What waits while a daemon is stopped.
#[derive(Debug, Default)]
struct Waiting {
    token: VecDeque<Parcel>,
    data: VecDeque<Parcel>,
    inputs: Vec<Input>,
    timeout: bool,
}

/// What a stopped daemon finds when it goes on.
#[derive(Debug)]
pub struct Missed {
    /// What its helpers and its kernel have to tell.
    pub inputs: Vec<Input>,
    /// What its ports received, in the order in which it reads them.
    pub parcels: Vec<Parcel>,
    /// Its timer is due.
    pub timeout: bool,
}

/// One machine.
#[derive(Debug)]
pub struct Node {
    id: NodeId,
    stack: Option<Box<Stack>>,
    airlock: Option<Airlock>,
    clock: Clock,
    boot: u64,
    /// What survives its daemon.
    pub disk: Disk,
    /// What its daemon is doing about its configuration.
    pub versions: Versions,
    tuning: Tuning,
    /// The keys in its configuration.
    keys: Keys,
    /// The daemon does not know of it yet.
    untold: bool,
    session: Session,
    paused: Option<Waiting>,
    deadline: Option<Instant>,
    alarm: Option<Instant>,
    /// The second client of its daemon.
    pub guest: Guest,
    /// Its programs that meet in groups.
    pub programs: Programs,
    /// Messages its clients said so far.
    pub said: usize,
    /// What a scenario calls some of them.
    pub labels: BTreeMap<usize, String>,
}

impl Node {
    /// The machine of this index; its daemon is not running.
    #[must_use]
    pub fn new(plan: &Plan, index: usize) -> Self {
        let machine = &plan.machines[index];
        // Machines were not booted at the same time: their clocks have nothing in common.
        let offset = u64::from(machine.id.get()) * 1_000_000_007;
        Self {
            id: machine.id,
            stack: None,
            airlock: None,
            clock: Clock { ppm: machine.clock_ppm, offset },
            boot: 0,
            disk: Disk::new(conf::text(plan, 1, 0)),
            versions: Versions::default(),
            tuning: Tuning {
                timing: plan.timing,
                window: plan.limits.window,
                per_turn: plan.limits.per_turn,
                accelerated: plan.limits.accelerated,
                weight: machine.votes.get(),
            },
            keys: Keys::default(),
            untold: false,
            session: Session::default(),
            paused: None,
            deadline: None,
            alarm: None,
            guest: Guest::default(),
            programs: Programs::default(),
            said: 0,
            labels: BTreeMap::new(),
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// What people call its message of this number.
    #[must_use]
    pub fn label(&self, number: usize) -> String {
        let counted = || format!("{}#{number}", self.id);
        self.labels.get(&number).cloned().unwrap_or_else(counted)
    }

    /// Counts its starts.
    #[must_use]
    pub const fn boot(&self) -> u64 {
        self.boot
    }

    /// Its daemon is running, or stopped and not dead.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.stack.is_some()
    }

    /// Its daemon is stopped for a while.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Starts the daemon.
    pub fn start(&mut self, plan: &Plan, index: usize, now: Instant) {
        self.boot += 1;
        self.session = Session::default();
        self.airlock = plan.tamper.map(|_| Airlock::new(self.id, self.boot, self.keys, plan.plant));
        let config = self.config(plan, index);
        let mut stack = Box::new(Stack::new(config, self.clock.read(now)));
        let ring = Command::Group(GroupCommand::WatchRing(true));
        for command in [Command::Attach, Command::Watch { on: true, objects: false }, ring] {
            stack.command(self.clock.read(now), self.session.request(), command);
        }
        self.stack = Some(stack);
    }

    /// Ends the daemon, at once. A disk write under way happened or not.
    pub fn stop(&mut self, written: bool) {
        self.stack = None;
        self.guest.go();
        self.programs.end();
        self.airlock = None;
        self.paused = None;
        self.deadline = None;
        self.alarm = None;
        self.disk.crash(written);
        self.versions = Versions::default();
    }

    fn config(&self, plan: &Plan, index: usize) -> Config {
        let mut config = stack_config(plan, index, self.boot, &self.disk);
        config.ring = config.ring.tuned(self.tuning).expect("plans draw tunings that work");
        config
    }

    /// Whether it could be tuned so.
    ///
    /// # Errors
    /// What does not work.
    pub fn accepts(&self, plan: &Plan, index: usize, tuning: Tuning) -> Result<(), ConfigError> {
        self.config(plan, index).ring.tuned(tuning).map(drop)
    }

    /// The timers and limits in its configuration.
    #[must_use]
    pub const fn tuning(&self) -> Tuning {
        self.tuning
    }

    /// Its configuration has other timers and limits; a daemon that runs is told, a stopped one
    /// when it goes on.
    pub fn retune(&mut self, plan: &Plan, now: Instant, tuning: Tuning) {
        self.tuning = tuning;
        self.untold = true;
        if self.paused.is_none() {
            self.catch_up(plan, now);
        }
    }

    /// Tells its daemon what it missed while it was stopped.
    pub fn catch_up(&mut self, plan: &Plan, now: Instant) {
        let local = self.clock.read(now);
        let untold = core::mem::take(&mut self.untold);
        if let Some(stack) = self.stack.as_mut().filter(|_| untold) {
            let new = reconfiguration(plan, self.id, (stack.text(), self.tuning));
            let new = Reconfiguration { voting: None, ..new };
            stack.reconfigure(local, &new).expect("plans draw tunings that work");
        }
    }

    /// Hands one occurrence to the stack, or keeps it for a stopped one.
    ///
    /// # Errors
    /// The stack says that a peer sent rubbish.
    pub fn handle(&mut self, now: Instant, input: Input) -> Result<(), PacketError> {
        if let Some(waiting) = &mut self.paused {
            waiting.inputs.push(input);
            return Ok(());
        }
        let local = self.clock.read(now);
        self.stack.as_mut().map_or(Ok(()), |stack| stack.handle(local, input))
    }

    /// A request of the client.
    pub fn command(&mut self, now: Instant, command: Command) {
        let local = self.clock.read(now);
        let mut request = self.session.request();
        if let Command::Vote(VoteCommand::Device(_)) | Command::Manage(_) = command {
            // A quorum device is spoken for by a program of its own.
            request.session = DEVICE;
        }
        if let Some(stack) = &mut self.stack {
            stack.command(local, request, command);
        }
    }

    /// An operator asks something, in these words.
    pub fn ask(&mut self, now: Instant, words: &str, command: Command) {
        self.session.questions.insert(self.session.requests, words.into());
        self.command(now, command);
    }

    /// What the operator had asked with this request. Forgets it.
    pub fn question(&mut self, request: RequestId) -> Option<String> {
        self.session.questions.remove(&request.number)
    }

    /// The program behind a quorum device hangs up.
    pub fn hang_up(&mut self, now: Instant) {
        let local = self.clock.read(now);
        if let Some(stack) = &mut self.stack {
            stack.gone(local, DEVICE);
        }
    }

    /// The second client comes while this ring is in use, or goes; did it come?
    pub fn visit(&mut self, now: Instant, ring: Option<RingId>) -> bool {
        let local = self.clock.read(now);
        let Some(stack) = &mut self.stack else { return false };
        if let Some(session) = self.guest.go() {
            stack.gone(local, session);
            return false;
        }
        let session = self.guest.come(ring);
        for (number, command) in
            [Command::Attach, Command::Watch { on: true, objects: false }].into_iter().enumerate()
        {
            // The first client's requests are answered by their number: these are none of them.
            let number = u64::MAX - u64::from(number > 0);
            stack.command(local, RequestId { session, number }, command);
        }
        true
    }

    /// A request of a program.
    pub fn request(&mut self, now: Instant, request: RequestId, command: Command) {
        let local = self.clock.read(now);
        if let Some(stack) = &mut self.stack {
            stack.command(local, request, command);
        }
    }

    /// A program is gone.
    pub fn gone(&mut self, now: Instant, session: SessionId) {
        let local = self.clock.read(now);
        if let Some(stack) = &mut self.stack {
            stack.gone(local, session);
        }
    }

    /// All groups and their members, as its daemon has them when it has nothing else to do.
    pub fn groups(&mut self, now: Instant) -> Vec<(Bytes, Vec<Address>)> {
        let list = Command::Group(GroupCommand::List { after: Bytes::new() });
        self.request(now, RequestId { session: SessionId(0), number: 0 }, list);
        let mut effects = Vec::new();
        let drained = self.drain(&mut effects);
        let list = effects.into_iter().find_map(|effect| {
            let Effect::Reply { reply: Reply::Groups(list), .. } = effect else { return None };
            Some(list.groups)
        });
        drained.ok().and(list).unwrap_or_default()
    }

    /// A multicast of the client.
    pub fn say(&mut self, now: Instant, id: MessageId, command: Command) {
        self.session.asked.insert(self.session.requests, id);
        self.command(now, command);
    }

    /// The message that this request asked to send, if it did. Forgets it.
    pub fn asked(&mut self, request: RequestId) -> Option<MessageId> {
        self.session.asked.remove(&request.number)
    }

    /// Everything the stack wants done, in order, without the final `Wait`.
    ///
    /// # Errors
    /// The stack never comes to an end.
    pub fn drain(&mut self, effects: &mut Vec<Effect>) -> Result<(), &'static str> {
        let Some(stack) = &mut self.stack else { return Ok(()) };
        for _ in 0..1_000_000 {
            let effect = stack.poll();
            if let Effect::Wait(deadline) = effect {
                self.deadline = deadline.map(|Deadline { at, .. }| self.clock.world(at));
                return Ok(());
            }
            effects.push(effect);
        }
        Err("a million effects in one go")
    }

    /// The instant for which an alarm must be set now, if one must.
    pub fn set_alarm(&mut self) -> Option<Instant> {
        let deadline = self.deadline.filter(|_| self.paused.is_none())?;
        if self.alarm.is_some_and(|alarm| alarm <= deadline) {
            return None;
        }
        self.alarm = Some(deadline);
        Some(deadline)
    }

    /// The alarm set for `at` rings: is the deadline passed?
    pub fn rings(&mut self, at: Instant, now: Instant) -> bool {
        if self.alarm != Some(at) {
            return false;
        }
        self.alarm = None;
        let due = self.deadline.is_some_and(|deadline| deadline <= now);
        if due && let Some(waiting) = &mut self.paused {
            waiting.timeout = true;
            return false;
        }
        due
    }

    /// Stops the daemon without killing it.
    pub fn pause(&mut self) {
        self.paused.get_or_insert_default();
    }

    /// Lets it go on: what waited, in the order in which a daemon reads its ports.
    pub fn resume(&mut self) -> Option<Missed> {
        let mut waiting = self.paused.take()?;
        let mut parcels = Vec::new();
        loop {
            let token_first = self.stack.as_ref().is_some_and(|stack| stack.token_first());
            let next = if token_first || waiting.data.is_empty() {
                waiting.token.pop_front()
            } else {
                None
            };
            let next =
                next.or_else(|| waiting.data.pop_front()).or_else(|| waiting.token.pop_front());
            let Some(next) = next else { break };
            parcels.push(next);
        }
        Some(Missed { inputs: waiting.inputs, parcels, timeout: waiting.timeout })
    }

    /// A stopped daemon's port takes a packet in, or has no room: `Some(false)`. `None`: the
    /// daemon is not stopped and reads it at once.
    pub fn buffer(&mut self, port: Port, parcel: &Parcel) -> Option<bool> {
        let waiting = self.paused.as_mut()?;
        let queue = match port {
            Port::Token => &mut waiting.token,
            Port::Data => &mut waiting.data,
        };
        let room = queue.len() < BUFFERED;
        if room {
            queue.push_back(parcel.clone());
        }
        Some(room)
    }

    /// Its configuration takes a step of changing the key, and its daemon with it, while these are
    /// the members of its ring. Did the daemon?
    pub fn change_key(&mut self, step: KeyStep, members: &NodeSet) -> bool {
        self.keys.step(step);
        let keys = self.keys;
        self.airlock.as_mut().is_some_and(|airlock| airlock.step(step, keys, members))
    }

    /// Whether this node, of all, is to propose what a directory has.
    pub fn speaks(&self) -> bool {
        self.stack.as_ref().is_some_and(|stack| stack.speaks())
    }

    /// This node can reach the directory from now on, or cannot.
    pub fn look(&mut self, now: Instant, sees: bool) {
        let local = self.clock.read(now);
        if let Some(stack) = &mut self.stack {
            stack.looked(local, sees);
        }
    }

    /// An administrator has a new text in the file of this node and has all nodes go by it.
    pub fn reload(&mut self, now: Instant, text: Text) {
        let local = self.clock.read(now);
        let request = self.session.request();
        self.versions.files.insert(request, text);
        if let Some(stack) = &mut self.stack {
            stack.command(local, request, Command::Reload(Wanted::default()));
        }
    }

    /// Its daemon is between two rings.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.stack.as_ref().is_some_and(|stack| stack.ring_members().is_empty())
    }

    /// The text that its daemon goes by.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.stack.as_ref().map_or(&[], |stack| stack.text())
    }

    /// A program has all nodes go by the text of its daemon, changed so, which comes to this text.
    pub fn write(&mut self, now: Instant, (words, steps): (&str, Vec<Step>), text: Option<Text>) {
        let local = self.clock.read(now);
        let request = self.session.request();
        self.session.questions.insert(request.number, words.into());
        self.versions.files.extend(text.map(|text| (request, text)));
        if let Some(stack) = &mut self.stack {
            stack.command(local, request, Command::Tree(TreeCommand::Edit(steps)));
        }
    }

    /// Its daemon is given the file for which it asked.
    pub fn fetched(&mut self, now: Instant, request: RequestId) {
        let local = self.clock.read(now);
        let text = self.versions.files.get(&request).cloned();
        let read = text.map(|text| ("cluster.conf".to_owned(), text.to_vec()));
        if let Some(stack) = &mut self.stack {
            stack.fetched(local, request, read.ok_or_else(|| "no such file".to_owned()));
        }
    }

    /// Its daemon is told whether it can go by a text.
    pub fn staged(
        &mut self,
        plan: &Plan,
        now: Instant,
        (ticket, result): (Ticket, Result<(), String>),
    ) {
        let local = self.clock.read(now);
        let Some((_, text)) = self.versions.staged.get(&ticket) else { return };
        let new = reconfiguration(plan, self.id, (text, self.tuning));
        if let Some(stack) = &mut self.stack {
            stack.staged(local, ticket, result.map(|()| Box::new(new)));
        }
    }

    /// Its daemon is told that the file is the new one.
    pub fn activated(&mut self, now: Instant, ticket: Ticket) {
        let local = self.clock.read(now);
        if let Some(stack) = &mut self.stack {
            stack.activated(local, ticket, Ok(()));
        }
    }

    /// Its airlock, where packets are sealed.
    pub const fn airlock(&mut self) -> Option<&mut Airlock> {
        self.airlock.as_mut()
    }
}

impl Session {
    fn request(&mut self) -> RequestId {
        let number = self.requests;
        self.requests += 1;
        RequestId { session: guest::FIRST, number }
    }
}

fn stack_config(plan: &Plan, index: usize, boot: u64, disk: &Disk) -> Config {
    let machine = &plan.machines[index];
    let identity = Identity {
        me: machine.id,
        boot,
        weight: machine.votes.get(),
        seed: plan.seed ^ (u64::from(machine.id.get()) << 32) ^ boot,
    };
    let ring = totem::Config::new(identity, plan.timing, plan.limits)
        .expect("plans draw timers and limits that fit together")
        .with_planted(plan.plant);
    let text = disk.conf().clone();
    let cluster = conf::read(&text);
    let version = u64::from(cluster.config_version);
    let expected = plan.ballot.expected.get(index).copied().flatten();
    Config {
        ring,
        last: disk.seq(),
        cluster: cluster.name.clone(),
        cluster_id: cluster.id,
        config_version: version,
        nodes: conf::entries(&cluster),
        voting: conf::voting(&cluster, plan, (machine.id, expected)),
        disallowed: cluster.voting.disallowed,
        shutdown_timeout: Duration::from_secs(5),
        held: Held { text, accepted: disk.accepted(version), mark: 0, copied: false },
        shown: Shown::default(),
    }
}

/// What node `me` becomes with this text.
fn reconfiguration(plan: &Plan, me: NodeId, (text, tuning): (&[u8], Tuning)) -> Reconfiguration {
    let cluster = conf::read(text);
    Reconfiguration {
        version: cluster.config_version.into(),
        nodes: conf::entries(&cluster),
        voting: Some(conf::voting(&cluster, plan, (me, None))),
        tuning,
        disallowed: cluster.voting.disallowed,
        shutdown_timeout: cluster.voting.shutdown_timeout,
        shown: Shown::default(),
        keys: 0,
    }
}
