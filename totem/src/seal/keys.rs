//! The secrets of a cluster: one in use, and for a while a second one.
//!
//! A key that can only be changed by stopping the cluster is never changed. Must never show a
//! secret, and must never hold two keys that packets could not tell apart: a packet names its key,
//! so that a hostile one costs one attempt, not one for each key.

use core::fmt;

use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

use crate::ids::NodeId;

/// The secret that all members share, in the form from which packet keys are derived.
#[derive(Clone)]
pub struct ClusterKey {
    secret: Zeroizing<[u8; 32]>,
    id: KeyId,
}

/// The number by which packets name their key. It follows from the key, so that all nodes call it
/// the same, and tells two of 256 apart, no more: two keys of a [`Keyring`] must differ in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct KeyId(pub(super) u8);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl ClusterKey {
    /// A key from a secret of any length (HKDF extract, RFC 5869 §2.2); `None` for an empty one.
    /// The strength is that of the secret: a cluster name, as CMAN uses it, is no secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.is_empty() {
            return None;
        }
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(b"totem cluster key"), secret);
        let secret = Zeroizing::new(extracted.into());
        extracted.as_mut_slice().zeroize();
        let mut id = [0];
        expand(&secret, &[b"totem key id"], &mut id);
        Some(Self { secret, id: KeyId(id[0]) })
    }

    /// The number by which packets name it.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// A number that stands for it where nodes compare what they have, for one use (HKDF expand):
    /// it tells nothing of the key, and nothing that could be recognized at another use.
    #[must_use]
    pub fn mark(&self, cluster: u32, of: u64) -> u64 {
        let mut mark = [0; 8];
        let info: [&[u8]; 3] = [b"totem key mark", &cluster.to_be_bytes(), &of.to_be_bytes()];
        expand(&self.secret, &info, &mut mark);
        u64::from_be_bytes(mark)
    }

    /// The cipher of one boot of one sender (HKDF expand, §2.3). The cluster takes part, so that
    /// clusters which share a secret do not share nonces.
    pub(super) fn cipher(&self, cluster: u32, sender: NodeId, boot: u64) -> Aes256Gcm {
        let info: [&[u8]; 4] = [
            b"totem packet key",
            &cluster.to_be_bytes(),
            &sender.get().to_be_bytes(),
            &boot.to_be_bytes(),
        ];
        let mut key = aes_gcm::Key::<Aes256Gcm>::default();
        expand(&self.secret, &info, &mut key);
        let cipher = Aes256Gcm::new(&key);
        key.as_mut_slice().zeroize();
        cipher
    }
}

/// Two are the same if their secrets are.
impl PartialEq for ClusterKey {
    fn eq(&self, other: &Self) -> bool {
        *self.secret == *other.secret
    }
}

impl Eq for ClusterKey {}

impl fmt::Debug for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClusterKey(hidden)")
    }
}

/// HKDF expand (RFC 5869, §2.3), of no more than a hash.
fn expand(secret: &[u8; 32], info: &[&[u8]], out: &mut [u8]) {
    Hkdf::<Sha256>::from_prk(secret)
        .expect("the extracted key has the length of a hash")
        .expand_multi_info(info, out)
        .expect("one hash is not too much to ask for");
}

/// The keys that a node holds: the one it seals with, and at most one more. While a cluster
/// changes its key every node first learns the next one, then seals with it, and forgets the old
/// one when all others do so too; at no moment is there a node that another cannot understand.
#[derive(Clone, Debug)]
pub struct Keyring {
    current: ClusterKey,
    second: Option<(Role, ClusterKey)>,
}

/// What the other key is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    /// It will be sealed with.
    Next,
    /// Others may still seal with it.
    Old,
}

