//! All that a client may ask of the stack, on one screen.
//!
//! Must never carry a wire type: the translation from the IPC contract is in `ipc/translate.rs`.

use bytes::Bytes;
use quorum::{Step, Votes};
use totem::{Guarantee, NodeId};

pub use super::managers::ViewParts;

pub use super::map::MapCommand;
pub use super::objects::TreeCommand;
pub use super::ports::BarrierChange;

/// A client, as numbered by the shell. Never reused while the daemon runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SessionId(pub u64);

/// A request of a client; the reply carries it back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId {
    /// Who asks.
    pub session: SessionId,
    /// Its number among the requests of this session.
    pub number: u64,
}

/// What is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// How this node and the cluster are.
    Status,
    /// Every node known, present or not.
    Nodes,
    /// From now on, tell this session of membership and quorum changes (or no longer).
    Watch {
        /// Tell it.
        on: bool,
        /// It wants to be asked before this node leaves.
        objects: bool,
    },
    /// Have all nodes go by the configuration that this node can read.
    Reload(Wanted),
    /// The configuration that this node goes by.
    Configuration,
    /// Leave the cluster, unless a session objects; the reply comes when the ring knows.
    Leave(Leave),
    /// Leave the cluster and ask nobody: the service manager stops this node.
    Stop,
    /// The answer to `Notice::TryShutdown`: may this node leave?
    Agree(bool),
    /// Have a node stop at once; the reply comes when it will.
    Kill(NodeId),
    /// This node has state from now on that outlives a partition.
    SetDirty,
    /// Log more, or no longer.
    Debug(bool),
    /// From now on, give this session every configuration and every raw message of the ring, in
    /// their one order.
    Attach,
    /// Send a raw message to all attached sessions of all members.
    Multicast {
        /// What is promised about its delivery.
        guarantee: Guarantee,
        /// Its content.
        payload: Bytes,
    },
    /// What concerns votes and the quorum device.
    Vote(VoteCommand),
    /// What concerns process groups.
    Group(GroupCommand),
    /// Something about a map of this node.
    Map(MapCommand),
    /// Something about the objects that this node shows.
    Tree(TreeCommand),
    /// What concerns ports and barriers.
    Port(PortCommand),
    /// What cluster managers ask.
    Manage(ManageCommand),
}

/// What cluster managers ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ManageCommand {
    /// From now on, tell this session of views of the cluster (or no longer).
    Track {
        /// Tell it.
        on: bool,
        /// Tell it first how it is now.
        current: bool,
        /// How what is told is cut.
        parts: ViewParts,
    },
    /// From now on, ask this session before this node leaves (or no longer), and nothing else.
    Question(bool),
    /// How votes are counted here.
    Counting,
    /// Leave without asking any program; the reply comes when the ring knows.
    Stop,
    /// The quorum device is alive, or not, on the ring of this sequence and representative.
    Poll {
        /// Which.
        alive: bool,
        /// The ring.
        ring: (u64, u32),
    },
}

/// What is asked about process groups. A session is in one group at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupCommand {
    /// Join a group.
    Join {
        /// Its name, 1 to 128 bytes.
        group: Bytes,
        /// The process that joins, as it says itself.
        pid: u32,
        /// Tell it of the ring once it has joined.
        ring: bool,
    },
    /// Leave the group.
    Leave,
    /// Send a message, or a part of one, to the members of the group.
    Multicast {
        /// What is promised about its delivery.
        guarantee: Guarantee,
        /// What was given at the join, the part, and the content.
        message: Bytes,
    },
    /// The members of a group.
    Members(Bytes),
    /// All groups whose names come after this one, and their members.
    List {
        /// A name, or nothing.
        after: Bytes,
    },
    /// From now on, tell this session of the rings on which groups meet (or no longer).
    WatchRing(bool),
}

impl Command {
    /// What it asks to see shows the programs that talk to the daemon.
    #[must_use]
    pub const fn shows_connections(&self) -> bool {
        match self {
            Self::Tree(_) => true,
            Self::Map(command) => command.counts(),
            Self::Status
            | Self::Nodes
            | Self::Configuration
            | Self::Watch { .. }
            | Self::Reload(_)
            | Self::Leave(_)
            | Self::Stop
            | Self::Agree(_)
            | Self::Kill(_)
            | Self::SetDirty
            | Self::Debug(_)
            | Self::Attach
            | Self::Multicast { .. }
            | Self::Vote(_)
            | Self::Group(_)
            | Self::Port(_)
            | Self::Manage(_) => false,
        }
    }

