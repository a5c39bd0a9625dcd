//! A table of keys and values that is the same on every node where this program runs, as long as
//! the cluster may act, and that outlives any of its copies.
//!
//! Must never change the table but by a command that came in the order: then all copies do the
//! same.
//!
//! ```text
//! replicated_kv /run/cluster/clusterd.sock
//! ```
//!
//! Lines come on standard input: `set KEY VALUE`, `del KEY`, `sum` (how many commands were done,
//! and a sum over the table), `dump`. What happens is said on standard output.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, stdin};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

use client::strict::{Event, Machine, Replica, Strict};
use client::{Connection, Error, Member};
use rustix::event::{PollFd, PollFlags, poll};

// -- the state machine ----------------------------------------------------------------------------

/// The table, and how many commands made it.
#[derive(Default)]
struct Table {
    rows: BTreeMap<String, String>,
    commands: u64,
}

impl Machine for Table {
    fn apply(&mut self, _from: Member, command: &[u8]) {
        let text = String::from_utf8_lossy(command);
        let mut words = text.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("set"), Some(key), Some(value)) => {
                self.rows.insert(key.to_owned(), value.to_owned());
            }
            (Some("del"), Some(key), None) => drop(self.rows.remove(key)),
            _ => return,
        }
        self.commands += 1;
    }

    fn snapshot(&self) -> Vec<u8> {
        let rows = self.rows.iter().map(|(key, value)| format!("{key} {value}\n"));
        format!("{}\n{}", self.commands, rows.collect::<String>()).into_bytes()
    }

    fn restore(&mut self, state: &[u8]) -> bool {
        let text = String::from_utf8_lossy(state);
        let mut lines = text.lines();
        let Some(commands) = lines.next().and_then(|line| line.parse().ok()) else { return false };
        let row = |line: &str| line.split_once(' ').map(|(k, v)| (k.to_owned(), v.to_owned()));
        let Some(rows) = lines.map(row).collect() else { return false };
        *self = Self { rows, commands };
        true
    }
}

// -- around it ------------------------------------------------------------------------------------

fn main() -> Result<(), Error> {
    let path = std::env::args().nth(1).unwrap_or("/run/cluster/clusterd.sock".to_owned());
    let connection = Connection::open(Path::new(&path), "replicated_kv")?;
    let strict = Strict::join(connection, b"replicated_kv", std::process::id())?;
    let mut replica = Replica { strict, machine: Table::default() };
    // Not one byte is read ahead: what lies in a buffer wakes nobody.
    let mut input = BufReader::with_capacity(1, File::from(stdin().as_fd().try_clone_to_owned()?));
    let mut waiting: Option<String> = None;
    loop {
        while let Some(event) = replica.step(Some(Instant::now()))? {
            tell(&replica, &event);
        }
        if let Some(line) = waiting.take_if(|_| replica.strict.is_open()) {
            match replica.strict.send(line.trim().as_bytes()) {
                Err(error) if error.is_harmless() => waiting = Some(line),
                sent => sent?,
            }
            continue;
        }
        // No further line is read while one waits for a view in which it may be sent.
        let reads = if waiting.is_some() { PollFlags::empty() } else { PollFlags::IN };
        let stdin = stdin();
        let mut fds = [PollFd::new(&replica.strict, PollFlags::IN), PollFd::new(&stdin, reads)];
        poll(&mut fds, None).map_err(std::io::Error::from)?;
        if waiting.is_none() && !fds[1].revents().is_empty() {
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim() {
                "sum" => {
                    let table = &replica.machine;
                    println!("sum {} {:016x}", table.commands, sum(table));
                }
                "dump" => print!("{}", String::from_utf8_lossy(&replica.machine.snapshot())),
                _ => waiting = Some(line),
            }
        }
    }
}

fn tell(replica: &Replica<Table>, event: &Event) {
    match event {
        Event::View(view) => {
            let nodes: Vec<String> = view.members.iter().map(|it| it.node.to_string()).collect();
            println!("view {} ({} new)", nodes.join(" "), view.newcomers.len());
        }
        Event::State(_) => println!("state {}", replica.machine.commands),
        Event::Suspended => println!("suspended"),
        Event::Message(from, _) => println!("done {} {}", replica.machine.commands, from.node),
        Event::Wanted => {}
    }
}

/// FNV-1a over the table.
fn sum(table: &Table) -> u64 {
    let bytes = table.snapshot();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
