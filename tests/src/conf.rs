//! Texts of the configuration for simulated clusters, and what a node makes of them.
//!
//! Must never make two texts that say the same: a check knows a text by what it says.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use confdb::Cluster;
use daemon::stack::command::NodeEntry;
use quorum::Votes;
use totem::NodeId;

use crate::disk::Text;
use crate::plan::{Ballot, Plan};

/// The text of this version; `serial` tells it from others of the same version.
#[must_use]
pub fn text(plan: &Plan, version: u64, serial: u64) -> Text {
    let mut text = format!("<cluster name=\"simulated\" config_version=\"{version}\">\n");
    let two_node = if plan.two_node { " two_node=\"1\" expected_votes=\"1\"" } else { "" };
    let keeps_out = plan.disallowed.is_some_and(|from| from <= version);
    let disallowed = if keeps_out { " disallowed=\"1\"" } else { "" };
    let _ = writeln!(text, "<cman cluster_id=\"46516\"{two_node}{disallowed}/>");
    let _ = writeln!(text, "<logging logfile=\"/var/log/{serial}\"/>\n<clusternodes>");
    for machine in &plan.machines {
        let (id, votes) = (machine.id, machine.votes);
        let _ =
            writeln!(text, "<clusternode name=\"node{id}\" nodeid=\"{id}\" votes=\"{votes}\"/>");
    }
    text.push_str("</clusternodes>\n</cluster>\n");
    Arc::from(text.as_bytes())
}

/// What a text means.
///
/// # Panics
/// It is not whole: no daemon would start with it.
#[must_use]
pub fn read(text: &[u8]) -> Cluster {
    match confdb::load::configuration("cluster.conf", text) {
        Ok(read) => read.cluster,
        Err(problems) => panic!("no start with such a file: {problems:?}"),
    }
}

/// Version of a text.
#[must_use]
pub fn version(text: &[u8]) -> u64 {
    read(text).config_version.into()
}

/// The nodes that a text knows.
#[must_use]
pub fn entries(cluster: &Cluster) -> Vec<NodeEntry> {
    let entry = |node: &confdb::cluster::nodes::Node| NodeEntry {
        id: id(node),
        name: node.name.clone(),
        votes: node.votes,
        addresses: Vec::new(),
    };
    cluster.nodes.iter().map(entry).collect()
}

/// What a text tells the vote counter of a node, which may have been told to expect something else
/// at its start.
///
/// # Panics
/// The votes do not fit together.
#[must_use]
pub fn voting(
    cluster: &Cluster,
    plan: &Plan,
    (me, expected): (NodeId, Option<Votes>),
) -> quorum::Config {
    let votes: BTreeMap<NodeId, Votes> =
        cluster.nodes.iter().map(|node| (id(node), Votes::new(node.votes))).collect();
    let config = quorum::Config::new(me, votes, expected, plan.two_node)
        .and_then(|config| config.with_rules(plan.ballot.rules.clone()))
        .expect("plans draw votes that fit together");
    let Ballot { device_timeout, sync_timeout, .. } = plan.ballot;
    let config = device_timeout.map_or(config.clone(), |it| config.with_device_timeout(it));
    let config = sync_timeout.map_or(config.clone(), |it| config.with_sync_timeout(it));
    totem::planted!(plan.plant, HalfIsQuorum => {
        return config.with_planted(quorum::Planted::HalfIsEnough)
    });
    #[cfg(feature = "planted")]
    if let Some(bug) = plan.ballot.bug {
        return config.with_planted(bug);
    }
    config
}

fn id(node: &confdb::cluster::nodes::Node) -> NodeId {
    NodeId::new(node.id.get()).expect("a configured id is not zero")
}
