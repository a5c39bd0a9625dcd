//! Changes to the text of a cluster.conf that leave everything else of it as its author wrote it:
//! comments, blanks, the order of attributes.
//!
//! Must never write the text anew from the tree: an edit replaces one span of bytes. Must never
//! leave a text that reads as anything but the tree before, changed in that one place; an edit that
//! would is refused and changes nothing.
//!
//! An element that is added comes after its last sibling: on a line of its own where that has one,
//! else right before the end tag of its parent, as the original's tool puts it. One that is removed
//! takes its line with it where it has it for itself.

mod spans;
pub mod steps;

use core::fmt::Write;
use core::ops::Range;

use thiserror::Error;

use self::spans::Span;
use crate::dump::escape;
use crate::error::{Problem, Severity, TreeError};
use crate::load::text::is_xml_character;
use crate::load::xml::{self, is_xml_name};
use crate::tree::{Handle, Tree};

/// The bytes that may stand before the text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A text and what it says.
#[derive(Clone, Debug)]
pub struct Document {
    source: String,
    /// Whether the file began with a byte order mark.
    marked: bool,
    text: String,
    tree: Tree,
    /// Where each object of the tree stands, by its number.
    spans: Vec<Span>,
}

/// Why a text was not changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum EditError {
    /// The tree would not take it.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The text would no longer be read.
    #[error("{0}")]
    Unreadable(Problem),
}

/// An element to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    name: String,
    keys: Vec<(String, String)>,
    children: Vec<Self>,
}

impl Element {
    /// An element without attributes.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), keys: Vec::new(), children: Vec::new() }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn key(mut self, name: &str, value: &str) -> Self {
        self.keys.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one more child.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    /// Its markup in one line.
    fn markup(&self) -> Result<String, TreeError> {
        if !is_xml_name(&self.name) {
            return Err(TreeError::BadName(self.name.clone()));
        }
        let mut markup = format!("<{}", self.name);
        for (name, value) in &self.keys {
            write_key(name, value, &mut markup)?;
        }
        if self.children.is_empty() {
            markup.push_str("/>");
            return Ok(markup);
        }
        markup.push('>');
        for child in &self.children {
            markup.push_str(&child.markup()?);
        }
        // Writing into a string cannot fail.
        let _ = write!(markup, "</{}>", self.name);
        Ok(markup)
    }
}

fn write_key(name: &str, value: &str, out: &mut String) -> Result<(), TreeError> {
    if !is_xml_name(name) {
        return Err(TreeError::BadName(name.to_owned()));
    }
    let _ = write!(out, " {name}=\"{}\"", escaped(value)?);
    Ok(())
}

/// A value as it stands between double quotes.
///
/// # Errors
/// XML cannot carry it.
pub fn escaped(value: &str) -> Result<String, TreeError> {
    if !value.chars().all(is_xml_character) {
        let (path, text) = (crate::path::Path::root(), value.to_owned());
        return Err(TreeError::NotXml { path, text });
    }
    let mut text = String::new();
    value.chars().for_each(|c| escape(c, &mut text));
    Ok(text)
}

