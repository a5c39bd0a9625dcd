//! A burst goes out in the fewest calls the kernel and the card allow.
//!
//! Must never block and never end the loop: what cannot leave is lost and counted, as on any
//! network, and the ring repairs it. Segmentation by the kernel is tried first; once it is refused
//! it is not tried again, and frames leave several per `sendmmsg`, or one by one.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrStorage, sendmsg};
use rustix::net::addr::SocketAddrArg;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};
use tracing::info;

use super::batch::{Burst, Run};
use super::errors::Failure;
use super::socket::Socket;

/// Most packets of one `sendmmsg`.
const MOST_MESSAGES: usize = 64;

/// How often a packet is tried when the error of an earlier one comes back instead.
const MOST_TRIES: usize = 8;

/// What left and what did not. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sent {
    /// Packets, one per receiver they were sent to.
    pub packets: u64,
    /// Their bytes, sealed.
    pub bytes: u64,
    /// Calls it took.
    pub calls: u64,
    /// Packets lost because the send buffer was full.
    pub full: u64,
    /// Packets lost because the kernel refused them.
    pub lost: u64,
}

/// Remembers what this machine can do.
#[derive(Debug)]
pub(super) struct Transmitter {
    segmentation: bool,
    several: bool,
    refusals: bool,
    sent: Sent,
}

/// One packet for one receiver.
type Parcel<'a> = (&'a [u8], SocketAddr);

impl Transmitter {
    /// Believes that everything works until told otherwise.
    pub(super) fn new() -> Self {
        Self { segmentation: true, several: true, refusals: false, sent: Sent::default() }
    }

    /// One that never asks the kernel to segment.
    #[cfg(test)]
    pub(super) fn plain(several: bool) -> Self {
        Self { segmentation: false, several, ..Self::new() }
    }

    /// Counters.
    pub(super) const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// True when errors of earlier packets wait to be read, since the last call.
    pub(super) fn take_refusals(&mut self) -> bool {
        std::mem::take(&mut self.refusals)
    }

    /// Sends every frame of the burst to every receiver, in order.
    pub(super) fn burst(&mut self, socket: &Socket, burst: &Burst, to: &[SocketAddr]) {
        let mut plain: Vec<Parcel<'_>> = Vec::new();
        for run in burst.runs() {
            let mut left = to;
            if run.count > 1 && self.segmentation {
                self.parcels(socket, &plain);
                plain.clear();
                let segmented = self.segmented(socket, burst, &run, to);
                left = to.get(segmented..).unwrap_or_default();
            }
            for frame in run.frames().filter_map(|place| burst.bytes().get(place)) {
                plain.extend(left.iter().map(|&receiver| (frame, receiver)));
            }
        }
        self.parcels(socket, &plain);
    }

    /// Sends one packet to one receiver.
    pub(super) fn one(&mut self, socket: &Socket, packet: &[u8], to: SocketAddr) {
        let name = SockaddrStorage::from(to);
        for _ in 0..MOST_TRIES {
            self.sent.calls += 1;
            let flags = MsgFlags::MSG_DONTWAIT;
            match nix::sys::socket::sendto(socket.as_raw_fd(), packet, &name, flags) {
                Ok(_) => return self.count(1, packet.len()),
                Err(errno) => match Failure::of(errno, false) {
                    Failure::Again => {}
                    Failure::Earlier => self.refusals = true,
                    Failure::Full => {
                        self.sent.full += 1;
                        return;
                    }
                    Failure::Segmentation | Failure::Lost => {
                        self.sent.lost += 1;
                        return;
                    }
                },
            }
        }
        self.sent.lost += 1;
    }

