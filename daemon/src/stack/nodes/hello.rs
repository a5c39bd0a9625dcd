//! How a node introduces itself to a ring, and whether it belongs to this cluster.
//!
//! Must never admit on a doubt: a hello that cannot be read is no hello. The version of the
//! services' protocol stands before it, in the header of every message. Numbers are big-endian,
//! texts have their length in one byte before them, the vote counter's state in two:
//!
//! | bytes | content |
//! |---|---|
//! | 2 | cluster id |
//! | 8 | configuration version |
//! | 1 | flags: 1 has state, 2 never in company, 4 keeps nodes out |
//! | 8 + 4 | sequence and representative of the ring it comes from; both 0 for none |
//! | 1 + n | cluster name |
//! | 1 + n | node name |
//! | 2 + n | the vote counter's state |
//! | 1 | number of addresses, at most [`MOST_ADDRESSES`] |
//! | 5 or 17 each | address: 4 or 6, and the address |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use quorum::{Message, State};
use totem::{NodeId, RingId, RingSeq};

use super::super::effect::Conflict;
use super::super::service::{MessageError, Reader, put_long, put_text};
use super::disallowed::Flags;

/// Addresses that a hello can carry; one per ring network.
pub(crate) const MOST_ADDRESSES: usize = 8;

const WHAT: &str = "hello";

/// A node's introduction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hello {
    /// The cluster it wants to be in.
    pub(crate) cluster: Cluster,
    /// What decides whether it may be kept out.
    pub(crate) flags: Flags,
    /// The ring that it was on before this one.
    pub(crate) from: Option<RingId>,
    /// Its name.
    pub(crate) name: String,
    /// What its vote counter says.
    pub(crate) voting: State,
    /// Its addresses.
    pub(crate) addresses: Vec<IpAddr>,
}

/// What all members of a cluster have in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) id: u16,
    pub(crate) config_version: u64,
}

impl Cluster {
    /// Why a node of `theirs` is no member of this one; the first reason in the order in which
    /// CMAN looks for them. Versions of the configuration are another's to judge.
    pub(crate) fn conflict(&self, theirs: &Self) -> Option<Conflict> {
        if self.name != theirs.name {
            let (remote, local) = (theirs.name.clone(), self.name.clone());
            return Some(Conflict::Name { remote, local });
        }
        if self.id != theirs.id {
            return Some(Conflict::ClusterId { remote: theirs.id, local: self.id });
        }
        None
    }
}

impl Hello {
    /// Its bytes, to be sent as this node's state.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.cluster.id.to_be_bytes());
        bytes.extend(self.cluster.config_version.to_be_bytes());
        bytes.push(self.flags.to_byte());
        let (seq, representative) =
            self.from.map_or((0, 0), |ring| (ring.seq.get(), ring.representative.get()));
        bytes.extend(seq.to_be_bytes());
        bytes.extend(representative.to_be_bytes());
        put_text(&mut bytes, &self.cluster.name);
        put_text(&mut bytes, &self.name);
        put_long(&mut bytes, &Message::State(self.voting.clone()).encode());
        let addresses = &self.addresses[..self.addresses.len().min(MOST_ADDRESSES)];
        bytes.push(u8::try_from(addresses.len()).expect("MOST_ADDRESSES fits a byte"));
        for address in addresses {
            match address {
                IpAddr::V4(address) => {
                    bytes.push(4);
                    bytes.extend(address.octets());
                }
                IpAddr::V6(address) => {
                    bytes.push(6);
                    bytes.extend(address.octets());
                }
            }
        }
        bytes
    }

    /// The hello that has these bytes.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let mut reader = Reader::new(WHAT, bytes);
        let id = reader.u16()?;
        let config_version = reader.u64()?;
        let flags = reader.u8()?;
        let flags = Flags::from_byte(flags).ok_or_else(|| reader.bad("flags", flags))?;
        let (seq, representative) = (reader.u64()?, reader.u32()?);
        let from = match NodeId::new(representative) {
            Some(representative) => Some(RingId { seq: RingSeq::new(seq), representative }),
            None if seq == 0 => None,
            None => return Err(reader.bad("representative", representative)),
        };
        let cluster = Cluster { name: reader.text("cluster name")?, id, config_version };
        let name = reader.text("node name")?;
        let voting = match Message::decode(&reader.long()?)? {
            Message::State(state) => state,
            Message::Expected(_)
            | Message::Votes { .. }
            | Message::Standing(_)
            | Message::Device(_)
            | Message::Vouching { .. }
            | Message::DeviceVotes(_) => {
                return Err(MessageError::Missing { what: "state of the vote counter" });
            }
        };
        let count = reader.u8()?;
        if usize::from(count) > MOST_ADDRESSES {
            return Err(reader.bad("number of addresses", count));
        }
        let addresses = (0..count).map(|_| address(&mut reader)).collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self { cluster, flags, from, name, voting, addresses })
    }
}

fn address(reader: &mut Reader) -> Result<IpAddr, MessageError> {
    match reader.u8()? {
        4 => Ok(Ipv4Addr::from_bits(reader.u32()?).into()),
        6 => {
            let (high, low) = (reader.u64()?, reader.u64()?);
            Ok(Ipv6Addr::from_bits(u128::from(high) << 64 | u128::from(low)).into())
        }
        family => Err(reader.bad("address family", family)),
    }
}

#[cfg(test)]
mod tests;
