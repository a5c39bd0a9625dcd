//! The clear header of a sealed packet, byte for byte.
//!
//! Must never be believed before the packet is authenticated, except to refuse it.

use aes_gcm::Nonce;
use aes_gcm::aead::consts::U12;
use bytes::{Buf, BufMut};

use super::{KeyId, OVERHEAD, SealError};

/// Length of the header in bytes.
pub(super) const LEN: usize = 28;

const MAGIC: u16 = 0x546d;
const VERSION: u8 = 1;

/// The fields that differ from packet to packet. The sender may be zero here: it is a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Header {
    pub(super) key: KeyId,
    pub(super) cluster: u32,
    pub(super) sender: u32,
    pub(super) boot: u64,
    pub(super) counter: u64,
}

impl Header {
    pub(super) fn encode(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        let mut rest = bytes.as_mut_slice();
        rest.put_u16(MAGIC);
        rest.put_u8(VERSION);
        rest.put_u8(self.key.0);
        rest.put_u32(self.cluster);
        rest.put_u32(self.sender);
        rest.put_u64(self.boot);
        rest.put_u64(self.counter);
        bytes
    }

    /// Reads the header of a packet that has room for a tag behind it.
    pub(super) fn decode(mut packet: &[u8]) -> Result<Self, SealError> {
        if packet.len() < OVERHEAD {
            return Err(SealError::Truncated { missing: OVERHEAD - packet.len() });
        }
        let (magic, version, key) = (packet.get_u16(), packet.get_u8(), packet.get_u8());
        if (magic, version) != (MAGIC, VERSION) {
            return Err(SealError::NotOurs { magic, version });
        }
        Ok(Self {
            key: KeyId(key),
            cluster: packet.get_u32(),
            sender: packet.get_u32(),
            boot: packet.get_u64(),
            counter: packet.get_u64(),
        })
    }

    /// Unique for ever: the key is that of one boot, and in one boot the counter only grows.
    pub(super) fn nonce(&self) -> Nonce<U12> {
        let mut nonce = [0; 12];
        nonce.as_mut_slice()[4..].copy_from_slice(&self.counter.to_be_bytes());
        nonce.into()
    }
}
