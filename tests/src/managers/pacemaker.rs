//! Pacemaker, whole and unmodified, on three nodes: a resource moves away from a node that fails,
//! in three ways, and the node comes back.
//!
//! Must never look at anything but what operators look at: the programs that Debian ships.

use std::time::Instant;

use super::cluster;
use super::place::{Look, Place};
use super::report::Report;

mod failures;
mod words;

/// The resource, and no fencing: there is nothing here that could.
const CONFIGURE: &str = "crm_attribute -t crm_config -n stonith-enabled -v false && \
    cibadmin --create -o resources -X '<primitive id=\"thing\" class=\"ocf\" \
    provider=\"pacemaker\" type=\"Dummy\"><operations><op id=\"thing-monitor\" name=\"monitor\" \
    interval=\"10s\"/></operations></primitive>'";

/// All of it.
///
/// # Errors
/// A step is not reached in time.
pub fn run(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    form(place, report)?;
    words::check(place, report)?;
    for failure in failures::ALL {
        failures::run(place, report, failure)?;
    }
    stop(place, report)
}

/// Brings the cluster up to a running resource.
fn form(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let all: Vec<usize> = (0..place.machines.len()).collect();
    cluster::form(place, report, &all)?;
    let before = Instant::now();
    for &host in &all {
        manager(place, host)?;
    }
    let online = online(place, &all, &all)?;
    report.took("Pacemaker starts: all are online", before, online)?;
    let before = Instant::now();
    let made = place.machines[0].run(CONFIGURE)?;
    report.check("crm_attribute and cibadmin configure a resource", made.fine(), &made.said);
    let started = running(place, &all, |_| true)?;
    report.took("a resource is made: it is started", before, started)?;
    settled(place, all[0])
}

/// Starts Pacemaker on a host.
fn manager(place: &mut Place, host: usize) -> Result<(), String> {
    place.start(host, "pacemakerd", "exec pacemakerd")
}

/// Waits until Pacemaker on `hosts` shows exactly `nodes` online.
fn online(place: &Place, hosts: &[usize], nodes: &[usize]) -> Result<Instant, String> {
    let names: Vec<&str> = nodes.iter().map(|&node| place.machines[node].name()).collect();
    let wanted = format!("* Online: [ {} ]", names.join(" "));
    place.until(&format!("crm_mon shows {wanted} on {hosts:?}"), |place| {
        for &host in hosts {
            let ran = place.machines[host].run("crm_mon -1")?;
            if !(ran.fine() && ran.says(&wanted) && ran.says("partition with quorum")) {
                return Ok(Look::NotYet(ran.said));
            }
        }
        Ok(Look::Seen)
    })
}

/// Waits until the resource runs on one node that will do, as the first of `hosts` sees it.
fn running(
    place: &Place,
    hosts: &[usize],
    will_do: impl Fn(usize) -> bool,
) -> Result<Instant, String> {
    place.until("the resource runs", |place| {
        let (at, seen) = located(place, hosts[0])?;
        Ok(Look::when(matches!(at.as_slice(), [node] if will_do(*node)), &seen))
    })
}

/// Waits until Pacemaker has nothing left to do.
fn settled(place: &Place, host: usize) -> Result<(), String> {
    let ran = place.machines[host].run("crm_resource --wait --timeout=50")?;
    if ran.fine() { Ok(()) } else { Err(format!("Pacemaker does not settle: {}", ran.said)) }
}

/// Where the resource runs, as a host sees it, and what that says.
fn located(place: &Place, host: usize) -> Result<(Vec<usize>, String), String> {
    let ran = place.machines[host].run("crm_resource --resource thing --locate")?;
    let nodes = ran.stdout.lines().filter_map(|line| {
        let name = line.strip_prefix("resource thing is running on: ")?.trim();
        place.machines.iter().position(|machine| machine.name() == name)
    });
    Ok((nodes.collect(), ran.said))
}

/// One node goes in good order, then its daemon.
fn stop(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let (at, seen) = located(place, 0)?;
    let &[leaver] = at.as_slice() else { return Err(format!("the resource is nowhere: {seen}")) };
    let others: Vec<usize> = (0..place.machines.len()).filter(|&host| host != leaver).collect();
    let before = place.stop(leaver, "pacemakerd")?;
    let moved = running(place, &others, |node| node != leaver)?;
    report.took("Pacemaker stops: the resource is elsewhere", before, moved)?;
    let offline = online(place, &others, &others)?;
    report.took("Pacemaker stops: the node is offline", before, offline)
}
