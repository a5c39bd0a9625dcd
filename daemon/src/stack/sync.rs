//! After a membership change the services tell each other where they stand before anything else
//! happens: each sends its state, then a barrier. The ring orders everything, so whoever has seen
//! every member's barrier has seen every member's state, and applies the same states as they do.
//!
//! Must never apply anything before the last barrier: a further membership change in between
//! simply starts over. Must never take a state or a barrier of another ring for one of this ring:
//! each names its own. And its layout must never change (see [`super::service`]):
//!
//! | bytes | content |
//! |---|---|
//! | 1 | kind: 1 state, 2 barrier |
//! | 8 | sequence of the ring |
//! | 4 | representative of the ring |
//! | 1 | state only: the service |
//! | … | state only: what the service wrote |

use std::collections::BTreeMap;

use bytes::Bytes;
use totem::{NodeId, NodeSet, Plant, RingId, RingSeq, planted};

use super::outbox::Outbox;
use super::service::{LARGEST, MessageError, PROTOCOL, Reader, Service};

const STATE: u8 = 1;
const BARRIER: u8 = 2;

/// Pieces of its list of members that are taken of a node.
const MOST_PIECES: usize = 256;

/// The state exchange of one node.
#[derive(Debug)]
pub(crate) struct Synchronization {
    /// The exchange under way or done on the current ring; `None` between rings.
    round: Option<Round>,
    plant: Plant,
}

/// One exchange, on one ring.
#[derive(Debug)]
struct Round {
    ring: RingId,
    /// Whose barrier is not here yet.
    awaited: NodeSet,
    said: States,
}

/// What the members said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct States {
    /// The members of the ring.
    pub(crate) members: NodeSet,
    /// What each wrote to each service; at most one chunk each.
    pub(crate) chunks: BTreeMap<(Service, NodeId), Bytes>,
    /// The members of process groups on each node, in pieces.
    pub(crate) lists: BTreeMap<NodeId, Vec<Bytes>>,
    /// Who speaks another version of the services' protocol, and which.
    pub(crate) foreign: BTreeMap<NodeId, u8>,
}

impl Synchronization {
    /// None under way. Nothing is planted in what ships.
    pub(crate) const fn new(plant: Plant) -> Self {
        Self { round: None, plant }
    }

    /// The current ring has ended: what its members still say comes too late to be acted on.
    pub(crate) fn abandon(&mut self) {
        self.round = None;
    }

    /// A ring was installed: hears what its members say.
    pub(crate) fn begin(&mut self, ring: RingId, members: &NodeSet, outbox: &mut Outbox) {
        let said = States { members: members.clone(), ..States::default() };
        self.round = Some(Round { ring, awaited: members.clone(), said });
        outbox.forget_ring();
    }

    /// Sends this node's states and its barrier.
    pub(crate) fn say(&self, states: &[(Service, Vec<u8>)], outbox: &mut Outbox) {
        let Some(ring) = self.round.as_ref().map(|round| round.ring) else { return };
        for (service, state) in states {
            let mut message = start(STATE, ring, state.len() + 1);
            message.push(service.number());
            message.extend_from_slice(state);
            outbox.say_on(ring, message);
        }
        outbox.say_on(ring, start(BARRIER, ring, 0));
    }

    /// Takes in what `from` said, and returns everybody's states when this was the last barrier.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        version: u8,
        body: Bytes,
    ) -> Result<Option<States>, MessageError> {
        let mut reader = Reader::new("sync message", body);
        let kind = reader.u8()?;
        let seq = RingSeq::new(reader.u64()?);
        let representative = reader.u32()?;
        let representative = NodeId::new(representative)
            .ok_or_else(|| reader.bad("representative", representative))?;
        let ring = RingId { seq, representative };
        let Some(round) = self.round.as_mut().filter(|round| round.ring == ring) else {
            return Ok(None);
        };
        planted!(self.plant, BarrierNotAwaited => round.awaited.retain(|&node| node == from));
        if !round.awaited.contains(&from) {
            return Ok(None);
        }
        if version != PROTOCOL {
            round.said.foreign.insert(from, version);
        }
        match kind {
            STATE if version != PROTOCOL => Ok(None),
            STATE => round.on_state(from, reader).map(|()| None),
            BARRIER => Ok(round.on_barrier(from)),
            unknown => Err(reader.bad("kind", unknown)),
        }
    }

    /// What a member has said to a service on the current ring.
    pub(crate) fn said(&self, service: Service, from: NodeId) -> Option<Bytes> {
        self.round.as_ref()?.said.chunks.get(&(service, from)).cloned()
    }

    /// Every member's barrier has come on the current ring.
    pub(crate) fn is_done(&self) -> bool {
        self.round.as_ref().is_some_and(|round| round.awaited.is_empty())
    }
}

impl Round {
    fn on_state(&mut self, from: NodeId, mut reader: Reader) -> Result<(), MessageError> {
        let number = reader.u8()?;
        let service = Service::from_number(number).ok_or(MessageError::UnknownService(number))?;
        let state = reader.rest();
        if state.len() > LARGEST {
            let size = state.len();
            return Err(MessageError::TooLarge { what: "state", size, most: LARGEST });
        }
        match service {
            Service::Groups => {
                let pieces = self.said.lists.entry(from).or_default();
                if pieces.len() >= MOST_PIECES {
                    let (size, most) = (pieces.len() + 1, MOST_PIECES);
                    return Err(MessageError::TooManyPieces { size, most });
                }
                pieces.push(state);
            }
            Service::Sync
            | Service::Nodes
            | Service::Voting
            | Service::Evs
            | Service::Database
            | Service::Ports => {
                self.said.chunks.entry((service, from)).or_insert(state);
            }
        }
        Ok(())
    }

    fn on_barrier(&mut self, from: NodeId) -> Option<States> {
        self.awaited.remove(&from);
        self.awaited.is_empty().then(|| std::mem::take(&mut self.said))
    }
}

/// The start of a message about `ring`, with room for `size` bytes more.
fn start(kind: u8, ring: RingId, size: usize) -> Vec<u8> {
    let mut message = Service::Sync.message(13 + size);
    message.push(kind);
    message.extend(ring.seq.get().to_be_bytes());
    message.extend(ring.representative.get().to_be_bytes());
    message
}

#[cfg(test)]
mod tests;
