//! The objects of a node, in both languages.
//!
//! Must never decide anything: what may be changed is the stack's.

use client::proto::{self, Reason, reply, tree_request};
use confdb::edit::EditError;
use confdb::edit::steps::{Step, StepError};
use confdb::{Handle, Path, TreeError};

use super::{Unreadable, map, refused, reloaded_reason};
use crate::stack::effect::{ObjectChange, ObjectRefused, ObjectsFound};
use crate::stack::objects::{Object, ObjectPage, TreeCommand, What};

/// A request about objects.
pub(super) fn request(request: proto::TreeRequest) -> Result<TreeCommand, Unreadable> {
    use tree_request::What;
    let nothing = || Unreadable("the request asks nothing of the objects".to_owned());
    Ok(match request.what.ok_or_else(nothing)? {
        What::List(proto::TreeList { object, after }) => TreeCommand::List {
            object: Handle::from_number(object),
            after: after.map(Handle::from_number),
        },
        What::Find(proto::TreeFind { path }) => TreeCommand::Find(path),
        What::Create(proto::TreeCreate { parent, name }) => {
            TreeCommand::Create { parent: Handle::from_number(parent), name }
        }
        What::Set(proto::TreeSet { object, key, value }) => {
            let value = value.and_then(|value| value.value);
            let value = value.ok_or_else(|| Unreadable(format!("no value for {key:?}")))?;
            let (object, value) = (Handle::from_number(object), map::value(value)?);
            TreeCommand::Set { object, key, value }
        }
        What::Unset(proto::TreeUnset { object, key }) => {
            TreeCommand::Unset { object: Handle::from_number(object), key }
        }
        What::Delete(proto::TreeDelete { object }) => {
            TreeCommand::Delete(Handle::from_number(object))
        }
        What::Watch(proto::TreeWatch { watch, object, subtree }) => {
            let object = Handle::from_number(object);
            TreeCommand::Watch { number: watch, object, subtree }
        }
        What::Unwatch(proto::TreeUnwatch { watch }) => TreeCommand::Unwatch(watch),
        What::Edits(proto::TreeEdits { edits }) => {
            TreeCommand::Edit(edits.into_iter().map(edit).collect::<Result<_, _>>()?)
        }
    })
}

/// A change of the configuration.
fn edit(edit: proto::TreeEdit) -> Result<Step, Unreadable> {
    use proto::TreeEditKind as Kind;
    let proto::TreeEdit { kind, path, key, value } = edit;
    let object: Path = path.parse().map_err(|why| Unreadable(format!("path {path:?}: {why}")))?;
    Ok(match Kind::try_from(kind) {
        Ok(Kind::Set) => Step::Set { object, key, value, make: false },
        Ok(Kind::Put) => Step::Set { object, key, value, make: true },
        Ok(Kind::Create) => Step::Create(object),
        Ok(Kind::New) => Step::New { object, keys: vec![(key, value)] },
        Ok(Kind::Unset) => Step::Unset { object, key },
        Ok(Kind::Delete) => Step::Delete(object),
        Ok(Kind::Unspecified) | Err(_) => {
            return Err(Unreadable(format!("no change of the configuration has number {kind}")));
        }
    })
}

/// What is answered about objects.
pub(super) fn reply(result: &Result<ObjectsFound, ObjectRefused>) -> reply::What {
    let numbers = |objects: &[Handle]| objects.iter().map(|object| object.get()).collect();
    match result {
        Ok(ObjectsFound::Done) => reply::What::Done(proto::Done {}),
        Ok(ObjectsFound::Object(object)) => {
            let object = object.get();
            reply::What::TreeObject(proto::TreeObject { object, ..proto::TreeObject::default() })
        }
        Ok(ObjectsFound::Page(ObjectPage { objects, more })) => {
            let objects = objects.iter().map(object).collect();
            reply::What::TreePage(proto::TreePage { objects, more: *more })
        }
        Ok(ObjectsFound::Found { objects, keys }) => {
            let (objects, keys) = (numbers(objects), numbers(keys));
            reply::What::TreeFound(proto::TreeFound { objects, keys })
        }
        Err(why) => refused(reason(why), why.to_string()),
    }
}

/// An object that changed.
pub(super) fn change(change: &ObjectChange) -> proto::TreeChange {
    let ObjectChange { number, object, path, what } = change;
    let (event, key, value) = match what {
        What::Created => (proto::TreeEvent::Created, String::new(), None),
        What::Deleted => (proto::TreeEvent::Deleted, String::new(), None),
        What::Set { key, value } => (proto::TreeEvent::Set, key.clone(), Some(map::told(value))),
        What::Unset { key } => (proto::TreeEvent::Unset, key.clone(), None),
    };
    proto::TreeChange {
        watch: *number,
        object: object.get(),
        path: path.clone(),
        event: event.into(),
        key,
        value,
    }
}

fn object(object: &Object) -> proto::TreeObject {
    let Object { object, parent, name, keys } = object;
    let key = |(key, value): &(String, crate::stack::map::Value)| proto::MapEntry {
        key: key.clone(),
        value: Some(map::told(value)),
    };
    proto::TreeObject {
        object: object.get(),
        parent: parent.get(),
        name: name.clone(),
        keys: keys.iter().map(key).collect(),
    }
}

const fn tree_reason(why: &TreeError) -> Reason {
    match why {
        TreeError::NoSuchObject(_) | TreeError::NoSuchKey { .. } | TreeError::NoSuchWatch(_) => {
            Reason::Absent
        }
        TreeError::Full { .. } | TreeError::TooManyWatches(_) => Reason::Full,
        TreeError::ValueTooLong { .. } => Reason::TooLarge,
        TreeError::BadName(_) | TreeError::Root | TreeError::NotXml { .. } => Reason::Invalid,
    }
}

fn reason(why: &ObjectRefused) -> Reason {
    match why {
        ObjectRefused::Configuration(_)
        | ObjectRefused::Derived { .. }
        | ObjectRefused::Directory(_)
        | ObjectRefused::Unconfigured
        | ObjectRefused::Running(_) => Reason::ReadOnly,
        ObjectRefused::NoObject(_) | ObjectRefused::NoWatch(_) => Reason::Absent,
        ObjectRefused::Tree(why) => tree_reason(why),
        ObjectRefused::Step(why) => match &**why {
            StepError::NoElement(_) | StepError::NoAttribute { .. } => Reason::Absent,
            StepError::Edit(EditError::Tree(why)) => tree_reason(why),
            StepError::Number { .. } => Reason::TooLarge,
            StepError::Unreadable(_) | StepError::Edit(EditError::Unreadable(_)) => Reason::Invalid,
        },
        ObjectRefused::NotWritten(why) => reloaded_reason(why),
        ObjectRefused::Elsewhere(_) => Reason::Invalid,
        ObjectRefused::Full | ObjectRefused::TooManyWatches => Reason::Full,
        ObjectRefused::WatchTaken(_) => Reason::Already,
        ObjectRefused::Path(_) | ObjectRefused::Value { .. } => Reason::Invalid,
    }
}
