//! Other texts of the configuration, while the node runs: reads this node's own, finds out whether
//! the node can go by another, and makes it the file in use.
//!
//! Must never make the ring wait: names that do not resolve and disks that stand still are waited
//! for on helper threads, and for a limited time. Must never do two things to the file at once:
//! they are done one by one, in the order in which they were asked for.

pub(super) mod files;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use confdb::replica::Ticket;
use tokio::sync::mpsc;
use totem::seal::Keyring;
use tracing::{error, info};

use self::files::Place;
use super::start::understand::{Understood, fits, understand};
use crate::options::Options;
use crate::settings::Settings;
use crate::stack::command::RequestId;
use crate::stack::reconfigure::Reconfiguration;

/// How long it may take to find out whether this node can go by a text.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two tries to make a text the file in use.
const PAUSE: Duration = Duration::from_secs(1);

/// Jobs that may wait. The stack asks for a few per proposal, programs for one each.
const JOBS: usize = 1024;

/// What was found out or done.
#[derive(Debug)]
pub enum Done {
    /// The name and the text of this node's file.
    Fetched(RequestId, Result<(String, Vec<u8>), String>),
    /// What this node is with another text, which is on disk now.
    Staged(Ticket, Result<Box<Understood>, String>),
    /// A text is the file in use.
    Activated(Ticket, Result<(), String>),
}

#[derive(Clone, Debug)]
enum Job {
    Fetch(RequestId),
    Stage(Text),
    Unstage(u64),
    /// The text to be the file in use, the one that it was; the latter is not known to who asks.
    Activate {
        text: Text,
        from: u64,
        old: Option<Arc<[u8]>>,
    },
}

#[derive(Clone, Debug)]
struct Text {
    ticket: Ticket,
    version: u64,
    text: Arc<[u8]>,
}

/// Does one thing after another to the file of the configuration.
#[derive(Debug)]
pub struct Reload {
    jobs: mpsc::Sender<Job>,
    done: mpsc::Receiver<Done>,
    /// What is being staged, or is.
    texts: BTreeMap<Ticket, Text>,
    understood: BTreeMap<Ticket, Box<Understood>>,
}

/// What it takes to do a job.
#[derive(Debug)]
struct Worker {
    options: Options,
    /// What the node is; fixed while it runs.
    running: Settings,
    place: Place,
    jobs: mpsc::WeakSender<Job>,
    done: mpsc::Sender<Done>,
    /// The newest version that was to be made the file in use, and its text.
    newest: (u64, Arc<[u8]>),
}

impl Reload {
    /// For the node that these options and this text make, with these settings. Needs a tokio
    /// runtime around it.
    #[must_use]
    pub fn new(options: &Options, running: &Settings, text: Arc<[u8]>) -> Self {
        let (jobs, mut queue) = mpsc::channel(JOBS);
        let (done_sender, done) = mpsc::channel(JOBS);
        // What one node was told about votes at its start ends with the first new version: from
        // then on all count as the file says, and come to the same.
        let mut options = options.clone();
        (options.before.votes, options.before.expected_votes) = (None, None);
        let mut worker = Worker {
            running: running.clone(),
            place: Place::of(&options),
            options,
            jobs: jobs.downgrade(),
            done: done_sender,
            newest: (running.cluster.config_version.into(), text),
        };
        tokio::spawn(async move {
            while let Some(job) = queue.recv().await {
                if let Some(done) = worker.work(job).await {
                    // Fails only when the shell is gone, and with it who waits.
                    let _ = worker.done.send(done).await;
                }
            }
        });
        Self { jobs, done, texts: BTreeMap::new(), understood: BTreeMap::new() }
    }

    /// Begins to read this node's own file.
    pub fn fetch(&mut self, request: RequestId) {
        self.ask(Job::Fetch(request));
    }

    /// Begins to find out whether this node can go by a text.
    pub fn stage(&mut self, ticket: Ticket, version: u64, text: Arc<[u8]>) {
        let text = Text { ticket, version, text };
        self.texts.insert(ticket, text.clone());
        self.ask(Job::Stage(text));
    }

    /// What was staged is not needed.
    pub fn unstage(&mut self, ticket: Ticket) {
        self.understood.remove(&ticket);
        if let Some(text) = self.texts.remove(&ticket) {
            self.ask(Job::Unstage(text.version));
        }
    }

    /// Begins to make a staged text the file in use; what the node is with it.
    pub fn activate(&mut self, ticket: Ticket, from: u64) -> Option<Box<Understood>> {
        if let Some(text) = self.texts.remove(&ticket) {
            self.ask(Job::Activate { text, from, old: None });
        }
        self.understood.remove(&ticket)
    }

    /// Waits until something was done. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Done {
        match self.done.recv().await {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }

