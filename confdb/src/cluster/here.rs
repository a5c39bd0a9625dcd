//! What a host may say for itself alone, in its `local.conf` (see [`crate::overlay`]).
//!
//! Must never be read from what all nodes share where it would make them all the same node.

use super::reader::Reader;
use crate::tree::Handle;

/// What one host says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Here {
    /// Which of the nodes it is.
    pub node_name: Option<String>,
    /// Whether it locks memory and raises its priority; `None` where nothing is said.
    pub realtime: Option<bool>,
}

pub(super) fn read(reader: &mut Reader<'_>, cman: Option<Handle>) -> Here {
    let words = [("yes", true), ("no", false)];
    let name = reader.filled(cman, "nodename");
    let own = cman.is_some_and(|cman| {
        reader.tree().source_of(cman, Some("nodename")) != reader.tree().source()
    });
    // CMAN itself puts the name into what it shows of a running cluster: there it means nothing.
    let node_name = name.filter(|_| own);
    Here { node_name, realtime: reader.word(cman, "realtime", &words) }
}
