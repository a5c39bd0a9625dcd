//! Programs that stand beside a cluster: one that tells others of its changes, and the lock
//! manager's, as far as it comes on a kernel that has no part of it.
//!
//! Must never pretend to the lock manager that there is a kernel for it to steer: what it finds are
//! empty files, and it is ended before it would use them.

use std::time::Instant;

use super::cluster;
use super::place::{Look, Place};
use super::report::Report;

/// Where the lock manager's daemon finds what it asks its kernel for, as far as it only looks.
const KERNEL: &str = include_str!("companions/kernel.sh");

/// What it prints on the first of three nodes while it joins its group, alone in it, and agrees
/// with itself on a protocol.
const JOINED: [&str; 6] = [
    "cmap totem.cluster_name = 'managers'",
    "cpg_join dlm:controld ...",
    "dlm:controld conf 1 1 0 memb 1 join 1 left 0",
    " 3 memb 1 2 3\n",
    "daemon run 3.1.1 max 3.1.1 kernel run 1.1.1 max 1.1.1",
    "cpg_leave dlm:controld ...",
];

/// And where it ends.
const ENDS: &str = "Failure to open plock device: No such device";

/// All of it.
///
/// # Errors
/// A step is not reached in time.
pub fn run(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    cluster::form(place, report, &[0, 1, 2])?;
    notified(place, report)?;
    locks(place, report)
}

/// `corosync-notifyd` tells of joins and losses, and of the quorum.
fn notified(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    place.start(0, "notifyd", "exec stdbuf -oL corosync-notifyd -f -o -n")?;
    let told = |place: &Place, line: &str, times: usize| {
        place.until(&format!("corosync-notifyd prints {line:?}"), |place| {
            let said = place.machines[0].printed("notifyd");
            Ok(Look::when(said.matches(line).count() >= times, &said))
        })
    };
    // Only who listens is told.
    told(place, "is now quorate", 1)?;
    let before = place.kill_all(2)?;
    let left = told(place, "[3] ip:192.168.10.13 left", 1)?;
    report.took("kill -9: corosync-notifyd tells", before, left)?;
    let before = place.kill_all(1)?;
    let blocked = told(place, "has lost quorum", 1)?;
    report.took("kill -9 of another: it tells of the quorum", before, blocked)?;
    let before = Instant::now();
    place.engine(1)?;
    let joined = told(place, "[2] ip:192.168.10.12 joined", 1)?;
    report.took("started again: corosync-notifyd tells", before, joined)?;
    told(place, "is now quorate", 2)?;
    report.check("corosync-notifyd tells of joins, losses and the quorum", true, "");
    place.engine(2)?;
    cluster::members(place, &[0, 1, 2], &[0, 1, 2], Some(true)).map(drop)
}

/// `dlm_controld` starts and learns of the nodes; given something that looks like its kernel's
/// files, it joins its group.
fn locks(place: &Place, report: &mut Report<'_>) -> Result<(), String> {
    let machine = &place.machines[0];
    let ran = machine.run("dlm_controld -D")?;
    let so = ran.says("our_nodeid 1") && ran.says("node_config 3");
    report.check("dlm_controld learns of its node and the others", so, &ran.said);
    let so = ran.code == Some(1) && ran.says("No /sys/kernel/config, is configfs loaded?");
    report.check("it ends where it needs its kernel's configfs", so, &ran.said);
    let file = place.scratch().join("kernel.sh");
    std::fs::write(&file, KERNEL).map_err(|error| format!("{}: {error}", file.display()))?;
    let ran = machine
        .run(&format!("unshare --mount bash {} timeout 20 dlm_controld -D", file.display()))?;
    let absent: Vec<&str> = JOINED.into_iter().filter(|line| !ran.says(line)).collect();
    let seen = format!("without {absent:?}:\n{}", ran.said);
    report.check("dlm_controld joins its group and agrees on a protocol", absent.is_empty(), &seen);
    report.check(&format!("it ends with {ENDS:?}"), ran.says(ENDS), &ran.said);
    Ok(())
}
