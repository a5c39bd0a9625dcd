//! From the moment at which something happens to the moment at which the last host is told.
//!
//! Must never count a host as told by what it says of the time before.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::watchers::Watchers;
use super::{Plan, stand};
use crate::bench::client::delays::now_nanos;
use crate::bench::engine::{Start, Team, Tools};
use crate::bench::meter;
use crate::bench::record::{Journal, Record};
use crate::bench::site::Site;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What happens to the last host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Blow {
    /// Its daemon is killed.
    Kill,
    /// Its link is cut.
    Cut,
    /// Its daemon does not run any more, and is there.
    Stop,
    /// Its daemon is asked to leave.
    Leave,
}

impl Blow {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Cut => "cut",
            Self::Stop => "stop",
            Self::Leave => "leave",
        }
    }

    /// Does it; the moment before.
    fn strike(self, site: &Site, team: &mut Team<'_>, host: usize) -> Result<u64, String> {
        let before = now_nanos();
        let pid = team.pid(host).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.ok_or("no such host")?;
        let signal = |signal| kill_process(pid, signal).map_err(|error| error.to_string());
        match self {
            Self::Kill => signal(Signal::KILL)?,
            Self::Stop => signal(Signal::STOP)?,
            Self::Leave => signal(Signal::TERM)?,
            Self::Cut => site.lan().cut(host).map_err(|error| error.to_string())?,
        }
        Ok(before)
    }

    /// What can be undone.
    fn undo(self, site: &Site, team: &Team<'_>, host: usize) {
        match self {
            Self::Cut => drop(site.lan().heal(host)),
            Self::Stop => {
                let pid = team.pid(host).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                if let Some(pid) = pid {
                    // It is killed in a moment anyhow.
                    let _ = kill_process(pid, Signal::CONT);
                }
            }
            Self::Kill | Self::Leave => {}
        }
    }
}

/// All that happens, each with the token timeout that is set for it.
const BLOWS: [(Blow, Option<u32>); 5] = [
    (Blow::Kill, None),
    (Blow::Leave, None),
    (Blow::Cut, None),
    (Blow::Cut, Some(1000)),
    (Blow::Stop, Some(1000)),
];

/// How long the survivors take to be told of the new members and of quorum.
///
/// # Errors
/// No hosts, a tool is missing, or the file of records cannot be written.
pub fn failures(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        let tools = Tools::find(&site, &plan.engines)?;
        for _ in 0..plan.rounds {
            for blow in BLOWS {
                for &engine in &plan.engines {
                    let start = Start { engine, nodes, token: blow.1 };
                    let took = failure(&site, &tools, start, blow.0);
                    note("failure", blow.0.name(), start, (took, journal))?;
                }
            }
        }
    }
    Ok(())
}

fn failure(site: &Site, tools: &Tools, start: Start, blow: Blow) -> Result<Took, String> {
    let mut team = stand(site, tools, start)?;
    let mut watchers = Watchers::start(&team)?;
    let formed = watchers.wait((start.nodes, None), 0, PATIENCE);
    formed.map_err(|why| team.explain(&why))?;
    watchers.rings();
    let victim = start.nodes - 1;
    let began = blow.strike(site, &mut team, victim)?;
    let told = watchers.wait((victim, Some(victim)), began, PATIENCE);
    blow.undo(site, &team, victim);
    let told = told.map_err(|why| team.explain(&why))?;
    let took = Took { nanos: told.saturating_sub(began), rings: watchers.rings() };
    team.stop()?;
    Ok(took)
}

/// How long nodes that start at one moment take until all are told of all and of quorum.
///
/// # Errors
/// As [`failures`].
pub fn formation(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        let tools = Tools::find(&site, &plan.engines)?;
        for _ in 0..plan.rounds {
            for &engine in &plan.engines {
                let start = Start { engine, nodes, token: None };
                let took = form(&site, &tools, start);
                note("formation", "start", start, (took, journal))?;
            }
        }
    }
    Ok(())
}

fn form(site: &Site, tools: &Tools, start: Start) -> Result<Took, String> {
    let mut team = Team::new(site, tools, start)?;
    let mut watchers = Watchers::start(&team)?;
    let began = now_nanos();
    team.go()?;
    let told = watchers.wait((start.nodes, None), began, PATIENCE);
    let told = told.map_err(|why| team.explain(&why))?;
    let took = Took { nanos: told.saturating_sub(began), rings: watchers.rings() };
    team.stop()?;
    Ok(took)
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Took {
    nanos: u64,
    /// Most rings that one host was told of meanwhile.
    rings: usize,
}

fn note(
    what: &'static str,
    why: &'static str,
    start: Start,
    (took, journal): (Result<Took, String>, &mut Journal),
) -> Result<(), String> {
    let mut record = Record::new(what);
    record
        .text("engine", start.engine.name())
        .count("nodes", start.nodes)
        .text("blow", why)
        .count("token", start.token.unwrap_or(0));
    match took {
        Ok(took) => {
            record.hundredths("ms", took.nanos / 10_000).count("rings", took.rings);
        }
        Err(text) => {
            let number = journal.failures.len() + 1;
            let name = start.engine.name();
            eprintln!("bench: failure {number}: {name}, {why}, {} nodes: {text}", start.nodes);
            let first = text.lines().next().unwrap_or_default();
            journal.failures.push(format!("{name}, {} nodes, {why}: {first}", start.nodes));
            record.count("failure", number);
        }
    }
    record.hundredths("load", meter::load());
    journal.note(&record)
}
