//! Nothing reaches the ring but what a holder of the cluster key sent, unchanged, and once.
//!
//! Must never give out a byte that was not authenticated, nor use a nonce twice; and a stranger
//! must never make us remember anything: state is created by authenticated packets only.
//!
//! Every packet is sealed with AES-256-GCM. Its key belongs to one sender and one boot of it, so
//! that a plain counter is a nonce that never repeats, restarts included, without any storage. The
//! clear header is the associated data:
//!
//! | offset | bytes | field                                                            |
//! |-------:|------:|------------------------------------------------------------------|
//! |      0 |     2 | magic, `0x546d`                                                  |
//! |      2 |     1 | version of this layout, 1                                        |
//! |      3 |     1 | flags, 0; a key id when keys can change while the cluster runs   |
//! |      4 |     4 | cluster: tells a neighbour's packets apart before any arithmetic |
//! |      8 |     4 | node id of the sender                                            |
//! |     12 |     8 | boot epoch of the sender                                         |
//! |     20 |     8 | counter: grows by one with every packet of this boot             |
//! |     28 |     … | the packet, encrypted                                            |
//! |    end |    16 | tag                                                              |
//!
//! What a replay window cannot do: a node that has just started remembers no counters, so packets
//! recorded earlier pass until the sender's next packet moves the window. They are genuine packets
//! of an old ring, and the protocol drops those by ring id and sequence.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use core::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Tag};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::ids::NodeId;
use crate::planted;
use crate::planted::Plant;
use crate::wire;
use header::Header;
use replay::Window;

mod header;
mod replay;

/// Bytes that sealing adds to a packet: header and tag.
pub const OVERHEAD: usize = header::LEN + TAG;

/// Most senders an [`Opener`] remembers. Twice the members a ring can have, so that nodes which
/// were replaced under new ids do not lock anybody out.
pub const MOST_SENDERS: usize = 256;

const TAG: usize = 16;

/// The secret that all members share, in the form from which packet keys are derived.
#[derive(Clone)]
pub struct ClusterKey(Zeroizing<[u8; 32]>);

impl ClusterKey {
    /// A key from a secret of any length (HKDF extract, RFC 5869 §2.2); `None` for an empty one.
    /// The strength is that of the secret: a cluster name, as CMAN uses it, is no secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.is_empty() {
            return None;
        }
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(b"totem cluster key"), secret);
        let key = Self(Zeroizing::new(extracted.into()));
        extracted.as_mut_slice().zeroize();
        Some(key)
    }

    /// The cipher of one boot of one sender (HKDF expand, §2.3). The cluster takes part, so that
    /// clusters which share a secret do not share nonces.
    fn cipher(&self, cluster: u32, sender: NodeId, boot: u64) -> Aes256Gcm {
        let info: [&[u8]; 4] = [
            b"totem packet key",
            &cluster.to_be_bytes(),
            &sender.get().to_be_bytes(),
            &boot.to_be_bytes(),
        ];
        let mut key = aes_gcm::Key::<Aes256Gcm>::default();
        Hkdf::<Sha256>::from_prk(self.0.as_slice())
            .expect("the extracted key has the length of a hash")
            .expand_multi_info(&info, &mut key)
            .expect("one hash is not too much to ask for");
        let cipher = Aes256Gcm::new(&key);
        key.as_mut_slice().zeroize();
        cipher
    }
}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(hidden)")
    }
}

/// Seals the packets of this node.
#[derive(Debug)]
pub struct Sealer {
    cipher: Aes256Gcm,
    next: Header,
}

impl Sealer {
    /// A sealer for one boot of node `me`. Two sealers of the same cluster, node and boot would
    /// use the same nonces: `boot` must never have been used before.
    #[must_use]
    pub fn new(key: &ClusterKey, cluster: u32, me: NodeId, boot: u64) -> Self {
        let next = Header { cluster, sender: me.get(), boot, counter: 0 };
        Self { cipher: key.cipher(cluster, me, boot), next }
    }

    /// Appends the sealed form of `plain` to `out`: [`OVERHEAD`] bytes more than `plain` has.
    ///
    /// # Errors
    /// What cannot be sealed; `out` is unchanged then.
    pub fn seal(&mut self, plain: &[u8], out: &mut BytesMut) -> Result<(), Unsealable> {
        if plain.len() > wire::LARGEST_PACKET {
            return Err(Unsealable::TooLarge(plain.len()));
        }
        let after = self.next.counter.checked_add(1).ok_or(Unsealable::Exhausted)?;
        let header = self.next.encode();
        let nonce = self.next.nonce();
        let start = out.len() + header.len();
        out.reserve(OVERHEAD + plain.len());
        out.put_slice(&header);
        out.put_slice(plain);
        let body = out.get_mut(start..).expect("the header ends there");
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, &header, body.into())
            .expect("a packet is far smaller than what one nonce can encrypt");
        out.put_slice(&tag);
        self.next.counter = after;
        Ok(())
    }
}

