//! Errors as the calls of libcman and libccs tell them: in `errno`.
//!
//! Must never let a panic through: each entry point runs inside of [`number`] or [`guarded`].

use std::ffi::c_int;

use client::Error;
use client::proto::Reason;

use crate::entry::whole;
use crate::error::Cs;

/// A value of `errno`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Errno(pub(crate) c_int);

/// What the daemon's refusals are in these words; all others are an input/output error.
const REFUSALS: [(Reason, c_int); 24] = [
    (Reason::Protocol, libc::EPROTO),
    (Reason::UnknownRequest, libc::ENOSYS),
    (Reason::Permission, libc::EPERM),
    (Reason::TryAgain, libc::EAGAIN),
    (Reason::TooLarge, libc::EMSGSIZE),
    (Reason::Leaving, libc::ENOTCONN),
    (Reason::Busy, libc::EBUSY),
    (Reason::TooManySessions, libc::EAGAIN),
    (Reason::InvalidConfiguration, libc::EINVAL),
    (Reason::NotReloaded, libc::EINVAL),
    (Reason::Already, libc::EALREADY),
    (Reason::UnknownNode, libc::ENOENT),
    (Reason::NotThere, libc::ENOTCONN),
    (Reason::NoSuchNode, libc::ENOENT),
    (Reason::Invalid, libc::EINVAL),
    (Reason::NotMember, libc::ENOTCONN),
    (Reason::DeviceBusy, libc::EBUSY),
    (Reason::NameTaken, libc::EALREADY),
    (Reason::PortInUse, libc::EADDRINUSE),
    (Reason::NoBarrier, libc::ENOENT),
    (Reason::NodeLost, libc::ESRCH),
    (Reason::TimedOut, libc::ETIMEDOUT),
    (Reason::Malformed, libc::EINVAL),
    (Reason::Overrun, libc::EHOSTDOWN),
];

impl Errno {
    /// An argument cannot be used.
    pub(crate) const INVALID: Self = Self(libc::EINVAL);

    /// There is no such thing.
    pub(crate) const NONE: Self = Self(libc::ENOENT);

    /// Says one of these differently.
    pub(crate) const fn or(self, meant: c_int, said: c_int) -> Self {
        if self.0 == meant { Self(said) } else { self }
    }
}

impl From<Error> for Errno {
    fn from(error: Error) -> Self {
        Self(match error {
            Error::NotRunning(_) | Error::Lost | Error::Overrun(_) => libc::EHOSTDOWN,
            Error::PermissionDenied(_) => libc::EACCES,
            Error::TimedOut => libc::ETIMEDOUT,
            Error::Protocol(_) | Error::Frame(_) => libc::EPROTO,
            Error::Refused { reason, .. } => REFUSALS
                .iter()
                .find(|(refusal, _)| *refusal == reason)
                .map_or(libc::EIO, |(_, number)| *number),
            Error::System(why) => why.raw_os_error().unwrap_or(libc::EIO),
        })
    }
}

impl From<Cs> for Errno {
    fn from(error: Cs) -> Self {
        Self(match error {
            Cs::Library => libc::EHOSTDOWN,
            Cs::Version => libc::EPROTO,
            Cs::Timeout => libc::ETIMEDOUT,
            Cs::TryAgain => libc::EAGAIN,
            Cs::InvalidParam | Cs::BadHandle => libc::EINVAL,
            Cs::Busy => libc::EBUSY,
            Cs::Access => libc::EACCES,
            Cs::NotExist | Cs::NameNotFound | Cs::NoSections => libc::ENOENT,
            Cs::NameTooLong => libc::ENAMETOOLONG,
            Cs::Exist => libc::EEXIST,
            Cs::NoSpace => libc::ENOSPC,
            Cs::NoResources => libc::ENOMEM,
            Cs::NotSupported => libc::ENOSYS,
            Cs::FailedOperation | Cs::MessageError => libc::EIO,
            Cs::TooBig => libc::EMSGSIZE,
        })
    }
}

/// The body of an entry point: its result, or -1 and `errno`.
pub(crate) fn number(body: impl FnOnce() -> Result<c_int, Errno>) -> c_int {
    guarded(body).unwrap_or_else(|why| {
        set(why);
        -1
    })
}

/// Runs something in which a panic is an error.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    whole(body).unwrap_or(Err(Errno(libc::EIO)))
}

/// Sets `errno`.
pub(crate) fn set(Errno(number): Errno) {
    // SAFETY: the thread's own number is always there.
    unsafe { *libc::__errno_location() = number };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: Reason) -> Errno {
        Error::Refused { reason, text: String::new() }.into()
    }

    #[test]
    fn refusals_have_one_meaning_each() {
        for (index, (reason, _)) in REFUSALS.iter().enumerate() {
            assert!(REFUSALS[..index].iter().all(|(other, _)| other != reason), "{reason:?}");
        }
        assert_eq!(refused(Reason::PortInUse), Errno(libc::EADDRINUSE));
        assert_eq!(refused(Reason::Unspecified), Errno(libc::EIO));
    }

    #[test]
    fn a_panic_is_an_error() {
        std::panic::set_hook(Box::new(|_| {}));
        assert_eq!(number(|| panic!("inside")), -1);
        let _ = std::panic::take_hook();
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EIO));
        assert_eq!(number(|| Ok(7)), 7);
    }
}
