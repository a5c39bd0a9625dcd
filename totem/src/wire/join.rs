//! A join: whom a gathering node sees, whom it gave up, and whom it hears.
//!
//! | bytes | field |
//! |---|---|
//! | 8 | boot epoch of the sender |
//! | 8 | serial: grows with every join of this boot |
//! | 8 | highest ring sequence it knows |
//! | 4 | its weight |
//! | 1 | it is leaving |
//! | 2 + 4n | candidates |
//! | 2 + 4n | failed |
//! | 2 + 4n | heard: its row of the reachability matrix |
//! | 2 + 13n | departures: node, boot epoch, evidence |

use alloc::collections::BTreeMap;

use bytes::BufMut;

use super::{MOST_MEMBERS, Reader, Writer};
use crate::configuration::Evidence;
use crate::error::PacketError;
use crate::ids::{NodeId, NodeSet, RingSeq};

/// See Totem §4.2; the row and the departures are ours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Join {
    /// Boot epoch of the sender.
    pub boot: u64,
    /// Tells a newer join of this sender from an older one.
    pub serial: u64,
    /// Highest ring sequence the sender knows; the new ring's is higher.
    pub highest: RingSeq,
    /// The sender's weight where a choice must be made.
    pub weight: u32,
    /// The sender is leaving: this is its good-bye.
    pub leaving: bool,
    /// Who could be in the new ring (Totem: `proc_set`).
    pub candidates: NodeSet,
    /// Of these, who will not (Totem: `fail_set`).
    pub failed: NodeSet,
    /// Whose packets the sender receives.
    pub heard: NodeSet,
    /// Who is proven gone, by which incarnation and evidence.
    pub departures: BTreeMap<NodeId, Departure>,
}

/// Proof that an incarnation of a node is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Departure {
    /// The incarnation; a later one is not meant.
    pub boot: u64,
    /// The proof.
    pub evidence: Evidence,
}

impl Join {
    /// Whom the sender proposes for the new ring.
    #[must_use]
    pub fn proposed(&self) -> NodeSet {
        &self.candidates - &self.failed
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        Ok(Self {
            boot: reader.u64()?,
            serial: reader.u64()?,
            highest: reader.ring_seq()?,
            weight: reader.u32()?,
            leaving: reader.flag("leaving")?,
            candidates: reader.nodes("candidates")?,
            failed: reader.nodes("failed")?,
            heard: reader.nodes("heard")?,
            departures: read_departures(reader)?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.0.put_u64(self.boot);
        writer.0.put_u64(self.serial);
        writer.0.put_u64(self.highest.get());
        writer.0.put_u32(self.weight);
        writer.flag(self.leaving);
        writer.nodes(&self.candidates);
        writer.nodes(&self.failed);
        writer.nodes(&self.heard);
        writer.count(self.departures.len());
        for (&node, departure) in &self.departures {
            writer.node(node);
            writer.0.put_u64(departure.boot);
            writer.0.put_u8(evidence_code(departure.evidence));
        }
    }
}

fn read_departures(reader: &mut Reader<'_>) -> Result<BTreeMap<NodeId, Departure>, PacketError> {
    let mut departures = BTreeMap::new();
    for _ in 0..reader.count("departures", MOST_MEMBERS)? {
        let (node, boot, code) = (reader.node()?, reader.u64()?, reader.u8()?);
        let evidence = match code {
            1 => Evidence::Left,
            2 => Evidence::Refused,
            3 => Evidence::Restarted,
            4 => Evidence::Deaf,
            other => return Err(reader.bad("evidence", other)),
        };
        if departures.last_key_value().is_some_and(|(&last, _)| last >= node) {
            return Err(reader.bad("departures", node.get()));
        }
        departures.insert(node, Departure { boot, evidence });
    }
    Ok(departures)
}

/// Only proofs travel: what one observer judged stays with it (see [`Evidence::is_proof`]).
fn evidence_code(evidence: Evidence) -> u8 {
    match evidence {
        Evidence::Left => 1,
        Evidence::Refused => 2,
        Evidence::Restarted => 3,
        Evidence::Deaf => 4,
        Evidence::Silent | Evidence::Unreachable => unreachable!("departures hold proofs only"),
    }
}
