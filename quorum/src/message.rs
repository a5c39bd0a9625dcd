//! What the vote counters of a cluster tell each other, and its bytes.
//!
//! Must never be trusted for more than it says: a decoded message has every field in range, and
//! which of them counts is decided where it is applied. Numbers are big-endian:
//!
//! | kind | content |
//! |---|---|
//! | 1 state | own votes `u32`, expected votes `u32`, flags `u8`; highest, file, device and losses `u32` each; floor, present, rules and core `u64` each; then per node of the table its id and its votes, `u32` each, ids ascending |
//! | 2 expected | expected votes `u32`, not 0 |
//! | 3 votes | node `u32`, not 0; votes `u32`, not 0 |
//! | 4 standing | votes of the members `u64`, not 0 |
//! | 5 device | votes `u32`, 0 when the device is lost |
//! | 6 device votes | votes `u32` |
//! | 7 vouching device | votes `u32`, not 0; losses `u32` |
//!
//! Flags of a state: 1 two-node mode, 2 quorate, 4 waits for all, 8 lowers what it expects, 16 its
//! device judges each membership anew.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use totem::NodeId;

use crate::error::MessageError;
use crate::votes::Votes;

/// What a node says about itself after every membership change: how it counted until then.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// The votes it counts itself for.
    pub votes: Votes,
    /// The votes it expects.
    pub expected: Votes,
    /// Two-node mode: in force where it comes from if that is quorate, else what its file says.
    pub two_node: bool,
    /// It comes from a membership that may act.
    pub quorate: bool,
    /// Its file says that it waits for all nodes.
    pub waits: bool,
    /// What it expects follows who is there: last man standing, or downscaling.
    pub lowers: bool,
    /// The most that a member expects where it comes from.
    pub highest: Votes,
    /// What its file expects.
    pub file: Votes,
    /// Votes of the quorum device that speaks through it.
    pub device: Votes,
    /// That device judges each membership anew.
    pub vouches: bool,
    /// How often it has lost members.
    pub losses: u32,
    /// Votes that must not be lowered where it comes from.
    pub floor: u64,
    /// Votes that are present where it comes from.
    pub present: u64,
    /// Stands for the rules of its file.
    pub rules: u64,
    /// Stands for the last quorate membership it was in; 0 when it knows of none.
    pub core: u64,
    /// What every node counts for where it comes from; empty unless that is quorate.
    pub table: BTreeMap<NodeId, Votes>,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// The sender introduces itself.
    State(State),
    /// An operator changed the expected votes of the cluster.
    Expected(Votes),
    /// An operator changed the votes of a node.
    Votes {
        /// Whose.
        node: NodeId,
        /// How many it has from now on.
        votes: Votes,
    },
    /// For the configured time nobody came or went: so many votes are all that is left to expect.
    Standing(u64),
    /// A quorum device speaks through the sender, with so many votes; none when it is lost.
    Device(Votes),
    /// The same of a device that judges each membership anew: it counts until a member is lost.
    Vouching {
        /// How many; not none.
        votes: Votes,
        /// How often the sender had lost members by then. What it said before a loss may be on its
        /// way after it, and is void.
        losses: u32,
    },
    /// An operator changed the votes of the quorum device, through whomever it speaks.
    DeviceVotes(Votes),
}

const STATE: u8 = 1;
const EXPECTED: u8 = 2;
const VOTES: u8 = 3;
const STANDING: u8 = 4;
const DEVICE: u8 = 5;
const DEVICE_VOTES: u8 = 6;
const VOUCHING: u8 = 7;

