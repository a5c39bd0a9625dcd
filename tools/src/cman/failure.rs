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
    /// The daemon did not start, or not go by a new configuration: what was said about that, and
    /// how it is summed up.
    NotStarted {
        /// Line by line; empty when nothing was said.
        said: String,
        /// The last line.
        sum: Sum,
    },
    /// The time given is over.
    TimedOut,
}

/// How a start that failed is summed up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sum {
    /// The configuration cannot be used.
    InvalidConfiguration,
    /// The new configuration cannot be used.
    NotReloading,
    /// It said why.
    DidNotStart,
    /// It ended with this status.
    Died(i32),
    /// It was ended by this signal.
    Killed(i32),
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Operators always found an empty line behind this one.
            Self::InvalidConfiguration => {
                writeln!(f, "{NAME}: Not joining, configuration is not valid")
            }
            Self::NotReloading => {
                writeln!(f, "{NAME}: Not reloading, configuration is not valid")
            }
            Self::DidNotStart => write!(f, "{NAME}: corosync daemon didn't start"),
            Self::Died(status) => write!(f, "corosync died: Error, reason code is {status}"),
            Self::Killed(signal) => write!(f, "corosync died with signal: {signal}"),
        }
    }
}

impl Failure {
    /// The configuration cannot be used, for these reasons.
    pub(super) fn invalid_configuration(mut said: Vec<String>) -> Self {
        said.push("Unable to get the configuration".to_owned());
        Self::NotStarted { said: said.join("\n"), sum: Sum::InvalidConfiguration }
    }

    /// The new configuration cannot be used, for these reasons.
    pub(super) fn not_reloading(mut said: Vec<String>) -> Self {
        said.push("Unable to get the configuration".to_owned());
        Self::NotStarted { said: said.join("\n"), sum: Sum::NotReloading }
    }

    /// It is the configuration that was wrong.
    pub(super) fn is_invalid_configuration(&self) -> bool {
        matches!(self, Self::NotStarted { sum: Sum::InvalidConfiguration, .. })
    }

    /// The exit status.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Die(_) | Self::Usage(_) | Self::NotStarted { .. } => 1,
            Self::TimedOut => 2,
        }
    }

    /// What happened, without the tool's name.
    pub(super) fn plain(&self) -> &str {
        match self {
            Self::Die(text) | Self::Usage(text) => text,
            Self::NotStarted { said, .. } if !said.is_empty() => said,
            Self::NotStarted { .. } => "corosync died",
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
            Self::NotStarted { said, sum } => {
                said.lines().try_for_each(|line| writeln!(f, "{line}"))?;
                writeln!(f, "{sum}")
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
