//! Everything that can end a wait, on one screen: nothing else starts work in this process.
//!
//! Must never carry something that was not caused by the world outside the stack.

use totem::RingSeq;

use super::directory::Looked;
use super::disk::DiskError;
use super::reload::Done;
use super::signals::Request;
use crate::ipc::Incoming;

/// Why the loop woke up.
#[derive(Debug)]
pub enum Wake {
    /// A socket may have something.
    Network,
    /// The deadline may have come.
    Deadline,
    /// A program wants something.
    Client(Incoming),
    /// A ring sequence was written, or cannot be.
    Stored(Result<RingSeq, DiskError>),
    /// Something was done with the configuration's file.
    Reload(Done),
    /// The directory was asked, or should be.
    Directory(Looked),
    /// The operator or the service manager wants something.
    Signal(Request),
    /// It is time to tell the service manager that we live.
    Pulse,
}
