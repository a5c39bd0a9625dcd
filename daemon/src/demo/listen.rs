//! What the demonstration hears from its daemons and its operator, in one queue.
//!
//! Must never ask again and again: a thread for every daemon waits until that serves, then for
//! what it tells of members and quorum; one more waits for signals.

use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

use client::{Change, Connection, Error, Status};
use nix::sys::signal::{SigSet, Signal};

use super::board::View;
use super::home;

/// What the daemons know the demonstration as.
const NAME: &str = "clusterd demo";

/// Something that was heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum News {
    /// From a daemon.
    Node {
        /// Which node, counted from 0.
        index: usize,
        /// Which of the daemons that it had, counted from 0.
        run: u32,
        /// What.
        heard: Heard,
    },
    /// The operator wants an end.
    Stop,
}

/// What a daemon says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// It does not start; why, which is empty when it did not say.
    NotStarted(String),
    /// How it sees the cluster.
    View(View),
    /// It hung up.
    Gone,
    /// It cannot be understood.
    Misunderstood(String),
}

/// Signals that ask for an end and are kept from ending this process.
#[derive(Debug)]
pub(super) struct Blocked(SigSet);

/// Blocks the signals that ask for an end, for this thread and those it starts from now on.
pub(super) fn block() -> Result<Blocked, nix::Error> {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        set.add(signal);
    }
    set.thread_block()?;
    Ok(Blocked(set))
}

impl Blocked {
    /// Puts them into the queue, those as well that came in the meantime.
    pub(super) fn listen(self, news: Sender<News>) {
        let Self(set) = self;
        thread::spawn(move || while set.wait().is_ok() && news.send(News::Stop).is_ok() {});
    }
}

/// Listens to one daemon until it hangs up.
pub(super) fn daemon(
    (index, run): (usize, u32),
    pipe: Option<ChildStdout>,
    socket: PathBuf,
    news: Sender<News>,
) {
    let tell = move |heard| news.send(News::Node { index, run, heard }).is_ok();
    thread::spawn(move || {
        let ready = pipe.map_or(Ok(()), home::ready);
        let end = match ready {
            Err(why) => Heard::NotStarted(why),
            Ok(()) => match views(&socket, &tell) {
                Ok(()) | Err(Error::Lost | Error::NotRunning(_)) => Heard::Gone,
                Err(why) => Heard::Misunderstood(why.to_string()),
            },
        };
        // When nobody listens any more, all is over.
        let _ = tell(end);
    });
}

fn views(socket: &Path, tell: &impl Fn(Heard) -> bool) -> Result<(), Error> {
    let mut daemon = Connection::open(socket, NAME)?;
    daemon.watch(true)?;
    let mut at = Instant::now();
    loop {
        let status = daemon.status()?;
        // Between two rings there is nothing to see.
        let settled = status.synchronized && status.ring_members.contains(&status.me.id);
        if settled && !tell(Heard::View(view(status, at))) {
            return Ok(());
        }
        match daemon.change(None)? {
            Some(
                Change::Membership(_)
                | Change::Quorum(_)
                | Change::State(_)
                | Change::TryShutdown(_)
                | Change::ConfigUpdate(_),
            ) => at = Instant::now(),
            None => return Ok(()),
        }
    }
}

fn view(status: Status, at: Instant) -> View {
    View {
        ring: status.generation,
        members: status.ring_members,
        quorate: status.quorum.quorate,
        present: status.quorum.present,
        needed: status.quorum.needed,
        expected: status.quorum.expected,
        at,
    }
}
