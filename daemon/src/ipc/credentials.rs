//! Anyone on this node may look; only some may change.
//!
//! Must never believe what a program says of itself: the kernel says who is at the other end of
//! the socket.

use std::collections::BTreeSet;
use std::fmt;
use std::io;

use tokio::net::UnixStream;

use crate::stack::command::{
    Command, GroupCommand, ManageCommand, MapCommand, PortCommand, VoteCommand,
};
use crate::stack::effect::Admitted;

/// Who is at the other end of a socket, as the kernel says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    /// Effective user id at the time of the connection.
    pub uid: u32,
    /// Effective group id at the time of the connection.
    pub gid: u32,
    /// Process id, where the kernel says it. For the log only: it may have been passed on.
    pub pid: Option<i32>,
}

impl Peer {
    /// Asks the kernel.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of(stream: &UnixStream) -> io::Result<Self> {
        let seen = stream.peer_cred()?;
        Ok(Self { uid: seen.uid(), gid: seen.gid(), pid: seen.pid() })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            Some(pid) => write!(f, "process {pid} of user {}", self.uid),
            None => write!(f, "a process of user {}", self.uid),
        }
    }
}

/// Who may change things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    uids: BTreeSet<u32>,
    gids: BTreeSet<u32>,
    /// Who may as well, until told otherwise.
    admitted: Admitted,
}

impl Policy {
    /// The superuser and whoever the daemon runs as.
    #[must_use]
    pub fn own() -> Self {
        let me = nix::unistd::geteuid().as_raw();
        Self { uids: BTreeSet::from([0, me]), ..Self::nobody() }
    }

    pub(super) fn nobody() -> Self {
        let (uids, gids) = (BTreeSet::new(), BTreeSet::new());
        Self { uids, gids, admitted: Admitted::default() }
    }

    /// And this user.
    #[must_use]
    pub fn with_uid(mut self, uid: u32) -> Self {
        self.uids.insert(uid);
        self
    }

    /// And whoever has this as effective group.
    #[must_use]
    pub fn with_gid(mut self, gid: u32) -> Self {
        self.gids.insert(gid);
        self
    }

    /// And these, instead of those of the last time.
    pub fn admit(&mut self, admitted: &Admitted) {
        self.admitted.clone_from(admitted);
    }

    /// This peer may change things.
    #[must_use]
    pub fn permits(&self, peer: &Peer) -> bool {
        let Admitted { users, groups } = &self.admitted;
        let user = self.uids.contains(&peer.uid) || users.contains(&peer.uid);
        user || self.gids.contains(&peer.gid) || groups.contains(&peer.gid)
    }
}

/// What a command does to others than the one who asks: everything but looking. Attaching counts,
/// because raw messages are the content of applications, and so does the configuration, in which
/// passwords may stand.
#[must_use]
pub fn needs_permission(command: &Command) -> bool {
    match command {
        Command::Status
        | Command::Nodes
        | Command::Vote(VoteCommand::ShowDevice | VoteCommand::WhatIf(_))
        | Command::Group(
            GroupCommand::Members(_) | GroupCommand::List { .. } | GroupCommand::WatchRing(_),
        )
        | Command::Map(
            MapCommand::Get { .. }
            | MapCommand::List { .. }
            | MapCommand::Track { .. }
            | MapCommand::Untrack(_),
        )
        | Command::Port(PortCommand::IsListening { .. })
        | Command::Manage(ManageCommand::Track { .. } | ManageCommand::Counting) => false,
        Command::Watch { on: _, objects } => *objects,
        Command::Vote(
            VoteCommand::Expected(_)
            | VoteCommand::Votes { .. }
            | VoteCommand::DeviceVotes(_)
            | VoteCommand::Device(_),
        )
        | Command::Configuration
        | Command::Tree(_)
        | Command::Map(
            MapCommand::Set { .. } | MapCommand::Delete { .. } | MapCommand::Adjust { .. },
        )
        | Command::Port(
            PortCommand::Listen(_)
            | PortCommand::StopListening
            | PortCommand::Send { .. }
            | PortCommand::Barrier { .. },
        )
        | Command::Reload(_)
        | Command::Leave(_)
        | Command::Stop
        | Command::Agree(_)
        | Command::Kill(_)
        | Command::SetDirty
        | Command::Debug(_)
        | Command::Attach
        | Command::Multicast { .. }
        | Command::Manage(
            ManageCommand::Question(_) | ManageCommand::Stop | ManageCommand::Poll { .. },
        )
        | Command::Group(
            GroupCommand::Join { .. } | GroupCommand::Leave | GroupCommand::Multicast { .. },
        ) => true,
    }
}

#[cfg(test)]
mod tests;
