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

use super::{FRAME_HEADER, KIND_FRAME, Packet, Reader};
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
        let (Body::Data(payload) | Body::Recovered(payload)) = &self.body;
        let mut packet = BytesMut::with_capacity(FRAME_HEADER + payload.len());
        self.put_header(&mut packet);
        packet.put_slice(payload);
        packet.freeze()
    }

    fn put_header(&self, mut to: impl BufMut) {
        to.put_u8(KIND_FRAME);
        to.put_u64(self.ring.seq.get());
        to.put_u32(self.ring.representative.get());
        to.put_u32(self.seq.get());
        to.put_u32(self.from.get());
        to.put_u64(self.turn);
        let recovered = match self.body {
            Body::Data(_) => 0,
            Body::Recovered(_) => RECOVERED,
        };
        to.put_u8(if self.safe { SAFE | recovered } else { recovered });
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

/// A frame that has no place yet: what it carries, behind room for its header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Blank {
    /// Room of [`FRAME_HEADER`] bytes, and the payload.
    pub(crate) packet: BytesMut,
    /// As in [`Frame`].
    pub(crate) safe: bool,
    /// The payload is a frame of an older ring.
    pub(crate) recovered: bool,
}

impl Blank {
    /// Carries an encoded frame of an older ring.
    pub(crate) fn recovered(frame: &Bytes) -> Self {
        let mut packet = BytesMut::with_capacity(FRAME_HEADER + frame.len());
        packet.put_bytes(0, FRAME_HEADER);
        packet.put_slice(frame);
        Self { packet, safe: false, recovered: true }
    }

    /// The frame at its place, and its bytes, of which its payload is a slice.
    pub(crate) fn place(self, ring: RingId, seq: Seq, from: NodeId, turn: u64) -> (Frame, Bytes) {
        let Self { mut packet, safe, recovered } = self;
        let body = if recovered { Body::Recovered } else { Body::Data };
        let mut frame = Frame { ring, seq, from, turn, safe, body: body(Bytes::new()) };
        let (header, _) = packet.split_at_mut(FRAME_HEADER);
        frame.put_header(header);
        let packet = packet.freeze();
        frame.body = body(packet.slice(FRAME_HEADER..));
        (frame, packet)
    }
}
