//! The demonstration itself: a cluster starts, loses a node, gets it back and stops.
//!
//! Must never claim what it did not see: every line follows from what the daemons themselves tell,
//! every time is measured to the moment when the node in question was told. Must never wait
//! without an event, nor for ever.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use super::board::{Board, View};
use super::home::Home;
use super::listen::{self, Heard, News};
use super::place::Place;
use super::process::Process;
use super::screen::{Screen, seconds, short};

/// How long the nodes may take to agree.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a daemon may take to leave.
const FAREWELL: Duration = Duration::from_secs(10);

/// Lines of a daemon's log that are shown when something went wrong.
const LAST_WORDS: usize = 8;

/// Most nodes that are named one by one.
const NAMED: usize = 4;

/// Why the story ended before its time.
#[derive(Debug)]
pub(super) enum End {
    /// The operator wanted so.
    Interrupted,
    /// Nobody reads.
    Output(io::Error),
    /// Something did not work.
    Failed(String),
}

impl From<io::Error> for End {
    fn from(why: io::Error) -> Self {
        Self::Output(why)
    }
}

/// One node of the story.
#[derive(Debug)]
pub(super) struct Node {
    name: String,
    home: Home,
    process: Option<Process>,
    /// How many daemons it had before this one.
    run: u32,
    /// Its end is part of the story.
    doomed: bool,
}

impl Node {
    pub(super) fn new(name: String, home: Home) -> Self {
        Self { name, home, process: None, run: 0, doomed: false }
    }
}

/// All that the story needs.
pub(super) struct Story<'a> {
    pub(super) screen: Screen<'a>,
    /// Stands before the place: daemons end before their hosts do.
    pub(super) nodes: Vec<Node>,
    pub(super) place: &'a Place,
    pub(super) program: &'a Path,
    pub(super) sender: Sender<News>,
    pub(super) news: Receiver<News>,
    pub(super) board: Board,
    /// A node was without quorum since this was last set to false.
    pub(super) blocked: bool,
    /// Daemons may end as they like: the operator plays with them.
    pub(super) free: bool,
}

