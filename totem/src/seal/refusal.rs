//! Why a packet is not opened, and how often that happened.
//!
//! Must never hold more of a refused packet than says what was wrong: most come from strangers.

use thiserror::Error;

use super::MOST_SENDERS;
use super::keys::KeyId;
use crate::ids::NodeId;

/// Why a packet was not opened. The ring does not hear of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SealError {
    /// Shorter than header and tag.
    #[error("truncated packet: {missing} bytes missing")]
    Truncated {
        /// How many bytes more were expected, at least.
        missing: usize,
    },
    /// Another protocol, or a version of this one that we do not speak.
    #[error("not a packet of ours: magic {magic:#06x}, version {version}")]
    NotOurs {
        /// Its first two bytes.
        magic: u16,
        /// The version of its layout.
        version: u8,
    },
    /// It names another cluster.
    #[error("packet of cluster {0}")]
    ForeignCluster(u32),
    /// It names a key that we do not have. Found before authentication: a claim.
    #[error("packet sealed with key {key}, claims to be of node {sender}: we do not have that key")]
    UnknownKey {
        /// The node it claims to come from.
        sender: u32,
        /// The key.
        key: KeyId,
    },
    /// It was not sealed with our key, or not by the boot of the node it names, or was changed.
    #[error("packet not authentic, claims to be of node {sender}")]
    Forged {
        /// The node it claims to come from.
        sender: u32,
    },
    /// Its counter was seen, or is too old to know. Found before authentication: a claim.
    #[error("packet {counter} of node {sender} again, or too old")]
    Replayed {
        /// The node it claims to come from.
        sender: NodeId,
        /// Its counter.
        counter: u64,
    },
    /// A newer boot of this sender was heard. Found before authentication: a claim.
    #[error("packet of boot {boot} of node {sender}, which has since started as {newest}")]
    OldBoot {
        /// The node it claims to come from.
        sender: NodeId,
        /// The boot it claims.
        boot: u64,
        /// The newest boot of that node.
        newest: u64,
    },
    /// Our own packet, as a multicast comes back.
    #[error("our own packet")]
    Looped,
    /// An authentic packet with our node id and another boot epoch. A higher one is a second node
    /// with our id; a lower one may also be a late packet of this node before its last restart.
    #[error("another node uses our id, in boot {boot}")]
    DuplicateId {
        /// The boot of the other.
        boot: u64,
    },
    /// An authentic packet of one sender more than we remember.
    #[error("node {sender} is one sender too many, {MOST_SENDERS} are known")]
    TooManySenders {
        /// The sender that was not let in.
        sender: NodeId,
    },
}

/// Packets refused since the start, by kind. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Refusals {
    /// [`SealError::Truncated`].
    pub truncated: u64,
    /// [`SealError::NotOurs`].
    pub not_ours: u64,
    /// [`SealError::ForeignCluster`].
    pub foreign_cluster: u64,
    /// [`SealError::UnknownKey`].
    pub unknown_key: u64,
    /// [`SealError::Forged`].
    pub forged: u64,
    /// [`SealError::Replayed`].
    pub replayed: u64,
    /// [`SealError::OldBoot`].
    pub old_boot: u64,
    /// [`SealError::Looped`].
    pub looped: u64,
    /// [`SealError::DuplicateId`].
    pub duplicate_id: u64,
    /// [`SealError::TooManySenders`].
    pub too_many_senders: u64,
}

impl Refusals {
    pub(super) const fn count(&mut self, error: &SealError) {
        let counter = match error {
            SealError::Truncated { .. } => &mut self.truncated,
            SealError::NotOurs { .. } => &mut self.not_ours,
            SealError::ForeignCluster(_) => &mut self.foreign_cluster,
            SealError::UnknownKey { .. } => &mut self.unknown_key,
            SealError::Forged { .. } => &mut self.forged,
            SealError::Replayed { .. } => &mut self.replayed,
            SealError::OldBoot { .. } => &mut self.old_boot,
            SealError::Looped => &mut self.looped,
            SealError::DuplicateId { .. } => &mut self.duplicate_id,
            SealError::TooManySenders { .. } => &mut self.too_many_senders,
        };
        *counter = counter.saturating_add(1);
    }
}
