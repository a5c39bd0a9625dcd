//! Sealing and opening with the same keys, and when to change from one to the other.
//!
//! Must never seal with a key that some node may not know. Every node learns the next key before
//! the first one seals with it, so whoever hears a packet sealed with the next key knows that the
//! change has been decided, and follows: a node that was away while the others were told still
//! finds back by itself.

use bytes::BytesMut;

use super::{
    ClusterKey, KeyChange, KeyError, Keyring, Opened, Opener, Refusals, SealError, Sealer,
    Unsealable,
};
use crate::ids::{NodeId, NodeSet};
use crate::planted::Plant;

/// Seals the packets of one boot of a node, and opens those of the others.
#[derive(Debug)]
pub struct Seal {
    sealer: Sealer,
    opener: Opener,
}

impl Seal {
    /// For this boot of node `me`, which must never have been used before.
    #[must_use]
    pub fn new(key: ClusterKey, cluster: u32, me: NodeId, boot: u64) -> Self {
        let sealer = Sealer::new(&key, cluster, me, boot);
        Self { sealer, opener: Opener::new(key, cluster, me, boot) }
    }

    /// The same with a bug planted in it; see [`Opener::with_planted`].
    #[must_use]
    pub fn with_planted(self, plant: Plant) -> Self {
        Self { opener: self.opener.with_planted(plant), ..self }
    }

    /// As [`Sealer::seal`].
    ///
    /// # Errors
    /// As there.
    pub fn seal(&mut self, plain: &[u8], out: &mut BytesMut) -> Result<(), Unsealable> {
        self.sealer.seal(plain, out)
    }

    /// As [`Opener::open`]. A packet sealed with the next key has this node seal with it too.
    ///
    /// # Errors
    /// As there.
    pub fn open(&mut self, packet: BytesMut) -> Result<Opened, SealError> {
        let opened = self.opener.open(packet)?;
        if self.opener.keys().next().is_some_and(|next| next.id() == opened.key) {
            self.activate();
        }
        Ok(opened)
    }

    /// The keys it holds.
    #[must_use]
    pub const fn keys(&self) -> &Keyring {
        self.opener.keys()
    }

    /// How many packets were refused, by kind.
    #[must_use]
    pub const fn refused(&self) -> &Refusals {
        self.opener.refused()
    }

    /// Understands this key too from now on.
    ///
    /// # Errors
    /// Why it cannot be the next key; nothing was changed then.
    pub fn learn(&mut self, next: ClusterKey) -> Result<(), KeyError> {
        self.opener.learn(next)
    }

    /// Seals with the next key from now on; `false` where none is known.
    pub fn activate(&mut self) -> bool {
        let Some(key) = self.opener.activate() else { return false };
        self.sealer.rekey(key);
        true
    }

    /// Goes by the keys that a configuration names: the one in use, and the next one.
    ///
    /// # Errors
    /// It would cut this node off, or others; nothing was changed then.
    pub fn follow(
        &mut self,
        current: &ClusterKey,
        next: Option<ClusterKey>,
    ) -> Result<(), KeyError> {
        match (self.keys().change(current, next.as_ref())?, next) {
            (KeyChange::Learn, Some(next)) => self.learn(next)?,
            (KeyChange::Unlearn, _) => self.unlearn(),
            (KeyChange::Activate, _) => drop(self.activate()),
            (KeyChange::Learn | KeyChange::Nothing, _) => {}
        }
        Ok(())
    }

    /// Forgets the next key again; an old one stays until it is retired.
    pub fn unlearn(&mut self) {
        if self.keys().next().is_some() {
            self.opener.forget();
        }
    }

    /// Forgets the old key if all `members` seal with the current one; `true` when it did.
    pub fn retire(&mut self, members: &NodeSet) -> bool {
        self.opener.retire(members)
    }
}
