//! What can go wrong, sorted by whose fault it is: the peer's, or the caller's.
//!
//! Must never be the reason a ring stops: a peer can make us return an error, nothing more.

use core::time::Duration;

use thiserror::Error;

/// A packet that no correct peer sends. The ring is unharmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum PacketError {
    /// It ends before its content does.
    #[error("truncated {kind}: {missing} bytes missing")]
    Truncated {
        /// What was being read.
        kind: &'static str,
        /// How many bytes more were expected, at least.
        missing: usize,
    },
    /// Bytes follow its content.
    #[error("{extra} bytes after the end of a {kind}")]
    Trailing {
        /// What was being read.
        kind: &'static str,
        /// How many.
        extra: usize,
    },
    /// No packet kind has this number.
    #[error("unknown packet kind {0}")]
    UnknownKind(u8),
    /// A field has a value that no correct sender writes.
    #[error("{field} of a {kind} is {value}")]
    BadField {
        /// What was being read.
        kind: &'static str,
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// The sender that authenticated the packet is not the one named in it.
    #[error("{kind} sealed by node {sealed} speaks for node {named}")]
    Impostor {
        /// What was being read.
        kind: &'static str,
        /// Who sealed it.
        sealed: u32,
        /// Whom it names.
        named: u32,
    },
}

/// A request of the application that cannot be met. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Refused {
    /// The lane has no room: try again after the next delivery.
    #[error("{waiting} bytes are waiting, no room for {size} more: try again")]
    Full {
        /// Bytes waiting in the lane.
        waiting: usize,
        /// Size of the message.
        size: usize,
    },
    /// No message can be this large.
    #[error("message of {size} bytes, at most {most} are possible")]
    TooLarge {
        /// Size of the message.
        size: usize,
        /// The limit.
        most: usize,
    },
    /// The node is leaving the ring.
    #[error("this node is leaving")]
    Leaving,
}

/// A configuration that does not work.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// A time below what the protocol needs.
    #[error("{name} is {value:?}, at least {least:?} is needed")]
    TooShort {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: Duration,
        /// The least that works.
        least: Duration,
    },
    /// A number outside its range.
    #[error("{name} is {value}, expected {least} to {most}")]
    OutOfRange {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: usize,
        /// Lower bound.
        least: usize,
        /// Upper bound.
        most: usize,
    },
}
