//! What the ports of nodes tell each other, and its bytes.
//!
//! Must never be trusted for more than it says: a decoded message has every field in range, and
//! whether it is acted on is decided by whoever decodes it. Numbers are big-endian:
//!
//! | kind | content |
//! |---|---|
//! | 1 open | 32 bytes: bit `n % 8` of byte `n / 8` says that somebody listens on port `n` |
//! | 2 data | to `u32`, 0 for all; from port `u8`; to port `u8`, not 0; the rest is the program's |
//! | 3 arrive | nodes `u32`, 0 for all; name of a barrier: length `u8`, 1 to 32 bytes |
//! | 4 withdraw | name |
//!
//! After a membership change each tells all of its own: the 32 bytes, a `u8` that counts, and so
//! many barriers at which it has arrived, each as in *arrive*.

use bytes::Bytes;
use totem::NodeId;

use super::super::service::{MessageError, Reader, Service, put_short};
use super::barriers::MOST;

/// Longest name of a barrier, bytes; CMAN's.
pub(crate) const LONGEST_NAME: usize = 32;

const OPEN: u8 = 1;
const DATA: u8 = 2;
const ARRIVE: u8 = 3;
const WITHDRAW: u8 = 4;

/// Bytes of a set of ports.
const BITS: usize = 32;

/// Ports on which somebody listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct PortSet([u8; BITS]);

impl PortSet {
    /// Puts a port in, or takes it out.
    pub(crate) fn set(&mut self, port: u8, open: bool) {
        let (byte, bit) = place(port);
        if open {
            self.0[byte] |= bit;
        } else {
            self.0[byte] &= !bit;
        }
    }

    /// Is this one in it?
    pub(crate) fn contains(&self, port: u8) -> bool {
        let (byte, bit) = place(port);
        self.0[byte] & bit != 0
    }
}

impl FromIterator<u8> for PortSet {
    fn from_iter<I: IntoIterator<Item = u8>>(ports: I) -> Self {
        let mut set = Self::default();
        ports.into_iter().for_each(|port| set.set(port, true));
        set
    }
}

/// The byte of a port, and its bit in it.
fn place(port: u8) -> (usize, u8) {
    (usize::from(port / 8), 1 << (port % 8))
}

/// A name of a barrier: 1 to [`LONGEST_NAME`] bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Name(Bytes);

impl Name {
    /// `None` when it is empty or too long.
    pub(crate) fn new(bytes: Bytes) -> Option<Self> {
        (1..=LONGEST_NAME).contains(&bytes.len()).then_some(Self(bytes))
    }
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    /// Programs of the sender listen on these ports, and on no others.
    Open(PortSet),
    /// Something for who listens on a port.
    Data {
        /// At this node; at all, the sender included, without one.
        to: Option<NodeId>,
        /// The port on which its sender listens; 0 when it does on none.
        from_port: u8,
        /// The port; not 0.
        port: u8,
        /// Its content.
        payload: Bytes,
    },
    /// The sender has arrived at a barrier.
    Arrive(Arrival),
    /// It has not, after all.
    Withdraw(Name),
}

/// A barrier at which somebody has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    /// Its name.
    pub(crate) name: Name,
    /// How many nodes must arrive; 0 for all members.
    pub(crate) nodes: u32,
}

impl Message {
    /// Its bytes, the service's header before them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut message = Service::Ports.message(1 + BITS);
        match self {
            Self::Open(PortSet(bits)) => {
                message.push(OPEN);
                message.extend(bits);
            }
            Self::Data { to, from_port, port, payload } => {
                message.reserve(payload.len());
                message.push(DATA);
                message.extend(to.map_or(0, NodeId::get).to_be_bytes());
                message.extend([*from_port, *port]);
                message.extend_from_slice(payload);
            }
            Self::Arrive(arrival) => {
                message.push(ARRIVE);
                put_arrival(&mut message, arrival);
            }
            Self::Withdraw(Name(name)) => {
                message.push(WITHDRAW);
                put_short(&mut message, name);
            }
        }
        message
    }

    /// The message that has these bytes, without the header.
    pub(crate) fn decode(body: Bytes) -> Result<Self, MessageError> {
        let mut reader = Reader::new("port message", body);
        let message = match reader.u8()? {
            OPEN => Self::Open(ports(&mut reader)?),
            DATA => {
                let to = NodeId::new(reader.u32()?);
                let (from_port, port) = (reader.u8()?, reader.u8()?);
                if port == 0 {
                    return Err(reader.bad("port", port));
                }
                return Ok(Self::Data { to, from_port, port, payload: reader.rest() });
            }
            ARRIVE => Self::Arrive(arrival(&mut reader)?),
            WITHDRAW => Self::Withdraw(name(&mut reader)?),
            unknown => return Err(reader.bad("kind", unknown)),
        };
        reader.end()?;
        Ok(message)
    }
}

/// All that a node tells of its own after a membership change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Own {
    /// On which ports its programs listen.
    pub(crate) open: PortSet,
    /// Where it has arrived; at most [`MOST`].
    pub(crate) arrived: Vec<Arrival>,
}

impl Own {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.open.0.to_vec();
        let arrived = self.arrived.get(..MOST).unwrap_or(&self.arrived);
        bytes.push(u8::try_from(arrived.len()).unwrap_or(u8::MAX));
        arrived.iter().for_each(|arrival| put_arrival(&mut bytes, arrival));
        bytes
    }

    pub(crate) fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let mut reader = Reader::new("state of ports", bytes);
        let open = ports(&mut reader)?;
        let count = reader.u8()?;
        if usize::from(count) > MOST {
            return Err(reader.bad("number of barriers", count));
        }
        let arrived = (0..count).map(|_| arrival(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { open, arrived })
    }
}

fn put_arrival(bytes: &mut Vec<u8>, Arrival { name: Name(name), nodes }: &Arrival) {
    bytes.extend(nodes.to_be_bytes());
    put_short(bytes, name);
}

fn ports(reader: &mut Reader) -> Result<PortSet, MessageError> {
    let mut bits = [0; BITS];
    bits.copy_from_slice(&reader.bytes(BITS)?);
    Ok(PortSet(bits))
}

fn arrival(reader: &mut Reader) -> Result<Arrival, MessageError> {
    let nodes = reader.u32()?;
    Ok(Arrival { name: name(reader)?, nodes })
}

fn name(reader: &mut Reader) -> Result<Name, MessageError> {
    let bytes = reader.short()?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    Name::new(bytes).ok_or_else(|| reader.bad("length of a barrier's name", size))
}

#[cfg(test)]
mod tests;
