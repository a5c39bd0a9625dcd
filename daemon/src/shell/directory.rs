//! The directory that a node's configuration comes from: asked at the start, when an operator wants
//! a newer version, and from time to time while the node runs.
//!
//! Must never make the ring wait: who asks is a program of its own (see [`crate::directory`]), and
//! who waits for it is a thread of its own, not one of the few that the disk needs. Must never have
//! two of them at once: what is asked meanwhile is answered by the next.

pub(crate) mod child;
mod ear;
pub(super) mod follower;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tracing::error;

use self::child::{Child, Unanswered};
use self::ear::Ear;
use super::realtime;
use crate::directory::own_program;
use crate::options::{Loader, Options};
use crate::stack::command::RequestId;

/// What problems call it, and programs that ask for a newer version.
pub(super) const SOURCE: &str = "directory";

/// Requests that may wait for an answer.
const MOST_WAITING: usize = 64;

/// Stack of a thread that waits for a program, bytes.
const STACK: usize = 256 << 10;

/// What came of it.
type Answer = Result<Vec<u8>, Unanswered>;

/// What there is to do.
#[derive(Debug)]
pub enum Looked {
    /// It is time to look whether there is something new.
    Time,
    /// It was asked; for these requests, if any.
    Answered(Vec<RequestId>, Result<Vec<u8>, Unanswered>),
}

/// A directory that can be asked. Where the configuration is a file there is none, and nothing ever
/// happens.
#[derive(Debug)]
pub struct Directory {
    child: Option<Child>,
    answers: mpsc::Receiver<Answer>,
    answered: mpsc::Sender<Answer>,
    /// Somebody is asking, for these.
    asking: Option<Vec<RequestId>>,
    /// They want to know, and come next.
    waiting: Vec<RequestId>,
    pace: Option<(Duration, Interval)>,
    ear: Ear,
}

impl Directory {
    /// That of the node which these options make.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let asked = options.loader() == Loader::Directory;
        let (answered, answers) = mpsc::channel(1);
        Self {
            child: asked.then(|| Child::new(own_program(), options.loader_timeout)),
            answers,
            answered,
            asking: None,
            waiting: Vec::new(),
            pace: None,
            ear: Ear::default(),
        }
    }

    /// Until it is time to look again, begins to wait for a server to tell that there is another
    /// version than the one that was found. Nothing begins where servers do not tell, or have just
    /// told the same.
    pub fn listen(&mut self, known: u64) {
        let Some(((every, _), child)) = self.pace.as_ref().zip(self.child.as_ref()) else { return };
        if let Some(hears) = self.ear.begin(known) {
            start(child.clone().for_change(known, *every), &hears);
        }
    }

    /// Whether there is one.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.child.is_some()
    }

    /// From now on it is time to look this often, or never. Needs a tokio runtime around it.
    pub fn set_pace(&mut self, every: Option<Duration>) {
        let now = self.pace.as_ref().map(|(every, _)| *every);
        if !self.is_there() || now == every {
            return;
        }
        self.pace = every.map(|every| {
            let mut interval = interval_at(Instant::now() + every, every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            (every, interval)
        });
    }

    /// Begins to ask on behalf of a request.
    ///
    /// # Errors
    /// Too many wait already.
    pub fn fetch(&mut self, request: RequestId) -> Result<(), String> {
        if self.waiting.len() >= MOST_WAITING {
            return Err(format!("{MOST_WAITING} others wait for the directory already: try again"));
        }
        self.waiting.push(request);
        self.look();
        Ok(())
    }

    /// Begins to ask, unless somebody does.
    pub fn look(&mut self) {
        let Some(child) = self.child.clone().filter(|_| self.asking.is_none()) else { return };
        self.asking = Some(std::mem::take(&mut self.waiting));
        start(child, &self.answered);
    }

    /// Waits until there is something to do. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Looked {
        let tick = async {
            match &mut self.pace {
                Some((_, interval)) => drop(interval.tick().await),
                None => std::future::pending().await,
            }
        };
        let ear = &mut self.ear;
        let answer = tokio::select! {
            answer = self.answers.recv() => answer,
            () = tick => return Looked::Time,
            () = ear.changes() => return Looked::Time,
        };
        let answer = answer.expect("this end can send too");
        let requests = self.asking.take().unwrap_or_default();
        if !self.waiting.is_empty() {
            self.look();
        }
        Looked::Answered(requests, answer)
    }
}

/// Runs a program on a thread of its own; what came of it goes where somebody waits for it.
fn start(child: Child, to: &mpsc::Sender<Answer>) {
    let answers = to.clone();
    let ask = move || {
        realtime::leave();
        // Fails only when the shell is gone, and with it who waits.
        let _ = answers.blocking_send(child.run());
    };
    let thread = std::thread::Builder::new().name(SOURCE.into()).stack_size(STACK);
    if let Err(why) = thread.spawn(ask) {
        error!(target: "MAIN", "cannot start a thread that asks the directory: {why}");
        let why = Unanswered::No(format!("cannot start a thread: {why}"));
        // There is room: nobody else is asking.
        let _ = to.try_send(Err(why));
    }
}

/// Asks the directory, at a start: nothing else is to be done before it answers.
///
/// # Errors
/// What it takes to have an answer.
pub(super) fn ask(options: &Options) -> Answer {
    Child::new(own_program(), options.loader_timeout).run()
}
