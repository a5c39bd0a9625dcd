//! The structures of `libcman.h`, and how they are filled.
//!
//! Must never move a field: programs were compiled with these places.

use std::ffi::{c_char, c_int, c_uint};
use std::mem::{align_of, offset_of, size_of};
use std::net::IpAddr;

use client::{Device, Node, NodeState, Status};

/// Bytes of a name with its end.
pub(super) const NAME: usize = 256;

/// Bytes of an address of any family.
pub(super) const ADDRESS: usize = 128;

/// `cman_node_address_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Address {
    len: c_int,
    bytes: [u8; ADDRESS],
}

/// `cman_node_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct NodeInfo {
    pub(super) nodeid: c_int,
    address: Address,
    pub(super) name: [c_char; NAME],
    member: c_int,
    incarnation: c_int,
    joined: libc::timeval,
}

/// `cman_node_extra_t`.
#[repr(C)]
pub struct NodeExtra {
    nodeid: c_int,
    state: c_int,
    votes: c_int,
    expected_votes: c_int,
    leave_reason: c_int,
}

/// `cman_version_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Version {
    pub(super) major: c_uint,
    pub(super) minor: c_uint,
    pub(super) patch: c_uint,
    pub(super) config: c_uint,
}

/// `cman_cluster_t`.
#[repr(C)]
pub struct ClusterInfo {
    pub(super) name: [c_char; 17],
    pub(super) number: u16,
    pub(super) generation: u32,
}

/// `cman_extra_info_t` without the addresses at its end.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ExtraInfo {
    node_state: c_int,
    flags: c_int,
    node_votes: c_int,
    total_votes: c_int,
    expected_votes: c_int,
    quorum: c_int,
    members: c_int,
    ports: [u8; 32],
    pub(super) addresses: c_int,
}

/// `cman_qdev_info_t`.
#[repr(C)]
pub struct DeviceInfo {
    name: [c_char; NAME],
    state: c_int,
    votes: c_int,
}

/// Where the headers that programs were compiled with have them (x86-64).
const _: () = {
    assert!(size_of::<Address>() == 132 && offset_of!(Address, bytes) == 4);
    assert!(size_of::<NodeInfo>() == 416 && align_of::<NodeInfo>() == 8);
    assert!(offset_of!(NodeInfo, address) == 4 && offset_of!(NodeInfo, name) == 136);
    assert!(offset_of!(NodeInfo, member) == 392 && offset_of!(NodeInfo, incarnation) == 396);
    assert!(offset_of!(NodeInfo, joined) == 400);
    assert!(size_of::<NodeExtra>() == 20 && size_of::<Version>() == 16);
    assert!(size_of::<ClusterInfo>() == 24 && offset_of!(ClusterInfo, number) == 18);
    assert!(offset_of!(ClusterInfo, generation) == 20);
    assert!(size_of::<ExtraInfo>() == 64 && offset_of!(ExtraInfo, ports) == 28);
    assert!(offset_of!(ExtraInfo, addresses) == 60);
    assert!(size_of::<DeviceInfo>() == 264 && offset_of!(DeviceInfo, state) == 256);
};

/// The `nodestate_t` of a member.
const MEMBER: c_int = 2;
/// That of a dead node.
const DEAD: c_int = 3;

impl Address {
    const NONE: Self = Self { len: 0, bytes: [0; ADDRESS] };

    /// A `sockaddr_in` or `sockaddr_in6`.
    pub(super) fn of(address: &IpAddr) -> Self {
        let mut it = Self::NONE;
        let (family, at, octets) = match address {
            IpAddr::V4(address) => (libc::AF_INET, 4, address.octets().to_vec()),
            IpAddr::V6(address) => (libc::AF_INET6, 8, address.octets().to_vec()),
        };
        let family = u16::try_from(family).unwrap_or_default();
        it.bytes[..2].copy_from_slice(&family.to_ne_bytes());
        it.bytes[at..at + octets.len()].copy_from_slice(&octets);
        it.len = if at == 4 { 16 } else { 28 };
        it
    }

    pub(super) const fn bytes(&self) -> &[u8; ADDRESS] {
        &self.bytes
    }
}

