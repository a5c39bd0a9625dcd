//! What node tables tell each other between two membership changes, and its bytes.
//!
//! Must never be trusted for more than it says: a decoded message has every field in range, and
//! whether the table acts on it is decided there. Numbers are big-endian:
//!
//! | kind | content |
//! |---|---|
//! | 1 leave | flags `u8`: 1 remove, 2 force |
//! | 2 kill | reason `u8`; node `u32`, not 0 |

use bytes::Bytes;
use totem::NodeId;

use super::super::command::Leave;
use super::super::effect::KillReason;
use super::super::service::{MessageError, Reader, Service};

const LEAVE: u8 = 1;
const LEAVE_REMOVE: u8 = 1;
const LEAVE_FORCE: u8 = 2;
const KILL: u8 = 2;

/// One message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// The sender leaves the cluster.
    Leave(Leave),
    /// This node is to stop at once.
    Kill {
        /// Which node.
        node: NodeId,
        /// Why.
        reason: KillReason,
    },
}

impl Message {
    /// Its bytes, the service's header before them.
    pub(crate) fn encode(self) -> Vec<u8> {
        let mut message = Service::Nodes.message(6);
        match self {
            Self::Leave(Leave { remove, force }) => {
                let remove = if remove { LEAVE_REMOVE } else { 0 };
                let force = if force { LEAVE_FORCE } else { 0 };
                message.extend([LEAVE, remove | force]);
            }
            Self::Kill { node, reason } => {
                message.extend([KILL, reason.number()]);
                message.extend(node.get().to_be_bytes());
            }
        }
        message
    }

    /// The message that has these bytes, without the header.
    pub(crate) fn decode(body: Bytes) -> Result<Self, MessageError> {
        let mut reader = Reader::new("node message", body);
        let message = match reader.u8()? {
            LEAVE => Self::Leave(leave(&mut reader)?),
            KILL => {
                let reason = KillReason::from_number(reader.u8()?);
                let node = reader.u32()?;
                let node = NodeId::new(node).ok_or_else(|| reader.bad("node", node))?;
                Self::Kill { node, reason }
            }
            unknown => return Err(reader.bad("kind", unknown)),
        };
        reader.end()?;
        Ok(message)
    }
}

fn leave(reader: &mut Reader) -> Result<Leave, MessageError> {
    let flags = reader.u8()?;
    if flags & !(LEAVE_REMOVE | LEAVE_FORCE) != 0 {
        return Err(reader.bad("leave flags", flags));
    }
    Ok(Leave { remove: flags & LEAVE_REMOVE != 0, force: flags & LEAVE_FORCE != 0 })
}

#[cfg(test)]
mod tests;