/// Why a packet of our own could not be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum Unsealable {
    /// All counters of this boot are used. Only a restart gives new ones.
    #[error("this boot has sealed all the packets it can")]
    Exhausted,
    /// Larger than any packet ([`wire::LARGEST_PACKET`]); its length in bytes.
    #[error("packet of {0} bytes cannot be sealed")]
    TooLarge(usize),
}

/// A packet that was opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// Who sealed it.
    pub from: NodeId,
    /// In which of its boots.
    pub boot: u64,
    /// The plain packet, in the memory that the sealed one came in.
    pub bytes: Bytes,
}

/// Opens what others sealed.
#[derive(Debug)]
pub struct Opener {
    key: ClusterKey,
    cluster: u32,
    me: NodeId,
    boot: u64,
    senders: BTreeMap<NodeId, Box<Sender>>,
    refused: Refusals,
    plant: Plant,
}

/// The newest boot of a sender. A packet of it was authenticated.
#[derive(Debug)]
struct Sender {
    boot: u64,
    cipher: Aes256Gcm,
    window: Window,
}

impl Opener {
    /// An opener for the boot `boot` of node `me`.
    #[must_use]
    pub fn new(key: ClusterKey, cluster: u32, me: NodeId, boot: u64) -> Self {
        let (senders, refused) = (BTreeMap::new(), Refusals::default());
        Self { key, cluster, me, boot, senders, refused, plant: Plant::default() }
    }

    /// The same with a bug planted in it, for the proof that the simulator finds it. What ships
    /// has none to plant.
    #[must_use]
    pub fn with_planted(self, plant: Plant) -> Self {
        Self { plant, ..self }
    }

    /// Authenticates and decrypts `packet`, in place.
    ///
    /// # Errors
    /// Why it was refused; the refusal is counted, and nothing else remembers the packet.
    pub fn open(&mut self, packet: BytesMut) -> Result<Opened, SealError> {
        let opened = self.try_open(packet);
        if let Err(error) = &opened {
            self.refused.count(error);
        }
        opened
    }

    /// How many packets were refused, by kind.
    #[must_use]
    pub const fn refused(&self) -> &Refusals {
        &self.refused
    }

    /// Cheap checks first: what a stranger can send without the key costs us at most one
    /// derivation and one authentication, and never an entry.
    fn try_open(&mut self, mut packet: BytesMut) -> Result<Opened, SealError> {
        let header = Header::decode(&packet)?;
        if header.cluster != self.cluster {
            return Err(SealError::ForeignCluster(header.cluster));
        }
        let Some(from) = NodeId::new(header.sender) else {
            return Err(SealError::Forged { sender: header.sender });
        };
        if from == self.me {
            return Err(self.open_own_id(&header, &mut packet));
        }
        match self.senders.get_mut(&from) {
            Some(known) if header.boot < known.boot => {
                let (boot, newest) = (header.boot, known.boot);
                return Err(SealError::OldBoot { sender: from, boot, newest });
            }
            Some(known) if header.boot == known.boot => {
                let fresh = known.window.is_fresh(header.counter);
                if !(fresh || planted!(self.plant, ReplayWindowOff)) {
                    return Err(SealError::Replayed { sender: from, counter: header.counter });
                }
                decrypt(&known.cipher, &header, &mut packet)?;
                known.window.mark(header.counter);
            }
            Some(_) | None => {
                let cipher = self.key.cipher(self.cluster, from, header.boot);
                decrypt(&cipher, &header, &mut packet)?;
                self.remember(from, cipher, &header)?;
            }
        }
        packet.truncate(packet.len() - TAG);
        packet.advance(header::LEN);
        Ok(Opened { from, boot: header.boot, bytes: packet.freeze() })
    }

    /// Our own multicasts come back to us, and that is nothing to look at. The same id in another
    /// boot is news, so it must be authentic.
    fn open_own_id(&self, header: &Header, packet: &mut BytesMut) -> SealError {
        if header.boot == self.boot {
            return SealError::Looped;
        }
        let cipher = self.key.cipher(self.cluster, self.me, header.boot);
        match decrypt(&cipher, header, packet) {
            Ok(()) => SealError::DuplicateId { boot: header.boot },
            Err(forged) => forged,
        }
    }

