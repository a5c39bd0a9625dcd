//! Programs in process groups that are killed at any instruction: afterwards no daemon has a
//! member, a session or a descriptor of theirs left, nor memory.
//!
//! Must never wait without an event: an observer on each host is told when the last one is gone.
//! Must never leave the observers unread: who does not read is cut off.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::{Connection, Error, GroupEvent, Guarantee, View};
use daemon::demo::conf;
use daemon::demo::home::{self, Home};
use daemon::demo::lan::ETHERNET_MTU;
use daemon::demo::process::Process;

use crate::bench::site::Site;
use crate::rng::Rng;

/// How many daemons.
const HOSTS: usize = 3;

/// The group in which they meet.
const GROUP: &[u8] = b"churn";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Programs at a time.
const AT_ONCE: usize = 3;

/// From the start of a program to its death, at most.
const LATEST: Duration = Duration::from_millis(25);

/// How long one observer is listened to at a time.
const TURN: Duration = Duration::from_millis(1);

/// After so many rounds everything is counted.
const COUNTED: u64 = 50;

/// Process that the observers say they are.
const OBSERVER: u32 = 1;

/// What came out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Rounds that were played.
    pub rounds: u64,
    /// Programs that were killed.
    pub kills: u64,
    /// Views that an observer was told.
    pub views: u64,
    /// Messages that it heard.
    pub messages: u64,
    /// Descriptors of each daemon, at the beginning and in the end.
    pub descriptors: Vec<(usize, usize)>,
    /// Bytes in memory of each daemon, after the first rounds that were counted and in the end.
    pub resident: Vec<(u64, u64)>,
}

/// Joins, says things in one part or several, leaves, and again, until it is killed.
///
/// # Errors
/// The daemon ends.
pub fn churn(socket: &Path, seed: u64) -> Result<(), Error> {
    let mut rng = Rng::new(seed);
    let mut daemon = Connection::open(socket, "churn")?;
    loop {
        daemon.join_group(GROUP, std::process::id(), false)?;
        for _ in 0..rng.size(0, 6) {
            let size = if rng.once_in(8) { (1 << 20) + 1000 } else { rng.size(0, 2000) };
            match daemon.group_send(Guarantee::Agreed, &vec![7; size]) {
                Err(error) if error.is_harmless() => {}
                sent => sent?,
            }
        }
        daemon.leave_group()?;
        let me = std::process::id();
        let gone = |view: &View| view.left.iter().any(|(member, _)| member.pid == me);
        while !matches!(daemon.group_event(None)?, Some(GroupEvent::View(view)) if gone(&view)) {}
    }
}

/// Kills so many programs, some at a time. `program` runs [`churn`] when it is given `churn`, a
/// socket and a seed.
///
/// # Errors
/// What must not be.
pub fn run(
    program: &Path,
    (rounds, seed): (u64, u64),
    mut tell: impl FnMut(&str),
) -> Result<Outcome, String> {
    let mut play = Play::new(program, seed)?;
    for round in 1..=rounds {
        play.round()?;
        if round % COUNTED == 0 || round == rounds {
            play.count()?;
            tell(&format!("round {round}: nothing left, resident {:?}", play.outcome.resident));
        }
    }
    Ok(play.outcome)
}

struct Play {
    program: PathBuf,
    observers: Vec<Connection>,
    homes: Vec<Home>,
    daemons: Vec<Process>,
    rng: Rng,
    outcome: Outcome,
    /// Last: programs end while they still have a network.
    site: Site,
}

impl Play {
    fn new(program: &Path, seed: u64) -> Result<Self, String> {
        let site = Site::new(HOSTS, ETHERNET_MTU)?;
        let mut play = Self {
            program: program.to_owned(),
            observers: Vec::new(),
            homes: Vec::new(),
            daemons: Vec::new(),
            rng: Rng::new(seed),
            outcome: Outcome::default(),
            site,
        };
        for (host, name) in play.site.names().iter().enumerate() {
            play.start(host, name)?;
        }
        for host in 0..HOSTS {
            let socket = play.homes[host].socket();
            let observer = Connection::open(&socket, "observer").map_err(|why| why.to_string())?;
            play.observers.push(observer);
            let joined = play.observers[host].join_group(GROUP, OBSERVER, false);
            joined.map_err(|why| why.to_string())?;
        }
        play.alone()?;
        let descriptors = play.descriptors()?;
        play.outcome.descriptors = descriptors.iter().map(|count| (*count, *count)).collect();
        Ok(play)
    }

    fn start(&mut self, host: usize, name: &str) -> Result<(), String> {
        let dir = self.site.fresh(name)?;
        let config = dir.join("cluster.conf");
        let text = conf::text("groups", &self.site.names(), "");
        let made = fs::write(&config, text).and_then(|()| Home::new(dir, config));
        let home = made.map_err(|error| format!("{name}: {error}"))?;
        let command = home.daemon(self.site.clusterd(), &[]);
        let mut command = command.map_err(|error| error.to_string())?;
        let mut process = self.site.spawn(host, &mut command)?;
        let pipe = process.take_stdout().ok_or("the daemon has no output")?;
        home::ready(pipe).map_err(|why| format!("{name} does not start: {why}"))?;
        self.daemons.push(process);
        self.homes.push(home);
        Ok(())
    }