    /// Keeps what the node would be with a staged text, unless it cannot seal with its keys, and
    /// says so for the stack.
    ///
    /// # Errors
    /// It cannot go by it.
    pub fn keep(
        &mut self,
        (ticket, staged): (Ticket, Result<Box<Understood>, String>),
        held: &Keyring,
    ) -> Result<Box<Reconfiguration>, String> {
        let fit = |understood: Box<Understood>| understood.keys.fits(held).map(|()| understood);
        match staged.and_then(fit) {
            Ok(understood) => {
                let cluster = &understood.settings.cluster;
                let keys = understood.keys.mark(cluster.id.into(), cluster.config_version);
                let new = understood.settings.reconfiguration(keys);
                self.understood.insert(ticket, understood);
                Ok(Box::new(new))
            }
            Err(why) => {
                self.unstage(ticket);
                Err(why)
            }
        }
    }

    fn ask(&self, job: Job) {
        if let Err(why) = self.jobs.try_send(job) {
            error!(target: "MAIN", "too much to do with the configuration at once: {why}");
        }
    }
}

impl Worker {
    async fn work(&mut self, job: Job) -> Option<Done> {
        if self.options.no_config {
            return self.refuse(job);
        }
        match job {
            Job::Fetch(request) => {
                let place = self.place.clone();
                let read =
                    move || place.read().map(|text| (place.path().display().to_string(), text));
                Some(Done::Fetched(request, limited("read", read).await))
            }
            Job::Stage(text) => Some(Done::Staged(text.ticket, self.stage(text).await)),
            Job::Unstage(version) => {
                let place = self.place.clone();
                let remove = move || {
                    place.unstage(version);
                    Ok(())
                };
                // What stays is removed with the next version that is made the file in use.
                let _ = limited("remove", remove).await;
                None
            }
            Job::Activate { text, from, old } => self.activate(text, from, old).await,
        }
    }

    /// A node without a configuration has no file that could be read or written.
    fn refuse(&self, job: Job) -> Option<Done> {
        let why = || "this node was started without a configuration".to_owned();
        match job {
            Job::Fetch(request) => Some(Done::Fetched(request, Err(why()))),
            Job::Stage(text) => Some(Done::Staged(text.ticket, Err(why()))),
            Job::Unstage(_) | Job::Activate { .. } => None,
        }
    }

    async fn stage(&self, text: Text) -> Result<Box<Understood>, String> {
        let (options, running) = (self.options.clone(), self.running.clone());
        let place = self.place.clone();
        let late = Arc::new(AtomicBool::new(false));
        let too_late = Arc::clone(&late);
        let check = move || {
            let source = options.place().display().to_string();
            let understood =
                understand(&options, &source, &text.text).map_err(|why| why.to_string())?;
            fits(&running, &understood.settings)?;
            if too_late.load(Ordering::Relaxed) {
                return Err("it took too long".to_owned());
            }
            place.stage(text.version, &text.text).map_err(|why| why.to_string())?;
            Ok(Box::new(understood))
        };
        let checked = limited("check and write", check).await;
        late.store(true, Ordering::Relaxed);
        checked
    }

    /// Tries for as long as it takes, or until another version is to be made the file in use.
    async fn activate(&mut self, text: Text, from: u64, old: Option<Arc<[u8]>>) -> Option<Done> {
        let (ticket, version) = (text.ticket, text.version);
        let first = old.is_none();
        let old = old.unwrap_or_else(|| {
            let newest = (version, Arc::clone(&text.text));
            std::mem::replace(&mut self.newest, newest).1
        });
        if self.newest.0 != version {
            return None;
        }
        let (place, content, before) =
            (self.place.clone(), Arc::clone(&text.text), Arc::clone(&old));
        let write = move || {
            let written = place.activate((version, &content), (from, &before));
            written.map_err(|why| why.to_string())
        };
        let written = limited("write", write).await;
        let path = self.place.path().display();
        match &written {
            Ok(()) => info!(target: "CMAN", "{path} has version {version} now"),
            Err(why) => {
                error!(
                    target: "CMAN",
                    "{why}: this node goes by version {version} and its file does not have it; \
                     trying again every {PAUSE:?}"
                );
                self.again(Job::Activate { text, from, old: Some(old) });
            }
        }
        (first || written.is_ok()).then_some(Done::Activated(ticket, written))
    }

    fn again(&self, job: Job) {
        let jobs = self.jobs.clone();
        tokio::spawn(async move {
            tokio::time::sleep(PAUSE).await;
            if let Some(jobs) = jobs.upgrade() {
                // Fails only when the shell is gone.
                let _ = jobs.send(job).await;
            }
        });
    }
}

/// Does something on a helper thread that may take long, but not for ever.
async fn limited<T: Send + 'static>(
    what: &'static str,
    job: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, tokio::task::spawn_blocking(job)).await {
        Ok(Ok(result)) => result,
        Ok(Err(why)) => Err(format!("cannot {what} the configuration: {why}")),
        Err(_) => Err(format!("cannot {what} the configuration within {PATIENCE:?}")),
    }
}
