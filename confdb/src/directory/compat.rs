//! The very bytes that CMAN's `confdb2ldif` wrote, for scripts that compare.
//!
//! Must never be what one loads: containers stand once for every sibling, nothing is escaped, and
//! a key that begins with an underscore gets a name that CMAN's own schema does not have.

use core::fmt::Write;

use crate::tree::{Handle, Tree};

/// Writes an object and all it holds below `base`, as CMAN did.
#[must_use]
pub fn original(tree: &Tree, object: Handle, base: &str) -> String {
    let mut text = String::new();
    entry(tree, object, &format!("name={},{base}", tree.name(object)), &mut text);
    text
}

/// Calls itself once per level, at most [`crate::tree::DEEPEST`] deep.
fn entry(tree: &Tree, object: Handle, dn: &str, text: &mut String) {
    let element = tree.name(object);
    let _ = writeln!(text, "\ndn: {dn}");
    for key in tree.keys(object) {
        let name = if key.name == "name" { key.name.clone() } else { mangled(&key.name) };
        let _ = writeln!(text, "{name}: {}", key.value);
    }
    if dn.starts_with("cn=") {
        let _ = writeln!(text, "cn: {element}");
    }
    let class = if tree.keys(object).is_empty() { "nsContainer" } else { &mangled(element) };
    let _ = writeln!(text, "objectclass: {class}");
    for child in tree.children(object) {
        let kind = tree.name(*child);
        let container = format!("cn={kind},{dn}");
        match tree.key(*child, "name") {
            None => entry(tree, *child, &container, text),
            Some(name) => {
                let _ = write!(text, "\ndn: {container}\ncn: {kind}\nobjectclass: nsContainer\n");
                entry(tree, *child, &format!("name={},{container}", name.value), text);
            }
        }
    }
}

/// The first character loses a bit, which makes a small letter a capital and leaves an underscore.
fn mangled(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().and_then(|c| u8::try_from(c).ok());
    let first = first.map(|byte| char::from(byte & 0x5f));
    let rest = characters.as_str().replace('_', "-");
    first.into_iter().fold(String::from("rhcs"), |text, c| text + c.encode_utf8(&mut [0; 4]))
        + &rest
}

#[cfg(test)]
mod tests;
