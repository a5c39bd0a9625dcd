//! Corosync's own tools, on three nodes: what they print is known to the letter.
//!
//! Must never be content with what looks right: scripts parse it.

use std::collections::BTreeSet;
use std::time::Instant;

use super::cluster;
use super::machine::Ran;
use super::place::{Look, Place};
use super::programs;
use super::report::{Report, differences};

mod outputs;

/// All of it.
///
/// # Errors
/// A step is not reached in time.
pub fn run(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let all = [0, 1, 2];
    cluster::form(place, report, &all)?;
    for (line, wanted) in outputs::EXACT {
        let ran = place.machines[1].run(line)?;
        let seen = normal(&ran);
        report.check(line, seen == *wanted, &differences(wanted, &seen));
    }
    for (line, wanted) in outputs::HOLDING {
        let ran = place.machines[1].run(line)?;
        let absent: Vec<&&str> = wanted.iter().filter(|text| !ran.says(text)).collect();
        let so = ran.fine() && absent.is_empty();
        report.check(line, so, &format!("without {absent:?}, exit {:?}:\n{}", ran.code, ran.said));
    }
    groups(place, report)?;
    watching(place, report)
}

/// What a command says, without what differs between two runs; the exit status at the end.
fn normal(ran: &Ran) -> String {
    let mut text = String::new();
    for line in ran.said.lines() {
        let word = line.split_inclusive(':').next().unwrap_or_default();
        let line = if ["Date:", "Ring ID:"].contains(&word) { word } else { line };
        text.push_str(line);
        text.push('\n');
    }
    let code = ran.code.map_or("a signal".to_owned(), |code| code.to_string());
    text + "exit " + &code + "\n"
}

/// A member of a group on every node: `corosync-cpgtool` lists them.
fn groups(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let program = programs::compile(place, "cpg", &["-lcpg"])?;
    for host in 0..place.machines.len() {
        // It waits for one more than there are.
        place.start(host, "member", &format!("exec {} lab 4 0", program.display()))?;
    }
    let line = "corosync-cpgtool -d ,";
    place.until("three are in the group", |place| {
        let ran = place.machines[1].run(line)?;
        Ok(Look::when(ran.stdout.lines().count() == 4, &ran.said))
    })?;
    let ran = place.machines[1].run(line)?;
    let lines: Vec<&str> = ran.stdout.lines().collect();
    // In any order.
    let member = |line: &&str| {
        let words: Vec<&str> = line.split(',').collect();
        match words.as_slice() {
            ["lab", pid, id] if pid.parse::<u32>().is_ok() => Some((*id).to_owned()),
            _ => None,
        }
    };
    let members: BTreeSet<String> = lines.iter().skip(1).filter_map(member).collect();
    let members = Vec::from_iter(members);
    let so =
        ran.fine() && members == ["1", "2", "3"] && lines.first() == Some(&"GRP_NAME,PID,NODEID");
    report.check(line, so, &ran.said);
    let ran = place.machines[1].run("corosync-cpgtool")?;
    let so = ran.fine() && ran.says("2 (192.168.10.12)") && ran.says("3 (192.168.10.13)");
    report.check("corosync-cpgtool", so, &ran.said);
    let ran = place.machines[1].run("corosync-cpgtool -n")?;
    report.check("corosync-cpgtool -n", ran.fine() && ran.stdout == "lab\n", &ran.said);
    for host in 0..place.machines.len() {
        place.stop(host, "member")?;
    }
    place.until("the group is gone with its members", |place| {
        let ran = place.machines[1].run("corosync-cpgtool -n")?;
        Ok(Look::when(ran.fine() && ran.stdout.is_empty(), &ran.said))
    })?;
    report.check("the group is gone with its members", true, "");
    Ok(())
}

/// Tools that go on: they tell of a node that is lost.
fn watching(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    // Lines are to be seen when they are printed; the second one reads its input for a "q".
    place.start(0, "monitor", "exec stdbuf -oL corosync-quorumtool -m")?;
    place.start(
        0,
        "track",
        "exec stdbuf -oL corosync-cmapctl -T runtime.members. < <(sleep 300)",
    )?;
    place.until("corosync-cmapctl -T is ready", |place| {
        let said = place.machines[0].printed("track");
        Ok(Look::when(said.contains("Type \"q\" to finish"), &said))
    })?;
    let before = place.kill_all(2)?;
    let told = place.until("corosync-quorumtool -m tells of two", |place| {
        let said = place.machines[0].printed("monitor");
        Ok(Look::when(said.contains("Nodes:            2"), &said))
    })?;
    report.took("kill -9: corosync-quorumtool -m tells", before, told)?;
    let line = "modify> runtime.members.3.status (str) = left\n";
    place.until("corosync-cmapctl -T tells who left", |place| {
        let said = place.machines[0].printed("track");
        Ok(Look::when(said.contains(line), &said))
    })?;
    report.check("corosync-cmapctl -T runtime.members. tells who left", true, "");
    let before = Instant::now();
    place.engine(2)?;
    let line = "modify> runtime.members.3.status (str) = joined\n";
    let told = place.until("corosync-cmapctl -T tells who joined", |place| {
        let said = place.machines[0].printed("track");
        Ok(Look::when(said.contains(line), &said))
    })?;
    report.took("started again: corosync-cmapctl -T tells", before, told)?;
    cluster::members(place, &[0, 1, 2], &[0, 1, 2], Some(true))?;
    alone(place, report)
}

/// The exit status of a node without a quorum, and a daemon that is told to go.
fn alone(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    place.kill_all(0)?;
    let ran = place.machines[1].run("corosync-cfgtool -H")?;
    report.check("corosync-cfgtool -H", ran.fine(), &ran.said);
    cluster::members(place, &[2], &[2], Some(false))?;
    let ran = place.machines[2].run("corosync-quorumtool -s")?;
    let so = ran.code == Some(2) && ran.says("Activity blocked");
    report.check("corosync-quorumtool -s without a quorum: exit status 2", so, &ran.said);
    Ok(())
}
