//! What programs can look up of the configuration, under the names and types by which Corosync's
//! programs know it.
//!
//! Must never show a secret: the key of the cluster is not among it. Must never show a value that
//! is not in force: what the file leaves open is shown as this node fills it in.

use std::time::Duration;

use confdb::{Cluster, Handle, Tree};

use super::{Network, Settings, Users};
use crate::net::Transport;
use crate::stack::map::{LONGEST_VALUE, Value, is_name};

/// Sections that go over as they are, and what is not told of them.
const SECTIONS: [(&str, &[&str]); 3] =
    [("totem", &["key", "interface"]), ("logging", &["logging_daemon"]), ("quorum", &[])];

/// Keys that are numbers of 32 bits; those that are none of these are text.
const U32: [&str; 36] = [
    "quorum.device.sync_timeout",
    "quorum.device.timeout",
    "quorum.device.votes",
    "quorum.expected_votes",
    "quorum.last_man_standing_window",
    "quorum.leaving_timeout",
    "quorum.votes",
    "totem.consensus",
    "totem.downcheck",
    "totem.fail_recv_const",
    "totem.heartbeat_failures_allowed",
    "totem.hold",
    "totem.join",
    "totem.knet_compression_threshold",
    "totem.knet_mtu",
    "totem.knet_pmtud_interval",
    "totem.max_messages",
    "totem.max_network_delay",
    "totem.merge",
    "totem.miss_count_const",
    "totem.netmtu",
    "totem.nodeid",
    "totem.rrp_autorecovery_check_timeout",
    "totem.rrp_problem_count_mcast_threshold",
    "totem.rrp_problem_count_threshold",
    "totem.rrp_problem_count_timeout",
    "totem.rrp_token_expired_timeout",
    "totem.send_join",
    "totem.seqno_unchanged_const",
    "totem.threads",
    "totem.token",
    "totem.token_coefficient",
    "totem.token_retransmit",
    "totem.token_retransmits_before_loss_const",
    "totem.token_warning",
    "totem.window_size",
];

/// Keys that are numbers of 8 bits.
const U8: [&str; 7] = [
    "quorum.allow_downscale",
    "quorum.auto_tie_breaker",
    "quorum.device.master_wins",
    "quorum.expected_votes_tracking",
    "quorum.last_man_standing",
    "quorum.two_node",
    "quorum.wait_for_all",
];

/// What a logging section says that says nothing.
const LOGGING: [(&str, &str); 7] = [
    ("debug", "off"),
    ("logfile_priority", "info"),
    ("syslog_facility", "local4"),
    ("syslog_priority", "info"),
    ("timestamp", "on"),
    ("to_logfile", "yes"),
    ("to_syslog", "yes"),
];

/// What programs can look up of a configuration as written, as understood, and as this node makes
/// use of it. Where it says something twice, the last counts.
pub(super) fn keys(
    (tree, cluster): (&Tree, &Cluster),
    settings: &Settings,
    users: &Users,
) -> Vec<(String, Value)> {
    let mut keys = Keys::default();
    keys.logging();
    keys.as_written(tree);
    keys.users(users);
    keys.ring(cluster, settings);
    keys.interface(settings);
    keys.nodes(settings);
    keys.votes(cluster, settings);
    keys.0
}

#[derive(Default)]
struct Keys(Vec<(String, Value)>);

impl Keys {
    fn add(&mut self, name: &str, value: Value) {
        self.0.push((name.to_owned(), value));
    }

