//! A text that is on its way in parts, and one that all shall go by.
//!
//! Must never keep more than was announced, and never take a part out of its turn.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Ticket;
use super::edition::Edition;

/// How a text is announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sent {
    pub(super) number: u32,
    pub(super) edition: Edition,
    pub(super) size: u32,
}

/// A text of which not all parts may be here yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Incoming {
    pub(super) edition: Edition,
    size: usize,
    bytes: Vec<u8>,
}

impl Incoming {
    pub(super) fn new(edition: Edition, size: u32) -> Self {
        Self { edition, size: usize::try_from(size).unwrap_or(usize::MAX), bytes: Vec::new() }
    }

    /// Takes the next part in; true when it was the last.
    pub(super) fn take(&mut self, offset: u32, part: &[u8]) -> bool {
        let next = usize::try_from(offset) == Ok(self.bytes.len());
        if next && !part.is_empty() && part.len() <= self.size - self.bytes.len() {
            self.bytes.extend_from_slice(part);
            return self.bytes.len() == self.size;
        }
        false
    }

    pub(super) fn text(&self) -> Arc<[u8]> {
        Arc::from(&self.bytes[..])
    }
}

/// A text that all shall go by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Proposal {
    pub(super) by: u32,
    pub(super) number: u32,
    pub(super) incoming: Incoming,
    /// Who has a say: who went by the old text when it was proposed.
    pub(super) voters: BTreeSet<u32>,
    accepted: BTreeSet<u32>,
    /// Who accepted first, with which mark.
    first: Option<(u32, u64)>,
    /// This node is asked whether it can go by it.
    pub(super) ticket: Option<Ticket>,
}

impl Proposal {
    pub(super) fn new(by: u32, sent: Sent, voters: BTreeSet<u32>) -> Self {
        let Sent { number, edition, size } = sent;
        let incoming = Incoming::new(edition, size);
        Self { by, number, incoming, voters, accepted: BTreeSet::new(), first: None, ticket: None }
    }

    pub(super) const fn version(&self) -> u64 {
        self.incoming.edition.version
    }

    pub(super) const fn is(&self, proposer: u32, number: u32) -> bool {
        self.by == proposer && self.number == number
    }

    pub(super) fn is_voter(&self, node: u32) -> bool {
        self.voters.contains(&node)
    }

    /// A node can go by it, with this mark.
    ///
    /// # Errors
    /// Who has accepted with another one.
    pub(super) fn accept(&mut self, node: u32, mark: u64) -> Result<(), u32> {
        if !self.voters.contains(&node) {
            return Ok(());
        }
        let (other, first) = *self.first.get_or_insert((node, mark));
        if first != mark {
            return Err(other);
        }
        self.accepted.insert(node);
        Ok(())
    }

    /// The mark of all who have accepted.
    pub(super) fn mark(&self) -> u64 {
        self.first.map_or(0, |(_, mark)| mark)
    }

    /// All who have a say have accepted.
    pub(super) fn is_decided(&self) -> bool {
        self.accepted == self.voters
    }
}
