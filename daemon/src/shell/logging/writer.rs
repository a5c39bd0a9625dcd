//! The thread that writes the log.
//!
//! Must never end while the process runs, and never report its own troubles through the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use confdb::cluster::logging::{LogSettings, Priority};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::{Order, Plan, Record, priority};

/// Most bytes kept for standard error before the node has started.
const HELD: usize = 64 << 10;

/// The name of this program in its log.
const PROGRAM: &str = "clusterd";

/// Where syslog listens.
const SYSLOG: &str = "/dev/log";

/// Most bytes of a line to syslog: what every receiver takes whole (RFC 5426 §3.2 and practice).
const LONGEST: usize = 2048;

/// All places a line can go to.
#[derive(Debug)]
pub(super) struct Writer {
    plan: Plan,
    zone: TimeZone,
    file: Option<File>,
    syslog: Option<UnixDatagram>,
    journal: bool,
    /// What standard error gets once the node has started; `None` from then on.
    held: Option<String>,
    lost: Arc<AtomicU64>,
    /// An operator wants to see everything.
    debug: bool,
}

impl Writer {
    /// A writer with all its files open.
    pub(super) fn new(plan: Plan, lost: Arc<AtomicU64>) -> Self {
        // Where the service manager keeps standard error, syslog would get every line twice.
        let journal = std::env::var_os("JOURNAL_STREAM").is_some();
        let (zone, held) = (TimeZone::system(), Some(String::new()));
        let mut writer =
            Self { plan, zone, file: None, syslog: None, journal, held, lost, debug: false };
        writer.open();
        writer
    }

    /// Writes until nobody can ask for anything any more.
    pub(super) fn run(&mut self, queue: &Receiver<Order>) {
        while let Ok(order) = queue.recv() {
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.write(&Record {
                    at: super::clock::wall(),
                    level: Level::WARN,
                    subsystem: "MAIN".to_owned(),
                    text: format!("{lost} lines of this log were lost: it is too slow"),
                });
            }
            match order {
                Order::Write(record) => self.write(&record),
                Order::Reopen => self.open(),
                Order::Debug(on) => self.debug = on,
                Order::Started => self.held.take().iter().for_each(|lines| say(lines)),
                // Who asked may have given up.
                Order::Flush(done) => drop(done.send(())),
            }
        }
    }

    fn open(&mut self) {
        let path = self.plan.file.clone();
        self.file = path.and_then(|path| match append(&path) {
            Ok(file) => Some(file),
            Err(error) => {
                self.show(&format!("{PROGRAM}: cannot open {}: {error}\n", path.display()));
                None
            }
        });
    }

    fn write(&mut self, record: &Record) {
        let time = self.time(record);
        let body = body(record);
        let settings = self.settings(&record.subsystem).clone();
        // The command line may ask for less than the configuration, or for more.
        let (asked, debug) = (self.plan.level, self.debug);
        let passes = |least: Priority| {
            debug
                || settings.debug
                || (record.level <= asked
                    && (priority(record.level) <= least || asked > LevelFilter::INFO))
        };
        if passes(Priority::Info) {
            self.show(&format!("{time} {PROGRAM} {body}\n"));
        }
        if settings.to_logfile
            && passes(settings.logfile_priority)
            && let Some(file) = &mut self.file
        {
            let line = if settings.timestamp {
                format!("{time} {PROGRAM} {body}\n")
            } else {
                format!("{PROGRAM} {body}\n")
            };
            // A full disk loses lines; the ring goes on.
            let _ = file.write_all(line.as_bytes());
        }
        if settings.to_syslog && !self.journal && passes(settings.syslog_priority) {
            self.syslog(&settings, record, &format!("{time} {PROGRAM}"), &body);
        }
    }

    /// A line for standard error, which stays silent until the node has started: a start that fails
    /// says why in one line, and nothing besides.
    fn show(&mut self, line: &str) {
        match &mut self.held {
            None => say(line),
            Some(held) if held.len() + line.len() <= HELD => held.push_str(line),
            Some(_) => {}
        }
    }

    /// One message in the form of RFC 3164.
    fn syslog(&mut self, settings: &LogSettings, record: &Record, head: &str, body: &str) {
        let code = u32::from(settings.syslog_facility.code()) * 8 + severity(record.level);
        let mut message = format!("<{code}>{head}[{}]: {body}", std::process::id());
        while message.len() > LONGEST {
            message.pop();
        }
        // Twice: the receiver may have been restarted since the last message.
        for _ in 0..2 {
            if self.syslog.is_none() {
                self.syslog = connect().ok();
            }
            let Some(socket) = &self.syslog else { return };
            match socket.send(message.as_bytes()) {
                Ok(_) => return,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.syslog = None,
            }
        }
    }

    fn settings(&self, subsystem: &str) -> &LogSettings {
        let own = self.plan.subsystems.iter().find(|(name, _)| name == subsystem);
        own.map_or(&self.plan.common, |(_, settings)| settings)
    }

    fn time(&self, record: &Record) -> String {
        let since = SignedDuration::try_from(record.at).unwrap_or_default();
        let at = Timestamp::from_duration(since).unwrap_or_default();
        at.to_zoned(self.zone.clone()).strftime("%b %d %H:%M:%S").to_string()
    }
}

/// `[TOTEM ] text`, as the reference writes it.
pub(super) fn body(record: &Record) -> String {
    format!("[{:<6}] {}", record.subsystem, record.text)
}

/// The code of RFC 3164, table 2.
const fn severity(level: Level) -> u32 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn connect() -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(SYSLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// To standard error, if there is one.
fn say(line: &str) {
    let _ = io::stderr().write_all(line.as_bytes());
}
