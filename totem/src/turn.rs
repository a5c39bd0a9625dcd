//! One token visit as arithmetic: who has received what, which holes to fill, which to ask for.
//!
//! Must never touch anything: every function takes values and returns values, so that the rules of
//! Totem §4.1 can be read, and tested, without a ring around them.

use alloc::vec::Vec;

use crate::ids::{NodeId, Seq};
use crate::window::Window;
use crate::wire::{MOST_HOLES, Range};

/// The token's aru and who lowered it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Aru {
    pub(crate) value: Seq,
    pub(crate) setter: Option<NodeId>,
}

impl Aru {
    /// The aru after a visit of `me`, which has received everything up to `mine`, when the token
    /// leaves with `seq` (Totem §4.1). A member that lacks something lowers it; only that member
    /// raises it again; while nobody lacks anything it follows the sequence.
    pub(crate) fn after_visit(self, me: NodeId, mine: Seq, seq: Seq) -> Self {
        let may_set = match self.setter {
            None => true,
            Some(setter) => setter == me,
        };
        if !may_set && !self.value.after(mine) {
            return self;
        }
        let value = mine.min(seq);
        Self { value, setter: if value == seq { None } else { Some(me) } }
    }
}

/// What to send again, and what remains for others to fill.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Repair {
    pub(crate) resend: Vec<Seq>,
    pub(crate) remaining: Vec<Range>,
}

/// Splits the holes on a token into what this window can fill, at most `budget` frames, and the
/// rest.
pub(crate) fn repair(holes: &[Range], window: &Window, budget: u32) -> Repair {
    let mut repair = Repair::default();
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    for range in holes {
        // What everyone has received cannot be missing, and what nobody was given cannot be here:
        // a range that reaches beyond is cut, whoever wrote it.
        let first = range.first.max(window.released().next());
        let last = range.last.min(window.high());
        if !window.high().at_or_after(first) || !last.at_or_after(first) {
            continue;
        }
        for seq in (Range { first, last }).iter() {
            if repair.resend.len() < budget && window.get(seq).is_some() {
                repair.resend.push(seq);
            } else {
                append(&mut repair.remaining, Range { first: seq, last: seq });
            }
        }
    }
    repair
}

/// Both lists of holes in one: ascending, apart, and cut where a token has no more room.
pub(crate) fn merge_holes(others: &[Range], mine: &[Range]) -> Vec<Range> {
    let mut merged = Vec::with_capacity(others.len() + mine.len());
    let (mut others, mut mine) = (others.iter().peekable(), mine.iter().peekable());
    loop {
        let next = match (others.peek(), mine.peek()) {
            (Some(a), Some(b)) if b.first.after(a.first) => others.next(),
            (_, Some(_)) => mine.next(),
            (Some(_), None) => others.next(),
            (None, None) => break,
        };
        append(&mut merged, *next.expect("peeked"));
    }
    merged.truncate(MOST_HOLES);
    merged
}

/// Appends a range that does not begin before the last one, joining the two where they touch.
fn append(ranges: &mut Vec<Range>, range: Range) {
    match ranges.last_mut() {
        Some(last) if last.last.next().at_or_after(range.first) => {
            last.last = last.last.max(range.last);
        }
        Some(_) | None => ranges.push(range),
    }
}

/// How many places the ranges cover.
pub(crate) fn covered(ranges: &[Range]) -> u64 {
    ranges.iter().map(|range| u64::from(range.last.distance_from(range.first)) + 1).sum()
}

#[cfg(test)]
mod tests;
