//! Flat typed keys of this node: what programs look up of the configuration and the state of the
//! cluster, under the names and types that Corosync's programs know, and what they set themselves.
//!
//! Must never wait for the ring: everything here is this node's own, and answered at once, during a
//! membership change too. Must never let a program change what shows something else, nor fill the
//! daemon.

mod keys;
pub(crate) mod name;
pub(crate) mod running;
pub mod statistics;
mod track;
mod value;

use std::collections::BTreeSet;

use thiserror::Error;

use self::keys::{Change, Keys};
pub use self::keys::{LONGEST_VALUE, MOST_BYTES, MOST_KEYS, Page};
pub use self::name::{LONGEST_NAME, Owner, SHORTEST_NAME, is_name};
use self::track::Tracks;
pub use self::track::{MOST_TRACKS, Wish};
pub use self::value::Value;
use super::command::SessionId;
use super::effect::{Effect, Notice};
use super::outbox::Outbox;

/// Which map.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Which {
    /// The configuration, the state of the cluster, and what programs of this node set.
    Keys,
    /// Numbers about the running daemon.
    Statistics,
}

/// What a program asks of a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MapCommand {
    /// The value of a key.
    Get {
        /// Of which map.
        map: Which,
        /// Its name.
        key: String,
    },
    /// Keys with their values.
    List {
        /// Of which map.
        map: Which,
        /// Only those whose names begin so.
        prefix: String,
        /// Only those after this name; empty to begin with the first.
        after: String,
    },
    /// Give a key a value.
    Set {
        /// In which map.
        map: Which,
        /// Its name.
        key: String,
        /// Its value.
        value: Value,
    },
    /// Remove a key.
    Delete {
        /// Of which map.
        map: Which,
        /// Its name.
        key: String,
    },
    /// Add to a number.
    Adjust {
        /// In which map.
        map: Which,
        /// Its name.
        key: String,
        /// How much is added.
        step: i32,
    },
    /// Tell of changes from now on.
    Track {
        /// The program's own number for this.
        track: u64,
        /// Which.
        wish: Wish,
    },
    /// Tell of these no longer.
    Untrack(u64),
}

impl MapCommand {
    /// It is about the statistics.
    #[must_use]
    pub const fn counts(&self) -> bool {
        let map = match self {
            Self::Get { map, .. }
            | Self::List { map, .. }
            | Self::Set { map, .. }
            | Self::Delete { map, .. }
            | Self::Adjust { map, .. } => map,
            Self::Track { wish, .. } => &wish.map,
            Self::Untrack(_) => return false,
        };
        matches!(map, Which::Statistics)
    }
}

/// What a program is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Done as asked.
    Done,
    /// A value.
    Value(Value),
    /// Some keys.
    Page(Page),
}

/// Why a program was not answered so.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum KeyRefused {
    /// That is no name.
    #[error(
        "{0:?} is no name: {SHORTEST_NAME} to {LONGEST_NAME} letters, digits and ._-/: are expected"
    )]
    Name(String),
    /// There is no such key.
    #[error("there is no key {0}")]
    Absent(String),
    /// It shows the configuration.
    #[error(
        "{0} says what the configuration says, which is the same on all nodes: change cluster.conf \
         and have all go by it with `cman_tool version -r`"
    )]
    Configuration(String),
    /// It shows the state of the daemon.
    #[error("{0} shows how the daemon and the cluster are, and cannot be set")]
    Running(String),
    /// Only whole numbers can be added to.
    #[error("{0} is no whole number: nothing can be added to it")]
    NoNumber(String),
    /// A text with a zero byte, or a value that a key with an effect does not understand.
    #[error("{key} cannot have this value: {expected} is expected")]
    BadValue {
        /// Its name.
        key: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// The value is too long.
    #[error("the value of {key} has {size} bytes, at most {LONGEST_VALUE} are possible")]
    TooLong {
        /// Its name.
        key: String,
        /// Bytes of the value.
        size: usize,
    },
    /// Programs have set too much.
    #[error("no room: programs may set {MOST_KEYS} keys of together {MOST_BYTES} bytes")]
    Full,
    /// This session has a track of this number.
    #[error("track {0} is in use")]
    TrackTaken(u64),
    /// This session has none of this number.
    #[error("there is no track {0}")]
    NoTrack(u64),
    /// This session tracks enough.
    #[error("no room: a program may have {MOST_TRACKS} tracks")]
    TooManyTracks,
}

