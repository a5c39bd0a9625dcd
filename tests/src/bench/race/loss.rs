//! What is left of the throughput on a network that loses packets at random.
//!
//! Must never lose what is not sent over the network: only datagrams that come to a host are
//! dropped, before its daemon reads them. Where the kernel hands over several of one burst in one
//! piece, it drops the piece: the same share of packets, in longer runs.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Load, Plan, stand};
use crate::bench::engine::{Start, Team, Tools};
use crate::bench::record::{Journal, Record};
use crate::bench::site::Site;

/// Packets dropped of ten thousand.
const RATES: [u32; 5] = [0, 1, 10, 100, 500];

/// Of these, those under which the longest silence is measured as well, at a pace that leaves
/// processors free: at full speed programs at real-time priority take all of them, and the system
/// stops them for 50 ms in every second in favour of others.
const PACED: [u32; 2] = [0, 100];

/// Messages a second of each then.
const PACE: u64 = 1000;

/// Bytes of a message.
const SIZE: usize = 1024;

/// Throughput with all sending, and the longest silence, under every rate of loss.
///
/// # Errors
/// No hosts, a tool is missing, or the file of records cannot be written.
pub fn losses(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        let tools = Tools::find(&site, &plan.engines)?;
        for _ in 0..plan.rounds {
            for &engine in &plan.engines {
                let start = Start { engine, nodes, token: None };
                let ran = stand(&site, &tools, start)
                    .and_then(|team| every_rate(&site, &team, (plan, start), journal));
                for host in 0..nodes {
                    lose(&site, host, 0)?;
                }
                journal.failures.extend(ran.err());
            }
        }
    }
    Ok(())
}

fn every_rate(
    site: &Site,
    team: &Team<'_>,
    (plan, start): (&Plan, Start),
    journal: &mut Journal,
) -> Result<(), String> {
    let load = Load { size: SIZE, rate: 0, senders: start.nodes, length: plan.length };
    for rate in RATES {
        for host in 0..start.nodes {
            lose(site, host, rate)?;
        }
        run(team, ("loss", rate), (start, load), journal)?;
        if PACED.contains(&rate) {
            run(team, ("silence", rate), (start, Load { rate: PACE, ..load }), journal)?;
        }
    }
    Ok(())
}

fn run(
    team: &Team<'_>,
    (what, rate): (&'static str, u32),
    (start, load): (Start, Load),
    journal: &mut Journal,
) -> Result<(), String> {
    let mut record = Record::new(what);
    record
        .text("engine", start.engine.name())
        .count("nodes", start.nodes)
        .count("size", SIZE)
        .hundredths("loss_per_cent", rate.into());
    match load.run(team) {
        Ok(outcome) => outcome.describe(&mut record),
        Err(why) => {
            eprintln!("bench: {}, {rate} of 10,000 lost: {why}", start.engine.name());
            record.count("failure", 1_u32);
        }
    }
    journal.note(&record)
}

/// Drops so many datagrams of ten thousand that come to a host.
fn lose(site: &Site, host: usize, rate: u32) -> Result<(), String> {
    let rule = if rate == 0 {
        String::new()
    } else {
        format!("meta l4proto udp numgen random mod 10000 < {rate} drop")
    };
    let table = format!(
        "add table inet race\ndelete table inet race\n\
         table inet race {{\n chain in {{\n type filter hook input priority 0;\n {rule}\n }}\n}}\n"
    );
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new("nft");
    command.arg(table).env("PATH", path).stdin(Stdio::null()).stdout(Stdio::null());
    let mut nft = site.spawn(host, &mut command)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    match nft.wait(Some(deadline)) {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(ended) => Err(format!("nft, of the package nftables, ended with {ended:?}")),
        Err(error) => Err(format!("nft: {error}")),
    }
}
