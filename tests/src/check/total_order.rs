//! EVS 1.1, 6.1, 6.2 (with 2.3 and 2.4): one total order extends what every process saw.
//!
//! Must never be weakened to comparing pairs of nodes: orders of three nodes can agree pairwise
//! and still chase each other in a circle. All deliveries and configuration changes of all nodes
//! are vertices of one graph, equal ones at different nodes are one vertex, and no cycle of any
//! length may appear. What a process did last before it sent a message comes before that message.

use std::collections::BTreeMap;

use totem::RingId;

use super::history::{Seen, What};
use super::order_graph::OrderGraph;
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "total order (EVS 6.1, 6.2)";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Vertex {
    Message(MessageId),
    Regular(RingId),
    Transitional(Option<RingId>, RingId),
}

/// The graph so far.
#[derive(Clone, Debug, Default)]
pub struct TotalOrder {
    graph: OrderGraph,
    names: Vec<Vertex>,
    messages: Vec<Vec<Option<usize>>>,
    changes: BTreeMap<Vertex, usize>,
    last: Vec<Option<usize>>,
}

impl TotalOrder {
    /// An order of nothing, for `nodes` nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self { last: vec![None; nodes], messages: vec![Vec::new(); nodes], ..Self::default() }
    }

    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, seen: &Seen<'_>) -> Finding {
        let what = match &seen.what {
            What::Delivered { message, .. } => Vertex::Message(*message),
            What::Regular(change) => Vertex::Regular(change.ring),
            What::Transitional(change) => Vertex::Transitional(change.previous, change.ring),
            What::Submitted { message, .. } => return self.submitted(seen.node, *message),
            What::Started => {
                self.last[seen.node] = None;
                return Ok(());
            }
            What::Failed
            | What::Answered { .. }
            | What::Synced(_)
            | What::Verdict { .. }
            | What::Settled => return Ok(()),
        };
        let vertex = self.vertex(what);
        let before = self.last[seen.node].replace(vertex);
        self.edge(seen.node, before, vertex)
    }

    fn submitted(&mut self, node: usize, message: MessageId) -> Finding {
        let vertex = self.vertex(Vertex::Message(message));
        self.edge(node, self.last[node], vertex)
    }

    fn edge(&mut self, node: usize, before: Option<usize>, vertex: usize) -> Finding {
        let Some(before) = before else { return Ok(()) };
        self.graph.add_edge(before, vertex).map_err(|cycle| {
            let names: Vec<String> =
                cycle.iter().take(12).map(|vertex| format!("{:?}", self.names[*vertex])).collect();
            let messages = cycle.iter().filter_map(|vertex| match self.names[*vertex] {
                Vertex::Message(id) => Some(id),
                Vertex::Regular(_) | Vertex::Transitional(..) => None,
            });
            Breach::new([node], messages, format!("a cycle: {}", names.join(" < ")))
        })
    }

    fn vertex(&mut self, what: Vertex) -> usize {
        let known = match what {
            Vertex::Message(id) => {
                let numbers = &mut self.messages[id.sender];
                if numbers.len() <= id.number {
                    numbers.resize(id.number + 1, None);
                }
                &mut numbers[id.number]
            }
            Vertex::Regular(_) | Vertex::Transitional(..) => {
                if let Some(vertex) = self.changes.get(&what) {
                    return *vertex;
                }
                self.changes.insert(what, self.names.len());
                &mut None
            }
        };
        if let Some(vertex) = *known {
            return vertex;
        }
        let vertex = self.graph.add_vertex();
        *known = Some(vertex);
        self.names.push(what);
        vertex
    }
}
