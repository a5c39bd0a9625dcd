//! Requests of one program that are under way, and the order in which they are answered.
//!
//! Must never let an answer overtake one to an earlier request, whoever is done first; nor hold
//! more requests than its bounds, beyond which nothing is taken from the program's stream.

use std::collections::VecDeque;

use bytes::Bytes;

/// Requests of one program that may be under way.
const MOST: usize = 256;

/// Bytes of them, frames without their lengths.
const MOST_BYTES: usize = 4 << 20;

/// All requests that are under way, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Number of the oldest.
    first: u64,
    slots: VecDeque<Slot>,
    bytes: usize,
}

/// One request.
#[derive(Debug)]
struct Slot {
    /// The program's own number for it; `None` when it goes unanswered.
    id: Option<u64>,
    /// Bytes of the request.
    size: usize,
    state: State,
}

/// What is known of its answer.
#[derive(Debug)]
enum State {
    /// Nothing.
    Asked,
    /// All; an earlier one is still to be given. Nothing is said to one that goes unanswered.
    Done {
        frame: Option<Bytes>,
        /// Bytes that count as waiting for the program, until it leaves.
        held: usize,
    },
}

/// A request that an answer has come for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    /// The program wants it under this number.
    Answer(u64),
    /// The program wants to hear nothing.
    Nothing,
}

impl Pending {
    /// One more may be taken.
    pub(super) fn has_room(&self) -> bool {
        self.slots.len() < MOST && (self.slots.is_empty() || self.bytes < MOST_BYTES)
    }

    /// A request of so many bytes is on its way; returns its number here, which is no other's.
    pub(super) fn begin(&mut self, id: Option<u64>, size: usize) -> u64 {
        self.slots.push_back(Slot { id, size, state: State::Asked });
        self.bytes += size;
        self.first + u64::try_from(self.slots.len() - 1).unwrap_or(u64::MAX)
    }

    /// A request was answered as soon as it was read.
    pub(super) fn answered(&mut self, frame: Bytes) {
        let state = State::Done { frame: Some(frame), held: 0 };
        self.slots.push_back(Slot { id: None, size: 0, state });
    }

    /// What the program wants to hear of the request with this number; `None` when it was
    /// answered already or never asked.
    pub(super) fn due(&self, number: u64) -> Option<Due> {
        let slot = self.slots.get(self.index(number)?)?;
        match slot.state {
            State::Asked => Some(slot.id.map_or(Due::Nothing, Due::Answer)),
            State::Done { .. } => None,
        }
    }

    /// The request with this number is done; `held` bytes count as waiting until its answer
    /// leaves.
    pub(super) fn done(&mut self, number: u64, frame: Option<Bytes>, held: usize) {
        let slot = self.index(number).and_then(|index| self.slots.get_mut(index));
        if let Some(slot) = slot {
            slot.state = State::Done { frame, held };
        }
    }

    /// The next answer that may be given, if one may be, and what it held.
    pub(super) fn next(&mut self) -> Option<(Option<Bytes>, usize)> {
        let front = self.slots.front_mut()?;
        let State::Done { frame, held } = &mut front.state else { return None };
        let next = (frame.take(), *held);
        self.bytes -= front.size;
        self.first += 1;
        self.slots.pop_front();
        Some(next)
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}

#[cfg(test)]
mod tests;
