//! A tree written back as XML, so that what a node runs with can be seen, kept and compared.
//!
//! Must never write what [`crate::load::xml`] would not read back as the very same objects and
//! keys: every value is escaped, and what XML cannot carry is refused by name. One tab per level,
//! attributes in the order of the keys, an element without children closed in its own tag.

use core::fmt::Write;

use crate::error::TreeError;
use crate::load::text::is_xml_character;
use crate::load::xml::is_xml_name;
use crate::tree::{Handle, Tree};

/// Writes an object and all it holds as an XML document. Values that are not texts are written
/// in their text form.
///
/// # Errors
/// No such object, the root, or a name or character that XML does not have.
pub fn to_xml(tree: &Tree, object: Handle) -> Result<String, TreeError> {
    if object == Handle::ROOT {
        return Err(TreeError::Root);
    }
    if !tree.contains(object) {
        return Err(TreeError::NoSuchObject(object.get()));
    }
    let mut text = String::from("<?xml version=\"1.0\"?>\n");
    element(tree, object, 0, &mut text)?;
    Ok(text)
}

/// Calls itself once per level, at most [`crate::tree::DEEPEST`] deep.
fn element(tree: &Tree, object: Handle, depth: usize, out: &mut String) -> Result<(), TreeError> {
    let not_xml = |path, text: &str| Err(TreeError::NotXml { path, text: text.to_owned() });
    let name = tree.name(object);
    if !is_xml_name(name) {
        return not_xml(tree.path(object), name);
    }
    let indent = "\t".repeat(depth);
    out.push_str(&indent);
    out.push('<');
    out.push_str(name);
    for key in tree.keys(object) {
        let value = key.value.to_string();
        if !is_xml_name(&key.name) || !value.chars().all(is_xml_character) {
            return not_xml(tree.path(object).join(&key.name, None), &value);
        }
        let _ = write!(out, " {}=\"", key.name);
        value.chars().for_each(|c| escape(c, out));
        out.push('"');
    }
    if tree.children(object).is_empty() {
        out.push_str("/>\n");
        return Ok(());
    }
    out.push_str(">\n");
    for child in tree.children(object) {
        element(tree, *child, depth + 1, out)?;
    }
    let _ = writeln!(out, "{indent}</{name}>");
    Ok(())
}

pub(crate) fn escape(c: char, out: &mut String) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        // A reader turns these into blanks unless they are written as numbers (XML 1.0 §3.3.3).
        '\t' | '\n' | '\r' => {
            let _ = write!(out, "&#{};", u32::from(c));
        }
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests;