    /// A message for the ring, which a client may send without wanting to hear that it was taken.
    #[must_use]
    pub const fn may_go_unanswered(&self) -> bool {
        match self {
            Self::Multicast { .. } | Self::Group(GroupCommand::Multicast { .. }) => true,
            Self::Status
            | Self::Nodes
            | Self::Configuration
            | Self::Watch { .. }
            | Self::Reload(_)
            | Self::Leave(_)
            | Self::Stop
            | Self::Agree(_)
            | Self::Kill(_)
            | Self::SetDirty
            | Self::Debug(_)
            | Self::Attach
            | Self::Vote(_)
            | Self::Map(_)
            | Self::Tree(_)
            | Self::Port(_)
            | Self::Manage(_)
            | Self::Group(
                GroupCommand::Join { .. }
                | GroupCommand::Leave
                | GroupCommand::Members(_)
                | GroupCommand::List { .. }
                | GroupCommand::WatchRing(_),
            ) => false,
        }
    }
}

/// What is asked of the vote counter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum VoteCommand {
    /// All members shall expect so many votes; the reply comes when they do.
    Expected(Votes),
    /// All members shall count so many votes for a node; the reply comes when they do.
    Votes {
        /// Whose.
        node: NodeId,
        /// How many.
        votes: Votes,
    },
    /// The quorum device of this node shall count for so many votes, through all members; the reply
    /// comes when it does.
    DeviceVotes(Votes),
    /// Something about the quorum device of this node.
    Device(DeviceCommand),
    /// The quorum device of this node, if one is registered.
    ShowDevice,
    /// What would happen after each of these steps, and who may fail now. Nothing is changed.
    WhatIf(Vec<Step>),
}

/// What the program behind a quorum device asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceCommand {
    /// This session speaks for the device of this name from now on.
    Register {
        /// Its name.
        name: String,
        /// Its votes while it is alive.
        votes: Votes,
    },
    /// The device is alive, for another timeout; or it is not.
    Poll(bool),
    /// The same by one who judges each membership anew: void as soon as a member is lost.
    Vouch(bool),
    /// It has another name and other votes.
    Update {
        /// Its name.
        name: String,
        /// Its votes while it is alive.
        votes: Votes,
    },
    /// It is no more.
    Unregister,
}

/// What is asked about ports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortCommand {
    /// From now on, give this session what is sent to this port of this node, and tell it of who
    /// listens on the same port elsewhere.
    Listen(u8),
    /// No longer.
    StopListening,
    /// Send this to who listens on a port.
    Send {
        /// At this node; at all, this one included, without one.
        to: Option<NodeId>,
        /// The port; 0 for the one on which this session listens.
        port: u8,
        /// Its content.
        payload: Bytes,
    },
    /// Does somebody listen on a port?
    IsListening {
        /// At this node; here, without one.
        node: Option<NodeId>,
        /// The port.
        port: u8,
    },
    /// Something about a barrier.
    Barrier {
        /// Its name.
        name: Bytes,
        /// What.
        command: BarrierCommand,
    },
}

/// What is asked about a barrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BarrierCommand {
    /// This session will wait there.
    Register {
        /// How many nodes must arrive; 0 for all members.
        nodes: u32,
        /// It is forgotten once it was passed.
        once: bool,
    },
    /// Something of it is otherwise.
    Change(BarrierChange),
    /// Arrive, and wait: the reply comes when it is passed.
    Wait,
    /// Programs of this node have no such barrier any more.
    Delete,
}

/// What a reload shall come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// The least version that is wanted.
    pub least: u64,
    /// Only say what would change.
    pub dry_run: bool,
}

/// How to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leave {
    /// The others lower their expected votes to what remains (`cman_tool leave remove`).
    pub remove: bool,
    /// Leave although a client objects.
    pub force: bool,
}

/// A node of the configuration as the node table is told of it at start and on reload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NodeEntry {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its votes.
    pub votes: u32,
    /// Its addresses, one per ring network, as far as they are known.
    pub addresses: Vec<core::net::IpAddr>,
}
