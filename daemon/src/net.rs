//! Sealed datagrams in and out: the only way by which nodes hear of each other.
//!
//! Must never let a packet up that was not sealed by a member of this cluster, nor let an error of
//! the network stop the node. Two sockets per node, so that tokens and data can be drained in the
//! order the ring asks for: data arrives at the configured port, tokens at the one below it, and
//! everything leaves by the token socket, which is bound to this node's address.
//!
//! Frames for everyone are collected and leave together; a packet for one node sends what was
//! collected before it, so the order on the wire is the order of the ring's outputs.

pub mod address;
mod batch;
mod broadcast;
pub mod errors;
mod inward;
mod multicast;
mod receive;
mod socket;
mod transmit;
mod unicast;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nix::errno::Errno;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::unix::AsyncFd;
use tokio::io::{Interest, Ready};
use totem::seal::{ClusterKey, KeyError, KeyId, Keyring, Refusals, Seal};
use totem::{Destination, Instant, NodeId, NodeSet};
use tracing::{error, info};

use self::address::Addresses;
use self::batch::Burst;
use self::errors::NetError;
pub(crate) use self::inward::Limiter;
pub use self::inward::Received;
use self::inward::{Inward, Which};
use self::receive::{BATCH, Batch, Receiver, Sealed};
use self::socket::Socket;
pub use self::transmit::Sent;
use self::transmit::Transmitter;

/// How a packet for everyone gets to everyone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// One packet to a group, copied by the network.
    Multicast {
        /// The group.
        group: IpAddr,
        /// How many routers it may pass.
        ttl: u8,
    },
    /// One packet to 255.255.255.255.
    Broadcast,
    /// One packet to each.
    Unicast,
}

/// Something the network brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Arrival {
    /// An authentic packet, plain.
    Packet {
        /// Who sealed it.
        from: NodeId,
        /// The plain packet.
        bytes: Bytes,
    },
    /// This node's host says that nobody listens there. A hint.
    Refused(NodeId),
}

/// The sockets of a transport, and where a packet for everyone goes.
#[derive(Debug)]
struct Ports {
    data: Socket,
    token: Socket,
    everyone: Vec<SocketAddr>,
}

/// The network as one node sees it.
#[derive(Debug)]
pub struct Net {
    addresses: Addresses,
    transport: Transport,
    data: AsyncFd<Socket>,
    token: AsyncFd<Socket>,
    everyone: Vec<SocketAddr>,
    seal: Seal,
    burst: Burst,
    single: BytesMut,
    transmitter: Transmitter,
    receiver: Receiver,
    arrived: VecDeque<Sealed>,
    inward: Inward,
}

impl Net {
    /// Opens the sockets. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The port is in use, the address is not ours, or the kernel refuses something needed.
    pub fn open(addresses: Addresses, transport: Transport, seal: Seal) -> Result<Self, NetError> {
        let scope = multicast::interface_of(addresses.own()).unwrap_or(0);
        let addresses = addresses.with_scope(scope);
        let Ports { data, token, everyone } = match transport {
            Transport::Multicast { group, ttl } => multicast::open(&addresses, group, ttl)?,
            Transport::Broadcast => broadcast::open(&addresses)?,
            Transport::Unicast => unicast::open(&addresses)?,
        };
        if !data.coalesce() {
            info!(target: "TOTEM", "no UDP_GRO in this kernel, packets arrive one by one");
        }
        token.report_refusals();
        let (data_at, token_at) = (data.at(), token.at());
        let data = watch(data, Interest::READABLE)?;
        let token = watch(token, Interest::READABLE | Interest::ERROR)?;
        info!(target: "TOTEM", "data at {data_at}, tokens at {token_at}");
        Ok(Self {
            addresses,
            transport,
            data,
            token,
            everyone,
            seal,
            burst: Burst::default(),
            single: BytesMut::new(),
            transmitter: Transmitter::new(),
            receiver: Receiver::new(),
            arrived: VecDeque::new(),
            inward: Inward::default(),
        })
    }

    /// Where the nodes are, as far as it is known.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The nodes are there from now on. What was said before goes where it was meant to go.
    pub fn readdress(&mut self, addresses: Addresses) {
        self.flush();
        if self.transport == Transport::Unicast {
            self.everyone = addresses.peers();
        }
        self.addresses = addresses;
    }

