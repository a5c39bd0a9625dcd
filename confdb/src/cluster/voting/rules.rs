//! What goes beyond CMAN in how the nodes count; all of it is off unless the file asks for it.
//!
//! Must never let rules through together that could make two sides quorate: what is expected may
//! be lowered only where nobody acts before he met those who may.

use core::num::NonZeroU32;
use core::time::Duration;

use super::super::nodes::Node;
use super::super::reader::Reader;
use super::Voting;
use crate::error::Fault;
use crate::tree::Handle;

/// How long the last men must have been left alone, unless told otherwise.
const WINDOW: Duration = Duration::from_secs(10);

/// Nodes that may break ties.
const MOST_LISTED: usize = 128;

/// What goes beyond CMAN.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rules {
    /// After a start or a loss of quorum all nodes must have been together first.
    pub wait_for_all: bool,
    /// Half of the votes are enough on one side of an even split.
    pub tie_breaker: Option<TieBreaker>,
    /// Quorate members expect only themselves after this time without a change.
    pub last_man_standing: Option<Duration>,
    /// Quorate members do not expect who left in good order.
    pub allow_downscale: bool,
}

/// Which node breaks a tie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TieBreaker {
    /// The one with the lowest id.
    Lowest,
    /// The one with the highest id.
    Highest,
    /// The first of these that was in the last quorate membership.
    List(Vec<NonZeroU32>),
}

pub(super) fn read(reader: &mut Reader<'_>, cman: Option<Handle>, nodes: &[Node]) -> Rules {
    let flag = [("1", true), ("0", false)];
    let word = |reader: &mut Reader<'_>, key| reader.word(cman, key, &flag).unwrap_or(false);
    let standing = word(reader, "last_man_standing");
    let any = 1..=i32::MAX.unsigned_abs();
    let window = reader.millis(cman, "last_man_standing_window", any);
    Rules {
        wait_for_all: word(reader, "wait_for_all"),
        tie_breaker: tie_breaker(reader, cman, nodes),
        last_man_standing: standing.then_some(window.unwrap_or(WINDOW)),
        allow_downscale: word(reader, "allow_downscale"),
    }
}

/// `lowest`, `highest`, or ids in the order of preference; `0` is none.
fn tie_breaker(
    reader: &mut Reader<'_>,
    cman: Option<Handle>,
    nodes: &[Node],
) -> Option<TieBreaker> {
    let key = Some("auto_tie_breaker");
    let text = reader.text(cman, "auto_tie_breaker")?;
    match text.as_str() {
        "0" => return None,
        "lowest" => return Some(TieBreaker::Lowest),
        "highest" => return Some(TieBreaker::Highest),
        _ => {}
    }
    let mut list: Vec<NonZeroU32> = Vec::new();
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    for word in words.take(MOST_LISTED + 1) {
        let Some(id) = word.parse().ok().filter(|_| list.len() < MOST_LISTED) else {
            let expected = "0, lowest, highest or ids of nodes";
            reader.error(cman, key, Fault::value(&text, expected));
            return None;
        };
        if !list.contains(&id) {
            list.push(id);
        }
    }
    if list.is_empty() {
        reader.error(cman, key, Fault::value(&text, "0, lowest, highest or ids of nodes"));
        return None;
    }
    // Nodes with a problem are not in the list.
    if !reader.has_errors() {
        for id in list.iter().filter(|id| !nodes.iter().any(|node| node.id == **id)) {
            let what = format!("\"{id}\" is not the id of a node");
            reader.error(cman, key, Fault::new(what));
        }
    }
    Some(TieBreaker::List(list))
}

/// What does not go together, everything at once.
pub(super) fn check(
    reader: &mut Reader<'_>,
    cman: Option<Handle>,
    voting: &Voting,
    nodes: &[Node],
) {
    let Rules { wait_for_all, tie_breaker, last_man_standing, allow_downscale } = &voting.rules;
    let lowering =
        [("last_man_standing", last_man_standing.is_some()), ("allow_downscale", *allow_downscale)];
    let refuse = |reader: &mut Reader<'_>, key: &str, what: String| {
        reader.error(cman, Some(key), Fault::new(what));
    };
    if tie_breaker.is_some() && voting.two_node {
        let what = "auto_tie_breaker with two_node: each node may go on alone".to_owned();
        refuse(reader, "auto_tie_breaker", what);
    }
    for (key, _) in lowering.into_iter().filter(|(_, on)| *on) {
        if voting.two_node {
            refuse(reader, key, format!("{key} with two_node: each node may go on alone"));
        } else if !wait_for_all {
            let what = format!(
                "{key} needs wait_for_all=\"1\": nodes that were left out could be quorate beside \
                 the others"
            );
            refuse(reader, key, what);
        }
    }
    if last_man_standing.is_some() {
        for node in nodes.iter().filter(|node| node.votes != 1) {
            let (name, votes) = (&node.name, node.votes);
            let what = format!("last_man_standing counts nodes: {name} has \"{votes}\" votes");
            reader.error(Some(node.object), Some("votes"), Fault::new(what).expected("1"));
        }
    }
    let window = reader.text(cman, "last_man_standing_window").is_some();
    if window && last_man_standing.is_none() {
        let what = "last_man_standing_window without last_man_standing has no effect";
        reader.warning(cman, Some("last_man_standing_window"), Fault::new(what));
    }
    if reader.tree().find(&super::quorum_device()).is_empty() {
        return;
    }
    if tie_breaker.is_some() {
        let what = "auto_tie_breaker excludes a quorum device: one of them breaks ties".to_owned();
        refuse(reader, "auto_tie_breaker", what);
    }
    for (key, _) in lowering.into_iter().filter(|(_, on)| *on) {
        refuse(reader, key, format!("{key} excludes a quorum device: its votes must be expected"));
    }
}

#[cfg(test)]
mod tests;
