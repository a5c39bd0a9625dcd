//! Measures how fast the ring is, alone and beside Corosync.
//!
//! Must never be silent about what it could not measure: the exit status says so.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::bench::client::{self, watch};
use tests::bench::engine::Engine;
use tests::bench::race::limit::Flood;
use tests::bench::race::{self, Plan};
use tests::bench::record::Journal;
use tests::bench::steady::{self, Work};
use tests::bench::{self, Effort, report, site};

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
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Runs engines by turns on the same hosts
    Race(Race),
    /// Makes a report of records: Markdown and plots
    Report {
        /// Files of records
        #[arg(required = true)]
        records: Vec<PathBuf>,
        /// Directory for it
        #[arg(long, value_name = "DIR", default_value = "docs/speed")]
        into: PathBuf,
    },
    /// A program that sends and watches through a daemon's socket
    #[command(hide = true)]
    Client {
        #[arg(long)]
        socket: PathBuf,
        #[command(subcommand)]
        role: Role,
    },
    /// Datagrams to all, without a protocol
    #[command(hide = true)]
    Flood { size: usize, seconds: u32, receivers: usize, segmented: u8 },
    /// Counts instructions; fails when a hot path became a tenth dearer than what is checked in
    Guard {
        /// Write the figures of now into the checkout instead
        #[arg(long)]
        write: bool,
    },
    /// Simulates large clusters: packets, bytes and rings, by a virtual clock
    Swarm {
        /// How many nodes
        #[arg(default_values_t = [8, 32, 64, 96, 128, 256])]
        nodes: Vec<usize>,
        /// Append every record there
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
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

#[derive(Debug, Subcommand)]
enum Role {
    /// Sends and counts
    Load { size: usize, seconds: u32, members: usize, rate: u64, sends: u8 },
    /// Says what it is told
    Watch,
}

/// One kind of race.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
enum Topic {
    /// Everything below
    All,
    /// Datagrams without a protocol: the limit
    Limit,
    /// Throughput and delays
    Speed,
    /// Throughput on a network that loses packets
    Loss,
    /// Killed, cut off, stopped and leaving nodes
    Failure,
    /// From nothing to a cluster
    Formation,
    /// What a cluster costs that does nothing
    Idle,
}

#[derive(Debug, Args)]
struct Race {
    /// What to race in
    #[arg(value_enum, default_value = "all")]
    topics: Vec<Topic>,
    /// Who takes part
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "clusterd,corosync-aes256,corosync-plain,corosync-udpu"
    )]
    engines: Vec<Engine>,
    /// How many nodes; without it, what each topic is usually raced with
    #[arg(long, value_delimiter = ',')]
    nodes: Vec<usize>,
    /// Bytes of messages
    #[arg(long, value_delimiter = ',', default_value = "64,1024,8192,65536,1000000")]
    sizes: Vec<usize>,
    /// Bytes of a packet on the network
    #[arg(long, default_value_t = 1500)]
    mtu: u32,
    /// Append every record there, one JSON object per line
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long a run takes
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=600))]
    seconds: u32,
    /// How many runs of each kind
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let failures = match &options.part {
        Some(Part::Client { socket, role }) => return beside(socket, role),
        Some(Part::Flood { size, seconds, receivers, segmented }) => {
            let length = Duration::from_secs(u64::from(*seconds));
            let segmented = *segmented > 0;
            let flood = Flood { size: *size, length, receivers: *receivers, segmented };
            flood.run().map_err(|error| format!("flood: {error}")).err().into_iter().collect()
        }
        Some(Part::Race(race)) => run(race),
        Some(Part::Report { records, into }) => {
            report::write(records, into).err().into_iter().collect()
        }
        Some(Part::Steady { name, times }) => return steady(name, *times),
        Some(Part::Swarm { nodes, json }) => swarm(nodes, json.as_deref()),
        Some(Part::Guard { write }) => guard(*write).err().into_iter().collect(),
        None => measure(&options),
    };
    for failure in &failures {
        eprintln!("bench: {failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn beside(socket: &Path, role: &Role) -> ExitCode {
    let done = match role {
        Role::Watch => watch::run(socket),
        Role::Load { size, seconds, members, rate, sends } => {
            let length = Duration::from_secs(u64::from(*seconds));
            let (size, members, rate) = (*size, *members, *rate);
            client::run(socket, client::Plan { size, length, members, rate, sends: *sends > 0 })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench client: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Races; what could not be measured, and why.
fn run(options: &Race) -> Vec<String> {
    let journal = Journal::new(options.json.as_deref());
    let mut journal = match (journal, site::enter()) {
        (Ok(journal), Ok(())) => journal,
        (journal, entered) => {
            return [journal.err(), entered.err()].into_iter().flatten().collect();
        }
    };
    for topic in
        [Topic::Limit, Topic::Speed, Topic::Loss, Topic::Failure, Topic::Formation, Topic::Idle]
    {
        if !options.topics.contains(&Topic::All) && !options.topics.contains(&topic) {
            continue;
        }
        let usual: &[usize] = match topic {
            Topic::All => &[],
            Topic::Limit | Topic::Speed => &[2, 3, 5, 8],
            Topic::Loss => &[3],
            Topic::Failure => &[3, 5, 8, 16],
            Topic::Formation => &[3, 8, 16, 32],
            Topic::Idle => &[3, 8, 32, 64],
        };
        let plan = Plan {
            engines: options.engines.clone(),
            nodes: if options.nodes.is_empty() { usual.into() } else { options.nodes.clone() },
            sizes: options.sizes.clone(),
            rounds: usize::from(options.rounds),
            length: Duration::from_secs(u64::from(options.seconds)),
            mtu: options.mtu,
        };
        let done = match topic {
            Topic::All => Ok(()),
            Topic::Limit => race::limit::limits(&plan, &mut journal),
            Topic::Speed => race::speed(&plan, &mut journal),
            Topic::Loss => race::loss::losses(&plan, &mut journal),
            Topic::Failure => race::failure::failures(&plan, &mut journal),
            Topic::Formation => race::failure::formation(&plan, &mut journal),
            Topic::Idle => race::idle::idle(&plan, &mut journal),
        };
        journal.failures.extend(done.err());
    }
    journal.failures
}

fn swarm(nodes: &[usize], json: Option<&Path>) -> Vec<String> {
    let mut journal = match Journal::new(json) {
        Ok(journal) => journal,
        Err(why) => return vec![why],
    };
    let done = bench::swarm::run(nodes, &mut journal);
    journal.failures.extend(done.err());
    journal.failures
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
    let hosts = [What::Hop, What::Live].into_iter().any(wanted);
    let entered = if hosts { site::enter() } else { Ok(()) };
    for what in [What::Rings, What::Seal, What::Hop, What::Live] {
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
        };
        journal.failures.extend(done.err());
    }
    journal.failures
}