    /// The keys of the cluster.
    #[must_use]
    pub const fn keys(&self) -> &Keyring {
        self.seal.keys()
    }

    /// Goes by the keys that a configuration names: the one in use, and the next one.
    ///
    /// # Errors
    /// It would cut this node off, or others; nothing was changed then.
    pub fn follow_keys(
        &mut self,
        current: &ClusterKey,
        next: Option<ClusterKey>,
    ) -> Result<(), KeyError> {
        let id = |key: Option<&ClusterKey>| key.map(ClusterKey::id);
        let (known, expected) = (self.keys().current().id(), id(self.keys().next()));
        self.seal.follow(current, next)?;
        self.note_key(known);
        match (expected, id(self.keys().next())) {
            (before, Some(next)) if before != Some(next) => {
                info!(target: "TOTEM", "key {next} is understood, and will be the next one");
            }
            (Some(before), None) if self.keys().current().id() != before => {
                info!(target: "TOTEM", "key {before} will not be the next one");
            }
            (_, _) => {}
        }
        Ok(())
    }

    /// Forgets the old key, if there is one, once all `members` seal with the new one.
    pub fn retire_key(&mut self, members: &NodeSet) {
        if self.seal.retire(members) {
            let current = self.keys().current().id();
            info!(target: "TOTEM", "all nodes seal with key {current}, the old key is forgotten");
        }
    }

    fn note_key(&self, before: KeyId) {
        let current = self.keys().current().id();
        if current != before {
            info!(target: "TOTEM", "sealing with key {current} from now on, no more with {before}");
        }
    }

    /// Seals a packet and sends it, or keeps it with others for everyone until [`Net::flush`], the
    /// next packet for one node, or until there are enough.
    pub fn send(&mut self, to: Destination, packet: &[u8]) {
        let sealed = match to {
            Destination::Everyone => self.burst.push(|out| self.seal.seal(packet, out)),
            Destination::Node(node) => {
                self.flush();
                self.single.clear();
                let sealed = self.seal.seal(packet, &mut self.single);
                if let (Ok(()), Some(at)) = (&sealed, self.addresses.token_of(node)) {
                    self.transmitter.one(self.token.get_ref(), &self.single, at);
                }
                sealed
            }
        };
        if let Err(error) = sealed {
            // Only after 2^64 packets, or for a packet no ring makes.
            error!(target: "TOTEM", "packet of {} bytes not sent: {error}", packet.len());
        }
        if self.burst.is_full() {
            self.flush();
        }
    }

    /// Sends what was kept.
    pub fn flush(&mut self) {
        if self.burst.is_empty() {
            return;
        }
        self.transmitter.burst(self.token.get_ref(), &self.burst, &self.everyone);
        self.burst.clear();
    }

    /// Returns when there may be something to [`Net::fetch`]. May be cancelled at any time.
    pub async fn ready(&mut self) {
        let both = Interest::READABLE | Interest::ERROR;
        tokio::select! {
            biased;
            token = self.token.ready(both) => {
                if let Ok(mut guard) = token
                    && guard.ready().is_error()
                {
                    guard.clear_ready_matching(Ready::ERROR);
                    self.inward.errors = true;
                }
            }
            _ = self.data.ready(Interest::READABLE) => {}
        }
    }

    /// Keeps the thread until there is something to [`Net::fetch`], but not longer than this.
    pub fn wait(&self, span: Duration) {
        let data = PollFd::new(self.data.get_ref(), PollFlags::IN);
        let token = PollFd::new(self.token.get_ref(), PollFlags::IN);
        let nanos = i64::try_from(span.as_nanos()).unwrap_or(i64::MAX);
        let second = 1_000_000_000;
        let span = Timespec { tv_sec: nanos / second, tv_nsec: nanos % second };
        // Whatever comes of it: what is there is seen without it.
        let _ = poll(&mut [data, token], Some(&span));
    }

