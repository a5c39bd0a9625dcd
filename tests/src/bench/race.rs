//! Engines side by side on the same hosts, by turns: one run of each, then one of each again.
//!
//! Must never compare what was not measured in one go: what else the machine does comes and goes,
//! and so every round has a run of every engine.

use std::collections::BTreeMap;
use std::time::Duration;

use super::engine::{Engine, Start, Team, Tools, farewell};
use super::gather::{Generator, Outcome, gather};
use super::meter;
use super::record::{Journal, Record};
use super::site::Site;

pub mod failure;
pub mod idle;
pub mod limit;
pub mod loss;
mod watchers;

/// What to race.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who takes part.
    pub engines: Vec<Engine>,
    /// How many nodes, one race for each.
    pub nodes: Vec<usize>,
    /// Bytes of messages.
    pub sizes: Vec<usize>,
    /// How often.
    pub rounds: usize,
    /// How long one run takes.
    pub length: Duration,
    /// Bytes of a packet that the bridge carries.
    pub mtu: u32,
}

/// One run of programs that send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Load {
    size: usize,
    /// Messages per second of each sender; zero for as many as are taken.
    rate: u64,
    /// The first so many hosts send.
    senders: usize,
    length: Duration,
}

impl Load {
    /// The words of the program on a host.
    fn words(&self, host: usize, hosts: usize) -> Vec<String> {
        let sends = u8::from(host < self.senders);
        let (size, rate) = (self.size, self.rate);
        let words = [
            "load".to_owned(),
            size.to_string(),
            self.length.as_secs().to_string(),
            hosts.to_string(),
            rate.to_string(),
            sends.to_string(),
        ];
        words.into()
    }

    /// Runs it on a team that stands.
    fn run(&self, team: &Team<'_>) -> Result<Outcome, String> {
        let mut generators = Vec::new();
        for host in 0..team.len() {
            let process = team.client(host, &self.words(host, team.len()))?;
            let pids = [Some(process.pid()), team.pid(host)].into_iter().flatten().collect();
            generators.push(Generator { process, pids });
        }
        let outcome = gather(&mut generators, self.length, |_| {});
        // What they have on its way is theirs: they end when it came.
        farewell(generators.into_iter().map(|generator| generator.process).collect());
        outcome.map_err(|why| team.explain(&why))
    }
}

/// The speeds of one kind of run, for the half of it.
type Speeds = BTreeMap<(Engine, usize), u64>;

/// Throughput and delays: every size with one sender and with all, then at 100 messages a second
/// and at half of what one sender can.
///
/// # Errors
/// No hosts, a tool is missing, or the file of records cannot be written.
pub fn speed(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        let tools = Tools::find(&site, &plan.engines)?;
        for _ in 0..plan.rounds {
            let mut speeds = Speeds::new();
            for &engine in &plan.engines {
                let start = Start { engine, nodes, token: None };
                let ran = stand(&site, &tools, start)
                    .and_then(|team| speeds_of(plan, &team, start, (&mut speeds, journal)));
                journal.failures.extend(ran.err());
            }
        }
    }
    Ok(())
}

/// A team that runs. Whether all its nodes are members its clients find out.
fn stand<'a>(site: &'a Site, tools: &'a Tools, start: Start) -> Result<Team<'a>, String> {
    let mut team = Team::new(site, tools, start)?;
    team.go()?;
    Ok(team)
}

fn speeds_of(
    plan: &Plan,
    team: &Team<'_>,
    start: Start,
    (speeds, journal): (&mut Speeds, &mut Journal),
) -> Result<(), String> {
    let Start { engine, nodes, .. } = start;
    for &size in &plan.sizes {
        for senders in [1, nodes] {
            let load = Load { size, rate: 0, senders, length: plan.length };
            if let Some(outcome) = note("throughput", team, (start, load, plan.mtu), journal)?
                && senders == 1
            {
                speeds.insert((engine, size), outcome.messages);
            }
        }
    }
    let half = |size| speeds.get(&(engine, size)).map(|speed| (speed / 2).max(1));
    let size = plan.sizes.iter().copied().find(|&size| size >= 1024).unwrap_or(1024);
    for rate in [Some(100), half(size)].into_iter().flatten() {
        let load = Load { size: size.min(1024), rate, senders: 1, length: plan.length };
        note("latency", team, (start, load, plan.mtu), journal)?;
    }
    Ok(())
}

/// Runs a load and writes down what came of it; nothing when it failed, which is written as well.
fn note(
    what: &'static str,
    team: &Team<'_>,
    (start, load, mtu): (Start, Load, u32),
    journal: &mut Journal,
) -> Result<Option<Outcome>, String> {
    let before = meter::load();
    let mut record = Record::new(what);
    record
        .text("engine", start.engine.name())
        .count("nodes", start.nodes)
        .count("mtu", mtu)
        .count("size", load.size)
        .count("senders", load.senders)
        .count("rate", load.rate);
    let outcome = match load.run(team) {
        Ok(outcome) => {
            outcome.describe(&mut record);
            // Processors by messages per second, of all hosts; nanoseconds.
            let cost = outcome.cpus * 10_000_000 / outcome.messages.max(1);
            record.count("cpu_ns_per_message", cost);
            Some(outcome)
        }
        Err(why) => {
            let number = journal.failures.len() + 1;
            let name = start.engine.name();
            eprintln!("bench: failure {number}: {name}, {load:?}: {why}");
            let first = why.lines().next().unwrap_or_default();
            journal.failures.push(format!("{name}, {} nodes, {load:?}: {first}", start.nodes));
            record.count("failure", number);
            None
        }
    };
    record.hundredths("load", before);
    journal.note(&record)?;
    Ok(outcome)
}
