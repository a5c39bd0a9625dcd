//! EVS 4, failure atomicity (virtual synchrony): processes that go together from one configuration
//! to the next have delivered the same messages in it.
//!
//! Must never compare processes that went different ways: they may differ, that is what the
//! transitional configuration is for.

use std::collections::BTreeMap;

use totem::RingId;

use super::history::{Change, History, Seen, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "failure atomicity (EVS 4)";

/// What the first process to go from one ring to another had delivered.
#[derive(Clone, Debug, Default)]
pub struct FailureAtomicity {
    regular: BTreeMap<(RingId, RingId), (usize, Vec<MessageId>)>,
    transitional: BTreeMap<(RingId, RingId), (usize, Vec<MessageId>)>,
}

impl FailureAtomicity {
    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, history: &History, seen: &Seen<'_>) -> Finding {
        let Some(place) = history.place(seen.node) else { return Ok(()) };
        let step = |change: &Change| (place.ring, change.ring);
        match &seen.what {
            What::Transitional(change) => {
                let before = (seen.node, place.regular.as_slice());
                compare(&mut self.regular, step(change), before, "regular")
            }
            What::Regular(change) => {
                let before = (seen.node, place.extra.as_slice());
                compare(&mut self.transitional, step(change), before, "transitional")
            }
            What::Started
            | What::Failed
            | What::Submitted { .. }
            | What::Answered { .. }
            | What::Delivered { .. }
            | What::Synced(_)
            | What::Verdict { .. }
            | What::Settled => Ok(()),
        }
    }
}

fn compare(
    known: &mut BTreeMap<(RingId, RingId), (usize, Vec<MessageId>)>,
    step: (RingId, RingId),
    (node, delivered): (usize, &[MessageId]),
    kind: &str,
) -> Finding {
    let Some((mate, expected)) = known.get(&step) else {
        known.insert(step, (node, delivered.to_vec()));
        return Ok(());
    };
    if expected == delivered {
        return Ok(());
    }
    let differing: Vec<MessageId> = expected
        .iter()
        .filter(|id| !delivered.contains(id))
        .chain(delivered.iter().filter(|id| !expected.contains(id)))
        .take(8)
        .copied()
        .collect();
    let (from, to) = step;
    let detail = format!(
        "in the {kind} configuration between {from} and {to} one delivered {}, the other {}",
        expected.len(),
        delivered.len()
    );
    Err(Breach::new([*mate, node], differing, detail))
}
