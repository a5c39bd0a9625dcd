//! Where the elements of a text stand.
//!
//! Must never count differently from [`crate::load::xml`]: the `n`th span is that of the `n`th
//! object. Only texts that were read without an error come here.

use core::ops::Range;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Where an element stands, in bytes of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Span {
    /// Its start tag.
    pub(super) open: Range<usize>,
    /// Where its name ends.
    pub(super) name_end: usize,
    /// Its end tag; `None` where the start tag is one.
    pub(super) close: Option<Range<usize>>,
    /// The values of its attributes, without quotes, in their order.
    pub(super) values: Vec<Range<usize>>,
}

impl Span {
    /// From the first byte to the last.
    pub(super) fn whole(&self) -> Range<usize> {
        self.open.start..self.close.as_ref().map_or(self.open.end, |close| close.end)
    }
}

/// All elements in the order of their start tags.
pub(super) fn find(text: &str) -> Vec<Span> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    let mut spans: Vec<Span> = Vec::new();
    let mut open = Vec::new();
    loop {
        let start = position(&reader);
        let Ok(event) = reader.read_event() else { return spans };
        let place = start..position(&reader);
        match event {
            Event::Start(tag) => {
                open.push(spans.len());
                spans.push(span(text, place, &tag));
            }
            Event::Empty(tag) => spans.push(span(text, place, &tag)),
            Event::End(_) => {
                if let Some(span) = open.pop().and_then(|number| spans.get_mut(number)) {
                    span.close = Some(place);
                }
            }
            Event::Eof => return spans,
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn span(text: &str, open: Range<usize>, tag: &BytesStart<'_>) -> Span {
    let values = tag.attributes().flatten().filter_map(|attribute| {
        let start = attribute.value.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        Some(start..start + attribute.value.len())
    });
    let name_end = open.start + "<".len() + tag.name().into_inner().len();
    Span { name_end, close: None, values: values.collect(), open }
}
