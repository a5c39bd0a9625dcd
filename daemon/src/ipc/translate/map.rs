//! The maps of a node, in both languages.
//!
//! Must never take a number that its type cannot hold: a program that says so is told which.

use client::proto::{self, Reason, map_request, map_value, reply};

use super::{Unreadable, refused};
use crate::stack::effect::{Found, KeyChange, KeyRefused};
use crate::stack::map::{MapCommand, Page, Value, Which, Wish};

/// A request about a map.
pub(super) fn request(request: proto::MapRequest) -> Result<MapCommand, Unreadable> {
    use map_request::What;
    let nothing = || Unreadable("the request asks nothing of a map".to_owned());
    Ok(match request.what.ok_or_else(nothing)? {
        What::Get(proto::MapGet { map, key }) => MapCommand::Get { map: which(map)?, key },
        What::List(proto::MapList { map, prefix, after }) => {
            MapCommand::List { map: which(map)?, prefix, after }
        }
        What::Set(proto::MapSet { map, key, value }) => {
            let value = value.and_then(|value| value.value);
            let value = value.ok_or_else(|| Unreadable(format!("no value for {key:?}")))?;
            MapCommand::Set { map: which(map)?, value: self::value(value)?, key }
        }
        What::Delete(proto::MapDelete { map, key }) => MapCommand::Delete { map: which(map)?, key },
        What::Adjust(proto::MapAdjust { map, key, step }) => {
            MapCommand::Adjust { map: which(map)?, key, step }
        }
        What::Track(wish) => {
            let proto::MapTrack { track, map, key, prefix, added, changed, deleted } = wish;
            let wish = Wish { map: which(map)?, key, prefix, added, changed, deleted };
            MapCommand::Track { track, wish }
        }
        What::Untrack(proto::MapUntrack { track }) => MapCommand::Untrack(track),
    })
}

/// What a map answers.
pub(super) fn reply(result: &Result<Found, KeyRefused>) -> reply::What {
    match result {
        Ok(Found::Done) => reply::What::Done(proto::Done {}),
        Ok(Found::Value(value)) => reply::What::MapValue(told(value)),
        Ok(Found::Page(Page { entries, more })) => reply::What::MapPage(proto::MapPage {
            entries: entries
                .iter()
                .map(|(key, value)| proto::MapEntry { key: key.clone(), value: Some(told(value)) })
                .collect(),
            more: *more,
        }),
        Err(why) => refused(reason(why), why.to_string()),
    }
}

/// A key that changed.
pub(super) fn change(change: &KeyChange) -> proto::MapChange {
    let KeyChange { track, key, old, new } = change;
    proto::MapChange {
        track: *track,
        key: key.clone(),
        old: old.as_ref().map(told),
        new: new.as_ref().map(told),
    }
}

const fn reason(why: &KeyRefused) -> Reason {
    match why {
        KeyRefused::Absent(_) | KeyRefused::NoTrack(_) => Reason::Absent,
        KeyRefused::Configuration(_) | KeyRefused::Running(_) => Reason::ReadOnly,
        KeyRefused::Full | KeyRefused::TooManyTracks => Reason::Full,
        KeyRefused::TooLong { .. } => Reason::TooLarge,
        KeyRefused::TrackTaken(_) => Reason::Already,
        KeyRefused::Name(_) | KeyRefused::NoNumber(_) | KeyRefused::BadValue { .. } => {
            Reason::Invalid
        }
    }
}

fn which(map: i32) -> Result<Which, Unreadable> {
    match proto::Map::try_from(map) {
        Ok(proto::Map::Keys) => Ok(Which::Keys),
        Ok(proto::Map::Statistics) => Ok(Which::Statistics),
        Err(_) => Err(Unreadable(format!("no map has number {map}"))),
    }
}

pub(super) fn value(value: map_value::Value) -> Result<Value, Unreadable> {
    fn fits<T, N>(number: N) -> Result<T, Unreadable>
    where
        T: TryFrom<N>,
        N: Copy + std::fmt::Display,
    {
        let text = || Unreadable(format!("{number} does not fit the type of its value"));
        T::try_from(number).map_err(|_| text())
    }
    Ok(match value {
        map_value::Value::Int8(number) => Value::I8(fits(number)?),
        map_value::Value::Uint8(number) => Value::U8(fits(number)?),
        map_value::Value::Int16(number) => Value::I16(fits(number)?),
        map_value::Value::Uint16(number) => Value::U16(fits(number)?),
        map_value::Value::Int32(number) => Value::I32(number),
        map_value::Value::Uint32(number) => Value::U32(number),
        map_value::Value::Int64(number) => Value::I64(number),
        map_value::Value::Uint64(number) => Value::U64(number),
        map_value::Value::Float(bits) => Value::Float(bits),
        map_value::Value::Double(bits) => Value::Double(bits),
        map_value::Value::Text(bytes) => Value::Text(bytes),
        map_value::Value::Binary(bytes) => Value::Binary(bytes),
    })
}

pub(super) fn told(value: &Value) -> proto::MapValue {
    let value = match value {
        Value::I8(number) => map_value::Value::Int8((*number).into()),
        Value::U8(number) => map_value::Value::Uint8((*number).into()),
        Value::I16(number) => map_value::Value::Int16((*number).into()),
        Value::U16(number) => map_value::Value::Uint16((*number).into()),
        Value::I32(number) => map_value::Value::Int32(*number),
        Value::U32(number) => map_value::Value::Uint32(*number),
        Value::I64(number) => map_value::Value::Int64(*number),
        Value::U64(number) => map_value::Value::Uint64(*number),
        Value::Float(bits) => map_value::Value::Float(*bits),
        Value::Double(bits) => map_value::Value::Double(*bits),
        Value::Text(bytes) => map_value::Value::Text(bytes.clone()),
        Value::Binary(bytes) => map_value::Value::Binary(bytes.clone()),
    };
    proto::MapValue { value: Some(value) }
}

#[cfg(test)]
mod tests;
