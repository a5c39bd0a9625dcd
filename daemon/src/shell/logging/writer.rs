//! The thread that writes the log.
//!
//! Must never end while the process runs, and never report its own troubles through the log.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use confdb::cluster::logging::{LogSettings, Priority};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::file::LogFile;
use super::syslog::Syslog;
use super::terminal::{Terminal, is_journal};
use super::{Order, Plan, Record, Shared, priority};

/// The name of this program in its log.
pub(super) const PROGRAM: &str = "clusterd";

/// All places a line can go to.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    zone: TimeZone,
    files: BTreeMap<PathBuf, LogFile>,
    syslog: Syslog,
    terminal: Terminal,
    journal: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let plan = shared.plan();
        Self {
            syslog: Syslog::new(plan.syslog.clone()),
            plan,
            shared,
            zone: TimeZone::system(),
            files: BTreeMap::new(),
            terminal: Terminal::new(),
            journal: is_journal(),
        }
    }

    /// Writes until nobody can ask for anything any more.
    pub(super) fn run(&mut self, queue: &Receiver<Order>) {
        while let Ok(order) = queue.recv() {
            self.follow();
            let lost = self.shared.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.complain(format!("{lost} lines of this log were lost: it is too slow"));
            }
            match order {
                Order::Write(record) => self.write(&record),
                Order::Reopen => self.files.values_mut().for_each(LogFile::reopen),
                Order::Started => self.terminal.release(),
                // Who asked may have given up.
                Order::Flush(done) => drop(done.send(())),
            }
        }
    }

    /// Goes by the plan that is in force; files that nobody writes any more are closed.
    fn follow(&mut self) {
        let plan = self.shared.plan();
        if Arc::ptr_eq(&plan, &self.plan) {
            return;
        }
        let kept: Vec<PathBuf> = plan.files();
        self.files.retain(|path, _| kept.contains(path));
        self.plan = plan;
    }

    fn write(&mut self, record: &Record) {
        let plan = Arc::clone(&self.plan);
        let settings = plan.settings(&record.subsystem);
        let time = self.time(record.at);
        let body = body(record);
        let debug = self.shared.debug.load(Ordering::Relaxed) || settings.debug;
        // The command line may ask for less than the configuration, or for more.
        let passes = |least: Priority| {
            debug
                || (record.level <= plan.level
                    && (priority(record.level) <= least || plan.level > LevelFilter::INFO))
        };
        if settings.to_stderr != Some(false) && passes(Priority::Info) {
            self.terminal.write(&format!("{time} {PROGRAM} {body}\n"));
        }
        if settings.to_logfile && passes(settings.logfile_priority) {
            self.file(&plan, settings, &time, &body);
        }
        // Where the service manager keeps standard error, syslog would get every line twice.
        let twice = self.journal && settings.to_stderr != Some(false);
        if settings.to_syslog && !twice && passes(settings.syslog_priority) {
            self.syslog.write((settings.syslog_facility, record.level), &time, &body);
        }
    }

    /// A line for the file that these settings name.
    fn file(&mut self, plan: &Plan, settings: &LogSettings, time: &str, body: &str) {
        let path = plan.file(settings);
        let (now, time) = (super::clock::wall(), if settings.timestamp { time } else { "" });
        let line = |text: &str| format!("{time} {PROGRAM} {text}\n").trim_start().to_owned();
        let file = self.files.entry(path.clone()).or_insert_with(|| LogFile::new(path));
        let mut outcome = file.write(&line(body), now);
        let lost = file.take_lost();
        if lost > 0 {
            let gone = format!("[MAIN  ] {lost} lines before this one could not be written");
            outcome = outcome.and(file.write(&line(&gone), now));
        }
        if let Err(why) = outcome {
            self.terminal.write(&format!("{PROGRAM}: {why}\n"));
        }
    }

    fn complain(&mut self, text: String) {
        self.write(&Record {
            at: super::clock::wall(),
            level: Level::WARN,
            subsystem: "MAIN".to_owned(),
            text,
        });
    }

    fn time(&self, at: Duration) -> String {
        let since = SignedDuration::try_from(at).unwrap_or_default();
        let at = Timestamp::from_duration(since).unwrap_or_default();
        at.to_zoned(self.zone.clone()).strftime("%b %d %H:%M:%S").to_string()
    }
}

/// `[TOTEM ] text`, as the reference writes it.
pub(super) fn body(record: &Record) -> String {
    format!("[{:<6}] {}", record.subsystem, record.text)
}
