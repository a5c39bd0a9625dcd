//! EVS 2.2 and 6.2, Totem S1, S2, S4: what configurations say, and in which order they come.
//!
//! Must never accept two rings of one name: a ring id is used once in the life of a cluster, also
//! across crashes and restarts of everybody.

use std::collections::BTreeMap;

use totem::RingId;

use super::group::Group;
use super::history::{Change, History, Seen, What};
use super::{Breach, Finding};

/// The property, by its name in reports.
pub const NAME: &str = "configurations (EVS 2, Totem S1, S2, S4)";

/// What was announced so far.
#[derive(Clone, Debug, Default)]
pub struct Configurations {
    /// Members of each transitional configuration, by where it comes from and leads to.
    transitional: BTreeMap<(RingId, RingId), Group>,
    /// Which members came from which ring into a ring.
    origins: BTreeMap<RingId, Vec<(usize, Option<RingId>)>>,
}

impl Configurations {
    /// Judges one event.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, history: &History, seen: &Seen<'_>) -> Finding {
        match &seen.what {
            What::Transitional(change) => self.transitional(history, seen.node, change),
            What::Regular(change) => self.regular(history, seen.node, change),
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

    fn transitional(&mut self, history: &History, node: usize, change: &Change) -> Finding {
        let wrong = |detail: String| Err(Breach::about([node], detail));
        let Some(place) = history.place(node) else {
            return wrong(format!("transitional to {} without an old ring", change.ring));
        };
        if place.transitional.is_some() {
            return wrong(format!("a second transitional configuration after {}", place.ring));
        }
        let old = history.rings[&place.ring].members;
        self_and_previous(history, node, change)?;
        if !change.members.within(old) {
            let members = change.members;
            return wrong(format!("transitional {members:?} has strangers to {old:?}"));
        }
        differences(node, change, old)?;
        let key = (place.ring, change.ring);
        let known = *self.transitional.entry(key).or_insert(change.members);
        if known != change.members {
            let members = change.members;
            let (from, to) = key;
            return wrong(format!("from {from} to {to} with {members:?}, others with {known:?}"));
        }
        Ok(())
    }

    fn regular(&mut self, history: &History, node: usize, change: &Change) -> Finding {
        let wrong = |detail: String| Err(Breach::about([node], detail));
        self_and_previous(history, node, change)?;
        let process = &history.processes[node];
        if let Some(last) = process.last_ring.filter(|last| last.seq >= change.ring.seq) {
            return wrong(format!("installs ring {} after ring {last}", change.ring));
        }
        if let Some(ring) = history.rings.get(&change.ring)
            && ring.members != change.members
        {
            let (mine, theirs) = (change.members, ring.members);
            return wrong(format!("ring {} of {mine:?}, others say {theirs:?}", change.ring));
        }
        let place = history.place(node);
        let before = place.and_then(|place| place.transitional);
        if let Some(place) = place
            && before.is_none_or(|before| before.ring != change.ring)
        {
            let (old, new) = (place.ring, change.ring);
            return wrong(format!("ring {new} after {old} without its transitional configuration"));
        }
        let before = before.map_or(Group::EMPTY, |before| before.members);
        if !before.within(change.members) {
            let members = change.members;
            return wrong(format!("transitional {before:?} is not within regular {members:?}"));
        }
        differences(node, change, before)?;
        self.origin(node, change)
    }

    /// Who is in a transitional configuration comes from its old ring, and all who do are in it.
    fn origin(&mut self, node: usize, change: &Change) -> Finding {
        let origins = self.origins.entry(change.ring).or_default();
        origins.push((node, change.previous));
        for (member, previous) in origins.iter() {
            for ((from, _), members) in
                self.transitional.iter().filter(|((_, to), _)| *to == change.ring)
            {
                if members.has(*member) != (Some(*from) == *previous) {
                    let detail = format!(
                        "came to {} from {previous:?}; the transitional configuration from {from} \
                         is {members:?}",
                        change.ring
                    );
                    return Err(Breach::about([*member, node], detail));
                }
            }
        }
        Ok(())
    }
}

fn self_and_previous(history: &History, node: usize, change: &Change) -> Finding {
    let wrong = |detail: String| Err(Breach::about([node], detail));
    if !change.members.has(node) {
        return wrong(format!("ring {} of {:?}, without itself", change.ring, change.members));
    }
    let previous = history.place(node).map(|place| place.ring);
    if change.previous != previous {
        let (said, was) = (change.previous, previous);
        return wrong(format!("ring {} names {said:?} as previous, it was {was:?}", change.ring));
    }
    Ok(())
}

fn differences(node: usize, change: &Change, before: Group) -> Finding {
    let joined = change.members.without(before);
    let left = before.without(change.members);
    if (change.joined, change.left) == (joined, left) {
        return Ok(());
    }
    let detail = format!(
        "{before:?} to {:?} announced as joined {:?}, left {:?}",
        change.members, change.joined, change.left
    );
    Err(Breach::about([node], detail))
}
