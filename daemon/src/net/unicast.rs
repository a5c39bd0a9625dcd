//! Everyone by as many packets as there are others: works wherever hosts reach each other at all.
//!
//! Must never send to an address that is not in the configuration. A port that refuses a packet is
//! heard of here for data as well as for tokens.

use super::Ports;
use super::address::Addresses;
use super::errors::NetError;
use super::socket::Socket;

/// Opens the sockets for these peers.
pub(super) fn open(addresses: &Addresses) -> Result<Ports, NetError> {
    let token = Socket::open(addresses.at(addresses.own(), addresses.token_port()))?;
    let data = Socket::open(addresses.at(addresses.own(), addresses.port()))?;
    Ok(Ports { data, token, everyone: addresses.peers() })
}
