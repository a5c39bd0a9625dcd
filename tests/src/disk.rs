//! What a simulated machine keeps when its daemon dies: the ring sequence, the file of the
//! configuration, and what lies beside it.
//!
//! Must never lose what it confirmed, and never do what was not begun: a write under way at a crash
//! happened or not, and a text that was being written is there in part.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use confdb::replica::{Digest, Edition};
use totem::RingSeq;

use crate::rng::Rng;

/// A text of the configuration.
pub type Text = Arc<[u8]>;

/// Something that is being done to the texts.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Write {
    /// A text beside the one in use.
    Stage(u64, Text),
    /// That takes the name of the one in use.
    Activate(u64, Text),
}

/// One disk.
#[derive(Clone, Debug)]
pub struct Disk {
    seq: RingSeq,
    conf: Text,
    beside: BTreeMap<u64, Text>,
    storing: VecDeque<(u64, RingSeq)>,
    writing: VecDeque<(u64, Write)>,
    tickets: u64,
}

impl Disk {
    /// A disk with this text and nothing else.
    #[must_use]
    pub const fn new(conf: Text) -> Self {
        Self {
            seq: RingSeq::new(0),
            conf,
            beside: BTreeMap::new(),
            storing: VecDeque::new(),
            writing: VecDeque::new(),
            tickets: 0,
        }
    }

    /// The ring sequence that would survive a crash.
    #[must_use]
    pub const fn seq(&self) -> RingSeq {
        self.seq
    }

    /// The text that a start would read.
    #[must_use]
    pub const fn conf(&self) -> &Text {
        &self.conf
    }

    /// Puts another text there, as an administrator would while the daemon is down.
    pub fn set_conf(&mut self, text: Text) {
        self.conf = text;
    }

    /// What a start finds that was accepted and perhaps not decided; ascending.
    #[must_use]
    pub fn accepted(&self, running: u64) -> Vec<Edition> {
        let whole = |(version, text): (&u64, &Text)| {
            let read = confdb::load::configuration("beside", text).ok()?;
            let version = *version;
            (u64::from(read.cluster.config_version) == version && version > running)
                .then(|| Edition { version, digest: Digest::of(text) })
        };
        self.beside.iter().filter_map(whole).collect()
    }

    /// Begins to write a ring sequence; its ticket.
    pub fn store(&mut self, seq: RingSeq) -> u64 {
        self.tickets += 1;
        self.storing.push_back((self.tickets, seq));
        self.tickets
    }

    /// Begins to write a text beside the one in use; its ticket.
    pub fn stage(&mut self, version: u64, text: Text, rng: &mut Rng) -> u64 {
        let part = rng.size(0, text.len() - 1);
        self.beside.insert(version, Arc::from(&text[..part]));
        self.begin(Write::Stage(version, text))
    }

    /// Begins to put a text in the place of the one in use; its ticket.
    pub fn activate(&mut self, version: u64, text: Text) -> u64 {
        self.begin(Write::Activate(version, text))
    }

    /// Removes a text beside the one in use.
    pub fn unstage(&mut self, version: u64) {
        self.beside.remove(&version);
        self.writing.retain(|(_, write)| !matches!(write, Write::Stage(v, _) if *v == version));
    }

    /// A ring sequence is on stable storage, and with it all that were begun before it: what was
    /// stored, if it was not overtaken.
    pub fn stored(&mut self, ticket: u64) -> Option<RingSeq> {
        let mut stored = None;
        while self.storing.front().is_some_and(|&(first, _)| first <= ticket) {
            stored = self.storing.pop_front().map(|(_, seq)| seq);
        }
        self.seq = stored.unwrap_or(self.seq);
        stored
    }

    /// What was done to the texts under this ticket is on stable storage, and what was begun
    /// before it.
    pub fn written(&mut self, ticket: u64) {
        while self.writing.front().is_some_and(|&(first, _)| first <= ticket) {
            if let Some((_, write)) = self.writing.pop_front() {
                self.apply(write);
            }
        }
    }

    /// The machine crashes: what was being written is there, or not.
    pub fn crash(&mut self, written: bool) {
        let (storing, writing) =
            (core::mem::take(&mut self.storing), core::mem::take(&mut self.writing));
        if written {
            self.seq = storing.back().map_or(self.seq, |(_, seq)| *seq);
            writing.into_iter().for_each(|(_, write)| self.apply(write));
        }
    }

    fn begin(&mut self, write: Write) -> u64 {
        self.tickets += 1;
        self.writing.push_back((self.tickets, write));
        self.tickets
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Stage(version, text) => drop(self.beside.insert(version, text)),
            Write::Activate(version, text) => {
                // Whatever has that name takes the place.
                self.conf = self.beside.remove(&version).unwrap_or(text);
                self.beside.retain(|beside, _| *beside > version);
            }
        }
    }
}
