//! Being told by a daemon what it sees, as any program may be.
//!
//! Must never ask again and again: the daemon tells of every change.

use std::collections::BTreeSet;
use std::time::Instant;

use client::{Change, Connection, Membership, Status};

use super::PATIENCE;

/// A conversation that is told of changes.
#[derive(Debug)]
pub struct Watch {
    connection: Connection,
}

impl Watch {
    /// Asks to be told.
    pub(super) fn new(connection: Connection) -> Self {
        Self::of(connection).expect("everybody may watch")
    }

    /// Asks to be told; `None` when the daemon ends meanwhile.
    pub(super) fn of(mut connection: Connection) -> Option<Self> {
        connection.watch(true).is_ok().then_some(Self { connection })
    }

    /// Waits until the node is in a ring of exactly these members and has synchronized; false when
    /// `deadline` came first, or the end of the daemon.
    pub(super) fn is_in(&mut self, members: &[u32], deadline: Instant) -> bool {
        self.shows(|status| status.synchronized && status.ring_members == members, deadline)
    }

    /// Waits until the node's state fulfils `wanted`; false when `deadline` came first, or the end
    /// of the daemon.
    pub(super) fn shows(&mut self, wanted: impl Fn(&Status) -> bool, deadline: Instant) -> bool {
        loop {
            let Ok(status) = self.connection.status() else { return false };
            if wanted(&status) {
                return true;
            }
            if !matches!(self.connection.change(Some(deadline)), Ok(Some(_))) {
                return false;
            }
        }
    }

    /// Waits for a membership that fulfils `wanted`; returns it and the moment it was told.
    ///
    /// # Panics
    /// The daemon ends, or the time does.
    pub fn membership(&mut self, wanted: impl Fn(&Membership) -> bool) -> (Membership, Instant) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.connection.change(Some(deadline)).expect("it lives") {
                Some(Change::Membership(membership)) if wanted(&membership) => {
                    return (membership, Instant::now());
                }
                Some(
                    Change::Membership(_)
                    | Change::Quorum(_)
                    | Change::State(_)
                    | Change::TryShutdown(_)
                    | Change::ConfigUpdate(_),
                ) => {}
                None => panic!("no such membership in time"),
            }
        }
    }

    /// Waits until a host is no member any more; returns when that was told.
    pub fn lost(&mut self, host: usize) -> Instant {
        self.membership(|membership| !membership.members.contains(&id(host))).1
    }

    /// Waits until these hosts, and no others, are members; returns when that was told.
    pub fn members(&mut self, hosts: &[usize]) -> Instant {
        let ids: BTreeSet<u32> = hosts.iter().map(|&host| id(host)).collect();
        self.membership(|membership| {
            membership.members.iter().copied().collect::<BTreeSet<_>>() == ids
        })
        .1
    }
}

/// The id of a host's node.
#[must_use]
pub fn id(host: usize) -> u32 {
    u32::try_from(host + 1).unwrap_or(u32::MAX)
}
