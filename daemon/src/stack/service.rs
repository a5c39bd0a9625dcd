//! The services that share the ring, and the two bytes by which a message finds its own.
//!
//! Must never guess: bytes that no service of this protocol version writes are an error that says
//! what was wrong. Numbers are big-endian.
//!
//! | byte | content |
//! |---|---|
//! | 0 | service |
//! | 1 | version of the services' protocol, [`PROTOCOL`] |
//! | 2… | the service's own |
//!
//! These two bytes and the messages of [`Service::Sync`] never change, whatever the version: nodes
//! of different versions on one ring must at least see that they are, and still get through the
//! barrier.

use bytes::{Buf, Bytes};
use thiserror::Error;

/// Version of all services' messages together.
pub(crate) const PROTOCOL: u8 = 1;

/// Bytes before the service's own.
pub(crate) const HEADER: usize = 2;

/// Largest message that a service sends of its own accord, bytes.
pub(crate) const LARGEST: usize = 4 << 10;

/// Who a message is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Service {
    /// State exchange and barrier after a membership change.
    Sync,
    /// The node table.
    Nodes,
    /// The vote counter.
    Voting,
    /// Raw messages of applications.
    Evs,
    /// The configuration and its versions.
    Database,
    /// Process groups.
    Groups,
    /// Ports, messages on them, and barriers.
    Ports,
}

impl Service {
    /// All services.
    pub(crate) const ALL: [Self; 7] = [
        Self::Sync,
        Self::Nodes,
        Self::Voting,
        Self::Evs,
        Self::Database,
        Self::Groups,
        Self::Ports,
    ];

    /// What programs know it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Nodes => "cman",
            Self::Voting => "votequorum",
            Self::Evs => "evs",
            Self::Database => "confdb",
            Self::Groups => "cpg",
            Self::Ports => "ports",
        }
    }

    /// Its number on the wire.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Sync => 1,
            Self::Nodes => 2,
            Self::Voting => 3,
            Self::Evs => 4,
            Self::Database => 5,
            Self::Groups => 6,
            Self::Ports => 9,
        }
    }

    /// The service with this number.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Sync),
            2 => Some(Self::Nodes),
            3 => Some(Self::Voting),
            4 => Some(Self::Evs),
            5 => Some(Self::Database),
            6 => Some(Self::Groups),
            9 => Some(Self::Ports),
            _ => None,
        }
    }

    /// The start of a message of this service, with room for `size` bytes more.
    pub(crate) fn message(self, size: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER + size);
        bytes.extend([self.number(), PROTOCOL]);
        bytes
    }
}

/// Whom a message is for, in which version it speaks, and what it says.
pub(crate) fn split(mut message: Bytes) -> Result<(Service, u8, Bytes), MessageError> {
    if message.len() < HEADER {
        let missing = HEADER - message.len();
        return Err(MessageError::Truncated { what: "header", missing });
    }
    let (service, version) = (message.get_u8(), message.get_u8());
    let service = Service::from_number(service).ok_or(MessageError::UnknownService(service))?;
    Ok((service, version, message))
}

