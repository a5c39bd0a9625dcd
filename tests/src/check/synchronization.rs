//! The barrier after each configuration: when a node says that the members have synchronized, they
//! have; and applications speak only after that.
//!
//! Where nodes go by different versions of the configuration (`alike` is false), those who lack the
//! cluster's are no members until they have it: then the same ring is announced again, with more.
//!
//! Must never be read as a property of EVS: it is what the services on top of it promise, and what
//! their clients rely on.

use super::group::Group;
use super::history::{History, Seen, View, What};
use super::{Breach, Finding};

/// The property, by its name in reports.
pub const NAME: &str = "synchronization (barrier)";

/// Judges one event.
///
/// # Errors
/// The breach.
pub fn judge(history: &History, seen: &Seen<'_>, alike: bool) -> Finding {
    match &seen.what {
        What::Synced(view) => synced(history, seen.node, view, alike),
        What::Delivered { message, .. } => {
            let Some(place) = history.place(seen.node) else { return Ok(()) };
            let view = history.processes[seen.node].view;
            let ready = view.is_some_and(|view| view.ring == place.ring);
            if place.transitional.is_none() && !ready {
                let detail = format!("delivered in {} before its members agreed", place.ring);
                return Err(Breach::new([seen.node], [*message], detail));
            }
            Ok(())
        }
        What::Started
        | What::Failed
        | What::Submitted { .. }
        | What::Answered { .. }
        | What::Transitional(_)
        | What::Regular(_)
        | What::Verdict { .. }
        | What::Settled => Ok(()),
    }
}

fn synced(history: &History, node: usize, view: &View, alike: bool) -> Finding {
    let wrong = |detail: String| Err(Breach::about([node], detail));
    let Some(place) = history.place(node) else {
        return wrong("members have synchronized before any configuration".into());
    };
    if view.ring != place.ring || place.transitional.is_some() {
        return wrong(format!("members of {} synchronized, but {} is on", view.ring, place.ring));
    }
    let ring = &history.rings[&place.ring];
    let missing = ring.members.without(ring.installed);
    if !missing.is_empty() {
        return wrong(format!("{:?} synchronized, {missing:?} not in the ring yet", view.members));
    }
    let last = history.processes[node].view;
    if last.is_some_and(|last| last.ring == view.ring && (alike || last.members == view.members)) {
        return wrong(format!("synchronized twice in {}", view.ring));
    }
    let before = last.map_or(Group::EMPTY, |last| last.members);
    // Who left and came back is both: what it was before is gone.
    let stayed = history.processes[node].voters.and(view.members);
    let expected = (view.members.without(stayed), before.without(stayed));
    if (view.joined, view.left) != expected {
        let (now, joined, left) = (view.members, view.joined, view.left);
        return wrong(format!("{before:?} to {now:?}: joined {joined:?}, left {left:?}"));
    }
    Ok(())
}
