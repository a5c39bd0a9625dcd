//! EVS 6.3, agreed delivery: who delivers a message has delivered everything ordered before it.
//!
//! Must never grant an exception in a regular configuration. In a transitional configuration, and
//! only there, messages of nodes outside it may be missing: they may be lost with their senders.
//!
//! Each ring has one order. What regular configurations deliver is a prefix of it, the same for
//! all; what a transitional configuration delivers is the same for all its members, and may skip.

use super::history::{History, Passage, Place, Ring, Seen, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "agreed order (EVS 6.3)";

/// Judges one event.
///
/// # Errors
/// The breach.
pub fn judge(history: &History, seen: &Seen<'_>) -> Finding {
    let What::Delivered { message, .. } = &seen.what else { return Ok(()) };
    let Some(place) = history.place(seen.node) else { return Ok(()) };
    let ring = &history.rings[&place.ring];
    match &place.transitional {
        None => regular(history, ring, place, (seen.node, *message)),
        Some(change) => {
            let passage = Passage {
                node: seen.node,
                members: change.members,
                prefix: place.regular.len(),
                extra: place.extra.clone(),
            };
            transitional(history, ring, &passage, *message)
        }
    }
}

fn regular(
    history: &History,
    ring: &Ring,
    place: &Place,
    (node, id): (usize, MessageId),
) -> Finding {
    let at = place.regular.len();
    match ring.order.get(at) {
        Some(expected) if *expected == id => Ok(()),
        Some(expected) => {
            let detail = format!("delivered at place {at} of ring {}, not in order", place.ring);
            Err(Breach::new([node], [*expected, id], detail))
        }
        None => {
            if let Some(position) = history.sent[id.sender][id.number].position {
                let detail = format!("delivered at place {at}, elsewhere at place {position}");
                return Err(Breach::new([node], [id], detail));
            }
            // Its place becomes known only now: those who delivered it in a transitional
            // configuration may have skipped nobody but strangers before it.
            let mut passed = ring.passages.iter().filter(|passage| passage.extra.contains(&id));
            passed.try_for_each(|passage| nothing_skipped(ring, passage, at))
        }
    }
}

fn transitional(history: &History, ring: &Ring, passage: &Passage, id: MessageId) -> Finding {
    let at = passage.extra.len();
    let mates = ring
        .passages
        .iter()
        .filter(|other| other.members == passage.members && passage.members.has(other.node));
    for mate in mates {
        if mate.extra.get(at).is_some_and(|expected| *expected != id) {
            let detail = "delivered in the same transitional configuration at the same place";
            return Err(Breach::new([passage.node, mate.node], [mate.extra[at], id], detail));
        }
    }
    let Some(position) = history.sent[id.sender][id.number].position else { return Ok(()) };
    if position < passage.prefix {
        return Err(Breach::new([passage.node], [id], "delivered after its place was passed"));
    }
    let mut with_this = passage.clone();
    with_this.extra.push(id);
    nothing_skipped(ring, &with_this, position)
}

fn nothing_skipped(ring: &Ring, passage: &Passage, position: usize) -> Finding {
    let from = passage.prefix.min(position);
    let skipped = ring.order[from..position.min(ring.order.len())]
        .iter()
        .find(|id| passage.members.has(id.sender) && !passage.extra.contains(id));
    let Some(id) = skipped else { return Ok(()) };
    let detail = "skipped in a transitional configuration that its sender is in";
    Err(Breach::new([passage.node], [*id], detail))
}
