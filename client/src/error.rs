//! What can go wrong between a program and its daemon, sorted by what the program can do about it.
//!
//! Must never hide which of the two ended the conversation: after [`Error::Refused`] and
//! [`Error::TimedOut`] it goes on, after every other error the connection is of no more use.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::frame::FrameError;
use crate::proto::Reason;

/// Why a call failed.
#[derive(Debug, Error)]
pub enum Error {
    /// Nobody listens: the daemon is not running.
    #[error("no daemon answers on {0}")]
    NotRunning(PathBuf),
    /// This program may not even connect.
    #[error("permission denied on {0}")]
    PermissionDenied(PathBuf),
    /// The daemon ended, or cut this program off because it did not read.
    #[error("the daemon hung up")]
    Lost,
    /// Nothing was said in time. The reply may still come; it will be dropped.
    #[error("the daemon did not answer in time")]
    TimedOut,
    /// The daemon did not do what was asked, and says why.
    #[error("{text}")]
    Refused {
        /// Why, for programs.
        reason: Reason,
        /// Why, for humans.
        text: String,
    },
    /// The two do not speak the same language; the text says where they differ.
    #[error("protocol mismatch: {0}")]
    Protocol(String),
    /// Bytes that are no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// More notices came than may wait; some would be lost.
    #[error("{0} notices wait to be read, no room for more")]
    Overrun(usize),
    /// The system refused.
    #[error("connection to the daemon: {0}")]
    System(#[from] io::Error),
}

impl Error {
    /// True when the conversation goes on after this.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::TimedOut => true,
            Self::NotRunning(_)
            | Self::PermissionDenied(_)
            | Self::Lost
            | Self::Protocol(_)
            | Self::Frame(_)
            | Self::Overrun(_)
            | Self::System(_) => false,
        }
    }
}
