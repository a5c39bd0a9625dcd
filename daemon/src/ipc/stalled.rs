//! Unanswered multicasts that the ring has no room for yet, or whose programs must first read what
//! waits for them, and what they asked after them.
//!
//! Must never let a program's later request overtake an earlier one, nor hold more of a program
//! than its session lets be under way. A program that waits here does not hold up another.

use std::collections::{BTreeMap, VecDeque};

use super::Incoming;
use crate::stack::command::{Command, RequestId, SessionId};

/// Bytes by which a frame may be larger than the message on the ring that it asks for.
const AROUND: usize = 1 << 10;

/// See [`Parked::adds`], bytes.
const SMALL: usize = 96 << 10;

/// Something for the shell that may have to wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Parked {
    /// What the shell is to be told.
    pub(super) incoming: Incoming,
    /// Bytes of the frame.
    pub(super) size: usize,
    /// It gets no reply, and is tried again when there is no room.
    pub(super) unanswered: bool,
}

impl Parked {
    /// A program may be made to read before this is sent, since it comes back to it. Not before
    /// something larger: a part of it may be in the socket already, and then its library sends it
    /// to the end before the program can read.
    const fn adds(&self) -> bool {
        self.unanswered && self.size <= SMALL
    }
}

/// What becomes of the shell's answer to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answered {
    /// The program is told.
    Told,
    /// The program wants to hear of it only if it is refused.
    Unheard,
    /// It will be tried again, and nobody is told.
    Again,
}

/// All that waits, and what may have to.
#[derive(Debug, Default)]
pub(super) struct Stalled {
    /// Unanswered multicasts that are with the shell, which answers them in this order, usually.
    trying: VecDeque<(RequestId, Command, usize)>,
    waiting: BTreeMap<SessionId, VecDeque<Parked>>,
    /// Sessions in the order of their turns.
    turns: VecDeque<SessionId>,
    /// How often there was no room.
    refused: u64,
}

impl Stalled {
    /// Takes what a program wants; returns what the shell is told now. A program that `lags` has
    /// to read before it adds anything.
    pub(super) fn pass(
        &mut self,
        session: SessionId,
        parked: Parked,
        lags: bool,
    ) -> Option<Incoming> {
        match self.waiting.get_mut(&session) {
            Some(queue) => queue.push_back(parked),
            None if lags && parked.adds() => {
                self.turns.push_back(session);
                self.waiting.entry(session).or_default().push_back(parked);
            }
            None => return Some(self.try_it(parked)),
        }
        None
    }

    /// The shell answered this request; `no_room` when it said that there is none.
    pub(super) fn answered(&mut self, request: RequestId, no_room: bool) -> Answered {
        let place = self.trying.iter().position(|(tried, ..)| *tried == request);
        let Some((_, command, size)) = place.and_then(|place| self.trying.remove(place)) else {
            return Answered::Told;
        };
        if !no_room {
            return Answered::Unheard;
        }
        self.refused += 1;
        let session = request.session;
        let incoming = Incoming::Command { request, command };
        let queue = self.waiting.entry(session).or_default();
        if queue.is_empty() {
            self.turns.push_back(session);
        }
        queue.push_front(Parked { incoming, size, unanswered: true });
        Answered::Again
    }

    /// What to try again while the ring takes messages of `room` bytes, of programs of which
    /// `lags` is false.
    pub(super) fn resume(
        &mut self,
        room: usize,
        lags: impl Fn(SessionId) -> bool,
    ) -> Option<Incoming> {
        let fits =
            |parked: &Parked| !parked.unanswered || parked.size <= room.saturating_add(AROUND);
        let next = self.turns.iter().position(|session| {
            let front = self.waiting.get(session).and_then(VecDeque::front);
            front.is_some_and(|parked| fits(parked) && !(parked.adds() && lags(*session)))
        })?;
        let session = self.turns.remove(next)?;
        let queue = self.waiting.get_mut(&session)?;
        let parked = queue.pop_front()?;
        if queue.is_empty() {
            self.waiting.remove(&session);
        } else {
            self.turns.push_back(session);
        }
        Some(self.try_it(parked))
    }

    /// Something of this session waits for room.
    pub(super) fn holds(&self, session: SessionId) -> bool {
        self.waiting.contains_key(&session)
    }

    /// How often there was no room, since the start. As long as it does not change, it is of use
    /// to try another.
    pub(super) const fn refused(&self) -> u64 {
        self.refused
    }

    fn try_it(&mut self, parked: Parked) -> Incoming {
        let Parked { incoming, size, unanswered } = parked;
        if unanswered && let Incoming::Command { request, command } = &incoming {
            self.trying.push_back((*request, command.clone(), size));
        }
        incoming
    }
}

#[cfg(test)]
mod tests;
