//! What can go wrong, each with the number that was wrong.
//!
//! Must never stand for a change half made: whoever returns one of these has changed nothing.

use thiserror::Error;
use totem::NodeId;

use crate::votes::Votes;

/// A configuration that cannot be counted by. The first two texts are CMAN's; scripts know them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum ConfigError {
    /// Two-node mode, and not two nodes of one vote each.
    #[error("two_node set but there are more than 2 nodes")]
    NotTwoNodes {
        /// How many nodes there are.
        nodes: usize,
        /// How many votes they have together.
        votes: u64,
    },
    /// Two-node mode, and this node does not have one vote.
    #[error("two_node set but votes not set to 1")]
    NotOneVote(Votes),
    /// A tie-breaker where each of two nodes may go on alone.
    #[error("auto_tie_breaker cannot be used with two_node: each node may go on alone")]
    TieBreakerInTwoNode,
    /// Expecting less where each of two nodes may go on alone.
    #[error("last_man_standing and allow_downscale cannot be used with two_node")]
    LoweringInTwoNode,
    /// Nodes that were left out could form a second quorum by what they expect.
    #[error("last_man_standing and allow_downscale need wait_for_all=\"1\"")]
    LoweringWithoutWait,
    /// Last man standing counts nodes.
    #[error("last_man_standing needs one vote per node, node {node} has {votes}")]
    LastManOfVotes {
        /// A node with another number of votes.
        node: NodeId,
        /// How many.
        votes: Votes,
    },
    /// A list of nodes to break ties without a node in it.
    #[error("auto_tie_breaker lists no node")]
    EmptyTieBreaker,
    /// This node is not among the configured nodes.
    #[error("node {0} is not among the configured nodes")]
    Unlisted(NodeId),
}

/// A request that cannot be met. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Refused {
    /// Zero was asked for.
    #[error("0 votes cannot be set")]
    Zero,
    /// This node is not a member of the cluster yet.
    #[error("this node is not a member of the cluster")]
    NotMember,
    /// No such node is known.
    #[error("no node {0} is known")]
    Unknown(NodeId),
    /// The node is a member already.
    #[error("node {0} is a member already")]
    Present(NodeId),
    /// The node is no member.
    #[error("node {0} is not a member")]
    Absent(NodeId),
    /// Half of the votes present, or less, would make a quorum: two sides could have it.
    #[error("{needed} votes would make a quorum, less than half of the {present} present")]
    TooFew {
        /// What would be needed.
        needed: u64,
        /// What would be present.
        present: u64,
    },
    /// The members would block themselves.
    #[error("{needed} votes would be needed, {present} are present")]
    TooMany {
        /// What would be needed.
        needed: u64,
        /// What would be present.
        present: u64,
    },
}

/// A request about a quorum device that cannot be met. Nothing was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DeviceRefused {
    /// This node is not a member of the cluster yet.
    #[error("this node is not a member of the cluster")]
    NotMember,
    /// The name is empty or too long.
    #[error("the name of a quorum device has 1 to {most} bytes, this one {size}")]
    Name {
        /// Bytes it has.
        size: usize,
        /// Bytes it may have.
        most: usize,
    },
    /// Another device is registered.
    #[error("another quorum device is registered")]
    Other,
    /// A node has that name.
    #[error("a node has the name of the quorum device")]
    NameOfNode,
    /// The device is alive: it must be polled as lost first.
    #[error("the quorum device is in use")]
    InUse,
    /// No device is registered by who asks.
    #[error("no quorum device is registered by this program")]
    None,
    /// Ties are broken by a node here, or what is expected follows the members.
    #[error(
        "a quorum device cannot be used with auto_tie_breaker, last_man_standing or \
         allow_downscale"
    )]
    Rules,
}

/// Bytes that are no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum MessageError {
    /// No message kind has this number.
    #[error("unknown kind {0} of vote message")]
    UnknownKind(u8),
    /// Too short or too long for its kind.
    #[error("vote message of {found} bytes, its kind has {expected}")]
    Length {
        /// Bytes there are.
        found: usize,
        /// Bytes there should be.
        expected: usize,
    },
    /// A field has a value that no correct sender writes.
    #[error("{field} of a vote message is {value}")]
    BadField {
        /// Which field.
        field: &'static str,
        /// Its value.
        value: u32,
    },
}
