//! Short words: a ring's beacon for those outside, and signals between two nodes.
//!
//! | beacon | bytes | signal | bytes |
//! |---|---|---|---|
//! | boot epoch | 8 | word (1 hold cancel, 2 probe, 3 answer, 4 commit received) | 1 |
//! | weight | 4 | hold cancel, commit received: ring | 12 |
//! | ring | 12 | probe, answer: nonce | 8 |
//! | members | 2 + 4n | commit received: hop | 4 |
//! | heard | 2 + 4n | | |

use bytes::BufMut;

use super::{Reader, Writer};
use crate::error::PacketError;
use crate::ids::{NodeSet, RingId};

/// An operational ring's sign of life (Totem: merge detect), with its sender's row of the
/// reachability matrix: who hears and is heard by all can be let in without disturbing anyone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beacon {
    /// Boot epoch of the sender.
    pub boot: u64,
    /// The sender's weight.
    pub weight: u32,
    /// Its ring.
    pub ring: RingId,
    /// The members of that ring.
    pub members: NodeSet,
    /// Whose packets the sender receives.
    pub heard: NodeSet,
}

/// A word between two nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// To all: there is work, do not hold the idle token of this ring.
    HoldCancel(RingId),
    /// Are you there?
    Probe(u64),
    /// I am, says the answer to the probe with the same nonce.
    Answer(u64),
    /// I have the commit token of this ring, with this hop.
    CommitReceived(RingId, u32),
}

impl Beacon {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        Ok(Self {
            boot: reader.u64()?,
            weight: reader.u32()?,
            ring: reader.ring()?,
            members: reader.nodes("members")?,
            heard: reader.nodes("heard")?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.0.put_u64(self.boot);
        writer.0.put_u32(self.weight);
        writer.ring(self.ring);
        writer.nodes(&self.members);
        writer.nodes(&self.heard);
    }
}

impl Signal {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        match reader.u8()? {
            1 => reader.ring().map(Self::HoldCancel),
            2 => reader.u64().map(Self::Probe),
            3 => reader.u64().map(Self::Answer),
            4 => Ok(Self::CommitReceived(reader.ring()?, reader.u32()?)),
            other => Err(reader.bad("word", other)),
        }
    }

    pub(super) fn write(self, writer: &mut Writer) {
        match self {
            Self::HoldCancel(ring) => writer.kind(1, |writer| writer.ring(ring)),
            Self::Probe(nonce) => writer.kind(2, |writer| writer.0.put_u64(nonce)),
            Self::Answer(nonce) => writer.kind(3, |writer| writer.0.put_u64(nonce)),
            Self::CommitReceived(ring, hop) => writer.kind(4, |writer| {
                writer.ring(ring);
                writer.0.put_u32(hop);
            }),
        }
    }
}
