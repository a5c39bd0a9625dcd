//! From what somebody else holds to a tree: the text of a file, later the entries of a directory.
//!
//! Must never fetch anything: the shell reads the file and hands its bytes over. Must never stop
//! at the first problem when it can go on.

pub mod ldap;
pub mod text;
pub mod xml;

use crate::cluster::Cluster;
use crate::error::{Problem, Severity};
use crate::overlay::Overlay;
use crate::tree::Tree;

/// What was read, as far as it could be.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The objects that were found.
    pub tree: Tree,
    /// What is wrong with the text, in its order.
    pub problems: Vec<Problem>,
    /// Every object stands where its author put it. When not, what the tree seems to say is not
    /// worth reporting on.
    pub sound: bool,
}

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// As written.
    pub tree: Tree,
    /// As understood.
    pub cluster: Cluster,
    /// What its author probably did not mean, in the order of the text.
    pub warnings: Vec<Problem>,
}

/// Reads a whole cluster.conf; `source` is what problems call it, usually its file name.
///
/// # Errors
/// Everything that is wrong with it, warnings included, in the order of the text.
pub fn configuration(source: &str, text: &[u8]) -> Result<Configuration, Vec<Problem>> {
    layered((source, text), None)
}

/// The same with what this host says differently, its `local.conf`, and what problems call that.
///
/// # Errors
/// Everything that is wrong with either: in the order of the first text, then of the second.
pub fn layered(
    (source, text): (&str, &[u8]),
    local: Option<(&str, &[u8])>,
) -> Result<Configuration, Vec<Problem>> {
    let Loaded { mut tree, mut problems, sound } = xml::load(source, text);
    match local.map(|(source, text)| Overlay::read(source, text)) {
        None => {}
        Some(Ok(overlay)) if sound => overlay.apply(&mut tree),
        Some(Ok(_)) => {}
        Some(Err(more)) => problems.extend(more),
    }
    if !sound {
        return Err(problems);
    }
    match Cluster::read(&tree) {
        Ok(reading) => {
            problems.extend(reading.warnings);
            in_order(source, &mut problems);
            if problems.iter().any(|problem| problem.severity == Severity::Error) {
                return Err(problems);
            }
            Ok(Configuration { tree, cluster: reading.cluster, warnings: problems })
        }
        Err(more) => {
            problems.extend(more);
            in_order(source, &mut problems);
            Err(problems)
        }
    }
}

fn in_order(own: &str, problems: &mut [Problem]) {
    problems.sort_by_key(|problem| {
        (problem.line.is_none(), problem.source != own, problem.line, problem.column)
    });
}

#[cfg(test)]
mod tests;
