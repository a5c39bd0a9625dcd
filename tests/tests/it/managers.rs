//! Programs that nobody here wrote, on real hosts of their own: what a user of Pacemaker gets.
//!
//! Must never run unasked, as other live tests; and never pass over a program that is missing
//! without saying so.

use std::io::Write as _;

use tests::bench::record::Journal;
use tests::lab;
use tests::managers::engine::{Engine, Transport};
use tests::managers::{SCENARIOS, Setup};

/// How Debian's Corosync is set up for short runs.
fn corosync() -> Setup {
    Setup {
        engine: Engine::Corosync,
        transport: Transport::Udp,
        clusterd: std::path::PathBuf::new(),
        libraries: None,
        package: false,
        keep: false,
        token: Some(1000),
    }
}

/// Runs a scenario, or says why not.
fn play(name: &str, setup: &Setup) {
    if lab::programs().is_none() {
        return;
    }
    let _alone = lab::alone();
    let scenario = SCENARIOS.into_iter().find(|scenario| scenario.name == name);
    let scenario = scenario.expect("there is one of that name");
    let missing = scenario.missing();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
        // Written past the test harness, which keeps what is printed to itself.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED {name} on {}: apt-get install {}",
            setup.engine.name(),
            packages.join(" ")
        );
        return;
    }
    let mut journal = Journal::new(None).expect("it has no file");
    let failures = scenario.run(setup, &mut journal).unwrap_or_else(|why| panic!("{why}"));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_tools_scenario_is_right_on_corosync() {
    play("tools", &corosync());
}

#[test]
fn the_libraries_scenario_is_right_on_corosync() {
    play("libraries", &corosync());
}
