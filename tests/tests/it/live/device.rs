//! A program that speaks for a quorum device, as `qdiskd` did: what its votes are worth, and when
//! they are worth nothing.

use std::time::{Duration, Instant};

use client::proto::Reason;
use client::{Change, Connection, Error, Verdict};
use tests::lab::{Lab, Setup};

/// Two hosts of one vote each, and a device that must be polled so often, in milliseconds.
fn with_device(poll: u32) -> String {
    format!(
        "<cluster name=\"some\" config_version=\"1\">\n\
         <cman expected_votes=\"3\" quorum_dev_poll=\"{poll}\"/>\n<clusternodes>\n\
         <clusternode name=\"iscsi1\" nodeid=\"1\"/>\n\
         <clusternode name=\"iscsi2\" nodeid=\"2\"/>\n</clusternodes>\n</cluster>\n"
    )
}

/// What the device is called.
const NAME: &str = "/dev/loop0";

fn two(poll: u32) -> Option<Lab> {
    let mut lab = Lab::new(&Setup::new(&with_device(poll), 2))?;
    lab.start_all();
    Some(lab)
}

/// A program that is told of verdicts.
fn told(lab: &Lab, host: usize) -> Connection {
    let mut program = lab.connect(host).expect("it runs");
    program.watch(true).expect("everybody may");
    program
}

/// Waits for a verdict with so many votes present, the device's among them.
fn verdict(program: &mut Connection, present: u32, device: u32) -> Verdict {
    let end = Instant::now() + Duration::from_secs(30);
    let mut now = program.status().expect("it answers").quorum;
    while (now.present, now.device) != (present, device) {
        match program.change(Some(end)).expect("it lives").expect("it is told in time") {
            Change::Quorum(verdict) => now = verdict,
            Change::Membership(_)
            | Change::State(_)
            | Change::TryShutdown(_)
            | Change::ConfigUpdate(_) => {}
        }
    }
    now
}

fn shown(lab: &Lab, host: usize, pattern: &str) -> String {
    lab.run(host, &format!("cman_tool status | grep -E '^({pattern})'")).stdout
}

fn is_refused(result: Result<(), Error>, wanted: Reason) {
    match result {
        Err(Error::Refused { reason, .. }) if reason == wanted => {}
        other => panic!("{wanted:?} was expected: {other:?}"),
    }
}

#[test]
fn a_device_keeps_the_last_of_two_nodes_quorate() {
    // So seldom that it does not fall silent while others are asked.
    let Some(mut lab) = two(20_000) else { return };
    let (mut device, mut watch) = (lab.connect(0).expect("it runs"), told(&lab, 0));
    device.register_device(NAME, 1).expect("it may");
    assert_eq!(verdict(&mut watch, 2, 0).needed, 2);
    assert_eq!(shown(&lab, 0, "Quorum device"), "", "it was not polled yet");
    device.poll_device(true).expect("it is registered");
    assert!(verdict(&mut watch, 3, 1).quorate);
    verdict(&mut told(&lab, 1), 3, 1);
    for host in 0..2 {
        let lines = shown(&lab, host, "Quorum|Total");
        assert_eq!(lines, "Quorum device votes: 1\nTotal votes: 3\nQuorum: 2  \n");
    }
    let rows = lab.run(0, "cman_tool nodes").stdout;
    let first = rows.lines().nth(1).unwrap_or_default();
    assert!(first.starts_with("   0   M      0   2") && first.ends_with(NAME), "{rows}");
    lab.kill(1);
    // Who is gone is found out while the device is polled.
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        device.poll_device(true).expect("it is registered");
        let now = watch.status().expect("it answers").quorum;
        assert!(now.quorate, "{now:?}");
        if now.present == 2 {
            assert_eq!((now.needed, now.device), (2, 1));
            break;
        }
        assert!(Instant::now() < end, "{now:?}");
    }
    is_refused(device.unregister_device(), Reason::DeviceBusy);
    device.poll_device(false).expect("it is registered");
    assert!(!verdict(&mut watch, 1, 0).quorate);
    assert_eq!(shown(&lab, 0, "Quorum"), "Quorum: 2 Activity blocked\n");
    device.unregister_device().expect("it is not alive");
    assert_eq!(device.device().expect("it answers"), None);
    is_refused(device.poll_device(true), Reason::Invalid);
}

#[test]
fn a_device_that_falls_silent_or_whose_program_ends_counts_no_longer() {
    let Some(lab) = two(1000) else { return };
    let (mut device, mut watch) = (lab.connect(0).expect("it runs"), told(&lab, 0));
    device.register_device(NAME, 1).expect("it may");
    let polled = Instant::now();
    device.poll_device(true).expect("it is registered");
    verdict(&mut watch, 3, 1);
    verdict(&mut watch, 2, 0);
    let silent = polled.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(3)).contains(&silent), "{silent:?}");
    device.poll_device(true).expect("it is still registered");
    verdict(&mut watch, 3, 1);
    let mut other = lab.connect(0).expect("it runs");
    is_refused(other.register_device("/dev/loop1", 1), Reason::DeviceBusy);
    is_refused(other.register_device("iscsi2", 1), Reason::NameTaken);
    let gone = Instant::now();
    drop(device);
    verdict(&mut watch, 2, 0);
    assert!(gone.elapsed() < Duration::from_secs(1), "before it would fall silent");
    let mut second = told(&lab, 1);
    other.register_device(NAME, 2).expect("nobody speaks for it any more");
    other.poll_device(true).expect("it is registered");
    verdict(&mut second, 4, 2);
    lab.logged(0, "lost contact with quorum device");
}
