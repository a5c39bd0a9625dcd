//! Bounded convergence (EVS 2.1, Totem S3 and S5, Q2): once the faults are over, all living nodes
//! are in one ring, synchronized, with the right verdict, and everything sent is delivered.
//!
//! Must never be asked while faults go on: then nothing is promised but safety.

use super::group::Group;
use super::history::{History, Standing};
use super::quorum::Quorum;
use super::self_delivery;
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "convergence (EVS 2.1, S3, S5, Q2)";

/// What a healed cluster still lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Missing {
    /// One ring of all, or the right verdict.
    Membership {
        /// Where.
        nodes: Vec<usize>,
        /// What.
        detail: String,
    },
    /// Messages are still to be delivered by their senders.
    Messages(Vec<MessageId>),
}

/// What a healed cluster still lacks; `None` when it has converged.
#[must_use]
pub fn missing(history: &History, quorum: &Quorum) -> Option<Missing> {
    if let Some((nodes, detail)) = disagreement(history, quorum) {
        return Some(Missing::Membership { nodes, detail });
    }
    let alive = history.alive();
    let waiting = alive.iter().flat_map(|node| self_delivery::outstanding(history, node));
    let waiting: Vec<MessageId> = waiting.collect();
    (!waiting.is_empty()).then_some(Missing::Messages(waiting))
}

fn disagreement(history: &History, quorum: &Quorum) -> Option<(Vec<usize>, String)> {
    let alive = history.alive();
    let first = alive.iter().next()?;
    let Some(view) = history.processes[first].view else {
        return Some((vec![first], "no membership announced".into()));
    };
    for node in alive.iter() {
        let process = &history.processes[node];
        let Some(own) = process.view else {
            return Some((vec![node], "no membership announced".into()));
        };
        if own.members != alive {
            let detail = format!("{:?} announced, {alive:?} are alive", own.members);
            return Some((vec![node], detail));
        }
        let at = process.place.as_ref().map(|place| (place.ring, place.transitional.is_some()));
        if own.ring != view.ring || at != Some((own.ring, false)) {
            let detail = format!("synchronized in {}, now in {at:?}", own.ring);
            return Some((vec![first, node], detail));
        }
        if quorum.due(alive).is_some_and(|due| due != process.quorate) {
            return Some((vec![node], format!("quorate: {}", process.quorate)));
        }
    }
    None
}

/// A message said in a stable ring that some member did not deliver.
#[must_use]
pub fn undelivered(history: &History, since: &[usize]) -> Option<(Vec<usize>, MessageId)> {
    let alive: Group = history.alive();
    for sender in alive.iter() {
        for number in since[sender]..history.sent[sender].len() {
            let id = MessageId { sender, number };
            if history.sent[sender][number].standing != Standing::Accepted {
                continue;
            }
            if let Some(node) = alive.iter().find(|node| !history.has_delivered(*node, id)) {
                return Some((vec![sender, node], id));
            }
        }
    }
    None
}