impl Story<'_> {
    /// Plays it. What was begun is stopped in any case.
    pub(super) fn play(&mut self, keep: bool) -> Result<(), End> {
        let played = self.acts(keep);
        let stopped = match &played {
            Ok(()) | Err(End::Interrupted) => self.stop(),
            Err(End::Output(_) | End::Failed(_)) => Ok(()),
        };
        played.and(stopped)
    }

    fn acts(&mut self, keep: bool) -> Result<(), End> {
        self.start()?;
        if self.nodes.len() > 1 {
            self.lose()?;
            self.regain()?;
        } else {
            self.screen.line("\nA single node has no survivors to show: try --nodes 3.")?;
        }
        if keep { self.keep() } else { Ok(()) }
    }

    fn start(&mut self) -> Result<(), End> {
        self.screen.head()?;
        for index in 0..self.nodes.len() {
            self.launch(index)?;
        }
        let all = self.ids();
        self.until("the nodes did not find together", |board| board.consists_of(&all))
    }

    /// Kills the last node.
    fn lose(&mut self) -> Result<(), End> {
        let (mut survivors, victim) = (self.ids(), self.nodes.len() - 1);
        let id = survivors.pop().unwrap_or_default();
        let Some(node) = self.nodes.get_mut(victim) else { return Ok(()) };
        self.screen.line(&format!("\nKilling {} with SIGKILL, as a crash would:", node.name))?;
        node.doomed = true;
        let killed = match node.process.as_mut().map(Process::kill) {
            Some(Ok(killed)) => killed,
            Some(Err(why)) => return Err(End::Failed(format!("cannot kill a daemon: {why}"))),
            None => return Ok(()),
        };
        self.board.forget(id);
        self.blocked = false;
        self.until("the survivors did not agree", |board| board.consists_of(&survivors))?;
        let times: Vec<(String, Duration)> = self
            .nodes
            .iter()
            .zip(&survivors)
            .filter_map(|(node, id)| Some((node.name.clone(), self.board.view(*id)?)))
            .map(|(name, view)| (name, view.at.saturating_duration_since(killed)))
            .collect();
        self.screen.line(&format!("  {}", agreed(&times)))?;
        if let Some(view) = survivors.first().and_then(|id| self.board.view(*id)) {
            let told = quorum(view, self.blocked, self.nodes.len() == 2);
            self.screen.line(&format!("  {told}"))?;
        }
        Ok(())
    }

    /// Starts the last node again.
    fn regain(&mut self) -> Result<(), End> {
        let last = self.nodes.len() - 1;
        let name = self.name(last);
        self.screen.line(&format!("\nStarting {name} again:"))?;
        let begin = Instant::now();
        self.launch(last)?;
        let all = self.ids();
        self.until("the node did not come back", |board| board.consists_of(&all))?;
        let latest = all.iter().filter_map(|id| Some(self.board.view(*id)?.at)).max();
        let took = latest.map_or(Duration::ZERO, |at| at.saturating_duration_since(begin));
        Ok(self.screen.line(&format!("  It was back {} after its start.", short(took)))?)
    }

    /// Goes on until the operator wants an end.
    fn keep(&mut self) -> Result<(), End> {
        self.invite()?;
        self.free = true;
        loop {
            match self.news.recv() {
                Ok(News::Stop) | Err(_) => return Ok(()),
                Ok(news) => self.hear(news)?,
            }
        }
    }

    fn invite(&mut self) -> Result<(), End> {
        self.screen.line("\nThe cluster runs until Ctrl-C. Look at it from another terminal:\n")?;
        let tool = self.program.with_file_name("cman_tool");
        let tool = if tool.is_file() {
            tool.display().to_string()
        } else {
            "cargo run -q --release -p tools --bin cman_tool --".to_owned()
        };
        for node in &self.nodes {
            let socket = node.home.socket();
            let line = format!("  {tool} --socket {} status", socket.display());
            self.screen.line(&line)?;
        }
        self.screen.line("\nInstead of status: nodes, nodes -a, version, wait -q, leave.")?;
        let pids: Vec<String> = self
            .nodes
            .iter()
            .filter_map(|node| Some(format!("{} {}", node.name, node.process.as_ref()?.pid())))
            .collect();
        self.screen.line(&format!("For kill -9, the process ids: {}.", pids.join(", ")))?;
        let first = self.nodes.first().and_then(|node| Some(node.process.as_ref()?.pid()));
        if let (Place::Network(_), Some(pid)) = (self.place, first) {
            let text = "A shell on the first host: nsenter --preserve-credentials -U -m -u -n -t";
            self.screen.line(&format!("{text} {pid}"))?;
        }
        self.screen.line("")?;
        Ok(self.screen.head()?)
    }

    /// Lets all daemons leave, one after the other.
    fn stop(&mut self) -> Result<(), End> {
        self.screen.line("\nStopping all, each says good-bye:")?;
        let begin = Instant::now();
        let (mut left, mut count) = (0, 0);
        for node in self.nodes.iter_mut().filter(|node| !node.doomed) {
            let Some(mut process) = node.process.take() else { continue };
            count += 1;
            let failed = |why| End::Failed(format!("cannot stop {}: {why}", node.name));
            process.terminate().map_err(failed)?;
            match process.wait(Some(Instant::now() + FAREWELL)).map_err(failed)? {
                Some(status) if status.success() => left += 1,
                Some(status) => {
                    self.screen.line(&format!("  {} ended with {status}", node.name))?;
                }
                None => {
                    let text = format!("  {} did not leave in time and is killed", node.name);
                    self.screen.line(&text)?;
                }
            }
        }
        let took = short(begin.elapsed());
        Ok(self.screen.line(&format!("  {left} of {count} left within {took}."))?)
    }

    fn launch(&mut self, index: usize) -> Result<(), End> {
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        if node.process.take().is_some() {
            node.run += 1;
        }
        node.doomed = false;
        let start = || -> Result<Process, String> {
            let command = node.home.daemon(self.program, self.place.before());
            let mut command = command.map_err(|why| format!("cannot begin its log: {why}"))?;
            // A guest on somebody's desk does not compete with what else runs there.
            command.env("CLUSTER_NO_REALTIME", "true").args(["--node-name", &node.name]);
            self.place.spawn(index, &mut command)
        };
        let mut process = start().map_err(|why| End::Failed(format!("{}: {why}", node.name)))?;
        let pipe = process.take_stdout();
        node.process = Some(process);
        listen::daemon((index, node.run), pipe, node.home.socket(), self.sender.clone());
        Ok(())
    }

    /// Listens until it is so.
    fn until(&mut self, or: &str, so: impl Fn(&Board) -> bool) -> Result<(), End> {
        let deadline = Instant::now() + PATIENCE;
        while !so(&self.board) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(news) => self.hear(news)?,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    let within = seconds(PATIENCE);
                    let logs: String =
                        (0..self.nodes.len()).map(|index| self.last_words(index)).collect();
                    return Err(End::Failed(format!("{or} within {within}{logs}")));
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, news: News) -> Result<(), End> {
        let News::Node { index, run, heard } = news else { return Err(End::Interrupted) };
        let Some(node) = self.nodes.get_mut(index).filter(|node| node.run == run) else {
            return Ok(());
        };
        let name = node.name.clone();
        match heard {
            Heard::View(_) if node.doomed => Ok(()),
            Heard::View(view) => {
                self.blocked |= !view.quorate;
                match self.board.note(id(index), view) {
                    Some(shared) => Ok(self.screen.row(shared)?),
                    None => Ok(()),
                }
            }
            Heard::NotStarted(why) => {
                let logs = self.last_words(index);
                Err(End::Failed(format!("{name} does not start: {why}{logs}")))
            }
            Heard::Gone if node.doomed => Ok(()),
            Heard::Gone => {
                self.board.forget(id(index));
                let ended = node.process.as_mut().and_then(|process| {
                    process.wait(Some(Instant::now() + FAREWELL)).ok().flatten()
                });
                let how = ended.map_or_else(|| "hung up".to_owned(), |s| format!("ended: {s}"));
                if self.free {
                    node.process = None;
                    return Ok(self.screen.line(&format!("{:>18}  {name} {how}", ""))?);
                }
                let logs = self.last_words(index);
                Err(End::Failed(format!("{name} {how}{logs}")))
            }
            Heard::Misunderstood(why) => Err(End::Failed(format!("{name}: {why}"))),
        }
    }

    fn ids(&self) -> Vec<u32> {
        (0..self.nodes.len()).map(id).collect()
    }

    fn name(&self, index: usize) -> String {
        self.nodes.get(index).map_or_else(String::new, |node| node.name.clone())
    }

    fn last_words(&self, index: usize) -> String {
        let Some(node) = self.nodes.get(index) else { return String::new() };
        let words = node.home.last_words(LAST_WORDS);
        words.iter().map(|line| format!("\n  {}: {line}", node.name)).collect()
    }
}

