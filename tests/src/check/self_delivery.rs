//! EVS 3: a process delivers its own messages, unless it fails, in the configuration in which it
//! sent them; and in the order in which it sent them.
//!
//! Must never demand that a message accepted by the daemon is delivered in the configuration that
//! was current at that moment: it waits for the token, and the ring may change meanwhile. A message
//! counts as sent in the ring in which anybody delivered it. That every accepted message is
//! delivered at last is judged after healing (`liveness.rs`).

use super::history::{History, Seen, Standing, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "self delivery (EVS 3)";

/// Judges one event.
///
/// # Errors
/// The breach.
pub fn judge(history: &History, seen: &Seen<'_>) -> Finding {
    match &seen.what {
        What::Delivered { message, .. } if message.sender == seen.node => {
            in_order(history, seen.node, *message)
        }
        What::Delivered { message, .. } => not_left_behind(history, seen.node, *message),
        What::Regular(change) if change.previous.is_some() => nothing_owed(history, seen.node),
        What::Regular(_)
        | What::Started
        | What::Failed
        | What::Submitted { .. }
        | What::Answered { .. }
        | What::Transitional(_)
        | What::Synced(_)
        | What::Verdict { .. }
        | What::Settled => Ok(()),
    }
}

/// Own messages of this process that were taken over and not delivered by itself, oldest last.
pub fn outstanding(history: &History, node: usize) -> impl Iterator<Item = MessageId> {
    let boot = history.processes[node].boot;
    let sent = &history.sent[node];
    let own = sent.iter().enumerate().rev().take_while(move |(_, sent)| sent.boot == boot);
    own.filter(|(_, sent)| sent.standing == Standing::Accepted)
        .map(move |(number, _)| MessageId { sender: node, number })
        .filter(move |id| !history.has_delivered(node, *id))
}

fn in_order(history: &History, node: usize, id: MessageId) -> Finding {
    let sent = &history.sent[node];
    let boot = sent[id.number].boot;
    let before = sent[..id.number].iter().enumerate().rev();
    let accepted = before
        .take_while(|(_, sent)| sent.boot == boot)
        .find(|(_, sent)| sent.standing == Standing::Accepted);
    let Some((number, _)) = accepted else { return Ok(()) };
    let earlier = MessageId { sender: node, number };
    if history.has_delivered(node, earlier) {
        return Ok(());
    }
    Err(Breach::new([node], [earlier, id], "its sender delivered a later one of its own first"))
}

fn not_left_behind(history: &History, node: usize, id: MessageId) -> Finding {
    let Some(place) = history.place(node) else { return Ok(()) };
    let moved = history.rings[&place.ring].moved_on.has(id.sender);
    if moved && !history.has_delivered(id.sender, id) {
        let detail = format!("its sender went on from ring {} without it", place.ring);
        return Err(Breach::new([node, id.sender], [id], detail));
    }
    Ok(())
}

fn nothing_owed(history: &History, node: usize) -> Finding {
    let Some(place) = history.place(node) else { return Ok(()) };
    let owed = outstanding(history, node)
        .find(|id| history.sent[node][id.number].ring == Some(place.ring));
    let Some(id) = owed else { return Ok(()) };
    let detail = format!("went on from ring {} without its own message, sent there", place.ring);
    Err(Breach::new([node], [id], detail))
}
