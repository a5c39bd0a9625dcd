//! What goes to which log.
//!
//! Must never lose a message because a word was misspelt: every word is checked. A
//! `logging_daemon` overrides what it names for one daemon, or for one subsystem of it; the rest
//! comes from `logging`.

use core::fmt;

use super::reader::Reader;
use crate::error::Fault;
use crate::tree::Handle;

/// What goes to which log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logging {
    /// For everybody.
    pub common: Wishes,
    /// For one daemon, or one subsystem of it, in document order.
    pub daemons: Vec<DaemonLogging>,
}

/// What a configuration asks for; `None` where it says nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wishes {
    /// Log to syslog.
    pub to_syslog: Option<bool>,
    /// Log to [`Wishes::logfile`].
    pub to_logfile: Option<bool>,
    /// Log to standard error.
    pub to_stderr: Option<bool>,
    /// The file.
    pub logfile: Option<String>,
    /// Facility of messages to syslog.
    pub syslog_facility: Option<Facility>,
    /// Least important message for syslog.
    pub syslog_priority: Option<Priority>,
    /// Least important message for the file.
    pub logfile_priority: Option<Priority>,
    /// Log everything.
    pub debug: Option<bool>,
    /// Begin lines in the file with the time.
    pub timestamp: Option<bool>,
}

/// Wishes for one daemon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DaemonLogging {
    /// Its name, such as `corosync` or `fenced`.
    pub name: String,
    /// Only this part of it, such as `TOTEM`.
    pub subsystem: Option<String>,
    /// What is asked for it.
    pub wishes: Wishes,
}

/// How a daemon logs, all said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogSettings {
    /// Log to syslog.
    pub to_syslog: bool,
    /// Log to `logfile`.
    pub to_logfile: bool,
    /// Log to standard error; `None` where nothing is said: a daemon in the foreground does.
    pub to_stderr: Option<bool>,
    /// The file; `None` where nothing is said: each daemon has its own.
    pub logfile: Option<String>,
    /// Facility of messages to syslog.
    pub syslog_facility: Facility,
    /// Least important message for syslog.
    pub syslog_priority: Priority,
    /// Least important message for the file.
    pub logfile_priority: Priority,
    /// Log everything.
    pub debug: bool,
    /// Begin lines in the file with the time.
    pub timestamp: bool,
}

/// Importance of a message, most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Priority {
    /// The system is unusable.
    Emergency,
    /// Act at once.
    Alert,
    /// A critical condition.
    Critical,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Normal but significant.
    Notice,
    /// For information.
    Info,
    /// For debugging.
    Debug,
}

/// Origin of a message, as syslog sorts them: the code of RFC 5424, table 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Facility(u8);

impl Facility {
    /// CMAN's default.
    pub const LOCAL4: Self = Self(20);

    /// The code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = FACILITIES.iter().find(|(_, facility)| facility == self);
        name.map_or(Ok(()), |(name, _)| f.write_str(name))
    }
}

const FACILITIES: [(&str, Facility); 20] = [
    ("kern", Facility(0)),
    ("user", Facility(1)),
    ("mail", Facility(2)),
    ("daemon", Facility(3)),
    ("auth", Facility(4)),
    ("syslog", Facility(5)),
    ("lpr", Facility(6)),
    ("news", Facility(7)),
    ("uucp", Facility(8)),
    ("cron", Facility(9)),
    ("authpriv", Facility(10)),
    ("ftp", Facility(11)),
    ("local0", Facility(16)),
    ("local1", Facility(17)),
    ("local2", Facility(18)),
    ("local3", Facility(19)),
    ("local4", Facility::LOCAL4),
    ("local5", Facility(21)),
    ("local6", Facility(22)),
    ("local7", Facility(23)),
];

const PRIORITIES: [(&str, Priority); 10] = [
    ("emerg", Priority::Emergency),
    ("alert", Priority::Alert),
    ("crit", Priority::Critical),
    ("error", Priority::Error),
    ("err", Priority::Error),
    ("warning", Priority::Warning),
    ("warn", Priority::Warning),
    ("notice", Priority::Notice),
    ("info", Priority::Info),
    ("debug", Priority::Debug),
];

