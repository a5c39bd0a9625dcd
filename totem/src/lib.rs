//! Total order and membership over a network that loses, delays, repeats and reorders packets.
//!
//! A token circulates on a logical ring of nodes; only its holder sends, and the sequence number
//! it carries orders all messages. When the token dies the survivors agree on a new ring, bring
//! each other's old messages up to date, and tell those above in two steps who is still there:
//! Extended Virtual Synchrony. The protocol is Totem's single ring (Amir, Moser, Melliar-Smith,
//! Agarwal, Ciarfella, ACM TOCS 13(4), 1995) with the accelerated ordering of Babay and Amir
//! (ICDCS 2016).
//!
//! The crate is pure: it is told what happened ([`Input`]) and what time it is ([`Instant`]), and
//! answers what should be done ([`Output`]). It has no clock, socket, thread or randomness, so the
//! simulator drives the very code that ships.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod assembly;
mod backlog;
mod config;
mod configuration;
mod error;
mod flow;
mod ids;
mod input;
mod instant;
mod invariants;
mod local;
mod members;
mod output;
mod pacing;
mod packing;
mod peers;
mod phase;
mod planted;
mod ring;
pub mod seal;
mod stats;
mod timers;
mod tuning;
mod turn;
mod window;
pub mod wire;

pub use config::{Config, Identity, Limits, Timing, Tuning};
pub use configuration::{Cause, Change, Configuration, Evidence, Kind};
pub use error::{ConfigError, PacketError, Refused};
pub use ids::{NodeId, NodeSet, RingId, RingSeq, Seq};
pub use input::Input;
pub use instant::Instant;
pub use output::{Deadline, Destination, Event, Guarantee, Lane, Message, Output};
pub use planted::Plant;
#[cfg(feature = "planted")]
pub use planted::Planted;
pub use ring::{Ring, Status};
pub use stats::{Pace, Stats, Traffic};
pub use timers::Timer;
