//! Ways in which the node with the resource fails, and comes back.
//!
//! Must never help: nobody is told of a failure, and who comes back is started like the first time.

use std::time::Instant;

use crate::managers::cluster::members;
use crate::managers::place::{Look, Place};
use crate::managers::report::Report;

use super::{located, manager, online, running, settled};

/// A way to fail, with the names of what is measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    how: How,
    /// Until the others' daemon has formed a membership without it.
    members: &'static str,
    /// Until the others' Pacemaker shows it offline.
    offline: &'static str,
    /// Until the resource runs elsewhere.
    elsewhere: &'static str,
    /// From its coming back until all show all online.
    back: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum How {
    /// The daemon and Pacemaker, all of it, are killed.
    Kill,
    /// The daemon alone is killed: Pacemaker has lost it, and waits for it to come back.
    Daemon,
    /// The host goes down.
    Crash,
    /// Its link is cut.
    Cut,
}

/// All of them.
pub(super) const ALL: [Failure; 4] = [
    Failure {
        how: How::Kill,
        members: "kill -9 of all daemons: the others are two",
        offline: "kill -9 of all daemons: shown offline",
        elsewhere: "kill -9 of all daemons: the resource is elsewhere",
        back: "started again: all are online",
    },
    Failure {
        how: How::Daemon,
        members: "kill -9 of the daemon alone: the others are two",
        offline: "kill -9 of the daemon alone: shown offline",
        elsewhere: "kill -9 of the daemon alone: the resource is elsewhere",
        back: "the daemon is started again: all are online",
    },
    Failure {
        how: How::Crash,
        members: "the host crashes: the others are two",
        offline: "the host crashes: shown offline",
        elsewhere: "the host crashes: the resource is elsewhere",
        back: "switched on again: all are online",
    },
    Failure {
        how: How::Cut,
        members: "the link is cut: the others are two",
        offline: "the link is cut: shown offline",
        elsewhere: "the link is cut: the resource is elsewhere",
        back: "plugged in again: all are online",
    },
];

/// Has the node with the resource fail and come back.
pub(super) fn run(
    place: &mut Place,
    report: &mut Report<'_>,
    failure: Failure,
) -> Result<(), String> {
    let all: Vec<usize> = (0..place.machines.len()).collect();
    let (at, seen) = located(place, 0)?;
    let &[victim] = at.as_slice() else {
        return Err(format!("the resource is not on one node: {seen}"));
    };
    let others: Vec<usize> = all.iter().copied().filter(|&host| host != victim).collect();
    let before = match failure.how {
        How::Kill => place.kill_all(victim)?,
        How::Daemon => place.kill_engine(victim)?,
        How::Crash => place.crash(victim)?,
        How::Cut => place.cut(victim)?,
    };
    let formed = members(place, &others, &others, Some(true))?;
    report.took(failure.members, before, formed)?;
    let offline = online(place, &others, &others)?;
    report.took(failure.offline, before, offline)?;
    let moved = running(place, &others, |node| node != victim)?;
    report.took(failure.elsewhere, before, moved)?;
    if failure.how == How::Cut {
        alone(place, report, victim)?;
    }
    let before = come_back(place, victim, failure.how)?;
    let back = online(place, &all, &all)?;
    report.took(failure.back, before, back)?;
    // Where it was killed and nobody fenced it, it is found running when it comes back: Pacemaker
    // stops it everywhere and starts it once.
    settled(place, others[0])?;
    running(place, &all, |_| true)?;
    Ok(())
}

/// Who is cut off sees itself alone and without a quorum, and its Pacemaker stops the resource.
fn alone(place: &Place, report: &mut Report<'_>, victim: usize) -> Result<(), String> {
    members(place, &[victim], &[victim], Some(false))?;
    let name = place.machines[victim].name();
    let wanted = format!("* Online: [ {name} ]");
    place.until("Pacemaker that is cut off sees no quorum, and runs nothing", |place| {
        let ran = place.machines[victim].run("crm_mon -1")?;
        let so = ran.says(&wanted) && ran.says("WITHOUT quorum") && !ran.says("Started");
        Ok(Look::when(so, &ran.said))
    })?;
    report.check("cut off: no quorum, and the resource is stopped there", true, "");
    Ok(())
}

/// Starts again what failed; returns the moment before that.
fn come_back(place: &mut Place, victim: usize, how: How) -> Result<Instant, String> {
    if how == How::Cut {
        return place.heal(victim);
    }
    if how == How::Crash {
        place.boot(victim)?;
    }
    let before = Instant::now();
    place.engine(victim)?;
    if how != How::Daemon {
        manager(place, victim)?;
    }
    Ok(before)
}
