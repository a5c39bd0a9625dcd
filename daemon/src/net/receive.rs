//! Datagrams arrive many per call: several datagrams (`recvmmsg`), each of several packets of one
//! sender (`UDP_GRO`), and are taken apart here.
//!
//! Must never read without bound: a wake takes one batch, so that timers and clients are served
//! however fast the network is. Packets are copied out once, whole datagrams at a time: what is
//! kept for long holds on to its neighbours of the same burst, not to a receive buffer.

use std::collections::VecDeque;
use std::io::IoSliceMut;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use bytes::BytesMut;
use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg};

use super::errors::socket_address;
use super::socket::Socket;

/// Room for the largest datagram, coalesced or not, bytes.
const ROOM: usize = 64 << 10;

/// Most datagrams of a batch.
pub(super) const BATCH: usize = 32;

/// Most datagrams of a batch while they arrive coalesced: about as many bytes.
const COALESCED_BATCH: usize = 8;

/// Most datagrams of a batch after one that brought next to nothing: an idle ring reads often, and
/// room for many costs something each time.
const FEW: usize = 4;

/// A batch above this size, bytes, was a coalesced one.
const COALESCED: usize = 256 << 10;

/// A packet as it came, sealed.
#[derive(Debug)]
pub(super) struct Sealed {
    /// Where it seems to come from.
    pub(super) source: Option<SocketAddr>,
    /// The packet.
    pub(super) bytes: BytesMut,
}

/// What one read brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Batch {
    /// Datagrams.
    pub(super) datagrams: usize,
    /// Packets in them.
    pub(super) packets: usize,
    /// Bytes of these.
    pub(super) bytes: usize,
    /// Datagrams dropped because they were larger than any can be.
    pub(super) truncated: usize,
    /// Packets that the kernel dropped on this socket since it was opened, if it said so.
    pub(super) overflowed: Option<u32>,
}

/// Buffers for one batch, used again and again.
#[derive(Debug)]
pub(super) struct Receiver {
    space: Box<[u8]>,
    batch: usize,
}

impl Receiver {
    /// Buffers for the largest batch.
    pub(super) fn new() -> Self {
        Self { space: vec![0; ROOM * BATCH].into_boxed_slice(), batch: BATCH }
    }

    /// Reads a batch of at most `most` datagrams and appends its packets to `into`.
    ///
    /// # Errors
    /// The kernel's answer; `EAGAIN` when there is nothing.
    pub(super) fn read(
        &mut self,
        socket: &Socket,
        most: usize,
        into: &mut VecDeque<Sealed>,
    ) -> Result<Batch, Errno> {
        let most = most.min(self.batch);
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.space.chunks_mut(ROOM).take(most).map(|room| [IoSliceMut::new(room)]).collect();
        // New headers for every call: the kernel writes the lengths it used into them, and they
        // are not set back.
        let control = cmsg_space!(i32, u32);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(most, Some(control));
        let flags = MsgFlags::MSG_DONTWAIT;
        let messages = recvmmsg(socket.as_raw_fd(), &mut headers, slices.iter_mut(), flags, None)?;
        let mut batch = Batch::default();
        for message in messages {
            batch.datagrams += 1;
            let mut segment = message.bytes;
            for cmsg in message.cmsgs().into_iter().flatten() {
                #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
                match cmsg {
                    ControlMessageOwned::UdpGroSegments(size) => {
                        segment = usize::try_from(size).unwrap_or(segment);
                    }
                    ControlMessageOwned::RxqOvfl(dropped) => batch.overflowed = Some(dropped),
                    _ => {}
                }
            }
            if message.flags.contains(MsgFlags::MSG_TRUNC) {
                batch.truncated += 1;
                continue;
            }
            let source = message.address.as_ref().and_then(socket_address);
            let datagram = message.iovs().next().map(BytesMut::from).unwrap_or_default();
            batch.bytes += datagram.len();
            batch.packets += split(datagram, segment, source, into);
        }
        self.batch = if batch.bytes > COALESCED {
            COALESCED_BATCH
        } else if batch.datagrams < FEW / 2 {
            FEW
        } else {
            BATCH
        };
        Ok(batch)
    }
}

/// Takes a datagram apart into packets of `segment` bytes, the last of which may be shorter.
fn split(
    mut datagram: BytesMut,
    segment: usize,
    source: Option<SocketAddr>,
    into: &mut VecDeque<Sealed>,
) -> usize {
    let before = into.len();
    while segment > 0 && datagram.len() > segment {
        into.push_back(Sealed { source, bytes: datagram.split_to(segment) });
    }
    into.push_back(Sealed { source, bytes: datagram });
    into.len() - before
}

#[cfg(test)]
mod tests;
