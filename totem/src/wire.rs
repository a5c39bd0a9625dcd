//! Bytes on the network: the only place that knows where a field stands.
//!
//! Must never panic, allocate without a bound, or hand out a value that the protocol would have to
//! check again: [`Packet::decode`] is total. Integers are big endian; lists are preceded by their
//! length, which is checked before anything is allocated. Magic, version and cluster stand in the
//! clear header of [`crate::seal`], so that a foreign packet is dropped before it is opened.

mod commit;
mod join;
mod multicast;
mod signal;
mod token;

use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};

pub use commit::{CommitToken, Entry, Filled};
pub use join::{Departure, Join};
pub(crate) use multicast::Blank;
pub use multicast::{Body, Frame};
pub use signal::{Beacon, Signal};
pub use token::Token;

use crate::error::PacketError;
use crate::ids::{NodeId, NodeSet, RingId, RingSeq, Seq};

/// Version of everything in this module; stands in the clear header.
pub const VERSION: u8 = 1;
/// Smallest packet limit that leaves room for a useful frame.
pub const SMALLEST_LIMIT: usize = 256;
/// Largest plain packet; with seal and headers it still is one UDP datagram.
pub const LARGEST_PACKET: usize = 65_000;
/// Most nodes that one packet can name in one list.
pub const MOST_MEMBERS: usize = 128;
/// Largest message, before it is cut into frames.
pub const LARGEST_MESSAGE: usize = 16 << 20;
/// Most ranges of holes on one token.
pub const MOST_HOLES: usize = 64;
/// Most ranges with which a member tells what it has of an old ring beyond its first gap.
pub const MOST_RANGES: usize = 16;
/// Bytes of a frame before its payload.
pub const FRAME_HEADER: usize = 1 + RING + 4 + 4 + 8 + 1;

const RING: usize = 8 + 4;
/// No token ever makes this many hops.
const MOST_HOPS: u64 = 1 << 62;

/// A run of places in the order, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    /// First place.
    pub first: Seq,
    /// Last place; not before `first`.
    pub last: Seq,
}

impl Range {
    /// Whether `seq` lies in it.
    #[must_use]
    pub const fn contains(&self, seq: Seq) -> bool {
        seq.at_or_after(self.first) && self.last.at_or_after(seq)
    }

    /// Places in it.
    pub fn iter(&self) -> impl Iterator<Item = Seq> + use<> {
        let first = self.first;
        (0..=self.last.distance_from(first)).map(move |offset| first.add(offset))
    }
}

/// Everything that travels between nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Packet {
    /// The regular token.
    Token(Token),
    /// Sequenced data.
    Frame(Frame),
    /// Whom a gathering node sees; also the good-bye of a leaving one.
    Join(Join),
    /// The commit token.
    Commit(CommitToken),
    /// A ring's sign of life for those outside.
    Beacon(Beacon),
    /// Short words between two nodes.
    Signal(Signal),
}

const KIND_TOKEN: u8 = 1;
const KIND_FRAME: u8 = 2;
const KIND_JOIN: u8 = 3;
const KIND_COMMIT: u8 = 4;
const KIND_BEACON: u8 = 5;
const KIND_SIGNAL: u8 = 6;

impl Packet {
    /// Reads one packet; the payload of a frame stays a slice of `bytes`.
    ///
    /// # Errors
    /// What no correct peer writes, with the field and its value.
    pub fn decode(bytes: &Bytes) -> Result<Self, PacketError> {
        let mut reader = Reader::new(bytes, "packet");
        match reader.u8()? {
            KIND_TOKEN => reader.whole("token", Token::read).map(Self::Token),
            KIND_FRAME => reader.whole("frame", Frame::read).map(Self::Frame),
            KIND_JOIN => reader.whole("join", Join::read).map(Self::Join),
            KIND_COMMIT => reader.whole("commit token", CommitToken::read).map(Self::Commit),
            KIND_BEACON => reader.whole("beacon", Beacon::read).map(Self::Beacon),
            KIND_SIGNAL => reader.whole("signal", Signal::read).map(Self::Signal),
            unknown => Err(PacketError::UnknownKind(unknown)),
        }
    }

    /// Writes it.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut writer = Writer(BytesMut::with_capacity(128));
        match self {
            Self::Token(token) => writer.kind(KIND_TOKEN, |writer| token.write(writer)),
            Self::Frame(frame) => return frame.encode(),
            Self::Join(join) => writer.kind(KIND_JOIN, |writer| join.write(writer)),
            Self::Commit(commit) => writer.kind(KIND_COMMIT, |writer| commit.write(writer)),
            Self::Beacon(beacon) => writer.kind(KIND_BEACON, |writer| beacon.write(writer)),
            Self::Signal(signal) => writer.kind(KIND_SIGNAL, |writer| signal.write(writer)),
        }
        writer.0.freeze()
    }
}

/// Takes fields off the front of a packet.
pub(crate) struct Reader<'a> {
    whole: &'a Bytes,
    at: usize,
    kind: &'static str,
}

impl<'a> Reader<'a> {
    fn new(whole: &'a Bytes, kind: &'static str) -> Self {
        Self { whole, at: 0, kind }
    }

