//! The log: standard error, syslog and a file, in the words and the form operators know.
//!
//! Must never make the ring wait: a line is handed to a writer thread through a bounded queue, and
//! when that is full, because a disk or a terminal stands still, the line is lost and counted. One
//! event is one line, whatever a hostile peer put into it.

mod writer;

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use confdb::cluster::logging::{LogSettings, Priority};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry, reload};

use self::writer::Writer;
use super::clock;

/// Lines that may wait for the writer.
const QUEUE: usize = 1024;

/// How long the end of the process waits for the last lines.
const PATIENCE: Duration = Duration::from_secs(1);

/// The field by which one place in the code speaks for several subsystems.
pub const SUBSYSTEM: &str = "subsystem";

/// Where lines go.
#[derive(Clone, Debug)]
pub struct Plan {
    /// For everybody.
    pub common: LogSettings,
    /// For subsystems that have their own, by name.
    pub subsystems: Vec<(String, LogSettings)>,
    /// The log file, whose directory exists; `None` for none.
    pub file: Option<PathBuf>,
    /// What the command line asks for.
    pub level: LevelFilter,
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

/// What the writer is asked to do.
#[derive(Debug)]
enum Order {
    Write(Record),
    /// Open the file again: it was moved away.
    Reopen,
    /// Standard error is for the log from now on.
    Started,
    /// Everything passes, whatever the configuration says; or no longer.
    Debug(bool),
    /// Answer when everything before this is written.
    Flush(SyncSender<()>),
}

/// The way to the writer.
#[derive(Clone, Debug)]
pub struct Logging {
    orders: SyncSender<Order>,
    lost: Arc<AtomicU64>,
    /// What the configuration wants of the most talkative part, and the filter that lets it pass.
    configured: LevelFilter,
    filter: Option<reload::Handle<LevelFilter, Registry>>,
}

impl Logging {
    /// Starts the writer and sends everything that is logged from now on its way.
    ///
    /// # Errors
    /// Another log was begun already, or there can be no more threads.
    pub fn start(plan: Plan) -> Result<Self, String> {
        let (orders, queue): (_, Receiver<Order>) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let configured = most_detailed(&plan);
        let mut logging = Self { orders, lost: Arc::clone(&lost), configured, filter: None };
        let mut writer = Writer::new(plan, lost);
        std::thread::Builder::new()
            .name("log".to_owned())
            .stack_size(256 << 10)
            .spawn(move || writer.run(&queue))
            .map_err(|error| format!("cannot start the log: {error}"))?;
        let (filter, handle) = reload::Layer::new(configured);
        let collector = Collector(logging.clone()).with_filter(filter);
        let subscriber = tracing_subscriber::registry().with(collector);
        tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
        logging.filter = Some(handle);
        Ok(logging)
    }

    /// Logs everything from now on, or again what the configuration says.
    pub fn set_debug(&self, on: bool) {
        let level = if on { self.configured.max(LevelFilter::DEBUG) } else { self.configured };
        // Both changes are one for whoever reads the log: what passes is written.
        self.send(Order::Debug(on));
        if let Some(Err(error)) = self.filter.as_ref().map(|filter| filter.reload(level)) {
            tracing::warn!("cannot log more: {error}");
        }
    }

    /// Has the file opened again.
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
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the file or syslog may want of the most talkative part.
fn most_detailed(plan: &Plan) -> LevelFilter {
    let wanted =
        |settings: &LogSettings| if settings.debug { LevelFilter::DEBUG } else { plan.level };
    let parts = plan.subsystems.iter().map(|(_, settings)| wanted(settings));
    parts.fold(wanted(&plan.common).max(plan.level), LevelFilter::max)
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
