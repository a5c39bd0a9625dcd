//! Speed, measured the same way every time, so that later work can compare with earlier.
//!
//! Must never claim more than it measured: every record carries the load of the machine at its
//! start, engines that are compared take turns within one run, and what is missing is named.
//!
//! - [`record`] is one measurement, as a line and as JSON;
//! - [`mesh`] drives rings in memory, [`mod@seal`] the cipher alone;
//! - [`steady`] counts instructions, so that a hot path that becomes dearer is found out;
//! - [`site`] is three hosts, [`mod@live`] our daemons on them, [`mod@corosync`] Corosync's;
//! - [`gather`] listens to what load generators print, [`meter`] asks the kernel what they cost.

pub mod corosync;
pub mod gather;
pub mod live;
pub mod mesh;
pub mod meter;
pub mod record;
pub mod seal;
pub mod site;
pub mod steady;

use std::time::Duration;

use self::gather::Outcome;
use self::record::{Journal, Record, median};

/// How long and how often to measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Of one run.
    pub length: Duration,
    /// Runs of the same kind, of which the median counts.
    pub rounds: usize,
}

/// Sizes of messages through rings without I/O, bytes.
const RING_SIZES: [usize; 3] = [64, 1024, 64 << 10];

/// Sizes of messages between daemons, bytes.
const LIVE_SIZES: [usize; 2] = [1024, 64 << 10];

/// Messages per second through two, three and eight rings in this process.
///
/// # Errors
/// The file of records cannot be written.
pub fn rings(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    for nodes in [2, 3, 8] {
        for size in RING_SIZES {
            for sealed in [false, true] {
                let mut speeds = Vec::new();
                let mut load = None;
                for _ in 0..effort.rounds {
                    load.get_or_insert(meter::load());
                    speeds.push(mesh::run(nodes, size, sealed, effort.length / 5));
                }
                speeds.sort_unstable_by_key(|speed| speed.messages);
                let speed = speeds[speeds.len() / 2];
                let mut record = Record::new("rings");
                record
                    .count("nodes", nodes)
                    .count("size", size)
                    .text("path", if sealed { "sealed" } else { "plain" })
                    .count("messages_per_second", speed.messages)
                    .hundredths("megabytes_per_second", speed.bytes / 10_000)
                    .count("runs", effort.rounds)
                    .hundredths("load", load.unwrap_or(0));
                journal.note(&record)?;
            }
        }
    }
    Ok(())
}

/// Cost of sealing and opening a packet.
///
/// # Errors
/// The file of records cannot be written.
pub fn seal(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    for size in [64, 537, 1350, 8850] {
        let load = meter::load();
        let costs: Vec<_> =
            (0..effort.rounds).map(|_| seal::run(size, effort.length / 10)).collect();
        let mut record = Record::new("seal");
        record
            .count("size", size)
            .count("seal_ns", median(costs.iter().map(|cost| cost.seal)))
            .count("open_ns", median(costs.iter().map(|cost| cost.open)))
            .count("runs", effort.rounds)
            .hundredths("load", load);
        journal.note(&record)?;
    }
    Ok(())
}

/// Time of a hop of the token between three daemons, with one message at a time on its way.
///
/// # Errors
/// No hosts, no daemon, or the daemons do not finish.
pub fn hop(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    let site = site::Site::new()?;
    let mut hops = Vec::new();
    for _ in 0..effort.rounds {
        let load = meter::load();
        let rotations = live::rotations(&site, effort.length)?;
        let rotation = median(rotations.iter().copied());
        let mut record = Record::new("hop");
        record
            .count("nodes", site::HOSTS)
            .count("samples", rotations.len())
            .count("rotation_ns", rotation)
            .count("hop_ns", rotation / site::MEMBERS)
            .hundredths("load", load);
        journal.note(&record)?;
        hops.push(rotation / site::MEMBERS);
    }
    let mut record = Record::new("hop-median");
    record.count("nodes", site::HOSTS).count("hop_ns", median(hops)).count("runs", effort.rounds);
    journal.note(&record)
}

/// Throughput of three daemons that all send.
///
/// # Errors
/// No hosts, no daemon, or the daemons do not finish.
pub fn live(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    let site = site::Site::new()?;
    let engines = [Engine::Own];
    for size in LIVE_SIZES {
        compare(&site, &engines, size, effort, journal)?;
    }
    Ok(())
}

