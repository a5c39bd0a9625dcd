//! All that the stack may ask of its shell, on one screen.
//!
//! Effects come from one ordered queue, like the outputs of the ring beneath. Must never be
//! reordered by whoever drains it.

use core::net::IpAddr;

use std::sync::Arc;

use bytes::Bytes;
use confdb::replica::{Event, Ticket};
use quorum::Verdict;
use totem::{
    Configuration, Deadline, Destination, Evidence, Guarantee, Instant, NodeId, NodeSet, RingId,
    RingSeq,
};

use super::command::{Leave, RequestId, SessionId};
pub use super::database::reload::{NotReloaded, Reloaded};
pub use super::groups::{Address, GroupList, GroupNotice, Part, RingView, View, Why};
pub use super::managers::{ClusterView, Counting, ViewPart};
pub use super::map::{Admitted, Found, KeyChange, KeyRefused};
pub use super::objects::{ObjectChange, ObjectRefused, ObjectsFound};
pub use super::ports::PortRefused;
pub use super::service::MessageError;

/// One obligation of the shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Seal this packet and send it.
    Send {
        /// To whom.
        to: Destination,
        /// The plain packet.
        packet: Bytes,
    },
    /// Put this ring sequence on stable storage, then answer `Input::Stored`.
    Store(RingSeq),
    /// Answer a request.
    Reply {
        /// Which.
        to: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Tell a session what it asked to be told of.
    Notify {
        /// Whom.
        to: SessionId,
        /// What.
        notice: Notice,
    },
    /// Tell these sessions the same.
    NotifyAll {
        /// Whom.
        to: Arc<[SessionId]>,
        /// What.
        notice: Notice,
    },
    /// Do this with the file of the configuration; everything of this kind one by one.
    File(FileJob),
    /// Write this to the log: what an operator wants to know of a membership change.
    Report(Report),
    /// Log more, or no longer.
    Debug(bool),
    /// These may change things from now on, besides those who always may.
    Admit(Admitted),
    /// Stop: this node left, or must not go on.
    Exit(Exit),
    /// Nothing more to do before this deadline; always last.
    Wait(Option<Deadline>),
}

/// Something to be done with the file of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileJob {
    /// Read it where this node has it, then answer `Stack::fetched`.
    Fetch(RequestId),
    /// Find out whether this node can go by this text, put it on stable storage beside the one in
    /// use, then answer `Stack::staged`.
    Stage {
        /// To be named in the answer.
        ticket: Ticket,
        /// Version of the text.
        version: u64,
        /// The text.
        text: Arc<[u8]>,
    },
    /// What was staged, or is being staged, is not needed.
    Unstage(Ticket),
    /// Go by what was staged: its text takes the place of the one in use, which is kept under its
    /// version; then answer `Stack::activated`.
    Activate {
        /// What was staged.
        ticket: Ticket,
        /// Version of the text in use so far.
        from: u64,
        /// Nodes that the new text does not know and that are still there.
        staying: NodeSet,
    },
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// Done as asked.
    Done,
    /// Not done.
    Refused(Refusal),
    /// How this node and the cluster are.
    Status(Box<Status>),
    /// The node table, by ascending id.
    Nodes(Vec<Node>),
    /// The quorum device of this node, if one is registered.
    Device(Option<Device>),
    /// What would happen.
    WhatIf(Box<Trial>),
    /// The configuration that this node goes by.
    Running(Box<Running>),
    /// All nodes go by the new configuration, or why not.
    Reload(Result<Reloaded, NotReloaded>),
    /// The session joins a group; what its messages must begin with.
    JoinedGroup(Bytes),
    /// The members of a group, ascending.
    GroupMembers(Vec<Address>),
    /// Groups and their members.
    Groups(GroupList),
    /// What a map holds, or why it was not done.
    Map(Result<Found, KeyRefused>),
    /// Objects, or why it was not done.
    Objects(Result<ObjectsFound, ObjectRefused>),
    /// Somebody listens on the port, or nobody.
    Listening(bool),
    /// How votes are counted here.
    Counting(Box<Counting>),
}

/// The configuration that a node goes by, whatever its file has become.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Running {
    /// Its version.
    pub version: u64,
    /// Its text, as all nodes have it; empty where there is none.
    pub text: Arc<[u8]>,
    /// Name of this node.
    pub node: String,
    /// Id of the cluster.
    pub cluster_id: u16,
}

