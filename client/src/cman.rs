//! The node table and this node's place in it.
//!
//! Must never guess: a value that a correct daemon does not send is a protocol mismatch, named.

use std::net::IpAddr;

use crate::connection::{Connection, unexpected};
use crate::error::Error;
use crate::ports::port;
use crate::proto::{self, reply, request};
use crate::quorum::Verdict;

/// How this node and the cluster are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Name of the cluster.
    pub cluster: String,
    /// Id of the cluster.
    pub cluster_id: u16,
    /// Version of the configuration in use.
    pub config_version: u64,
    /// This node's row of the node table.
    pub me: Node,
    /// Sequence of the current ring.
    pub generation: u64,
    /// Ids of the members of the ring, ascending.
    pub ring_members: Vec<u32>,
    /// What the ring is doing.
    pub phase: String,
    /// The members have synchronized since the last configuration.
    pub synchronized: bool,
    /// How many nodes are members of the cluster.
    pub members: u32,
    /// May the cluster act here?
    pub quorum: Verdict,
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
    /// Why this node goes by its last good copy of the configuration, if it does.
    pub copy: Option<String>,
    /// How many programs are connected, this one included.
    pub subsystems: u32,
    /// Multicast or broadcast addresses, one per network.
    pub multicast_addresses: Vec<IpAddr>,
    /// Numbers about the ring, by name.
    pub counters: Vec<(String, u64)>,
    /// Values that do not come from the configuration that all nodes share.
    pub origins: Vec<Origin>,
}

/// A value that one node has for itself: from its local.conf, or from its start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Where it would stand in the configuration that all nodes share.
    pub path: String,
    /// What it is.
    pub value: String,
    /// Where it was said.
    pub from: String,
}

/// A row of the node table, as the answering node sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its id.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// What it is to the cluster.
    pub state: NodeState,
    /// Ring sequence at which it became a member; 0 when never seen.
    pub incarnation: u64,
    /// When that was, seconds since 1970-01-01 UTC; `None` unless it is a member.
    pub joined: Option<i64>,
    /// Its votes.
    pub votes: u32,
    /// The expected votes it goes by.
    pub expected: u32,
    /// Its addresses, as far as they are known.
    pub addresses: Vec<IpAddr>,
    /// Why it went, when it did.
    pub departure: Option<proto::Departure>,
}

/// What a node is to the cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeState {
    /// In the ring, not yet admitted.
    Joining,
    /// Admitted.
    Member,
    /// Not in the ring.
    Dead,
    /// Saying good-bye.
    Leaving,
    /// In the ring and refused.
    Disallowed,
}

/// A node is something else to the cluster than before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StateChange {
    /// Its id.
    pub node: u32,
    /// What it is.
    pub state: NodeState,
}

/// This node is asked to leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shutdown {
    /// The others lower their expected votes to what remains.
    pub remove: bool,
    /// It leaves whatever is answered.
    pub force: bool,
}

impl Connection {
    /// How this node and the cluster are.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn status(&mut self) -> Result<Status, Error> {
        let answer = self.request(request::What::Status(proto::GetStatus {}))?;
        let reply::What::Status(status) = answer else { return Err(unexpected("status")) };
        Status::try_from(*status)
    }

    /// The node table, by ascending id.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn nodes(&mut self) -> Result<Vec<Node>, Error> {
        let answer = self.request(request::What::Nodes(proto::GetNodes {}))?;
        let reply::What::Nodes(table) = answer else { return Err(unexpected("nodes")) };
        table.nodes.into_iter().map(Node::try_from).collect()
    }

    /// Makes this node leave the cluster and its daemon end; returns when the others know. With
    /// `remove` they lower their expected votes; with `force` no program can object.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, or when a program objects.
    pub fn leave(&mut self, remove: bool, force: bool) -> Result<(), Error> {
        self.done("leave", request::What::Leave(proto::Leave { remove, force }))
    }

    /// Like [`Connection::watch`], and this program is asked before the node leaves: it is told
    /// [`Change::TryShutdown`](crate::Change) and answers by [`Connection::answer_shutdown`]. Who
    /// does not answer within the configured `shutdown_timeout` (5 s unless configured) objects;
    /// who hangs up agrees.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn watch_and_object(&mut self) -> Result<(), Error> {
        self.done("watch", request::What::Watch(proto::Watch { on: true, may_object: true }))
    }

    /// Says whether this node may leave. An answer that comes too late, or to no question, means
    /// nothing.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn answer_shutdown(&mut self, agree: bool) -> Result<(), Error> {
        let answer = proto::ShutdownReply { agree };
        self.done("shutdown reply", request::What::ShutdownReply(answer))
    }

    /// Has a node stop at once, this one maybe; returns when it will: the others see it on its way
    /// out then.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission, and when no such node is known
    /// (`Reason::UnknownNode`) or there (`Reason::NotThere`).
    pub fn kill(&mut self, node: u32) -> Result<(), Error> {
        self.done("kill", request::What::Kill(proto::Kill { node }))
    }

    /// Says that this node has state that outlives a partition, until its daemon ends. Where the
    /// configuration says `disallowed`, it cannot merge with others that have some.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn set_dirty(&mut self) -> Result<(), Error> {
        self.done("set dirty", request::What::SetDirty(proto::SetDirty {}))
    }

    /// Has the daemon log everything, or again what its configuration says.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn set_debug(&mut self, on: bool) -> Result<(), Error> {
        self.done("set debug", request::What::SetDebug(proto::SetDebug { on }))
    }

    /// Is the daemon alive? Answered without asking the cluster.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn ping(&mut self) -> Result<(), Error> {
        let answer = self.request(request::What::Ping(proto::Ping {}))?;
        let reply::What::Pong(proto::Pong {}) = answer else { return Err(unexpected("ping")) };
        Ok(())
    }

    /// How many programs are connected, this one included.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn subsystems(&mut self) -> Result<u32, Error> {
        let answer = self.request(request::What::Subsystems(proto::GetSubsystems {}))?;
        let reply::What::Subsystems(told) = answer else { return Err(unexpected("subsystems")) };
        Ok(told.count)
    }

    pub(crate) fn done(&mut self, asked: &str, what: request::What) -> Result<(), Error> {
        let reply::What::Done(proto::Done {}) = self.request(what)? else {
            return Err(unexpected(asked));
        };
        Ok(())
    }
}

