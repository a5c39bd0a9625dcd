//! A number of votes cannot stand where a number of nodes is meant: nodes with several votes, or
//! none, are why.
//!
//! Must never wrap. One number is 32 bits wide, as on the wire and in the file; sums are 64 bits
//! wide, which four thousand million nodes of the largest vote do not fill.

use core::fmt;

/// A number of votes: of a node, or expected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Votes(u32);

impl Votes {
    /// No vote.
    pub const ZERO: Self = Self(0);
    /// What a node has whose file says nothing.
    pub const ONE: Self = Self(1);

    /// So many votes.
    #[must_use]
    pub const fn new(votes: u32) -> Self {
        Self(votes)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The number, as sums are kept.
    #[must_use]
    pub fn wide(self) -> u64 {
        u64::from(self.0)
    }

    /// The sum of `votes`, exact.
    pub fn sum(votes: impl IntoIterator<Item = Self>) -> u64 {
        // Saturation is out of reach: it takes 2^32 voters.
        votes.into_iter().fold(0, |sum: u64, votes| sum.saturating_add(votes.wide()))
    }

    /// A sum as a number of votes, for display and for the wire; the largest number when it does
    /// not fit. Decisions are taken on the exact sum.
    #[must_use]
    pub fn saturated(sum: u64) -> Self {
        Self(u32::try_from(sum).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Votes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Votes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

#[cfg(test)]
mod tests;
