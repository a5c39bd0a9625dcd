//! A cluster's configuration, as this node needs it: from the words of cluster.conf to the parts
//! that ring, vote counter, sockets and logs are built from.
//!
//! Must never read a file or resolve a name: what that takes comes in as arguments, and a key that
//! lives in a file goes out as the file's name. Must never hold what one of the parts would refuse
//! later: every part is built once here, so that a start fails early and with the reason.

mod objects;
mod shown;

use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use confdb::cluster::following::Following;
use confdb::cluster::local::LocalNode;
use confdb::cluster::logging::LogSettings;
use confdb::cluster::nodes::{MOST_VOTES, Node};
use confdb::cluster::ring::{self, Key};
use confdb::cluster::voting::{Rules, TieBreaker};
use confdb::{Cluster, Tree};
use quorum::Votes;
use thiserror::Error;
use totem::{Identity, Limits, NodeId, RingSeq, Timing, Tuning};

use crate::net::Transport;
use crate::stack::command::NodeEntry;
use crate::stack::lookup::Shown;
use crate::stack::reconfigure::Reconfiguration;
use crate::stack::{self, Held};

/// Where logs go unless they are told otherwise.
const LOG_FILE: &str = "/var/log/cluster/clusterd.log";

/// The name under which `logging_daemon` entries speak of this daemon.
const DAEMON: &str = "corosync";

/// All that one node is configured to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name and number of the cluster, version of its configuration.
    pub cluster: Identification,
    /// This node.
    pub me: NodeId,
    /// Its name.
    pub name: String,
    /// The address that its packets come from.
    pub address: IpAddr,
    /// The configured nodes in document order, this one included.
    pub nodes: Vec<NodeEntry>,
    /// How long the ring waits for what.
    pub timing: Timing,
    /// How much the ring does at a time.
    pub limits: Limits,
    /// What the vote counter is told.
    pub voting: quorum::Config,
    /// Nodes that come back with state are kept out.
    pub disallowed: bool,
    /// How long programs may take to say whether this node may leave.
    pub shutdown_timeout: Duration,
    /// Where packets go.
    pub network: Network,
    /// What packets are sealed with.
    pub key: KeySource,
    /// File of the key that follows.
    pub next_key: Option<PathBuf>,
    /// What goes to which log.
    pub logging: LogSettings,
    /// The same for parts of this daemon that have their own entry, by their names.
    pub subsystems: Vec<(String, LogSettings)>,
    /// Lock memory and raise the priority, as far as the configuration says.
    pub realtime: bool,
    /// How the directory is followed that the configuration comes from, if it does.
    pub following: Following,
    /// What an operator should know that is no fault, one line each; log them once.
    pub notes: Vec<String>,
    /// The file that logs go to unless they are told otherwise.
    pub log_file: PathBuf,
    /// What programs can look up.
    pub shown: Shown,
}

/// Which cluster, and which of its configurations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identification {
    /// Its name, at most 15 bytes.
    pub name: String,
    /// Its id.
    pub id: u16,
    /// Version of the configuration.
    pub config_version: u32,
}

/// Who may change things besides those who always may, as the kernel numbers them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Users {
    /// Users.
    pub uids: BTreeSet<u32>,
    /// Groups.
    pub gids: BTreeSet<u32>,
}

/// Where packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    /// How packets for everyone get to everyone.
    pub transport: Transport,
    /// Port of packets for everyone; tokens use the one below.
    pub port: u16,
}

impl Network {
    /// The address of packets for everyone, as `cman_tool status` shows it; `None` where each node
    /// gets its own packet.
    #[must_use]
    pub const fn everyone(&self) -> Option<IpAddr> {
        match self.transport {
            Transport::Multicast { group, .. } => Some(group),
            Transport::Broadcast => Some(IpAddr::V4(Ipv4Addr::BROADCAST)),
            Transport::Unicast => None,
        }
    }
}

