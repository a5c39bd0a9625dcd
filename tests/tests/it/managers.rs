//! Programs that nobody here wrote, on real hosts of their own: what a user of Pacemaker gets.
//!
//! Must never run unasked, as other live tests; and never pass over a program that is missing
//! without saying so.

use std::io::Write as _;
use std::path::PathBuf;

use daemon::demo::scratch::Scratch;
use tests::bench::record::Journal;
use tests::lab;
use tests::managers::engine::{Engine, Transport};
use tests::managers::{self, SCENARIOS, Setup};

/// Scenarios in which our libraries lie where a package would put them; in the others they are
/// found by the loader's path.
const PACKAGED: [&str; 2] = ["sam", "companions"];

/// How daemons are set up for a short run of a scenario.
fn setup(name: &str, engine: Engine, clusterd: PathBuf, libraries: Option<PathBuf>) -> Setup {
    let transport = Transport::Udp;
    let token = Some(1000);
    let package = engine == Engine::Clusterd && PACKAGED.contains(&name);
    Setup { engine, transport, clusterd, libraries, package, keep: false, token }
}

/// Runs a scenario, or says why not.
fn play(name: &str, engine: Engine) {
    let Some(programs) = lab::programs() else { return };
    let _alone = lab::alone();
    let scenario = SCENARIOS.into_iter().find(|scenario| scenario.name == name);
    let scenario = scenario.expect("there is one of that name");
    let missing = scenario.missing();
    if !missing.is_empty() {
        let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
        let (engine, packages) = (engine.name(), packages.join(" "));
        // Written past the test harness, which keeps what is printed to itself.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED {name} on {engine}: apt-get install {packages}");
        return;
    }
    let scratch = Scratch::new("cluster-libraries").expect("temporary files have a place");
    let clusterd = programs.join("clusterd");
    let setup = match engine {
        Engine::Corosync => setup(name, engine, clusterd, None),
        Engine::Clusterd => {
            managers::install(&clusterd, scratch.path()).unwrap_or_else(|why| panic!("{why}"));
            setup(name, engine, clusterd, Some(scratch.path().to_owned()))
        }
    };
    let mut journal = Journal::new(None).expect("it has no file");
    let failures = scenario.run(&setup, &mut journal).unwrap_or_else(|why| panic!("{why}"));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn corosyncs_tools_say_of_clusterd_what_they_say_of_corosync() {
    play("tools", Engine::Corosync);
    play("tools", Engine::Clusterd);
}

#[test]
fn libraries_answer_as_corosyncs_do() {
    // On Corosync by the command: now and then it tells libcfg no addresses right after its start.
    play("libraries", Engine::Clusterd);
}

#[test]
fn a_program_that_falls_silent_is_started_again() {
    play("sam", Engine::Clusterd);
}

#[test]
fn a_witness_keeps_one_of_two_nodes_quorate() {
    play("witness", Engine::Clusterd);
}

#[test]
fn others_are_told_and_the_lock_manager_joins_its_group() {
    play("companions", Engine::Clusterd);
}

#[test]
fn pacemaker_runs_on_clusterd() {
    play("pacemaker", Engine::Clusterd);
}
