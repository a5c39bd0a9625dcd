//! The regular token: who holds it may send, and it carries the order.
//!
//! | bytes | field |
//! |---|---|
//! | 12 | ring |
//! | 8 | hop: grows by one at every pass |
//! | 4 | seq: last place assigned |
//! | 4 | aru: all members have received up to here, as far as is known |
//! | 4 | who lowered the aru, or 0 |
//! | 4 | frames sent by all in the last rotation |
//! | 4 | frames waiting at all members |
//! | 4 | who still owes old messages in recovery, or 0 |
//! | 2 + 8n | holes to fill, as ranges |

use alloc::vec::Vec;

use bytes::BufMut;

use super::{MOST_HOLES, MOST_HOPS, Range, Reader, Writer};
use crate::error::PacketError;
use crate::ids::{NodeId, RingId, Seq};

/// See the module's head for the layout, Totem §4.1 for the meaning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// The ring it belongs to.
    pub ring: RingId,
    /// Grows by one at every pass: a repeated token is recognised by it.
    pub hop: u64,
    /// Last place assigned; with the accelerated ring, not necessarily sent yet.
    pub seq: Seq,
    /// All members have received up to here, as far as this rotation knows.
    pub aru: Seq,
    /// The member that lowered `aru` and alone may raise it.
    pub aru_setter: Option<NodeId>,
    /// Frames sent by all members in the last rotation.
    pub sent: u32,
    /// Frames waiting at all members.
    pub backlog: u32,
    /// The member that still owes old messages in recovery.
    pub owing: Option<NodeId>,
    /// Holes to fill: ascending, apart, at most [`MOST_HOLES`].
    pub holes: Vec<Range>,
}

impl Token {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        Ok(Self {
            ring: reader.ring()?,
            hop: read_hop(reader)?,
            seq: reader.seq()?,
            aru: reader.seq()?,
            aru_setter: reader.maybe_node()?,
            sent: reader.u32()?,
            backlog: reader.u32()?,
            owing: reader.maybe_node()?,
            holes: reader.ranges("holes", MOST_HOLES)?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.ring(self.ring);
        writer.0.put_u64(self.hop);
        writer.seq(self.seq);
        writer.seq(self.aru);
        writer.maybe_node(self.aru_setter);
        writer.0.put_u32(self.sent);
        writer.0.put_u32(self.backlog);
        writer.maybe_node(self.owing);
        writer.ranges(&self.holes);
    }
}

/// A hop is counted on from: what leaves no room for that no token reaches.
fn read_hop(reader: &mut Reader<'_>) -> Result<u64, PacketError> {
    match reader.u64()? {
        hop if hop > MOST_HOPS => Err(reader.bad("hop", hop)),
        hop => Ok(hop),
    }
}
