//! One UDP socket of the ring, with all that the kernel can do for it switched on.
//!
//! Must never share its port: `SO_REUSEADDR` would let a second daemon of the same node start and
//! take half of the packets. What the kernel refuses beyond the port is done without, and said.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{
    Ipv4RecvErr, Ipv6RecvErr, RcvBufForce, RxqOvfl, SndBufForce, UdpGroSegment,
};
use socket2::{Domain, Protocol, Type};
use tracing::warn;

use super::errors::NetError;

/// Bytes of receive and of send buffer that are asked for: several full windows of the ring.
pub(super) const BUFFER: usize = 8 << 20;

/// `TC_PRIO_INTERACTIVE`, the highest that needs no privilege (socket(7)): what the reference uses.
const PRIORITY: u32 = 6;

/// A bound, non-blocking UDP socket.
#[derive(Debug)]
pub(super) struct Socket {
    inner: socket2::Socket,
    at: SocketAddr,
}

impl Socket {
    /// Opens and binds a socket at `at`.
    pub(super) fn open(at: SocketAddr) -> Result<Self, NetError> {
        let fail = |what| move |source| NetError::Socket { what, at, source };
        let inner = socket2::Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))
            .map_err(fail("open a UDP socket"))?;
        inner.set_nonblocking(true).map_err(fail("set O_NONBLOCK"))?;
        if at.is_ipv6() {
            inner.set_only_v6(true).map_err(fail("set IPV6_V6ONLY"))?;
        }
        inner.bind(&at.into()).map_err(|source| bind_error(at, source))?;
        let socket = Self { inner, at };
        socket.enlarge();
        socket.optional("SO_PRIORITY", socket.inner.set_priority(PRIORITY));
        socket.optional("SO_RXQ_OVFL", setsockopt(&socket, RxqOvfl, &1).map_err(Into::into));
        Ok(socket)
    }

    /// The socket itself, for options of one transport.
    pub(super) const fn inner(&self) -> &socket2::Socket {
        &self.inner
    }

    /// The address it is bound to.
    pub(super) const fn at(&self) -> SocketAddr {
        self.at
    }

    /// Runs `set`, which the transport cannot do without.
    pub(super) fn need(&self, what: &'static str, set: io::Result<()>) -> Result<(), NetError> {
        set.map_err(|source| NetError::Socket { what, at: self.at, source })
    }

    /// Asks for packets of one sender to arrive several at a time. True when they may.
    pub(super) fn coalesce(&self) -> bool {
        setsockopt(self, UdpGroSegment, &true).is_ok()
    }

    /// Asks to be told when nobody listens where a packet went.
    pub(super) fn report_refusals(&self) {
        let set = if self.at.is_ipv4() {
            setsockopt(self, Ipv4RecvErr, &true)
        } else {
            setsockopt(self, Ipv6RecvErr, &true)
        };
        self.optional("IP_RECVERR", set.map_err(Into::into));
    }

    /// Large buffers: beyond the administrator's limit where that is permitted.
    fn enlarge(&self) {
        if setsockopt(self, RcvBufForce, &BUFFER).is_err() {
            self.optional("SO_RCVBUF", self.inner.set_recv_buffer_size(BUFFER));
        }
        if setsockopt(self, SndBufForce, &BUFFER).is_err() {
            self.optional("SO_SNDBUF", self.inner.set_send_buffer_size(BUFFER));
        }
        // The kernel doubles what it grants, for its own use, and reports the double.
        let granted = self.inner.recv_buffer_size().map_or(0, |size| size / 2);
        if granted < BUFFER {
            warn!(
                target: "TOTEM",
                "receive buffer of {} is {granted} bytes, {BUFFER} were asked for: raise \
                 net.core.rmem_max, or bursts will be lost",
                self.at,
            );
        }
    }

    fn optional(&self, option: &'static str, result: io::Result<()>) {
        if let Err(error) = result {
            warn!(target: "TOTEM", "{option} of {} not set: {error}", self.at);
        }
    }
}

fn bind_error(at: SocketAddr, source: io::Error) -> NetError {
    match source.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EADDRINUSE) => NetError::InUse { address: at.ip(), port: at.port() },
        Some(Errno::EADDRNOTAVAIL) => NetError::NotLocal(at.ip()),
        Some(_) | None => NetError::Socket { what: "bind", at, source },
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}
