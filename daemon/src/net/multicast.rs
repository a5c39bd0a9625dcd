//! Everyone by IP multicast: one packet reaches all who joined the group, and the network copies.
//!
//! Must never receive what other programs of this machine subscribed to, nor what this node sent
//! itself. The data socket is bound to the group; packets leave by the token socket, whose address
//! is this node's, through the interface that has that address.

use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::if_nametoindex;

use super::Ports;
use super::address::Addresses;
use super::errors::NetError;
use super::socket::Socket;

/// Opens the sockets for the group.
pub(super) fn open(addresses: &Addresses, group: IpAddr, ttl: u8) -> Result<Ports, NetError> {
    if !group.is_multicast() || group.is_ipv4() != addresses.own().is_ipv4() {
        return Err(NetError::Family { what: "the multicast group", address: group });
    }
    let everyone = addresses.at(group, addresses.port());
    let token = Socket::open(addresses.at(addresses.own(), addresses.token_port()))?;
    let data = Socket::open(everyone)?;
    match (group, addresses.own()) {
        (IpAddr::V4(group), IpAddr::V4(own)) => {
            let (to, from) = (token.inner(), data.inner());
            token.need("choose the multicast interface", to.set_multicast_if_v4(&own))?;
            token.need("set the multicast TTL", to.set_multicast_ttl_v4(u32::from(ttl)))?;
            token.need("switch multicast loop off", to.set_multicast_loop_v4(false))?;
            data.need("shut other groups out", from.set_multicast_all_v4(false))?;
            data.need("join the multicast group", from.join_multicast_v4(&group, &own))?;
        }
        (IpAddr::V6(group), own) => {
            let interface = interface_of(own).ok_or(NetError::NotLocal(own))?;
            let (to, from) = (token.inner(), data.inner());
            token.need("choose the multicast interface", to.set_multicast_if_v6(interface))?;
            token.need("set the multicast hops", to.set_multicast_hops_v6(u32::from(ttl)))?;
            token.need("switch multicast loop off", to.set_multicast_loop_v6(false))?;
            data.need("shut other groups out", from.set_multicast_all_v6(false))?;
            data.need("join the multicast group", from.join_multicast_v6(&group, interface))?;
        }
        (IpAddr::V4(_), IpAddr::V6(own)) => {
            return Err(NetError::Family { what: "the multicast group", address: own.into() });
        }
    }
    Ok(Ports { data, token, everyone: vec![everyone] })
}

/// Index of the interface that has this address.
pub(super) fn interface_of(own: IpAddr) -> Option<u32> {
    let interfaces = getifaddrs().ok()?;
    interfaces
        .filter(|interface| {
            let address = interface.address.as_ref().and_then(super::errors::socket_address);
            address.as_ref().map(SocketAddr::ip) == Some(own)
        })
        .find_map(|interface| if_nametoindex(interface.interface_name.as_str()).ok())
}
