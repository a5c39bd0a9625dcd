//! Listening to load generators, one per host, that print a JSON object per second and a total.
//!
//! Must never wait for ever: a generator that is silent too long ends the measurement, with its
//! name. Must never be the bottleneck: a line per second is all that is read.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use daemon::demo::process::Process;

use super::meter::{self, Usage, hundredths};
use super::record::{Record, median};

/// How long all may take to find together, and to count to their ends.
const PATIENCE: Duration = Duration::from_secs(130);

/// Longest line that is taken.
const LONGEST_LINE: u64 = 4 << 10;

/// A load generator and the programs whose cost is that of its host.
#[derive(Debug)]
pub struct Generator {
    /// Prints the lines; its output is a pipe.
    pub process: Process,
    /// Its process id and those of the daemons that work for it.
    pub pids: Vec<u32>,
}

/// What a run measured: of the host where it was least, or most for what it cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Delivered at each host, hundredths of 10⁶ bytes per second.
    pub megabytes: u64,
    /// Messages delivered at each host per second.
    pub messages: u64,
    /// Processors used by all hosts together, hundredths.
    pub cpus: u64,
    /// Processor time of all hosts per 10⁶ bytes delivered at one, hundredths of milliseconds.
    pub cost: u64,
    /// Most memory of a host, bytes.
    pub resident: u64,
    /// How long messages were on their way, nanoseconds, at the host where it was longest.
    pub delays: Delays,
}

/// The names under which programs print how long messages were on their way, and the longest time
/// in which nothing came.
pub const DELAYS: [&str; 7] =
    ["own_p50", "own_p99", "own_p999", "peer_p50", "peer_p99", "peer_p999", "silence"];

/// The values of [`DELAYS`], nanoseconds; zero what was not measured.
pub type Delays = [u64; DELAYS.len()];

impl Outcome {
    /// Adds it to a record.
    pub fn describe(&self, record: &mut Record) {
        record
            .hundredths("megabytes_per_second", self.megabytes)
            .count("messages_per_second", self.messages)
            .hundredths("cpus", self.cpus)
            .hundredths("cpu_ms_per_megabyte", self.cost)
            .hundredths("resident_mib", (self.resident * 100) >> 20);
        for (name, nanos) in DELAYS.into_iter().zip(self.delays) {
            if nanos > 0 {
                record.count(name, nanos);
            }
        }
    }

    /// The median of each figure.
    #[must_use]
    pub fn median(of: &[Self]) -> Self {
        let middle = |figure: fn(&Self) -> u64| median(of.iter().map(figure));
        Self {
            megabytes: middle(|one| one.megabytes),
            messages: middle(|one| one.messages),
            cpus: middle(|one| one.cpus),
            cost: middle(|one| one.cost),
            resident: middle(|one| one.resident),
            delays: std::array::from_fn(|place| median(of.iter().map(|one| one.delays[place]))),
        }
    }
}

/// What is known of one host.
#[derive(Clone, Copy, Debug, Default)]
struct Host {
    first: Option<(Instant, Usage)>,
    last: Option<(Instant, Usage)>,
    megabytes: u64,
    messages: u64,
    delays: Delays,
}

/// What a generator's pipe said: a line, or nothing more.
type Said = (usize, Option<String>);

/// Waits until all generators, which send for `length`, have printed their totals. After every line
/// `also` is done, with the index of the host.
///
/// # Errors
/// One ends or falls silent before that.
pub fn gather(
    generators: &mut [Generator],
    length: Duration,
    mut also: impl FnMut(usize),
) -> Result<Outcome, String> {
    let deadline = Instant::now() + length + PATIENCE;
    let lines = listen(generators);
    let mut hosts = vec![Host::default(); generators.len()];
    while hosts.iter().any(|host| host.last.is_none()) {
        let left = deadline.saturating_duration_since(Instant::now());
        let silent = || hosts.iter().position(|host| host.last.is_none()).unwrap_or(0) + 1;
        match lines.recv_timeout(left) {
            Ok((host, Some(line))) => {
                let usage = meter::usage(&generators[host].pids);
                hosts[host].take(&line, usage)?;
                also(host);
            }
            Ok((host, None)) if hosts[host].last.is_none() => {
                return Err(format!("the generator of host {} ended early", host + 1));
            }
            Ok((_, None)) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Err(format!("the generator of host {} has no total in time", silent()));
            }
        }
    }
    Ok(sum(&hosts))
}

impl Host {
    fn take(&mut self, line: &str, usage: Usage) -> Result<(), String> {
        let missing = || format!("a load generator printed {line:?}");
        let span = field(line, "span").ok_or_else(missing)?;
        if span == "total" {
            let megabytes = field(line, "megabytes_per_second").and_then(hundredths);
            let messages = field(line, "messages_per_second").and_then(|text| text.parse().ok());
            self.megabytes = megabytes.ok_or_else(missing)?;
            self.messages = messages.ok_or_else(missing)?;
            self.delays = DELAYS
                .map(|name| field(line, name).and_then(|text| text.parse().ok()).unwrap_or(0));
            self.last = Some((Instant::now(), usage));
        } else if self.first.is_none() {
            self.first = Some((Instant::now(), usage));
        }
        Ok(())
    }

    /// Processors used between the first line and the total, hundredths.
    fn cpus(&self) -> u64 {
        let (Some((began, before)), Some((ended, after))) = (self.first, self.last) else {
            return 0;
        };
        let millis = u64::try_from(ended.duration_since(began).as_millis()).unwrap_or(u64::MAX);
        after.cpu.saturating_sub(before.cpu) * 1000 / millis.max(1)
    }
}

fn sum(hosts: &[Host]) -> Outcome {
    let least = |figure: fn(&Host) -> u64| hosts.iter().map(figure).min().unwrap_or(0);
    let megabytes = least(|host| host.megabytes);
    let cpus = hosts.iter().map(Host::cpus).sum::<u64>();
    let resident = hosts.iter().filter_map(|host| host.last).map(|(_, usage)| usage.resident);
    Outcome {
        megabytes,
        messages: least(|host| host.messages),
        cpus,
        // Processors by megabytes per second are seconds per megabyte.
        cost: cpus * 100_000 / megabytes.max(1),
        resident: resident.max().unwrap_or(0),
        delays: std::array::from_fn(|place| {
            hosts.iter().map(|host| host.delays[place]).max().unwrap_or(0)
        }),
    }
}

fn listen(generators: &mut [Generator]) -> Receiver<Said> {
    let (sender, lines) = channel();
    for (host, generator) in generators.iter_mut().enumerate() {
        if let Some(pipe) = generator.process.take_stdout() {
            let sender: Sender<Said> = sender.clone();
            // Ends with its pipe, and that with the generator.
            thread::spawn(move || {
                let mut pipe = BufReader::new(pipe);
                loop {
                    let mut line = String::new();
                    let read = pipe.by_ref().take(LONGEST_LINE).read_line(&mut line);
                    let more = matches!(read, Ok(1..));
                    let said = more.then_some(line);
                    if sender.send((host, said)).is_err() || !more {
                        return;
                    }
                }
            });
        }
    }
    lines
}

/// The value of a field in a flat JSON object, without quotes.
pub(super) fn field<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = json.split_once(&format!("\"{name}\":"))?;
    let end = after.find([',', '}'])?;
    Some(after.get(..end)?.trim_matches('"'))
}

#[cfg(test)]
mod tests;