/// A key changed: it was added when there is no old value, and removed when there is no new one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyChange {
    /// The session's own number of the track that asked for it.
    pub track: u64,
    /// The name of the key.
    pub key: String,
    /// The value before.
    pub old: Option<Value>,
    /// The value from now on.
    pub new: Option<Value>,
}

/// Who may change things besides those who always may.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admitted {
    /// Users of these ids.
    pub users: BTreeSet<u32>,
    /// Those whose effective group is one of these.
    pub groups: BTreeSet<u32>,
}

/// Both maps of this node.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    keys: Keys,
    statistics: Keys,
    tracks: Tracks,
    admitted: Admitted,
}

impl Maps {
    /// Does what a program asks.
    pub(crate) fn command(
        &mut self,
        session: SessionId,
        command: MapCommand,
        outbox: &mut Outbox,
    ) -> Result<Found, KeyRefused> {
        match command {
            MapCommand::Get { map, key } => {
                name::check(&key)?;
                let value = self.map(map).get(&key).cloned();
                value.map(Found::Value).ok_or(KeyRefused::Absent(key))
            }
            MapCommand::List { map, prefix, after } => {
                Ok(Found::Page(self.map(map).page(&prefix, &after)))
            }
            MapCommand::Set { map, key, value } => self.set((map, key), value, outbox),
            MapCommand::Delete { map, key } => self.delete(map, &key, outbox),
            MapCommand::Adjust { map, key, step } => {
                writable(map, &key)?;
                let old = self.map(map).get(&key);
                let old = old.ok_or_else(|| KeyRefused::Absent(key.clone()))?;
                let new = old.adjusted(step).ok_or_else(|| KeyRefused::NoNumber(key.clone()))?;
                self.set((map, key), new.clone(), outbox)?;
                Ok(Found::Value(new))
            }
            MapCommand::Track { track, wish } => {
                if !wish.prefix {
                    name::check(&wish.key)?;
                }
                self.tracks.add(session, track, wish).map(|()| Found::Done)
            }
            MapCommand::Untrack(track) => self.tracks.remove(session, track).map(|()| Found::Done),
        }
    }

    /// A program is gone.
    pub(crate) fn gone(&mut self, session: SessionId) {
        self.tracks.gone(session);
    }

    /// These are all the keys that show the configuration, or the state of the daemon.
    pub(crate) fn show(
        &mut self,
        owner: Owner,
        keys: impl IntoIterator<Item = (String, Value)>,
        outbox: &mut Outbox,
    ) {
        let changes = self.keys.replace(owner, keys);
        self.tell(Which::Keys, changes, outbox);
    }

    /// These are all the keys that show the configuration now. Who waits for it to be complete is
    /// told by two keys when it begins and when it is.
    pub(crate) fn reload(
        &mut self,
        keys: impl IntoIterator<Item = (String, Value)>,
        outbox: &mut Outbox,
    ) {
        self.mark(true, outbox);
        self.show(Owner::Configuration, keys, outbox);
        self.mark(false, outbox);
    }

    fn mark(&mut self, reloading: bool, outbox: &mut Outbox) {
        for name in running::RELOADING {
            if self.keys.get(name).is_some() {
                // Refused is only what is too long.
                let change = self.keys.set(name, Value::flag(reloading)).unwrap_or_default();
                self.tell(Which::Keys, change, outbox);
            }
        }
    }

