//! The maps of this node: flat typed keys that show the configuration and the state of the cluster,
//! and in which programs keep their own; and numbers about the running daemon.
//!
//! Must never convert a value: a program that wants another type than a key has is told so by the
//! type it gets.

use std::time::Instant;

use bytes::Bytes;

use crate::connection::{Connection, unexpected};
use crate::error::Error;
#[cfg(doc)]
use crate::proto::Reason;
use crate::proto::{self, map_request, map_value, notice, reply, request};

/// Which map.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Map {
    /// The configuration, the state of the cluster, and what programs of this node set.
    Keys,
    /// Numbers about the running daemon; nothing here can be set.
    Statistics,
}

/// A value of a key.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// 8 bits, signed.
    I8(i8),
    /// 8 bits.
    U8(u8),
    /// 16 bits, signed.
    I16(i16),
    /// 16 bits.
    U16(u16),
    /// 32 bits, signed.
    I32(i32),
    /// 32 bits.
    U32(u32),
    /// 64 bits, signed.
    I64(i64),
    /// 64 bits.
    U64(u64),
    /// Single precision.
    Float(f32),
    /// Double precision.
    Double(f64),
    /// Text: bytes without a zero, usually UTF-8.
    Text(Bytes),
    /// Bytes of unknown meaning.
    Binary(Bytes),
}

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// The text, if it is one, and UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(bytes) = self { str::from_utf8(bytes).ok() } else { None }
    }
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The name of the key.
    pub key: String,
    /// Its value.
    pub value: Value,
}

/// Some keys of a map, by ascending name.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// The keys.
    pub entries: Vec<Entry>,
    /// There are more after the last one.
    pub more: bool,
}

/// What a program wants to be told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// Of which map.
    pub map: Map,
    /// Of this key, or of all whose names begin so.
    pub key: String,
    /// All whose names begin so; the name may be empty then.
    pub prefix: bool,
    /// Of new keys.
    pub added: bool,
    /// Of new values.
    pub changed: bool,
    /// Of keys that are removed.
    pub deleted: bool,
}

/// A key changed: it was added when there is no old value, and removed when there is no new one.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyChange {
    /// The number of the track that asked for it.
    pub track: u64,
    /// The name of the key.
    pub key: String,
    /// The value before.
    pub old: Option<Value>,
    /// The value from now on.
    pub new: Option<Value>,
}

/// Looking keys up needs no permission, and no cluster: it is answered during a membership change
/// as at any other time.
impl Connection {
    /// The value of a key.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with [`Reason::Absent`] when there is no such key, with
    /// [`Reason::Invalid`] when that is no name.
    pub fn map_get(&mut self, map: Map, key: &str) -> Result<Value, Error> {
        let get = proto::MapGet { map: map.into(), key: key.to_owned() };
        self.value("map get", map_request::What::Get(get))
    }

    /// Keys whose names begin with `prefix`, after the name `after` (empty: from the first on), as
    /// many as one reply takes.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn map_list(&mut self, map: Map, prefix: &str, after: &str) -> Result<Page, Error> {
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        let list = proto::MapList { map: map.into(), prefix, after };
        let answer = self.request(about(map_request::What::List(list)))?;
        let reply::What::MapPage(proto::MapPage { entries, more }) = answer else {
            return Err(unexpected("map list"));
        };
        let entries = entries.into_iter().map(Entry::try_from).collect::<Result<_, _>>()?;
        Ok(Page { entries, more })
    }

    /// Gives a key a value of any type, adding the key when it is new.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, with [`Reason::ReadOnly`] when the
    /// key is not the programs' to change, with [`Reason::Invalid`], [`Reason::TooLarge`] or
    /// [`Reason::Full`].
    pub fn map_set(&mut self, map: Map, key: &str, value: Value) -> Result<(), Error> {
        let (map, key, value) = (map.into(), key.to_owned(), Some(value.into()));
        self.map_done("map set", map_request::What::Set(proto::MapSet { map, key, value }))
    }

    /// Removes a key.
    ///
    /// # Errors
    /// As [`Connection::map_set`], and [`Reason::Absent`].
    pub fn map_delete(&mut self, map: Map, key: &str) -> Result<(), Error> {
        let delete = proto::MapDelete { map: map.into(), key: key.to_owned() };
        self.map_done("map delete", map_request::What::Delete(delete))
    }

    /// Adds `step` to a whole number, around the end of its type if need be; what it is then.
    ///
    /// # Errors
    /// As [`Connection::map_delete`]; [`Reason::Invalid`] when it is no whole number.
    pub fn map_adjust(&mut self, map: Map, key: &str, step: i32) -> Result<Value, Error> {
        let adjust = proto::MapAdjust { map: map.into(), key: key.to_owned(), step };
        self.value("map adjust", map_request::What::Adjust(adjust))
    }

    /// Asks to be told of changes from now on; what is told carries `number`, which the program
    /// chooses among its own.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::Already`] when the number is in use,
    /// [`Reason::Invalid`] when the name is none, [`Reason::Full`].
    pub fn map_track(&mut self, number: u64, track: &Track) -> Result<(), Error> {
        let Track { map, key, prefix, added, changed, deleted } = track.clone();
        let (track, map) = (number, map.into());
        let wish = proto::MapTrack { track, map, key, prefix, added, changed, deleted };
        self.map_done("map track", map_request::What::Track(wish))
    }

    /// Asks to be told no longer. What was on its way may still come.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::Absent`] when nothing has this number.
    pub fn map_untrack(&mut self, number: u64) -> Result<(), Error> {
        let untrack = proto::MapUntrack { track: number };
        self.map_done("map untrack", map_request::What::Untrack(untrack))
    }

    /// The next change of a tracked key, waited for until `deadline` (`None`: for ever); `Ok(None)`
    /// when it passed. What the program is told besides is skipped: use [`Connection::notice`] for
    /// all.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn key_change(&mut self, deadline: Option<Instant>) -> Result<Option<KeyChange>, Error> {
        loop {
            match self.notice(deadline)? {
                None => return Ok(None),
                Some(notice::What::MapChange(change)) => {
                    return KeyChange::try_from(change).map(Some);
                }
                Some(_) => {}
            }
        }
    }

    fn map_done(&mut self, asked: &str, what: map_request::What) -> Result<(), Error> {
        self.done(asked, about(what))
    }

    fn value(&mut self, asked: &str, what: map_request::What) -> Result<Value, Error> {
        let reply::What::MapValue(value) = self.request(about(what))? else {
            return Err(unexpected(asked));
        };
        value.try_into()
    }
}

