//! What a change does to a cluster that runs: the one place that says what can change live.
//!
//! Must never promise what the daemon does not do: what is live here is what its parts are told at
//! the switch. Must never judge by the letter: a port that is written now and was the default
//! before changes nothing.

use core::num::NonZeroU32;
use core::time::Duration;

use super::{Consequence, Effect, origin, tag};
use crate::cluster::Cluster;
use crate::cluster::nodes::Node;
use crate::cluster::ring::{Key, Ring};
use crate::error::{Problem, Severity};
use crate::load::Configuration;

/// The two readings.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) old: &'a Cluster,
    pub(super) new: &'a Cluster,
}

const NEW_RING: &str = "nodes with the old and the new value would not hear each other";

impl Context<'_> {
    /// The effect of a change of a key, or of a whole object, by the names from `cluster` on.
    pub(super) fn effect(
        &self,
        names: &[&str],
        key: Option<&str>,
        (old, new): (Option<&str>, Option<&str>),
        name: Option<&str>,
    ) -> Effect {
        match (names, key) {
            ([], Some("name")) => self.identity(),
            ([], Some("config_version")) => {
                Effect::Live("the version that all nodes agree on".into())
            }
            (["cman"], Some("cluster_id" | "hash_cluster_id")) => self.identity(),
            (["cman"], Some("upgrading")) if self.old.id != self.new.id => self.identity(),
            (["cman"], Some("port" | "broadcast" | "transport")) | (["cman", "multicast"], _) => {
                self.network()
            }
            (["cman"], Some("keyfile" | "next_keyfile")) | (["totem"], Some("keyfile" | "key")) => {
                self.key()
            }
            (["cman"], Some("two_node" | "expected_votes")) => Effect::Live(self.quorum()),
            (["cman"], Some(key)) => cman(key),
            (["totem"], Some(key)) => self.totem(key),
            (["clusternodes", "clusternode"], key) => self.node(key, (old, new), name),
            (["clusternodes", "clusternode", "altname", ..], _) => {
                kept("the second network is not used yet")
            }
            (
                ["clusternodes", "clusternode", ..]
                | ["fencedevices" | "fence_daemon" | "fence_xvmd", ..],
                _,
            ) => kept("read by the programs that fence"),
            (["logging", ..], _) => self.logging(),
            (["rm", ..], _) => kept("read by the resource manager"),
            (["quorumd", ..], _) => kept("read by the quorum disk daemon"),
            (["dlm" | "gfs_controld" | "clvmd" | "group", ..], _) => {
                kept("read by the lock managers")
            }
            (["quorum", "device"], Some("sync_timeout")) => {
                Effect::Live("counts from the next loss of a member on".into())
            }
            (["quorum", ..], _) => kept("read by the program of the quorum device"),
            (_, _) => kept("nothing here reads it"),
        }
    }

    fn identity(&self) -> Effect {
        if (&self.old.name, self.old.id) == (&self.new.name, self.new.id) {
            return unchanged();
        }
        Effect::Restart(
            "a cluster keeps its name and id while it runs; stop it on all nodes first".into(),
        )
    }

    fn network(&self) -> Effect {
        let wires = |cluster: &Cluster| (cluster.ring.transport, cluster.ring.port);
        if wires(self.old) == wires(self.new) {
            unchanged()
        } else {
            Effect::Restart(NEW_RING.into())
        }
    }

    /// See the rules of the two steps in [`Ring::next_key`].
    fn key(&self) -> Effect {
        let (old, new) = (&self.old.ring, &self.new.ring);
        let next = |ring: &Ring| ring.next_key.clone().map(Key::File);
        if old.key != new.key {
            if next(old) == Some(new.key.clone()) {
                return Effect::Live(
                    "all nodes seal with the key that was next, and forget the old one once all \
                     have"
                        .into(),
                );
            }
            return Effect::Restart(
                "nodes with the old and the new key would not hear each other; name the file of \
                 the new one as next_keyfile first, and as keyfile one version later"
                    .into(),
            );
        }
        match (&old.next_key, &new.next_key) {
            (old, new) if old == new => unchanged(),
            (_, Some(_)) => Effect::Live(
                "all nodes read this key and understand it; the next version can make it the \
                 keyfile"
                    .into(),
            ),
            (_, None) => Effect::Live("the next key is forgotten".into()),
        }
    }

    fn totem(&self, key: &str) -> Effect {
        let (old, new) = (&self.old.ring, &self.new.ring);
        let times = |ring: &Ring| {
            let timers = &ring.timers;
            Some(match key {
                "token" => Some(timers.token),
                "join" => Some(timers.join),
                "consensus" => Some(timers.consensus),
                "merge" => Some(timers.merge),
                "token_retransmit" => timers.token_retransmit,
                "hold" => timers.hold,
                _ => return None,
            })
        };
        if let (Some(was), Some(is)) = (times(old), times(new)) {
            if was == is {
                return unchanged();
            }
            let meaning = if key == "token" { silence(new.timers.token) } else { String::new() };
            let separator = if meaning.is_empty() { "" } else { "; " };
            return Effect::Live(format!(
                "{key} {} -> {}{separator}{meaning}",
                time(was),
                time(is)
            ));
        }
        match key {
            "window_size" | "max_messages" => Effect::Live(format!(
                "messages per rotation and per turn: {} -> {}",
                flow(old),
                flow(new)
            )),
            "netmtu" if old.limits.netmtu == new.limits.netmtu => unchanged(),
            "netmtu" => Effect::Restart(
                "the size of packets is fixed while a node runs; restart the nodes one by one"
                    .into(),
            ),
            _ => kept("this ring has no such setting"),
        }
    }

    fn node(
        &self,
        key: Option<&str>,
        (old, new): (Option<&str>, Option<&str>),
        name: Option<&str>,
    ) -> Effect {
        let name = name.unwrap_or("without name");
        let running = "a node that runs keeps its name and id: restart it; one that is down has \
                       the new ones when it starts";
        match (key, old, new) {
            (None, None, _) => Effect::Live(format!(
                "node {name} is known, and dead until it joins; {}",
                self.quorum()
            )),
            (None, _, None) => {
                Effect::Live(format!("node {name} is forgotten once it is down; {}", self.quorum()))
            }
            (Some("votes"), ..) => Effect::Live(format!("votes of node {name}; {}", self.quorum())),
            (Some("name" | "nodeid"), ..) => Effect::NextStart(running.into()),
            (Some("weight"), ..) => kept("read by the lock managers"),
            (..) => kept("nothing here reads it"),
        }
    }

    fn logging(&self) -> Effect {
        if self.old.logging == self.new.logging {
            return unchanged();
        }
        Effect::Live("messages go by the new settings at once".into())
    }

    /// Where the majority is, when all nodes are there.
    fn quorum(&self) -> String {
        let (old, new) = (quorum(self.old), quorum(self.new));
        if old == new {
            format!("quorum stays {} of {}", new.0, new.1)
        } else {
            format!("quorum {} of {} -> {} of {}", old.0, old.1, new.0, new.1)
        }
    }

    /// Values in force that change.
    pub(super) fn consequences(&self) -> Vec<Consequence> {
        let mut found = Vec::new();
        let mut compare = |what: &str, old: String, new: String, meaning: String| {
            if old != new {
                found.push(Consequence { what: what.to_owned(), old, new, meaning });
            }
        };
        let (old, new) = (&self.old.ring.timers, &self.new.ring.timers);
        let none = String::new;
        compare("token timeout", time(old.token), time(new.token), silence(new.token));
        compare("consensus timeout", time(old.consensus), time(new.consensus), none());
        compare("join timeout", time(old.join), time(new.join), none());
        compare("merge timeout", time(old.merge), time(new.merge), none());
        let count = |cluster: &Cluster| cluster.nodes.len().to_string();
        compare("nodes", count(self.old), count(self.new), none());
        let votes = |cluster: &Cluster| votes(cluster).to_string();
        compare("votes of all nodes", votes(self.old), votes(self.new), none());
        let expected = |cluster: &Cluster| cluster.voting.expected_votes.to_string();
        compare("expected votes", expected(self.old), expected(self.new), none());
        let majority = |cluster: &Cluster| quorum(cluster).0.to_string();
        let when = "when all nodes are there".to_owned();
        compare("quorum", majority(self.old), majority(self.new), when);
        found
    }
}

