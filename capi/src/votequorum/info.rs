//! What `votequorum_getinfo` shows of a node.
//!
//! Must never show more of another node than the cluster knows: a device of its own is known by its
//! votes, not by its name.

use std::ffi::{c_char, c_uint};

use client::{Counting, Device, Map, Status, Value};

use super::{NAME, state};
use crate::error::Cs;
use crate::session::Session;

const TWO_NODE: c_uint = 1;
const QUORATE: c_uint = 2;
const WAIT_FOR_ALL: c_uint = 4;
const LAST_MAN_STANDING: c_uint = 8;
const AUTO_TIE_BREAKER: c_uint = 16;
const ALLOW_DOWNSCALE: c_uint = 32;
const DEVICE_REGISTERED: c_uint = 64;
const DEVICE_ALIVE: c_uint = 128;
const DEVICE_VOTES: c_uint = 256;

/// Votes of a device unless the configuration says otherwise.
const DEFAULT_VOTES: u32 = 1;

/// `struct votequorum_info`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Info {
    node_id: c_uint,
    node_state: c_uint,
    node_votes: c_uint,
    node_expected_votes: c_uint,
    highest_expected: c_uint,
    total_votes: c_uint,
    quorum: c_uint,
    flags: c_uint,
    qdevice_votes: c_uint,
    qdevice_name: [c_char; NAME],
}

/// How a node is counted; node 0 is this one.
pub(super) fn of(session: &Session, node: u32) -> Result<Info, Cs> {
    let (status, nodes, counting, device) = session
        .ask(|asks| Ok((asks.status()?, asks.nodes()?, asks.counting()?, asks.device()?)))?;
    let node = if node == 0 { status.me.id } else { node };
    let row = nodes.iter().find(|row| row.id == node).ok_or(Cs::NotExist)?;
    // The original knows one device, and shows its votes with every node.
    let votes = match &device {
        Some(device) => device.votes,
        None => configured_votes(session)?.unwrap_or(0),
    };
    let own = device.filter(|_| node == status.me.id);
    let there = counting.devices.iter().find(|(id, _)| *id == node).map(|(_, votes)| *votes);
    Ok(Info {
        node_id: node,
        node_state: state(row.state),
        node_votes: row.votes,
        node_expected_votes: row.expected,
        highest_expected: status.quorum.expected,
        total_votes: status.quorum.present,
        quorum: status.quorum.needed,
        flags: rules(&status, &counting) | device_flags(own.as_ref(), there.is_some()),
        qdevice_votes: there.unwrap_or(votes),
        qdevice_name: name(own.as_ref().map_or("", |own| &own.name)),
    })
}

/// Votes of a device that registers.
pub(super) fn device_votes(session: &Session) -> Result<u32, Cs> {
    Ok(configured_votes(session)?.unwrap_or(DEFAULT_VOTES))
}

/// Votes of the device that this node's configuration knows.
fn configured_votes(session: &Session) -> Result<Option<u32>, Cs> {
    match session.ask(|asks| asks.map_get(Map::Keys, "quorum.device.votes")) {
        Ok(Value::U32(votes)) => Ok(Some(votes)),
        Ok(_) | Err(Cs::NotExist) => Ok(None),
        Err(why) => Err(why),
    }
}

const fn flag(is_set: bool, flag: c_uint) -> c_uint {
    if is_set { flag } else { 0 }
}

const fn rules(status: &Status, counting: &Counting) -> c_uint {
    flag(status.two_node, TWO_NODE)
        | flag(status.quorum.quorate, QUORATE)
        | flag(counting.wait_for_all, WAIT_FOR_ALL)
        | flag(counting.last_man_standing, LAST_MAN_STANDING)
        | flag(counting.auto_tie_breaker, AUTO_TIE_BREAKER)
        | flag(counting.allow_downscale, ALLOW_DOWNSCALE)
}

fn device_flags(own: Option<&Device>, is_there: bool) -> c_uint {
    let is_alive = is_there || own.is_some_and(|own| own.alive_since.is_some());
    flag(own.is_some() || is_there, DEVICE_REGISTERED) | flag(is_alive, DEVICE_ALIVE | DEVICE_VOTES)
}

fn name(text: &str) -> [c_char; NAME] {
    let mut name = [0; NAME];
    for (place, byte) in name.iter_mut().take(NAME - 1).zip(text.bytes()) {
        *place = c_char::from_ne_bytes([byte]);
    }
    name
}
