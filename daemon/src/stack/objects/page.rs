//! Objects for a program, as many at a time as one reply takes.
//!
//! Must never give one twice, nor leave one out that stays: a program goes on after the last one it
//! knows.

use confdb::{Handle, Tree};

use super::{ObjectRefused, convert};
use crate::stack::map::Value;

/// Objects of one page.
pub(super) const PAGE_OBJECTS: usize = 512;
/// Bytes of one page, after which no other object is added.
const PAGE_BYTES: usize = 128 << 10;

/// An object for a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// It.
    pub object: Handle,
    /// What holds it; itself for the root.
    pub parent: Handle,
    /// Its name; empty for the root.
    pub name: String,
    /// Its keys in document order.
    pub keys: Vec<(String, Value)>,
}

/// Some objects in document order, parents before their children.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ObjectPage {
    /// The objects.
    pub objects: Vec<Object>,
    /// There are more after the last one.
    pub more: bool,
}

/// Objects from `object` on, after `after`.
pub(super) fn page(
    tree: &Tree,
    object: Handle,
    after: Option<Handle>,
) -> Result<ObjectPage, ObjectRefused> {
    if !tree.contains(object) {
        return Err(ObjectRefused::NoObject(object.get()));
    }
    let mut all = tree.walk(object).into_iter();
    if let Some(after) = after
        && !all.by_ref().any(|found| found == after)
    {
        return Err(ObjectRefused::NoObject(after.get()));
    }
    let mut page = ObjectPage::default();
    let mut bytes = 0;
    for object in all {
        if page.objects.len() >= PAGE_OBJECTS || bytes > PAGE_BYTES {
            page.more = true;
            break;
        }
        let keys = tree.keys(object).iter();
        bytes += tree.name(object).len();
        bytes += keys.clone().map(|key| key.name.len() + convert::size(&key.value)).sum::<usize>();
        page.objects.push(Object {
            object,
            parent: tree.parent(object).unwrap_or(object),
            name: tree.name(object).to_owned(),
            keys: keys.map(|key| (key.name.clone(), convert::for_program(&key.value))).collect(),
        });
    }
    Ok(page)
}
