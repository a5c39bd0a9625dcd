//! Where packets are sealed and opened in those worlds that have strangers in them.
//!
//! Must never let a forgery pass unnoticed: the world knows which parcels are genuine, so a parcel
//! that opens and is not is a breach, and so is one that opens twice.

use std::collections::{BTreeSet, VecDeque};

use bytes::{Bytes, BytesMut};
use totem::seal::{ClusterKey, Opened, Seal, Sealer};
use totem::{NodeId, NodeSet, Plant};

use crate::figures::Figures;
use crate::plan::Tamper;
use crate::rng::Rng;

const CLUSTER: u32 = 0x0000_b5b4;
const REMEMBERED: usize = 64;

/// The keys that a node's configuration names, by their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Keys {
    /// The one in use.
    pub current: u32,
    /// The one that follows.
    pub next: Option<u32>,
}

/// A step of changing the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyStep {
    /// The next key is known: one higher than the one in use.
    Learn,
    /// It is in use.
    Use,
    /// The one before is forgotten, once no member uses it.
    Retire,
}

impl KeyStep {
    /// All steps, by the names that scenarios use.
    pub const ALL: [(&'static str, Self); 3] =
        [("learn", Self::Learn), ("use", Self::Use), ("retire", Self::Retire)];
}

impl Keys {
    /// What a configuration that takes this step names.
    pub const fn step(&mut self, step: KeyStep) {
        match step {
            KeyStep::Learn => self.next = Some(self.current + 1),
            KeyStep::Use => {
                if let Some(next) = self.next.take() {
                    self.current = next;
                }
            }
            KeyStep::Retire => {}
        }
    }
}

fn key(number: u32) -> ClusterKey {
    let mut secret = b"the cluster's own secret".to_vec();
    secret.extend(number.to_be_bytes());
    ClusterKey::new(&secret).expect("it is not empty")
}

/// Sealer and opener of one process.
#[derive(Debug)]
pub struct Airlock {
    seal: Seal,
    accepted: BTreeSet<Vec<u8>>,
}

impl Airlock {
    /// For this boot of this node, with these keys and this bug.
    #[must_use]
    pub fn new(me: NodeId, boot: u64, keys: Keys, plant: Plant) -> Self {
        let seal = Seal::new(key(keys.current), CLUSTER, me, boot).with_planted(plant);
        let mut airlock = Self { seal, accepted: BTreeSet::new() };
        if let Some(next) = keys.next {
            airlock.seal.learn(key(next)).expect("the keys of a world differ");
        }
        airlock
    }

    /// A step of changing the key, while these are the members; did it do anything?
    pub fn step(&mut self, step: KeyStep, keys: Keys, members: &NodeSet) -> bool {
        match (step, keys.next) {
            (KeyStep::Learn, Some(next)) => self.seal.learn(key(next)).is_ok(),
            (KeyStep::Learn, None) => false,
            (KeyStep::Use, _) => self.seal.activate(),
            (KeyStep::Retire, _) => self.seal.retire(members),
        }
    }

    /// Seals a packet of this process.
    pub fn seal(&mut self, plain: &[u8]) -> Bytes {
        let mut sealed = BytesMut::new();
        self.seal.seal(plain, &mut sealed).expect("rings keep to the packet limit");
        sealed.freeze()
    }

    /// Opens what came, if it can be opened.
    ///
    /// # Errors
    /// What should never have been opened.
    pub fn open(&mut self, parcel: &Parcel) -> Result<Option<Opened>, &'static str> {
        let Ok(opened) = self.seal.open(BytesMut::from(parcel.bytes.as_ref())) else {
            return Ok(None);
        };
        if !parcel.genuine {
            return Err("a packet that no member sealed was opened");
        }
        // Sender, boot and counter stand before the content (`totem::seal`).
        let name = parcel.bytes.get(8..28).unwrap_or_default();
        if !self.accepted.insert(name.to_vec()) {
            return Err("a packet was opened twice");
        }
        Ok(Some(opened))
    }
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// Index of the sender.
    pub from: usize,
    /// What travels: sealed, where packets are sealed.
    pub bytes: Bytes,
    /// It is what the sender sent.
    pub genuine: bool,
}

/// The stranger.
#[derive(Debug)]
pub struct Meddler {
    dials: Tamper,
    foreigner: Sealer,
    stranger: Sealer,
    seen: VecDeque<Parcel>,
    rng: Rng,
}

impl Meddler {
    /// One who meddles this much.
    #[must_use]
    pub fn new(dials: Tamper, rng: Rng) -> Self {
        let id = NodeId::new(1).expect("it is not zero");
        let other = ClusterKey::new(b"another secret").expect("it is not empty");
        Self {
            dials,
            foreigner: Sealer::new(&key(0), CLUSTER + 1, id, 1),
            stranger: Sealer::new(&other, CLUSTER, id, 1 << 40),
            seen: VecDeque::new(),
            rng,
        }
    }

    /// Forgets what was recorded: a packet of a node that is dead can fool one that restarted and
    /// never heard it (see the head of `totem::seal`); a healed world is spared that.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// What becomes of one copy of a parcel, and what comes along with it. A network that is
    /// `healing` damages nothing; recorded and foreign packets come all the same.
    pub fn meddle(
        &mut self,
        parcel: Parcel,
        healing: bool,
        figures: &mut Figures,
    ) -> (Parcel, Option<Parcel>) {
        if self.seen.len() == REMEMBERED {
            self.seen.pop_front();
        }
        self.seen.push_back(parcel.clone());
        let extra = self.extra(&parcel, figures);
        let flip = self.rng.chance(self.dials.flip);
        let truncate = self.rng.chance(self.dials.truncate);
        if healing || !flip && !truncate || parcel.bytes.is_empty() {
            return (parcel, extra);
        }
        let mut bytes = BytesMut::from(parcel.bytes.as_ref());
        if flip {
            figures.count("packet with a flipped bit");
            let at = self.rng.size(0, bytes.len() - 1);
            bytes[at] ^= 1 << self.rng.size(0, 7);
        }
        if truncate {
            figures.count("packet truncated");
            bytes.truncate(self.rng.size(0, bytes.len() - 1));
        }
        (Parcel { from: parcel.from, bytes: bytes.freeze(), genuine: false }, extra)
    }

    fn extra(&mut self, parcel: &Parcel, figures: &mut Figures) -> Option<Parcel> {
        if self.rng.chance(self.dials.replay) {
            figures.count("packet replayed");
            let old = self.rng.size(0, self.seen.len() - 1);
            return self.seen.get(old).cloned();
        }
        if !self.rng.chance(self.dials.foreign) {
            return None;
        }
        figures.count("foreign packet");
        let mut bytes = BytesMut::new();
        let plain = vec![2; self.rng.size(0, 200)];
        match self.rng.size(0, 2) {
            0 => bytes.extend_from_slice(&plain),
            1 => self.foreigner.seal(&plain, &mut bytes).expect("it is small"),
            _ => {
                self.stranger.seal(&plain, &mut bytes).expect("it is small");
                // It claims to be sealed with the key that is in use.
                bytes[3] = parcel.bytes.get(3).copied().unwrap_or_default();
            }
        }
        Some(Parcel { from: parcel.from, bytes: bytes.freeze(), genuine: false })
    }
}
