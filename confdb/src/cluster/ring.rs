//! How the nodes talk: transport, ports, patience, key.
//!
//! Must never be more patient or impatient than CMAN would have been with the same file: its
//! defaults differ from those of the ring protocol beneath it.

use core::net::IpAddr;
use core::time::Duration;

use super::identity::name_key;
use super::reader::Reader;
use crate::error::{Fault, quoted};
use crate::tree::Handle;

/// Port of a cluster that configures none; the one below it is used too.
pub const DEFAULT_PORT: u16 = 5405;
/// Longest key that a configuration may hold, bytes.
pub const LONGEST_KEY: usize = 128;
/// Shortest token timeout, milliseconds (three ticks of a kernel clock of 100 Hz).
pub const SHORTEST_TOKEN: u32 = 30;
/// Longest of all times, milliseconds: one day.
pub const LONGEST_TIME: u32 = 86_400_000;

/// How the nodes talk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ring {
    /// How packets for everyone travel.
    pub transport: Transport,
    /// Port for packets to everyone; tokens use the one below.
    pub port: u16,
    /// How long to wait for what.
    pub timers: Timers,
    /// How much at a time.
    pub limits: Limits,
    /// What packets are sealed with.
    pub key: Key,
    /// File of the key that follows. A key changes in two steps, so that no node is ever deaf: a
    /// version that names the next one makes all nodes understand it, a later one that names the
    /// same file as the key makes all seal with it.
    pub next_key: Option<String>,
}

/// How packets for everyone travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// To a multicast group.
    Multicast {
        /// The configured group; `None` to derive it from the cluster's id.
        group: Option<IpAddr>,
        /// Routers that packets may pass, plus one.
        ttl: u8,
    },
    /// To the broadcast address of the network.
    Broadcast,
    /// To each node by itself.
    Unicast,
}

/// How long to wait for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timers {
    /// Longest silence of the token.
    pub token: Duration,
    /// Between two joins.
    pub join: Duration,
    /// Longest time for agreement.
    pub consensus: Duration,
    /// Between two announcements to other rings.
    pub merge: Duration,
    /// After which a token is sent again, if configured.
    pub token_retransmit: Option<Duration>,
    /// How long an idle token is kept, if configured.
    pub hold: Option<Duration>,
}

/// How much at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Messages of all nodes in one rotation, if configured.
    pub window_size: Option<u32>,
    /// Messages of one node in one turn, if configured.
    pub max_messages: Option<u32>,
    /// Rotations without a new message before the network counts as broken.
    pub fail_recv_const: u32,
    /// Largest packet of the network, bytes, headers included.
    pub netmtu: u32,
}

/// What packets are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// Derived from the cluster's name: no secret.
    Name(Vec<u8>),
    /// Written in the configuration, at most [`LONGEST_KEY`] bytes.
    Configured(Vec<u8>),
    /// The content of this file.
    File(String),
}

