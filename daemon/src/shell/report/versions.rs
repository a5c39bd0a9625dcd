//! What operators read of versions of the configuration.
//!
//! Must never tell of a node that is kept out without telling what to do about it.

use confdb::replica::Place;
use confdb::replica::output::{Event, Outcome};
use totem::NodeId;

use super::{Line, Reporter, error, info, warning};

/// The lines of an event, as node `me` sees it.
pub(super) fn lines(reporter: &Reporter, me: NodeId, event: &Event) -> Vec<Line> {
    let name = |node: u32| match NodeId::new(node) {
        Some(node) => reporter.name(node),
        None => "node 0".to_owned(),
    };
    match event {
        Event::KeptOut { node, place, held, wanted } => {
            let me = *node == me.get();
            vec![kept_out((*node, me), *place, *held, *wanted)]
        }
        Event::OtherSecret { node } => vec![warning(format!(
            "{} has another key or next key than this node in its files: it would be cut off when \
             that is used. Give both the same file, and raise config_version",
            name(*node)
        ))],
        Event::Proposed { version, by } => {
            vec![info("CMAN", format!("config version {version} is proposed by {}", name(*by)))]
        }
        Event::Abandoned { version, by, why } => {
            let by = name(*by);
            let why = match why {
                Outcome::Refused { node, reason } => {
                    format!("refused by {}: {}", name(*node), reason.replace('\n', "; "))
                }
                Outcome::Interrupted => "a node came or went before all had accepted".to_owned(),
                Outcome::Undecided => {
                    "nodes were lost just when all had accepted; whether it is in force is known \
                     when they are back"
                        .to_owned()
                }
                Outcome::Switched | Outcome::Busy { .. } | Outcome::NotCurrent => {
                    "it came to nothing".to_owned()
                }
            };
            vec![warning(format!("config version {version} of {by} is not taken over: {why}"))]
        }
        Event::Switched { from, to, by } => {
            let by = name(*by);
            vec![
                info("CMAN", format!("Now got config information version {to}, continuing")),
                info("CMAN", format!("config version {from} -> {to}, by {by}")),
            ]
        }
        Event::CannotFollow { version, reason } => vec![error(format!(
            "Can't get updated config version {version}: {}. Activity suspended on this node: put \
             that right and start it again",
            reason.replace('\n', "; ")
        ))],
    }
}

fn kept_out((node, me): (u32, bool), place: Place, held: u64, wanted: u64) -> Line {
    let what = match (me, place) {
        (true, Place::Behind) => {
            let text = format!(
                "this node has config version {held}, the cluster {wanted}: waiting for that"
            );
            return info("CMAN", text);
        }
        (false, Place::Behind) => {
            let text = format!(
                "Node {node} has config version {held}, the cluster {wanted}: it is sent that and \
                 takes part then"
            );
            return info("CMAN", text);
        }
        (true, Place::Ahead) => format!(
            "this node has config version {held}, the cluster only {wanted}: it takes no part. \
             Give it the cluster's file, or run cman_tool version -r on a member with a version \
             above {held}"
        ),
        (false, Place::Ahead) => format!(
            "Node {node} conflict, remote config version id={held}, local={wanted}: it takes no \
             part. Give it the cluster's file, or run cman_tool version -r here with a version \
             above {held}"
        ),
        (true, Place::Apart | Place::Current) => format!(
            "this node has another config version {held} than the cluster: it takes no part. Give \
             it the cluster's file, or raise config_version where it is right"
        ),
        (false, Place::Apart | Place::Current) => format!(
            "Node {node} conflict, it has another config version {held} than this node: it takes \
             no part. Give it the cluster's file, or raise config_version where it is right"
        ),
    };
    error(what)
}
