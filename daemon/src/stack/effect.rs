//! All that the stack may ask of its shell, on one screen.
//!
//! Effects come from one ordered queue, like the outputs of the ring beneath. Must never be
//! reordered by whoever drains it.

use core::net::IpAddr;

use bytes::Bytes;
use quorum::Verdict;
use totem::{
    Configuration, Deadline, Destination, Guarantee, Instant, NodeId, NodeSet, RingId, RingSeq,
};

use super::command::{RequestId, SessionId};
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
    /// Write this to the log: what an operator wants to know of a membership change.
    Report(Report),
    /// Stop: this node left, or must not go on.
    Exit(Exit),
    /// Nothing more to do before this deadline; always last.
    Wait(Option<Deadline>),
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
    /// A client objects.
    Busy,
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
}

/// One line for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// The old ring ended: nodes are gathering.
    RingLost(totem::Cause),
    /// A regular configuration was installed.
    Installed(Configuration),
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
    /// A node was admitted that the configuration does not know. It is listed as `Node<id>` and
    /// has one vote.
    NoEntry {
        /// Which node.
        node: NodeId,
        /// How it calls itself.
        name: String,
    },
    /// A member counts votes by another configuration than this node.
    Differs {
        /// Which node.
        node: NodeId,
        /// In what.
        what: quorum::Difference,
    },
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
    /// Another version of the configuration.
    ConfigVersion {
        /// Theirs.
        remote: u64,
        /// Ours.
        local: u64,
    },
}

/// Why the daemon stops.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// It left on request.
    Left,
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
    pub departure: Option<totem::Evidence>,
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
    /// Counters of the ring.
    pub stats: totem::Stats,
}
