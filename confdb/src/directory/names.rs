//! What confdb calls a key or an element, and what the directory's schema calls it.
//!
//! Must never turn two names into one: a key that does not come back as itself cannot be written,
//! and is refused. The directory knows no underscores and no case, so `foo_bar` becomes
//! `rhcsFoo-bar`, and the few names with capitals are looked up in the
//! schema.

use super::schema;

/// The attribute for a key; `None` when the directory cannot hold it and give it back.
#[must_use]
pub fn attribute(key: &str) -> Option<String> {
    let name = if key == "name" { key.to_owned() } else { prefixed(key)? };
    (self::key(&name).as_deref() == Some(key)).then_some(name)
}

/// The key of an attribute; `None` for one that is no key: `cn`, `objectClass`, the order, and
/// what servers add.
#[must_use]
pub fn key(attribute: &str) -> Option<String> {
    if attribute.eq_ignore_ascii_case("name") {
        return Some("name".to_owned());
    }
    let (prefix, rest) = attribute.split_at_checked(4)?;
    if !prefix.eq_ignore_ascii_case("rhcs") || attribute.eq_ignore_ascii_case(super::ORDER) {
        return None;
    }
    let rest = rest.replace('-', "_");
    if let Some(known) = schema::keys().find(|known| known.eq_ignore_ascii_case(&rest)) {
        return Some(known.to_owned());
    }
    let mut characters = rest.chars();
    let first = characters.next()?.to_ascii_lowercase();
    Some(core::iter::once(first).chain(characters).collect())
}

/// The class of an element's entry, and whether the schema that comes with this has it.
#[must_use]
pub fn class(element: &str) -> (String, bool) {
    let name = prefixed(element).unwrap_or_else(|| format!("rhcs{element}"));
    (name, schema::knows(element, None))
}

fn prefixed(name: &str) -> Option<String> {
    let mut characters = name.chars();
    let first = characters.next()?.to_ascii_uppercase();
    let name: String = core::iter::once(first).chain(characters).collect();
    let name = name.replace('_', "-");
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    name.chars().all(fits).then(|| format!("rhcs{name}"))
}

#[cfg(test)]
mod tests;
