//! Ports and barriers in both languages.
//!
//! Must never decide anything, like the module above it.

use std::time::Duration;

use client::proto::{self, Reason, barrier};
use totem::NodeId;

use super::Unreadable;
use crate::stack::command::{BarrierChange, BarrierCommand, Command, PortCommand};
use crate::stack::effect::PortRefused;

/// Listen on a port.
pub(super) fn open(asked: &proto::OpenPort) -> Result<Command, Unreadable> {
    let proto::OpenPort { port } = *asked;
    Ok(Command::Port(PortCommand::Listen(self::port(port)?)))
}

/// Send to a port.
pub(super) fn send(asked: proto::SendData) -> Result<Command, Unreadable> {
    let proto::SendData { node, port, payload } = asked;
    let (to, port) = (NodeId::new(node), self::port(port)?);
    Ok(Command::Port(PortCommand::Send { to, port, payload }))
}

/// Does somebody listen?
pub(super) fn is_listening(asked: &proto::IsListening) -> Result<Command, Unreadable> {
    let proto::IsListening { node, port } = *asked;
    let (node, port) = (NodeId::new(node), self::port(port)?);
    Ok(Command::Port(PortCommand::IsListening { node, port }))
}

/// Something about a barrier.
pub(super) fn barrier(asked: proto::Barrier) -> Result<Command, Unreadable> {
    let proto::Barrier { name, what } = asked;
    let change = BarrierCommand::Change;
    let command = match what {
        Some(barrier::What::Register(proto::RegisterBarrier { nodes, once })) => {
            BarrierCommand::Register { nodes, once }
        }
        Some(barrier::What::Nodes(nodes)) => change(BarrierChange::Nodes(nodes)),
        Some(barrier::What::Once(once)) => change(BarrierChange::Once(once)),
        Some(barrier::What::PatienceMs(millis)) => {
            let patience = (millis > 0).then(|| Duration::from_millis(millis));
            change(BarrierChange::Patience(patience))
        }
        Some(barrier::What::Arrive(proto::Arrive {})) => change(BarrierChange::Arrive),
        Some(barrier::What::Wait(proto::Wait {})) => BarrierCommand::Wait,
        Some(barrier::What::Delete(proto::DeleteBarrier {})) => BarrierCommand::Delete,
        None => return Err(Unreadable("a barrier, and nothing known of what to do".to_owned())),
    };
    Ok(Command::Port(PortCommand::Barrier { name, command }))
}

/// Why, for programs.
pub(super) const fn reason(why: &PortRefused) -> Reason {
    match why {
        PortRefused::NotMember => Reason::NotMember,
        PortRefused::InUse(_) => Reason::PortInUse,
        PortRefused::NoBarrier => Reason::NoBarrier,
        PortRefused::NodeLost | PortRefused::MembersChanged => Reason::NodeLost,
        PortRefused::TimedOut => Reason::TimedOut,
        PortRefused::TooManyBarriers => Reason::TryAgain,
        PortRefused::Listening(_)
        | PortRefused::NoPort
        | PortRefused::Name(_)
        | PortRefused::OtherNodes(_)
        | PortRefused::Arrived
        | PortRefused::Waiting => Reason::Invalid,
    }
}

fn port(number: u32) -> Result<u8, Unreadable> {
    u8::try_from(number).map_err(|_| Unreadable(format!("no port has number {number}")))
}
