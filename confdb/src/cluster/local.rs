//! Which of the configured nodes this host is.
//!
//! Must never ask the operating system: the shell does all look-ups beforehand and hands the
//! answers over as a [`Host`]. Must never settle for a node that cannot take part: one whose name
//! leads to the loopback interface would wait for the others for ever.
//!
//! The order of the attempts is CMAN's: the name asked for; else the host's name, with and without
//! its domain; else the names and numbers of its interfaces; else the addresses that the
//! configured names stand for.

use core::net::IpAddr;
use core::num::NonZeroU32;
use std::collections::BTreeMap;

use thiserror::Error;

use super::Cluster;
use super::nodes::{LONGEST_NODE_NAME, Node};
use super::ring::Transport;
use crate::error::quoted;

/// What this host says about itself and about the configured names.
#[derive(Clone, Copy, Debug)]
pub struct Host<'a> {
    /// The node name that the operator asked for.
    pub override_name: Option<&'a str>,
    /// The host's own name (`uname -n`).
    pub hostname: &'a str,
    /// Its interfaces' addresses.
    pub interfaces: &'a [Interface],
    /// What the configured names stand for, as far as they could be resolved, best first.
    pub resolved: &'a BTreeMap<String, Vec<IpAddr>>,
}

/// An address of this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The address.
    pub address: IpAddr,
    /// The name that it stands for, if any.
    pub name: Option<String>,
}

/// This host among the nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LocalNode {
    /// Its id.
    pub id: NonZeroU32,
    /// Its name, as the configuration spells it.
    pub name: String,
    /// The address that its packets come from.
    pub address: IpAddr,
}

/// Why this host is none of the nodes, or cannot take part.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LocalError {
    /// The name asked for is longer than any node name.
    #[error("Overridden node name is too long: {} bytes, at most {LONGEST_NODE_NAME}", .0)]
    OverrideTooLong(usize),
    /// The name asked for is not configured.
    #[error("Overridden node name is not in CCS: {} is none of {configured}", quoted(.name))]
    OverrideUnknown {
        /// The name.
        name: String,
        /// The configured ones.
        configured: String,
    },
    /// The host's name is longer than any node name.
    #[error("local node name is too long: {} bytes, at most {LONGEST_NODE_NAME}", .0)]
    HostnameTooLong(usize),
    /// Neither the host's name nor any of its addresses leads to a configured node.
    #[error(
        "Cannot find node name in cluster.conf: neither {} nor an address of this host is one of \
         {configured}", quoted(.hostname)
    )]
    Unknown {
        /// The host's name.
        hostname: String,
        /// The configured ones.
        configured: String,
    },
    /// The node's name stands for no address.
    #[error("Can't determine address family of nodename {0}: the name does not resolve")]
    Unresolved(String),
    /// The node's name stands for an address that no other host can reach.
    #[error(
        "Node name resolves to localhost, please check /etc/hosts and assign this node a network \
         IP address: {name} is {address}"
    )]
    Loopback {
        /// The node's name.
        name: String,
        /// Its address.
        address: IpAddr,
    },
    /// The node's address and the multicast group are of different families.
    #[error(
        "Node address family does not match multicast address family: {name} is {address}, the \
         group is {group}"
    )]
    Family {
        /// The node's name.
        name: String,
        /// Its address.
        address: IpAddr,
        /// The configured group.
        group: IpAddr,
    },
}

pub(super) fn find(cluster: &Cluster, host: &Host<'_>) -> Result<LocalNode, LocalError> {
    let node = match host.override_name {
        Some(name) => asked_for(cluster, name)?,
        None => own(cluster, host)?,
    };
    let address = address(cluster, node, host)?;
    Ok(LocalNode { id: node.id, name: node.name.clone(), address })
}

fn asked_for<'c>(cluster: &'c Cluster, name: &str) -> Result<&'c Node, LocalError> {
    if name.len() > LONGEST_NODE_NAME {
        return Err(LocalError::OverrideTooLong(name.len()));
    }
    cluster.node(name).ok_or_else(|| LocalError::OverrideUnknown {
        name: name.to_owned(),
        configured: configured(cluster),
    })
}

fn own<'c>(cluster: &'c Cluster, host: &Host<'_>) -> Result<&'c Node, LocalError> {
    let hostname = host.hostname;
    if hostname.len() > LONGEST_NODE_NAME {
        return Err(LocalError::HostnameTooLong(hostname.len()));
    }
    let by_name = |name: &str| cluster.node(name).or_else(|| cluster.node(short(name)));
    by_name(hostname)
        .or_else(|| cluster.nodes.iter().find(|node| short(&node.name) == short(hostname)))
        .or_else(|| {
            host.interfaces.iter().find_map(|interface| {
                let named = interface.name.as_deref().and_then(by_name);
                named.or_else(|| cluster.node(&interface.address.to_string()))
            })
        })
        .or_else(|| cluster.nodes.iter().find(|node| is_local(node, host)))
        .ok_or_else(|| LocalError::Unknown {
            hostname: hostname.to_owned(),
            configured: configured(cluster),
        })
}

fn is_local(node: &Node, host: &Host<'_>) -> bool {
    let mut addresses = addresses(node, host).into_iter();
    addresses.any(|address| host.interfaces.iter().any(|own| own.address == address))
}

fn addresses(node: &Node, host: &Host<'_>) -> Vec<IpAddr> {
    match node.name.parse() {
        Ok(address) => vec![address],
        Err(_) => host.resolved.get(&node.name).cloned().unwrap_or_default(),
    }
}

/// Whether all nodes have loopback addresses: then they all run on this host.
fn is_alone(cluster: &Cluster, host: &Host<'_>) -> bool {
    cluster.nodes.iter().all(|node| {
        let addresses = addresses(node, host);
        !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback)
    })
}

/// The node's address: the first one that this host has and others can reach, else the first one.
/// CMAN took the first one always, and failed where the loopback interface came before the
/// network.
fn address(cluster: &Cluster, node: &Node, host: &Host<'_>) -> Result<IpAddr, LocalError> {
    let group = match cluster.ring.transport {
        Transport::Multicast { group, .. } => group,
        Transport::Broadcast | Transport::Unicast => None,
    };
    let fits = |address: IpAddr| group.is_none_or(|group| group.is_ipv4() == address.is_ipv4());
    let alone = is_alone(cluster, host);
    let reachable = |address: &IpAddr| {
        (alone || !address.is_loopback())
            && fits(*address)
            && host.interfaces.iter().any(|own| own.address == *address)
    };
    let addresses = addresses(node, host);
    let found = addresses.iter().copied().find(reachable).or(addresses.first().copied());
    let name = node.name.clone();
    let Some(address) = found else { return Err(LocalError::Unresolved(name)) };
    if address.is_loopback() && !alone {
        return Err(LocalError::Loopback { name, address });
    }
    match group.filter(|_| !fits(address)) {
        Some(group) => Err(LocalError::Family { name, address, group }),
        None => Ok(address),
    }
}

fn short(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// The configured names, cut so that a text stays a line.
fn configured(cluster: &Cluster) -> String {
    let names: Vec<&str> = cluster.nodes.iter().take(8).map(|node| node.name.as_str()).collect();
    let more = if cluster.nodes.len() > names.len() { ", ..." } else { "" };
    format!("{}{more}", names.join(", "))
}

#[cfg(test)]
mod tests;
