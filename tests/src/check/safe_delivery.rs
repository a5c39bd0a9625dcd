//! EVS 7.1 and 7.2, safe delivery: when one process delivers a safe message, every member of the
//! configuration delivers it too, or fails; and in a regular configuration all have installed it.
//!
//! Must never excuse a node that went on: only a process that ended in that ring is excused.

use std::collections::BTreeMap;

use totem::{Guarantee, RingId};

use super::group::Group;
use super::history::{History, Seen, What};
use super::{Breach, Finding};
use crate::message::MessageId;

/// The property, by its name in reports.
pub const NAME: &str = "safe delivery (EVS 7.1, 7.2)";

/// What each ring's members owe each other.
#[derive(Clone, Debug, Default)]
pub struct SafeDelivery {
    owed: BTreeMap<RingId, Vec<(MessageId, Group)>>,
}

impl SafeDelivery {
    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, history: &History, seen: &Seen<'_>) -> Finding {
        match &seen.what {
            What::Delivered { message, guarantee: Guarantee::Safe, .. } => {
                self.delivered(history, seen.node, *message)
            }
            What::Regular(_) => self.moves_on(history, seen.node),
            What::Delivered { .. }
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

    fn delivered(&mut self, history: &History, node: usize, id: MessageId) -> Finding {
        let Some(place) = history.place(node) else { return Ok(()) };
        let ring = &history.rings[&place.ring];
        let members = match &place.transitional {
            None => {
                if let Some(missing) = ring.members.without(ring.installed).iter().next() {
                    let detail = "delivered as safe before this member installed the ring";
                    return Err(Breach::new([node, missing], [id], detail));
                }
                ring.members
            }
            Some(change) => change.members,
        };
        let gone = members.and(ring.moved_on).iter().find(|q| !history.has_delivered(*q, id));
        if let Some(member) = gone {
            let detail = format!("delivered as safe; this member left {} without", place.ring);
            return Err(Breach::new([node, member], [id], detail));
        }
        let owed = self.owed.entry(place.ring).or_default();
        if owed.last() != Some(&(id, members)) {
            owed.push((id, members));
        }
        Ok(())
    }

    fn moves_on(&self, history: &History, node: usize) -> Finding {
        let Some(place) = history.place(node) else { return Ok(()) };
        let Some(owed) = self.owed.get(&place.ring) else { return Ok(()) };
        let missing =
            owed.iter().find(|(id, group)| group.has(node) && !history.has_delivered(node, *id));
        let Some((id, _)) = missing else { return Ok(()) };
        let detail = format!("goes on from {} without what others delivered as safe", place.ring);
        Err(Breach::new([node], [*id], detail))
    }
}