const TWO_NODE: u8 = 1;
const QUORATE: u8 = 2;
const WAITS: u8 = 4;
const LOWERS: u8 = 8;
const VOUCHES: u8 = 16;

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(64);
        match self {
            Self::State(state) => {
                bytes.push(STATE);
                state.encode(&mut bytes);
            }
            Self::Expected(expected) => {
                bytes.push(EXPECTED);
                put(&mut bytes, [expected.get()]);
            }
            Self::Votes { node, votes } => {
                bytes.push(VOTES);
                put(&mut bytes, [node.get(), votes.get()]);
            }
            Self::Standing(votes) => {
                bytes.push(STANDING);
                bytes.extend(votes.to_be_bytes());
            }
            Self::Device(votes) => {
                bytes.push(DEVICE);
                put(&mut bytes, [votes.get()]);
            }
            Self::Vouching { votes, losses } => {
                bytes.push(VOUCHING);
                put(&mut bytes, [votes.get(), *losses]);
            }
            Self::DeviceVotes(votes) => {
                bytes.push(DEVICE_VOTES);
                put(&mut bytes, [votes.get()]);
            }
        }
        bytes
    }

    /// The message that has these bytes.
    ///
    /// # Errors
    /// No message has them.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let (&kind, rest) =
            bytes.split_first().ok_or(MessageError::Length { found: 0, expected: 1 })?;
        match kind {
            STATE => State::decode(rest).map(Self::State),
            EXPECTED => {
                let expected = u32::from_be_bytes(exactly(rest)?);
                Ok(Self::Expected(positive("expected votes", expected)?))
            }
            VOTES => {
                let [a, b, c, d, e, f, g, h] = exactly(rest)?;
                let node = NodeId::new(u32::from_be_bytes([a, b, c, d]));
                let node = node.ok_or(bad("node", 0))?;
                let votes = positive("votes", u32::from_be_bytes([e, f, g, h]))?;
                Ok(Self::Votes { node, votes })
            }
            STANDING => match u64::from_be_bytes(exactly(rest)?) {
                0 => Err(bad("votes left standing", 0)),
                votes => Ok(Self::Standing(votes)),
            },
            DEVICE => Ok(Self::Device(Votes::new(u32::from_be_bytes(exactly(rest)?)))),
            DEVICE_VOTES => Ok(Self::DeviceVotes(Votes::new(u32::from_be_bytes(exactly(rest)?)))),
            VOUCHING => {
                let [a, b, c, d, e, f, g, h] = exactly(rest)?;
                let votes = positive("votes of a device", u32::from_be_bytes([a, b, c, d]))?;
                Ok(Self::Vouching { votes, losses: u32::from_be_bytes([e, f, g, h]) })
            }
            unknown => Err(MessageError::UnknownKind(unknown)),
        }
    }
}

impl State {
    fn encode(&self, bytes: &mut Vec<u8>) {
        put(bytes, [self.votes.get(), self.expected.get()]);
        let flags = [
            (self.two_node, TWO_NODE),
            (self.quorate, QUORATE),
            (self.waits, WAITS),
            (self.lowers, LOWERS),
            (self.vouches, VOUCHES),
        ];
        bytes.push(flags.iter().filter(|(set, _)| *set).map(|(_, bit)| bit).sum());
        put(bytes, [self.highest.get(), self.file.get(), self.device.get(), self.losses]);
        for number in [self.floor, self.present, self.rules, self.core] {
            bytes.extend(number.to_be_bytes());
        }
        for (node, votes) in &self.table {
            put(bytes, [node.get(), votes.get()]);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut reader = Reader { whole: bytes.len(), rest: bytes };
        let (votes, expected) = (reader.votes()?, reader.votes()?);
        let [flags] = reader.take()?;
        if flags & !(TWO_NODE | QUORATE | WAITS | LOWERS | VOUCHES) != 0 {
            return Err(bad("flags", flags.into()));
        }
        let mut state = Self {
            votes,
            expected,
            two_node: flags & TWO_NODE != 0,
            quorate: flags & QUORATE != 0,
            waits: flags & WAITS != 0,
            lowers: flags & LOWERS != 0,
            highest: reader.votes()?,
            file: reader.votes()?,
            device: reader.votes()?,
            losses: reader.votes()?.get(),
            vouches: flags & VOUCHES != 0,
            floor: reader.wide()?,
            present: reader.wide()?,
            rules: reader.wide()?,
            core: reader.wide()?,
            table: BTreeMap::new(),
        };
        while !reader.rest.is_empty() {
            let id = u32::from_be_bytes(reader.take()?);
            let node = NodeId::new(id).ok_or(bad("node", 0))?;
            if state.table.last_key_value().is_some_and(|(&last, _)| last >= node) {
                return Err(bad("node out of order", id));
            }
            state.table.insert(node, reader.votes()?);
        }
        Ok(state)
    }
}

/// Takes a state apart from its front.
struct Reader<'a> {
    whole: usize,
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            let found = self.whole + 1;
            return Err(MessageError::Length { found, expected: found + N - self.rest.len() });
        };
        self.rest = rest;
        Ok(*taken)
    }

    fn votes(&mut self) -> Result<Votes, MessageError> {
        Ok(Votes::new(u32::from_be_bytes(self.take()?)))
    }

    fn wide(&mut self) -> Result<u64, MessageError> {
        Ok(u64::from_be_bytes(self.take()?))
    }
}

fn put<const N: usize>(bytes: &mut Vec<u8>, numbers: [u32; N]) {
    numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
}

fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], MessageError> {
    let length = MessageError::Length { found: bytes.len() + 1, expected: N + 1 };
    bytes.try_into().map_err(|_| length)
}

fn positive(field: &'static str, votes: u32) -> Result<Votes, MessageError> {
    if votes == 0 { Err(bad(field, 0)) } else { Ok(Votes::new(votes)) }
}

const fn bad(field: &'static str, value: u32) -> MessageError {
    MessageError::BadField { field, value }
}

#[cfg(test)]
mod tests;
