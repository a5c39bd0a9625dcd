//! What the scripted clients say: every message names itself, so that no delivery is anonymous.
//!
//! Must never hold two different contents for one id. The content depends on its place, byte for
//! byte, so that a fragment in the wrong place or of another message shows.

use core::fmt;

use bytes::Bytes;

/// Bytes of the smallest message: its name.
pub const SMALLEST: usize = 8;

/// A message of a client, for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MessageId {
    /// Index of the sender in the plan.
    pub sender: usize,
    /// The sender's count; goes on across restarts.
    pub number: usize,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.sender, self.number)
    }
}

/// The content of a message of `size` bytes, [`SMALLEST`] at least.
#[must_use]
pub fn encode(id: MessageId, size: usize) -> Bytes {
    let sender = u32::try_from(id.sender).expect("a plan has few nodes");
    let number = u32::try_from(id.number).expect("a run has few messages");
    let mut content = Vec::with_capacity(size.max(SMALLEST) + 8);
    content.extend_from_slice(&sender.to_be_bytes());
    content.extend_from_slice(&number.to_be_bytes());
    let mut word = (u64::from(sender) << 32 | u64::from(number)) | 1;
    while content.len() < size {
        word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        content.extend_from_slice(&word.to_be_bytes());
    }
    content.truncate(size.max(SMALLEST));
    Bytes::from(content)
}

/// The id that a content names; `None` when it is too short to name one.
#[must_use]
pub fn decode(content: &[u8]) -> Option<MessageId> {
    let (sender, rest) = content.split_first_chunk::<4>()?;
    let (number, _) = rest.split_first_chunk::<4>()?;
    Some(MessageId {
        sender: usize::try_from(u32::from_be_bytes(*sender)).ok()?,
        number: usize::try_from(u32::from_be_bytes(*number)).ok()?,
    })
}

#[cfg(test)]
mod tests;
