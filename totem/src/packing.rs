//! Fills frames: small messages share one, large ones span several.
//!
//! Must never reorder: chunks leave in the order in which the backlog gives the messages, and the
//! fragments of one message follow each other with nothing of the same sender between them.
//!
//! The payload of a frame is a row of chunks, numbers in network order:
//!
//! | bytes | field                                                                      |
//! |------:|----------------------------------------------------------------------------|
//! |     1 | flags: 1 starts a message, 2 ends it, 4 it is safe; the others are 0       |
//! |     2 | length of the bytes in this chunk; 0 only in a chunk that starts and ends  |
//! |   0/4 | length of the whole message, in a chunk that starts and does not end it    |
//! |     … | the bytes                                                                  |

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::backlog::{Backlog, Front};
use crate::error::PacketError;
use crate::output::Guarantee;
use crate::wire::{Blank, FRAME_HEADER};

const START: u8 = 1;
const END: u8 = 2;
const SAFE: u8 = 4;

/// Flags and length.
const HEADER: usize = 3;
/// Flags, length and length of the whole message.
const FIRST_HEADER: usize = 7;

/// Bytes of the memory that frames share.
const SHARED: usize = 64 << 10;

/// Takes from the backlog what fits into a payload of `room` bytes, and writes it into `space`,
/// which is empty before and after; `None` when nothing may be sent or nothing fits.
pub(crate) fn fill(backlog: &mut Backlog, space: &mut BytesMut, room: usize) -> Option<Blank> {
    let room = usable(room);
    let need = FRAME_HEADER + room.min(wire_size(backlog));
    if space.capacity() < need {
        space.reserve(need.max(SHARED));
    }
    space.put_bytes(0, FRAME_HEADER);
    let mut safe = false;
    while let Some(front) = backlog.front() {
        let Some((part, count)) = next_chunk(&front, FRAME_HEADER + room - space.len()) else {
            break;
        };
        safe |= front.guarantee == Guarantee::Safe;
        put_chunk(space, &front, part, count);
        backlog.advance(count);
    }
    if space.len() == FRAME_HEADER {
        space.clear();
        return None;
    }
    Some(Blank { packet: space.split(), safe, recovered: false })
}

/// How many frames with payloads of `room` bytes the backlog would fill now: never fewer than it
/// takes, and zero only for nothing.
pub(crate) fn frames_pending(backlog: &Backlog, room: usize) -> u32 {
    // At the end of a frame stays unused what is too small for a header and a byte; and a frame may
    // begin with a continuation, whose header the size does not count.
    let used = usable(room).saturating_sub(FIRST_HEADER + HEADER).max(1);
    u32::try_from(wire_size(backlog).div_ceil(used)).unwrap_or(u32::MAX)
}

/// A payload is never longer than the length of a chunk can say.
fn usable(room: usize) -> usize {
    room.min(usize::from(u16::MAX))
}

/// Size of everything that may be sent now as chunks, continuations not counted.
fn wire_size(backlog: &Backlog) -> usize {
    let pending = backlog.pending();
    pending.bytes + pending.messages * FIRST_HEADER
}

/// What of the front message goes into `left` bytes: which part, and how many bytes of it.
/// A frame is filled to its end: frames of one size leave in one call of the system, and come in
/// one.
fn next_chunk(front: &Front<'_>, left: usize) -> Option<(Part, usize)> {
    let rest = front.message.len() - front.sent;
    let begun = front.sent > 0;
    if rest <= left.checked_sub(HEADER)? {
        return Some((if begun { Part::Last } else { Part::Whole }, rest));
    }
    let total = u32::try_from(front.message.len()).expect("a message is at most 16 MiB");
    let (part, header) =
        if begun { (Part::Middle, HEADER) } else { (Part::First { total }, FIRST_HEADER) };
    let count = left.checked_sub(header)?;
    (count > 0).then_some((part, count))
}

fn put_chunk(payload: &mut BytesMut, front: &Front<'_>, part: Part, count: usize) {
    let safe = match front.guarantee {
        Guarantee::Agreed => 0,
        Guarantee::Safe => SAFE,
    };
    payload.put_u8(part.flags() | safe);
    payload.put_u16(u16::try_from(count).expect("a chunk is smaller than a frame"));
    if let Part::First { total } = part {
        payload.put_u32(total);
    }
    payload.put_slice(&front.message[front.sent..front.sent + count]);
}

/// Which part of its message a chunk is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// All of it.
    Whole,
    /// The beginning of a message of `total` bytes, which is more than the chunk has.
    First { total: u32 },
    /// The continuation.
    Middle,
    /// The end.
    Last,
}

impl Part {
    const fn flags(self) -> u8 {
        match self {
            Self::Whole => START | END,
            Self::First { .. } => START,
            Self::Middle => 0,
            Self::Last => END,
        }
    }
}

/// A piece of a message, or all of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Chunk {
    /// Which part it is.
    pub(crate) part: Part,
    /// What was promised for the message.
    pub(crate) guarantee: Guarantee,
    /// Its bytes, a view of the frame.
    pub(crate) bytes: Bytes,
}

/// The chunks of a payload. Any bytes end after finitely many chunks, or with one error.
#[derive(Clone, Debug)]
pub(crate) struct Chunks {
    rest: Bytes,
}

impl Chunks {
    /// The chunks of the payload of a frame.
    pub(crate) const fn new(payload: Bytes) -> Self {
        Self { rest: payload }
    }

    fn read(&mut self) -> Result<Chunk, PacketError> {
        self.need(HEADER)?;
        let (flags, length) = (self.rest.get_u8(), self.rest.get_u16());
        if flags & !(START | END | SAFE) != 0 {
            return Err(bad("flags", flags));
        }
        let part = match (flags & START != 0, flags & END != 0) {
            (true, true) => Part::Whole,
            (true, false) => self.first(length)?,
            (false, false) => Part::Middle,
            (false, true) => Part::Last,
        };
        if length == 0 && part != Part::Whole {
            return Err(bad("length", length));
        }
        let guarantee = if flags & SAFE == 0 { Guarantee::Agreed } else { Guarantee::Safe };
        self.need(usize::from(length))?;
        let bytes = self.rest.split_to(usize::from(length));
        Ok(Chunk { part, guarantee, bytes })
    }

    /// A first fragment of a whole message is a contradiction: it would never end.
    fn first(&mut self, length: u16) -> Result<Part, PacketError> {
        self.need(FIRST_HEADER - HEADER)?;
        let total = self.rest.get_u32();
        if total <= u32::from(length) {
            Err(bad("total", total))
        } else {
            Ok(Part::First { total })
        }
    }

    fn need(&self, count: usize) -> Result<(), PacketError> {
        match count.checked_sub(self.rest.len()) {
            None | Some(0) => Ok(()),
            Some(missing) => Err(PacketError::Truncated { kind: "chunk", missing }),
        }
    }
}

fn bad(field: &'static str, value: impl Into<u64>) -> PacketError {
    PacketError::BadField { kind: "chunk", field, value: value.into() }
}

impl Iterator for Chunks {
    type Item = Result<Chunk, PacketError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let chunk = self.read();
        if chunk.is_err() {
            self.rest.clear();
        }
        Some(chunk)
    }
}

#[cfg(test)]
mod tests;
