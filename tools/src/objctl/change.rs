//! Creating, writing and deleting objects and keys by path.
//!
//! Must never do half of one thing when the first part is impossible: the daemon refuses by name,
//! and what is refused ends the command.

use client::confdb::{self, Found};
use client::{Connection, Value};

use super::{Action, Failure, NAME};

/// Does what is asked of one path.
pub(super) fn run(action: Action, daemon: &mut Connection, path: &str) -> Result<(), Failure> {
    match action {
        Action::Create => chain(daemon, path).map(drop),
        Action::New => {
            let (object, key, value) = assignment(path)?;
            let (above, name) = match object.rsplit_once('.') {
                Some((above, name)) => (chain(daemon, above)?, name),
                None => (confdb::ROOT, object),
            };
            let new = daemon.tree_create(above, name)?;
            Ok(daemon.tree_set(new, key, Value::text(value))?)
        }
        Action::Write => {
            let (object, key, value) = assignment(path)?;
            let found = daemon.tree_find(object)?.objects;
            let missing = || {
                let whole = path.split_once('=').map_or(path, |(whole, _)| whole);
                Failure(format!("Can't find parent object of \"{whole}\""))
            };
            let first = found.first().copied().ok_or_else(missing)?;
            Ok(daemon.tree_set(first, key, Value::text(value))?)
        }
        Action::Delete => delete(daemon, path),
        Action::List | Action::Track => Ok(()),
    }
}

/// Gives a key a value, and creates what it stands in.
pub(super) fn put(daemon: &mut Connection, path: &str, value: &str) -> Result<(), Failure> {
    let (object, key) = split(path)?;
    let object = chain(daemon, object)?;
    Ok(daemon.tree_set(object, key, Value::text(value))?)
}

/// Deletes the object that a path names, the first of several; or the key.
fn delete(daemon: &mut Connection, path: &str) -> Result<(), Failure> {
    let Found { objects, keys } = daemon.tree_find(path)?;
    if let Some(object) = objects.first() {
        return Ok(daemon.tree_delete(*object)?);
    }
    let (_, key) = path.rsplit_once('.').unwrap_or_default();
    match keys.first() {
        Some(object) => Ok(daemon.tree_unset(*object, key)?),
        None => Err(Failure(format!("{NAME}: there is no object or key \"{path}\""))),
    }
}

/// The object of this path; what is missing is created, one in the other.
fn chain(daemon: &mut Connection, path: &str) -> Result<u64, Failure> {
    let mut object = confdb::ROOT;
    let mut known = String::new();
    for name in path.split('.') {
        let longer = if known.is_empty() { name.to_owned() } else { format!("{known}.{name}") };
        object = match daemon.tree_find(&longer)?.objects.first() {
            Some(found) => *found,
            None => daemon.tree_create(object, name)?,
        };
        known = longer;
    }
    Ok(object)
}

/// An object, one of its keys, and a value.
fn assignment(text: &str) -> Result<(&str, &str, &str), Failure> {
    let wrong = || Failure(format!("{NAME}: no value in \"{text}\": A.B.key=value is expected"));
    let (path, value) = text.split_once('=').ok_or_else(wrong)?;
    let (object, key) = split(path)?;
    Ok((object, key, value))
}

fn split(path: &str) -> Result<(&str, &str), Failure> {
    let wrong = || Failure(format!("{NAME}: no key in \"{path}\": A.B.key is expected"));
    path.rsplit_once('.').ok_or_else(wrong)
}
