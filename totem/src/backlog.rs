//! Messages that wait for a turn, in two lanes: one for services that must agree on their state
//! first, one for everybody else.
//!
//! Must never grow beyond its limit, whatever the application does, and must never let fragments
//! of two messages mix: a message that was begun is finished before another begins.

use alloc::collections::VecDeque;

use bytes::Bytes;

use crate::config::Limits;
use crate::error::Refused;
use crate::output::{Guarantee, Lane};

/// What a message costs beyond its bytes, in bytes: without it, empty messages would be free and
/// their number unbounded. About the memory of one entry.
pub(crate) const ENTRY: usize = 64;

/// Both lanes.
#[derive(Clone, Debug)]
pub(crate) struct Backlog {
    sync: Queue,
    data: Queue,
    data_open: bool,
    /// The lane whose first message is partly sent, and how many of its bytes are.
    begun: Option<(Lane, usize)>,
    /// Most bytes per lane, entries included.
    limit: usize,
    /// Largest message, bytes.
    largest: usize,
}

/// The message that goes on the wire next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Front<'a> {
    /// What its sender asked for.
    pub(crate) guarantee: Guarantee,
    /// The whole message.
    pub(crate) message: &'a Bytes,
    /// How many of its bytes were sent in earlier frames.
    pub(crate) sent: usize,
}

impl Backlog {
    /// An empty backlog with the data lane shut, as before the first ring.
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self {
            sync: Queue::new(),
            data: Queue::new(),
            data_open: false,
            begun: None,
            limit: limits.backlog,
            largest: limits.message,
        }
    }

    /// Queues a message at the end of its lane. A shut lane takes messages too, while there is
    /// room.
    pub(crate) fn push(
        &mut self,
        lane: Lane,
        guarantee: Guarantee,
        message: Bytes,
    ) -> Result<(), Refused> {
        let size = message.len();
        if size > self.largest {
            return Err(Refused::TooLarge { size, most: self.largest });
        }
        if self.room(lane).is_none_or(|room| size > room) {
            return Err(Refused::Full { waiting: self.queue(lane).cost(), size });
        }
        self.queue_mut(lane).push(guarantee, message);
        Ok(())
    }

    /// Size of the largest message that this lane takes now; `None` when not even an empty one
    /// fits. An empty lane takes every possible message.
    pub(crate) fn room(&self, lane: Lane) -> Option<usize> {
        let queue = self.queue(lane);
        if queue.messages.is_empty() {
            return Some(self.largest);
        }
        let left = self.limit.checked_sub(queue.cost())?.checked_sub(ENTRY)?;
        Some(left.min(self.largest))
    }

    /// Bytes that wait in both lanes, entries included.
    pub(crate) fn cost(&self) -> usize {
        self.sync.cost() + self.data.cost()
    }

    /// Lets messages of the data lane be sent.
    pub(crate) const fn open_data(&mut self) {
        self.data_open = true;
    }

    /// Keeps messages of the data lane from being begun. One that was begun is still finished,
    /// until [`Backlog::restart_partial`].
    pub(crate) const fn shut_data(&mut self) {
        self.data_open = false;
    }

    /// True while messages of the data lane may be sent.
    pub(crate) const fn data_is_open(&self) -> bool {
        self.data_open
    }

    /// Puts a partly sent message back to its beginning. For the end of a ring: receivers forget
    /// incomplete messages then, so what has no last fragment in the old ring is sent again as a
    /// whole in the new one.
    pub(crate) const fn restart_partial(&mut self) {
        self.begun = None;
    }

    /// True when nothing may be sent now. Messages may still wait in a shut lane.
    pub(crate) fn is_empty_now(&self) -> bool {
        self.sending().is_none()
    }

    /// Bytes and number of the messages that may be sent now, for an estimate of the frames that
    /// they need.
    pub(crate) fn pending(&self) -> Pending {
        let begun_in_data = self.begun.is_some_and(|(lane, _)| lane == Lane::Data);
        let mut pending = Pending { messages: self.sync.messages.len(), bytes: self.sync.bytes };
        if self.data_open {
            pending.messages += self.data.messages.len();
            pending.bytes += self.data.bytes;
        } else if begun_in_data {
            pending.messages += 1;
            pending.bytes += self.data.messages.front().map_or(0, |entry| entry.message.len());
        }
        pending.bytes -= self.begun.map_or(0, |(_, sent)| sent);
        pending
    }

    /// The message that goes on the wire next.
    pub(crate) fn front(&self) -> Option<Front<'_>> {
        let (lane, sent) = self.sending()?;
        let entry = self.queue(lane).messages.front()?;
        Some(Front { guarantee: entry.guarantee, message: &entry.message, sent })
    }

    /// Notes that `count` more bytes of the front message are in a frame. The message is gone with
    /// its last byte.
    pub(crate) fn advance(&mut self, count: usize) {
        let Some((lane, sent)) = self.sending() else { return };
        let sent = sent.saturating_add(count);
        let queue = self.queue_mut(lane);
        if queue.messages.front().is_some_and(|entry| sent < entry.message.len()) {
            self.begun = Some((lane, sent));
        } else {
            queue.pop();
            self.begun = None;
        }
    }

    /// The lane that sends now, and how much of its first message is sent.
    fn sending(&self) -> Option<(Lane, usize)> {
        if self.begun.is_some() {
            return self.begun;
        }
        if !self.sync.messages.is_empty() {
            return Some((Lane::Sync, 0));
        }
        (self.data_open && !self.data.messages.is_empty()).then_some((Lane::Data, 0))
    }

    const fn queue(&self, lane: Lane) -> &Queue {
        match lane {
            Lane::Sync => &self.sync,
            Lane::Data => &self.data,
        }
    }

    const fn queue_mut(&mut self, lane: Lane) -> &mut Queue {
        match lane {
            Lane::Sync => &mut self.sync,
            Lane::Data => &mut self.data,
        }
    }
}

/// What may be sent now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Pending {
    /// Messages, a begun one included.
    pub(crate) messages: usize,
    /// Bytes of them that were not sent yet.
    pub(crate) bytes: usize,
}

/// One lane.
#[derive(Clone, Debug)]
struct Queue {
    messages: VecDeque<Entry>,
    /// Sum of the lengths.
    bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    guarantee: Guarantee,
    message: Bytes,
}

impl Queue {
    const fn new() -> Self {
        Self { messages: VecDeque::new(), bytes: 0 }
    }

    /// What the messages count against the limit, a begun one in full: its bytes are still held.
    fn cost(&self) -> usize {
        self.bytes + self.messages.len() * ENTRY
    }

    fn push(&mut self, guarantee: Guarantee, message: Bytes) {
        self.bytes += message.len();
        self.messages.push_back(Entry { guarantee, message });
    }

    fn pop(&mut self) {
        if let Some(entry) = self.messages.pop_front() {
            self.bytes -= entry.message.len();
        }
    }
}

#[cfg(test)]
mod tests;
