//! All that a ring can ask of the world, on one screen.
//!
//! Outputs come from one ordered queue: what must happen first stands first. Must never be
//! reordered by whoever drains it.

use alloc::boxed::Box;
use bytes::Bytes;

use crate::configuration::Configuration;
use crate::ids::{NodeId, RingSeq};
use crate::instant::Instant;
use crate::timers::Timer;

/// One obligation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Seal this packet and send it.
    Send {
        /// To whom.
        to: Destination,
        /// The plain packet.
        packet: Bytes,
    },
    /// Put this ring sequence on stable storage, then answer [`crate::Input::Stored`]. Nothing
    /// that depends on it follows before that.
    Store(RingSeq),
    /// Deliver upwards.
    Event(Event),
    /// Nothing more to do before this deadline; always last, and repeated when asked again.
    Wait(Option<Deadline>),
}

/// Where a packet goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// Every node that listens, this one excepted: ordered data, joins and beacons (data port).
    Everyone,
    /// One node: tokens and probes (token port, one below the data port).
    Node(NodeId),
}

/// When to wake the ring, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Deadline {
    /// Call `handle(now, Input::Timeout)` at this instant.
    pub at: Instant,
    /// The timer that is due then.
    pub why: Timer,
}

/// What is delivered upwards, in the one order that all members share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Transitional, then regular; messages between them belong between them.
    Configuration(Box<Configuration>),
    /// A message of a member.
    Message(Message),
    /// The ring was left on request; nothing follows.
    Left,
}

/// A message as delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Its sender.
    pub from: NodeId,
    /// What was promised about its delivery.
    pub guarantee: Guarantee,
    /// Its content, whole.
    pub payload: Bytes,
}

/// What the sender asks for (Totem §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Guarantee {
    /// Delivered in the total order once everything before it was delivered.
    Agreed,
    /// As agreed, and not before every member of the configuration is known to have it.
    Safe,
}

/// Which queue a message waits in for the token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Lane {
    /// For services that agree on their state after a membership change; always open.
    Sync,
    /// For applications; shut from the end of a ring until [`crate::Ring::open_data_lane`].
    Data,
}
