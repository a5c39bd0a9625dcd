//! Every invariant of the vote counter, checked after each change.
//!
//! Must never repair anything: a counter that counts wrong stops here, and the cluster fences the
//! node.

use crate::quorum::Verdict;
use crate::rule::{Count, Why};
use crate::votes::Votes;

/// The verdict follows from the members, and at most one side of a split can win.
pub(crate) fn check(count: &Count, needed: u64, verdict: &Verdict) {
    assert!(needed > 0, "zero votes are never a quorum");
    let may = count.total >= needed && verdict.why != Why::WaitingForAll;
    assert!(verdict.quorate == may, "verdict {verdict} from {count:?}");
    assert!(verdict.present == Votes::saturated(count.total), "verdict {verdict} from {count:?}");
    assert!(verdict.needed == Votes::saturated(needed), "verdict {verdict}, {needed} needed");
    match verdict.why {
        // Two parts of the members, or of those who are expected, cannot both reach this.
        Why::Majority | Why::EarlierMajority => assert!(
            needed > count.total / 2 && needed > count.highest / 2,
            "{needed} votes are not more than half of {count:?}"
        ),
        Why::TieBreaker => assert!(
            needed == count.total && count.highest / 2 == needed,
            "{needed} votes are not half of {count:?}"
        ),
        Why::TwoNode => assert!(
            count.members <= 2 && needed == 1,
            "two-node mode asks for {needed} votes of {count:?}"
        ),
        Why::WaitingForAll => {}
    }
}
