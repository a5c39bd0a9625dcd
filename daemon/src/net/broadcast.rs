//! Everyone by limited broadcast: where a network has no multicast and the cluster has one segment.
//!
//! Must never leave by another interface than that of this node's address: packets go out by the
//! token socket, which is bound to it.

use std::net::{IpAddr, Ipv4Addr};

use super::Ports;
use super::address::Addresses;
use super::errors::NetError;
use super::socket::Socket;

/// Opens the sockets for the segment.
pub(super) fn open(addresses: &Addresses) -> Result<Ports, NetError> {
    if addresses.own().is_ipv6() {
        return Err(NetError::Family { what: "broadcast", address: addresses.own() });
    }
    let everyone = addresses.at(IpAddr::V4(Ipv4Addr::BROADCAST), addresses.port());
    let token = Socket::open(addresses.at(addresses.own(), addresses.token_port()))?;
    token.need("permit broadcast", token.inner().set_broadcast(true))?;
    let data = Socket::open(everyone)?;
    Ok(Ports { data, token, everyone: vec![everyone] })
}
