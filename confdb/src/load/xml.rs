//! cluster.conf as text: every element an object, every attribute a key, in document order.
//!
//! Must never follow a reference out of the text: document types and entities beyond the five
//! predefined ones are refused. Must never build more than a bounded tree, whatever the text.
//! Unknown elements and attributes are none of its business: they go into the tree.
//!
//! Goes on after most faults, so that one reading reports them all. A wrong end tag closes the
//! innermost element, as the parser that operators know does; after that the tree is marked as
//! not sound, because nobody knows where its author meant things to be.

use quick_xml::XmlVersion;
use quick_xml::errors::Error as XmlError;
use quick_xml::escape::EscapeError;
use quick_xml::events::attributes::{AttrError, Attribute};
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::reader::Reader;

use super::Loaded;
use super::text::{Cursor, decode, is_xml_character};
use crate::error::{Fault, Problems, Severity, Spot, TreeError, quoted};
use crate::tree::{Handle, Key, MOST_KEYS, Place, Tree};

/// Reads the text of a cluster.conf; `source` is what problems call it.
#[must_use]
pub fn load(source: &str, bytes: &[u8]) -> Loaded {
    let mut problems = Problems::new(source);
    let tree = Tree::new(source);
    let text = match decode(bytes) {
        Ok(text) => text,
        Err((place, fault)) => {
            problems.note(Severity::Error, Spot::at(place), fault);
            return Loaded { tree, problems: problems.finish(), sound: false };
        }
    };
    let mut loader = Loader {
        text,
        cursor: Cursor::default(),
        tree,
        problems,
        open: Vec::new(),
        sound: true,
        seen_root: false,
    };
    loader.run();
    Loaded { tree: loader.tree, problems: loader.problems.finish(), sound: loader.sound }
}

/// Whether XML takes `name` for an element or attribute; only such as a tree takes too.
#[must_use]
pub(crate) fn is_xml_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && crate::path::is_name(name)
}

/// An element that has not ended yet.
#[derive(Debug)]
struct Open {
    name: String,
    line: u32,
    /// Its object; `None` when the tree refused it, and all that it holds with it.
    object: Option<Handle>,
}

#[derive(Debug)]
struct Loader<'t> {
    text: &'t str,
    cursor: Cursor,
    tree: Tree,
    problems: Problems,
    open: Vec<Open>,
    sound: bool,
    seen_root: bool,
}

/// The tree is full, or the markup is broken: there is no going on.
struct Stop;

