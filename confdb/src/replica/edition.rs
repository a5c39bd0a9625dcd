//! Which of its texts a configuration is, who holds which, and which of those on a ring is right.
//!
//! Must never take two texts for one because their numbers are equal: an operator may have changed
//! a file and forgotten to raise its version. And must never tell two texts apart that say the
//! same: blanks, comments and quotes are no content.

use core::fmt;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::dump;
use crate::load::xml;
use crate::tree::Handle;

/// What a text says, in 32 bytes: SHA-256 of its objects and keys in document order; of the text
/// itself when it is no configuration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// That of a text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let loaded = xml::load("", text);
        let first = loaded.tree.children(Handle::ROOT).first();
        let content = first
            .filter(|_| loaded.sound)
            .and_then(|object| dump::to_xml(&loaded.tree, *object).ok());
        let mut hash = Sha256::new();
        match content {
            Some(content) => {
                hash.update(b"objects:");
                hash.update(content);
            }
            None => {
                hash.update(b"text:");
                hash.update(text);
            }
        }
        Self(hash.finalize().into())
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One text among all that a configuration has had.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edition {
    /// Its `config_version`.
    pub version: u64,
    /// What it says.
    pub digest: Digest,
}

/// Most editions that a node remembers to have accepted: the newest.
pub const MOST_ACCEPTED: usize = 8;

/// What a node says of its configuration to everyone on a ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// What it runs with.
    pub edition: Edition,
    /// It is a member of a quorate cluster.
    pub established: bool,
    /// It said that it can apply these, and does not know whether all did; ascending, at most
    /// [`MOST_ACCEPTED`].
    pub accepted: Vec<Edition>,
    /// Stands for the secrets that the text it runs with names and does not hold, as in
    /// [`Replica::checked`](super::Replica::checked).
    pub mark: u64,
}

impl Holding {
    /// It says that it can apply this, and waits for the others.
    pub(super) fn accept(&mut self, edition: Edition) {
        if !self.accepted.contains(&edition) {
            self.accepted.push(edition);
            self.accepted.sort();
        }
        let beyond = self.accepted.len().saturating_sub(MOST_ACCEPTED);
        self.accepted.drain(..beyond);
    }

    /// It goes by this from now on: what is not newer does not matter any more.
    pub(super) fn go_by(&mut self, edition: Edition, mark: u64) {
        (self.edition, self.mark) = (edition, mark);
        self.accepted.retain(|accepted| accepted.version > edition.version);
    }
}

/// How what a node holds relates to what the cluster on its ring goes by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It is the same.
    Current,
    /// It is older.
    Behind,
    /// It is newer, and the cluster never agreed to it.
    Ahead,
    /// It has the same version and says something else.
    Apart,
}

impl Place {
    /// Of `held` where the cluster goes by `target`.
    #[must_use]
    pub fn of(held: &Edition, target: &Edition) -> Self {
        if held == target {
            Self::Current
        } else if held.version < target.version {
            Self::Behind
        } else if held.version > target.version {
            Self::Ahead
        } else {
            Self::Apart
        }
    }
}

/// What the nodes of a ring are to go by; `None` of nobody.
///
/// Whoever comes as a member of a quorate cluster goes before all others: a newcomer must not
/// change what works. Among them, and where nobody does, as at a cold start, the highest version is
/// right: only a quorate cluster can have made it, or an operator. Having been a member once gives
/// no right: who was cut off since may have missed what the others decided before they were
/// restarted (seed 13511). Of several texts with one number it is the one that most nodes hold,
/// then that of the lowest id. And what somebody holds that is newer still is right when one of
/// those who are right so far had accepted it: then it was, or may have been, decided before it was
/// cut off or died.
pub(super) fn target(ring: &BTreeMap<u32, Holding>) -> Option<Edition> {
    let established = ring.values().any(|holding| holding.established);
    let candidates = || ring.iter().filter(|(_, holding)| holding.established || !established);
    let highest = candidates().map(|(_, holding)| holding.edition.version).max()?;
    let count =
        |edition: Edition| candidates().filter(|(_, holding)| holding.edition == edition).count();
    let mut best: Option<(usize, Edition)> = None;
    for (_, holding) in candidates().filter(|(_, holding)| holding.edition.version == highest) {
        let held_by = count(holding.edition);
        if best.is_none_or(|(most, _)| held_by > most) {
            best = Some((held_by, holding.edition));
        }
    }
    let mut best = best.map(|(_, edition)| edition)?;
    let held = |edition: Edition| ring.values().any(|holding| holding.edition == edition);
    // Versions only grow here, so this ends.
    while let Some(newer) = ring
        .values()
        .filter(|holding| holding.edition == best)
        .flat_map(|holding| holding.accepted.iter().copied())
        .find(|accepted| accepted.version > best.version && held(*accepted))
    {
        best = newer;
    }
    Some(best)
}

#[cfg(test)]
mod tests;