/// The id of the `index`th node.
fn id(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// How long who took.
fn agreed(times: &[(String, Duration)]) -> String {
    if times.len() <= NAMED {
        let one = |(name, time): &(String, Duration)| format!("{name} after {}", short(*time));
        let all: Vec<String> = times.iter().map(one).collect();
        return format!("The survivors agreed: {}.", all.join(", "));
    }
    let of = |(_, time): &(String, Duration)| *time;
    let first = times.iter().map(of).min().unwrap_or_default();
    let last = times.iter().map(of).max().unwrap_or_default();
    let count = times.len();
    format!(
        "The {count} survivors agreed: the first after {}, the last after {}.",
        short(first),
        short(last)
    )
}

/// Whether those who are left may act.
fn quorum(view: &View, blocked: bool, two: bool) -> String {
    let View { quorate, present, needed, expected, .. } = view;
    let votes = format!("{present} of {expected} votes, {needed} needed");
    match (*quorate, blocked, two) {
        (true, false, true) => format!("Quorum was kept, by two_node: {votes}."),
        (true, false, false) => format!("Quorum was kept: {votes}."),
        (true, true, _) => format!("Quorum was lost and regained: {votes}."),
        (false, _, _) => format!("Quorum was lost: {votes}."),
    }
}

#[cfg(test)]
mod tests;