    /// These are all the statistics.
    pub(crate) fn count(
        &mut self,
        keys: impl IntoIterator<Item = (String, Value)>,
        outbox: &mut Outbox,
    ) {
        let changes = self.statistics.replace(Owner::Running, keys);
        self.tell(Which::Statistics, changes, outbox);
    }

    fn set(
        &mut self,
        (map, key): (Which, String),
        value: Value,
        outbox: &mut Outbox,
    ) -> Result<Found, KeyRefused> {
        if key == name::DEBUG && map == Which::Keys {
            let on = switch(&key, &value)?;
            outbox.push(Effect::Debug(on));
        } else {
            writable(map, &key)?;
        }
        if matches!(&value, Value::Text(text) if text.contains(&0)) {
            return Err(KeyRefused::BadValue { key, expected: "a text without a zero byte" });
        }
        let change = self.keys.set(&key, value)?;
        self.tell(map, change, outbox);
        Ok(Found::Done)
    }

    fn delete(&mut self, map: Which, key: &str, outbox: &mut Outbox) -> Result<Found, KeyRefused> {
        writable(map, key)?;
        let change = self.keys.delete(key).ok_or_else(|| KeyRefused::Absent(key.to_owned()))?;
        self.tell(map, [change], outbox);
        Ok(Found::Done)
    }

    /// Tells who wants to know, and those at the door when it concerns them.
    fn tell(&mut self, map: Which, changes: impl IntoIterator<Item = Change>, outbox: &mut Outbox) {
        let mut users = false;
        for (key, old, new) in changes {
            users |= map == Which::Keys && key.starts_with("uidgid.");
            let change = (old.is_some(), new.is_some());
            for (session, track) in self.tracks.of(map, &key, change) {
                let (key, old, new) = (key.clone(), old.clone(), new.clone());
                outbox.notify(session, Notice::Key(KeyChange { track, key, old, new }));
            }
        }
        if users {
            self.admit(outbox);
        }
    }

    fn admit(&mut self, outbox: &mut Outbox) {
        let ids = |prefixes: [&str; 2]| {
            let keys = prefixes.into_iter().flat_map(|prefix| {
                let admits = |(_, value): &(&str, &Value)| **value == Value::U8(1);
                let under = self.keys.under(prefix).filter(admits);
                under.filter_map(move |(name, _)| name.strip_prefix(prefix)?.parse().ok())
            });
            keys.collect()
        };
        let admitted = Admitted {
            users: ids([name::USERS, name::CONFIGURED_USERS]),
            groups: ids([name::GROUPS, name::CONFIGURED_GROUPS]),
        };
        if admitted != self.admitted {
            self.admitted = admitted.clone();
            outbox.push(Effect::Admit(admitted));
        }
    }

    const fn map(&self, map: Which) -> &Keys {
        match map {
            Which::Keys => &self.keys,
            Which::Statistics => &self.statistics,
        }
    }
}

/// Refuses what is no name, or not the programs' to change.
fn writable(map: Which, key: &str) -> Result<(), KeyRefused> {
    name::check(key)?;
    match (map, name::owner(key)) {
        (Which::Statistics, _) | (Which::Keys, Some(Owner::Running)) => {
            Err(KeyRefused::Running(key.to_owned()))
        }
        (Which::Keys, Some(Owner::Configuration)) => Err(KeyRefused::Configuration(key.to_owned())),
        (Which::Keys, None) => Ok(()),
    }
}

fn switch(key: &str, value: &Value) -> Result<bool, KeyRefused> {
    if *value == Value::text("on") {
        Ok(true)
    } else if *value == Value::text("off") {
        Ok(false)
    } else {
        Err(KeyRefused::BadValue { key: key.to_owned(), expected: "the text on or off" })
    }
}

#[cfg(test)]
mod tests;
