//! Errors as the C libraries number them.
//!
//! Must never invent a number: programs compare them with those of the original's header.

use std::ffi::c_int;
use std::io::ErrorKind;

use client::Error;
use client::proto::Reason;

/// All went well.
pub(crate) const OK: c_int = 1;

/// Why a call failed. The names and numbers are those of `corotypes.h`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cs {
    /// The daemon is not there, or no longer.
    Library,
    /// It speaks another version.
    Version,
    /// It did not answer in time.
    Timeout,
    /// Not now.
    TryAgain,
    /// An argument cannot be used.
    InvalidParam,
    /// No such handle.
    BadHandle,
    /// Somebody objects.
    Busy,
    /// This user may not.
    Access,
    /// There is none.
    NotExist,
    /// A name is longer than names may be.
    NameTooLong,
    /// There is one already.
    Exist,
    /// The program's buffer is too small.
    NoSpace,
    /// No node has this id.
    NameNotFound,
    /// The system has no more.
    NoResources,
    /// The daemon or this library does not do that.
    NotSupported,
    /// It was tried and did not work.
    FailedOperation,
    /// The request does not fit the state of the cluster.
    MessageError,
    /// Larger than what can be sent.
    TooBig,
    /// Nothing more to be iterated over.
    NoSections,
}

impl Cs {
    /// Its number.
    pub(crate) const fn code(self) -> c_int {
        match self {
            Self::Library => 2,
            Self::Version => 3,
            Self::Timeout => 5,
            Self::TryAgain => 6,
            Self::InvalidParam => 7,
            Self::BadHandle => 9,
            Self::Busy => 10,
            Self::Access => 11,
            Self::NotExist => 12,
            Self::NameTooLong => 13,
            Self::Exist => 14,
            Self::NoSpace => 15,
            Self::NameNotFound => 17,
            Self::NoResources => 18,
            Self::NotSupported => 19,
            Self::FailedOperation => 21,
            Self::MessageError => 22,
            Self::TooBig => 26,
            Self::NoSections => 27,
        }
    }
}

/// What the daemon's refusals are in the libraries' words; all others are a failed operation.
const REFUSALS: [(Reason, Cs); 16] = [
    (Reason::Protocol, Cs::Version),
    (Reason::UnknownRequest, Cs::NotSupported),
    (Reason::Permission, Cs::Access),
    (Reason::TryAgain, Cs::TryAgain),
    (Reason::TooLarge, Cs::TooBig),
    (Reason::Leaving, Cs::TryAgain),
    (Reason::Busy, Cs::Busy),
    (Reason::TooManySessions, Cs::TryAgain),
    (Reason::Already, Cs::Exist),
    (Reason::UnknownNode, Cs::NameNotFound),
    (Reason::NotThere, Cs::NotExist),
    (Reason::NoSuchNode, Cs::NameNotFound),
    (Reason::Invalid, Cs::InvalidParam),
    (Reason::NotMember, Cs::TryAgain),
    (Reason::DeviceBusy, Cs::Exist),
    (Reason::NameTaken, Cs::Exist),
];

impl From<Error> for Cs {
    fn from(error: Error) -> Self {
        match error {
            Error::PermissionDenied(_) => Self::Access,
            Error::TimedOut => Self::Timeout,
            Error::Protocol(_) => Self::Version,
            Error::Refused { reason, .. } => REFUSALS
                .iter()
                .find(|(refusal, _)| *refusal == reason)
                .map_or(Self::FailedOperation, |(_, code)| *code),
            Error::System(why) if is_shortage(&why) => Self::NoResources,
            Error::NotRunning(_)
            | Error::Lost
            | Error::Frame(_)
            | Error::Overrun(_)
            | Error::System(_) => Self::Library,
        }
    }
}

/// The process or the system is out of descriptors or memory.
fn is_shortage(why: &std::io::Error) -> bool {
    let code = why.raw_os_error();
    why.kind() == ErrorKind::OutOfMemory
        || [libc::EMFILE, libc::ENFILE, libc::ENOBUFS].iter().any(|&short| code == Some(short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_one_meaning_each() {
        for (index, (reason, _)) in REFUSALS.iter().enumerate() {
            assert!(REFUSALS[..index].iter().all(|(other, _)| other != reason), "{reason:?}");
        }
    }

    #[test]
    fn programs_tell_a_daemon_that_is_not_there_from_one_that_is_busy() {
        let absent = Error::NotRunning("/run/cluster/clusterd.sock".into());
        assert_eq!(Cs::from(absent).code(), 2);
        let busy = Error::Refused { reason: Reason::TooManySessions, text: String::new() };
        assert_eq!(Cs::from(busy).code(), 6);
        let short = Error::System(std::io::Error::from_raw_os_error(libc::EMFILE));
        assert_eq!(Cs::from(short).code(), 18);
    }
}
