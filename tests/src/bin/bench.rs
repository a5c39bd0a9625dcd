//! Measures how fast the ring is, alone and beside Corosync.
//!
//! Must never be silent about what it could not measure: the exit status says so.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::bench::live::worker::{self, Plan};
use tests::bench::record::Journal;
use tests::bench::steady::{self, Work};
use tests::bench::{self, Effort, site};

/// Measures how fast the ring is, alone and beside Corosync.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    /// What to measure
    #[arg(value_enum, default_value = "all")]
    what: Vec<What>,
    /// Append every record there, one JSON object per line
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long a run takes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
    /// How many runs of each kind, of which the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
    #[command(subcommand)]
    part: Option<Part>,
}

/// One kind of measurement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
enum What {
    /// Everything below
    All,
    /// Rings in this process, without I/O
    Rings,
    /// Sealing and opening a packet
    Seal,
    /// A hop of the token between three daemons
    Hop,
    /// Throughput of three daemons
    Live,
    /// The same beside Corosync's, by turns
    Corosync,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// A program that sends through a daemon's socket
    #[command(hide = true)]
    Worker(Worker),
    /// Counts instructions; fails when a hot path became a tenth dearer than what is checked in
    Guard {
        /// Write the figures of now into the checkout instead
        #[arg(long)]
        write: bool,
    },
    /// One path of the guard, for callgrind
    #[command(hide = true)]
    Steady {
        /// Its name
        name: String,
        /// How many times the usual number of messages
        times: u64,
    },
}

#[derive(Debug, Args)]
struct Worker {
    #[arg(long)]
    socket: PathBuf,
    #[arg(long)]
    size: usize,
    #[arg(long)]
    seconds: u32,
    #[arg(long)]
    members: usize,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let failures = match &options.part {
        Some(Part::Worker(worker)) => return work(worker),
        Some(Part::Steady { name, times }) => return steady(name, *times),
        Some(Part::Guard { write }) => guard(*write).err().into_iter().collect(),
        None => measure(&options),
    };
    for failure in &failures {
        eprintln!("bench: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn work(worker: &Worker) -> ExitCode {
    let Worker { socket, size, seconds, members } = worker;
    let length = Duration::from_secs(u64::from(*seconds));
    match worker::run(socket, Plan { size: *size, length, members: *members }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn steady(name: &str, times: u64) -> ExitCode {
    let Some(work) = Work::named(name) else {
        eprintln!("bench steady: no path {name}");
        return ExitCode::FAILURE;
    };
    work.run(times);
    ExitCode::SUCCESS
}

fn guard(write: bool) -> Result<(), String> {
    let known = if write { "" } else { steady::KNOWN };
    let text = steady::guard(known, &mut Journal::new(None)?)?;
    if write {
        let at = steady::KNOWN_AT;
        std::fs::write(at, text).map_err(|error| format!("{at}: {error}"))?;
    }
    Ok(())
}

/// Measures what is wanted; what could not be measured, and why.
fn measure(options: &Options) -> Vec<String> {
    let mut journal = match Journal::new(options.json.as_deref()) {
        Ok(journal) => journal,
        Err(why) => return vec![why],
    };
    let effort = Effort {
        length: Duration::from_secs(u64::from(options.seconds)),
        rounds: usize::from(options.rounds),
    };
    let wanted = |what| options.what.contains(&What::All) || options.what.contains(&what);
    let hosts = [What::Hop, What::Live, What::Corosync].into_iter().any(wanted);
    let entered = if hosts { site::enter() } else { Ok(()) };
    for what in [What::Rings, What::Seal, What::Hop, What::Live, What::Corosync] {
        if !wanted(what) {
            continue;
        }
        let on_hosts = |run: fn(Effort, &mut Journal) -> Result<(), String>,
                        journal: &mut Journal| {
            entered.clone().and_then(|()| run(effort, journal))
        };
        let done = match what {
            What::All => Ok(()),
            What::Rings => bench::rings(effort, &mut journal),
            What::Seal => bench::seal(effort, &mut journal),
            What::Hop => on_hosts(bench::hop, &mut journal),
            What::Live => on_hosts(bench::live, &mut journal),
            What::Corosync => on_hosts(bench::corosync, &mut journal),
        };
        journal.failures.extend(done.err());
    }
    journal.failures
}