    /// Sends a run by segmentation; returns how many receivers are done with, all of them unless
    /// segmentation turned out not to work.
    fn segmented(&mut self, socket: &Socket, burst: &Burst, run: &Run, to: &[SocketAddr]) -> usize {
        let bytes = burst.bytes().get(run.bytes.clone()).unwrap_or_default();
        let Ok(segment) = u16::try_from(run.segment) else { return 0 };
        let count = u64::try_from(run.count).unwrap_or(u64::MAX);
        for (done, &receiver) in to.iter().enumerate() {
            match self.super_packet(socket, bytes, segment, receiver) {
                Ok(()) => self.count(count, bytes.len()),
                Err(Failure::Segmentation) => {
                    self.segmentation = false;
                    info!(target: "TOTEM", "no UDP segmentation on this path, sending one by one");
                    return done;
                }
                Err(Failure::Full) => self.sent.full += count,
                Err(Failure::Again | Failure::Earlier | Failure::Lost) => self.sent.lost += count,
            }
        }
        to.len()
    }

    fn super_packet(
        &mut self,
        socket: &Socket,
        bytes: &[u8],
        segment: u16,
        to: SocketAddr,
    ) -> Result<(), Failure> {
        let name = SockaddrStorage::from(to);
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        let flags = MsgFlags::MSG_DONTWAIT;
        let mut outcome = Err(Failure::Lost);
        for _ in 0..MOST_TRIES {
            self.sent.calls += 1;
            let slices = [IoSlice::new(bytes)];
            outcome = sendmsg(socket.as_raw_fd(), &slices, &control, flags, Some(&name))
                .map(|_| ())
                .map_err(|errno| Failure::of(errno, true));
            match outcome {
                Err(Failure::Again) => {}
                Err(Failure::Earlier) => self.refusals = true,
                Ok(()) | Err(Failure::Full | Failure::Segmentation | Failure::Lost) => break,
            }
        }
        outcome
    }

    /// Sends packets one per datagram, several per call.
    fn parcels(&mut self, socket: &Socket, parcels: &[Parcel<'_>]) {
        let mut left = parcels;
        let mut tries = 0;
        while let Some(&(first, receiver)) = left.first() {
            if !self.several || left.len() == 1 {
                self.one(socket, first, receiver);
                left = left.get(1..).unwrap_or_default();
                continue;
            }
            let group = left.get(..MOST_MESSAGES).unwrap_or(left);
            let done = match self.group(socket, group) {
                Ok(done) => {
                    let bytes = group.iter().take(done).map(|(packet, _)| packet.len()).sum();
                    self.count(u64::try_from(done).unwrap_or(u64::MAX), bytes);
                    done
                }
                Err(Errno::ENOSYS) => {
                    self.several = false;
                    0
                }
                Err(errno) => match Failure::of(errno, false) {
                    Failure::Again | Failure::Earlier if tries < MOST_TRIES => {
                        tries += 1;
                        self.refusals |= Failure::of(errno, false) == Failure::Earlier;
                        continue;
                    }
                    Failure::Full => {
                        self.sent.full += u64::try_from(left.len()).unwrap_or(u64::MAX);
                        return;
                    }
                    Failure::Again | Failure::Earlier | Failure::Segmentation | Failure::Lost => {
                        self.sent.lost += 1;
                        1
                    }
                },
            };
            tries = 0;
            left = left.get(done..).unwrap_or_default();
        }
    }

    fn group(&mut self, socket: &Socket, group: &[Parcel<'_>]) -> Result<usize, Errno> {
        self.sent.calls += 1;
        let names: Vec<_> = group.iter().map(|(_, receiver)| receiver.as_any()).collect();
        let slices: Vec<_> = group.iter().map(|&(packet, _)| [IoSlice::new(packet)]).collect();
        let mut controls: Vec<_> = group.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<_> = names
            .iter()
            .zip(&slices)
            .zip(&mut controls)
            .map(|((name, slice), control)| MMsgHdr::new_with_addr(name, slice, control))
            .collect();
        sendmmsg(socket, &mut messages, SendFlags::DONTWAIT)
            .map_err(|errno| Errno::from_raw(errno.raw_os_error()))
    }

    fn count(&mut self, packets: u64, bytes: usize) {
        self.sent.packets += packets;
        self.sent.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
    }
}

#[cfg(test)]
mod tests;