impl Document {
    /// Reads a text; `source` is what problems call it.
    ///
    /// # Errors
    /// All that keeps it from being read, warnings left out.
    pub fn parse(source: &str, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        let loaded = xml::load(source, bytes);
        let mut errors = loaded.problems;
        errors.retain(|problem| problem.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(errors);
        }
        // What was read without an error is text.
        let text = core::str::from_utf8(bytes).unwrap_or_default();
        let (marked, text) = match text.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (true, text),
            None => (false, text),
        };
        let spans = spans::find(text);
        let (source, text) = (source.to_owned(), text.to_owned());
        Ok(Self { source, marked, text, tree: loaded.tree, spans })
    }

    /// The text as it is now, all its bytes.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", if self.marked { BYTE_ORDER_MARK } else { "" }, self.text)
    }

    /// What it says. Its handles are good until the next edit.
    #[must_use]
    pub const fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Gives an attribute a value; a new one becomes the last of its element.
    ///
    /// # Errors
    /// XML cannot carry it, or there is no such object.
    pub fn set(&mut self, object: Handle, key: &str, value: &str) -> Result<(), EditError> {
        let span = self.span(object)?;
        let place = self.tree.keys(object).iter().position(|found| found.name == key);
        if let Some(value_span) = place.and_then(|place| span.values.get(place)) {
            let mut escaped = escaped(value)?;
            if self.text[..value_span.start].ends_with('\'') {
                escaped = escaped.replace('\'', "&apos;");
            }
            return self.replace(value_span.clone(), &escaped);
        }
        let end = span.values.last().map_or(span.name_end, |last| last.end + 1);
        let mut markup = String::new();
        write_key(key, value, &mut markup)?;
        self.replace(end..end, &markup)
    }

    /// Removes an attribute, with the blanks before it.
    ///
    /// # Errors
    /// There is no such object or attribute.
    pub fn unset(&mut self, object: Handle, key: &str) -> Result<(), EditError> {
        let span = self.span(object)?;
        let place = self.tree.keys(object).iter().position(|found| found.name == key);
        let Some((place, value)) = place.and_then(|at| Some((at, span.values.get(at)?))) else {
            let object = self.tree.path(object);
            return Err(TreeError::NoSuchKey { object, key: key.to_owned() }.into());
        };
        let before = place.checked_sub(1).and_then(|before| span.values.get(before));
        let start = before.map_or(span.name_end, |before| before.end + 1);
        self.replace(start..value.end + 1, "")
    }

    /// Adds an element after the last child of `parent`.
    ///
    /// # Errors
    /// XML or the tree cannot carry it, or there is no such object.
    pub fn append(&mut self, parent: Handle, element: &Element) -> Result<(), EditError> {
        let span = self.span(parent)?;
        let markup = element.markup()?;
        let Some(close) = &span.close else {
            let name = self.tree.name(parent);
            let tag = span.open.end - "/>".len();
            return self.replace(tag..span.open.end, &format!(">{markup}</{name}>"));
        };
        let last = self.tree.children(parent).last();
        let last = last.and_then(|last| self.span(*last).ok()).map(Span::whole);
        let Some((lines, last)) = last.and_then(|last| Some((self.own_lines(&last)?, last))) else {
            return self.replace(close.start..close.start, &markup);
        };
        let indent = &self.text[lines.start..last.start];
        let end = if self.text[..lines.end].ends_with("\r\n") { "\r\n" } else { "\n" };
        self.replace(lines.end..lines.end, &format!("{indent}{markup}{end}"))
    }

    /// Removes an element and all it holds.
    ///
    /// # Errors
    /// There is no such object, or it is the outermost element.
    pub fn remove(&mut self, object: Handle) -> Result<(), EditError> {
        let whole = self.span(object)?.whole();
        if self.tree.parent(object) == Some(Handle::ROOT) {
            return Err(TreeError::Root.into());
        }
        let lines = self.own_lines(&whole).unwrap_or(whole);
        self.replace(lines, "")
    }

    fn span(&self, object: Handle) -> Result<&Span, TreeError> {
        let number = usize::try_from(object.get()).ok().and_then(|number| number.checked_sub(1));
        let span = number.and_then(|number| self.spans.get(number));
        span.ok_or(TreeError::NoSuchObject(object.get()))
    }

    /// The lines that a span has for itself, their line end included.
    fn own_lines(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let is_blank = |c: char| c == ' ' || c == '\t';
        let before = self.text[..span.start].trim_end_matches(is_blank);
        let after = self.text[span.end..].trim_start_matches(is_blank);
        let rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'))?;
        before.ends_with('\n').then(|| before.len()..self.text.len() - rest.len())
    }

    /// Puts a piece of text in the place of another, if what comes out can be read.
    fn replace(&mut self, span: Range<usize>, with: &str) -> Result<(), EditError> {
        let mut text = self.text();
        let shift = text.len() - self.text.len();
        text.replace_range(span.start + shift..span.end + shift, with);
        match Self::parse(&self.source, text.as_bytes()) {
            Ok(edited) => *self = edited,
            Err(problems) => {
                let problem = problems.into_iter().next().expect("an error has its reason");
                return Err(EditError::Unreadable(problem));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
