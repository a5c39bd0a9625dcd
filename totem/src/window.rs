//! Frames by their place in the order: which are here, which are missing, which may be delivered,
//! which may be forgotten.
//!
//! Must never deliver past a gap or forget what somebody may still ask for: the four marks only
//! grow, and always `released ≤ delivered ≤ aru ≤ high`. Capacity is fixed; a frame beyond it is
//! not kept and will be asked for again.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::ids::Seq;
use crate::wire::{Frame, Range};

/// A frame and the very bytes it travelled in, kept for repairs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) frame: Frame,
    pub(crate) packet: Bytes,
}

/// What became of a frame offered to the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Insertion {
    /// It is kept.
    New,
    /// It is here already, or was delivered long ago.
    Known,
    /// It lies beyond the capacity.
    Outside,
}

/// The frames of one ring.
#[derive(Debug)]
pub(crate) struct Window {
    /// Slot `i` is the place `released + 1 + i`.
    slots: VecDeque<Option<Stored>>,
    capacity: u32,
    released: Seq,
    delivered: Seq,
    aru: Seq,
    high: Seq,
    /// Every member of the ring has received up to here.
    safe: Seq,
}

impl Window {
    /// An empty window; the first frame will be `first.next()`.
    pub(crate) const fn new(first: Seq, capacity: u32) -> Self {
        Self {
            slots: VecDeque::new(),
            capacity,
            released: first,
            delivered: first,
            aru: first,
            high: first,
            safe: first,
        }
    }

    /// Everything up to here has been received.
    pub(crate) const fn aru(&self) -> Seq {
        self.aru
    }

    /// The highest place known to be assigned.
    pub(crate) const fn high(&self) -> Seq {
        self.high
    }

    /// Everything up to here has been delivered.
    pub(crate) const fn delivered(&self) -> Seq {
        self.delivered
    }

    /// Everything up to here has been forgotten.
    pub(crate) const fn released(&self) -> Seq {
        self.released
    }

    /// Everything up to here is known to be with every member.
    pub(crate) const fn safe(&self) -> Seq {
        self.safe
    }

    fn slot(&self, seq: Seq) -> Option<usize> {
        if !seq.after(self.released) {
            return None;
        }
        usize::try_from(seq.distance_from(self.released) - 1).ok()
    }

    /// The frame at `seq`, if it is here.
    pub(crate) fn get(&self, seq: Seq) -> Option<&Stored> {
        self.slots.get(self.slot(seq)?)?.as_ref()
    }

    /// Offers a frame.
    pub(crate) fn insert(&mut self, stored: Stored) -> Insertion {
        let seq = stored.frame.seq;
        if !seq.after(self.aru) {
            return Insertion::Known;
        }
        // A place half the circle beyond the aru, which a liar may name, lies before what was
        // released: it has no slot.
        let Some(slot) =
            self.slot(seq).filter(|_| seq.distance_from(self.released) <= self.capacity)
        else {
            return Insertion::Outside;
        };
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        let place = self.slots.get_mut(slot).expect("resized to hold it");
        if place.is_some() {
            return Insertion::Known;
        }
        *place = Some(stored);
        self.high = self.high.max(seq);
        while self.get(self.aru.next()).is_some() {
            self.aru = self.aru.next();
        }
        Insertion::New
    }

    /// Learns from a token how far places are assigned.
    pub(crate) fn note_assigned(&mut self, seq: Seq) {
        if seq.distance_from(self.released) <= self.capacity {
            self.high = self.high.max(seq);
        }
    }

    /// Learns that every member has received up to `seq`.
    pub(crate) fn note_safe(&mut self, seq: Seq) {
        self.safe = self.safe.max(seq.min(self.aru));
    }

    /// Holes up to `limit`, at most `most` ranges.
    pub(crate) fn holes(&self, limit: Seq, most: usize) -> Vec<Range> {
        self.runs(limit.min(self.high), most, false)
    }

    /// What is here beyond the first gap, at most `most` ranges.
    pub(crate) fn beyond_aru(&self, most: usize) -> Vec<Range> {
        self.runs(self.high, most, true)
    }

    /// Runs beyond the aru, up to `limit`, of places that are all present, or all missing.
    fn runs(&self, limit: Seq, most: usize, present: bool) -> Vec<Range> {
        let mut runs: Vec<Range> = Vec::new();
        for offset in 1..=limit.distance_from(self.aru) {
            let seq = self.aru.add(offset);
            if self.get(seq).is_some() != present {
                continue;
            }
            let full = runs.len() == most;
            match runs.last_mut() {
                Some(run) if run.last.next() == seq => run.last = seq,
                Some(_) | None if full => break,
                Some(_) | None => runs.push(Range { first: seq, last: seq }),
            }
        }
        runs
    }

    /// Takes the next frame that may be delivered: without a gap before it and, if it is safe,
    /// known to be with everyone (Totem §4.1: a safe message holds back what follows it).
    pub(crate) fn next_deliverable(&mut self) -> Option<Frame> {
        let seq = self.delivered.next();
        let frame = &self.get(seq)?.frame;
        if frame.safe && !self.safe.at_or_after(seq) {
            return None;
        }
        let frame = frame.clone();
        self.delivered = seq;
        Some(frame)
    }

    /// Passes over a missing frame when later ones are here: a planted bug.
    #[cfg(feature = "planted")]
    pub(crate) fn pass_gap(&mut self) {
        let next = self.delivered.next();
        if self.high.after(next) && self.get(next).is_none() {
            (self.delivered, self.aru) = (next, self.aru.max(next));
        }
    }

    /// Takes every frame not yet delivered, gaps passed over: the end of an old ring.
    pub(crate) fn take_rest(&mut self) -> Vec<Frame> {
        let rest = (1..=self.high.distance_from(self.delivered))
            .filter_map(|offset| self.get(self.delivered.add(offset)))
            .map(|stored| stored.frame.clone())
            .collect();
        self.slots.clear();
        rest
    }

    /// Forgets what every member has and this node has delivered; returns how many frames.
    pub(crate) fn release(&mut self) -> u32 {
        let until = self.safe.min(self.delivered);
        let count = until.distance_from(self.released);
        let slots = usize::try_from(count).unwrap_or(usize::MAX).min(self.slots.len());
        self.slots.drain(..slots);
        self.released = self.released.max(until);
        count
    }

    /// The marks stand in order and everything between the first and the third is here.
    pub(crate) fn check(&self) {
        assert!(self.aru.at_or_after(self.delivered), "delivered past a gap: {self:?}");
        assert!(self.delivered.at_or_after(self.released), "released what is not delivered");
        assert!(self.high.at_or_after(self.aru), "received what was not assigned");
        let slots = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        assert!(slots <= self.capacity, "window of {slots} frames beyond its capacity");
        #[cfg(debug_assertions)]
        for offset in 1..=self.aru.distance_from(self.released) {
            assert!(self.get(self.released.add(offset)).is_some(), "a frame below the aru is gone");
        }
    }
}

#[cfg(test)]
mod tests;
