//! A cluster of two nodes and a witness, which is a program on a third host that gives its vote to
//! one side: `corosync-qnetd`, and `corosync-qdevice` on the nodes.
//!
//! Must never count on the witness more than once: without it and without the other node, a node
//! stops. And where it speaks in time the node that is left has never stopped: somebody listens to
//! what it announces from before the crash on.

use std::time::Instant;

use super::cluster::{self, value};
use super::place::{Look, Place};
use super::report::Report;

/// The host that is no node.
const WITNESS: usize = 2;

/// Starts the program on the witness. Without certificates: nobody else is on this bridge.
const SERVER: &str = "exec corosync-qnetd -f -s off";

/// And on the nodes.
const DEVICE: &str = "exec corosync-qdevice -f";

/// Prints whatever a node announces about its quorum, a line at a time.
const LISTENER: &str = "exec stdbuf -oL corosync-quorumtool -m";

/// All of it.
///
/// # Errors
/// A step is not reached in time.
pub fn run(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let nodes = [0, 1];
    place.start(WITNESS, "qnetd", SERVER)?;
    place.until("corosync-qnetd answers", |place| {
        let ran = place.machines[WITNESS].run("corosync-qnetd-tool -s")?;
        Ok(Look::when(ran.fine(), &ran.said))
    })?;
    cluster::form(place, report, &nodes)?;
    let before = Instant::now();
    for host in nodes {
        place.start(host, "qdevice", DEVICE)?;
    }
    let voting = votes(place, &nodes, 3, true)?;
    report.took("the witness votes with both", before, voting)?;
    shown(place, report)?;
    let told = listen(place)?;
    let before = place.crash(1)?;
    let alone = cluster::members(place, &[0], &[0], None)?;
    report.took("a node crashes: the other is alone", before, alone)?;
    let counted = votes(place, &[0], 2, true)?;
    report.took("a node crashes: the witness votes for the other", before, counted)?;
    kept(place, report, told)?;
    let before = place.crash(WITNESS)?;
    let blocked = votes(place, &[0], 1, false)?;
    report.took("the witness crashes too: the last node stops", before, blocked)?;
    let before = Instant::now();
    place.boot(1)?;
    place.engine(1)?;
    let back = votes(place, &nodes, 2, true)?;
    report.took("the node is back without the witness: quorate", before, back)?;
    place.boot(WITNESS)?;
    place.start(WITNESS, "qnetd", SERVER)?;
    let before = Instant::now();
    place.start(1, "qdevice", DEVICE)?;
    let all = votes(place, &nodes, 3, true)?;
    report.took("the witness is back: it votes with both", before, all)
}

/// Waits until these nodes count that many votes, and are quorate or not.
fn votes(place: &Place, hosts: &[usize], votes: usize, quorate: bool) -> Result<Instant, String> {
    place.until(&format!("{votes} votes, quorate: {quorate}"), |place| {
        for &host in hosts {
            let ran = place.machines[host].run("corosync-quorumtool -s")?;
            let counted = value(&ran.stdout, "Total votes:") == Some(&votes.to_string());
            let yes = value(&ran.stdout, "Quorate:") == Some("Yes");
            if !(counted && yes == quorate) {
                return Ok(Look::NotYet(ran.said));
            }
        }
        Ok(Look::Seen)
    })
}

/// Somebody listens on the first node; how much was announced before anything happens.
fn listen(place: &mut Place) -> Result<usize, String> {
    place.start(0, "listener", LISTENER)?;
    place.until("the listener is told how it is", |place| {
        let printed = place.machines[0].printed("listener");
        Ok(Look::when(verdicts(&printed).count() > 0, &printed))
    })?;
    Ok(verdicts(&place.machines[0].printed("listener")).count())
}

/// The verdicts that were announced.
fn verdicts(printed: &str) -> impl Iterator<Item = &str> {
    printed.lines().filter_map(|line| line.strip_prefix("Quorate:")).map(str::trim)
}

/// The first node is alone and was quorate all the time, and said so once.
fn kept(place: &mut Place, report: &mut Report<'_>, told: usize) -> Result<(), String> {
    place.until("the listener is told of the crash", |place| {
        let printed = place.machines[0].printed("listener");
        Ok(Look::when(verdicts(&printed).count() > told, &printed))
    })?;
    let printed = place.machines[0].printed("listener");
    let said: Vec<&str> = verdicts(&printed).skip(told).collect();
    report.check("a node crashes: the other is told of one change", said == ["Yes"], &printed);
    place.stop(0, "listener").map(drop)
}

/// What tools say while all is well.
fn shown(place: &Place, report: &mut Report<'_>) -> Result<(), String> {
    let asked: [(usize, &str, &[&str]); 3] = [
        (
            0,
            "corosync-quorumtool -s",
            &[
                "Expected votes:   3\n",
                "Total votes:      3\n",
                "Flags:            Quorate Qdevice \n",
                "         1          1    A,V,NMW node1 (local)\n",
                "         2          1    A,V,NMW node2\n",
                "         0          1            Qdevice\n",
            ],
        ),
        (
            1,
            "corosync-qdevice-tool -s",
            &["Membership node list:\t1, 2\n", "State:\t\t\tConnected\n"],
        ),
        (WITNESS, "corosync-qnetd-tool -l", &["Cluster \"managers\":\n", "Node ID 2:\n"]),
    ];
    for (host, line, wanted) in asked {
        // A device is counted where it is before the other node has been told of it.
        let seen = place.until(line, |place| {
            let ran = place.machines[host].run(line)?;
            let absent: Vec<&str> = wanted.iter().copied().filter(|text| !ran.says(text)).collect();
            let so = ran.fine() && absent.is_empty();
            let (code, said) = (ran.code, &ran.said);
            Ok(Look::when(so, &format!("without {absent:?}, exit {code:?}:\n{said}")))
        });
        report.check(line, seen.is_ok(), &seen.err().unwrap_or_default());
    }
    Ok(())
}
