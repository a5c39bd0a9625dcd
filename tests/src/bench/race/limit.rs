//! The limit of this network: datagrams to all, with no protocol but a window, so that every
//! throughput can be given as a share of it.
//!
//! Must never send faster than the slowest receiver takes: what is lost in between is no
//! throughput. Receivers say how far they are, and the sender keeps a window ahead of them.

use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::socket::sockopt::UdpGroSegment;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg, setsockopt};

use super::Plan;
use crate::bench::gather::{Generator, gather};
use crate::bench::record::{Journal, Record, per_second};
use crate::bench::site::{Site, sender};

/// Where data goes.
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 192, 10, 1);
const PORT: u16 = 5500;

/// Where receivers tell the sender how far they are.
const ACKS: u16 = 5501;

/// Packets that may be on their way.
const WINDOW: u64 = 320;

/// Packets of one call where the kernel segments.
const SEGMENTS: u64 = 40;

/// A receiver says how far it is after so many packets.
const ACK_EVERY: u64 = 64;

/// When nothing is heard of the receivers for so long, packets were lost: they count as taken.
const LOST: Duration = Duration::from_millis(2);

/// What one of the programs is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flood {
    /// Bytes of a datagram.
    pub size: usize,
    /// For how long.
    pub length: Duration,
    /// How many receivers there are; zero for a receiver.
    pub receivers: usize,
    /// Let the kernel segment and coalesce.
    pub segmented: bool,
}

/// Packets per second at the slowest receiver, with and without segmentation by the kernel.
///
/// # Errors
/// No hosts, or the file of records cannot be written.
pub fn limits(plan: &Plan, journal: &mut Journal) -> Result<(), String> {
    let size = usize::try_from(plan.mtu).unwrap_or(1500) - 28;
    for &nodes in &plan.nodes {
        let site = Site::new(nodes, plan.mtu)?;
        for _ in 0..plan.rounds {
            for segmented in [false, true] {
                let mut flood = Flood { size, length: plan.length, receivers: 0, segmented };
                let mut generators = Vec::new();
                for host in (0..nodes).rev() {
                    flood.receivers = if host == 0 { nodes - 1 } else { 0 };
                    let process = site.spawn(host, &mut command(&flood)?)?;
                    let pids = vec![process.pid()];
                    generators.push(Generator { process, pids });
                }
                let outcome = gather(&mut generators, plan.length, |_| {});
                let mut record = Record::new("limit");
                record.count("nodes", nodes).count("mtu", plan.mtu).count("size", size);
                record.text("path", if segmented { "segmented" } else { "plain" });
                match outcome {
                    Ok(outcome) => outcome.describe(&mut record),
                    Err(why) => journal.failures.push(format!("limit, {nodes} nodes: {why}")),
                }
                journal.note(&record)?;
            }
        }
    }
    Ok(())
}

fn command(flood: &Flood) -> Result<Command, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = sender(&own);
    let words = [
        flood.size.to_string(),
        flood.length.as_secs().to_string(),
        flood.receivers.to_string(),
        u8::from(flood.segmented).to_string(),
    ];
    command.arg("flood").args(words).stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command)
}

/// What the sender knows of a receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Known {
    at: Option<Ipv4Addr>,
    /// Packets it took.
    taken: u64,
    /// Packets it will never take.
    lost: u64,
}

impl Known {
    const fn done(&self) -> u64 {
        self.taken.saturating_add(self.lost)
    }
}

impl Flood {
    /// Does it, and prints the lines of a load generator.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn run(&self) -> io::Result<()> {
        if self.receivers > 0 { self.send() } else { self.receive() }
    }

    fn send(&self) -> io::Result<()> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, ACKS))?;
        socket.set_read_timeout(Some(LOST))?;
        let to = SockaddrStorage::from(SocketAddr::V4(SocketAddrV4::new(GROUP, PORT)));
        let count = if self.segmented { SEGMENTS.min(60_000 / number(self.size)) } else { 1 };
        let bytes = vec![0; self.size * usize::try_from(count).unwrap_or(1)];
        let segment = u16::try_from(self.size).unwrap_or(u16::MAX);
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        let control = if count > 1 { control.as_slice() } else { &[] };
        let (mut sent, mut known) = (0_u64, vec![Known::default(); self.receivers]);
        let began = Instant::now();
        while began.elapsed() < self.length + Duration::from_secs(1) {
            let slowest = known.iter().map(Known::done).min().unwrap_or(0);
            if sent.saturating_sub(slowest) + count <= WINDOW {
                let slices = [IoSlice::new(&bytes)];
                sendmsg(socket.as_raw_fd(), &slices, control, MsgFlags::empty(), Some(&to))?;
                sent += count;
                continue;
            }
            let mut ack = [0; 8];
            match socket.recv_from(&mut ack) {
                Ok((8, SocketAddr::V4(from))) => {
                    let taken = u64::from_be_bytes(ack);
                    let its = |one: &&mut Known| one.at.is_none_or(|at| at == *from.ip());
                    if let Some(one) = known.iter_mut().find(its) {
                        *one = Known { at: Some(*from.ip()), taken, ..*one };
                    }
                }
                Ok(_) => {}
                // Receivers count what they took, the sender what it sent: what was lost between
                // them is forgotten.
                Err(_) => {
                    for one in &mut known {
                        one.lost = sent.saturating_sub(one.taken);
                    }
                }
            }
        }
        self.print("total", sent, began.elapsed());
        Ok(())
    }

    fn receive(&self) -> io::Result<()> {
        let socket = UdpSocket::bind((GROUP, PORT))?;
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        if self.segmented {
            setsockopt(&socket, UdpGroSegment, &true).map_err(io::Error::from)?;
        }
        let (mut taken, mut said, mut began) = (0_u64, 0_u64, None);
        let mut buffer = vec![0; 65_536];
        let patience = Instant::now() + self.length + Duration::from_secs(20);
        loop {
            let since = *began.get_or_insert_with(Instant::now);
            if taken > 0 && since.elapsed() >= self.length || Instant::now() > patience {
                self.print("total", taken, since.elapsed());
                return Ok(());
            }
            let Ok((size, from)) = socket.recv_from(&mut buffer) else { continue };
            if taken == 0 {
                began = Some(Instant::now());
            }
            taken += number(size.div_ceil(self.size));
            if taken - said >= ACK_EVERY {
                said = taken;
                socket.send_to(&taken.to_be_bytes(), (from.ip(), ACKS))?;
            }
        }
    }

    fn print(&self, span: &str, packets: u64, took: Duration) {
        let nanos = took.as_nanos();
        let bytes = packets * number(self.size);
        let hundredths = per_second(bytes, nanos) / 10_000;
        println!(
            concat!(
                r#"{{"node":0,"span":"{}","members":0,"size":{},"messages":{},"#,
                r#""messages_per_second":{},"megabytes_per_second":{}.{:02}}}"#,
            ),
            span,
            self.size,
            packets,
            per_second(packets, nanos),
            hundredths / 100,
            hundredths % 100,
        );
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