    fn millis(&mut self, name: &str, time: Duration) {
        self.add(name, Value::U32(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)));
    }

    fn logging(&mut self) {
        for (name, value) in LOGGING {
            self.add(&format!("logging.{name}"), Value::text(value));
        }
    }

    /// Sections as their author wrote them.
    fn as_written(&mut self, tree: &Tree) {
        for (section, hidden) in SECTIONS {
            for object in sections(tree, section) {
                self.object(tree, object, section, hidden);
            }
        }
    }

    fn object(&mut self, tree: &Tree, object: Handle, path: &str, hidden: &[&str]) {
        let mut waiting = vec![(object, path.to_owned())];
        while let Some((object, path)) = waiting.pop() {
            let told = |name: &str| object_hides(path.as_str(), hidden, name);
            for key in tree.keys(object).iter().filter(|key| !told(&key.name)) {
                let name = format!("{path}.{}", key.name);
                if let Some(value) = typed(&name, &key.value.to_string()) {
                    self.add(&name, value);
                }
            }
            for &child in tree.children(object).iter().rev() {
                let name = tree.name(child);
                if !told(name) {
                    waiting.push((child, format!("{path}.{name}")));
                }
            }
        }
        self.0.retain(|(name, _)| is_name(name));
    }

    /// Who may change things besides those who always may.
    fn users(&mut self, users: &Users) {
        for (kind, ids) in [("uid", &users.uids), ("gid", &users.gids)] {
            for id in ids {
                self.add(&format!("uidgid.config.{kind}.{id}"), Value::flag(true));
            }
        }
    }

    fn ring(&mut self, cluster: &Cluster, settings: &Settings) {
        let transport = match settings.network.transport {
            Transport::Multicast { .. } | Transport::Broadcast => "udp",
            Transport::Unicast => "udpu",
        };
        let version = if settings.address.is_ipv4() { "ipv4" } else { "ipv6" };
        self.add("totem.cluster_name", Value::text(&cluster.name));
        self.add("totem.config_version", Value::U64(cluster.config_version.into()));
        self.add("totem.crypto_cipher", Value::text("aes256"));
        self.add("totem.crypto_hash", Value::text("none"));
        self.add("totem.ip_version", Value::text(version));
        self.add("totem.nodeid", Value::U32(settings.me.get()));
        self.add("totem.rrp_mode", Value::text("none"));
        self.add("totem.secauth", Value::text("on"));
        self.add("totem.transport", Value::text(transport));
        self.add("totem.version", Value::U32(2));
        let timing = &settings.timing;
        let times = [
            ("token", timing.token),
            ("token_retransmit", timing.retransmit),
            ("hold", timing.hold),
            ("join", timing.join),
            ("consensus", timing.consensus),
            ("merge", timing.beacon),
        ];
        for (name, time) in times {
            self.millis(&format!("totem.{name}"), time);
            self.millis(&format!("runtime.config.totem.{name}"), time);
        }
        let limits =
            [("window_size", settings.limits.window), ("max_messages", settings.limits.per_turn)];
        for (name, limit) in limits {
            self.add(&format!("totem.{name}"), Value::U32(limit));
            self.add(&format!("runtime.config.totem.{name}"), Value::U32(limit));
        }
        self.add("totem.netmtu", Value::U32(cluster.ring.limits.netmtu));
    }

    fn interface(&mut self, settings: &Settings) {
        let key = |name: &str| format!("totem.interface.0.{name}");
        let address = settings.address.to_string();
        let Network { transport, port } = settings.network;
        self.add(&key("bindnetaddr"), Value::text(&address));
        self.add(&key("mcastport"), Value::U16(port));
        match transport {
            Transport::Multicast { group, ttl } => {
                self.add(&key("mcastaddr"), Value::text(&group.to_string()));
                self.add(&key("ttl"), Value::U8(ttl));
            }
            Transport::Broadcast => self.add(&key("broadcast"), Value::text("yes")),
            Transport::Unicast => {}
        }
    }

    fn nodes(&mut self, settings: &Settings) {
        for (place, node) in settings.nodes.iter().enumerate() {
            let key = |name: &str| format!("nodelist.node.{place}.{name}");
            self.add(&key("name"), Value::text(&node.name));
            self.add(&key("nodeid"), Value::U32(node.id.get()));
            self.add(&key("quorum_votes"), Value::U32(node.votes));
            for (ring, address) in node.addresses.iter().enumerate() {
                self.add(&key(&format!("ring{ring}_addr")), Value::text(&address.to_string()));
            }
            if node.addresses.is_empty() {
                self.add(&key("ring0_addr"), Value::text(&node.name));
            }
        }
        let own = settings.nodes.iter().position(|node| node.id == settings.me);
        if let Some(place) = own.and_then(|place| u32::try_from(place).ok()) {
            self.add("nodelist.local_node_pos", Value::U32(place));
        }
    }

    fn votes(&mut self, cluster: &Cluster, settings: &Settings) {
        let voting = &cluster.voting;
        let own = settings.nodes.iter().find(|node| node.id == settings.me);
        self.add("quorum.provider", Value::text("corosync_votequorum"));
        self.add("quorum.expected_votes", Value::U32(voting.expected_votes));
        self.add("quorum.votes", Value::U32(own.map_or(0, |node| node.votes)));
        self.add("quorum.two_node", Value::flag(voting.two_node));
        // Its program says that the device is alive twice in that time.
        let about = |wanted: &str| self.0.iter().any(|(name, _)| name.starts_with(wanted));
        if about("quorum.device.") && !about("quorum.device.timeout") {
            let timeout = voting.device_timeout.unwrap_or(cluster.ring.timers.token);
            self.millis("quorum.device.timeout", timeout);
        }
        let rules = &voting.rules;
        self.add("quorum.wait_for_all", Value::flag(rules.wait_for_all));
        self.add("quorum.auto_tie_breaker", Value::flag(rules.tie_breaker.is_some()));
        self.add("quorum.last_man_standing", Value::flag(rules.last_man_standing.is_some()));
        self.add("quorum.allow_downscale", Value::flag(rules.allow_downscale));
        if let Some(window) = rules.last_man_standing {
            self.millis("quorum.last_man_standing_window", window);
        }
    }
}

/// The elements of that name right under the root element.
fn sections<'t>(tree: &'t Tree, name: &'t str) -> impl Iterator<Item = Handle> + 't {
    let clusters = tree.children_named(Handle::ROOT, "cluster");
    clusters.flat_map(move |cluster| tree.children_named(cluster, name))
}

/// Only what stands right in a section is hidden by name.
fn object_hides(path: &str, hidden: &[&str], name: &str) -> bool {
    !path.contains('.') && hidden.contains(&name)
}

/// The value of a key in the type that programs expect; `None` for what has no such value.
fn typed(name: &str, text: &str) -> Option<Value> {
    if U32.contains(&name) {
        text.parse().ok().map(Value::U32)
    } else if U8.contains(&name) {
        text.parse().ok().map(Value::U8)
    } else if text.len() <= LONGEST_VALUE && !text.contains('\0') {
        Some(Value::text(text))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