/// Shows where a key comes from, never the key.
impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Name(_) => f.write_str("Name(..)"),
            Self::Configured(_) => f.write_str("Configured(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// Reads the parts of `cman` and `totem` that concern the ring.
pub(super) fn read(
    reader: &mut Reader<'_>,
    (cman, totem): (Option<Handle>, Option<Handle>),
    node_count: usize,
    cluster_name: &str,
) -> Ring {
    let multicast = cman.and_then(|cman| reader.section(cman, "multicast"));
    without_effect(reader, totem);
    let key = key(reader, cman, totem, cluster_name);
    Ring {
        transport: transport(reader, cman, multicast),
        port: port(reader, cman, "port")
            .or(port(reader, multicast, "port"))
            .unwrap_or(DEFAULT_PORT),
        timers: timers(reader, totem, node_count),
        limits: limits(reader, totem),
        next_key: next_key(reader, cman, &key),
        key,
    }
}

/// A port whose lower neighbour is a port too.
pub(super) fn port(reader: &mut Reader<'_>, section: Option<Handle>, key: &str) -> Option<u16> {
    reader.number(section, key, 2..=u32::from(u16::MAX)).and_then(|port| u16::try_from(port).ok())
}

/// A multicast address.
pub(super) fn multicast_address(
    reader: &mut Reader<'_>,
    section: Option<Handle>,
    key: &str,
) -> Option<IpAddr> {
    let text = reader.text(section, key)?;
    let address = text.parse().ok().filter(IpAddr::is_multicast);
    if address.is_none() {
        let expected = "a multicast address (224.0.0.0/4 or ff00::/8)";
        reader.error(section, Some(key), Fault::value(&text, expected));
    }
    address
}

fn transport(
    reader: &mut Reader<'_>,
    cman: Option<Handle>,
    multicast: Option<Handle>,
) -> Transport {
    let broadcast =
        reader.word(cman, "broadcast", &[("yes", true), ("no", false)]).unwrap_or(false);
    let word = reader.text(cman, "transport");
    let group = multicast_address(reader, multicast, "addr");
    let ttl = reader.number(multicast, "ttl", 0..=255).and_then(|ttl| u8::try_from(ttl).ok());
    let ttl = ttl.unwrap_or(1);
    if broadcast && word.as_deref().is_some_and(|word| word != "udpb") {
        let what = format!(
            "Transport and broadcast option are mutually exclusive: transport {} with \
             broadcast \"yes\"",
            quoted(&word.unwrap_or_default())
        );
        let fault = Fault::new(what).expected("one of them, or transport=\"udpb\"");
        reader.error(cman, Some("transport"), fault);
        return Transport::Broadcast;
    }
    let chosen = match word.as_deref() {
        Some("udpb") => Transport::Broadcast,
        None if broadcast => Transport::Broadcast,
        None | Some("udp") => Transport::Multicast { group, ttl },
        Some("udpu") => Transport::Unicast,
        Some("rdma") => {
            let fault = Fault::new("\"rdma\" is not supported").expected("udp, udpb or udpu");
            reader.error(cman, Some("transport"), fault);
            Transport::Unicast
        }
        Some(other) => {
            let what = "Transport option value can be one of udp, udpb, udpu, rdma";
            let fault = Fault::new(format!("{what}: {}", quoted(other)));
            reader.error(cman, Some("transport"), fault.expected("udp, udpb or udpu"));
            Transport::Unicast
        }
    };
    if ttl != 1 && !matches!(chosen, Transport::Multicast { .. }) {
        let what = format!("Can only set ttl on multicast transport types: \"{ttl}\"");
        reader.error(multicast, Some("ttl"), Fault::new(what).expected("1"));
    }
    if group.is_some() && !matches!(chosen, Transport::Multicast { .. }) {
        let fault = Fault::new("the address has no effect: the transport is not multicast");
        reader.warning(multicast, Some("addr"), fault);
    }
    chosen
}

fn timers(reader: &mut Reader<'_>, totem: Option<Handle>, node_count: usize) -> Timers {
    let any = 1..=LONGEST_TIME;
    let millis = Duration::from_millis;
    let token = reader.millis(totem, "token", SHORTEST_TOKEN..=LONGEST_TIME);
    let token = token.unwrap_or(millis(10_000));
    let join = reader.millis(totem, "join", any.clone()).unwrap_or(millis(60));
    let consensus = reader.millis(totem, "consensus", any.clone());
    let timers = Timers {
        token,
        join,
        consensus: consensus.unwrap_or_else(|| default_consensus(token, node_count)),
        merge: reader.millis(totem, "merge", any.clone()).unwrap_or(millis(200)),
        token_retransmit: reader.millis(totem, "token_retransmit", any.clone()),
        hold: reader.millis(totem, "hold", any),
    };
    if timers.consensus < join {
        let (consensus, join) = (timers.consensus.as_millis(), join.as_millis());
        let what = format!("\"{consensus}\" is less than the time between two joins, {join}");
        let fault = Fault::new(what).expected(format!("a number from {join}"));
        let key = if reader.text(totem, "consensus").is_some() { "consensus" } else { "join" };
        reader.error(totem, Some(key), fault);
    }
    for (key, time) in [("token_retransmit", timers.token_retransmit), ("hold", timers.hold)] {
        let Some(time) = time.filter(|time| 2 * *time > token) else { continue };
        let (time, token) = (time.as_millis(), token.as_millis());
        let what = format!("\"{time}\" is more than half of the token timeout, {token}");
        let fault = Fault::new(what).expected(format!("a number from 1 to {}", token / 2));
        reader.error(totem, Some(key), fault);
    }
    timers
}

/// CMAN's formula since 3.0.17: two nodes have nobody else to wait for.
#[must_use]
pub fn default_consensus(token: Duration, node_count: usize) -> Duration {
    let extra = Duration::from_millis(2000);
    if (1..=2).contains(&node_count) {
        let fifth = u64::try_from(token.as_millis() / 5).unwrap_or(u64::MAX);
        Duration::from_millis(fifth).clamp(Duration::from_millis(200), extra)
    } else {
        token + extra
    }
}

fn limits(reader: &mut Reader<'_>, totem: Option<Handle>) -> Limits {
    let limits = Limits {
        window_size: reader.number(totem, "window_size", 1..=4096),
        max_messages: reader.number(totem, "max_messages", 1..=4096),
        fail_recv_const: reader
            .number(totem, "fail_recv_const", 1..=i32::MAX.unsigned_abs())
            .unwrap_or(2500),
        // 576 is what every IPv4 network carries; above 65,000 a packet has no room for headers.
        netmtu: reader.number(totem, "netmtu", 576..=65_000).unwrap_or(1500),
    };
    if let (Some(most), Some(window)) = (limits.max_messages, limits.window_size)
        && most > window
    {
        let what = format!("\"{most}\" is more than window_size, {window}");
        let fault = Fault::new(what).expected(format!("a number from 1 to {window}"));
        reader.error(totem, Some("max_messages"), fault);
    }
    limits
}

fn key(
    reader: &mut Reader<'_>,
    cman: Option<Handle>,
    totem: Option<Handle>,
    cluster_name: &str,
) -> Key {
    let file = reader.filled(cman, "keyfile");
    if let Some(file) = file.or_else(|| reader.filled(totem, "keyfile")) {
        return Key::File(file);
    }
    let Some(key) = reader.filled(totem, "key") else { return Key::Name(name_key(cluster_name)) };
    if key.len() > LONGEST_KEY {
        let what = format!("the key has {} bytes", key.len());
        let fault = Fault::new(what).expected(format!("1 to {LONGEST_KEY} bytes"));
        reader.error(totem, Some("key"), fault);
    }
    Key::Configured(key.into_bytes())
}

/// The file of the next key; one that is in use already follows nothing.
fn next_key(reader: &mut Reader<'_>, cman: Option<Handle>, key: &Key) -> Option<String> {
    let file = reader.filled(cman, "next_keyfile")?;
    if *key == Key::File(file.clone()) {
        let fault = Fault::new(format!("{} is the keyfile already", quoted(&file)));
        reader.error(cman, Some("next_keyfile"), fault.expected("a file of its own"));
    }
    Some(file)
}

/// What CMAN passed on to a ring that had more knobs than this one.
const WITHOUT_EFFECT: [&str; 20] = [
    "token_retransmits_before_loss_const",
    "send_join",
    "downcheck",
    "seqno_unchanged_const",
    "miss_count_const",
    "rrp_mode",
    "rrp_problem_count_timeout",
    "rrp_problem_count_threshold",
    "rrp_problem_count_mcast_threshold",
    "rrp_token_expired_timeout",
    "rrp_autorecovery_check_timeout",
    "heartbeat_failures_allowed",
    "max_network_delay",
    "crypto_type",
    "crypto_accept",
    "nodeid",
    "vsftype",
    "threads",
    "clear_node_high_bit",
    "version",
];

fn without_effect(reader: &mut Reader<'_>, totem: Option<Handle>) {
    let Some(object) = totem else { return };
    for key in WITHOUT_EFFECT {
        if let Some(value) = reader.text(totem, key) {
            let what = format!("{} has no effect: this ring has no such setting", quoted(&value));
            reader.warning(totem, Some(key), Fault::new(what));
        }
    }
    if reader.text(totem, "secauth").is_some_and(|text| text == "off") {
        let fault = Fault::new("\"off\" has no effect: packets are always encrypted");
        reader.warning(totem, Some("secauth"), fault);
    }
    if let Some(transport) = reader.text(totem, "transport") {
        let what = format!(
            "Transport should not be specified within <totem .../>, \
             use <cman transport=\"...\" /> instead: {}",
            quoted(&transport)
        );
        reader.error(totem, Some("transport"), Fault::new(what));
    }
    let interfaces: Vec<Handle> = reader.tree().children_named(object, "interface").collect();
    for interface in interfaces {
        let fault = Fault::new("interface has no effect: addresses follow from the node names");
        reader.warning(Some(interface), None, fault);
    }
}

#[cfg(test)]
mod tests;