impl<'t> Loader<'t> {
    fn run(&mut self) {
        let mut reader = Reader::from_str(self.text);
        // End tags are matched here: one that is wrong is reported with the line of its start tag.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        loop {
            let before = reader.buffer_position();
            let event = reader.read_event();
            let offset = usize::try_from(before).unwrap_or(usize::MAX);
            let outcome = match event {
                Ok(Event::Eof) => {
                    let place = self.place(self.text.len());
                    return self.end_of_text(place);
                }
                Ok(event) => self.event(event, offset),
                Err(error) => {
                    let stuck = reader.buffer_position() == before;
                    self.broken_markup(offset, &error);
                    if stuck || matches!(error, XmlError::Syntax(_)) { Err(Stop) } else { Ok(()) }
                }
            };
            if let Err(Stop) = outcome {
                self.sound = false;
                return;
            }
        }
    }

    fn event(&mut self, event: Event<'t>, offset: usize) -> Result<(), Stop> {
        let place = self.place(offset);
        match event {
            Event::Start(tag) => self.start(&tag, place),
            Event::Empty(tag) => {
                self.start(&tag, place)?;
                self.open.pop();
                Ok(())
            }
            Event::End(tag) => {
                self.end(tag.name().into_inner(), place);
                Ok(())
            }
            Event::Text(text) => {
                let blanks = text.len() - text.trim_start().len();
                let place = self.place(offset + blanks);
                self.loose_text(place, &text)
            }
            Event::CData(text) => self.loose_text(place, &text),
            Event::GeneralRef(reference) => {
                let name = reference.into_inner();
                let known = matches!(&*name, "lt" | "gt" | "amp" | "apos" | "quot");
                if !known && !name.starts_with('#') {
                    self.error(place, unknown_entity(&name));
                }
                self.loose_text(place, "&")
            }
            Event::Decl(declaration) => {
                self.declaration(&declaration, offset, place);
                Ok(())
            }
            Event::DocType(_) => {
                self.error(place, Fault::new("a document type declaration is not allowed"));
                Ok(())
            }
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn start(&mut self, tag: &BytesStart<'t>, place: Place) -> Result<(), Stop> {
        let name = tag.name().into_inner();
        if self.open.is_empty() && self.seen_root {
            self.sound = false;
            self.error(place, extra_content(name));
        }
        self.seen_root = true;
        let parent = self.open.last().map_or(Some(Handle::ROOT), |open| open.object);
        let object = match parent {
            Some(parent) => self.create(parent, name, place)?,
            None => None,
        };
        self.open.push(Open { name: name.to_owned(), line: place.line, object });
        if let Some(object) = object { self.attributes(object, tag, place) } else { Ok(()) }
    }

    fn create(&mut self, parent: Handle, name: &str, place: Place) -> Result<Option<Handle>, Stop> {
        let created = if is_xml_name(name) {
            self.tree.create(parent, name)
        } else {
            Err(TreeError::BadName(name.to_owned()))
        };
        match created {
            Ok(object) => {
                self.tree.place_object(object, place);
                Ok(Some(object))
            }
            Err(refused) => {
                self.error(place, Fault::new(format!("element {refused}")));
                if matches!(refused, TreeError::Full { .. }) { Err(Stop) } else { Ok(None) }
            }
        }
    }

    fn attributes(
        &mut self,
        object: Handle,
        tag: &BytesStart<'t>,
        place: Place,
    ) -> Result<(), Stop> {
        for (count, attribute) in tag.attributes().enumerate() {
            // Faulty ones count too: to look for duplicates takes a square of their number.
            if count > MOST_KEYS {
                let name = quotable(tag.name().into_inner());
                let what = format!("{name} has more than {MOST_KEYS} attributes");
                self.error(place, Fault::new(what));
                return Err(Stop);
            }
            match attribute {
                Ok(attribute) => self.attribute(object, &attribute, place)?,
                Err(error) => self.error(place, attribute_fault(tag, &error)),
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        object: Handle,
        attribute: &Attribute<'_>,
        element: Place,
    ) -> Result<(), Stop> {
        let name = attribute.key.into_inner();
        let place = self.offset_of(name).map_or(element, |offset| self.place(offset));
        if attribute.value.contains('<') {
            let name = quotable(name);
            let what = format!("value {} of {name} contains '<'", quoted(&attribute.value));
            self.error(place, Fault::new(what).expected("&lt;"));
            return Ok(());
        }
        let value = match attribute.normalized_value(XmlVersion::Explicit1_0) {
            Ok(value) => value,
            Err(error) => {
                self.error(place, value_fault(name, &attribute.value, &error));
                return Ok(());
            }
        };
        if let Some(c) = value.chars().find(|c| !is_xml_character(*c)) {
            let what = format!("character {} is not allowed in XML", c.escape_unicode());
            self.error(place, Fault::new(what));
            return Ok(());
        }
        let value = value.into_owned().into();
        let placed = if is_xml_name(name) {
            self.tree.place_key(object, Key { name: name.to_owned(), value, place: Some(place) })
        } else {
            Err(TreeError::BadName(name.to_owned()))
        };
        let Err(refused) = placed else { return Ok(()) };
        self.error(place, Fault::new(format!("attribute {refused}")));
        if matches!(refused, TreeError::Full { .. }) { Err(Stop) } else { Ok(()) }
    }

    fn end(&mut self, name: &str, place: Place) {
        let Some(open) = self.open.pop() else {
            self.sound = false;
            return self.error(place, extra_content(name));
        };
        if open.name != name {
            self.sound = false;
            let Open { name: start, line, .. } = open;
            let (start, name) = (quotable(&start), quotable(name));
            let what = format!("Opening and ending tag mismatch: {start} line {line} and {name}");
            self.error(place, Fault::new(what).expected(format!("</{start}>")));
        }
    }

    /// Text between elements carries no meaning; it is reported, because its author thought so.
    fn loose_text(&mut self, place: Place, text: &str) -> Result<(), Stop> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let Some(open) = self.open.last() else {
            let fault = if self.seen_root {
                extra_content(text)
            } else {
                Fault::new(format!("Start tag expected, '<' not found: {}", quoted(text)))
            };
            self.error(place, fault);
            return Err(Stop);
        };
        let what = format!("text {} in {} is ignored", quoted(text), quotable(&open.name));
        self.problems.note(Severity::Warning, Spot::at(place), Fault::new(what));
        Ok(())
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>, offset: usize, place: Place) {
        if offset > 0 {
            self.error(place, Fault::new("the XML declaration must stand at the very start"));
        }
        match declaration.version().as_deref() {
            Ok("1.0") => {}
            Ok(version) => self.error(place, Fault::value(version, "XML version 1.0")),
            Err(error) => self.error(place, Fault::new(error.to_string())),
        }
        match declaration.encoding() {
            None => {}
            Some(Ok(encoding)) => {
                let known = ["utf-8", "utf8", "us-ascii", "ascii"];
                if !known.iter().any(|known| encoding.eq_ignore_ascii_case(known)) {
                    let what = format!("encoding {} is not read", quoted(&encoding));
                    self.error(place, Fault::new(what).expected("UTF-8"));
                }
            }
            Some(Err(error)) => self.error(place, Fault::new(error.to_string())),
        }
    }

    fn end_of_text(&mut self, place: Place) {
        if let Some(open) = self.open.last() {
            self.sound = false;
            let what =
                format!("Premature end of data in tag {} line {}", quotable(&open.name), open.line);
            self.error(place, Fault::new(what));
        } else if !self.seen_root {
            self.sound = false;
            self.error(place, Fault::new("Document is empty"));
        }
    }

    fn broken_markup(&mut self, offset: usize, error: &XmlError) {
        let place = self.place(offset);
        let rest = self.text.get(offset..).unwrap_or_default();
        // No more than is quoted: a line may be as long as the text and hold as many faults.
        let start: String = rest.chars().take(65).take_while(|c| *c != '\n').collect();
        let what = format!("{error}, at {}", quoted(&start));
        self.error(place, Fault::new(what));
    }

    fn error(&mut self, place: Place, fault: Fault) {
        self.problems.note(Severity::Error, Spot::at(place), fault);
    }

    fn place(&mut self, offset: usize) -> Place {
        self.cursor.advance(self.text, offset)
    }

    /// Where `part` begins, when it is a part of the text and not a copy.
    fn offset_of(&self, part: &str) -> Option<usize> {
        let offset = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (offset < self.text.len()).then_some(offset)
    }
}

fn extra_content(content: &str) -> Fault {
    Fault::new(format!("Extra content at the end of the document: {}", quoted(content)))
}

fn unknown_entity(name: &str) -> Fault {
    Fault::new(format!("Entity '{}' not defined", quotable(name)))
        .expected("&lt; &gt; &amp; &apos; &quot; or a character number")
}

/// A name as it is, unless it is hostile.
fn quotable(name: &str) -> String {
    if is_xml_name(name) { name.to_owned() } else { quoted(name) }
}

fn attribute_fault(tag: &BytesStart<'_>, error: &AttrError) -> Fault {
    let (offset, what) = match error {
        AttrError::ExpectedEq(offset) => (*offset, "has no value"),
        AttrError::ExpectedValue(offset) => (*offset, "has no value after '='"),
        AttrError::UnquotedValue(offset) => (*offset, "is not quoted"),
        AttrError::ExpectedQuote(offset, _) => (*offset, "has no closing quote"),
        AttrError::Duplicated(offset, _) => (*offset, "is there twice"),
    };
    let element = quotable(tag.name().into_inner());
    let word = |text: &str| text.split(['=', ' ', '\t', '\n', '\r']).next().map(str::to_owned);
    match error {
        AttrError::Duplicated(..) => {
            let key = tag.get(offset..).and_then(word).unwrap_or_default();
            Fault::new(format!("attribute {} of {element} {what}", quotable(&key)))
        }
        AttrError::ExpectedEq(_)
        | AttrError::ExpectedValue(_)
        | AttrError::UnquotedValue(_)
        | AttrError::ExpectedQuote(..) => {
            let before = tag.get(..offset).unwrap_or_default().trim_end_matches(['=', ' ']);
            let start = before.rfind(char::is_whitespace).map_or(0, |space| space + 1);
            let key = tag.get(start..).and_then(word).unwrap_or_default();
            Fault::new(format!("attribute {} of {element} {what}", quotable(&key)))
                .expected("name=\"value\"")
        }
    }
}

fn value_fault(name: &str, raw: &str, error: &XmlError) -> Fault {
    let (name, raw) = (quotable(name), quoted(raw));
    if let XmlError::Escape(EscapeError::UnrecognizedEntity(_, entity)) = error {
        unknown_entity(entity)
    } else if let XmlError::Escape(EscapeError::UnterminatedEntity(_)) = error {
        Fault::new(format!("value {raw} of {name} has an '&' without ';'")).expected("&amp;")
    } else {
        Fault::new(format!("value {raw} of {name}: {error}"))
    }
}

#[cfg(test)]
mod tests;
