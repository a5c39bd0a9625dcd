//! The commit token: goes round the proposed ring twice, once to collect, once to confirm.
//!
//! | bytes | field |
//! |---|---|
//! | 12 | ring proposed |
//! | 4 | hop: 1 from the representative to the second member, and so on |
//! | 4 | first: the place before the ring's first frame |
//! | 2 | members; then for each, by ascending id: |
//! | 4 | node |
//! | 1 | filled |
//! | 8 | boot epoch (if filled, as all that follows) |
//! | 12 | old ring, or zeros |
//! | 4 + 4 + 4 | aru, highest place seen, last place delivered in the old ring |
//! | 2 + 8n | what it has beyond its aru, as ranges |
//! | 16 | obligations, one bit per member of the old ring: the lowest bit is the lowest id |

use alloc::vec::Vec;

use bytes::BufMut;

use super::{MOST_MEMBERS, MOST_RANGES, Range, Reader, Writer};
use crate::error::PacketError;
use crate::ids::{NodeId, NodeSet, RingId, Seq};

/// See Totem §4.3; the ranges are ours: with them one copy per message suffices in recovery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommitToken {
    /// The ring being formed.
    pub ring: RingId,
    /// Passes so far; `n` when the representative has it back, `2n` when it has it back again.
    pub hop: u32,
    /// The place before the ring's first frame.
    pub first: Seq,
    /// The members by ascending id.
    pub entries: Vec<Entry>,
}

/// One member's part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The member.
    pub node: NodeId,
    /// What it wrote when the token came by.
    pub filled: Option<Filled>,
}

/// What a member tells of where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filled {
    /// Its boot epoch.
    pub boot: u64,
    /// The ring it was last in.
    pub old: Option<RingId>,
    /// There, it has received everything up to here.
    pub aru: Seq,
    /// The highest place it has seen assigned.
    pub high: Seq,
    /// The last place it has delivered.
    pub delivered: Seq,
    /// What it has beyond `aru`, at most [`MOST_RANGES`] ranges.
    pub have: Vec<Range>,
    /// Members of its old ring whose messages it must deliver whatever ring comes next (the
    /// obligation set of Moser et al., ICDCS 1994); bit `i` is the `i`-th by ascending id. A ring
    /// has at most [`MOST_MEMBERS`] members, so there is a bit for each.
    pub obliged: u128,
}

const _: () = assert!(MOST_MEMBERS <= 128, "one bit of the obligations for each member");

impl Filled {
    /// This member certainly has the frame at `seq` of its old ring.
    #[must_use]
    pub fn has(&self, seq: Seq) -> bool {
        self.aru.at_or_after(seq) || self.have.iter().any(|range| range.contains(seq))
    }
}

impl CommitToken {
    /// The members of the ring being formed.
    #[must_use]
    pub fn members(&self) -> NodeSet {
        self.entries.iter().map(|entry| entry.node).collect()
    }

    /// Everybody has written.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.entries.iter().all(|entry| entry.filled.is_some())
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        let (ring, hop, first) = (reader.ring()?, reader.u32()?, reader.seq()?);
        let mut entries: Vec<Entry> = Vec::new();
        for _ in 0..reader.count("members", MOST_MEMBERS)? {
            let node = reader.node()?;
            if entries.last().is_some_and(|last| last.node >= node) {
                return Err(reader.bad("members", node.get()));
            }
            let filled = if reader.flag("filled")? { Some(Filled::read(reader)?) } else { None };
            entries.push(Entry { node, filled });
        }
        if entries.first().map(|entry| entry.node) != Some(ring.representative) {
            return Err(reader.bad("representative", ring.representative.get()));
        }
        Ok(Self { ring, hop, first, entries })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.ring(self.ring);
        writer.0.put_u32(self.hop);
        writer.seq(self.first);
        writer.count(self.entries.len());
        for entry in &self.entries {
            writer.node(entry.node);
            writer.flag(entry.filled.is_some());
            if let Some(filled) = &entry.filled {
                filled.write(writer);
            }
        }
    }
}

impl Filled {
    fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        Ok(Self {
            boot: reader.u64()?,
            old: reader.maybe_ring()?,
            aru: reader.seq()?,
            high: reader.seq()?,
            delivered: reader.seq()?,
            have: reader.ranges("ranges", MOST_RANGES)?,
            obliged: u128::from(reader.u64()?) << 64 | u128::from(reader.u64()?),
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.0.put_u64(self.boot);
        writer.maybe_ring(self.old);
        writer.seq(self.aru);
        writer.seq(self.high);
        writer.seq(self.delivered);
        writer.ranges(&self.have);
        writer.0.put_u128(self.obliged);
    }
}