/// Why a request was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// No room for the message: try again.
    TryAgain,
    /// The message can never be sent.
    TooLarge {
        /// Bytes of the message.
        size: usize,
        /// The limit.
        most: usize,
    },
    /// The node is leaving.
    Leaving,
    /// The session, or its process by another session, is a member already.
    AlreadyMember,
    /// The session is in no group.
    NotInGroup,
    /// There are so many members already.
    TooManyMembers(usize),
    /// The message does not begin with what its sender was given.
    NotItsOwn,
    /// Somebody joined after the beginning of the message: nobody gets it.
    Interrupted,
    /// A client objects.
    Busy,
    /// The quorum device speaks of another ring than this one.
    OtherRing(RingId),
    /// It is being asked already whether this node may leave.
    Already,
    /// No node has this id.
    UnknownNode(NodeId),
    /// The node is not in the cluster.
    NotThere(NodeId),
    /// Nodes are kept out with their state: nobody's votes may be counted otherwise meanwhile.
    Disallowed,
    /// Votes cannot be counted so.
    Votes(quorum::Refused),
    /// A quorum device cannot be used so.
    Device(quorum::DeviceRefused),
    /// Ports or barriers cannot be used so.
    Port(PortRefused),
    /// One of the things that would happen is impossible.
    Step {
        /// Which, from 0.
        step: usize,
        /// Why.
        why: quorum::Refused,
    },
}

/// What a watching or attached session is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The members changed and have synchronized.
    Membership {
        /// The ring.
        ring: RingId,
        /// The members of the cluster on it: all of the ring but those in conflict.
        members: NodeSet,
        /// Who came since the last notice; a node that restarted is here and among those who left.
        joined: NodeSet,
        /// Who went since the last notice.
        left: NodeSet,
    },
    /// The verdict changed.
    Quorum(Verdict),
    /// A node is something else to the cluster than before, and the members are the same.
    State {
        /// Which node.
        node: NodeId,
        /// What it is now.
        state: NodeState,
    },
    /// This node is asked to leave. Sessions that may object must say yes or no.
    TryShutdown(Leave),
    /// Another version of the configuration is in use.
    ConfigUpdate {
        /// Which.
        version: u64,
    },
    /// A configuration of the ring (attached sessions).
    Configuration(Configuration),
    /// A raw message of the ring (attached sessions).
    Message {
        /// Its sender.
        from: NodeId,
        /// What was promised about its delivery.
        guarantee: Guarantee,
        /// Its content.
        payload: Bytes,
    },
    /// Something about the session's group, or the ring it is on.
    Group(GroupNotice),
    /// A key changed that the session tracks.
    Key(KeyChange),
    /// An object changed that the session watches.
    Object(ObjectChange),
    /// Something was sent to the port on which the session listens.
    Data {
        /// Its sender.
        from: NodeId,
        /// The port on which its sender listens; 0 for none.
        from_port: u8,
        /// Its content.
        payload: Bytes,
    },
    /// Somebody listens on the session's port at a node, or no longer.
    Port {
        /// Which node.
        node: NodeId,
        /// The port.
        port: u8,
        /// Somebody does.
        open: bool,
    },
    /// The cluster as it is from now on.
    View(Box<ClusterView>),
}

/// One line for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The old ring ended: nodes are gathering.
    RingLost(totem::Cause),
    /// A regular configuration was installed.
    Installed(Configuration),
    /// The quorum device is to judge this ring before anybody is told of it.
    AwaitsDevice(RingId),
    /// It has not in time.
    DeviceSilent(RingId),
    /// All members have synchronized.
    Synchronized {
        /// Its members.
        members: NodeSet,
    },
    /// Quorum was gained or lost.
    Quorum(Verdict),
    /// A node of the ring is kept out of the cluster.
    Conflict {
        /// Which node.
        node: NodeId,
        /// Why, with both values.
        why: Conflict,
    },
    /// Something about the versions of the configuration, as this node sees it.
    Version {
        /// This node.
        me: NodeId,
        /// What.
        event: Event,
    },
    /// A node was admitted that the configuration does not know. It is listed as `Node<id>` and
    /// has no vote.
    NoEntry {
        /// Which node.
        node: NodeId,
        /// How it calls itself.
        name: String,
    },
    /// A node is made to stop, and will be gone.
    Killed {
        /// Which node; this one maybe.
        node: NodeId,
        /// Who has it killed.
        by: NodeId,
        /// Why.
        reason: KillReason,
    },
    /// A node came back with state, or to nodes that keep others out.
    Disallowed {
        /// Which node.
        node: NodeId,
        /// What follows.
        what: Disallowed,
    },
    /// This node came to a cluster that keeps nodes out, and goes at once.
    SawDisallowed {
        /// Who keeps nodes out.
        by: NodeId,
    },
    /// A member counts votes by another configuration than this node.
    Differs {
        /// Which node.
        node: NodeId,
        /// In what.
        what: quorum::Difference,
    },
    /// An operator changed how votes are counted, and all members do.
    VotesSet {
        /// The node where he asked.
        by: NodeId,
        /// What.
        what: quorum::Message,
    },
    /// The quorum device was silent for too long, or its program is gone.
    DeviceLost,
    /// A member sent what no correct node of this version sends. It was dropped.
    Malformed {
        /// Which node.
        node: NodeId,
        /// What was wrong.
        error: MessageError,
    },
}

