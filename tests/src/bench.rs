//! Speed, measured the same way every time, so that later work can compare with earlier.
//!
//! Must never claim more than it measured: every record carries the load of the machine at its
//! start, engines that are compared take turns within one run, and what is missing is named.
//!
//! - [`record`] is one measurement, as a line and as JSON;
//! - [`mesh`] drives rings in memory, [`mod@seal`] the cipher alone;
//! - [`swarm`] simulates many rings, to see what grows;
//! - [`steady`] counts instructions, so that a hot path that becomes dearer is found out;
//! - [`site`] is some hosts, [`mod@live`] our daemons on them with a load generator inside;
//! - [`race`] has engines take turns: [`engine`] is what carries messages, [`mod@client`] the
//!   program beside it;
//! - [`gather`] listens to what load generators print, [`meter`] asks the kernel what they cost.

pub mod client;
pub mod engine;
pub mod gather;
pub mod live;
pub mod mesh;
pub mod meter;
pub mod race;
pub mod record;
pub mod report;
pub mod seal;
pub mod site;
pub mod steady;
pub mod swarm;

use std::time::Duration;

use self::gather::Outcome;
use self::record::{Journal, Record, median};
use daemon::demo::lan::ETHERNET_MTU;

/// How long and how often to measure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effort {
    /// Of one run.
    pub length: Duration,
    /// Runs of the same kind, of which the median counts.
    pub rounds: usize,
}

/// How many daemons are measured alone.
const HOSTS: usize = 3;

/// The same, for arithmetic.
const MEMBERS: u64 = 3;

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
    let site = site::Site::new(HOSTS, ETHERNET_MTU)?;
    let mut hops = Vec::new();
    for _ in 0..effort.rounds {
        let load = meter::load();
        let rotations = live::rotations(&site, effort.length)?;
        let rotation = median(rotations.iter().copied());
        let mut record = Record::new("hop");
        record
            .count("nodes", HOSTS)
            .count("samples", rotations.len())
            .count("rotation_ns", rotation)
            .count("hop_ns", rotation / MEMBERS)
            .hundredths("load", load);
        journal.note(&record)?;
        hops.push(rotation / MEMBERS);
    }
    let mut record = Record::new("hop-median");
    record.count("nodes", HOSTS).count("hop_ns", median(hops)).count("runs", effort.rounds);
    journal.note(&record)
}

/// Throughput of three daemons that all send.
///
/// # Errors
/// No hosts, no daemon, or the daemons do not finish.
pub fn live(effort: Effort, journal: &mut Journal) -> Result<(), String> {
    let site = site::Site::new(HOSTS, ETHERNET_MTU)?;
    LIVE_SIZES.into_iter().try_for_each(|size| repeat(&site, size, effort, journal))
}

/// Runs it so often; every run, and the medians.
fn repeat(
    site: &site::Site,
    size: usize,
    effort: Effort,
    journal: &mut Journal,
) -> Result<(), String> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    for _ in 0..effort.rounds {
        let load = meter::load();
        let mut record = Record::new("live");
        record.text("engine", "clusterd").count("size", size);
        match live::run(site, size, effort.length) {
            Ok(outcome) => {
                outcome.describe(&mut record);
                outcomes.push(outcome);
            }
            // The others are still worth measuring; the run counts as failed.
            Err(why) => {
                let number = journal.failures.len() + 1;
                eprintln!("bench: failure {number}: {size} bytes: {why}");
                let first = why.lines().next().unwrap_or_default();
                journal.failures.push(format!("{size} bytes: {first}"));
                record.count("failure", number);
            }
        }
        record.hundredths("load", load);
        journal.note(&record)?;
    }
    let mut record = Record::new("live-median");
    record.text("engine", "clusterd").count("size", size);
    let of = || outcomes.iter().map(|outcome| outcome.megabytes);
    if !outcomes.is_empty() {
        Outcome::median(&outcomes).describe(&mut record);
        let (least, most) = (of().min().unwrap_or(0), of().max().unwrap_or(0));
        record.hundredths("least", least).hundredths("most", most);
    }
    record.count("runs", outcomes.len()).count("failed", effort.rounds - outcomes.len());
    journal.note(&record)
}
