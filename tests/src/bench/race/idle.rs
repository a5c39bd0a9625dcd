//! What a cluster costs that does nothing.
//!
//! Must never measure one that still forms, nor the programs that watch it do so.

use std::time::{Duration, Instant};

use super::watchers::Watchers;
use super::{Plan, stand};
use crate::bench::engine::{Start, Tools};
use crate::bench::meter::{self, Activity, pause};
use crate::bench::record::{Journal, Record};
use crate::bench::site::Site;

/// How long a cluster may take to form.
const PATIENCE: Duration = Duration::from_secs(180);

/// Between the end of the formation and the measurement.
const REST: Duration = Duration::from_secs(2);

/// Processors, memory and packets of an idle daemon.
///
/// # Errors
/// No hosts, a tool is missing, or the file of records cannot be written.
pub fn idle(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        let tools = Tools::find(&site, &plan.engines)?;
        for _ in 0..plan.rounds {
            for &engine in &plan.engines {
                let start = Start { engine, nodes, token: None };
                let ran = rest(&site, &tools, (start, plan.length), journal);
                journal.failures.extend(ran.err());
            }
        }
    }
    Ok(())
}

fn rest(
    site: &Site,
    tools: &Tools,
    (start, length): (Start, Duration),
    journal: &mut Journal,
) -> Result<(), String> {
    let team = stand(site, tools, start)?;
    let mut watchers = Watchers::start(&team)?;
    let formed = watchers.wait((start.nodes, None), 0, PATIENCE);
    drop(watchers);
    let name = start.engine.name();
    formed.map_err(|why| team.explain(&format!("{name}, {} nodes: {why}", start.nodes)))?;
    pause(REST);
    let pids: Vec<u32> = (0..team.len()).filter_map(|host| team.pid(host)).collect();
    let look = || {
        pids.iter().map(|&pid| meter::activity(pid)).fold(Activity::default(), |sum, one| {
            Activity { nanos: sum.nanos + one.nanos, packets: sum.packets + one.packets }
        })
    };
    let (before, began) = (look(), Instant::now());
    pause(length);
    let (after, took) = (look(), began.elapsed());
    let hosts = u64::try_from(pids.len()).unwrap_or(1).max(1);
    let each = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).max(1) * hosts;
    let busy = after.nanos.saturating_sub(before.nanos);
    let packets = after.packets.saturating_sub(before.packets);
    let resident = pids.iter().map(|&pid| meter::usage(&[pid]).resident).max().unwrap_or(0);
    let mut record = Record::new("idle");
    record
        .text("engine", name)
        .count("nodes", start.nodes)
        .count("cpu_millionths", busy * 1_000_000 / each)
        .hundredths("resident_mib", (resident * 100) >> 20)
        .count("packets_per_second", packets * 1_000_000_000 / each)
        .hundredths("load", meter::load());
    journal.note(&record)?;
    team.stop()
}
