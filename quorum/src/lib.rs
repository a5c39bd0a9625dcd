//! May this side of the cluster act? Votes are counted so that of two sides that cannot hear each
//! other at most one goes on.
//!
//! The crate never sees a packet, a clock or a configuration file: it is told who is a member and
//! what each member said, and answers with a [`Verdict`]. The arithmetic is CMAN's, which
//! operators know: with `total` the votes of the members and `highest` the largest number of
//! votes that one of them expects,
//!
//! ```text
//! needed  = max((highest + 2) / 2, (total + 2) / 2)    integer division: more than half of both
//! needed  = max(needed, what was needed before)        unless somebody asked to lower it
//! needed  = 1                                          two-node mode with at most two members
//! quorate = total >= needed
//! ```
//!
//! A loss therefore never lowers what is needed; only `leave remove` and an operator's word do.
//!
//! ```
//! use std::collections::BTreeMap;
//! use quorum::{Config, Gone, Quorum, State, Votes};
//! use totem::{Instant, NodeId};
//!
//! let node = |id| NodeId::new(id).expect("not zero");
//! let votes = [1, 2, 3].map(|id| (node(id), Votes::ONE));
//! let config = Config::new(node(1), votes.into(), None, false).expect("three nodes, no two_node");
//! let mut quorum = Quorum::new(&config);
//!
//! // Two of three have told each other what they expect.
//! let (now, votes, three) = (Instant::ORIGIN, Votes::ONE, Votes::new(3));
//! let said = State { votes, expected: three, file: three, ..quorum.state() };
//! quorum.on_states(now, &BTreeMap::from([(node(1), said.clone()), (node(2), said)]));
//! assert!(quorum.verdict().quorate);
//! assert_eq!(quorum.verdict().to_string(), "quorate: 2 of 3 votes, 2 needed (majority)");
//!
//! // One of them dies.
//! quorum.on_departure(now, &Gone { all: [node(2)].into(), ..Gone::default() });
//! assert!(!quorum.verdict().quorate);
//! ```
//!
//! Departures from CMAN, each where following it would let two sides act at once, would cost a
//! quorum or would change state by a refused request, are told at the line that departs:
//! [`Quorum::on_states`], [`Quorum::on_departure`], [`Quorum::set_expected`], and that a node which
//! the file does not know has no vote. What goes beyond CMAN is in [`Rules`], and off.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod config;
mod device;
mod digest;
mod electorate;
mod error;
mod invariants;
mod message;
mod planted;
mod quorum;
mod rule;
mod votes;

pub use config::{Config, Rules};
pub use device::{LONGEST_DEVICE_NAME, Registered};
pub use electorate::Voter;
pub use error::{ConfigError, DeviceRefused, MessageError, Refused};
pub use message::{Message, State};
#[cfg(feature = "planted")]
pub use planted::Planted;
pub use quorum::trial::{Outlook, Step};
pub use quorum::{Difference, Gone, Output, Quorum, Verdict};
pub use rule::Why;
pub use rule::tie::TieBreaker;
pub use votes::Votes;