    /// Some programs begin, and are killed whatever they are doing.
    fn round(&mut self) -> Result<(), String> {
        let mut programs = Vec::new();
        for _ in 0..AT_ONCE {
            let host = self.rng.size(0, HOSTS - 1);
            let mut command = Command::new(&self.program);
            command.arg("churn").arg(self.homes[host].socket());
            command.arg(self.rng.size(0, 1 << 20).to_string());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            programs.push(self.site.spawn(host, &mut command)?);
        }
        for mut program in programs {
            let wait = self.rng.duration(Duration::ZERO, LATEST);
            self.observe(Instant::now() + wait)?;
            let ended = program.wait(Some(Instant::now())).map_err(|why| why.to_string())?;
            if let Some(status) = ended {
                return Err(format!("a program ended by itself: {status}; {}", self.words()));
            }
            program.kill().map_err(|why| why.to_string())?;
            program.wait(None).map_err(|why| why.to_string())?;
            self.outcome.kills += 1;
        }
        self.outcome.rounds += 1;
        Ok(())
    }

    /// The observers take events as they come, in turns, until this moment.
    fn observe(&mut self, until: Instant) -> Result<(), String> {
        loop {
            for host in 0..HOSTS {
                let turn = (Instant::now() + TURN).min(until);
                while self.event(host, turn)?.is_some() && Instant::now() < turn {}
            }
            if Instant::now() >= until {
                return Ok(());
            }
        }
    }

    /// What the daemons said last.
    fn words(&self) -> String {
        let words = self.homes.iter().flat_map(|home| home.last_words(3));
        words.collect::<Vec<_>>().join("; ")
    }

    fn event(&mut self, host: usize, until: Instant) -> Result<Option<GroupEvent>, String> {
        let event = self.observers[host].group_event(Some(until));
        let event = event.map_err(|why| format!("observer {host}: {why}; {}", self.words()))?;
        match (&event, host) {
            (Some(GroupEvent::View(_)), 0) => self.outcome.views += 1,
            (Some(GroupEvent::Message(_)), 0) => self.outcome.messages += 1,
            (Some(_) | None, _) => {}
        }
        Ok(event)
    }

    /// Waits until there is nobody but the observers.
    fn alone(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        for host in 0..HOSTS {
            loop {
                let daemon = &mut self.observers[host];
                let members = daemon.group_members(GROUP).map_err(|why| why.to_string())?;
                let strangers = members.iter().any(|member| member.pid != OBSERVER);
                if !strangers && members.len() == HOSTS {
                    break;
                }
                if self.event(host, deadline)?.is_none() {
                    return Err(format!("host {} still has members: {members:?}", host + 1));
                }
            }
        }
        Ok(())
    }

    /// Nothing is left of any program that was killed.
    fn count(&mut self) -> Result<(), String> {
        self.alone()?;
        for host in 0..HOSTS {
            // The daemon learns of the end of a connection at its own time; of this one it knows.
            let deadline = Instant::now() + PATIENCE;
            loop {
                let daemon = &mut self.observers[host];
                let sessions = daemon.status().map_err(|why| why.to_string())?.subsystems;
                let descriptors = self.descriptors()?[host];
                let (before, after) = &mut self.outcome.descriptors[host];
                // A file may be open for a moment, and may have been at the beginning.
                *before = descriptors.min(*before);
                *after = descriptors;
                if sessions == 1 && descriptors == *before {
                    break;
                }
                if Instant::now() > deadline {
                    let counts = format!("{sessions} sessions, {before} and {descriptors}");
                    return Err(format!("host {}: {counts} descriptors", host + 1));
                }
            }
        }
        let resident = self.resident()?;
        if self.outcome.resident.is_empty() {
            self.outcome.resident = resident.iter().map(|bytes| (*bytes, *bytes)).collect();
        }
        for ((_, last), now) in self.outcome.resident.iter_mut().zip(resident) {
            *last = now;
        }
        Ok(())
    }

    fn descriptors(&self) -> Result<Vec<usize>, String> {
        let count = |daemon: &Process| {
            let path = format!("/proc/{}/fd", daemon.pid());
            fs::read_dir(&path).map(Iterator::count).map_err(|why| format!("{path}: {why}"))
        };
        self.daemons.iter().map(count).collect()
    }

    fn resident(&self) -> Result<Vec<u64>, String> {
        let size = |daemon: &Process| {
            let path = format!("/proc/{}/status", daemon.pid());
            let status = fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
            let kib = kib.and_then(|kib| kib.parse::<u64>().ok());
            kib.map(|kib| kib << 10).ok_or_else(|| format!("{path} says nothing"))
        };
        self.daemons.iter().map(size).collect()
    }
}
