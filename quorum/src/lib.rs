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
//! use std::collections::{BTreeMap, BTreeSet};
//! use quorum::{Config, Quorum, State, Votes};
//! use totem::NodeId;
//!
//! let node = |id| NodeId::new(id).expect("not zero");
//! let votes = [1, 2, 3].map(|id| (node(id), Votes::ONE));
//! let config = Config::new(node(1), votes.into(), None, false).expect("three nodes, no two_node");
//! let mut quorum = Quorum::new(&config);
//!
//! // Two of three have told each other what they expect.
//! let said = State { votes: Votes::ONE, expected: Votes::new(3), two_node: false };
//! quorum.on_states(&BTreeMap::from([(node(1), said), (node(2), said)]));
//! assert!(quorum.verdict().quorate);
//! assert_eq!(quorum.verdict().to_string(), "quorate: 2 of 3 votes, 2 needed (majority)");
//!
//! // One of them dies.
//! quorum.on_departure(&BTreeSet::from([node(2)]), &BTreeSet::new());
//! assert!(!quorum.verdict().quorate);
//! ```
//!
//! Departures from CMAN, each where following it would let two sides act at once or would change
//! state by a refused request, are told at the line that departs: [`Quorum::on_departure`],
//! [`Quorum::set_expected`].
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod config;
mod electorate;
mod error;
mod invariants;
mod message;
mod quorum;
mod rule;
mod votes;

pub use config::Config;
pub use electorate::Voter;
pub use error::{ConfigError, MessageError, Refused};
pub use message::{Message, State};
pub use quorum::{Difference, Output, Quorum, Verdict};
pub use rule::Why;
pub use votes::Votes;
