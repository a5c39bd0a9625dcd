//! What members in strict mode say to each other, as bytes.
//!
//! Must never guess: bytes that no member in strict mode sends are an error. Numbers are big-
//! endian:
//!
//! | bytes | content |
//! |---|---|
//! | 1 | kind: 1 flush, 2 message, 3 snapshot |
//! | 8 + 4 + 8 | view: sequence and representative of its ring, and a sum over its members |
//! | 1 | flush only: 1 when the sender's node is quorate |
//! | 1 + 36 | flush only: 1 when it has state, and which: see [`State`] |
//! | … | else the content |

use bytes::{Buf, Bytes};

use crate::error::Error;
use crate::groups::{Member, View};

/// Names a view of the group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) generation: u64,
    pub(super) representative: u32,
    members: u64,
}

/// Names a state. The later the ring on which it was last in force, and the more views it went
/// through, the higher.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct State {
    /// Sequence of the ring on which a view with it was installed last.
    pub(super) generation: u64,
    /// Views that were installed.
    pub(super) views: u64,
    /// Those who lost others together since: the ring's sequence and the first of them.
    pub(super) side: (u64, u32, u32, u32),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Message {
    Flush { view: Token, quorate: bool, state: Option<State> },
    Content { view: Token, content: Bytes },
    Snapshot { view: Token, content: Bytes },
}

const FLUSH: u8 = 1;
const MESSAGE: u8 = 2;
const SNAPSHOT: u8 = 3;

impl Token {
    pub(super) fn of(view: &View) -> Self {
        // FNV-1a: names are compared within one ring only, nobody gains by making two alike.
        let mut sum = 0xcbf2_9ce4_8422_2325_u64;
        for Member { node, pid } in &view.members {
            for byte in node.to_be_bytes().into_iter().chain(pid.to_be_bytes()) {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        let (generation, representative) = (view.generation, view.representative);
        Self { generation, representative, members: sum }
    }

    fn put(self, kind: u8) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend(self.generation.to_be_bytes());
        bytes.extend(self.representative.to_be_bytes());
        bytes.extend(self.members.to_be_bytes());
        bytes
    }
}

impl Message {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Flush { view, quorate, state } => {
                let mut bytes = view.put(FLUSH);
                bytes.extend([u8::from(*quorate), u8::from(state.is_some())]);
                let State { generation, views, side } = state.unwrap_or_default();
                bytes.extend(generation.to_be_bytes());
                bytes.extend(views.to_be_bytes());
                bytes.extend(side.0.to_be_bytes());
                for number in [side.1, side.2, side.3] {
                    bytes.extend(number.to_be_bytes());
                }
                bytes
            }
            Self::Content { view, content } => [&view.put(MESSAGE), &content[..]].concat(),
            Self::Snapshot { view, content } => [&view.put(SNAPSHOT), &content[..]].concat(),
        }
    }

    pub(super) fn decode(bytes: Bytes) -> Result<Self, Error> {
        let size = bytes.len();
        let nonsense =
            || Error::Protocol(format!("a message of {size} bytes that is none of strict mode"));
        Self::read(bytes).ok_or_else(nonsense)
    }

    fn read(mut bytes: Bytes) -> Option<Self> {
        let kind = bytes.try_get_u8().ok()?;
        let (generation, representative) = (bytes.try_get_u64().ok()?, bytes.try_get_u32().ok()?);
        let members = bytes.try_get_u64().ok()?;
        let view = Token { generation, representative, members };
        match kind {
            FLUSH => {
                let (quorate, has) = (flag(&mut bytes)?, flag(&mut bytes)?);
                let generation = bytes.try_get_u64().ok()?;
                let views = bytes.try_get_u64().ok()?;
                let ring = bytes.try_get_u64().ok()?;
                let mut number = || bytes.try_get_u32().ok();
                let side = (ring, number()?, number()?, number()?);
                let state = has.then_some(State { generation, views, side });
                bytes.is_empty().then_some(Self::Flush { view, quorate, state })
            }
            MESSAGE => Some(Self::Content { view, content: bytes }),
            SNAPSHOT => Some(Self::Snapshot { view, content: bytes }),
            _ => None,
        }
    }
}

fn flag(bytes: &mut Bytes) -> Option<bool> {
    match bytes.try_get_u8().ok()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
