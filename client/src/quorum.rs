//! May the cluster act here, and who is in it: asked once, or told whenever it changes.
//!
//! Must never answer from memory: a verdict is what the daemon said last, and a program that
//! watches is told of the next one.

use std::time::Instant;

use crate::cman::{Shutdown, StateChange};
use crate::connection::Connection;
use crate::error::Error;
use crate::proto::{self, notice, request};

/// The verdict of the vote counter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// This node may act.
    pub quorate: bool,
    /// Votes of the members.
    pub present: u32,
    /// Votes needed.
    pub needed: u32,
    /// Votes expected.
    pub expected: u32,
    /// The rule that decided, for humans.
    pub why: String,
}

/// What a watching program is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The members changed and have synchronized.
    Membership(Membership),
    /// The verdict changed.
    Quorum(Verdict),
    /// A node is something else to the cluster, and the members are the same.
    State(StateChange),
    /// This node is asked to leave. A program that may object answers with
    /// [`Connection::answer_shutdown`].
    TryShutdown(Shutdown),
    /// This version of the configuration is in use now.
    ConfigUpdate(u64),
}

/// The members of the cluster's ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Sequence of the ring.
    pub generation: u64,
    /// Ids of its members, ascending.
    pub members: Vec<u32>,
    /// Who came, ascending.
    pub joined: Vec<u32>,
    /// Who went, ascending.
    pub left: Vec<u32>,
}

impl Connection {
    /// Asks to be told of membership and quorum changes from now on, or no longer.
    ///
    /// Watch first, then ask [`Connection::status`]: no change is missed between the two.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn watch(&mut self, on: bool) -> Result<(), Error> {
        self.done("watch", request::What::Watch(proto::Watch { on, may_object: false }))
    }

    /// The next change, waited for until `deadline` (`None`: for ever); `Ok(None)` when it passed.
    /// What an attached program is told besides is skipped: use [`Connection::notice`] for both.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn change(&mut self, deadline: Option<Instant>) -> Result<Option<Change>, Error> {
        loop {
            match self.notice(deadline)? {
                None => return Ok(None),
                Some(notice::What::Membership(membership)) => {
                    return Ok(Some(Change::Membership(membership.into())));
                }
                Some(notice::What::Quorum(quorum)) => {
                    return Ok(Some(Change::Quorum(quorum.into())));
                }
                Some(notice::What::StateChange(change)) => {
                    return Ok(Some(Change::State(change.try_into()?)));
                }
                Some(notice::What::TryShutdown(asked)) => {
                    return Ok(Some(Change::TryShutdown(asked.into())));
                }
                Some(notice::What::ConfigUpdate(proto::ConfigUpdate { version })) => {
                    return Ok(Some(Change::ConfigUpdate(version)));
                }
                Some(notice::What::Configuration(_) | notice::What::Message(_)) => {}
            }
        }
    }
}

impl From<proto::Quorum> for Verdict {
    fn from(quorum: proto::Quorum) -> Self {
        let proto::Quorum { quorate, present, needed, expected, why } = quorum;
        Self { quorate, present, needed, expected, why }
    }
}

impl From<proto::Membership> for Membership {
    fn from(membership: proto::Membership) -> Self {
        let proto::Membership { generation, representative: _, members, joined, left } = membership;
        Self { generation, members, joined, left }
    }
}
