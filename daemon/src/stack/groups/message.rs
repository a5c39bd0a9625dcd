//! What nodes say to each other about process groups, as bytes.
//!
//! Must never copy the payload of a multicast: a program writes what stands before it, and the
//! daemon only compares. Numbers are big-endian:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | kind: 1 join, 2 leave, 3 multicast |
//! | 8 | session of the member, which with its node names it while it is one |
//! | 4 | join only: process id |
//! | 1 + n | join only: name of the group, 1 to [`MOST_NAME`] bytes |
//! | 1 | leave only: 2 on its own wish, 5 it is gone |
//! | 1 | multicast only: the part, see [`Part`] |
//! | … | multicast only: the payload |
//!
//! After a membership change each node lists its members: for each the session, the process id and
//! the name of the group, as above.

use bytes::Bytes;

use super::super::command::SessionId;
use super::super::service::{HEADER, LARGEST, MessageError, PROTOCOL, Reader, Service, put_short};
use super::Why;

/// Longest name of a group, bytes.
pub(crate) const MOST_NAME: usize = 128;

/// Bytes that stand before the part in a multicast, the service's header included.
pub(crate) const PREFIX: usize = HEADER + 9;

/// Bytes of a multicast that are not payload, the service's header excluded.
pub(crate) const OVERHEAD: usize = PREFIX - HEADER + 1;

const WHAT: &str = "message of a group";
const JOIN: u8 = 1;
const LEAVE: u8 = 2;
const MULTICAST: u8 = 3;

/// What is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// A program joins.
    Join(Listed),
    /// A member leaves.
    Leave { session: SessionId, why: Why },
    /// A member says something.
    Multicast { session: SessionId, part: Part, payload: Bytes },
}

/// A member as its own node lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Listed {
    pub(crate) session: SessionId,
    pub(crate) pid: u32,
    pub(crate) group: Bytes,
}

/// Which piece of its message a multicast carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// All of it.
    Whole,
    /// Its beginning.
    First,
    /// Neither beginning nor end.
    Middle,
    /// Its end.
    Last,
}

impl Part {
    /// The part with this number: bit 0 for a beginning, bit 1 for an end.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Middle),
            1 => Some(Self::First),
            2 => Some(Self::Last),
            3 => Some(Self::Whole),
            _ => None,
        }
    }
}

impl Message {
    /// Its bytes, the service's header included. A program writes multicasts itself.
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Join(listed) => {
                let mut bytes = start(JOIN, listed.session);
                bytes.extend(listed.pid.to_be_bytes());
                put_short(&mut bytes, &listed.group);
                bytes
            }
            Self::Leave { session, why } => {
                let mut bytes = start(LEAVE, *session);
                bytes.push(why.number());
                bytes
            }
            Self::Multicast { session, part, payload } => {
                let mut bytes = prefix(*session);
                bytes.push(match part {
                    Part::Middle => 0,
                    Part::First => 1,
                    Part::Last => 2,
                    Part::Whole => 3,
                });
                bytes.extend_from_slice(payload);
                bytes
            }
        }
    }

    /// The message that has these bytes, the service's header excluded.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let mut reader = Reader::new(WHAT, bytes);
        let kind = reader.u8()?;
        let session = SessionId(reader.u64()?);
        match kind {
            JOIN => {
                let (pid, group) = (reader.u32()?, name(&mut reader)?);
                reader.end()?;
                Ok(Self::Join(Listed { session, pid, group }))
            }
            LEAVE => {
                let number = reader.u8()?;
                let why = match number {
                    2 => Why::Leave,
                    5 => Why::ProcessDown,
                    unknown => return Err(reader.bad("reason", unknown)),
                };
                reader.end()?;
                Ok(Self::Leave { session, why })
            }
            MULTICAST => {
                let part = reader.u8()?;
                let part = Part::from_number(part).ok_or_else(|| reader.bad("part", part))?;
                Ok(Self::Multicast { session, part, payload: reader.rest() })
            }
            unknown => Err(reader.bad("kind", unknown)),
        }
    }
}

/// What a member's multicasts begin with, before their part.
pub(crate) fn prefix(session: SessionId) -> Vec<u8> {
    start(MULTICAST, session)
}

fn start(kind: u8, session: SessionId) -> Vec<u8> {
    let mut bytes = vec![Service::Groups.number(), PROTOCOL, kind];
    bytes.extend(session.0.to_be_bytes());
    bytes
}

fn name(reader: &mut Reader) -> Result<Bytes, MessageError> {
    let name = reader.short()?;
    if name.is_empty() || name.len() > MOST_NAME {
        return Err(reader.bad("length of the name", u64::try_from(name.len()).unwrap_or(u64::MAX)));
    }
    Ok(name)
}

/// The members of one node, in as many pieces as the state exchange wants.
pub(crate) fn encode_list(members: impl Iterator<Item = Listed>) -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for Listed { session, pid, group } in members {
        let mut entry = session.0.to_be_bytes().to_vec();
        entry.extend(pid.to_be_bytes());
        put_short(&mut entry, &group);
        match pieces.last_mut().filter(|piece| piece.len() + entry.len() <= LARGEST) {
            Some(piece) => piece.extend(entry),
            None => pieces.push(entry),
        }
    }
    pieces
}

/// The members in one piece.
pub(crate) fn decode_list(piece: Bytes) -> Result<Vec<Listed>, MessageError> {
    let mut reader = Reader::new("list of members", piece);
    let mut members = Vec::new();
    while !reader.is_empty() {
        let (session, pid) = (SessionId(reader.u64()?), reader.u32()?);
        members.push(Listed { session, pid, group: name(&mut reader)? });
    }
    Ok(members)
}

#[cfg(test)]
mod tests;