impl NodeInfo {
    pub(super) fn of(node: &Node) -> Self {
        Self {
            nodeid: narrow(node.id),
            address: node.addresses.first().map_or(Address::NONE, Address::of),
            name: text(&node.name),
            member: c_int::from(node.state == NodeState::Member),
            incarnation: narrow(node.incarnation),
            joined: libc::timeval { tv_sec: node.joined.unwrap_or_default(), tv_usec: 0 },
        }
    }

    /// The quorum device stands among the nodes, under this id.
    pub(super) fn device(device: &Device, nodeid: c_int) -> Self {
        Self {
            nodeid,
            address: Address::NONE,
            name: text(&device.name),
            member: c_int::from(device.alive_since.is_some()),
            incarnation: 0,
            joined: libc::timeval { tv_sec: device.alive_since.unwrap_or_default(), tv_usec: 0 },
        }
    }
}

impl NodeExtra {
    pub(super) fn of(node: &Node) -> Self {
        let departed = node.departure.is_some();
        Self {
            nodeid: narrow(node.id),
            state: state(node.state),
            votes: narrow(node.votes),
            expected_votes: narrow(node.expected),
            // CLUSTER_LEAVEFLAG_DEAD where it did not leave by itself.
            leave_reason: match node.departure {
                Some(client::proto::Departure::Left) | None => 0,
                Some(client::proto::Departure::Killed | client::proto::Departure::Rejoined) => 1,
                Some(_) => c_int::from(departed) * 6,
            },
        }
    }
}

impl ExtraInfo {
    pub(super) fn of(status: &Status, addresses: c_int) -> Self {
        let flags = [
            (status.two_node, 1),
            (status.shutdown, 4),
            (!status.disallowed_nodes.is_empty(), 8),
            (status.has_state, 16),
            (status.disallowed, 32),
        ];
        let mut ports = [0; 32];
        for port in std::iter::once(&0).chain(&status.ports) {
            ports[usize::from(port / 8)] |= 1 << (port % 8);
        }
        Self {
            node_state: state(status.me.state),
            flags: flags.into_iter().filter_map(|(on, flag)| on.then_some(flag)).sum(),
            node_votes: narrow(status.me.votes),
            total_votes: narrow(status.quorum.present),
            expected_votes: narrow(status.quorum.expected),
            quorum: narrow(status.quorum.needed),
            members: narrow(status.members),
            ports,
            addresses,
        }
    }
}

impl DeviceInfo {
    pub(super) fn of(device: &Device) -> Self {
        let state = if device.alive_since.is_some() { MEMBER } else { DEAD };
        Self { name: text(&device.name), state, votes: narrow(device.votes) }
    }
}

const fn state(state: NodeState) -> c_int {
    match state {
        NodeState::Joining => 1,
        NodeState::Member => MEMBER,
        NodeState::Dead => DEAD,
        NodeState::Leaving => 4,
        NodeState::Disallowed => 5,
    }
}

/// Numbers here are far below the limit; a larger one says "very many".
pub(super) fn narrow(number: impl TryInto<c_int>) -> c_int {
    number.try_into().unwrap_or(c_int::MAX)
}

/// A text in a field with its end; what is longer is cut off.
pub(super) fn text<const SIZE: usize>(text: &str) -> [c_char; SIZE] {
    let mut field = [0; SIZE];
    for (place, byte) in field.iter_mut().take(SIZE - 1).zip(text.bytes()) {
        *place = c_char::from_ne_bytes([byte]);
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_sockets() {
        let four = Address::of(&[192, 168, 10, 11].into());
        assert_eq!((four.len, &four.bytes[2..8]), (16, &[0, 0, 192, 168, 10, 11][..]));
        assert_eq!(u16::from_ne_bytes([four.bytes[0], four.bytes[1]]), 2);
        let six = Address::of(&"fe80::1".parse().unwrap());
        assert_eq!((six.len, six.bytes[8], six.bytes[23]), (28, 0xfe, 1));
    }

    #[test]
    fn names_end() {
        let name: [c_char; 4] = text("iscsi1");
        assert_eq!(name.map(|c| c.to_ne_bytes()[0]), *b"isc\0");
        assert_eq!(text::<4>("a")[1..], [0; 3]);
    }
}
