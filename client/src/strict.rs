//! Virtual synchrony and state transfer, for programs that are copies of one state machine: all see
//! the same views and messages, and only where the cluster may act. Whoever comes gets the state
//! first, so that nobody ever has to find out that two copies went different ways.
//!
//! Must never deliver a message of which it is not known that every member has it, nor any between
//! the end of a view and the next. Must never let a copy go on that was away: it becomes a
//! newcomer.
//!
//! Beneath is an ordinary group (see [`crate::groups`]). When its members change, everyone sends a
//! *flush*: whether its node is quorate, and which state it has. With the last flush of a view,
//! safe and in its place of the order, all decide the same: if all are quorate the view is
//! installed, the highest state goes on, messages of the view before that came late are delivered
//! to those who have it, and its first holder sends a snapshot to all others. Messages are sent
//! safe, and named by the view they belong to.

mod core;
mod message;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use bytes::Bytes;

use self::core::{Core, Do};
use crate::connection::Connection;
use crate::error::Error;
use crate::evs::Guarantee;
use crate::groups::{Assembly, GroupEvent, Member};
use crate::proto::{Reason, notice};

/// What a member is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// These are the members from here on. Messages may be sent, by newcomers when they have the
    /// state.
    View(StrictView),
    /// A message; every member gets it in this view.
    Message(Member, Bytes),
    /// Somebody needs the state as it is now: to be answered by [`Strict::give`] before the next
    /// event is asked for.
    Wanted,
    /// This is the state from here on, whatever was before.
    State(Bytes),
    /// The cluster may not act here any more. Views and messages come when it may again.
    Suspended,
}

/// Who is there, where the cluster may act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StrictView {
    /// Ascending.
    pub members: Vec<Member>,
    /// Of these, who must get the state first.
    pub newcomers: Vec<Member>,
}

/// A member of a group in strict mode.
#[derive(Debug)]
pub struct Strict {
    connection: Connection,
    assembly: Assembly,
    core: Core,
    events: VecDeque<Event>,
}

impl Strict {
    /// Joins a group as process `pid`. All its members must be in strict mode. The connection must
    /// be in no group.
    ///
    /// # Errors
    /// As [`Connection::join_group`].
    pub fn join(mut connection: Connection, group: &[u8], pid: u32) -> Result<Self, Error> {
        // First watch, then ask: a change in between is told after the answer.
        connection.watch(true)?;
        let status = connection.status()?;
        let me = Member { node: status.me.id, pid };
        connection.join_group(group, pid, false)?;
        let core = Core::new(me, status.quorum.quorate);
        Ok(Self { connection, assembly: Assembly::default(), core, events: VecDeque::new() })
    }

    /// The next event, waited for until `deadline` (`None`: for ever); `Ok(None)` when it passed.
    ///
    /// # Errors
    /// The conversation ended, or a member is not in strict mode.
    pub fn event(&mut self, deadline: Option<Instant>) -> Result<Option<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            let Some(notice) = self.connection.notice(deadline)? else { return Ok(None) };
            let done = if let notice::What::Quorum(verdict) = notice {
                self.core.on_verdict(verdict.quorate)
            } else {
                match self.assembly.take(notice)? {
                    Some(GroupEvent::View(view)) => self.core.on_view(&view),
                    Some(GroupEvent::Message(message)) => self.core.on_message(message)?,
                    Some(GroupEvent::Ring(_)) | None => Vec::new(),
                }
            };
            for action in done {
                match action {
                    Do::Tell(event) => self.events.push_back(event),
                    Do::Flush(bytes) => self.connection.group_post(Guarantee::Safe, &bytes)?,
                }
            }
        }
    }

    /// A message may be sent now.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.core.is_open()
    }

    /// Sends a message to all members, this one included.
    ///
    /// # Errors
    /// As [`Connection::group_send`]; refused with [`Reason::TryAgain`] between two views, while
    /// the cluster may not act, and before this member has the state.
    pub fn send(&mut self, payload: &[u8]) -> Result<(), Error> {
        let Some(message) = self.core.message(payload) else {
            let text = "no view is in force here: try again after the next".to_owned();
            return Err(Error::Refused { reason: Reason::TryAgain, text });
        };
        self.connection.group_send(Guarantee::Safe, &message)
    }

    /// The state that was [`Event::Wanted`].
    ///
    /// # Errors
    /// As [`Connection::group_send`], but for refusals after which it will be wanted again.
    pub fn give(&mut self, state: &[u8]) -> Result<(), Error> {
        let Some(snapshot) = self.core.snapshot(state) else { return Ok(()) };
        match self.connection.group_send(Guarantee::Agreed, &snapshot) {
            // Who came in between ended the view.
            Err(Error::Refused { reason: Reason::Interrupted, .. }) => Ok(()),
            sent => sent,
        }
    }

    /// The connection, to ask the daemon other things.
    pub const fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl AsFd for Strict {
    /// Readable when [`Strict::event`] has something to do; call it until it has not.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.connection.as_fd()
    }
}

/// Something all copies of which do the same with the same commands.
pub trait Machine {
    /// Does what a command says.
    fn apply(&mut self, from: Member, command: &[u8]);

    /// All that it is, as bytes.
    fn snapshot(&self) -> Vec<u8>;

    /// Becomes what these bytes say; `false` when they say nothing.
    fn restore(&mut self, state: &[u8]) -> bool;
}

/// A copy of a machine.
#[derive(Debug)]
pub struct Replica<M> {
    /// Its membership.
    pub strict: Strict,
    /// The machine; to be changed by commands only.
    pub machine: M,
}

impl<M: Machine> Replica<M> {
    /// Does the next thing, waited for until `deadline`; what it was, or `Ok(None)`.
    ///
    /// # Errors
    /// As [`Strict::event`], and a state that the machine does not understand.
    pub fn step(&mut self, deadline: Option<Instant>) -> Result<Option<Event>, Error> {
        let event = self.strict.event(deadline)?;
        match &event {
            Some(Event::Message(from, command)) => self.machine.apply(*from, command),
            Some(Event::Wanted) => self.strict.give(&self.machine.snapshot())?,
            Some(Event::State(state)) => {
                if !self.machine.restore(state) {
                    let text = format!("a state of {} bytes that means nothing", state.len());
                    return Err(Error::Protocol(text));
                }
            }
            Some(Event::View(_) | Event::Suspended) | None => {}
        }
        Ok(event)
    }
}
