//! What a program's request changes of the configuration that all nodes share.
//!
//! Must never change it here: what is wanted becomes steps on the text of cluster.conf, and all
//! nodes go by what comes out or none. Must never take what only shows something else: a value that
//! would be lost, or come out otherwise, is refused with the place where it is to be written.
//!
//! | shown | written |
//! |---|---|
//! | `cluster.…` | the same |
//! | `totem.…`, `logging.…`, `uidgid.…` | the same within `cluster` |

use confdb::edit::steps::Step;
use confdb::{Handle, Path, Tree};

use super::{CONFIGURATION, ObjectRefused, TreeCommand};
use crate::stack::map::Value;

/// The topmost element of a cluster.conf.
const CLUSTER: &str = "cluster";

/// Sections that are shown beside `cluster` as well.
const SECTIONS: [&str; 3] = ["logging", "totem", "uidgid"];

/// What is wanted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) steps: Vec<Step>,
    /// The path of what was asked for first, for a refusal.
    pub(crate) about: String,
    pub(crate) told: Told,
}

/// What its author is told when it is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// The version.
    Version,
    /// That it is done.
    Done,
    /// The object that was added, which has this path then.
    Object(Path),
}

/// Several changes at once, as they are asked for.
pub(super) fn edits(steps: &[Step]) -> Result<Written, ObjectRefused> {
    let about = steps.first().map_or_else(String::new, |step| path(step).to_string());
    let steps = steps.iter().map(placed).collect::<Result<_, _>>()?;
    Ok(Written { steps, about, told: Told::Version })
}

/// What a command about one object changes of the configuration; `None` for one that does not.
pub(super) fn written(
    tree: &Tree,
    command: &TreeCommand,
) -> Result<Option<Written>, ObjectRefused> {
    let (object, told, step) = match command {
        TreeCommand::Create { parent, name } => {
            let path = tree.path(*parent).join(name, None);
            let siblings = tree.children_named(*parent, name).count();
            let place = u32::try_from(siblings + 1).ok().and_then(core::num::NonZeroU32::new);
            let told = Told::Object(tree.path(*parent).join(name, place));
            (*parent, told, Step::New { object: path, keys: Vec::new() })
        }
        TreeCommand::Set { object, key, value } if concerns(tree, *object) => {
            let (key, value) = (key.clone(), text(key, value)?);
            let set = Step::Set { object: tree.path(*object), key, value, make: false };
            (*object, Told::Done, set)
        }
        TreeCommand::Unset { object, key } => {
            let unset = Step::Unset { object: tree.path(*object), key: key.clone() };
            (*object, Told::Done, unset)
        }
        TreeCommand::Delete(object) => (*object, Told::Done, Step::Delete(tree.path(*object))),
        TreeCommand::Set { .. }
        | TreeCommand::Edit(_)
        | TreeCommand::List { .. }
        | TreeCommand::Find(_)
        | TreeCommand::Watch { .. }
        | TreeCommand::Unwatch(_) => return Ok(None),
    };
    // What is not there, and the top of the configuration, is refused as ever.
    let stays = matches!(command, TreeCommand::Delete(_)) && path(&step).steps().len() == 1;
    if !concerns(tree, object) || stays {
        return Ok(None);
    }
    let about = path(&step).to_string();
    Ok(Some(Written { steps: vec![placed(&step)?], about, told }))
}

/// The object is there and stands in what shows the configuration.
fn concerns(tree: &Tree, object: Handle) -> bool {
    let path = tree.path(object);
    path.steps().first().is_some_and(|top| CONFIGURATION.contains(&top.name.as_str()))
}

/// A value as an attribute has it.
fn text(key: &str, value: &Value) -> Result<String, ObjectRefused> {
    let text = match value {
        Value::Text(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        Value::I8(_)
        | Value::U8(_)
        | Value::I16(_)
        | Value::U16(_)
        | Value::I32(_)
        | Value::U32(_)
        | Value::I64(_)
        | Value::U64(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Binary(_) => None,
    };
    text.ok_or_else(|| ObjectRefused::Value { key: key.to_owned(), expected: "text in UTF-8" })
}

/// The path of what a step concerns.
const fn path(step: &Step) -> &Path {
    match step {
        Step::Set { object, .. }
        | Step::Create(object)
        | Step::New { object, .. }
        | Step::Unset { object, .. }
        | Step::Delete(object) => object,
    }
}

/// A step on what is shown, as one on what is written.
fn placed(step: &Step) -> Result<Step, ObjectRefused> {
    Ok(match step {
        Step::Set { object, key, value, make } => Step::Set {
            object: place(object, &[key])?,
            key: key.clone(),
            value: value.clone(),
            make: *make || is_always_shown(object),
        },
        Step::Create(object) => Step::Create(place(object, &[])?),
        Step::New { object, keys } => {
            let names: Vec<&str> = keys.iter().map(|(name, _)| name.as_str()).collect();
            Step::New { object: place(object, &names)?, keys: keys.clone() }
        }
        Step::Unset { object, key } => {
            Step::Unset { object: place(object, &[key])?, key: key.clone() }
        }
        Step::Delete(object) => Step::Delete(place(object, &[])?),
    })
}

/// An element that is shown whether it is written or not. What else is shown and not written is
/// what one host says differently, and none of the cluster's.
fn is_always_shown(shown: &Path) -> bool {
    let names: Vec<&str> = shown.steps().iter().map(|step| step.name.as_str()).collect();
    matches!(names.as_slice(), ["cluster", "cman"] | ["totem" | "logging"])
}

/// Where in a cluster.conf an object stands, of which these keys are to be changed.
fn place(shown: &Path, keys: &[&str]) -> Result<Path, ObjectRefused> {
    let names: Vec<&str> = shown.steps().iter().map(|step| step.name.as_str()).collect();
    let key = keys.iter().find_map(|key| Some((*key, derived(&names, Some(key))?)));
    let whole = derived(&names, None).map(|instead| ("", instead));
    if let Some((key, instead)) = key.or(whole) {
        let path = if key.is_empty() { shown.to_string() } else { format!("{shown}.{key}") };
        return Err(ObjectRefused::Derived { path, instead });
    }
    match names.first() {
        Some(&CLUSTER) => Ok(shown.clone()),
        Some(top) if SECTIONS.contains(top) => {
            let inside = Path::root().join(CLUSTER, None);
            let steps = shown.steps().iter();
            Ok(steps.fold(inside, |path, step| path.join(&step.name, step.index)))
        }
        Some(_) | None => Err(ObjectRefused::Elsewhere(shown.to_string())),
    }
}

/// What to do instead, about an object or key that follows from something else.
fn derived(names: &[&str], key: Option<&str>) -> Option<&'static str> {
    match (names, key) {
        (["cluster", "cman"], Some("nodename")) => {
            Some("it is the name of this node alone, from its local.conf or its start")
        }
        (["totem"], Some("nodeid")) => Some("write nodeid of this node's cluster.clusternodes"),
        (["totem"], Some("version" | "vsftype")) => Some("it is always the same"),
        (["totem", "interface", ..], _) => Some(
            "write cluster.cman.port, cluster.cman.multicast.addr, or the node's name in \
             cluster.clusternodes",
        ),
        (["quorum", ..], _) => {
            Some("write expected_votes, two_node and others of cluster.cman, or votes of nodes")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