/// What packets are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The cluster's name: keeps clusters apart, but is no secret.
    Name(Vec<u8>),
    /// A key in the configuration.
    Configured(Vec<u8>),
    /// The content of a file.
    File(PathBuf),
}

/// Shows where a key comes from, never the key.
impl core::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(_) => f.write_str("Name(..)"),
            Self::Configured(_) => f.write_str("Configured(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// What the operator asked for at the start; it goes before the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// Multicast group.
    pub group: Option<IpAddr>,
    /// Port.
    pub port: Option<u16>,
    /// Votes of this node.
    pub votes: Option<u32>,
    /// Votes of the whole cluster.
    pub expected_votes: Option<u32>,
    /// File with the key.
    pub keyfile: Option<PathBuf>,
    /// Two nodes of one vote, of which one is enough.
    pub two_node: bool,
    /// Id of this node.
    pub node_id: Option<NonZeroU32>,
    /// There is no configuration, and so nothing lists the nodes.
    pub unlisted: bool,
}

/// A configuration that this node cannot run with.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum SettingsError {
    /// More nodes than a ring has members.
    #[error("{count} nodes are configured, a ring has at most {most}")]
    TooManyNodes {
        /// How many there are.
        count: usize,
        /// How many there may be.
        most: usize,
    },
    /// The group asked for is no multicast address, or there is no multicast.
    #[error("multicast address {0} cannot be used: {1}")]
    Group(IpAddr, &'static str),
    /// The port asked for has no lower neighbour.
    #[error("port {0} cannot be used: it and the port below it are needed")]
    Port(u16),
    /// Broadcast from an IPv6 address.
    #[error("broadcast needs an IPv4 address, this node has {0}")]
    Broadcast(IpAddr),
    /// The id asked for is another node's.
    #[error("node id {id} cannot be used: it is the id of {name}")]
    NodeId {
        /// The id.
        id: NonZeroU32,
        /// Whose it is.
        name: String,
    },
    /// The key cannot change for a node that was given one.
    #[error(
        "next_keyfile {} cannot follow: this node was started with key file {}, which goes before \
         the configuration; start it without", next.display(), given.display()
    )]
    NextKey {
        /// The file of the next key.
        next: PathBuf,
        /// The file asked for at the start.
        given: PathBuf,
    },
    /// Votes asked for that a node cannot have.
    #[error("{0} votes cannot be used: a node has 0 to {MOST_VOTES}")]
    Votes(u32),
    /// The ring refuses.
    #[error("totem: {0}")]
    Ring(#[from] totem::ConfigError),
    /// The vote counter refuses.
    #[error("{0}")]
    Voting(#[from] quorum::ConfigError),
}

/// Everything as this node needs it. `resolved` is what the configured names stand for, as far as
/// they could be resolved, best first.
///
/// # Errors
/// The first thing that this node cannot run with.
pub fn settings(
    cluster: &Cluster,
    me: &LocalNode,
    resolved: &BTreeMap<String, Vec<IpAddr>>,
    overrides: &Overrides,
) -> Result<Settings, SettingsError> {
    let most = totem::wire::MOST_MEMBERS;
    if cluster.nodes.len() > most {
        return Err(SettingsError::TooManyNodes { count: cluster.nodes.len(), most });
    }
    let (cluster, me) = &renumbered(cluster, me, overrides)?;
    let entry = |node: &Node| NodeEntry {
        id: node_id(node.id),
        name: node.name.clone(),
        votes: own_votes(node, me, overrides),
        addresses: addresses(node, me, resolved),
    };
    let nodes: Vec<NodeEntry> = cluster.nodes.iter().map(entry).collect();
    let key = key(cluster, overrides);
    let next_key = next_key(cluster, overrides)?;
    let settings = Settings {
        cluster: Identification {
            name: cluster.name.clone(),
            id: cluster.id,
            config_version: cluster.config_version,
        },
        me: node_id(me.id),
        name: me.name.clone(),
        address: me.address,
        timing: timing(&cluster.ring.timers),
        limits: limits(&cluster.ring.limits, me.address),
        voting: voting(cluster, me, &nodes, overrides)?,
        disallowed: cluster.voting.disallowed,
        shutdown_timeout: cluster.voting.shutdown_timeout,
        network: network(cluster, me, overrides)?,
        notes: notes(cluster, &key),
        nodes,
        key,
        next_key,
        realtime: cluster.here.realtime.unwrap_or(true),
        following: cluster.following,
        logging: cluster.logging.of(DAEMON, None),
        subsystems: subsystems(cluster),
        log_file: PathBuf::from(LOG_FILE),
        shown: Shown::default(),
    };
    settings.ring(0, 0)?;
    Ok(settings)
}

impl Settings {
    /// The same, with what programs can look up: as written, as understood, and as it is here;
    /// and with who may change things.
    #[must_use]
    pub fn showing(mut self, tree: &Tree, cluster: &Cluster, users: &Users) -> Self {
        self.shown = Shown {
            keys: shown::keys((tree, cluster), &self, users),
            objects: objects::objects(tree, &self),
        };
        self
    }

    /// The ring's part. `boot` must grow with every start of this node; `seed` is any number.
    ///
    /// # Errors
    /// The first value that does not work; none does not in what [`settings`] gave out.
    pub fn ring(&self, boot: u64, seed: u64) -> Result<totem::Config, totem::ConfigError> {
        let own = self.nodes.iter().find(|node| node.id == self.me);
        let weight = own.map_or(0, |node| node.votes);
        let identity = Identity { me: self.me, boot, weight, seed };
        totem::Config::new(identity, self.timing, self.limits)
    }

    /// The stack's part, with the ring sequence `last` and the configuration from stable storage.
    ///
    /// # Errors
    /// As [`Settings::ring`].
    pub fn stack(
        &self,
        boot: u64,
        seed: u64,
        last: RingSeq,
        held: Held,
    ) -> Result<stack::Config, totem::ConfigError> {
        Ok(stack::Config {
            ring: self.ring(boot, seed)?,
            last,
            cluster: self.cluster.name.clone(),
            cluster_id: self.cluster.id,
            config_version: u64::from(self.cluster.config_version),
            nodes: self.nodes.clone(),
            voting: self.voting.clone(),
            disallowed: self.disallowed,
            shutdown_timeout: self.shutdown_timeout,
            held,
            shown: self.shown.clone(),
        })
    }

    /// What a stack that runs takes over of these settings, with what stands for the keys.
    #[must_use]
    pub fn reconfiguration(&self, keys: u64) -> Reconfiguration {
        let own = self.nodes.iter().find(|node| node.id == self.me);
        Reconfiguration {
            version: self.cluster.config_version.into(),
            nodes: self.nodes.clone(),
            voting: Some(self.voting.clone()),
            tuning: Tuning {
                timing: self.timing,
                window: self.limits.window,
                per_turn: self.limits.per_turn,
                accelerated: self.limits.accelerated,
                weight: own.map_or(0, |node| node.votes),
            },
            disallowed: self.disallowed,
            shutdown_timeout: self.shutdown_timeout,
            shown: self.shown.clone(),
            keys,
        }
    }
}

fn node_id(id: NonZeroU32) -> NodeId {
    NodeId::new(id.get()).expect("a configured node id is not zero")
}

/// The configuration as it is for a node that was told its id.
fn renumbered(
    cluster: &Cluster,
    me: &LocalNode,
    overrides: &Overrides,
) -> Result<(Cluster, LocalNode), SettingsError> {
    let (mut cluster, mut me) = (cluster.clone(), me.clone());
    let Some(id) = overrides.node_id else { return Ok((cluster, me)) };
    if let Some(other) = cluster.nodes.iter().find(|node| node.id == id && node.name != me.name) {
        return Err(SettingsError::NodeId { id, name: other.name.clone() });
    }
    for node in cluster.nodes.iter_mut().filter(|node| node.name == me.name) {
        node.id = id;
    }
    me.id = id;
    Ok((cluster, me))
}

fn own_votes(node: &Node, me: &LocalNode, overrides: &Overrides) -> u32 {
    let own = if overrides.two_node { Some(1) } else { overrides.votes };
    if node.id == me.id { own.unwrap_or(node.votes) } else { node.votes }
}

/// One address per network, of the family that this node uses; empty for a name that does not
/// resolve. A loopback address reaches another host's node never.
fn addresses(node: &Node, me: &LocalNode, resolved: &BTreeMap<String, Vec<IpAddr>>) -> Vec<IpAddr> {
    let fits = |address: &IpAddr| {
        address.is_ipv4() == me.address.is_ipv4()
            && (me.address.is_loopback() || !address.is_loopback())
    };
    let look_up = |name: &str| match name.parse() {
        Ok(address) => Some(address),
        Err(_) => resolved.get(name)?.iter().copied().find(fits),
    };
    let first = if node.id == me.id { Some(me.address) } else { look_up(&node.name) };
    let Some(first) = first else { return Vec::new() };
    // Networks are told apart by their place: after one that is missing there is none.
    let others = node.alternates.iter().map_while(|alternate| look_up(&alternate.name));
    core::iter::once(first).chain(others).collect()
}

/// Times that are not configured shrink with the token timeout where they must stay below it.
fn timing(timers: &ring::Timers) -> Timing {
    let default = Timing::default();
    let share = (timers.token / 8).max(Duration::from_millis(1));
    Timing {
        token: timers.token,
        retransmit: timers.token_retransmit.unwrap_or(default.retransmit.min(share)),
        hold: timers.hold.unwrap_or(default.hold.min(share)),
        join: timers.join,
        consensus: timers.consensus,
        beacon: timers.merge,
        probe: default.probe.min(share),
    }
}

fn limits(limits: &ring::Limits, own: IpAddr) -> Limits {
    /// Bytes of a UDP header (RFC 768).
    const UDP: usize = 8;
    let ip = if own.is_ipv4() { 20 } else { 40 };
    let netmtu = usize::try_from(limits.netmtu).unwrap_or(usize::MAX);
    let headers = ip + UDP + totem::seal::OVERHEAD;
    let default = Limits::for_packet(netmtu.saturating_sub(headers));
    let (window, per_turn) = match (limits.window_size, limits.max_messages) {
        (Some(window), per_turn) => (window, per_turn.unwrap_or(default.per_turn).min(window)),
        (None, Some(per_turn)) => (default.window.max(per_turn), per_turn),
        (None, None) => (default.window, default.per_turn),
    };
    Limits { window, per_turn, accelerated: default.accelerated.min(per_turn / 2), ..default }
}

fn voting(
    cluster: &Cluster,
    me: &LocalNode,
    nodes: &[NodeEntry],
    overrides: &Overrides,
) -> Result<quorum::Config, SettingsError> {
    let too_many = |votes: &u32| *votes > MOST_VOTES;
    if let Some(votes) = overrides.votes.filter(too_many) {
        return Err(SettingsError::Votes(votes));
    }
    let votes = nodes.iter().map(|node| (node.id, Votes::new(node.votes))).collect();
    let asked = if overrides.two_node { Some(1) } else { overrides.expected_votes };
    let expected = asked.or(cluster.voting.expected_votes_configured).map(Votes::new);
    let two_node = cluster.voting.two_node || overrides.two_node;
    let config = quorum::Config::new(node_id(me.id), votes, expected, two_node)?;
    let config = if overrides.unlisted { config.unlisted() } else { config };
    let timeout = cluster.voting.device_timeout.unwrap_or(cluster.ring.timers.token);
    let config = config.with_rules(rules(&cluster.voting.rules))?.with_device_timeout(timeout);
    let sync_timeout = cluster.voting.sync_timeout;
    Ok(sync_timeout.map_or(config.clone(), |timeout| config.with_sync_timeout(timeout)))
}

fn rules(rules: &Rules) -> quorum::Rules {
    let Rules { wait_for_all, tie_breaker, last_man_standing, allow_downscale } = rules;
    let tie_breaker = tie_breaker.as_ref().map(|tie_breaker| match tie_breaker {
        TieBreaker::Lowest => quorum::TieBreaker::Lowest,
        TieBreaker::Highest => quorum::TieBreaker::Highest,
        TieBreaker::List(list) => {
            quorum::TieBreaker::List(list.iter().copied().map(node_id).collect())
        }
    });
    quorum::Rules {
        wait_for_all: *wait_for_all,
        tie_breaker,
        last_man_standing: *last_man_standing,
        allow_downscale: *allow_downscale,
    }
}

fn network(
    cluster: &Cluster,
    me: &LocalNode,
    overrides: &Overrides,
) -> Result<Network, SettingsError> {
    let port = overrides.port.unwrap_or(cluster.ring.port);
    if port < 2 {
        return Err(SettingsError::Port(port));
    }
    let transport = match cluster.ring.transport {
        ring::Transport::Multicast { ttl, .. } => {
            let configured = cluster.group(me.address).expect("the transport is multicast");
            let group = overrides.group.unwrap_or(configured);
            if !group.is_multicast() {
                return Err(SettingsError::Group(group, "it is no multicast address"));
            }
            if group.is_ipv4() != me.address.is_ipv4() {
                let what = "Node address family does not match multicast address family";
                return Err(SettingsError::Group(group, what));
            }
            Transport::Multicast { group, ttl }
        }
        ring::Transport::Broadcast if me.address.is_ipv6() => {
            return Err(SettingsError::Broadcast(me.address));
        }
        ring::Transport::Broadcast => Transport::Broadcast,
        ring::Transport::Unicast => Transport::Unicast,
    };
    match (transport, overrides.group) {
        (Transport::Broadcast | Transport::Unicast, Some(group)) => {
            Err(SettingsError::Group(group, "the transport is not multicast"))
        }
        (_, _) => Ok(Network { transport, port }),
    }
}

fn key(cluster: &Cluster, overrides: &Overrides) -> KeySource {
    if let Some(file) = &overrides.keyfile {
        return KeySource::File(file.clone());
    }
    match &cluster.ring.key {
        Key::Name(key) => KeySource::Name(key.clone()),
        Key::Configured(key) => KeySource::Configured(key.clone()),
        Key::File(file) => KeySource::File(file.into()),
    }
}

/// Who was given a key at the start would stay with it when the others change theirs.
fn next_key(cluster: &Cluster, overrides: &Overrides) -> Result<Option<PathBuf>, SettingsError> {
    match (&cluster.ring.next_key, &overrides.keyfile) {
        (Some(next), Some(given)) => {
            Err(SettingsError::NextKey { next: next.into(), given: given.clone() })
        }
        (next, _) => Ok(next.as_ref().map(PathBuf::from)),
    }
}

fn subsystems(cluster: &Cluster) -> Vec<(String, LogSettings)> {
    let entries = cluster.logging.daemons.iter().filter(|entry| entry.name == DAEMON);
    let names: BTreeSet<&String> = entries.filter_map(|entry| entry.subsystem.as_ref()).collect();
    names.into_iter().map(|name| (name.clone(), cluster.logging.of(DAEMON, Some(name)))).collect()
}

fn notes(cluster: &Cluster, key: &KeySource) -> Vec<String> {
    let mut notes = Vec::new();
    if matches!(key, KeySource::Name(_)) {
        notes.push(
            "the key is derived from the cluster's name: it keeps clusters apart but is no \
             secret; set <cman keyfile=\"...\"/> for one"
                .to_owned(),
        );
    }
    if cluster.nodes.iter().any(|node| !node.alternates.is_empty()) {
        notes.push(
            "altname is read but not used yet: the ring uses the network of the node names"
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests;
