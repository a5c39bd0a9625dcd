//! EVS 5, causal delivery: a message is not delivered before those its sender knew when it sent it.
//!
//! Must never demand a message of another ring: causality is kept within a configuration, and
//! across them by the order of configurations (`total_order.rs`).
//!
//! Each message carries, for the checker only, a vector clock: per sender, the last message that
//! its own sender had delivered. With first in, first out per sender the last one stands for all.

use super::history::{History, Seen, Standing, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "causal order (EVS 5)";

/// Judges one event.
///
/// # Errors
/// The breach.
pub fn judge(history: &History, seen: &Seen<'_>) -> Finding {
    let What::Delivered { message, .. } = &seen.what else { return Ok(()) };
    let (node, id) = (seen.node, *message);
    let Some(place) = history.place(node) else { return Ok(()) };
    let sent = &history.sent[id.sender][id.number];
    let known = sent.clock.iter().enumerate().filter(|(_, count)| **count > 0);
    for (sender, count) in known {
        let cause = MessageId { sender, number: count - 1 };
        let same_ring = history.message(cause).is_some_and(|sent| sent.ring == Some(place.ring));
        if same_ring && !history.has_delivered(node, cause) {
            return Err(Breach::new([node], [cause, id], "delivered before its cause"));
        }
    }
    first_in_first_out(history, node, id)
}

fn first_in_first_out(history: &History, node: usize, id: MessageId) -> Finding {
    let Some(place) = history.place(node) else { return Ok(()) };
    let all = &history.sent[id.sender];
    let boot = all[id.number].boot;
    let earlier = all[..id.number]
        .iter()
        .enumerate()
        .rev()
        .take_while(|(_, sent)| sent.boot == boot)
        .find(|(_, sent)| sent.standing == Standing::Accepted);
    let Some((number, sent)) = earlier else { return Ok(()) };
    let cause = MessageId { sender: id.sender, number };
    let wrong = |detail: &str| Err(Breach::new([node], [cause, id], detail));
    match sent.ring {
        None => wrong("delivered before an earlier message of the same sender"),
        Some(ring) if ring > place.ring => wrong("ordered in an older ring than its predecessor"),
        Some(ring) if ring == place.ring && !history.has_delivered(node, cause) => {
            wrong("delivered without an earlier message of the same sender")
        }
        Some(_) => Ok(()),
    }
}
