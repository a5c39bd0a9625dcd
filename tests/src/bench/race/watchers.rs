//! One program on each host that says when it is told of members and quorum.
//!
//! Must never take an old word for a new one: what was said before the moment that counts is
//! skipped by its time.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use daemon::demo::process::Process;

use crate::bench::client::delays::now_nanos;
use crate::bench::engine::Team;
use crate::bench::gather::field;

/// What a host was told last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Word {
    at: u64,
    quorate: bool,
    members: u64,
    rings: BTreeSet<u64>,
}

/// The programs.
#[derive(Debug)]
pub(super) struct Watchers {
    _processes: Vec<Process>,
    lines: Receiver<(usize, String)>,
    words: Vec<Word>,
}

impl Watchers {
    /// Starts one on every host of the team.
    pub(super) fn start(team: &Team<'_>) -> Result<Self, String> {
        let (sender, lines) = channel();
        let mut processes = Vec::new();
        for host in 0..team.len() {
            let mut process = team.client(host, &["watch".to_owned()])?;
            let pipe = BufReader::new(process.take_stdout().ok_or("a pipe was asked for")?);
            let sender = sender.clone();
            // Ends with its pipe, and that with the program.
            thread::spawn(move || {
                for line in pipe.lines().map_while(Result::ok) {
                    if sender.send((host, line)).is_err() {
                        return;
                    }
                }
            });
            processes.push(process);
        }
        let words = vec![Word::default(); processes.len()];
        Ok(Self { _processes: processes, lines, words })
    }

    /// Waits until all hosts but `without` were told of so many members and of quorum, after
    /// `since` by the monotonic clock; when the last one was told.
    pub(super) fn wait(
        &mut self,
        (members, without): (usize, Option<usize>),
        since: u64,
        patience: Duration,
    ) -> Result<u64, String> {
        let deadline = Instant::now() + patience;
        let members = u64::try_from(members).unwrap_or(u64::MAX);
        loop {
            let others = || {
                let all = self.words.iter().enumerate();
                all.filter(|(host, _)| Some(*host) != without).map(|(_, word)| word)
            };
            let told = |word: &Word| word.at > since && word.quorate && word.members == members;
            if others().all(told) {
                return Ok(others().map(|word| word.at).max().unwrap_or(0));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((host, line)) => self.take(host, &line),
                Err(_) => {
                    let late = others().filter(|word| !told(word)).count();
                    let took = Duration::from_nanos(now_nanos() - since);
                    return Err(format!("{late} hosts not of one mind after {took:?}"));
                }
            }
        }
    }

    /// Most rings that one host was told of since it was last asked.
    pub(super) fn rings(&mut self) -> usize {
        self.words.iter_mut().map(|word| std::mem::take(&mut word.rings).len()).max().unwrap_or(0)
    }

    fn take(&mut self, host: usize, line: &str) {
        let number = |name| field(line, name).and_then(|text| text.parse::<u64>().ok());
        let Some(word) = self.words.get_mut(host) else { return };
        word.at = number("at").unwrap_or(0);
        word.quorate = number("quorate") == Some(1);
        word.members = number("members").unwrap_or(0);
        word.rings.extend(number("ring").filter(|&ring| ring > 0));
    }
}
