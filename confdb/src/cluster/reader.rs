//! Typed look-ups in a tree that note what is wrong and go on with "not there".
//!
//! Must never let a bad value through, and never compute a path that nobody will read: a hostile
//! tree may hold tens of thousands of faults.

use core::ops::RangeInclusive;
use core::time::Duration;

use crate::error::{Fault, Problem, Problems, Severity, Spot};
use crate::path::Path;
use crate::tree::{Handle, Tree};

#[derive(Debug)]
pub(super) struct Reader<'t> {
    tree: &'t Tree,
    problems: Problems,
}

impl<'t> Reader<'t> {
    pub(super) fn new(tree: &'t Tree) -> Self {
        Self { tree, problems: Problems::new(tree.source()) }
    }

    pub(super) const fn tree(&self) -> &'t Tree {
        self.tree
    }

    pub(super) const fn has_errors(&self) -> bool {
        self.problems.has_errors()
    }

    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems.finish()
    }

    /// The one child of that name. CMAN reads the first of several, so does this; the others are
    /// reported, because their author thought they count.
    pub(super) fn section(&mut self, parent: Handle, name: &str) -> Option<Handle> {
        let sections: Vec<Handle> = self.tree.children_named(parent, name).collect();
        for extra in sections.iter().skip(1) {
            let what = format!("only the first {name} counts, this one is ignored");
            self.warning(Some(*extra), None, Fault::new(what));
        }
        sections.first().copied()
    }

    /// A value as text, blanks around it removed.
    pub(super) fn text(&self, section: Option<Handle>, key: &str) -> Option<String> {
        let value = &self.tree.key(section?, key)?.value;
        Some(value.to_string().trim().to_owned())
    }

    /// A whole number within a range.
    pub(super) fn number(
        &mut self,
        section: Option<Handle>,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        let text = self.text(section, key)?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let expected = format!("a number from {} to {}", range.start(), range.end());
            self.error(section, Some(key), Fault::value(&text, expected));
        }
        number
    }

    /// A time in milliseconds within a range.
    pub(super) fn millis(
        &mut self,
        section: Option<Handle>,
        key: &str,
        range: RangeInclusive<u32>,
    ) -> Option<Duration> {
        self.number(section, key, range).map(|millis| Duration::from_millis(u64::from(millis)))
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        section: Option<Handle>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(section, key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let expected = match words.split_last() {
                Some((last, [])) => (*last).to_owned(),
                Some((last, others)) => format!("{} or {last}", others.join(", ")),
                None => String::new(),
            };
            self.error(section, Some(key), Fault::value(&text, expected));
        }
        found
    }

    /// A text that must not be empty, such as the name of a file.
    pub(super) fn filled(&mut self, section: Option<Handle>, key: &str) -> Option<String> {
        let text = self.text(section, key)?;
        if text.is_empty() {
            self.error(section, Some(key), Fault::new("\"\" is empty"));
            return None;
        }
        Some(text)
    }

    pub(super) fn error(&mut self, object: Option<Handle>, key: Option<&str>, fault: Fault) {
        self.note(Severity::Error, (object, key), fault);
    }

    /// What a node takes and a validation does not.
    pub(super) fn violation(&mut self, object: Handle, key: Option<&str>, fault: Fault) {
        self.note(Severity::Schema, (Some(object), key), fault);
    }

    pub(super) fn warning(&mut self, object: Option<Handle>, key: Option<&str>, fault: Fault) {
        self.note(Severity::Warning, (object, key), fault);
    }

    fn note(&mut self, severity: Severity, at: (Option<Handle>, Option<&str>), fault: Fault) {
        let spot = if self.problems.has_room(severity) { self.spot(at) } else { Spot::default() };
        let source = at.0.and_then(|object| self.elsewhere(object, at.1));
        self.problems.note_from(source, severity, (spot, fault));
    }

    /// The source of an object or key, where it is not that of the tree.
    fn elsewhere(&self, object: Handle, key: Option<&str>) -> Option<String> {
        let key = key.filter(|key| self.tree.key(object, key).is_some());
        let source = self.tree.source_of(object, key);
        (source != self.tree.source()).then(|| source.to_owned())
    }

    fn spot(&self, (object, key): (Option<Handle>, Option<&str>)) -> Spot {
        let Some(object) = object else { return Spot::default() };
        let path: Path = self.tree.path(object);
        let Some(name) = key else {
            return Spot { place: self.tree.place(object), path: path.to_string() };
        };
        let place = self.tree.key(object, name).and_then(|key| key.place);
        Spot {
            place: place.or_else(|| self.tree.place(object)),
            path: path.join(name, None).to_string(),
        }
    }
}
