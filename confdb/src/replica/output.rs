//! What a replica asks of those around it, and what it tells them, on one screen.
//!
//! Must never be carried out in another order than the one in which it comes.

use std::sync::Arc;

use super::Ticket;
use super::edition::{Edition, Place};
use super::message::Message;

/// What a replica wants done, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Say this to all nodes of the ring, this one included.
    Say {
        /// What.
        message: Message,
        /// Deliver it only once everyone has it.
        safe: bool,
    },
    /// Find out whether this node can go by this text, put it on disk beside the one in use, and
    /// answer [`Replica::checked`](super::Replica::checked).
    Check {
        /// To be named in the answer.
        ticket: Ticket,
        /// What it is.
        edition: Edition,
        /// The text.
        text: Arc<[u8]>,
    },
    /// What was checked under this ticket is not needed.
    Drop(Ticket),
    /// Go by this from now on.
    Switch {
        /// Under which it was checked.
        ticket: Ticket,
        /// What it is.
        edition: Edition,
        /// The text.
        text: Arc<[u8]>,
    },
    /// Tell all nodes of the ring anew who this node is and what it holds.
    Introduce,
    /// A proposal of this node has come to its end.
    Ended(Outcome),
    /// What an operator wants to read of it.
    Tell(Event),
}

/// How a proposal ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// All have switched.
    Switched,
    /// A node cannot go by it.
    Refused {
        /// Which.
        node: u32,
        /// Why not.
        reason: String,
    },
    /// Another one came first.
    Busy {
        /// What it proposes.
        version: u64,
        /// Whose it is.
        by: u32,
    },
    /// Somebody came or went before all had accepted.
    Interrupted,
    /// Somebody went just when all had accepted: whether the others switched is not known here.
    Undecided,
    /// This node does not go by what the cluster goes by.
    NotCurrent,
}

/// What an operator wants to read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A node of the ring does not go by what the cluster goes by, and takes no part.
    KeptOut {
        /// Which.
        node: u32,
        /// How it relates.
        place: Place,
        /// The version it holds.
        held: u64,
        /// The version of the cluster.
        wanted: u64,
    },
    /// A node goes by the same text as this one, and has another secret where the text names one:
    /// another key.
    OtherSecret {
        /// Which.
        node: u32,
    },
    /// A new version was proposed.
    Proposed {
        /// Which.
        version: u64,
        /// By whom.
        by: u32,
    },
    /// A proposal ended without a change.
    Abandoned {
        /// Of which version.
        version: u64,
        /// By whom.
        by: u32,
        /// Why.
        why: Outcome,
    },
    /// This node switched.
    Switched {
        /// From this version.
        from: u64,
        /// To this one.
        to: u64,
        /// Who proposed, or sent it.
        by: u32,
    },
    /// This node is behind and cannot go by what it was sent.
    CannotFollow {
        /// The version.
        version: u64,
        /// Why not.
        reason: String,
    },
}

/// Why a proposal is not even made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotProposed {
    /// This node does not go by what the cluster goes by, or there is no ring.
    NotCurrent,
    /// One is under way.
    Busy {
        /// What it proposes.
        version: u64,
        /// Whose it is.
        by: u32,
    },
    /// This node has accepted this version before, and it may be in force where it cannot see.
    Contradicts(u64),
    /// The text is longer than [`LARGEST_TEXT`](super::LARGEST_TEXT), or empty.
    Size(usize),
}
