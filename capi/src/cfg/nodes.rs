//! Nodes, their addresses and their links, as the structs of `cfg.h`.
//!
//! Must never give less memory to the program than it frees: each text and each row is one block.

use std::ffi::{c_char, c_int, c_uint};
use std::mem::size_of;
use std::net::IpAddr;
use std::ptr;

use client::{Node, NodeState, Status};

use crate::error::Cs;
use crate::pointer::{allocate, put};

/// Links of a node.
const LINKS: usize = 8;

/// Bytes of the text of an address.
const HOST: usize = 256;

/// Bytes of the largest address.
const ADDRESS: usize = size_of::<libc::sockaddr_in6>();

/// `corosync_cfg_node_address_t`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NodeAddress {
    address_length: c_int,
    address: [u8; ADDRESS],
}

/// `struct corosync_knet_link_status_v1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LinkStatus {
    enabled: u8,
    connected: u8,
    dynconnected: u8,
    mtu: c_uint,
    source: [u8; HOST],
    destination: [u8; HOST],
}

/// `struct corosync_cfg_node_status_v1`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NodeStatus {
    version: c_uint,
    nodeid: c_uint,
    reachable: u8,
    remote: u8,
    external: u8,
    onwire_min: u8,
    onwire_max: u8,
    onwire_ver: u8,
    links: [LinkStatus; LINKS],
}

/// Largest packet that is sent, bytes.
const MTU: c_uint = 1500;

const NO_LINK: LinkStatus = LinkStatus {
    enabled: 0,
    connected: 0,
    dynconnected: 0,
    mtu: 0,
    source: [0; HOST],
    destination: [0; HOST],
};

fn row(rows: &[Node], node: u32) -> Result<&Node, Cs> {
    rows.iter().find(|row| row.id == node).ok_or(Cs::NotExist)
}

/// How this node, `me`, is connected to another one.
pub(super) fn status(rows: &[Node], node: u32, me: u32) -> Result<NodeStatus, Cs> {
    let (there, here) = (row(rows, node)?, row(rows, me)?);
    let is_there = match there.state {
        NodeState::Member | NodeState::Leaving | NodeState::Joining | NodeState::Disallowed => 1,
        NodeState::Dead => 0,
    };
    let mut links = [NO_LINK; LINKS];
    let pairs = there.addresses.iter().zip(&here.addresses);
    for (link, (theirs, ours)) in links.iter_mut().zip(pairs) {
        *link = LinkStatus {
            enabled: 1,
            connected: is_there,
            dynconnected: 0,
            mtu: MTU,
            source: host(*ours),
            destination: host(*theirs),
        };
    }
    Ok(NodeStatus {
        version: 1,
        nodeid: node,
        reachable: is_there,
        remote: 0,
        external: 0,
        onwire_min: 1,
        onwire_max: 1,
        onwire_ver: 1,
        links,
    })
}

/// The first addresses of a node.
pub(super) fn addresses(rows: &[Node], node: u32, most: usize) -> Result<Vec<NodeAddress>, Cs> {
    Ok(row(rows, node)?.addresses.iter().take(most).copied().map(address).collect())
}

/// Writes addresses where the program wants them.
///
/// # Safety
/// `count` is null or a place for a number, `at` is null or has places for all of `found`.
pub(super) unsafe fn give_addresses(
    found: &[NodeAddress],
    count: *mut c_int,
    at: *mut NodeAddress,
) -> Result<(), Cs> {
    if at.is_null() && !found.is_empty() {
        return Err(Cs::InvalidParam);
    }
    for (index, address) in found.iter().enumerate() {
        // SAFETY: the caller has a place for each.
        unsafe { put(at.wrapping_add(index), *address) }?;
    }
    // SAFETY: the caller's.
    unsafe { put(count, c_int::try_from(found.len()).unwrap_or(c_int::MAX)) }
}

/// The interfaces of this node and how each is.
pub(super) fn rings(status: &Status) -> Vec<(String, String)> {
    let state = if status.synchronized { "active with no faults" } else { "gathering" };
    let ring = |(index, address): (usize, &IpAddr)| {
        (format!("{index} {address}"), format!("ring {index} {state}"))
    };
    status.me.addresses.iter().enumerate().map(ring).collect()
}

