//! Which node has which address: the ring speaks of nodes, the kernel of addresses.
//!
//! Must never be used to decide who sent a packet: that is what the seal is for. Here a source
//! address only helps to name a suspect, and the answer is always confirmed by a probe; or to find
//! a node that the configuration does not know and whose packets are authentic.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use thiserror::Error;
use totem::wire::MOST_MEMBERS;
use totem::{NodeId, NodeSet};

/// The address map of a cluster, complete and without contradictions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    me: NodeId,
    own: IpAddr,
    port: u16,
    scope: u32,
    of: BTreeMap<NodeId, IpAddr>,
    who: BTreeMap<IpAddr, NodeId>,
    /// Nodes that are not configured and were heard from their addresses.
    learned: NodeSet,
}

/// An address map that cannot work.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum AddressError {
    /// This node is not in the map.
    #[error("no address for node {0}, which is this one")]
    Missing(NodeId),
    /// One address for two nodes.
    #[error("nodes {first} and {second} both have the address {address}")]
    Shared {
        /// The address.
        address: IpAddr,
        /// One of them.
        first: NodeId,
        /// The other.
        second: NodeId,
    },
    /// IPv4 here, IPv6 there.
    #[error("node {node} has the address {address}, this node has {own}: not of one family")]
    Mixed {
        /// The node.
        node: NodeId,
        /// Its address.
        address: IpAddr,
        /// The address of this node.
        own: IpAddr,
    },
    /// Packets of this node leave from where its sockets are: that cannot change while it runs.
    #[error("this node has the address {new} now, its sockets are at {old}: restart it")]
    Own {
        /// Where its sockets are.
        old: IpAddr,
        /// Its new address.
        new: IpAddr,
    },
    /// No room for the token port below the data port.
    #[error("port {0} is too low: the port below it is needed, too")]
    Port(u16),
}

impl Addresses {
    /// The map of the cluster as node `me` sees it. `port` is where data arrives; tokens arrive at
    /// the port below it.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn new(me: NodeId, port: u16, of: BTreeMap<NodeId, IpAddr>) -> Result<Self, AddressError> {
        let own = *of.get(&me).ok_or(AddressError::Missing(me))?;
        if port < 2 {
            return Err(AddressError::Port(port));
        }
        let mut who: BTreeMap<IpAddr, NodeId> = BTreeMap::new();
        for (&node, &address) in &of {
            if address.is_ipv4() != own.is_ipv4() {
                return Err(AddressError::Mixed { node, address, own });
            }
            if let Some(first) = who.insert(address, node) {
                return Err(AddressError::Shared { address, first, second: node });
            }
        }
        Ok(Self { me, own, port, scope: 0, of, who, learned: NodeSet::new() })
    }

    /// The map after a change of the configuration: these nodes have these addresses; of those who
    /// are `staying` although the configuration has them no more, the old ones hold, and so do
    /// those that were learned.
    ///
    /// # Errors
    /// The first contradiction, or another address for this node.
    pub fn changed(
        &self,
        mut of: BTreeMap<NodeId, IpAddr>,
        staying: &NodeSet,
    ) -> Result<Self, AddressError> {
        for node in staying.iter().chain([&self.me]) {
            if let Some(&address) = self.of.get(node) {
                of.entry(*node).or_insert(address);
            }
        }
        let mut new = Self::new(self.me, self.port, of)?.with_scope(self.scope);
        if new.own != self.own {
            return Err(AddressError::Own { old: self.own, new: new.own });
        }
        for node in &self.learned {
            if let Some(&address) = self.of.get(node) {
                new.learn(*node, address);
            }
        }
        Ok(new)
    }

    /// The same map with the index of the interface that link-local addresses are meant for.
    #[must_use]
    pub const fn with_scope(mut self, interface: u32) -> Self {
        self.scope = interface;
        self
    }

    /// Takes note of where a node is that the map does not know, unless there are too many already.
    /// It may be where another should be: then hints about that address are still about the other.
    pub fn learn(&mut self, node: NodeId, address: IpAddr) {
        let known = self.of.contains_key(&node);
        let fits = address.is_ipv4() == self.own.is_ipv4() && self.of.len() < MOST_MEMBERS;
        if !known && fits {
            self.of.insert(node, address);
            self.who.entry(address).or_insert(node);
            self.learned.insert(node);
        }
    }

    /// This node.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// The address of this node.
    #[must_use]
    pub const fn own(&self) -> IpAddr {
        self.own
    }

    /// The port where data arrives.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The port where tokens arrive.
    #[must_use]
    pub const fn token_port(&self) -> u16 {
        self.port - 1
    }

    /// Where this address is found at this port.
    #[must_use]
    pub fn at(&self, address: IpAddr, port: u16) -> SocketAddr {
        match address {
            IpAddr::V6(v6) if v6.is_unicast_link_local() || v6.is_multicast() => {
                SocketAddr::V6(SocketAddrV6::new(v6, port, 0, self.scope))
            }
            IpAddr::V4(_) | IpAddr::V6(_) => SocketAddr::new(address, port),
        }
    }

    /// Where this node listens for tokens.
    #[must_use]
    pub fn token_of(&self, node: NodeId) -> Option<SocketAddr> {
        self.of.get(&node).map(|&address| self.at(address, self.token_port()))
    }

    /// Where every other node listens for data, in ring order from our successor on: the next
    /// holder of the token should be the first to have what was sent before it.
    #[must_use]
    pub fn peers(&self) -> Vec<SocketAddr> {
        let data = |(_, &address): (&NodeId, &IpAddr)| self.at(address, self.port);
        let after = self.of.iter().filter(|&(&node, _)| node > self.me).map(data);
        let before = self.of.iter().filter(|&(&node, _)| node < self.me).map(data);
        after.chain(before).collect()
    }

    /// Which node has this address.
    #[must_use]
    pub fn node(&self, address: IpAddr) -> Option<NodeId> {
        self.who.get(&address).copied()
    }
}

#[cfg(test)]
mod tests;
