//! The cluster.conf of a cluster that is made up on the spot.
//!
//! Must never hold more than an operator would write by hand: a demonstration of a configuration
//! that nobody would use shows nothing.

use std::fmt::Write;

/// The configuration of nodes with these names; their ids count from 1. `cman` is put into the
/// `<cman>` element, after what two nodes need.
#[must_use]
pub fn text(cluster: &str, names: &[String], cman: &str) -> String {
    let two = if names.len() == 2 { " two_node=\"1\" expected_votes=\"1\"" } else { "" };
    let gap = if cman.is_empty() { "" } else { " " };
    let nodes = names.iter().enumerate().fold(String::new(), |mut nodes, (index, name)| {
        let id = index + 1;
        writeln!(nodes, "    <clusternode name=\"{name}\" votes=\"1\" nodeid=\"{id}\"/>")
            .expect("a string takes everything");
        nodes
    });
    format!(
        "<?xml version=\"1.0\"?>\n\
         <cluster name=\"{cluster}\" config_version=\"1\">\n  \
           <cman{two}{gap}{cman}/>\n  \
           <clusternodes>\n\
         {nodes}  \
           </clusternodes>\n\
         </cluster>\n"
    )
}

#[cfg(test)]
mod tests;