/// Why a key cannot be the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum KeyError {
    /// The same secret as the one in use.
    #[error("it is the key in use")]
    InUse,
    /// Packets could not say which of the two they mean.
    #[error("its number {0} is that of the key in use, by chance; make another key")]
    SameId(KeyId),
    /// The change before this one is not over.
    #[error("some nodes may still seal with the key before the one in use; try again in a moment")]
    Changing,
    /// A key that was not known as the next one cannot be used.
    #[error("it is neither the key in use nor the next one; name it as the next one first")]
    Unknown,
}

/// What has to be done to go by the keys that a configuration names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyChange {
    /// Nothing, be it that this node has gone ahead.
    Nothing,
    /// Understand the next key too.
    Learn,
    /// Give the next key up.
    Unlearn,
    /// Seal with the key that was next.
    Activate,
}

impl Keyring {
    /// One key, and no other.
    #[must_use]
    pub const fn new(current: ClusterKey) -> Self {
        Self { current, second: None }
    }

    /// The key to seal with.
    #[must_use]
    pub const fn current(&self) -> &ClusterKey {
        &self.current
    }

    /// The key that `activate` would seal with.
    #[must_use]
    pub const fn next(&self) -> Option<&ClusterKey> {
        match &self.second {
            Some((Role::Next, key)) => Some(key),
            Some((Role::Old, _)) | None => None,
        }
    }

    /// The key that was sealed with before, if it is not forgotten yet.
    #[must_use]
    pub const fn old(&self) -> Option<&ClusterKey> {
        match &self.second {
            Some((Role::Old, key)) => Some(key),
            Some((Role::Next, _)) | None => None,
        }
    }

    /// Whether this key could be the next one.
    ///
    /// # Errors
    /// Why not.
    pub fn accepts(&self, next: &ClusterKey) -> Result<(), KeyError> {
        if *next == self.current {
            return Err(KeyError::InUse);
        }
        if next.id == self.current.id {
            return Err(KeyError::SameId(next.id));
        }
        if self.old().is_some_and(|old| old != next) { Err(KeyError::Changing) } else { Ok(()) }
    }

    /// What has to be done where a configuration names this key as the one in use, and this one as
    /// the next.
    ///
    /// # Errors
    /// It would cut this node off, or others.
    pub fn change(
        &self,
        current: &ClusterKey,
        next: Option<&ClusterKey>,
    ) -> Result<KeyChange, KeyError> {
        if *current == self.current {
            return match next {
                None if self.next().is_some() => Ok(KeyChange::Unlearn),
                None => Ok(KeyChange::Nothing),
                Some(next) if self.next() == Some(next) => Ok(KeyChange::Nothing),
                Some(next) => self.accepts(next).map(|()| KeyChange::Learn),
            };
        }
        if self.next() == Some(current) {
            return if next.is_some() { Err(KeyError::Changing) } else { Ok(KeyChange::Activate) };
        }
        // It heard others seal with the next key, and followed.
        let ahead = self.old() == Some(current) && next == Some(&self.current);
        if ahead { Ok(KeyChange::Nothing) } else { Err(KeyError::Unknown) }
    }

    /// Understands this key too from now on. It takes the place of another next one; the old one
    /// can be the next again.
    ///
    /// # Errors
    /// As [`Keyring::accepts`]; nothing was changed then.
    pub(super) fn learn(&mut self, next: ClusterKey) -> Result<(), KeyError> {
        self.accepts(&next)?;
        self.second = Some((Role::Next, next));
        Ok(())
    }

    /// The next key is the one to seal with from now on; `false` when there is none.
    pub(super) fn activate(&mut self) -> bool {
        match self.second.take() {
            Some((Role::Next, next)) => {
                let old = core::mem::replace(&mut self.current, next);
                self.second = Some((Role::Old, old));
                true
            }
            other => {
                self.second = other;
                false
            }
        }
    }

    /// Forgets all but the current key.
    pub(super) fn forget(&mut self) {
        self.second = None;
    }

    /// The key of this number.
    pub(super) fn find(&self, id: KeyId) -> Option<&ClusterKey> {
        let second = self.second.iter().map(|(_, key)| key);
        core::iter::once(&self.current).chain(second).find(|key| key.id == id)
    }
}
