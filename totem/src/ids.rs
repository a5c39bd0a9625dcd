//! Names for nodes, rings and messages, so that one can never stand where another is meant.
//!
//! Must never do arithmetic that wraps silently: a sequence number is compared as a serial number
//! (RFC 1982), a ring sequence is 64 bits wide and only grows.

use alloc::collections::BTreeSet;
use core::fmt;

/// A node of the cluster, as numbered in its configuration. Zero names no node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// A node id; `None` for zero.
    #[must_use]
    pub const fn new(id: u32) -> Option<Self> {
        if id == 0 { None } else { Some(Self(id)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// Nodes in ascending order: ring order is node id order.
pub type NodeSet = BTreeSet<NodeId>;

/// The generation of a ring: grows by [`RingSeq::STEP`] with every ring, survives restarts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RingSeq(u64);

impl RingSeq {
    /// What one new ring adds (Totem, recovery: room for the identifiers of transitional
    /// configurations; operators know generations as multiples of four).
    pub const STEP: u64 = 4;

    /// A ring sequence, as read from stable storage.
    #[must_use]
    pub const fn new(seq: u64) -> Self {
        Self(seq)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// No ring ever gets this far; what claims to is refused where it enters.
    pub const MOST: Self = Self(1 << 62);

    /// The sequence of the ring that follows one of sequence `self`, at most [`Self::MOST`].
    #[must_use]
    pub const fn next(self) -> Self {
        Self((self.0 / Self::STEP + 1) * Self::STEP)
    }
}

impl fmt::Display for RingSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for RingSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// A ring: its sequence and its representative (Totem §3: the pair is unique for ever).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RingId {
    /// Generation of the ring; compared first.
    pub seq: RingSeq,
    /// The member with the lowest id.
    pub representative: NodeId,
}

impl fmt::Display for RingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.representative, self.seq)
    }
}

impl fmt::Debug for RingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The place of a frame in the total order of one ring. Wraps: compare with [`Seq::after`] and
/// friends, which are right while the two are less than 2^31 apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seq(u32);

impl Seq {
    /// A place in the order.
    #[must_use]
    pub const fn new(seq: u32) -> Self {
        Self(seq)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The next place.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The place before.
    #[must_use]
    pub const fn prev(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    /// `count` places further.
    #[must_use]
    pub const fn add(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// `self` comes later than `other`.
    #[must_use]
    pub const fn after(self, other: Self) -> bool {
        let distance = self.0.wrapping_sub(other.0);
        distance != 0 && distance < 1 << 31
    }

    /// `self` is `other` or comes later.
    #[must_use]
    pub const fn at_or_after(self, other: Self) -> bool {
        self.0.wrapping_sub(other.0) < 1 << 31
    }

    /// How many places `self` lies after `base`; zero when it does not.
    #[must_use]
    pub const fn distance_from(self, base: Self) -> u32 {
        if self.at_or_after(base) { self.0.wrapping_sub(base.0) } else { 0 }
    }

    /// The later of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.after(other) { self } else { other }
    }

    /// The earlier of the two.
    #[must_use]
    pub const fn min(self, other: Self) -> Self {
        if self.after(other) { other } else { self }
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

#[cfg(test)]
mod tests;