    /// Reads the rest as one `kind`, to the last byte.
    fn whole<T>(
        mut self,
        kind: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, PacketError>,
    ) -> Result<T, PacketError> {
        self.kind = kind;
        let value = read(&mut self)?;
        match self.left() {
            0 => Ok(value),
            extra => Err(PacketError::Trailing { kind, extra }),
        }
    }

    fn left(&self) -> usize {
        self.whole.len() - self.at
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PacketError> {
        let rest = self.whole.get(self.at..).unwrap_or_default();
        let Some(bytes) = rest.first_chunk::<N>() else {
            return Err(PacketError::Truncated { kind: self.kind, missing: N - rest.len() });
        };
        self.at += N;
        Ok(*bytes)
    }

    fn u8(&mut self) -> Result<u8, PacketError> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, PacketError> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, PacketError> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, PacketError> {
        self.array().map(u64::from_be_bytes)
    }

    fn rest(&mut self) -> Bytes {
        let rest = self.whole.slice(self.at..);
        self.at = self.whole.len();
        rest
    }

    fn bad(&self, field: &'static str, value: impl Into<u64>) -> PacketError {
        PacketError::BadField { kind: self.kind, field, value: value.into() }
    }

    fn flag(&mut self, field: &'static str) -> Result<bool, PacketError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.bad(field, other)),
        }
    }

    fn node(&mut self) -> Result<NodeId, PacketError> {
        NodeId::new(self.u32()?).ok_or(self.bad("node id", 0_u8))
    }

    fn maybe_node(&mut self) -> Result<Option<NodeId>, PacketError> {
        self.u32().map(NodeId::new)
    }

    fn seq(&mut self) -> Result<Seq, PacketError> {
        self.u32().map(Seq::new)
    }

    fn ring_seq(&mut self) -> Result<RingSeq, PacketError> {
        let seq = self.u64()?;
        if RingSeq::new(seq) > RingSeq::MOST {
            return Err(self.bad("ring sequence", seq));
        }
        Ok(RingSeq::new(seq))
    }

    fn ring(&mut self) -> Result<RingId, PacketError> {
        Ok(RingId { seq: self.ring_seq()?, representative: self.node()? })
    }

    /// A ring id, or none: twelve zero bytes.
    fn maybe_ring(&mut self) -> Result<Option<RingId>, PacketError> {
        let seq = self.ring_seq()?;
        match self.maybe_node()? {
            Some(representative) => Ok(Some(RingId { seq, representative })),
            None if seq == RingSeq::new(0) => Ok(None),
            None => Err(self.bad("representative", 0_u8)),
        }
    }

    fn count(&mut self, field: &'static str, most: usize) -> Result<usize, PacketError> {
        let count = self.u16()?;
        if usize::from(count) > most {
            return Err(self.bad(field, count));
        }
        Ok(usize::from(count))
    }

    /// Node ids, strictly ascending.
    fn nodes(&mut self, field: &'static str) -> Result<NodeSet, PacketError> {
        let count = self.count(field, MOST_MEMBERS)?;
        let mut nodes: Vec<NodeId> = Vec::with_capacity(count);
        for _ in 0..count {
            let node = self.node()?;
            if nodes.last().is_some_and(|&last| last >= node) {
                return Err(self.bad(field, node.get()));
            }
            nodes.push(node);
        }
        // What ascends is made a set at once, not one by one.
        Ok(nodes.into_iter().collect())
    }

    /// Ranges, ascending and apart.
    fn ranges(&mut self, field: &'static str, most: usize) -> Result<Vec<Range>, PacketError> {
        let mut ranges: Vec<Range> = Vec::new();
        for _ in 0..self.count(field, most)? {
            let range = Range { first: self.seq()?, last: self.seq()? };
            let apart = ranges.last().is_none_or(|before| range.first.after(before.last));
            if !apart || !range.last.at_or_after(range.first) {
                return Err(self.bad(field, range.first.get()));
            }
            ranges.push(range);
        }
        Ok(ranges)
    }
}

/// Puts fields at the end of a packet.
pub(crate) struct Writer(BytesMut);

impl Writer {
    fn kind(&mut self, kind: u8, write: impl FnOnce(&mut Self)) {
        self.0.put_u8(kind);
        write(self);
    }

    fn flag(&mut self, flag: bool) {
        self.0.put_u8(u8::from(flag));
    }

    fn node(&mut self, node: NodeId) {
        self.0.put_u32(node.get());
    }

    fn maybe_node(&mut self, node: Option<NodeId>) {
        self.0.put_u32(node.map_or(0, NodeId::get));
    }

    fn seq(&mut self, seq: Seq) {
        self.0.put_u32(seq.get());
    }

    fn ring(&mut self, ring: RingId) {
        self.0.put_u64(ring.seq.get());
        self.node(ring.representative);
    }

    fn maybe_ring(&mut self, ring: Option<RingId>) {
        match ring {
            Some(ring) => self.ring(ring),
            None => self.0.put_bytes(0, RING),
        }
    }

    fn count(&mut self, count: usize) {
        self.0.put_u16(u16::try_from(count).expect("lists are bounded far below 2^16"));
    }

    fn nodes(&mut self, nodes: &NodeSet) {
        self.count(nodes.len());
        for &node in nodes {
            self.node(node);
        }
    }

    fn ranges(&mut self, ranges: &[Range]) {
        self.count(ranges.len());
        for range in ranges {
            self.seq(range.first);
            self.seq(range.last);
        }
    }
}

#[cfg(test)]
mod tests;