/// The same beside Corosync's, by turns, and the ratios.
///
/// # Errors
/// As [`live()`]; Corosync, its library or a compiler is missing.
pub fn corosync(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    let site = site::Site::new()?;
    let tools = corosync::Tools::find(&site)?;
    let engines = [
        Engine::Own,
        Engine::Corosync(&tools, corosync::Crypto::Aes256),
        Engine::OwnClients,
        Engine::Corosync(&tools, corosync::Crypto::None),
    ];
    for size in LIVE_SIZES {
        let found = compare(&site, &engines, size, effort, journal)?;
        for (own, ours) in engines.iter().zip(&found).filter(|(engine, _)| engine.is_own()) {
            for (other, theirs) in engines.iter().zip(&found) {
                if other.is_own() || ours.middle == 0 || theirs.middle == 0 {
                    continue;
                }
                let mut record = Record::new("ratio");
                record
                    .text("engine", own.name())
                    .text("to", other.name())
                    .count("size", size)
                    .hundredths("ratio", ours.middle * 100 / theirs.middle)
                    .hundredths("least_to_most", ours.least * 100 / theirs.most.max(1));
                journal.note(&record)?;
            }
        }
    }
    Ok(())
}

/// Speeds of several runs, hundredths of megabytes per second; all zero when there was none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Speeds {
    least: u64,
    middle: u64,
    most: u64,
}

/// What carries messages.
#[derive(Clone, Copy, Debug)]
enum Engine<'a> {
    /// `clusterd` with its load generator inside.
    Own,
    /// `clusterd` with a program beside it that sends and receives through its socket.
    OwnClients,
    /// Corosync with a program beside it that sends and receives through its library.
    Corosync(&'a corosync::Tools, corosync::Crypto),
}

impl Engine<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Own => "clusterd",
            Self::OwnClients => "clusterd+client",
            Self::Corosync(_, crypto) => crypto.name(),
        }
    }

    const fn is_own(self) -> bool {
        match self {
            Self::Own | Self::OwnClients => true,
            Self::Corosync(..) => false,
        }
    }

    fn run(self, site: &site::Site, size: usize, length: Duration) -> Result<Outcome, String> {
        match self {
            Self::Own => live::run(site, size, length),
            Self::OwnClients => live::run_clients(site, size, length),
            Self::Corosync(tools, crypto) => corosync::run(site, tools, crypto, size, length),
        }
    }
}

/// Runs these engines by turns; how fast each was.
fn compare(
    site: &site::Site,
    engines: &[Engine<'_>],
    size: usize,
    effort: Effort,
    journal: &mut Journal,
) -> Result<Vec<Speeds>, String> {
    let mut outcomes: Vec<Vec<Outcome>> = engines.iter().map(|_| Vec::new()).collect();
    for _ in 0..effort.rounds {
        for (engine, outcomes) in engines.iter().zip(&mut outcomes) {
            let load = meter::load();
            let mut record = Record::new("live");
            record.text("engine", engine.name()).count("size", size);
            match engine.run(site, size, effort.length) {
                Ok(outcome) => {
                    outcome.describe(&mut record);
                    outcomes.push(outcome);
                }
                // The others are still worth measuring; the run counts as failed.
                Err(why) => {
                    let (name, number) = (engine.name(), journal.failures.len() + 1);
                    eprintln!("bench: failure {number}: {name}, {size} bytes: {why}");
                    let first = why.lines().next().unwrap_or_default();
                    journal.failures.push(format!("{name}, {size} bytes: {first}"));
                    record.count("failure", number);
                }
            }
            record.hundredths("load", load);
            journal.note(&record)?;
        }
    }
    let mut found = Vec::new();
    for (engine, outcomes) in engines.iter().zip(&outcomes) {
        let mut record = Record::new("live-median");
        record.text("engine", engine.name()).count("size", size);
        let of = || outcomes.iter().map(|outcome| outcome.megabytes);
        let (least, most) = (of().min().unwrap_or(0), of().max().unwrap_or(0));
        if !outcomes.is_empty() {
            Outcome::median(outcomes).describe(&mut record);
            record.hundredths("least", least).hundredths("most", most);
        }
        record.count("runs", outcomes.len()).count("failed", effort.rounds - outcomes.len());
        journal.note(&record)?;
        found.push(Speeds { least, middle: median(of()), most });
    }
    Ok(found)
}