const SWITCH: [(&str, bool); 4] = [("yes", true), ("no", false), ("on", true), ("off", false)];

impl Logging {
    /// How `daemon` logs, or one subsystem of it. Where several entries speak of the same, the
    /// last one counts, and one for the subsystem before one for the whole daemon.
    #[must_use]
    pub fn of(&self, daemon: &str, subsystem: Option<&str>) -> LogSettings {
        let of_daemon = self.daemons.iter().filter(|entry| entry.name == daemon);
        let whole = of_daemon.clone().filter(|entry| entry.subsystem.is_none());
        let part = of_daemon
            .filter(|entry| entry.subsystem.is_some() && entry.subsystem.as_deref() == subsystem);
        let mut wishes = self.common.clone();
        for entry in whole.chain(part) {
            wishes.override_with(&entry.wishes);
        }
        wishes.settings()
    }
}

impl Wishes {
    fn override_with(&mut self, other: &Self) {
        let other = other.clone();
        *self = Self {
            to_syslog: other.to_syslog.or(self.to_syslog),
            to_logfile: other.to_logfile.or(self.to_logfile),
            to_stderr: other.to_stderr.or(self.to_stderr),
            logfile: other.logfile.or(self.logfile.take()),
            syslog_facility: other.syslog_facility.or(self.syslog_facility),
            syslog_priority: other.syslog_priority.or(self.syslog_priority),
            logfile_priority: other.logfile_priority.or(self.logfile_priority),
            debug: other.debug.or(self.debug),
            timestamp: other.timestamp.or(self.timestamp),
        };
    }

    fn settings(self) -> LogSettings {
        LogSettings {
            to_syslog: self.to_syslog.unwrap_or(true),
            to_logfile: self.to_logfile.unwrap_or(true),
            to_stderr: self.to_stderr,
            logfile: self.logfile,
            syslog_facility: self.syslog_facility.unwrap_or(Facility::LOCAL4),
            syslog_priority: self.syslog_priority.unwrap_or(Priority::Info),
            logfile_priority: self.logfile_priority.unwrap_or(Priority::Info),
            debug: self.debug.unwrap_or(false),
            timestamp: self.timestamp.unwrap_or(true),
        }
    }
}

pub(super) fn read(reader: &mut Reader<'_>, logging: Option<Handle>) -> Logging {
    let common = wishes(reader, logging);
    let objects: Vec<Handle> = logging
        .map(|logging| reader.tree().children_named(logging, "logging_daemon").collect())
        .unwrap_or_default();
    let mut daemons = Vec::new();
    for object in objects {
        let name = reader.filled(Some(object), "name");
        if name.is_none() && reader.tree().key(object, "name").is_none() {
            let fault = Fault::new("there is no name").expected("the name of a daemon");
            reader.error(Some(object), Some("name"), fault);
        }
        let subsystem = reader.filled(Some(object), "subsys");
        let wishes = wishes(reader, Some(object));
        daemons.extend(name.map(|name| DaemonLogging { name, subsystem, wishes }));
    }
    Logging { common, daemons }
}

fn wishes(reader: &mut Reader<'_>, section: Option<Handle>) -> Wishes {
    Wishes {
        to_syslog: reader.word(section, "to_syslog", &SWITCH),
        to_logfile: reader.word(section, "to_logfile", &SWITCH),
        to_stderr: reader.word(section, "to_stderr", &SWITCH),
        logfile: reader.filled(section, "logfile"),
        syslog_facility: reader.word(section, "syslog_facility", &FACILITIES),
        syslog_priority: reader.word(section, "syslog_priority", &PRIORITIES),
        logfile_priority: reader.word(section, "logfile_priority", &PRIORITIES),
        debug: reader.word(section, "debug", &[SWITCH.as_slice(), &[("trace", true)]].concat()),
        timestamp: reader.word(section, "timestamp", &SWITCH),
    }
}

#[cfg(test)]
mod tests;
