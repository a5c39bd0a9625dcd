//! What this host says about itself and about the configured names.
//!
//! Must never ask twice: a name server that does not answer costs its time once. Must never judge
//! the answers: what to ask about, and which node this host is, is decided in one place for this
//! and the daemon ([`confdb::cluster::local`]), which asks the same three questions at its start.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs};

use confdb::Cluster;
use confdb::cluster::local::{Host, Interface, LocalError, LocalNode};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::SockaddrStorage;

/// The answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) hostname: String,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) resolved: BTreeMap<String, Vec<IpAddr>>,
}

impl Facts {
    /// Asks the operating system.
    pub(super) fn ask(cluster: &Cluster) -> Self {
        let hostname = nix::unistd::gethostname().unwrap_or_default();
        Self {
            hostname: hostname.to_string_lossy().into_owned(),
            interfaces: interfaces(),
            resolved: resolve(cluster),
        }
    }

    pub(super) fn local_node(
        &self,
        cluster: &Cluster,
        asked_for: Option<&str>,
    ) -> Result<LocalNode, LocalError> {
        cluster.local_node(&Host {
            override_name: asked_for,
            hostname: &self.hostname,
            interfaces: &self.interfaces,
            resolved: &self.resolved,
        })
    }
}

fn interfaces() -> Vec<Interface> {
    let found = getifaddrs().into_iter().flatten();
    let addresses = found.filter_map(|interface| address(interface.address.as_ref()?));
    addresses.map(|address| Interface { address, name: None }).collect()
}

fn address(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|found| IpAddr::V4(found.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|found| IpAddr::V6(found.ip())))
}

/// All names at once.
fn resolve(cluster: &Cluster) -> BTreeMap<String, Vec<IpAddr>> {
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
