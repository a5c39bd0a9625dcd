//! What scenarios say about programs that meet in process groups.
//!
//! Must never do more than a program could.

use daemon::stack::effect::Part;
use totem::Guarantee;

use crate::programs::Act;

/// What a program does, in these words.
///
/// # Errors
/// They are not understood.
pub(super) fn act(words: &[&str]) -> Result<Act, String> {
    match words {
        ["joins", group] => Ok(Act::Join(group.trim_matches('"').to_owned().into())),
        ["says"] => Ok(Act::Say(Part::Whole, Guarantee::Agreed)),
        ["says", "safe"] => Ok(Act::Say(Part::Whole, Guarantee::Safe)),
        ["says", "first"] => Ok(Act::Say(Part::First, Guarantee::Agreed)),
        ["says", "middle"] => Ok(Act::Say(Part::Middle, Guarantee::Agreed)),
        ["says", "last"] => Ok(Act::Say(Part::Last, Guarantee::Agreed)),
        ["leaves"] => Ok(Act::Leave),
        ["dies"] => Ok(Act::Kill),
        other => Err(format!("program {}: not understood", other.join(" "))),
    }
}
