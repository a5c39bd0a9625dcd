//! What operators read of a membership change: the lines they know from the reference, and one
//! line that says why it happened, how this node knows, and how long each step took.
//!
//! Must never decide anything, and never say more than was reported. Pure: lines come out, the
//! shell logs them.

mod versions;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use quorum::Verdict;
use totem::{Cause, Configuration, Evidence, NodeId, NodeSet};
use tracing::Level;

use crate::stack::command::NodeEntry;
use crate::stack::effect::{Conflict, Disallowed, KillReason, Report};

/// A line for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// How important it is.
    pub level: Level,
    /// Which part speaks, in the reference's names.
    pub subsystem: &'static str,
    /// What it says.
    pub text: String,
}

/// Renders reports; remembers what it needs for the next.
#[derive(Debug)]
pub struct Reporter {
    me: NodeId,
    nodes: BTreeMap<NodeId, (String, Option<IpAddr>)>,
    members: NodeSet,
    quorate: bool,
    failure_said: bool,
    /// Who was killed on the present ring, and by whom.
    killed: BTreeMap<NodeId, NodeId>,
}

impl Reporter {
    /// The reporter of node `me`, who knows these nodes by name and address.
    #[must_use]
    pub fn new(me: NodeId, nodes: &[NodeEntry]) -> Self {
        let nodes = named(nodes);
        Self {
            me,
            nodes,
            members: NodeSet::new(),
            quorate: false,
            failure_said: false,
            killed: BTreeMap::new(),
        }
    }

    /// These are the configured nodes from now on.
    pub fn set_nodes(&mut self, nodes: &[NodeEntry]) {
        self.nodes = named(nodes);
    }

    /// The lines of a report, in order.
    pub fn lines(&mut self, report: &Report) -> Vec<Line> {
        match report {
            Report::RingLost(cause) => self.ring_lost(*cause),
            Report::Installed(configuration) => self.installed(configuration),
            Report::Synchronized { .. } => {
                let text = "Completed service synchronization, ready to provide service.";
                vec![info("MAIN", text)]
            }
            Report::Quorum(verdict) => self.quorum(verdict),
            Report::Conflict { node, why } => vec![self.conflict(*node, why)],
            Report::Version { me, event } => versions::lines(self, *me, event),
            Report::NoEntry { node, name } => vec![warning(format!(
                "Got node from AIS id {node} with no config entry: it calls itself {name:?} and \
                 is listed as Node{node} without a vote; add it to cluster.conf, or correct its \
                 nodeid there"
            ))],
            Report::Killed { node, by, reason } => vec![self.kill(*node, *by, *reason)],
            Report::Disallowed { node, what } => vec![self.disallowed(*node, *what)],
            Report::SawDisallowed { by } => {
                let text = "CMAN: Joined a cluster with disallowed nodes. must die";
                vec![error(format!("{text} ({} keeps nodes out)", self.name(*by)))]
            }
            Report::Differs { node, what } => {
                vec![warning(format!("{} counts otherwise: {what}", self.name(*node)))]
            }
            Report::VotesSet { by, what } => vec![self.votes_set(*by, what)],
            Report::AwaitsDevice(ring) => {
                let text = format!("waiting for the quorum device to judge ring {ring}");
                vec![info("CMAN", text)]
            }
            Report::DeviceSilent(ring) => {
                let text = format!("quorum device said nothing of ring {ring} in time");
                vec![warning(text)]
            }
            Report::DeviceLost => vec![info("CMAN", "lost contact with quorum device")],
            Report::Malformed { node, error } => {
                vec![warning(format!("message of {} dropped: {error}", self.name(*node)))]
            }
        }
    }

    fn ring_lost(&mut self, cause: Cause) -> Vec<Line> {
        let mut lines = Vec::new();
        match cause {
            Cause::TokenLost | Cause::Deaf(_) | Cause::CommitLost | Cause::RecoveryLost => {
                lines.push(self.failed());
            }
            // Who departed may have left in order: the evidence says so when the ring is formed.
            Cause::Started | Cause::Departed(_) | Cause::Newcomer(_) | Cause::Joined(_) => {}
        }
        lines.push(info("TOTEM", format!("gathering: {}", self.cause(cause))));
        lines
    }

    fn failed(&mut self) -> Line {
        self.failure_said = true;
        info("TOTEM", "A processor failed, forming new configuration.")
    }

