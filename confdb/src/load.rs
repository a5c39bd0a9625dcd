//! From what somebody else holds to a tree: the text of a file, later the entries of a directory.
//!
//! Must never fetch anything: the shell reads the file and hands its bytes over. Must never stop
//! at the first problem when it can go on.

pub mod ldap;
pub mod text;
pub mod xml;

use crate::cluster::Cluster;
use crate::error::{Problem, Severity};
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
    let Loaded { tree, mut problems, sound } = xml::load(source, text);
    if !sound {
        return Err(problems);
    }
    match Cluster::read(&tree) {
        Ok(reading) => {
            problems.extend(reading.warnings);
            in_order(&mut problems);
            if problems.iter().any(|problem| problem.severity == Severity::Error) {
                return Err(problems);
            }
            Ok(Configuration { tree, cluster: reading.cluster, warnings: problems })
        }
        Err(more) => {
            problems.extend(more);
            in_order(&mut problems);
            Err(problems)
        }
    }
}

fn in_order(problems: &mut [Problem]) {
    problems.sort_by_key(|problem| (problem.line.is_none(), problem.line, problem.column));
}

#[cfg(test)]
mod tests;
