//! EVS 1.3 and 1.4: what is delivered was sent, by whom the ring says, as it was sent, once, and
//! in one ring.
//!
//! Must never forgive a message that its sender was told is refused: a client that was refused
//! says it again, and then it would be said twice.
//!
//! "Sent in a configuration" is observable only through deliveries: the first delivery of a
//! message decides which ring ordered it, and every later one must agree. The sender must have
//! installed that ring (a message is sent in a regular configuration of its sender) in the very
//! process that sent it.

use super::history::{History, Seen, Standing, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "no invention, no duplicates (EVS 1.3, 1.4)";

/// Judges one event.
///
/// # Errors
/// The breach.
pub fn judge(history: &History, seen: &Seen<'_>) -> Finding {
    let What::Delivered { message, from, guarantee, payload } = &seen.what else {
        return Ok(());
    };
    let (id, node) = (*message, seen.node);
    let wrong = |detail: &str| Err(Breach::new([node, *from], [id], detail));
    let Some(sent) = history.message(id) else {
        return wrong("delivered, and never sent by anyone");
    };
    if *from != id.sender {
        return wrong("delivered in the name of another sender");
    }
    if sent.standing == Standing::Refused {
        return wrong("delivered, although its sender was told that it is refused");
    }
    if sent.payload != *payload {
        return wrong("delivered with another content than it was sent with");
    }
    if sent.guarantee != *guarantee {
        return wrong("delivered with another guarantee than it was sent with");
    }
    if history.has_delivered(node, id) {
        return wrong("delivered twice by the same node");
    }
    judge_ring(history, node, id)
}

fn judge_ring(history: &History, node: usize, id: MessageId) -> Finding {
    let sent = &history.sent[id.sender][id.number];
    let wrong = |detail: String| Err(Breach::new([node, id.sender], [id], detail));
    let Some(place) = history.place(node) else {
        return wrong("delivered before any configuration".into());
    };
    if let Some(ring) = sent.ring.filter(|ring| *ring != place.ring) {
        return wrong(format!("delivered in ring {}, elsewhere in ring {ring}", place.ring));
    }
    let ring = &history.rings[&place.ring];
    if !ring.members.has(id.sender) {
        return wrong(format!("delivered in ring {}, which its sender is not in", place.ring));
    }
    if !ring.installed.has(id.sender) {
        return wrong(format!("delivered in ring {}, not yet installed by its sender", place.ring));
    }
    Ok(())
}