    fn installed(&mut self, configuration: &Configuration) -> Vec<Line> {
        let Configuration { members, joined, change, .. } = configuration;
        // What the configuration calls left is relative to the transitional one before it, which
        // already was without them. A node that restarted left and joined.
        let stayed: NodeSet = members.difference(joined).copied().collect();
        let left: NodeSet = self.members.difference(&stayed).copied().collect();
        let mut lines = Vec::new();
        let in_order = |node: &NodeId| {
            let said = change.evidence.get(node) == Some(&Evidence::Left);
            said && !self.killed.contains_key(node)
        };
        let crashed = !left.iter().all(in_order);
        if crashed && !self.failure_said {
            lines.push(self.failed());
        }
        self.failure_said = false;
        self.change(&mut lines, &stayed, &left, &NodeSet::new());
        self.change(&mut lines, members, &NodeSet::new(), joined);
        let formed = "A processor joined or left the membership and a new membership was formed.";
        lines.push(info("TOTEM", formed));
        lines.push(info("TOTEM", self.root_cause(configuration, &left)));
        self.members.clone_from(members);
        self.killed.clear();
        lines.push(self.member_line());
        lines
    }

    /// The block by which the reference announces each of the two configurations.
    fn change(&self, lines: &mut Vec<Line>, now: &NodeSet, left: &NodeSet, joined: &NodeSet) {
        lines.push(info("CLM", "CLM CONFIGURATION CHANGE"));
        let parts =
            [("New Configuration:", now), ("Members Left:", left), ("Members Joined:", joined)];
        for (title, nodes) in parts {
            lines.push(info("CLM", title));
            for &node in nodes {
                let address = self.nodes.get(&node).and_then(|(_, address)| *address);
                let address = address.map_or_else(|| node.to_string(), |it| it.to_string());
                lines.push(info("CLM", format!("\tr(0) ip({address}) ")));
            }
        }
    }

    fn root_cause(&self, configuration: &Configuration, left: &NodeSet) -> String {
        let Configuration { ring, previous, members, joined, change, .. } = configuration;
        let mut text = format!("ring {ring} of {}", list(members));
        if let Some(previous) = previous {
            add(&mut text, format_args!(" after {previous}"));
        }
        add(&mut text, format_args!(": {}", self.cause(change.cause)));
        for node in left {
            let how = match (self.killed.get(node), change.evidence.get(node)) {
                (Some(by), _) => format!("killed by {}", self.name(*by)),
                (None, Some(evidence)) => evidence.to_string(),
                (None, None) => "not on it".to_owned(),
            };
            add(&mut text, format_args!("; lost {} ({how})", self.name(*node)));
        }
        for node in joined {
            add(&mut text, format_args!("; came {}", self.name(*node)));
        }
        let [gather, commit, recovery] =
            [change.gather, change.commit, change.recovery].map(milliseconds);
        add(&mut text, format_args!("; gather {gather}, commit {commit}, recovery {recovery}"));
        text
    }

    fn quorum(&mut self, verdict: &Verdict) -> Vec<Line> {
        let mut lines = Vec::new();
        if verdict.quorate != self.quorate {
            let [first, second] = if verdict.quorate {
                [
                    "quorum regained, resuming activity",
                    "This node is within the primary component and will provide service.",
                ]
            } else {
                [
                    "quorum lost, blocking activity",
                    "This node is within the non-primary component and will NOT provide any \
                     services.",
                ]
            };
            lines.push(info("CMAN", first));
            lines.push(info("QUORUM", second));
            lines.push(self.member_line());
        }
        self.quorate = verdict.quorate;
        lines.push(info("QUORUM", verdict.to_string()));
        lines
    }

    /// The node says why it is not to be admitted, and what an operator does about that; the
    /// other side says the same with the values exchanged.
    fn conflict(&self, node: NodeId, why: &Conflict) -> Line {
        let (what, remote, local, remedy) = match why {
            Conflict::Name { remote, local } => (
                "cluster name",
                format!("'{remote}'"),
                format!("'{local}'"),
                "give both the same cluster name, or another multicast address or port",
            ),
            Conflict::ClusterId { remote, local } => (
                "cluster id",
                remote.to_string(),
                local.to_string(),
                "give both the same cluster name and cluster_id, or another multicast address or \
                 port",
            ),
            Conflict::Protocol { remote, local } => (
                "version id",
                remote.to_string(),
                local.to_string(),
                "install the same release of clusterd on both",
            ),
        };
        let name = self.name(node);
        error(format!(
            "Node {node} conflict, remote {what}={remote}, local={local}: {name} is not admitted; \
             {remedy}"
        ))
    }

