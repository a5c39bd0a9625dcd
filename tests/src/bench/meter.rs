//! What the kernel says programs cost, and how busy the machine is besides.
//!
//! Must never fail a measurement: a program that has ended costs what was read last.

use std::fs;
use std::time::Duration;

use rustix::event::{Timespec, poll};

/// In what the kernel counts time for programs (`USER_HZ`, the same on all architectures of today).
const TICKS_PER_SECOND: u64 = 100;

/// What some programs have used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Time on processors, in the kernel and outside, hundredths of a second.
    pub cpu: u64,
    /// Largest memory they occupied, bytes; the sum of the programs.
    pub resident: u64,
}

/// The load of the machine over the last minute, hundredths.
#[must_use]
pub fn load() -> u64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(hundredths).unwrap_or(0)
}

/// How long this thread has been on a processor: what it would have taken on a quiet machine. Exact
/// to a tick of the scheduler, some milliseconds.
#[must_use]
pub fn on_processor() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// What these processes have used; those that have ended count for nothing.
#[must_use]
pub fn usage(pids: &[u32]) -> Usage {
    let mut usage = Usage::default();
    for pid in pids {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        usage.cpu += ticks(&stat).unwrap_or(0) * 100 / TICKS_PER_SECOND;
        usage.resident += peak(&status).unwrap_or(0);
    }
    usage
}

/// What a daemon did in a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Activity {
    /// Time on processors of all its threads, nanoseconds.
    pub nanos: u64,
    /// Packets in and out of its host.
    pub packets: u64,
}

/// What this process has done since its start, and its host since its own.
#[must_use]
pub fn activity(pid: u32) -> Activity {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = threads.map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0)
    });
    let devices = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default();
    Activity { nanos: nanos.sum(), packets: packets(&devices).unwrap_or(0) }
}

/// Packets in and out of a host, from `/proc/net/dev`: fields 2 and 10 behind the name.
fn packets(devices: &str) -> Option<u64> {
    let line = devices.lines().find_map(|line| line.trim().strip_prefix("eth0:"))?;
    let field = |index| line.split_whitespace().nth(index)?.parse::<u64>().ok();
    Some(field(1)? + field(9)?)
}

/// Lets time pass that is itself what is measured, or in which nothing could tell.
pub fn pause(length: Duration) {
    let length = Timespec::try_from(length).ok();
    // Interrupted, it is shorter; whoever measures reads the clock again.
    let _ = poll(&mut [], length.as_ref());
}

/// Time on processors, in ticks: fields 14 and 15 of proc_pid_stat(5). The second field, a name,
/// may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, after) = stat.rsplit_once(") ")?;
    let mut fields = after.split(' ').skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

/// A number with up to two places after the point.
pub(super) fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part = format!("{part:0<2}");
    let whole: u64 = whole.parse().ok()?;
    Some(whole * 100 + part.get(..2)?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests;
