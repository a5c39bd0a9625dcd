//! Creating, writing and deleting objects and keys by path.
//!
//! Must never do half of one thing when the first part is impossible: the daemon refuses by name,
//! and what is refused ends the command. All that concerns the configuration of the cluster goes
//! into one new version of it, before anything else is done.

use client::confdb::{self, Edit, Found};
use client::{Connection, Reloaded, Value};

use super::{Action, Failure, NAME};

/// Does what is asked of these paths. What became of the configuration, if that was asked.
pub(super) fn run(
    action: Action,
    daemon: &mut Connection,
    paths: &[String],
) -> Result<Option<Reloaded>, Failure> {
    let (shared, own): (Vec<&String>, Vec<&String>) =
        paths.iter().partition(|path| is_configuration(path));
    let edits =
        shared.into_iter().map(|path| edit(action, daemon, path)).collect::<Result<Vec<_>, _>>()?;
    let reloaded = all(daemon, &edits)?;
    own.into_iter().try_for_each(|path| one(action, daemon, path))?;
    Ok(reloaded)
}

/// Gives keys values, and creates what they stand in.
pub(super) fn put(
    daemon: &mut Connection,
    lines: &[(String, String)],
) -> Result<Option<Reloaded>, Failure> {
    let (shared, own): (Vec<_>, Vec<_>) =
        lines.iter().partition(|(path, _)| is_configuration(path));
    let put = |(path, value): &(String, String)| {
        let (path, key) = split(path)?;
        let [path, key, value] = [path, key, value].map(str::to_owned);
        Ok(Edit::Put { path, key, value })
    };
    let edits = shared.into_iter().map(put).collect::<Result<Vec<_>, Failure>>()?;
    let reloaded = all(daemon, &edits)?;
    for (path, value) in own {
        let (object, key) = split(path)?;
        let object = chain(daemon, object)?;
        daemon.tree_set(object, key, Value::text(value))?;
    }
    Ok(reloaded)
}

/// Has all nodes go by the configuration, changed so.
fn all(daemon: &mut Connection, edits: &[Edit]) -> Result<Option<Reloaded>, Failure> {
    if edits.is_empty() {
        return Ok(None);
    }
    Ok(Some(daemon.tree_edit(edits)?))
}

/// A path leads into the configuration that all nodes share.
pub(super) fn is_configuration(path: &str) -> bool {
    let top = path.split(['.', '=', '[']).next().unwrap_or_default();
    confdb::CONFIGURATION.contains(&top)
}

/// What is asked of a path in the configuration.
fn edit(action: Action, daemon: &mut Connection, path: &str) -> Result<Edit, Failure> {
    let owned = |(object, key, value): (&str, &str, &str)| [object, key, value].map(str::to_owned);
    match action {
        Action::New => {
            let [path, key, value] = owned(assignment(path)?);
            Ok(Edit::New { path, key, value })
        }
        Action::Write => {
            let (object, key, value) = assignment(path)?;
            parent(daemon, object, path)?;
            let [path, key, value] = owned((object, key, value));
            Ok(Edit::Set { path, key, value })
        }
        Action::Delete => {
            let Found { objects, keys } = daemon.tree_find(path)?;
            let (above, key) = path.rsplit_once('.').unwrap_or_default();
            match (objects.is_empty(), keys.is_empty()) {
                (false, _) => Ok(Edit::Delete(path.to_owned())),
                (true, false) => Ok(Edit::Unset { path: above.to_owned(), key: key.to_owned() }),
                (true, true) => Err(absent(path)),
            }
        }
        Action::Create | Action::List | Action::Track => Ok(Edit::Create(path.to_owned())),
    }
}

/// Does what is asked of one path that concerns this node alone.
fn one(action: Action, daemon: &mut Connection, path: &str) -> Result<(), Failure> {
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
            let parent = parent(daemon, object, path)?;
            Ok(daemon.tree_set(parent, key, Value::text(value))?)
        }
        Action::Delete => delete(daemon, path),
        Action::List | Action::Track => Ok(()),
    }
}

/// The object that holds the key of an assignment.
fn parent(daemon: &mut Connection, object: &str, whole: &str) -> Result<u64, Failure> {
    let missing = || {
        let whole = whole.split_once('=').map_or(whole, |(path, _)| path);
        Failure(format!("Can't find parent object of \"{whole}\""))
    };
    daemon.tree_find(object)?.objects.first().copied().ok_or_else(missing)
}

fn absent(path: &str) -> Failure {
    Failure(format!("{NAME}: there is no object or key \"{path}\""))
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
        None => Err(absent(path)),
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
