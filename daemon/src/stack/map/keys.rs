//! The keys of one map, each with its value and whose it is.
//!
//! Must never grow without bound: programs may add so many keys of so many bytes and no more. What
//! the configuration and the daemon show of themselves is bounded by what they are.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{KeyRefused, Owner, Value};

/// Most keys that programs may add.
pub const MOST_KEYS: usize = 16 << 10;
/// Longest value that a program may set, bytes.
pub const LONGEST_VALUE: usize = 64 << 10;
/// Most bytes of names and values of programs' keys.
pub const MOST_BYTES: usize = 16 << 20;

/// Keys of one page.
pub(super) const PAGE_KEYS: usize = 512;
/// Bytes of the names and values of one page, after which no other key is added.
const PAGE_BYTES: usize = 128 << 10;

/// Some keys of a map, by ascending name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Page {
    /// The keys.
    pub entries: Vec<(String, Value)>,
    /// There are more.
    pub more: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    value: Value,
    /// `None` for one of the programs'.
    owner: Option<Owner>,
}

/// A key that changed: the value before, and from now on.
pub(super) type Change = (String, Option<Value>, Option<Value>);

/// The keys of one map.
#[derive(Debug, Default)]
pub(super) struct Keys {
    entries: BTreeMap<String, Entry>,
    /// How many of them are programs', and how many bytes these take.
    programs: (usize, usize),
}

impl Keys {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.entries.get(name).map(|entry| &entry.value)
    }

    /// Keys whose names begin with `prefix`, after `after`.
    pub(super) fn page(&self, prefix: &str, after: &str) -> Page {
        let from = if after < prefix { Bound::Included(prefix) } else { Bound::Excluded(after) };
        let from = if after.is_empty() { Bound::Included(prefix) } else { from };
        let range = self.entries.range::<str, _>((from, Bound::Unbounded));
        let mut page = Page::default();
        let mut bytes = 0;
        for (name, entry) in range.take_while(|(name, _)| name.starts_with(prefix)) {
            if page.entries.len() >= PAGE_KEYS || bytes > PAGE_BYTES {
                page.more = true;
                break;
            }
            bytes += name.len() + entry.value.size();
            page.entries.push((name.clone(), entry.value.clone()));
        }
        page
    }

    /// All that begins so.
    pub(super) fn under(&self, prefix: &str) -> impl Iterator<Item = (&str, &Value)> {
        let range = self.entries.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        let under = range.take_while(move |(name, _)| name.starts_with(prefix));
        under.map(|(name, entry)| (name.as_str(), &entry.value))
    }

    /// Gives a key a value, whosesoever it is; an owner keeps it.
    pub(super) fn set(&mut self, name: &str, value: Value) -> Result<Option<Change>, KeyRefused> {
        if value.size() > LONGEST_VALUE {
            return Err(KeyRefused::TooLong { key: name.to_owned(), size: value.size() });
        }
        if let Some(Entry { value: old, owner: Some(_) }) = self.entries.get_mut(name) {
            let before = std::mem::replace(old, value.clone());
            let changed = before != value;
            return Ok(changed.then(|| (name.to_owned(), Some(before), Some(value))));
        }
        let (count, bytes) = self.programs;
        let old = self.entries.get(name).map(|entry| entry.value.clone());
        let (new, freed) = old.as_ref().map_or((1, 0), |old| (0, name.len() + old.size()));
        let programs = (count + new, bytes - freed + name.len() + value.size());
        if programs.0 > MOST_KEYS || programs.1 > MOST_BYTES {
            return Err(KeyRefused::Full);
        }
        if old.as_ref() == Some(&value) {
            return Ok(None);
        }
        self.programs = programs;
        let entry = Entry { value: value.clone(), owner: None };
        self.entries.insert(name.to_owned(), entry);
        Ok(Some((name.to_owned(), old, Some(value))))
    }

    /// Removes a key.
    pub(super) fn delete(&mut self, name: &str) -> Option<Change> {
        let Entry { value, owner } = self.entries.remove(name)?;
        if owner.is_none() {
            let (count, bytes) = self.programs;
            self.programs = (count - 1, bytes - name.len() - value.size());
        }
        Some((name.to_owned(), Some(value), None))
    }

    /// These are all the keys of `owner` now.
    pub(super) fn replace(
        &mut self,
        owner: Owner,
        new: impl IntoIterator<Item = (String, Value)>,
    ) -> Vec<Change> {
        let new: BTreeMap<String, Value> = new.into_iter().collect();
        let stale = |(name, entry): &(&String, &Entry)| {
            entry.owner == Some(owner) && !new.contains_key(*name)
        };
        let stale = self.entries.iter().filter(stale).map(|(name, _)| name.clone());
        let stale: Vec<String> = stale.collect();
        let mut changes: Vec<Change> = stale.iter().filter_map(|name| self.delete(name)).collect();
        for (name, value) in new {
            let old = if self.entries.get(&name).is_some_and(|entry| entry.owner.is_none()) {
                self.delete(&name).and_then(|(_, old, _)| old)
            } else {
                self.entries.get(&name).map(|entry| entry.value.clone())
            };
            let entry = Entry { value: value.clone(), owner: Some(owner) };
            self.entries.insert(name.clone(), entry);
            if old.as_ref() != Some(&value) {
                changes.push((name, old, Some(value)));
            }
        }
        changes
    }

    #[cfg(test)]
    pub(super) fn check(&self) {
        let programs = self.entries.iter().filter(|(_, entry)| entry.owner.is_none());
        let bytes = programs.clone().map(|(name, entry)| name.len() + entry.value.size());
        assert_eq!(self.programs, (programs.count(), bytes.sum()));
    }
}