/// Rows of texts, in memory that the program frees.
///
/// # Safety
/// Each place is null or one for what the header says.
pub(super) unsafe fn give_rings(
    rings: &[(String, String)],
    (names, states, count): (*mut *mut *mut c_char, *mut *mut *mut c_char, *mut c_uint),
) -> Result<(), Cs> {
    if names.is_null() || states.is_null() || count.is_null() {
        return Err(Cs::InvalidParam);
    }
    let name_texts = rings.iter().map(|(name, _)| name.as_str());
    let state_texts = rings.iter().map(|(_, state)| state.as_str());
    // SAFETY: none of the places is null.
    unsafe {
        put(names, texts(name_texts)?)?;
        put(states, texts(state_texts)?)?;
        put(count, c_uint::try_from(rings.len()).unwrap_or(c_uint::MAX))
    }
}

/// A row of texts, each a block of its own as the row is.
fn texts<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Result<*mut *mut c_char, Cs> {
    let size = texts.len().max(1) * size_of::<*mut c_char>();
    // SAFETY: malloc may be asked for any size.
    let row = unsafe { libc::malloc(size) }.cast::<*mut c_char>();
    if row.is_null() {
        return Err(Cs::NoResources);
    }
    for (index, text) in texts.enumerate() {
        let text = allocate(text.as_bytes()).unwrap_or(ptr::null_mut());
        // SAFETY: the row was just given, and has a place for each text.
        unsafe { put(row.wrapping_add(index), text) }?;
    }
    Ok(row)
}

fn host(address: IpAddr) -> [u8; HOST] {
    let mut host = [0; HOST];
    for (place, byte) in host.iter_mut().take(HOST - 1).zip(address.to_string().bytes()) {
        *place = byte;
    }
    host
}

/// The address as a `sockaddr`, in the bytes of this machine but for the address itself.
fn address(from: IpAddr) -> NodeAddress {
    let mut address = [0; ADDRESS];
    let (family, at, octets, length) = match &from {
        IpAddr::V4(four) => {
            (libc::AF_INET, 4, four.octets().to_vec(), size_of::<libc::sockaddr_in>())
        }
        IpAddr::V6(six) => {
            (libc::AF_INET6, 8, six.octets().to_vec(), size_of::<libc::sockaddr_in6>())
        }
    };
    let family = libc::sa_family_t::try_from(family).unwrap_or_default().to_ne_bytes();
    let bytes = family.iter().enumerate().map(|(index, byte)| (index, *byte));
    let octets = octets.iter().enumerate().map(|(index, byte)| (at + index, *byte));
    for (index, byte) in bytes.chain(octets) {
        if let Some(place) = address.get_mut(index) {
            *place = byte;
        }
    }
    NodeAddress { address_length: c_int::try_from(length).unwrap_or_default(), address }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    fn node(id: u32, state: NodeState, addresses: &[&str]) -> Node {
        Node {
            id,
            name: format!("node{id}"),
            state,
            incarnation: 4,
            joined: None,
            votes: 1,
            expected: 2,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            departure: None,
        }
    }

    #[test]
    fn structs_lie_in_memory_as_in_the_header() {
        assert_eq!(size_of::<NodeAddress>(), 32);
        assert_eq!(size_of::<LinkStatus>(), 520);
        assert_eq!((offset_of!(LinkStatus, mtu), offset_of!(LinkStatus, destination)), (4, 264));
        assert_eq!(size_of::<NodeStatus>(), 4176);
        assert_eq!((offset_of!(NodeStatus, onwire_ver), offset_of!(NodeStatus, links)), (13, 16));
    }

    #[test]
    fn addresses_are_those_of_sockets() {
        let rows = [node(1, NodeState::Member, &["10.1.2.3", "fd00::7"])];
        let found = addresses(&rows, 1, 8).unwrap();
        assert_eq!(found[0].address_length, 16);
        assert_eq!(found[0].address[..8], [2, 0, 0, 0, 10, 1, 2, 3]);
        assert_eq!(found[1].address_length, 28);
        assert_eq!((found[1].address[0], found[1].address[8], found[1].address[23]), (10, 0xfd, 7));
        assert_eq!(addresses(&rows, 1, 1).unwrap().len(), 1);
        assert_eq!(addresses(&rows, 9, 8), Err(Cs::NotExist));
    }

    #[test]
    fn a_dead_node_has_links_that_are_not_connected() {
        let rows =
            [node(1, NodeState::Member, &["10.1.2.3"]), node(2, NodeState::Dead, &["10.1.2.4"])];
        let status = status(&rows, 2, 1).unwrap();
        assert_eq!(
            (status.reachable, status.links[0].enabled, status.links[0].connected),
            (0, 1, 0)
        );
        assert_eq!(status.links[0].destination[..9], *b"10.1.2.4\0");
        assert_eq!(status.links[1].enabled, 0);
    }
}
