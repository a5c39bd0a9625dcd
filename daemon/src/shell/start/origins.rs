//! Which values of a node's configuration do not come from the file that all nodes share: what
//! stands in its local.conf, and what the operator said at the start.
//!
//! Must never show a secret: neither of the two may hold one. Must never name what is not in force:
//! what was said of votes at the start ends with the first new version, and is not in the options
//! that later texts are understood with.

use confdb::tree::Key;
use confdb::{Handle, Tree};

use crate::ipc::translate::Origin;
use crate::options::{Before, Options};

/// What the start is called; a variable of the environment is as good as a word.
const START: &str = "command line or environment";

/// What this host says differently in its own file.
pub(super) fn local(tree: &Tree) -> Vec<Origin> {
    let origin = |(object, key): (Handle, &Key)| {
        let source = tree.source_of(object, Some(&key.name));
        let line = key.place.map_or(0, |place| place.line);
        Origin {
            path: tree.path(object).join(&key.name, None).to_string(),
            value: key.value.to_string(),
            from: format!("{source}:{line}"),
        }
    };
    tree.laid_over().map(origin).collect()
}

/// What the operator said at the start of this node, by the paths where the file would say it.
pub(super) fn start(options: &Options, node: &str) -> Vec<Origin> {
    let Before {
        multicast,
        port,
        votes,
        expected_votes,
        keyfile,
        two_node,
        node_id,
        cluster_name: cluster,
    } = &options.before;
    let of = |what: &str| format!("cluster.clusternodes.clusternode({node}).{what}");
    let cman = |what: &str| format!("cluster.cman.{what}");
    let cluster = cluster.clone().filter(|_| options.no_config);
    let said = [
        ("cluster.name".to_owned(), cluster),
        (cman("multicast.addr"), text(multicast.as_ref())),
        (cman("port"), text(port.as_ref())),
        (cman("expected_votes"), text(expected_votes.as_ref())),
        (cman("keyfile"), text(keyfile.as_ref().map(|path| path.display()))),
        (cman("two_node"), text(two_node.then_some(1))),
        (cman("nodename"), options.node_name.clone()),
        (cman("realtime"), text(options.no_realtime.then_some("no"))),
        (of("votes"), text(votes.as_ref())),
        (of("nodeid"), text(node_id.as_ref())),
    ];
    let origin = |(path, value): (String, Option<String>)| {
        Some(Origin { path, value: value?, from: START.to_owned() })
    };
    said.into_iter().filter_map(origin).collect()
}

fn text(value: Option<impl ToString>) -> Option<String> {
    value.map(|value| value.to_string())
}

#[cfg(test)]
mod tests;
