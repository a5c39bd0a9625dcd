//! How a configuration lies in an LDAP directory, so that it can be carried there and back and be
//! the same.
//!
//! Must never depend on the order in which a server answers, and must never write an entry that a
//! server with our schema refuses. The layout is that of CMAN's `confdb2ldif` and of its schema,
//! as far as that can hold a configuration:
//!
//! | object | entry |
//! |---|---|
//! | the cluster | `name=cluster,BASE` |
//! | `T` without a key `name` | `cn=T,PARENT` |
//! | `T` with the name `V` | `name=V,cn=T,PARENT`, behind one container `cn=T,PARENT` for all of them |
//! | key `foo_bar` | attribute `rhcsFoo-bar`; `name` stays as it is |
//!
//! A directory has no order. Where order means something, each sibling carries its place in
//! [`ORDER`]; where two siblings would have the same DN, the place is part of it
//! (`cn=ip+rhcsOrder=2`).

pub mod compat;
pub mod dn;
pub mod names;
pub mod schema;
pub mod write;

use self::dn::Dn;

/// The attribute with an object's place among its siblings, from one. Ours: CMAN's schema has none.
pub const ORDER: &str = "rhcsOrder";
/// Class of an entry that stands for an object without keys, or only holds others.
pub const CONTAINER: &str = "nsContainer";
/// What the RDN of the topmost entry says, whatever the cluster is called.
pub const TOP: &str = "cluster";

/// An entry of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its name.
    pub dn: Dn,
    /// Its attributes, one for each value.
    pub attributes: Vec<Attribute>,
    /// Where it was read, from 1; `None` when it has no lines.
    pub line: Option<u32>,
}

/// One value of an attribute.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Name of the attribute.
    pub name: String,
    /// The value.
    pub value: Vec<u8>,
}

impl Attribute {
    pub(crate) fn new(name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Whether the order of this object's children is left to the directory: their names tell them
/// apart, and nothing depends on which comes first. Everywhere else, fencing methods above all, it
/// is kept.
pub(crate) fn is_unordered(parent: &str) -> bool {
    matches!(parent, TOP | "clusternodes" | "fencedevices")
}
