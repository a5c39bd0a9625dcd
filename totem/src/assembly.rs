//! Makes messages of fragments again, per sender.
//!
//! Must never deliver a message that is not exactly what one sender packed, and must never reserve
//! memory because a packet says so: room grows with the bytes that came.
//!
//! Frames come in the total order without gaps, so fragments that contradict each other are a
//! sender's mistake, not the network's. All members see the same mistake and drop the same.

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::error::PacketError;
use crate::ids::NodeId;
use crate::output::Guarantee;
use crate::packing::{Chunk, Chunks, Part};

/// Most bytes reserved on the word of a first fragment; also of the memory that small messages
/// share.
const FIRST_RESERVE: usize = 64 << 10;

/// A message of up to so many bytes is small.
const SMALL: usize = 4 << 10;

/// The incomplete messages: at most one per member of the ring.
#[derive(Clone, Debug)]
pub(crate) struct Assembly {
    largest: usize,
    /// In no order; there are few.
    partial: Vec<(NodeId, Partial)>,
    /// Room for small messages: there may be one in every frame.
    space: BytesMut,
}

impl Assembly {
    /// Nothing assembled yet; messages of more than `largest` bytes are refused. All members must
    /// use the same limit, or they would not deliver the same.
    pub(crate) fn new(largest: usize) -> Self {
        Self { largest, partial: Vec::new(), space: BytesMut::new() }
    }

    /// Forgets incomplete messages: a ring was installed, and their senders begin again.
    pub(crate) fn clear(&mut self) {
        self.partial.clear();
    }

    /// Takes the payload of the next frame in the total order, and delivers what it completes.
    ///
    /// # Errors
    /// The first chunk that does not fit. What came before it is delivered; the sender's
    /// incomplete message and the rest of the frame are dropped.
    pub(crate) fn frame(
        &mut self,
        from: NodeId,
        payload: Bytes,
        deliver: &mut impl FnMut(Guarantee, Bytes),
    ) -> Result<(), PacketError> {
        for chunk in Chunks::new(payload) {
            // Out of the table while it is worked on: whatever fails, it is forgotten.
            let place = self.partial.iter().position(|&(sender, _)| sender == from);
            let partial = place.map(|place| self.partial.swap_remove(place).1);
            match self.step(partial, chunk?)? {
                Step::Complete(guarantee, message) => deliver(guarantee, message),
                Step::Incomplete(partial) => self.partial.push((from, partial)),
            }
        }
        Ok(())
    }

    /// What becomes of a sender's incomplete message, if it has one, with its next chunk.
    fn step(&mut self, partial: Option<Partial>, chunk: Chunk) -> Result<Step, PacketError> {
        match (partial, chunk.part) {
            (None, Part::Whole) => {
                check_length(chunk.bytes.len(), self.largest)?;
                Ok(Step::Complete(chunk.guarantee, chunk.bytes))
            }
            (None, Part::First { total }) => {
                let total = usize::try_from(total).unwrap_or(usize::MAX);
                check_length(total, self.largest)?;
                let bytes = self.room(total);
                let mut partial = Partial { guarantee: chunk.guarantee, total, bytes };
                partial.append(&chunk)?;
                Ok(Step::Incomplete(partial))
            }
            (Some(mut partial), Part::Middle) => {
                partial.append(&chunk)?;
                Ok(Step::Incomplete(partial))
            }
            (Some(mut partial), Part::Last) => {
                partial.append(&chunk)?;
                partial.finish()
            }
            (None, Part::Middle | Part::Last) => {
                Err(PacketError::Trailing { kind: "message", extra: chunk.bytes.len() })
            }
            (Some(partial), Part::Whole | Part::First { .. }) => Err(partial.truncated()),
        }
    }

    /// Room for the beginning of a message of `total` bytes, or all of it.
    fn room(&mut self, total: usize) -> BytesMut {
        if total > SMALL {
            return BytesMut::with_capacity(total.min(FIRST_RESERVE));
        }
        if self.space.capacity() < total {
            self.space.reserve(FIRST_RESERVE);
        }
        let rest = self.space.split_off(total);
        core::mem::replace(&mut self.space, rest)
    }
}

/// What a chunk leads to.
enum Step {
    Complete(Guarantee, Bytes),
    Incomplete(Partial),
}

fn check_length(total: usize, largest: usize) -> Result<(), PacketError> {
    if total <= largest {
        return Ok(());
    }
    let value = u64::try_from(total).unwrap_or(u64::MAX);
    Err(PacketError::BadField { kind: "message", field: "length", value })
}

/// A message of which the beginning came.
#[derive(Clone, Debug)]
struct Partial {
    guarantee: Guarantee,
    /// Its length when complete.
    total: usize,
    bytes: BytesMut,
}

impl Partial {
    fn append(&mut self, chunk: &Chunk) -> Result<(), PacketError> {
        if chunk.guarantee != self.guarantee {
            let value = u64::from(chunk.guarantee == Guarantee::Safe);
            return Err(PacketError::BadField { kind: "continuation", field: "guarantee", value });
        }
        let missing = self.total - self.bytes.len();
        if let Some(extra @ 1..) = chunk.bytes.len().checked_sub(missing) {
            return Err(PacketError::Trailing { kind: "message", extra });
        }
        if chunk.bytes.len() > self.bytes.capacity() - self.bytes.len() {
            // Doubled, so that the copying stays linear, but no further than the message goes.
            let more = self.bytes.len().max(chunk.bytes.len()).min(missing);
            let mut larger = BytesMut::with_capacity(self.bytes.len() + more);
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(&chunk.bytes);
        Ok(())
    }

    fn finish(self) -> Result<Step, PacketError> {
        if self.bytes.len() < self.total {
            return Err(self.truncated());
        }
        Ok(Step::Complete(self.guarantee, self.bytes.freeze()))
    }

    fn truncated(&self) -> PacketError {
        PacketError::Truncated { kind: "message", missing: self.total - self.bytes.len() }
    }
}

#[cfg(test)]
mod tests;
