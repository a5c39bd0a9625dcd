//! What the ring tells those above about membership: who is in, who came, who went, and why.
//!
//! Must never be built anywhere but at the installation of a ring: the order in which these come
//! out, and the messages between them, are Extended Virtual Synchrony.

use alloc::collections::BTreeMap;
use core::fmt;
use core::time::Duration;

use crate::ids::{NodeId, NodeSet, RingId};

/// Which of the two configurations of a membership change this is (Moser et al., ICDCS 1994).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The members of the new ring that come with us from the same old ring. Messages that follow
    /// belong to the old ring and are promised to these members only.
    Transitional,
    /// The members of the new ring. Messages that follow belong to it.
    Regular,
}

/// A configuration, as delivered in order with the messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration {
    /// Transitional or regular.
    pub kind: Kind,
    /// The ring being installed. With `previous` it identifies a transitional configuration.
    pub ring: RingId,
    /// The ring this node comes from; `None` for its first.
    pub previous: Option<RingId>,
    /// Who is in this configuration.
    pub members: NodeSet,
    /// Who is in it and was not in the one delivered before it.
    pub joined: NodeSet,
    /// Who was in the one delivered before it and is not in it.
    pub left: NodeSet,
    /// Why the old ring ended.
    pub change: Change,
}

/// The root cause of a membership change, and what it took.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// What made this node leave its old ring.
    pub cause: Cause,
    /// How this node knows that somebody is gone.
    pub evidence: BTreeMap<NodeId, Evidence>,
    /// From the end of the old ring to agreement on the members.
    pub gather: Duration,
    /// From agreement to everybody having the commit token twice.
    pub commit: Duration,
    /// From there to installation.
    pub recovery: Duration,
}

/// Why a node entered the gather phase.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// The daemon started.
    Started,
    /// No token came for the whole token timeout.
    TokenLost,
    /// This member left, or was found dead.
    Departed(NodeId),
    /// This node, heard by all of us and hearing all of us, wants in.
    Newcomer(NodeId),
    /// This member of our ring gathers, for a reason of its own.
    Joined(NodeId),
    /// This member does not receive what is sent, however often it is sent.
    Deaf(NodeId),
    /// The commit token did not come back.
    CommitLost,
    /// The token was lost before the new ring was installed.
    RecoveryLost,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::TokenLost => f.write_str("token lost"),
            Self::Departed(node) => write!(f, "node {node} gone"),
            Self::Newcomer(node) => write!(f, "node {node} wants in"),
            Self::Joined(node) => write!(f, "node {node} gathers"),
            Self::Deaf(node) => write!(f, "node {node} does not receive"),
            Self::CommitLost => f.write_str("commit token lost"),
            Self::RecoveryLost => f.write_str("token lost in recovery"),
        }
    }
}

/// How a node came to be left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Evidence {
    /// It said that it leaves.
    Left,
    /// Its port refused a packet and it did not answer the probes that followed.
    Refused,
    /// It came back with a new boot epoch: what it was before is dead.
    Restarted,
    /// It does not receive what is sent.
    Deaf,
    /// Nothing was heard of it for as long as it may be silent.
    Silent,
    /// It is heard, but not by everyone, or does not hear everyone; the others were preferred.
    Unreachable,
}

impl Evidence {
    /// True for what proves that the node's participation in the old ring is over, whoever hears
    /// of it; false for what only one observer can judge.
    #[must_use]
    pub const fn is_proof(self) -> bool {
        match self {
            Self::Left | Self::Refused | Self::Restarted | Self::Deaf => true,
            Self::Silent | Self::Unreachable => false,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Refused => "port refused, probes unanswered",
            Self::Restarted => "restarted",
            Self::Deaf => "does not receive",
            Self::Silent => "silent",
            Self::Unreachable => "not reachable for everyone",
        })
    }
}