    fn kill(&mut self, node: NodeId, by: NodeId, reason: KillReason) -> Line {
        self.killed.insert(node, by);
        if self.me == node {
            return error(killed(by, reason));
        }
        let because = match reason {
            KillReason::Rejected => "its membership application was rejected".to_owned(),
            KillReason::Operator => "cman_tool or another application asked for it".to_owned(),
            KillReason::Rejoined => "it has rejoined the cluster without a full restart".to_owned(),
            KillReason::Other(number) => format!("of reason {number}"),
        };
        let (node, by) = (self.name(node), self.name(by));
        info("CMAN", format!("{node} is killed by {by} because {because}"))
    }

    fn disallowed(&self, node: NodeId, what: Disallowed) -> Line {
        let name = match self.nodes.get(&node) {
            Some((name, _)) => name.clone(),
            None => format!("Node{node}"),
        };
        error(match what {
            Disallowed::KeptOut => {
                format!("Node {name} not joined to cman because it has existing state")
            }
            Disallowed::Killed => format!(
                "Killing node {name} because it has rejoined the cluster with existing state"
            ),
            Disallowed::Spared => format!(
                "Not killing node {name} despite it rejoining the cluster with existing state, \
                 it has a lower node ID"
            ),
        })
    }

    fn votes_set(&self, by: NodeId, what: &quorum::Message) -> Line {
        let at = self.name(by);
        let text = match what {
            quorum::Message::Expected(votes) => format!("{votes} votes are expected"),
            quorum::Message::Votes { node, votes } => {
                format!("{} has {votes} votes", self.name(*node))
            }
            quorum::Message::DeviceVotes(votes) => format!("the quorum device has {votes} votes"),
            quorum::Message::State(_)
            | quorum::Message::Standing(_)
            | quorum::Message::Device(_)
            | quorum::Message::Vouching { .. } => "votes are counted otherwise".to_owned(),
        };
        info("CMAN", format!("{text} from now on, an operator asked for it on {at}"))
    }

    fn member_line(&self) -> Line {
        info("QUORUM", format!("Members[{}]: {}", self.members.len(), list(&self.members)))
    }

    fn cause(&self, cause: Cause) -> String {
        match cause {
            Cause::Departed(node) => format!("{} gone", self.name(node)),
            Cause::Newcomer(node) => format!("{} wants in", self.name(node)),
            Cause::Joined(node) => format!("{} gathers", self.name(node)),
            Cause::Deaf(node) => format!("{} does not receive", self.name(node)),
            Cause::Started | Cause::TokenLost | Cause::CommitLost | Cause::RecoveryLost => {
                cause.to_string()
            }
        }
    }

    fn name(&self, node: NodeId) -> String {
        match self.nodes.get(&node) {
            Some((name, _)) => format!("node {node} ({name})"),
            None => format!("node {node}"),
        }
    }
}

fn named(nodes: &[NodeEntry]) -> BTreeMap<NodeId, (String, Option<IpAddr>)> {
    let first = |node: &NodeEntry| node.addresses.first().copied();
    nodes.iter().map(|node| (node.id, (node.name.clone(), first(node)))).collect()
}

fn info(subsystem: &'static str, text: impl Into<String>) -> Line {
    Line { level: Level::INFO, subsystem, text: text.into() }
}

fn error(text: String) -> Line {
    Line { level: Level::ERROR, subsystem: "CMAN", text }
}

/// Why this node ends when another has it killed, in the reference's words.
#[must_use]
pub fn killed(by: NodeId, reason: KillReason) -> String {
    let because = match reason {
        KillReason::Rejected => "our membership application was rejected".to_owned(),
        KillReason::Operator => "we were killed by cman_tool or other application".to_owned(),
        KillReason::Rejoined => "we rejoined the cluster without a full restart".to_owned(),
        KillReason::Other(number) => format!("we got kill message number {number}"),
    };
    format!("cman killed by node {by} because {because}")
}

fn warning(text: String) -> Line {
    Line { level: Level::WARN, subsystem: "CMAN", text }
}

fn add(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = text.write_fmt(more);
}

fn list(nodes: &NodeSet) -> String {
    let nodes: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
    nodes.join(" ")
}

fn milliseconds(span: Duration) -> String {
    let micros = span.as_micros();
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

#[cfg(test)]
mod tests;
