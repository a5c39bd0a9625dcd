//! Ports, as CMAN has them: a program listens on a number, others send to it by node or to all, and
//! everybody can ask who listens where. And barriers, at which programs of several nodes wait for
//! each other.
//!
//! Must never let a program take a message for one of the ring's order: data arrives in that order,
//! but configurations are not told with it. Who needs both uses [`crate::evs`] or groups.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::connection::{Connection, unexpected};
use crate::error::Error;
#[cfg(doc)]
use crate::proto::Reason;
use crate::proto::{self, barrier, notice, reply, request};

/// What who listens on a port is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PortEvent {
    /// Something was sent to the port.
    Data(Data),
    /// Somebody listens on the same port at a node, or no longer.
    Change(PortChange),
}

/// Something that was sent to a port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Data {
    /// Id of the node that sent it.
    pub from: u32,
    /// The port of its sender; 0 when it has none.
    pub port: u8,
    /// What was sent.
    pub payload: Bytes,
}

/// Somebody listens on a port at a node, or no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortChange {
    /// Id of the node.
    pub node: u32,
    /// The port.
    pub port: u8,
    /// Somebody does.
    pub open: bool,
}

/// What can be changed of a barrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BarrierChange {
    /// So many nodes must arrive; 0 for all members. Only before this node arrives.
    Nodes(u32),
    /// It is forgotten once it was passed, or is not.
    Once(bool),
    /// This node gives up after so long, `None` for never. Only before it arrives.
    Patience(Option<Duration>),
    /// This node arrives, and nobody waits yet.
    Arrive,
}

impl Connection {
    /// Gives this connection what is sent to `port`, 1 to 255, of this node, and tells it who
    /// listens on the same port elsewhere. A connection has one port at a time.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::PortInUse`], [`Reason::Invalid`] for port 0 or a
    /// second one.
    pub fn open_port(&mut self, port: u8) -> Result<(), Error> {
        let port = port.into();
        self.done("open port", request::What::OpenPort(proto::OpenPort { port }))
    }

    /// Gives back the port of this connection, if it has one.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn close_port(&mut self) -> Result<(), Error> {
        self.done("close port", request::What::ClosePort(proto::ClosePort {}))
    }

    /// Sends something to who listens on a port of `node`, or of all nodes, this one included.
    /// Port 0 is the one of this connection. Nobody is told when nobody listens.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with `TryAgain` while there is no room for it,
    /// [`Reason::NotMember`], and [`Reason::Invalid`] when there is no port.
    pub fn send_data(&mut self, node: Option<u32>, port: u8, payload: Bytes) -> Result<(), Error> {
        let send = proto::SendData { node: node.unwrap_or(0), port: port.into(), payload };
        self.done("send data", request::What::SendData(send))
    }

    /// Does somebody listen on a port of this node, or of the node of this id?
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::UnknownNode`], [`Reason::NotThere`].
    pub fn is_listening(&mut self, node: Option<u32>, port: u8) -> Result<bool, Error> {
        let asked = proto::IsListening { node: node.unwrap_or(0), port: port.into() };
        let answer = self.request(request::What::IsListening(asked))?;
        let reply::What::Listening(proto::Listening { on }) = answer else {
            return Err(unexpected("is listening"));
        };
        Ok(on)
    }

    /// The next thing that a program is told of its port, waited for until `deadline` (`None`: for
    /// ever); `Ok(None)` when it passed. Other notices are skipped: use [`Connection::notice`] for
    /// all.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn port_event(&mut self, deadline: Option<Instant>) -> Result<Option<PortEvent>, Error> {
        loop {
            match self.notice(deadline)? {
                None => return Ok(None),
                Some(notice::What::Data(data)) => {
                    return Ok(Some(PortEvent::Data(data.try_into()?)));
                }
                Some(notice::What::PortChange(change)) => {
                    return Ok(Some(PortEvent::Change(change.try_into()?)));
                }
                Some(
                    notice::What::Membership(_)
                    | notice::What::Quorum(_)
                    | notice::What::Configuration(_)
                    | notice::What::Message(_)
                    | notice::What::TryShutdown(_)
                    | notice::What::ConfigUpdate(_)
                    | notice::What::StateChange(_)
                    | notice::What::GroupView(_)
                    | notice::What::GroupMessage(_)
                    | notice::What::GroupRing(_)
                    | notice::What::MapChange(_)
                    | notice::What::View(_)
                    | notice::What::TreeChange(_),
                ) => {}
            }
        }
    }
}

/// Barriers. One is known by its name, 1 to 32 bytes; each node arrives at most once, whichever of
/// its programs waits.
impl Connection {
    /// This connection will wait at a barrier for so many nodes, 0 for all members. With `once` it
    /// is forgotten when it was passed, else everybody who waits later passes too, until the last
    /// connection that registered it has ended or somebody deletes it.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::Invalid`] when it is registered for another number,
    /// [`Reason::NotMember`].
    pub fn register_barrier(&mut self, name: &[u8], nodes: u32, once: bool) -> Result<(), Error> {
        self.barrier(name, barrier::What::Register(proto::RegisterBarrier { nodes, once }))
    }

    /// Changes something of a barrier. Nothing happens once it was passed.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::NoBarrier`], [`Reason::Invalid`] once this node has
    /// arrived.
    pub fn change_barrier(&mut self, name: &[u8], change: BarrierChange) -> Result<(), Error> {
        let what = match change {
            BarrierChange::Nodes(nodes) => barrier::What::Nodes(nodes),
            BarrierChange::Once(once) => barrier::What::Once(once),
            BarrierChange::Patience(patience) => {
                let span = patience.unwrap_or_default().as_millis();
                barrier::What::PatienceMs(u64::try_from(span).unwrap_or(u64::MAX))
            }
            BarrierChange::Arrive => barrier::What::Arrive(proto::Arrive {}),
        };
        self.barrier(name, what)
    }

    /// Arrives at a barrier and returns when enough have. The patience of this connection limits
    /// how long that may take: see [`Connection::set_patience`].
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::NoBarrier`], [`Reason::NodeLost`] when a member was
    /// lost meanwhile, [`Reason::TimedOut`] after the barrier's own patience.
    pub fn wait_at_barrier(&mut self, name: &[u8]) -> Result<(), Error> {
        self.barrier(name, barrier::What::Wait(proto::Wait {}))
    }

    /// Programs of this node have no such barrier any more; whoever waits is told.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::NoBarrier`].
    pub fn delete_barrier(&mut self, name: &[u8]) -> Result<(), Error> {
        self.barrier(name, barrier::What::Delete(proto::DeleteBarrier {}))
    }

    fn barrier(&mut self, name: &[u8], what: barrier::What) -> Result<(), Error> {
        let barrier = proto::Barrier { name: Bytes::copy_from_slice(name), what: Some(what) };
        self.done("barrier", request::What::Barrier(barrier))
    }
}

impl TryFrom<proto::Data> for Data {
    type Error = Error;

    fn try_from(told: proto::Data) -> Result<Self, Error> {
        let proto::Data { from, port, payload } = told;
        Ok(Self { from, port: self::port(port)?, payload })
    }
}

impl TryFrom<proto::PortChange> for PortChange {
    type Error = Error;

    fn try_from(told: proto::PortChange) -> Result<Self, Error> {
        let proto::PortChange { node, port, open } = told;
        Ok(Self { node, port: self::port(port)?, open })
    }
}

pub(crate) fn port(number: u32) -> Result<u8, Error> {
    u8::try_from(number).map_err(|_| Error::Protocol(format!("no port has number {number}")))
}
