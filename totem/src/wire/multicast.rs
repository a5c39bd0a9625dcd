//! A sequenced frame: the payload of one place in the order.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | kind (2) |
//! | 12 | ring |
//! | 4 | seq |
//! | 4 | originator (a repair is sent by whoever has it) |
//! | 8 | turn: hop of the token with which it was first sent |
//! | 1 | flags: 1 safe, 2 recovered |
//! | rest | packed messages; or, when recovered, a whole frame of an older ring |

use bytes::{BufMut, Bytes, BytesMut};

use super::{FRAME_HEADER, KIND_FRAME, Packet, Reader, Writer};
use crate::error::PacketError;
use crate::ids::{NodeId, RingId, Seq};

const SAFE: u8 = 1;
const RECOVERED: u8 = 2;

/// One place in the order of a ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The ring that orders it.
    pub ring: RingId,
    /// Its place.
    pub seq: Seq,
    /// Who sent it first.
    pub from: NodeId,
    /// Hop of the token with which it was first sent.
    pub turn: u64,
    /// Not to be delivered before all members are known to have it.
    pub safe: bool,
    /// Its content.
    pub body: Body,
}

/// The content of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Packed messages, see [`crate::packing`](crate).
    Data(Bytes),
    /// An encoded frame of an older ring, sent again in recovery.
    Recovered(Bytes),
}

impl Frame {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, PacketError> {
        let (ring, seq, from, turn) =
            (reader.ring()?, reader.seq()?, reader.node()?, reader.u64()?);
        let flags = reader.u8()?;
        if flags & !(SAFE | RECOVERED) != 0 {
            return Err(reader.bad("flags", flags));
        }
        let payload = reader.rest();
        let body =
            if flags & RECOVERED == 0 { Body::Data(payload) } else { Body::Recovered(payload) };
        Ok(Self { ring, seq, from, turn, safe: flags & SAFE != 0, body })
    }

    /// Writes it, kind byte included. A frame is repaired with the very bytes that were sent.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let (payload, recovered) = match &self.body {
            Body::Data(payload) => (payload, 0),
            Body::Recovered(payload) => (payload, RECOVERED),
        };
        let mut writer = Writer(BytesMut::with_capacity(FRAME_HEADER + payload.len()));
        writer.0.put_u8(KIND_FRAME);
        writer.ring(self.ring);
        writer.seq(self.seq);
        writer.node(self.from);
        writer.0.put_u64(self.turn);
        writer.0.put_u8(if self.safe { SAFE | recovered } else { recovered });
        writer.0.put_slice(payload);
        writer.0.freeze()
    }

    /// Reads the frame inside a recovered one.
    ///
    /// # Errors
    /// The payload is not a frame that carries data.
    pub fn decode_recovered(payload: &Bytes) -> Result<Self, PacketError> {
        match Packet::decode(payload)? {
            Packet::Frame(frame) if matches!(frame.body, Body::Data(_)) => Ok(frame),
            Packet::Frame(_)
            | Packet::Token(_)
            | Packet::Join(_)
            | Packet::Commit(_)
            | Packet::Beacon(_)
            | Packet::Signal(_) => Err(PacketError::BadField {
                kind: "recovered frame",
                field: "kind",
                value: u64::from(payload.first().copied().unwrap_or_default()),
            }),
        }
    }
}