    /// Reads one batch: of tokens first, or of data first (the priority rule of the accelerated
    /// ring), of the other only when there is none. True when
    /// [`Net::next`] has something.
    pub fn fetch(&mut self, token_first: bool, now: Instant) -> bool {
        if self.inward.errors || self.transmitter.take_refusals() {
            self.inward.errors = false;
            self.note_refusals();
        }
        let order =
            if token_first { [Which::Token, Which::Data] } else { [Which::Data, Which::Token] };
        for which in order {
            if self.arrived.is_empty() {
                self.read(which, now);
            }
        }
        !self.arrived.is_empty() || !self.inward.refused.is_empty()
    }

    /// The next thing that was fetched. Packets that are not ours are dropped here, counted, and
    /// logged at most once a second.
    pub fn next(&mut self, now: Instant) -> Option<Arrival> {
        if let Some(node) = self.inward.refused.pop_front() {
            return Some(Arrival::Refused(node));
        }
        loop {
            let Sealed { source, bytes } = self.arrived.pop_front()?;
            let size = bytes.len();
            let known = self.seal.keys().current().id();
            match self.seal.open(bytes) {
                Ok(opened) => {
                    self.note_key(known);
                    if let Some(source) = source {
                        self.addresses.learn(opened.from, source.ip());
                    }
                    return Some(Arrival::Packet { from: opened.from, bytes: opened.bytes });
                }
                Err(error) => self.inward.dropped(now, source, size, error),
            }
        }
    }

    /// What left.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        self.transmitter.sent()
    }

    /// What came.
    #[must_use]
    pub const fn received(&self) -> &Received {
        &self.inward.received
    }

    /// What came and was not opened.
    #[must_use]
    pub const fn refused(&self) -> &Refusals {
        self.seal.refused()
    }

    fn read(&mut self, which: Which, now: Instant) {
        let (port, most) = match which {
            Which::Data => (&self.data, BATCH),
            Which::Token => (&self.token, 4),
        };
        let Self { receiver, arrived, inward, .. } = self;
        inward.received.calls += 1;
        let mut asked = false;
        let ready = port.try_io(Interest::READABLE, |socket| {
            asked = true;
            attempt(receiver, inward, socket, (most, &mut *arrived))
        });
        // What is known about readiness may be old: the reactor only runs between wakes, and a
        // token may have come since. So the socket is asked in any case.
        let result = match ready {
            Err(_) if !asked => attempt(receiver, inward, port.get_ref(), (most, arrived)),
            result => result,
        };
        if let Ok(batch) = result {
            inward.note(which, batch, now);
        }
    }

    fn note_refusals(&mut self) {
        for address in errors::refusals(self.token.get_ref()) {
            self.inward.received.refused += 1;
            if let Some(node) = self.addresses.node(address)
                && !self.inward.refused.contains(&node)
            {
                self.inward.refused.push_back(node);
            }
        }
    }
}

/// Has the reactor watch a socket, for this interest only: an interest in writing would wake the
/// node for every packet that the card is done with.
fn watch(socket: Socket, interest: Interest) -> Result<AsyncFd<Socket>, NetError> {
    let at = socket.at();
    #[expect(
        deprecated,
        reason = "the replacement is unsafe, for descriptors that may be closed or replaced while \
                  watched; a `Socket` owns its own and never gives it away"
    )]
    AsyncFd::with_interest(socket, interest).map_err(|source| NetError::Socket {
        what: "watch the socket",
        at,
        source,
    })
}

/// One read. Whatever goes wrong counts as "nothing there", which ends the readiness of the socket:
/// a lasting error would otherwise be retried without rest.
fn attempt(
    receiver: &mut Receiver,
    inward: &mut Inward,
    socket: &Socket,
    (most, arrived): (usize, &mut VecDeque<Sealed>),
) -> io::Result<Batch> {
    let result = match receiver.read(socket, most, arrived) {
        // An error of something sent earlier: what is to be read is behind it.
        Err(Errno::ECONNREFUSED) => {
            inward.errors = true;
            receiver.read(socket, most, arrived)
        }
        result => result,
    };
    result.map_err(|errno| {
        inward.received.failed += u64::from(errno != Errno::EAGAIN);
        io::Error::from(io::ErrorKind::WouldBlock)
    })
}

#[cfg(test)]
pub(crate) mod tests;