impl TryFrom<proto::Status> for Status {
    type Error = Error;

    fn try_from(status: proto::Status) -> Result<Self, Error> {
        let me = status.me.ok_or_else(|| Error::Protocol("status without a node".to_owned()))?;
        let quorum =
            status.quorum.ok_or_else(|| Error::Protocol("status without a quorum".to_owned()))?;
        Ok(Self {
            cluster: status.cluster,
            cluster_id: cluster_id(status.cluster_id)?,
            config_version: status.config_version,
            me: Node::try_from(me)?,
            generation: status.generation,
            ring_members: status.ring_members,
            phase: status.phase,
            synchronized: status.synchronized,
            members: status.members,
            quorum: Verdict::from(quorum),
            two_node: status.two_node,
            shutdown: status.shutdown,
            disallowed: status.disallowed,
            disallowed_nodes: status.disallowed_nodes,
            has_state: status.has_state,
            ports: status.ports.into_iter().map(port).collect::<Result<_, _>>()?,
            copy: Some(status.copy).filter(|why| !why.is_empty()),
            subsystems: status.subsystems,
            multicast_addresses: addresses(&status.multicast_addresses)?,
            counters: status.counters.into_iter().map(|c| (c.name, c.value)).collect(),
            origins: status.origins.into_iter().map(Origin::from).collect(),
        })
    }
}

impl From<proto::Origin> for Origin {
    fn from(origin: proto::Origin) -> Self {
        let proto::Origin { path, value, from } = origin;
        Self { path, value, from }
    }
}

impl TryFrom<proto::StateChange> for StateChange {
    type Error = Error;

    fn try_from(told: proto::StateChange) -> Result<Self, Error> {
        let proto::StateChange { node, state } = told;
        Ok(Self { node, state: self::state(state)? })
    }
}

impl From<proto::TryShutdown> for Shutdown {
    fn from(told: proto::TryShutdown) -> Self {
        let proto::TryShutdown { remove, force } = told;
        Self { remove, force }
    }
}

impl TryFrom<proto::Node> for Node {
    type Error = Error;

    fn try_from(node: proto::Node) -> Result<Self, Error> {
        let departure = node.departure.map(|_number| node.departure());
        Ok(Self {
            id: node.id,
            state: state(node.state)?,
            name: node.name,
            incarnation: node.incarnation,
            joined: node.joined,
            votes: node.votes,
            expected: node.expected,
            addresses: addresses(&node.addresses)?,
            departure,
        })
    }
}

pub(crate) fn cluster_id(number: u32) -> Result<u16, Error> {
    let large = |_| Error::Protocol(format!("cluster id {number} is above 65535"));
    u16::try_from(number).map_err(large)
}

fn state(number: i32) -> Result<NodeState, Error> {
    match proto::NodeState::try_from(number) {
        Ok(proto::NodeState::Joining) => Ok(NodeState::Joining),
        Ok(proto::NodeState::Member) => Ok(NodeState::Member),
        Ok(proto::NodeState::Dead) => Ok(NodeState::Dead),
        Ok(proto::NodeState::Leaving) => Ok(NodeState::Leaving),
        Ok(proto::NodeState::Disallowed) => Ok(NodeState::Disallowed),
        Ok(proto::NodeState::Unspecified) | Err(_) => {
            Err(Error::Protocol(format!("no node state has number {number}")))
        }
    }
}

fn addresses(texts: &[String]) -> Result<Vec<IpAddr>, Error> {
    texts
        .iter()
        .map(|text| text.parse().map_err(|_| Error::Protocol(format!("{text:?} is no address"))))
        .collect()
}