const fn about(what: map_request::What) -> request::What {
    request::What::Map(proto::MapRequest { what: Some(what) })
}

impl From<Map> for i32 {
    fn from(map: Map) -> Self {
        let map = match map {
            Map::Keys => proto::Map::Keys,
            Map::Statistics => proto::Map::Statistics,
        };
        map.into()
    }
}

impl From<Value> for proto::MapValue {
    fn from(value: Value) -> Self {
        let value = match value {
            Value::I8(number) => map_value::Value::Int8(number.into()),
            Value::U8(number) => map_value::Value::Uint8(number.into()),
            Value::I16(number) => map_value::Value::Int16(number.into()),
            Value::U16(number) => map_value::Value::Uint16(number.into()),
            Value::I32(number) => map_value::Value::Int32(number),
            Value::U32(number) => map_value::Value::Uint32(number),
            Value::I64(number) => map_value::Value::Int64(number),
            Value::U64(number) => map_value::Value::Uint64(number),
            Value::Float(number) => map_value::Value::Float(number.to_bits()),
            Value::Double(number) => map_value::Value::Double(number.to_bits()),
            Value::Text(bytes) => map_value::Value::Text(bytes),
            Value::Binary(bytes) => map_value::Value::Binary(bytes),
        };
        Self { value: Some(value) }
    }
}

impl TryFrom<proto::MapValue> for Value {
    type Error = Error;

    fn try_from(told: proto::MapValue) -> Result<Self, Error> {
        let wrong = |number: i64| Error::Protocol(format!("{number} does not fit its type"));
        let missing = || Error::Protocol("a key without a value".to_owned());
        Ok(match told.value.ok_or_else(missing)? {
            map_value::Value::Int8(n) => Self::I8(n.try_into().map_err(|_| wrong(n.into()))?),
            map_value::Value::Uint8(n) => Self::U8(n.try_into().map_err(|_| wrong(n.into()))?),
            map_value::Value::Int16(n) => Self::I16(n.try_into().map_err(|_| wrong(n.into()))?),
            map_value::Value::Uint16(n) => Self::U16(n.try_into().map_err(|_| wrong(n.into()))?),
            map_value::Value::Int32(number) => Self::I32(number),
            map_value::Value::Uint32(number) => Self::U32(number),
            map_value::Value::Int64(number) => Self::I64(number),
            map_value::Value::Uint64(number) => Self::U64(number),
            map_value::Value::Float(bits) => Self::Float(f32::from_bits(bits)),
            map_value::Value::Double(bits) => Self::Double(f64::from_bits(bits)),
            map_value::Value::Text(bytes) => Self::Text(bytes),
            map_value::Value::Binary(bytes) => Self::Binary(bytes),
        })
    }
}

impl TryFrom<proto::MapEntry> for Entry {
    type Error = Error;

    fn try_from(told: proto::MapEntry) -> Result<Self, Error> {
        let proto::MapEntry { key, value } = told;
        Ok(Self { key, value: value.unwrap_or_default().try_into()? })
    }
}

impl TryFrom<proto::MapChange> for KeyChange {
    type Error = Error;

    fn try_from(told: proto::MapChange) -> Result<Self, Error> {
        let proto::MapChange { track, key, old, new } = told;
        let value = |value: Option<proto::MapValue>| value.map(Value::try_from).transpose();
        Ok(Self { track, key, old: value(old)?, new: value(new)? })
    }
}

#[cfg(test)]
mod tests;
