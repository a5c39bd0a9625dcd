//! What a configuration means: every value typed, within its limits, with CMAN's defaults.
//!
//! Must never exist with a value that does not work: [`Cluster::read`] reports everything that is
//! wrong and gives a `Cluster` only when nothing is. Must never guess: a value that CMAN would
//! have read as zero because it is no number is a problem here.
//!
//! Each part of the configuration has its file: [`identity`] the derived numbers, [`nodes`],
//! [`ring`] the totem section and the transport, [`voting`], [`logging`], [`here`] what one host
//! says of itself, [`following`] whether it looks for newer versions; [`local`] finds this host
//! among the nodes.

pub mod following;
pub mod here;
pub mod identity;
pub mod local;
pub mod logging;
pub mod nodes;
mod reader;
mod references;
pub mod ring;
mod schema;
pub mod voting;

use core::net::IpAddr;
use std::collections::BTreeSet;

use self::following::Following;
use self::here::Here;
use self::local::{Host, LocalError, LocalNode};
use self::logging::Logging;
use self::nodes::Node;
use self::reader::Reader;
use self::ring::{Ring, Transport};
use self::voting::Voting;
use crate::error::{Fault, Problem};
use crate::tree::{Handle, Tree};

/// A valid configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// Name of the cluster, 1 to [`identity::LONGEST_CLUSTER_NAME`] bytes.
    pub name: String,
    /// Its number: configured, or derived from the name. Not unique among clusters.
    pub id: u16,
    /// Version of the configuration, from 1.
    pub config_version: u32,
    /// The nodes in document order, at least one.
    pub nodes: Vec<Node>,
    /// How they talk.
    pub ring: Ring,
    /// How they count.
    pub voting: Voting,
    /// What goes to which log.
    pub logging: Logging,
    /// What this host says of itself.
    pub here: Here,
    /// How the directory is followed that it came from.
    pub following: Following,
}

/// A valid configuration, and what is odd about it.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The configuration.
    pub cluster: Cluster,
    /// What its author probably did not mean.
    pub warnings: Vec<Problem>,
}

impl Cluster {
    /// Reads a tree whose root holds one `cluster`.
    ///
    /// # Errors
    /// Everything that is wrong, warnings included, in the order of the source.
    pub fn read(tree: &Tree) -> Result<Reading, Vec<Problem>> {
        let mut reader = Reader::new(tree);
        let Some(cluster) = root(&mut reader) else { return Err(reader.finish()) };
        schema::check(&mut reader, cluster);
        references::check(&mut reader, cluster);
        let cman = reader.section(cluster, "cman");
        let totem = reader.section(cluster, "totem");
        let logging = reader.section(cluster, "logging");
        let device = reader.section(cluster, "quorum");
        let device = device.and_then(|quorum| reader.section(quorum, "device"));
        let name = identity::name(&mut reader, cluster);
        let nodes = nodes::read(&mut reader, cluster);
        let parts = Self {
            id: identity::id(&mut reader, cman, &name),
            config_version: identity::config_version(&mut reader, cluster),
            ring: ring::read(&mut reader, (cman, totem), nodes.len(), &name),
            voting: voting::read(&mut reader, (cman, device), &nodes),
            logging: logging::read(&mut reader, logging),
            here: here::read(&mut reader, cman),
            following: following::read(&mut reader, cman),
            name,
            nodes,
        };
        if reader.has_errors() {
            return Err(reader.finish());
        }
        Ok(Reading { cluster: parts, warnings: reader.finish() })
    }

    /// The node of that name, exactly as spelt.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The multicast group for a node with this address: the configured one, or the one derived
    /// from the cluster's id in the family of the address. `None` when the transport is not
    /// multicast.
    #[must_use]
    pub fn group(&self, address: IpAddr) -> Option<IpAddr> {
        match self.ring.transport {
            Transport::Multicast { group: Some(group), .. } => Some(group),
            Transport::Multicast { group: None, .. } => Some(identity::group(self.id, address)),
            Transport::Broadcast | Transport::Unicast => None,
        }
    }

    /// All names that lead to nodes, those of further rings included: what a [`Host`] is to have
    /// looked up.
    #[must_use]
    pub fn names(&self) -> BTreeSet<&str> {
        let names = self.nodes.iter().flat_map(|node| {
            std::iter::once(&node.name).chain(node.alternates.iter().map(|other| &other.name))
        });
        names.map(String::as_str).collect()
    }

    /// Which node this host is. A node may have a loopback address only where all have one.
    ///
    /// # Errors
    /// None, or one that cannot take part; see [`LocalError`].
    pub fn local_node(&self, host: &Host<'_>) -> Result<LocalNode, LocalError> {
        local::find(self, host)
    }
}

fn root(reader: &mut Reader<'_>) -> Option<Handle> {
    let mut cluster = None;
    for object in reader.tree().children(Handle::ROOT).to_vec() {
        let name = reader.tree().name(object).to_owned();
        if name == "cluster" && cluster.is_none() {
            cluster = Some(object);
        } else {
            reader.error(Some(object), None, Fault::value(&name, "the element cluster"));
        }
    }
    if cluster.is_none() && !reader.has_errors() {
        reader.error(None, None, Fault::new("there is no element cluster"));
    }
    cluster
}

#[cfg(test)]
mod tests;