/// Why a node of the ring is not admitted to the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// Another cluster name.
    Name {
        /// Theirs.
        remote: String,
        /// Ours.
        local: String,
    },
    /// Another cluster id.
    ClusterId {
        /// Theirs.
        remote: u16,
        /// Ours.
        local: u16,
    },
    /// Another version of the services' protocol.
    Protocol {
        /// Theirs.
        remote: u32,
        /// Ours.
        local: u32,
    },
}

/// What follows from it that a node is disallowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disallowed {
    /// This side may not act either: the node is kept out, and an operator decides.
    KeptOut,
    /// This side may act: the node is killed.
    Killed,
    /// This side may act, so may the other of two nodes: this one has the higher id and waits for
    /// its own end.
    Spared,
}

/// Why a node has another killed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KillReason {
    /// It may not be a member.
    Rejected,
    /// An operator or a program wants it.
    Operator,
    /// It came back with state from before.
    Rejoined,
    /// A reason that this version does not know.
    Other(u8),
}

impl KillReason {
    /// The reason with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Rejected,
            2 => Self::Operator,
            3 => Self::Rejoined,
            other => Self::Other(other),
        }
    }

    /// Its number; CMAN's.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Rejected => 1,
            Self::Operator => 2,
            Self::Rejoined => 3,
            Self::Other(number) => number,
        }
    }
}

/// Why the daemon stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It left on request.
    Left,
    /// It was killed.
    Killed {
        /// By whom.
        by: NodeId,
        /// Why.
        reason: KillReason,
    },
    /// It came to a cluster that keeps nodes out.
    SawDisallowed,
}

/// How a node came to be gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Departure {
    /// As the ring found out.
    Found(Evidence),
    /// It was killed.
    Killed(KillReason),
}

/// A row of the node table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What it is to the cluster, as this node sees it.
    pub state: NodeState,
    /// Ring sequence at which this node saw it become a member; 0 when never seen.
    pub incarnation: u64,
    /// When that was; `None` unless it is a member.
    pub joined: Option<Instant>,
    /// Its votes.
    pub votes: u32,
    /// The expected votes it goes by.
    pub expected: u32,
    /// Its addresses, as far as they are known.
    pub addresses: Vec<IpAddr>,
    /// Why it went, when it did.
    pub departure: Option<Departure>,
}

/// A quorum device as this node knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its votes while it is alive.
    pub votes: u32,
    /// Since when it is alive; `None` while it is not.
    pub alive_since: Option<Instant>,
}

/// What would happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// Who may fail as things are.
    pub outlook: quorum::Outlook,
    /// The verdict after each step that was asked for.
    pub verdicts: Vec<Verdict>,
}

/// What a node is to the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// In the ring, not yet admitted.
    Joining,
    /// Admitted.
    Member,
    /// Saying good-bye.
    Leaving,
    /// Not in the ring.
    Dead,
    /// In the ring and refused.
    Disallowed,
}

impl NodeState {
    /// It has introduced itself as a node of this cluster, and is still there.
    pub(crate) const fn is_of_this_cluster(self) -> bool {
        match self {
            Self::Member | Self::Leaving | Self::Disallowed => true,
            Self::Joining | Self::Dead => false,
        }
    }
}

/// How this node and the cluster are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Name of the cluster.
    pub cluster: String,
    /// Id of the cluster.
    pub cluster_id: u16,
    /// Version of the configuration in use.
    pub config_version: u64,
    /// This node's row.
    pub me: Node,
    /// Sequence of the current ring.
    pub generation: u64,
    /// The members of the ring.
    pub ring_members: NodeSet,
    /// What the ring is doing.
    pub phase: &'static str,
    /// Members have synchronized since the last configuration.
    pub synchronized: bool,
    /// How many nodes are members of the cluster.
    pub members: usize,
    /// May we act?
    pub verdict: Verdict,
    /// Two-node mode is in force.
    pub two_node: bool,
    /// Programs are being asked whether this node may leave.
    pub shutdown: bool,
    /// Nodes that come back with state are kept out.
    pub disallowed: bool,
    /// Names of those that are.
    pub disallowed_nodes: Vec<String>,
    /// This node has state that outlives a partition.
    pub has_state: bool,
    /// Ports on which programs of this node listen, ascending.
    pub ports: Vec<u8>,
    /// Counters of the ring.
    pub stats: totem::Stats,
    /// The timers and limits it goes by.
    pub pace: totem::Pace,
}