/// The node that asks is none of the new nodes, or another one: by its id its name differs, or by
/// its name its id. One that is not there at all stays a member until it leaves.
pub(super) fn own_node(
    old: &Configuration,
    new: &Configuration,
    me: NonZeroU32,
) -> Option<Problem> {
    let by_id = |cluster: &Cluster| cluster.nodes.iter().find(|node| node.id == me).cloned();
    let mine: Node = by_id(&old.cluster)?;
    let other = match by_id(&new.cluster) {
        Some(same) if same.name == mine.name => return None,
        Some(renamed) => renamed,
        None => new.cluster.node(&mine.name)?.clone(),
    };
    let at = origin(&new.tree, Some(other.object), None);
    Some(Problem {
        severity: Severity::Error,
        source: at.source,
        line: at.line,
        column: at.column,
        path: new.tree.path(other.object).to_string(),
        what: format!(
            "{} needs a restart: node {} with id {me} runs, and a node keeps its name and id while \
             it does",
            tag(&new.tree, other.object),
            mine.name,
        ),
        expected: Some(format!("name=\"{}\" nodeid=\"{me}\"", mine.name)),
    })
}

fn cman(key: &str) -> Effect {
    match key {
        "disallowed" => Effect::Live("counts from the next time on that nodes come or go".into()),
        "quorum_dev_poll" => Effect::Live("counts from the next poll on".into()),
        "shutdown_timeout" => Effect::Live("counts when a node is asked next to leave".into()),
        "max_queued" | "startup_config_timeout" | "ccsd_poll" | "upgrading" | "realtime" => {
            Effect::NextStart("counts from there on".into())
        }
        "ldap_watch" | "ldap_watch_interval" => {
            Effect::Live("counts at once, where the configuration comes from a directory".into())
        }
        _ => kept("nothing here reads it"),
    }
}

fn kept(reader: &str) -> Effect {
    Effect::Kept(reader.to_owned())
}

fn unchanged() -> Effect {
    kept("it says what was in force already")
}

fn silence(token: Duration) -> String {
    let seconds = token.as_secs_f64();
    format!("a silent host is given {seconds} s")
}

/// A time as the file has it.
fn time(time: impl Into<Option<Duration>>) -> String {
    time.into().map_or_else(|| "default".to_owned(), |time| format!("{} ms", time.as_millis()))
}

fn flow(ring: &Ring) -> String {
    let number = |limit: Option<u32>| limit.map_or_else(|| "default".to_owned(), |n| n.to_string());
    format!("{} and {}", number(ring.limits.window_size), number(ring.limits.max_messages))
}

fn votes(cluster: &Cluster) -> u32 {
    cluster.nodes.iter().fold(0_u32, |sum, node| sum.saturating_add(node.votes))
}

/// Votes that make a majority when all nodes are there, and of how many.
fn quorum(cluster: &Cluster) -> (u32, u32) {
    let all = votes(cluster).max(cluster.voting.expected_votes);
    if cluster.voting.two_node && cluster.nodes.len() <= 2 {
        return (1, all);
    }
    (all / 2 + 1, all)
}
