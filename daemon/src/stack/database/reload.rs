//! What a program is told that wanted all nodes to go by a new configuration.
//!
//! Must never leave the operator without what to do next: every refusal names both sides of what
//! does not fit.

use core::fmt;

use confdb::diff::Difference;
use confdb::replica::LARGEST_TEXT;
use confdb::{Problem, Severity};

/// All nodes go by the new configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reloaded {
    /// Its version.
    pub version: u64,
    /// What its author probably did not mean.
    pub warnings: Vec<String>,
    /// Why this node's file is not the new one yet, when it is not.
    pub unwritten: Option<String>,
    /// What would change, when only that was asked.
    pub difference: Option<Box<Difference>>,
}

/// Why they do not. Nothing was changed anywhere, but for [`NotReloaded::Undecided`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotReloaded {
    /// There is nothing to read.
    Unreadable(String),
    /// It is wrong: all that is.
    Invalid(Vec<Problem>),
    /// It is older than what is wanted.
    NotYet {
        /// Its version.
        found: u64,
        /// The least that is wanted.
        wanted: u64,
    },
    /// It is not newer than what all go by.
    NotNewer {
        /// Its version.
        found: u64,
        /// What all go by.
        running: u64,
    },
    /// It changes what cannot change while the cluster runs.
    Restart(String),
    /// It is too long, or empty.
    Size(usize),
    /// This node may not act.
    NotQuorate,
    /// This node does not go by what the cluster goes by.
    NotCurrent,
    /// Another change is under way.
    Busy {
        /// To which version.
        version: u64,
        /// By which node.
        by: u32,
    },
    /// This version was accepted before, and may be in force at nodes that are away.
    Contradicts(u64),
    /// A node cannot go by it.
    Refused {
        /// Which.
        node: u32,
        /// Why not.
        reason: String,
    },
    /// A node came or went before all had accepted.
    Interrupted,
    /// A node went just when all had accepted.
    Undecided,
}

impl fmt::Display for NotReloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) | Self::Restart(why) => f.write_str(why),
            Self::Invalid(problems) => f.write_str(&errors(problems)),
            Self::NotYet { found, wanted } => {
                write!(f, "the configuration has version {found}, {wanted} is wanted")
            }
            Self::NotNewer { found, running } => write!(
                f,
                "the configuration has version {found}, the cluster runs with {running}: raise \
                 config_version above {running}"
            ),
            Self::Size(0) => f.write_str("the configuration is empty"),
            Self::Size(size) => {
                write!(f, "the configuration has {size} bytes, at most {LARGEST_TEXT} are taken")
            }
            Self::NotQuorate => f.write_str(
                "this side of the cluster is not quorate: bring more nodes up first, or lower \
                 what is expected",
            ),
            Self::NotCurrent => f.write_str(
                "this node does not have the configuration of the cluster: ask a node that does",
            ),
            Self::Busy { version, by } => {
                write!(f, "version {version} by node {by} is under way: try again")
            }
            Self::Contradicts(version) => write!(
                f,
                "version {version} was accepted before and may be in force at nodes that are away: \
                 raise config_version above {version}"
            ),
            Self::Refused { node, reason } => write!(f, "node {node} refuses: {reason}"),
            Self::Interrupted => f.write_str(
                "a node came or went before all had accepted, nothing was changed: try again",
            ),
            Self::Undecided => f.write_str(
                "nodes were lost just when all had accepted, they may have changed or not: see \
                 the version once they are back",
            ),
        }
    }
}

/// The errors among these, one per line.
pub(super) fn errors(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> = errors.map(Problem::to_string).collect();
    lines.join("\n")
}
