//! How the nodes count votes.
//!
//! Must never let two halves of a cluster both have a majority by a slip in the file: what looks
//! like one is reported, what certainly is one is refused.

mod rules;

use core::time::Duration;

pub use self::rules::{Rules, TieBreaker};
use super::nodes::Node;
use super::reader::Reader;
use crate::error::Fault;
use crate::tree::Handle;

/// How the nodes count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voting {
    /// One of two nodes may act alone.
    pub two_node: bool,
    /// Votes of the whole cluster: configured, or the sum over its nodes.
    pub expected_votes: u32,
    /// The configured value, if there is one.
    pub expected_votes_configured: Option<u32>,
    /// Nodes that come back with state are kept out.
    pub disallowed: bool,
    /// Silence after which a quorum device is lost; `None` means the token timeout.
    pub device_timeout: Option<Duration>,
    /// How long a quorum device that judges each membership anew may take for it; `None` means the
    /// default of the vote counter.
    pub sync_timeout: Option<Duration>,
    /// How long clients may take to answer a request to shut down.
    pub shutdown_timeout: Duration,
    /// Between two looks for a newer configuration that others have.
    pub config_poll: Duration,
    /// How long a starting node waits for that; zero means for ever.
    pub startup_config_timeout: Duration,
    /// What goes beyond CMAN.
    pub rules: Rules,
    /// Messages that may wait for one client before it is disconnected.
    pub queued_max: u32,
}

/// Reads it: from `cman`, and what is about a device as `corosync-qdevice` knows it from there.
pub(super) fn read(
    reader: &mut Reader<'_>,
    (cman, device): (Option<Handle>, Option<Handle>),
    nodes: &[Node],
) -> Voting {
    let flag = [("1", true), ("0", false)];
    let any = 1..=i32::MAX.unsigned_abs();
    let two_node = reader.word(cman, "two_node", &flag).unwrap_or(false);
    let configured = reader.number(cman, "expected_votes", any.clone());
    let sum = nodes.iter().fold(0_u32, |sum, node| sum.saturating_add(node.votes));
    let millis = Duration::from_millis;
    let rules = rules::read(reader, cman, nodes);
    let voting = Voting {
        rules,
        two_node,
        expected_votes: configured.unwrap_or(sum),
        expected_votes_configured: configured,
        disallowed: reader.word(cman, "disallowed", &flag).unwrap_or(false)
            || super::identity::says_yes(reader, cman, "upgrading"),
        device_timeout: reader.millis(cman, "quorum_dev_poll", any.clone()),
        sync_timeout: reader.millis(device, "sync_timeout", any.clone()),
        shutdown_timeout: reader
            .millis(cman, "shutdown_timeout", any.clone())
            .unwrap_or(millis(5000)),
        config_poll: reader.millis(cman, "ccsd_poll", any.clone()).unwrap_or(millis(1000)),
        startup_config_timeout: reader
            .number(cman, "startup_config_timeout", 0..=86_400)
            .map_or(Duration::ZERO, |seconds| Duration::from_secs(u64::from(seconds))),
        queued_max: reader.number(cman, "max_queued", any).unwrap_or(128),
    };
    if two_node {
        check_two_node(reader, cman, nodes);
    }
    rules::check(reader, cman, &voting, nodes);
    // Nodes with a problem are not in the list: what follows from their absence is no problem.
    if !reader.has_errors() {
        check_expected(reader, cman, &voting, sum);
    }
    voting
}

fn check_two_node(reader: &mut Reader<'_>, cman: Option<Handle>, nodes: &[Node]) {
    let count = nodes.len();
    if count > 2 {
        let what = format!("two_node set but there are more than 2 nodes: {count}");
        let fault = Fault::new(what).expected("two nodes with one vote each");
        return reader.error(cman, Some("two_node"), fault);
    }
    if count < 2 && !reader.has_errors() {
        let what = format!("two_node set but there are fewer than 2 nodes: {count}");
        let fault = Fault::new(what).expected("two nodes with one vote each");
        reader.error(cman, Some("two_node"), fault);
    }
    for node in nodes.iter().filter(|node| node.votes != 1) {
        let (name, votes) = (&node.name, node.votes);
        let what = format!("two_node set but votes not set to 1: {name} has \"{votes}\"");
        reader.error(Some(node.object), Some("votes"), Fault::new(what).expected("1"));
    }
}

fn check_expected(reader: &mut Reader<'_>, cman: Option<Handle>, voting: &Voting, sum: u32) {
    let key = Some("expected_votes");
    let Some(expected) = voting.expected_votes_configured else {
        if voting.two_node {
            let what = "two_node without expected_votes=\"1\": status shows 2 as expected";
            reader.warning(cman, Some("two_node"), Fault::new(what));
        }
        return;
    };
    if voting.two_node {
        if expected != 1 {
            let what = format!("\"{expected}\" with two_node: one node is enough all the same");
            reader.warning(cman, key, Fault::new(what).expected("1"));
        }
    } else if expected < sum {
        let what = format!(
            "\"{expected}\" is less than the nodes' votes, {sum}: parts of the cluster that start \
             apart can both be quorate"
        );
        reader.warning(cman, key, Fault::new(what).expected(format!("a number from {sum}")));
    } else if expected / 2 + 1 > sum && reader.tree().find(&quorum_device()).is_empty() {
        let what = format!("\"{expected}\" is so much that all nodes together are never quorate");
        reader.warning(cman, key, Fault::new(what).expected(sum.to_string()));
    }
}

fn quorum_device() -> crate::path::Path {
    crate::path::Path::root().join("cluster", None).join("quorumd", None)
}

#[cfg(test)]
mod tests;
