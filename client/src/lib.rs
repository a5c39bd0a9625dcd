//! What other programs link to talk to the cluster daemon of their own node.
//!
//! Must never decide for the program: nothing here reconnects, retries, spawns a thread or sleeps.
//! Calls block until they are answered or their patience ends; a program with an event loop of its
//! own waits for the descriptor of its [`Connection`] and calls [`Connection::dispatch`].
//!
//! Be a client in ten lines:
//!
//! ```no_run
//! # fn main() -> Result<(), client::Error> {
//! use client::{Change, Connection};
//!
//! let mut daemon = Connection::open("/run/cluster/clusterd.sock".as_ref(), "example")?;
//! daemon.watch(true)?; // first watch, then ask: no change is missed between the two
//! let status = daemon.status()?;
//! println!("{} of {}, quorate: {}", status.me.name, status.cluster, status.quorum.quorate);
//! while let Some(change) = daemon.change(None)? {
//!     match change {
//!         Change::Membership(ring) => println!("members are {:?}", ring.members),
//!         Change::Quorum(verdict) => println!("quorate: {}", verdict.quorate),
//!         other => println!("{other:?}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | module | what for |
//! |---|---|
//! | [`cman`] | this node, the node table, leaving, killing |
//! | [`quorum`] | the verdict, being told of changes, setting votes, what would happen, quorum devices |
//! | [`configuration`] | what this node goes by; another version of it, for all nodes |
//! | [`confdb`] | objects within objects: the configuration, the state, what programs add |
//! | [`ports`] | messages by port number, and barriers |
//! | [`strict`] | groups of copies of one state machine |
//! | [`evs`] | raw ordered messages |
//! | [`groups`] | process groups: who is there, and messages among them |
//! | [`map`] | flat typed keys: configuration, state, what programs keep there |
//! | [`connection`] | the conversation beneath them |
//! | [`manager`] | views of the cluster in one piece, for cluster managers |
//! | [`events`] | notices on a socket of their own |
//! | `tasks`, with feature `tokio` | the same for tasks: requests and notices that are awaited |
//! | [`frame`], [`proto`] | framing and contract: all there is without feature `connection` |

pub mod frame;
#[rustfmt::skip]
pub mod proto;

#[cfg(feature = "connection")]
pub mod cman;
#[cfg(feature = "connection")]
pub mod confdb;
#[cfg(feature = "connection")]
pub mod configuration;
#[cfg(feature = "connection")]
pub mod connection;
#[cfg(feature = "connection")]
pub mod error;
#[cfg(feature = "connection")]
pub mod events;
#[cfg(feature = "connection")]
pub mod evs;
#[cfg(feature = "connection")]
pub mod groups;
#[cfg(feature = "connection")]
pub mod manager;
#[cfg(feature = "connection")]
pub mod map;
#[cfg(feature = "connection")]
pub mod ports;
#[cfg(feature = "connection")]
pub mod quorum;
#[cfg(feature = "connection")]
pub mod strict;
#[cfg(feature = "tokio")]
pub mod tasks;

#[cfg(feature = "connection")]
pub use self::{
    cman::{Node, NodeState, Origin, Shutdown, StateChange, Status},
    configuration::{Difference, Reloaded, Running},
    connection::Connection,
    error::Error,
    events::Events,
    evs::{Configuration, Delivery, Guarantee, Message},
    groups::{GroupEvent, GroupMessage, Member, Ring, View, Why},
    manager::{ClusterView, Counting},
    map::{KeyChange, Map, Value},
    ports::{BarrierChange, Data, PortChange, PortEvent},
    quorum::{Change, Device, Membership, Step, Trial, Verdict},
};
