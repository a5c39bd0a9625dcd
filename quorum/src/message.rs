//! What the vote counters of a cluster tell each other, and its bytes.
//!
//! Must never be trusted for more than it says: a decoded message has every field in range, and
//! which of them counts is decided where it is applied. Numbers are big-endian:
//!
//! | kind | content |
//! |---|---|
//! | 1 state | own votes `u32`, expected votes `u32`, two-node mode `u8` (0 or 1) |
//! | 2 expected | expected votes `u32`, not 0 |
//! | 3 votes | node `u32`, not 0; votes `u32`, not 0 |

use alloc::vec::Vec;

use totem::NodeId;

use crate::error::MessageError;
use crate::votes::Votes;

/// What a node says about itself after every membership change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// The votes it counts itself for.
    pub votes: Votes,
    /// The votes it expects.
    pub expected: Votes,
    /// It is in two-node mode.
    pub two_node: bool,
}

/// One message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
}

const STATE: u8 = 1;
const EXPECTED: u8 = 2;
const VOTES: u8 = 3;

impl Message {
    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(10);
        let mut number = |number: u32| bytes.extend_from_slice(&number.to_be_bytes());
        match self {
            Self::State(state) => {
                number(state.votes.get());
                number(state.expected.get());
                bytes.push(u8::from(state.two_node));
                bytes.insert(0, STATE);
            }
            Self::Expected(expected) => {
                number(expected.get());
                bytes.insert(0, EXPECTED);
            }
            Self::Votes { node, votes } => {
                number(node.get());
                number(votes.get());
                bytes.insert(0, VOTES);
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
            STATE => {
                let [a, b, c, d, e, f, g, h, mode] = exactly(rest)?;
                let two_node = match mode {
                    0 => false,
                    1 => true,
                    value => return Err(bad("two-node mode", value.into())),
                };
                let votes = Votes::new(u32::from_be_bytes([a, b, c, d]));
                let expected = Votes::new(u32::from_be_bytes([e, f, g, h]));
                Ok(Self::State(State { votes, expected, two_node }))
            }
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
            unknown => Err(MessageError::UnknownKind(unknown)),
        }
    }
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
