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
//! |      3 |     1 | number of the key, which follows from the key                    |
//! |      4 |     4 | cluster: tells a neighbour's packets apart before any arithmetic |
//! |      8 |     4 | node id of the sender                                            |
//! |     12 |     8 | boot epoch of the sender                                         |
//! |     20 |     8 | counter: grows by one with every packet of this boot             |
//! |     28 |     … | the packet, encrypted                                            |
//! |    end |    16 | tag                                                              |
//!
//! A cluster changes its key while it runs ([`Keyring`]). The counter goes on over such a change:
//! one window per sender does for both keys, and going back to a key repeats no nonce.
//!
//! What a replay window cannot do: a node that has just started remembers no counters, so packets
//! recorded earlier pass until the sender's next packet moves the window. They are genuine packets
//! of an old ring, and the protocol drops those by ring id and sequence.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::vec::Vec;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Tag};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;

use crate::ids::{NodeId, NodeSet};
use crate::planted;
use crate::planted::Plant;
use crate::wire;
use header::Header;
use replay::Window;

pub use both::Seal;
pub use keys::{ClusterKey, KeyChange, KeyError, KeyId, Keyring};
pub use refusal::{Refusals, SealError};

mod both;
mod header;
mod keys;
mod refusal;
mod replay;

/// Bytes that sealing adds to a packet: header and tag.
pub const OVERHEAD: usize = header::LEN + TAG;

/// Most senders an [`Opener`] remembers. Twice the members a ring can have, so that nodes which
/// were replaced under new ids do not lock anybody out.
pub const MOST_SENDERS: usize = 256;

const TAG: usize = 16;

/// Seals the packets of this node.
#[derive(Debug)]
pub struct Sealer {
    cipher: Aes256Gcm,
    next: Header,
    me: NodeId,
}

impl Sealer {
    /// A sealer for one boot of node `me`. Two sealers of the same cluster, node and boot would
    /// use the same nonces: `boot` must never have been used before.
    #[must_use]
    pub fn new(key: &ClusterKey, cluster: u32, me: NodeId, boot: u64) -> Self {
        let next = Header { key: key.id(), cluster, sender: me.get(), boot, counter: 0 };
        Self { cipher: key.cipher(cluster, me, boot), next, me }
    }

    /// Seals with this key from now on. The counter goes on.
    pub fn rekey(&mut self, key: &ClusterKey) {
        self.cipher = key.cipher(self.next.cluster, self.me, self.next.boot);
        self.next.key = key.id();
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
    /// With which key.
    pub key: KeyId,
    /// The plain packet, in the memory that the sealed one came in.
    pub bytes: Bytes,
}

/// Opens what others sealed.
#[derive(Debug)]
pub struct Opener {
    keys: Keyring,
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
    /// One for each key that it was heard with.
    ciphers: Vec<(KeyId, Aes256Gcm)>,
    window: Window,
    /// The counter of its newest packet, and the key of that.
    newest: (u64, KeyId),
}

impl Opener {
    /// An opener for the boot `boot` of node `me`.
    #[must_use]
    pub fn new(key: ClusterKey, cluster: u32, me: NodeId, boot: u64) -> Self {
        let (senders, refused) = (BTreeMap::new(), Refusals::default());
        let keys = Keyring::new(key);
        Self { keys, cluster, me, boot, senders, refused, plant: Plant::default() }
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

    /// The keys it holds.
    #[must_use]
    pub const fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// Understands this key too from now on.
    ///
    /// # Errors
    /// Why it cannot be the next key; nothing was changed then.
    pub fn learn(&mut self, next: ClusterKey) -> Result<(), KeyError> {
        self.keys.learn(next)?;
        self.drop_ciphers();
        Ok(())
    }

    /// This node seals with the next key from now on; the key to do it with, or `None` where no
    /// next one is known. Packets sealed with the old one are understood until
    /// [`Opener::forget`].
    pub fn activate(&mut self) -> Option<&ClusterKey> {
        self.keys.activate().then(|| self.keys.current())
    }

    /// Forgets the key that is not sealed with, be it the next or the old one.
    pub fn forget(&mut self) {
        self.keys.forget();
        self.drop_ciphers();
    }

    /// Forgets the old key if all `members` seal with the current one; `true` when it did.
    pub fn retire(&mut self, members: &NodeSet) -> bool {
        let switched = |node: &NodeId| {
            let newest = self.senders.get(node).map(|sender| sender.newest.1);
            *node == self.me || newest == Some(self.keys.current().id())
        };
        let over = self.keys.old().is_some() && members.iter().all(switched);
        if over {
            self.forget();
        }
        over
    }

    /// Forgets the ciphers of keys that are not held any more, or were replaced by others of their
    /// number.
    fn drop_ciphers(&mut self) {
        let current = self.keys.current().id();
        for sender in self.senders.values_mut() {
            sender.ciphers.retain(|(key, _)| *key == current);
        }
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
        let unknown = SealError::UnknownKey { sender: header.sender, key: header.key };
        let key = self.keys.find(header.key).ok_or(unknown)?;
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
                known.decrypt(&header, &mut packet, || {
                    key.cipher(self.cluster, from, header.boot)
                })?;
            }
            Some(_) | None => {
                let cipher = key.cipher(self.cluster, from, header.boot);
                decrypt(&cipher, &header, &mut packet)?;
                self.remember(from, cipher, &header)?;
            }
        }
        packet.truncate(packet.len() - TAG);
        packet.advance(header::LEN);
        Ok(Opened { from, boot: header.boot, key: header.key, bytes: packet.freeze() })
    }

    /// Our own multicasts come back to us, and that is nothing to look at. The same id in another
    /// boot is news, so it must be authentic.
    fn open_own_id(&self, header: &Header, packet: &mut BytesMut) -> SealError {
        if header.boot == self.boot {
            return SealError::Looped;
        }
        let Some(key) = self.keys.find(header.key) else {
            return SealError::UnknownKey { sender: header.sender, key: header.key };
        };
        let cipher = key.cipher(self.cluster, self.me, header.boot);
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
        let (ciphers, newest) = ([(header.key, cipher)].into(), (header.counter, header.key));
        let sender = Box::new(Sender { boot: header.boot, ciphers, window, newest });
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

impl Sender {
    /// Decrypts a packet of this boot and notes it. The cipher of a key is kept once a packet
    /// sealed with it was authentic.
    fn decrypt(
        &mut self,
        header: &Header,
        packet: &mut [u8],
        derive: impl FnOnce() -> Aes256Gcm,
    ) -> Result<(), SealError> {
        match self.ciphers.iter().find(|(key, _)| *key == header.key) {
            Some((_, cipher)) => decrypt(cipher, header, packet)?,
            None => {
                let cipher = derive();
                decrypt(&cipher, header, packet)?;
                self.ciphers.push((header.key, cipher));
            }
        }
        self.window.mark(header.counter);
        if header.counter >= self.newest.0 {
            self.newest = (header.counter, header.key);
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

#[cfg(test)]
mod tests;
