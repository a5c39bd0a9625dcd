//! A node that no configuration describes (`cman_tool join -X`): the configuration that stands for
//! none.
//!
//! Must never be used where there is a file: nodes with one and nodes without are not of one
//! cluster, unless they are told the same name.

use std::net::{IpAddr, ToSocketAddrs};
use std::num::NonZeroU32;

use crate::options::Options;

/// What such a cluster is called unless told otherwise.
const CLUSTER: &str = "RHCluster";

/// What messages call the configuration.
pub(super) const SOURCE: &str = "without configuration";

/// The text of the configuration of this host alone.
///
/// # Errors
/// The node's name stands for no address, and no id was given: the id follows from it. Or two-node
/// mode is asked for: which two would be left open.
pub(super) fn text(options: &Options) -> Result<String, String> {
    if options.before.two_node {
        return Err("two-node mode needs a configuration that names both nodes".to_owned());
    }
    let hostname = nix::unistd::gethostname().unwrap_or_default();
    let name = options.node_name.clone().unwrap_or_else(|| hostname.to_string_lossy().into());
    let id = match options.before.node_id {
        Some(id) => id,
        None => address(&name).and_then(id).ok_or_else(|| {
            format!("node {name:?} stands for no address from which an id follows: give one")
        })?,
    };
    let cluster = options.before.cluster_name.as_deref().unwrap_or(CLUSTER);
    Ok(format!(
        "<cluster name=\"{}\" config_version=\"1\"><cman expected_votes=\"1\"/><clusternodes>\
         <clusternode name=\"{}\" nodeid=\"{id}\" votes=\"1\"/></clusternodes></cluster>",
        quoted(cluster),
        quoted(&name),
    ))
}

fn address(name: &str) -> Option<IpAddr> {
    let mut addresses = (name, 0).to_socket_addrs().ok()?.map(|address| address.ip());
    addresses.find(|address| !address.is_loopback())
}

/// The bytes of an IPv4 address, or the last ones of an IPv6 address, as this machine reads a
/// number.
fn id(address: IpAddr) -> Option<NonZeroU32> {
    let octets = match address {
        IpAddr::V4(address) => address.octets(),
        IpAddr::V6(address) => *address.octets().last_chunk()?,
    };
    NonZeroU32::new(u32::from_ne_bytes(octets))
}

/// The same as the value of an attribute.
fn quoted(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
