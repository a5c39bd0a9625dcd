//! How a daemon shall log, as the configuration says.
//!
//! Must never change what the configuration says nothing about, nor turn debugging off that the
//! program has turned on.

use std::ffi::{c_char, c_int};

use confdb::Tree;
use confdb::query::Query;

use super::with;
use crate::errno::guarded;
use crate::pointer;

/// Modes of the daemons' logging library.
const TO_FILE: c_int = 1;
const TO_SYSLOG: c_int = 4;

/// The least important messages.
const DEBUG: c_int = 7;

/// Bytes of the program's field for a path.
const PATH: usize = 4096;

const PRIORITIES: [(&str, c_int); 10] = [
    ("emerg", 0),
    ("alert", 1),
    ("crit", 2),
    ("err", 3),
    ("error", 3),
    ("warning", 4),
    ("warn", 4),
    ("notice", 5),
    ("info", 6),
    ("debug", DEBUG),
];

const FACILITIES: [(&str, c_int); 20] = [
    ("kern", 0),
    ("user", 1),
    ("mail", 2),
    ("daemon", 3),
    ("auth", 4),
    ("syslog", 5),
    ("lpr", 6),
    ("news", 7),
    ("uucp", 8),
    ("cron", 9),
    ("authpriv", 10),
    ("ftp", 11),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

/// What the program goes by.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Wishes {
    debug: c_int,
    mode: c_int,
    facility: c_int,
    priority: c_int,
    file_priority: c_int,
    file: Option<String>,
}

impl Wishes {
    /// What the configuration says for all, then what it says for this daemon.
    fn read(&mut self, tree: &Tree, name: &str) {
        let places = [
            "/cluster/logging".to_owned(),
            format!("/cluster/logging/logging_daemon[@name=\"{name}\"]"),
        ];
        let forced = self.debug != 0;
        for place in places {
            let value = |key: &str| {
                let query: Query = format!("{place}/@{key}").parse().ok()?;
                query.answers(tree).into_iter().next()
            };
            for (key, bit) in [("to_syslog", TO_SYSLOG), ("to_logfile", TO_FILE)] {
                match value(key).as_deref() {
                    Some("yes" | "on") => self.mode |= bit,
                    Some("no" | "off") => self.mode &= !bit,
                    Some(_) | None => {}
                }
            }
            let facility = value("syslog_facility").and_then(|word| find(&FACILITIES, &word));
            self.facility = facility.map_or(self.facility, |code| code << 3);
            let priority = |key| value(key).and_then(|word| find(&PRIORITIES, &word));
            self.priority = priority("syslog_priority").unwrap_or(self.priority);
            self.file = value("logfile").or(self.file.take());
            if !forced {
                self.file_priority = priority("logfile_priority").unwrap_or(self.file_priority);
                match value("debug").as_deref() {
                    Some("on") => self.debug = 1,
                    Some("off") => self.debug = 0,
                    Some(_) | None => {}
                }
            }
        }
        if self.debug != 0 {
            self.file_priority = DEBUG;
        }
    }
}

fn find(words: &[(&str, c_int)], word: &str) -> Option<c_int> {
    words.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, number)| *number)
}

/// Has the program log as the configuration says. Each value keeps what the program has put there
/// where the configuration says nothing.
///
/// # Safety
/// `name` is null or points to a text, `logfile` to 4096 bytes, each other pointer to its number.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn ccs_read_logging(
    fd: c_int,
    name: *const c_char,
    debug: *mut c_int,
    mode: *mut c_int,
    syslog_facility: *mut c_int,
    syslog_priority: *mut c_int,
    logfile_priority: *mut c_int,
    logfile: *mut c_char,
) {
    // A program that cannot be told keeps what it has.
    let _ = guarded(|| {
        // SAFETY: the caller's.
        let name = unsafe { pointer::text(name) }?.to_string_lossy();
        // SAFETY: the caller's.
        let number = |at: *mut c_int| unsafe { pointer::read(at) }.unwrap_or_default();
        let mut wishes = Wishes {
            debug: number(debug),
            mode: number(mode),
            facility: number(syslog_facility),
            priority: number(syslog_priority),
            file_priority: number(logfile_priority),
            file: None,
        };
        with(fd, |ccs| {
            wishes.read(ccs.tree()?, &name);
            Ok(())
        })?;
        // SAFETY: the caller's.
        unsafe {
            pointer::offer(debug, wishes.debug);
            pointer::offer(mode, wishes.mode);
            pointer::offer(syslog_facility, wishes.facility);
            pointer::offer(syslog_priority, wishes.priority);
            pointer::offer(logfile_priority, wishes.file_priority);
        }
        let file = wishes.file.filter(|file| file.len() < PATH && !logfile.is_null());
        for (index, byte) in file.iter().flat_map(|file| file.bytes().chain([0])).enumerate() {
            // SAFETY: there is room for so many bytes.
            unsafe { logfile.add(index).write(c_char::from_ne_bytes([byte])) };
        }
        Ok(())
    });
}

#[cfg(test)]
mod tests {
    use confdb::load::xml;

    use super::*;

    #[test]
    fn a_daemon_s_own_wishes_come_after_those_for_all() {
        let text = br#"<cluster name="c" config_version="1">
            <logging to_syslog="no" syslog_facility="daemon" logfile="/var/log/all" debug="on">
            <logging_daemon name="fenced" logfile="/var/log/fenced" debug="off"
                logfile_priority="err"/></logging></cluster>"#;
        let tree = xml::load("test", text).tree;
        let mut all = Wishes { mode: TO_SYSLOG | TO_FILE, file_priority: 6, ..Wishes::default() };
        let mut own = all.clone();
        all.read(&tree, "qdiskd");
        let file = Some("/var/log/all".to_owned());
        let expected =
            Wishes { debug: 1, mode: TO_FILE, facility: 24, priority: 0, file_priority: 7, file };
        assert_eq!(all, expected);
        own.read(&tree, "fenced");
        assert_eq!((own.debug, own.file_priority), (0, 3));
        assert_eq!(own.file.as_deref(), Some("/var/log/fenced"));
        let mut forced = Wishes { debug: 1, ..Wishes::default() };
        forced.read(&tree, "fenced");
        assert_eq!((forced.debug, forced.file_priority), (1, DEBUG));
    }
}
