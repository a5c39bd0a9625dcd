//! What a text of the configuration makes of this host: at the start, and when another text is
//! proposed to a node that runs.
//!
//! Must never change anything: what is found out here may be thrown away.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;

use confdb::{Configuration, Problem, Severity};
use totem::NodeId;

use super::keys::Keys;
use super::{LOG_FILE, StartError, files, names, origins, users};
use crate::ipc::translate::Origin;
use crate::net::address::{AddressError, Addresses};
use crate::options::{Loader, Options};
use crate::settings::{Settings, settings};
use crate::shell::reload::files::Place;
use crate::stack::Held;
use crate::stack::command::NodeEntry;

/// What a text of the configuration makes of this host.
#[derive(Debug)]
pub struct Understood {
    /// The node.
    pub settings: Settings,
    /// Where the nodes are.
    pub(super) addresses: Addresses,
    /// What packets are sealed with.
    pub(in crate::shell) keys: Keys,
    /// What its author probably did not mean.
    pub(super) warnings: Vec<Problem>,
    /// What this host says differently, in its own file.
    pub(super) local: Vec<Origin>,
    /// What was said at its start.
    pub(super) start: Vec<Origin>,
}

/// What a text makes of this host, with all that it takes besides: names, key file.
///
/// # Errors
/// What does not work.
pub(in crate::shell) fn understand(
    options: &Options,
    source: &str,
    text: &[u8],
) -> Result<Understood, StartError> {
    let path = options.place();
    let Configuration { tree, cluster, warnings } = configuration(options, source, text)?;
    let resolved = names::resolve(&cluster);
    let name = options.node_name.as_deref().or(cluster.here.node_name.as_deref());
    let me = names::local_node(&cluster, name, &resolved)?;
    let settings = settings(&cluster, &me, &resolved, &options.overrides())?;
    let log_file = options.log_dir.join(LOG_FILE);
    let (users, unknown) = users::resolve(&tree);
    let mut settings = Settings { log_file, ..settings }.showing(&tree, &cluster, &users);
    settings.notes.extend(unknown);
    let addresses = addresses(&settings).map_err(|why| StartError::Addresses { path, why })?;
    let keys = Keys::read(&settings.key, settings.next_key.as_deref())?;
    let (local, start) = (origins::local(&tree), origins::start(options, &settings.name));
    Ok(Understood { settings, addresses, keys, warnings, local, start })
}

impl Understood {
    /// All values that do not come from the configuration that all nodes share.
    pub(in crate::shell) fn origins(&self) -> Vec<Origin> {
        self.local.iter().chain(&self.start).cloned().collect()
    }
}

/// Refuses what a running node cannot become without a restart.
///
/// # Errors
/// What that is, with both values.
pub(in crate::shell) fn fits(running: &Settings, new: &Settings) -> Result<(), String> {
    let differs = |what: &str, from: String, to: String| {
        let text = format!("{what} of this node changes from {from} to {to}: this needs a restart");
        (from != to).then_some(text)
    };
    let network = |settings: &Settings| format!("{:?}", settings.network);
    let differences = [
        differs("the id", running.me.to_string(), new.me.to_string()),
        differs("the name", running.name.clone(), new.name.clone()),
        differs("the address", running.address.to_string(), new.address.to_string()),
        differs("the network", network(running), network(new)),
    ];
    let texts: Vec<String> = differences.into_iter().flatten().collect();
    if texts.is_empty() { Ok(()) } else { Err(texts.join("\n")) }
}

/// The configuration of the cluster, and over it what this host says differently.
fn configuration(
    options: &Options,
    source: &str,
    text: &[u8],
) -> Result<Configuration, StartError> {
    let local = options.local_config();
    let own = match files::read("the local configuration", &local) {
        _ if options.no_config => None,
        Err(StartError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => None,
        read => Some(read?),
    };
    let local = local.display().to_string();
    let own = own.as_deref().map(|own| (local.as_str(), own));
    confdb::load::layered((source, text), own).map_err(|problems| wrong(problems, text))
}

/// What a configuration is refused for. Where the markup is broken, all after the first error is
/// mostly its consequence.
fn wrong(mut problems: Vec<Problem>, text: &[u8]) -> StartError {
    if !confdb::load::xml::load("", text).sound {
        problems.retain(|problem| problem.severity == Severity::Error);
        problems.truncate(1);
    }
    StartError::Configuration(problems)
}

/// The configuration as it lies on disk. Nodes without one have nothing that could differ.
pub(super) fn held(options: &Options, (settings, keys): (&Settings, &Keys), text: Vec<u8>) -> Held {
    if options.no_config {
        return Held { text: [].into(), accepted: Vec::new(), mark: 0, copied: false };
    }
    let cluster = &settings.cluster;
    let accepted = Place::of(options).left_behind(cluster.config_version.into());
    let mark = keys.mark(cluster.id.into(), cluster.config_version);
    Held { text: text.into(), accepted, mark, copied: options.loader() == Loader::Directory }
}

fn addresses(settings: &Settings) -> Result<Addresses, AddressError> {
    Addresses::new(settings.me, settings.network.port, first_addresses(settings))
}

/// The first address of each node that has one.
pub(in crate::shell) fn first_addresses(settings: &Settings) -> BTreeMap<NodeId, IpAddr> {
    let first = |node: &NodeEntry| Some((node.id, *node.addresses.first()?));
    settings.nodes.iter().filter_map(first).collect()
}
