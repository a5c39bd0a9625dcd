//! Versions of the configuration: one number, one text; nobody goes by what a member refused; a
//! disk holds an old text or a new one, never a part; and what an administrator was told is in
//! force is not lost.
//!
//! Must never trust a node's word for what it holds: texts are compared whole.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Group;
use super::history::{History, Seen, What};
use super::{Breach, Finding};
use crate::conf;
use crate::disk::Text;

/// The property, by its name in reports.
pub const NAME: &str = "versions of the configuration";

/// What happened to a text, or to who goes by one.
#[derive(Clone, Debug)]
pub enum Event {
    /// An administrator wrote it; no node did anything.
    Wrote(Text),
    /// The node cannot go by it.
    Refuses(Text),
    /// The node goes by it from now on; first at its start.
    GoesBy(Text),
    /// The node's disk holds it.
    OnDisk(Text),
    /// The node's administrator was told that all go by it.
    Told(Text),
    /// The node's daemon ended.
    Ended,
}

/// What was written, refused and gone by.
#[derive(Clone, Debug)]
pub struct Versions {
    written: BTreeSet<Text>,
    refused: BTreeMap<Text, usize>,
    /// The text of each version that some node went by because all had agreed to it.
    agreed: BTreeMap<u64, Text>,
    /// What each running node goes by.
    by: Vec<Option<(u64, Text)>>,
    /// What an administrator was told is in force, and where.
    told: Vec<(u64, usize)>,
}

impl Versions {
    /// Nothing happened yet to so many nodes.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self {
            written: BTreeSet::new(),
            refused: BTreeMap::new(),
            agreed: BTreeMap::new(),
            by: vec![None; nodes],
            told: Vec::new(),
        }
    }

    /// Some node goes by this text, or did.
    #[must_use]
    pub fn is_in_force(&self, text: &[u8]) -> bool {
        self.agreed.values().any(|agreed| **agreed == *text)
    }

    /// The version that a running node goes by.
    #[must_use]
    pub fn of(&self, node: usize) -> Option<u64> {
        self.by[node].as_ref().map(|(version, _)| *version)
    }

    /// Nobody ever wrote another text than the one that all started with.
    #[must_use]
    pub fn is_the_only_one(&self) -> bool {
        self.written.is_empty()
    }

    /// Judges one event, then remembers it.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, node: usize, event: Event) -> Finding {
        match event {
            Event::Wrote(text) => drop(self.written.insert(text)),
            Event::Refuses(text) => drop(self.refused.insert(text, node)),
            Event::GoesBy(text) => return self.goes_by(node, &text),
            Event::OnDisk(text) => return self.on_disk(node, &text),
            Event::Told(text) => self.told.push((conf::version(&text), node)),
            Event::Ended => self.by[node] = None,
        }
        Ok(())
    }

    /// Whoever is announced as a member at the first barrier of a ring goes by the same text as who
    /// announces it: nobody can have changed since he said what he goes by, and still be there.
    ///
    /// # Errors
    /// The breach.
    pub fn judge_members(&self, history: &History, seen: &Seen<'_>) -> Finding {
        let What::Synced(view) = &seen.what else { return Ok(()) };
        let node = seen.node;
        let last = history.processes[node].view;
        if last.is_some_and(|last| last.ring == view.ring) {
            return Ok(());
        }
        let there =
            |other: &usize| history.place(*other).is_some_and(|place| place.ring == view.ring);
        let other = view.members.iter().filter(there).find(|it| self.by[*it] != self.by[node]);
        let Some(other) = other else { return Ok(()) };
        let [one, two] = [node, other].map(|it| self.by[it].as_ref().map_or(0, |held| held.0));
        let detail = format!("a member goes by version {two}, who counts it goes by {one}");
        Err(Breach::about([node, other], detail))
    }

    fn goes_by(&mut self, node: usize, text: &Text) -> Finding {
        let version = conf::version(text);
        let Some((before, _)) = self.by[node].replace((version, text.clone())) else {
            // It reads this at its start: whether others hold another text of that version is
            // what they find out.
            return Ok(());
        };
        if version <= before {
            let detail = format!("goes from version {before} to {version}");
            return Err(Breach::about([node], detail));
        }
        if let Some(by) = self.refused.get(text) {
            let detail = format!("goes by version {version}, which was refused");
            return Err(Breach::about([node, *by], detail));
        }
        let known = self.agreed.entry(version).or_insert_with(|| text.clone());
        if known != text {
            return Err(Breach::about(
                [node],
                format!("goes by another text of version {version}"),
            ));
        }
        Ok(())
    }

    fn on_disk(&self, node: usize, text: &Text) -> Finding {
        if self.written.contains(text) || self.started_with(text) {
            return Ok(());
        }
        let shown = String::from_utf8_lossy(text);
        Err(Breach::about([node], format!("its disk holds what nobody wrote: {shown:?}")))
    }

    /// The text that all disks hold at the beginning was written before anybody looked.
    fn started_with(&self, text: &[u8]) -> bool {
        confdb::load::configuration("disk", text).is_ok_and(|read| read.cluster.config_version == 1)
    }

    /// What living nodes still lack: one version, and none that was told and lost.
    #[must_use]
    pub fn missing(&self, alive: Group) -> Option<(Vec<usize>, String)> {
        let held = |node: usize| self.by[node].as_ref();
        let first = alive.iter().next()?;
        if let Some(other) = alive.iter().find(|node| held(*node) != held(first)) {
            let [one, two] = [first, other].map(|node| held(node).map_or(0, |held| held.0));
            return Some((vec![first, other], format!("one goes by version {one}, one by {two}")));
        }
        let version = held(first).map_or(0, |held| held.0);
        let told = self.told.iter().filter(|(_, node)| alive.iter().any(|alive| alive == *node));
        let lost = told.clone().find(|(told, _)| *told > version);
        lost.map(|(told, node)| {
            (vec![*node], format!("version {told} was in force, all go by {version}"))
        })
    }
}