/// A message on the ring that no correct node of this version sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MessageError {
    /// It ends before its content does.
    #[error("truncated {what}: {missing} bytes missing")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many bytes more were expected, at least.
        missing: usize,
    },
    /// Bytes follow its content.
    #[error("{extra} bytes after the end of a {what}")]
    Trailing {
        /// What was being read.
        what: &'static str,
        /// How many.
        extra: usize,
    },
    /// No service has this number.
    #[error("unknown service {0}")]
    UnknownService(u8),
    /// A field has a value that no correct sender writes.
    #[error("{field} of a {what} is {value}")]
    BadField {
        /// What was being read.
        what: &'static str,
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// A name that is not UTF-8.
    #[error("{field} of a {what} is not UTF-8")]
    NotText {
        /// What was being read.
        what: &'static str,
        /// Which field.
        field: &'static str,
    },
    /// A state too large to keep until everyone's is there.
    #[error("{what} of {size} bytes, at most {most} are taken")]
    TooLarge {
        /// What was being read.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit.
        most: usize,
    },
    /// A state in more pieces than are kept.
    #[error("list of members in {size} pieces, at most {most} are taken")]
    TooManyPieces {
        /// How many came.
        size: usize,
        /// The limit.
        most: usize,
    },
    /// More of something than one node may have.
    #[error("more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// The node reached the barrier and had not introduced itself.
    #[error("no {what} before the barrier")]
    Missing {
        /// What was missing.
        what: &'static str,
    },
    /// The vote counter cannot read it.
    #[error(transparent)]
    Votes(#[from] quorum::MessageError),
    /// The configuration's replica cannot read it.
    #[error(transparent)]
    Configuration(#[from] confdb::replica::MessageError),
}

/// Takes a message apart from its front. Every step says what it was reading when it fails.
pub(crate) struct Reader {
    what: &'static str,
    rest: Bytes,
}

impl Reader {
    pub(crate) const fn new(what: &'static str, rest: Bytes) -> Self {
        Self { what, rest }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, MessageError> {
        Ok(self.holding(1)?.get_u8())
    }

    pub(crate) fn u16(&mut self) -> Result<u16, MessageError> {
        Ok(self.holding(2)?.get_u16())
    }

    pub(crate) fn u32(&mut self) -> Result<u32, MessageError> {
        Ok(self.holding(4)?.get_u32())
    }

    pub(crate) fn u64(&mut self) -> Result<u64, MessageError> {
        Ok(self.holding(8)?.get_u64())
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, size: usize) -> Result<Bytes, MessageError> {
        Ok(self.holding(size)?.split_to(size))
    }

    /// What is left, when it is at least so many bytes.
    fn holding(&mut self, size: usize) -> Result<&mut Bytes, MessageError> {
        match size.checked_sub(self.rest.len()) {
            None | Some(0) => Ok(&mut self.rest),
            Some(missing) => Err(MessageError::Truncated { what: self.what, missing }),
        }
    }

    /// As many bytes as the two before them say.
    pub(crate) fn long(&mut self) -> Result<Bytes, MessageError> {
        let size = self.u16()?;
        self.bytes(size.into())
    }

    /// As many bytes as the byte before them says.
    pub(crate) fn short(&mut self) -> Result<Bytes, MessageError> {
        let size = self.u8()?;
        self.bytes(size.into())
    }

    /// A text of at most 255 bytes, its length before it.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<String, MessageError> {
        let bytes = self.short()?;
        let text = str::from_utf8(&bytes);
        text.map(str::to_owned).map_err(|_| MessageError::NotText { what: self.what, field })
    }

    /// Nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that is left.
    pub(crate) fn rest(self) -> Bytes {
        self.rest
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), MessageError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(MessageError::Trailing { what: self.what, extra: self.rest.len() })
    }

    /// The error for a field that is out of range.
    pub(crate) fn bad(&self, field: &'static str, value: impl Into<u64>) -> MessageError {
        MessageError::BadField { what: self.what, field, value: value.into() }
    }
}

/// Appends `bytes` with their length before them; what is beyond 255 bytes is cut off.
pub(crate) fn put_short(message: &mut Vec<u8>, bytes: &[u8]) {
    let size = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    message.push(size);
    message.extend_from_slice(&bytes[..usize::from(size)]);
}

/// Appends `bytes` with their length in two bytes before them; what is beyond 65535 is cut off.
pub(crate) fn put_long(message: &mut Vec<u8>, bytes: &[u8]) {
    let size = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    message.extend(size.to_be_bytes());
    message.extend_from_slice(&bytes[..usize::from(size)]);
}

/// Appends a text with its length before it; what is beyond 255 bytes is cut off between two
/// characters. The configuration keeps names shorter than that.
pub(crate) fn put_text(message: &mut Vec<u8>, text: &str) {
    let most = text.len().min(usize::from(u8::MAX));
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    put_short(message, &text.as_bytes()[..end]);
}

#[cfg(test)]
mod tests;
