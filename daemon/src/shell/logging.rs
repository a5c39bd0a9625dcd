//! The log: standard error, syslog and a file, in the words and the form operators know.
//!
//! Must never make the ring wait: a line is handed to a writer thread through a bounded queue, and
//! when that is full, because a disk or a terminal stands still, the line is lost and counted. One
//! event is one line, whatever a hostile peer put into it.

mod file;
mod syslog;
mod terminal;
mod writer;

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use confdb::cluster::logging::{LogSettings, Priority};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry, reload};

pub(super) use self::file::append;
use self::writer::Writer;
use super::clock;

/// Lines that may wait for the writer.
const QUEUE: usize = 1024;

/// How long the end of the process waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where syslog listens.
pub const SYSLOG: &str = "/dev/log";

/// The field by which one place in the code speaks for several subsystems.
pub const SUBSYSTEM: &str = "subsystem";

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For everybody.
    pub common: LogSettings,
    /// For subsystems that have their own, by name.
    pub subsystems: Vec<(String, LogSettings)>,
    /// The log file where the configuration names none.
    pub file: PathBuf,
    /// What the command line asks for.
    pub level: LevelFilter,
    /// Where syslog listens.
    pub syslog: PathBuf,
}

impl Plan {
    /// What holds for a subsystem.
    fn settings(&self, subsystem: &str) -> &LogSettings {
        let own = self.subsystems.iter().find(|(name, _)| name == subsystem);
        own.map_or(&self.common, |(_, settings)| settings)
    }

    /// The file that these settings name.
    fn file(&self, settings: &LogSettings) -> PathBuf {
        settings.logfile.as_ref().map_or_else(|| self.file.clone(), PathBuf::from)
    }

    /// All files that lines may go to, each once.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let parts = self.subsystems.iter().map(|(_, settings)| settings);
        let written = parts.chain([&self.common]).filter(|settings| settings.to_logfile);
        let mut files: Vec<PathBuf> = written.map(|settings| self.file(settings)).collect();
        files.sort();
        files.dedup();
        files
    }

    /// What a file or syslog may want of the most talkative part.
    fn most_detailed(&self) -> LevelFilter {
        let parts = self.subsystems.iter().map(|(_, settings)| settings);
        let debug = parts.chain([&self.common]).any(|settings| settings.debug);
        if debug { self.level.max(LevelFilter::DEBUG) } else { self.level }
    }
}

/// What the writer goes by; it may change while lines are on their way.
#[derive(Debug)]
struct Shared {
    plan: Mutex<Arc<Plan>>,
    /// Everything passes, whatever the plan says.
    debug: AtomicBool,
    /// Lines that found no room in the queue.
    lost: AtomicU64,
}

impl Shared {
    fn new(plan: Plan) -> Self {
        let (debug, lost) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { plan: Mutex::new(Arc::new(plan)), debug, lost }
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(&self.plan.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn level(&self) -> LevelFilter {
        let level = self.plan().most_detailed();
        let debug = self.debug.load(Ordering::Relaxed);
        if debug { level.max(LevelFilter::DEBUG) } else { level }
    }
}

/// A line on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Record {
    /// When, since 1970-01-01 UTC.
    at: Duration,
    level: Level,
    subsystem: String,
    text: String,
}

/// The filter as a part of the subscriber.
type Filter = reload::Layer<LevelFilter, Registry>;

/// What the writer is asked to do.
#[derive(Debug)]
enum Order {
    Write(Record),
    /// Open the files again: they were moved away.
    Reopen,
    /// Standard error is for the log from now on.
    Started,
    /// Answer when everything before this is written.
    Flush(SyncSender<()>),
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub struct Logging {
    orders: SyncSender<Order>,
    shared: Arc<Shared>,
    /// The one filter before everything: what nobody wants is not even put into words.
    filter: reload::Handle<LevelFilter, Registry>,
}

impl Logging {
    /// Starts the writer and sends everything that is logged from now on its way.
    ///
    /// # Errors
    /// Another log was begun already, or there can be no more threads.
    pub fn start(plan: Plan) -> Result<Self, String> {
        let (logging, queue, filter) = Self::new(plan, QUEUE);
        let mut writer = Writer::new(Arc::clone(&logging.shared));
        std::thread::Builder::new()
            .name("log".to_owned())
            .stack_size(256 << 10)
            .spawn(move || writer.run(&queue))
            .map_err(|error| format!("cannot start the log: {error}"))?;
        let collector = Collector(logging.clone()).with_filter(filter);
        let subscriber = tracing_subscriber::registry().with(collector);
        tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
        Ok(logging)
    }

