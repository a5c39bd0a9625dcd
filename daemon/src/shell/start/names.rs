//! Who this host is among the configured nodes: asks the operating system what the configuration
//! crate needs to know.
//!
//! Must never resolve a name once the ring runs: a name server that does not answer would stop it.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs};

use confdb::Cluster;
use confdb::cluster::local::{Host, Interface, LocalError, LocalNode};
use nix::ifaddrs::getifaddrs;

use crate::net::errors::socket_address;

/// What each configured name stands for, best first. Names that do not resolve are absent. All are
/// asked at once: a dead name server costs its time once.
pub(super) fn resolve(cluster: &Cluster) -> BTreeMap<String, Vec<IpAddr>> {
    std::thread::scope(|scope| {
        let names = cluster.names().into_iter();
        let asked: Vec<_> =
            names.map(|name| (name, scope.spawn(move || addresses(name)))).collect();
        let answered = asked.into_iter().filter_map(|(name, thread)| {
            let addresses = thread.join().unwrap_or_default();
            (!addresses.is_empty()).then(|| (name.to_owned(), addresses))
        });
        answered.collect()
    })
}

fn addresses(name: &str) -> Vec<IpAddr> {
    let mut found: Vec<IpAddr> = Vec::new();
    for address in (name, 0).to_socket_addrs().into_iter().flatten() {
        if !found.contains(&address.ip()) {
            found.push(address.ip());
        }
    }
    found
}

/// Which node this host is.
pub(super) fn local_node(
    cluster: &Cluster,
    asked_for: Option<&str>,
    resolved: &BTreeMap<String, Vec<IpAddr>>,
) -> Result<LocalNode, LocalError> {
    let hostname = nix::unistd::gethostname().unwrap_or_default();
    cluster.local_node(&Host {
        override_name: asked_for,
        hostname: &hostname.to_string_lossy(),
        interfaces: &interfaces(),
        resolved,
    })
}

fn interfaces() -> Vec<Interface> {
    let interfaces = getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| socket_address(interface.address.as_ref()?));
    addresses.map(|address| Interface { address: address.ip(), name: None }).collect()
}

#[cfg(test)]
mod tests;
