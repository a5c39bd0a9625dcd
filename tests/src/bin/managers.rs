//! Runs Debian's Pacemaker, and whatever else is linked to Corosync's libraries, on hosts that
//! exist for that: on Corosync itself, or on `clusterd`.
//!
//! Must never pass over what does not run: the exit status says so.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use daemon::demo::scratch::Scratch;
use tests::bench::record::Journal;
use tests::bench::site;
use tests::managers::engine::{Engine, Transport};
use tests::managers::{self, SCENARIOS, Scenario, Setup};

/// Runs programs that are linked to Corosync's libraries.
#[derive(Debug, Parser)]
struct Options {
    /// What they run on
    #[arg(long, value_enum)]
    engine: Which,
    /// Only this scenario; several may be named
    #[arg(long, value_name = "NAME")]
    scenario: Vec<String>,
    /// Corosync sends by multicast, as ours does, instead of its own way
    #[arg(long)]
    udp: bool,
    /// Libraries for all programs: with `--engine clusterd` ours, as they were built, unless told
    #[arg(long, value_name = "DIR")]
    libs: Option<PathBuf>,
    /// The libraries lie where a package would put them
    #[arg(long)]
    package: bool,
    /// Leave everything running until Enter, and say how to get onto the hosts
    #[arg(long)]
    keep: bool,
    /// The token timeout, ms; 0 for what the engine does by itself
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    token: u32,
    /// Append every time there, one JSON object per line
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Which {
    /// Debian's
    Corosync,
    /// Ours
    Clusterd,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            for failure in failures {
                eprintln!("managers: {failure}");
            }
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("managers: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Vec<String>, String> {
    let scratch = Scratch::new("cluster-libraries").map_err(|error| error.to_string())?;
    let setup = setup(options, scratch.path())?;
    let mut journal = Journal::new(options.json.as_deref())?;
    let mut failures = Vec::new();
    for scenario in wanted(&options.scenario)? {
        let missing = scenario.missing();
        if !missing.is_empty() {
            let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
            let name = scenario.name;
            failures.push(format!("{name} is skipped: apt-get install {}", packages.join(" ")));
            continue;
        }
        match scenario.run(&setup, &mut journal) {
            Ok(wrong) => failures.extend(wrong),
            Err(why) => failures.push(why),
        }
    }
    Ok(failures)
}

fn setup(options: &Options, scratch: &Path) -> Result<Setup, String> {
    let (engine, clusterd, libraries) = match options.engine {
        Which::Corosync => (Engine::Corosync, PathBuf::new(), options.libs.clone()),
        Which::Clusterd => {
            let clusterd = site::clusterd()?;
            let libraries = match &options.libs {
                Some(told) => told.clone(),
                None => {
                    managers::install(&clusterd, scratch)?;
                    scratch.to_owned()
                }
            };
            (Engine::Clusterd, clusterd, Some(libraries))
        }
    };
    if let Some(dir) = libraries.iter().find(|dir| !dir.is_dir()) {
        return Err(format!("{} is missing", dir.display()));
    }
    let token = (options.token > 0).then_some(options.token);
    let transport = match engine {
        Engine::Corosync if !options.udp => Transport::Knet,
        Engine::Corosync | Engine::Clusterd => Transport::Udp,
    };
    Ok(Setup {
        engine,
        transport,
        clusterd,
        libraries,
        package: options.package,
        keep: options.keep,
        token,
    })
}

fn wanted(names: &[String]) -> Result<Vec<Scenario>, String> {
    if names.is_empty() {
        return Ok(SCENARIOS.to_vec());
    }
    let find = |name: &String| {
        let found = SCENARIOS.into_iter().find(|scenario| scenario.name == name);
        let all: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        found.ok_or_else(|| format!("no scenario {name:?}: {}", all.join(", ")))
    };
    names.iter().map(find).collect()
}
