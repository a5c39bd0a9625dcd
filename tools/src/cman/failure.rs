//! How a command fails: what stands on stderr, and the exit status.
//!
//! Must never invent an errno text: scripts look for the ones they know.

use std::fmt;
use std::io;

use client::Error;
use client::proto::Reason;

use super::NAME;

/// Why a command was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// One line after the tool's name.
    Die(String),
    /// The options make no sense to the option parser.
    Usage(String),
    /// The time given is over.
    TimedOut,
}

impl Failure {
    /// The exit status.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Die(_) | Self::Usage(_) => 1,
            Self::TimedOut => 2,
        }
    }

    /// What happened, without the tool's name.
    pub(super) fn plain(&self) -> &str {
        match self {
            Self::Die(text) | Self::Usage(text) => text,
            Self::TimedOut => "Timed-out waiting for cluster",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Die(text) => writeln!(f, "{NAME}: {text}"),
            Self::Usage(text) => {
                writeln!(f, "{NAME}: {text}")?;
                writeln!(f, "Please use '-h' for usage.")
            }
            Self::TimedOut => writeln!(f, "{}", self.plain()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Die(match error {
            Error::NotRunning(_) => "Cannot open connection to cman, is it running ?".to_owned(),
            Error::PermissionDenied(_) | Error::Refused { reason: Reason::Permission, .. } => {
                "Cannot open connection to cman, permission denied.".to_owned()
            }
            Error::Refused { text, .. } => text,
            Error::Lost
            | Error::TimedOut
            | Error::Protocol(_)
            | Error::Frame(_)
            | Error::Overrun(_)
            | Error::System(_) => error.to_string(),
        })
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Die(format!("cannot write: {error}"))
    }
}
