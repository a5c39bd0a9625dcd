//! What the kernel's refusals mean: some end a start, none ends a ring.
//!
//! Must never stop the loop: whatever a packet that left earlier brings back, the next packet is
//! tried. A refused port is reported as a hint and no more, since anyone can forge it.

use std::io;
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};
use thiserror::Error;

/// Why the network cannot be used at all. Ends the start.
#[derive(Debug, Error)]
pub enum NetError {
    /// Somebody else has the port.
    #[error("UDP port {port} of {address} is in use: another program, or another clusterd, has it")]
    InUse {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
    },
    /// This machine does not have the address.
    #[error("no network interface of this machine has the address {0}, which is this node's")]
    NotLocal(IpAddr),
    /// The transport does not work with this address.
    #[error("{what} does not work with the address {address}")]
    Family {
        /// What was asked.
        what: &'static str,
        /// The address.
        address: IpAddr,
    },
    /// The kernel refused something.
    #[error("cannot {what} for {at}: {source}")]
    Socket {
        /// What was tried.
        what: &'static str,
        /// Which socket.
        at: SocketAddr,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// What to do after a send that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// Interrupted: the same again.
    Again,
    /// The error of an earlier packet was delivered instead: the same again, and read the queue.
    Earlier,
    /// The send buffer is full: the rest is lost, as on a network.
    Full,
    /// The kernel or the card does not segment: do it by hand, from now on.
    Segmentation,
    /// This packet is lost, the next may not be.
    Lost,
}

impl Failure {
    /// The meaning of `errno`; `segmented` when segmentation was asked for.
    pub(super) const fn of(errno: Errno, segmented: bool) -> Self {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "errno is open, everything else is loss"
        )]
        match errno {
            Errno::EINTR => Self::Again,
            Errno::ECONNREFUSED => Self::Earlier,
            Errno::EAGAIN | Errno::ENOBUFS => Self::Full,
            // EIO: no checksum offload; EINVAL: old kernel; EMSGSIZE: segment above the device's
            // unit, where only a packet sent whole is fragmented.
            Errno::EIO | Errno::EINVAL | Errno::EOPNOTSUPP | Errno::EMSGSIZE if segmented => {
                Self::Segmentation
            }
            _ => Self::Lost,
        }
    }
}

/// Most queued errors that are read at once.
const MOST_ERRORS: usize = 64;

/// Reads the error queue of a socket: addresses whose host says that nobody listens at the port.
/// Other errors are dropped.
pub(super) fn refusals(socket: impl AsFd) -> Vec<IpAddr> {
    let fd = socket.as_fd().as_raw_fd();
    let mut found = Vec::new();
    for _ in 0..MOST_ERRORS {
        // `sock_extended_err` and the address of who answered, at most an IPv6 one.
        let mut control = cmsg_space!([u8; 16], [u8; 28]);
        let mut content = [0; 64];
        let mut slices = [IoSliceMut::new(&mut content)];
        let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
        let Ok(message) = recvmsg::<SockaddrStorage>(fd, &mut slices, Some(&mut control), flags)
        else {
            break;
        };
        let refused = message.cmsgs().is_ok_and(|mut cmsgs| cmsgs.any(|cmsg| is_refusal(&cmsg)));
        // The name is where the packet was sent to (ip(7), IP_RECVERR).
        let to = message.address.as_ref().and_then(socket_address);
        if let (true, Some(to)) = (refused, to) {
            found.push(to.ip());
        }
    }
    found
}

fn is_refusal(cmsg: &ControlMessageOwned) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum, the rest is no error")]
    let errno = match cmsg {
        ControlMessageOwned::Ipv4RecvErr(error, _) => error.ee_errno,
        ControlMessageOwned::Ipv6RecvErr(error, _) => error.ee_errno,
        _ => return false,
    };
    i32::try_from(errno).is_ok_and(|raw| Errno::from_raw(raw) == Errno::ECONNREFUSED)
}

/// The standard library's form of a kernel address; `None` for one that is not of the internet.
pub(crate) fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}
