//! The programs that talk to the daemon, as they are shown to programs.
//!
//! Must never be kept true by itself: who asks to see it has the daemon's shell say it anew. Must
//! never show a number that counts something else than CMAN's of that name; its service, and how
//! often it tried again, have no meaning here.

use confdb::path::is_name;

use super::command::SessionId;
use super::map::Value;

/// Longest part of a program's name that is shown, characters.
const NAME: usize = 64;

/// One of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    /// Its number.
    pub session: SessionId,
    /// What it calls itself; empty before it has said so.
    pub name: String,
    /// Its process, as far as the system says.
    pub pid: u32,
    /// Requests that came.
    pub requests: u64,
    /// Replies that were given.
    pub responses: u64,
    /// Notices that were given.
    pub dispatched: u64,
    /// What waits for it to be read.
    pub queued: u32,
    /// It waits for room on the ring.
    pub held: bool,
    /// How often it had to.
    pub holds: u64,
}

/// All of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Connections {
    /// Those that are there, in the order in which they came.
    pub active: Vec<Connection>,
    /// How many were.
    pub closed: u64,
}

impl Connections {
    /// A program is gone.
    pub(super) fn gone(&mut self, session: SessionId) {
        self.active.retain(|connection| connection.session != session);
        self.closed += 1;
    }

    /// How many are there.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.active.len()).unwrap_or(u64::MAX)
    }

    /// As keys of the map of statistics, by the names of Corosync's. There is one service.
    pub(super) fn keys(&self) -> Vec<(String, Value)> {
        let global = [("active", self.count()), ("closed", self.closed)];
        let global =
            global.map(|(name, count)| (format!("stats.ipcs.global.{name}"), Value::U64(count)));
        let mut keys = global.to_vec();
        for connection in &self.active {
            let (pid, number) = (connection.pid, connection.session.0);
            let key = |name: &str| format!("stats.ipcs.service0.{pid}.{number:#x}.{name}");
            keys.extend([
                (key("procname"), Value::text(&connection.shown_name())),
                (key("requests"), Value::U64(connection.requests)),
                (key("responses"), Value::U64(connection.responses)),
                (key("dispatched"), Value::U64(connection.dispatched)),
                (key("queued"), Value::U32(connection.queued)),
                (key("flow_control"), Value::U32(connection.held.into())),
                (key("flow_control_count"), Value::U64(connection.holds)),
            ]);
        }
        keys
    }
}

impl Connection {
    /// The name of its object: program, process and number.
    pub(super) fn object(&self) -> String {
        format!("{}:{}:{}", self.shown_name(), self.pid, self.session.0)
    }

    /// The keys of its object.
    pub(super) fn keys(&self) -> [(&'static str, confdb::Value); 7] {
        use confdb::Value;
        [
            ("client_pid", Value::U32(self.pid)),
            ("responses", Value::U64(self.responses)),
            ("dispatched", Value::U64(self.dispatched)),
            ("requests", Value::U64(self.requests)),
            ("flow_control", Value::U32(self.held.into())),
            ("flow_control_count", Value::U64(self.holds)),
            ("queue_size", Value::U32(self.queued)),
        ]
    }

    /// Its name, of which an object can have all.
    fn shown_name(&self) -> String {
        let fits = |c: char| if is_name(c.encode_utf8(&mut [0; 4])) { c } else { '_' };
        let name: String = self.name.chars().take(NAME).map(fits).collect();
        if name.is_empty() { "unknown".to_owned() } else { name }
    }
}

#[cfg(test)]
mod tests;
