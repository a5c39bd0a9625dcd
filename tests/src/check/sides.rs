//! Who counts for whom: the members that nodes of one ring announce are all of it; or, where nodes
//! with state are kept out, one of several sides that have nobody in common.
//!
//! Where nodes go by different versions of the configuration (`alike` is false), those who lack the
//! cluster's have no members; a side grows by those who get it.
//!
//! Must never be content with what one node says: a node that two sides take for theirs would count
//! twice, and could make both of them quorate.

use std::collections::BTreeMap;

use totem::RingId;

use super::group::Group;
use super::history::{History, Seen, What};
use super::{Breach, Finding};

/// The property, by its name in reports.
pub const NAME: &str = "sides (nobody counts twice)";

/// What nodes announced of each ring.
#[derive(Clone, Debug)]
pub struct Sides {
    /// Nodes with state may be kept out.
    keeps_out: bool,
    announced: BTreeMap<RingId, Vec<Group>>,
}

impl Sides {
    /// For a run in which nodes with state are kept out, or not.
    #[must_use]
    pub const fn new(keeps_out: bool) -> Self {
        Self { keeps_out, announced: BTreeMap::new() }
    }

    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, history: &History, seen: &Seen<'_>, alike: bool) -> Finding {
        let What::Synced(view) = &seen.what else { return Ok(()) };
        let members = view.members;
        let wrong = |detail: String| Err(Breach::about([seen.node], detail));
        let Some(ring) = history.rings.get(&view.ring) else { return Ok(()) };
        if alike && !self.keeps_out && members != ring.members {
            return wrong(format!("{members:?} synchronized in a ring of {:?}", ring.members));
        }
        if !alike && members.is_empty() {
            return Ok(());
        }
        if !members.within(ring.members) || !members.has(seen.node) {
            return wrong(format!("{members:?} announced in a ring of {:?}", ring.members));
        }
        let sides = self.announced.entry(view.ring).or_default();
        let grows = |side: &Group| !alike && (side.within(members) || members.within(*side));
        let other = sides
            .iter()
            .find(|side| **side != members && !side.and(members).is_empty() && !grows(side));
        if let Some(other) = other {
            return wrong(format!("{members:?} and {other:?} announced in {}", view.ring));
        }
        if !sides.contains(&members) {
            sides.push(members);
        }
        Ok(())
    }
}