    /// Starts a sender, or a sender's newer boot.
    fn remember(
        &mut self,
        from: NodeId,
        cipher: Aes256Gcm,
        header: &Header,
    ) -> Result<(), SealError> {
        let full = self.senders.len() >= MOST_SENDERS;
        let window = Window::starting_at(header.counter);
        let sender = Box::new(Sender { boot: header.boot, cipher, window });
        match self.senders.entry(from) {
            Entry::Occupied(mut older) => {
                older.insert(sender);
            }
            Entry::Vacant(_) if full => return Err(SealError::TooManySenders { sender: from }),
            Entry::Vacant(place) => {
                place.insert(sender);
            }
        }
        Ok(())
    }
}

/// Decrypts the body of `packet` where it lies. A forged packet stays as it came.
fn decrypt(cipher: &Aes256Gcm, header: &Header, packet: &mut [u8]) -> Result<(), SealError> {
    let forged = SealError::Forged { sender: header.sender };
    let (clear, sealed) = packet.split_at_mut_checked(header::LEN).ok_or(forged)?;
    let (body, tag) = sealed.split_last_chunk_mut::<TAG>().ok_or(forged)?;
    let tag = Tag::from(*tag);
    cipher
        .decrypt_inout_detached(&header.nonce(), clear, body.into(), &tag)
        .map_err(|aes_gcm::Error| forged)
}

/// Why a packet was not opened. The ring does not hear of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum SealError {
    /// Shorter than header and tag.
    #[error("truncated packet: {missing} bytes missing")]
    Truncated {
        /// How many bytes more were expected, at least.
        missing: usize,
    },
    /// Another protocol, or a version of this one that we do not speak.
    #[error("not a packet of ours: magic {magic:#06x}, version {version}, flags {flags:#04x}")]
    NotOurs {
        /// Its first two bytes.
        magic: u16,
        /// The version of its layout.
        version: u8,
        /// Its flags, unless the version is already unknown of no known meaning.
        flags: u8,
    },
    /// It names another cluster.
    #[error("packet of cluster {0}")]
    ForeignCluster(u32),
    /// It was not sealed with our key, or not by the boot of the node it names, or was changed.
    #[error("packet not authentic, claims to be of node {sender}")]
    Forged {
        /// The node it claims to come from.
        sender: u32,
    },
    /// Its counter was seen, or is too old to know. Found before authentication: a claim.
    #[error("packet {counter} of node {sender} again, or too old")]
    Replayed {
        /// The node it claims to come from.
        sender: NodeId,
        /// Its counter.
        counter: u64,
    },
    /// A newer boot of this sender was heard. Found before authentication: a claim.
    #[error("packet of boot {boot} of node {sender}, which has since started as {newest}")]
    OldBoot {
        /// The node it claims to come from.
        sender: NodeId,
        /// The boot it claims.
        boot: u64,
        /// The newest boot of that node.
        newest: u64,
    },
    /// Our own packet, as a multicast comes back.
    #[error("our own packet")]
    Looped,
    /// An authentic packet with our node id and another boot epoch. A higher one is a second node
    /// with our id; a lower one may also be a late packet of this node before its last restart.
    #[error("another node uses our id, in boot {boot}")]
    DuplicateId {
        /// The boot of the other.
        boot: u64,
    },
    /// An authentic packet of one sender more than we remember.
    #[error("node {sender} is one sender too many, {MOST_SENDERS} are known")]
    TooManySenders {
        /// The sender that was not let in.
        sender: NodeId,
    },
}

/// Packets refused since the start, by kind. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Refusals {
    /// [`SealError::Truncated`].
    pub truncated: u64,
    /// [`SealError::NotOurs`].
    pub not_ours: u64,
    /// [`SealError::ForeignCluster`].
    pub foreign_cluster: u64,
    /// [`SealError::Forged`].
    pub forged: u64,
    /// [`SealError::Replayed`].
    pub replayed: u64,
    /// [`SealError::OldBoot`].
    pub old_boot: u64,
    /// [`SealError::Looped`].
    pub looped: u64,
    /// [`SealError::DuplicateId`].
    pub duplicate_id: u64,
    /// [`SealError::TooManySenders`].
    pub too_many_senders: u64,
}

impl Refusals {
    fn count(&mut self, error: &SealError) {
        let counter = match error {
            SealError::Truncated { .. } => &mut self.truncated,
            SealError::NotOurs { .. } => &mut self.not_ours,
            SealError::ForeignCluster(_) => &mut self.foreign_cluster,
            SealError::Forged { .. } => &mut self.forged,
            SealError::Replayed { .. } => &mut self.replayed,
            SealError::OldBoot { .. } => &mut self.old_boot,
            SealError::Looped => &mut self.looped,
            SealError::DuplicateId { .. } => &mut self.duplicate_id,
            SealError::TooManySenders { .. } => &mut self.too_many_senders,
        };
        *counter = counter.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