    fn new(plan: Plan, room: usize) -> (Self, Receiver<Order>, Filter) {
        let (orders, queue) = sync_channel(room);
        let shared = Arc::new(Shared::new(plan));
        let (layer, filter) = reload::Layer::new(shared.level());
        (Self { orders, shared, filter }, queue, layer)
    }

    /// Logs everything from now on, or again what the configuration says.
    pub fn set_debug(&self, on: bool) {
        self.shared.debug.store(on, Ordering::Relaxed);
        self.refilter();
    }

    /// Goes by another configuration from now on, lines that are on their way included. What the
    /// command line said stays.
    pub fn apply(&self, common: LogSettings, subsystems: Vec<(String, LogSettings)>) {
        {
            let mut plan = self.shared.plan.lock().unwrap_or_else(PoisonError::into_inner);
            let old = Plan::clone(&plan);
            *plan = Arc::new(Plan { common, subsystems, ..old });
        }
        self.refilter();
    }

    fn refilter(&self) {
        let level = self.shared.level();
        if let Err(error) = self.filter.reload(level) {
            tracing::warn!(target: "MAIN", "cannot change what is logged: {error}");
        }
    }

    /// Has the files opened again.
    pub fn reopen(&self) {
        self.send(Order::Reopen);
    }

    /// The node has started: standard error shows the log, from its beginning. What a start that
    /// fails has logged is in the file and in syslog only.
    pub fn started(&self) {
        self.send(Order::Started);
    }

    /// Waits, for a moment at most, until everything is written.
    pub fn finish(&self) {
        let (done, wait) = sync_channel(1);
        self.send(Order::Flush(done));
        // Whether it is answered or not, the process ends now.
        let _ = wait.recv_timeout(PATIENCE);
    }

    fn send(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Turns events into records.
#[derive(Debug)]
struct Collector(Logging);

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let metadata = event.metadata();
        let subsystem = text.subsystem.unwrap_or_else(|| subsystem(metadata).to_owned());
        let mut line = text.message;
        line.push_str(&text.fields);
        let record =
            Record { at: clock::wall(), level: *metadata.level(), subsystem, text: one_line(line) };
        self.0.send(Order::Write(record));
    }
}

/// The name by which operators know the part of the program that speaks.
fn subsystem(metadata: &Metadata<'_>) -> &'static str {
    const BY_PREFIX: [(&str, &str); 9] = [
        ("TOTEM", "TOTEM"),
        ("totem", "TOTEM"),
        ("daemon::net", "TOTEM"),
        ("CMAN", "CMAN"),
        ("quorum", "QUORUM"),
        ("confdb", "CONFDB"),
        ("ipc", "IPC"),
        ("daemon::ipc", "IPC"),
        ("daemon::stack", "CMAN"),
    ];
    let found = BY_PREFIX.iter().find(|(prefix, _)| metadata.target().starts_with(prefix));
    found.map_or("MAIN", |(_, name)| name)
}

/// The words of an event.
#[derive(Debug, Default)]
struct Text {
    message: String,
    fields: String,
    subsystem: Option<String>,
}

impl Text {
    fn add(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing into a string cannot fail.
        let _ = match field.name() {
            "message" => self.message.write_fmt(value),
            name => write!(self.fields, " {name}={value}"),
        };
    }
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == SUBSYSTEM {
            self.subsystem = Some(value.to_owned());
        } else {
            self.add(field, format_args!("{value}"));
        }
    }
}

/// The same without line ends and other control characters, tabs excepted.
fn one_line(text: String) -> String {
    let harmful = |c: char| c.is_control() && c != '\t';
    if text.chars().any(harmful) { text.replace(harmful, "?") } else { text }
}

/// Where syslog and the file draw their line.
const fn priority(level: Level) -> Priority {
    match level {
        Level::ERROR => Priority::Error,
        Level::WARN => Priority::Warning,
        Level::INFO => Priority::Info,
        Level::DEBUG | Level::TRACE => Priority::Debug,
    }
}

#[cfg(test)]
mod tests;
