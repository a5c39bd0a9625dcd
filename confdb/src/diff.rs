//! What a new configuration changes, and what each change does to a cluster that runs.
//!
//! An operator wants to know before he says yes. Must never take a node that moved in the file for
//! another one: siblings are matched by what names them, not by their place. Must never show a
//! secret: keys and passwords are named, not quoted. What an element means is in `effect.rs`;
//! values that follow from others (the default of a timer, the quorum) are told apart from what was
//! written, so that nobody changes one and is surprised by the other.

mod effect;
mod siblings;

use core::fmt;
use core::num::NonZeroU32;

use serde::Serialize;

use self::effect::Context;
use crate::error::{Problem, Severity, quoted};
use crate::load::Configuration;
use crate::path::Path;
use crate::tree::{Handle, Key, Tree};

/// Most changes that are told one by one; the rest is counted. Those that need a restart are never
/// among the rest.
pub const MOST_CHANGES: usize = 1024;

/// All that is different between two configurations.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// Version of the old one.
    pub from_version: u32,
    /// Version of the new one.
    pub to_version: u32,
    /// What was written differently, in the order of the new one; what is gone comes after what
    /// stayed of its parent.
    pub changes: Vec<Change>,
    /// Changes beyond [`MOST_CHANGES`], none of which needs a restart.
    pub more: usize,
    /// What follows: values in force that change, written or not.
    pub consequences: Vec<Consequence>,
}

/// One thing that was written differently.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Change {
    /// The object or key: where it is in the new configuration, or was in the old one.
    pub path: String,
    /// What names the object among its siblings, such as the name of a node.
    pub name: Option<String>,
    /// As it was; `None` when it is new. Objects are shown as their tags.
    pub old: Option<String>,
    /// As it will be; `None` when it is gone.
    pub new: Option<String>,
    /// Where the new value stands; the old one's place when there is none.
    pub origin: Origin,
    /// What it does to a running cluster.
    pub effect: Effect,
}

/// Where something was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Origin {
    /// The file, or what stands for it.
    pub source: String,
    /// Line in it, from 1; `None` when a program set it.
    pub line: Option<u32>,
    /// Column in the line, in characters from 1.
    pub column: Option<u32>,
}

/// What a change does to a cluster that runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "when", content = "what", rename_all = "kebab-case")]
pub enum Effect {
    /// It counts from the moment of the switch; what it does.
    Live(String),
    /// It cannot be done while the cluster runs; why.
    Restart(String),
    /// Each node follows when it starts the next time; what it does then.
    NextStart(String),
    /// Nothing here: it is kept for other programs, or for nobody.
    Kept(String),
}

/// A value in force that changes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Consequence {
    /// Which, such as `token timeout`.
    pub what: String,
    /// As it is.
    pub old: String,
    /// As it will be.
    pub new: String,
    /// What that means to an operator; empty where the numbers say it all.
    pub meaning: String,
}

/// The difference between the configuration in force and another one.
#[must_use]
pub fn between(old: &Configuration, new: &Configuration) -> Difference {
    let context = Context { old: &old.cluster, new: &new.cluster };
    let mut walk = Walk { old: &old.tree, new: &new.tree, context, changes: Vec::new(), more: 0 };
    let root = |tree: &Tree| tree.children_named(Handle::ROOT, "cluster").next();
    let cluster = Way::default().step("cluster", None, None);
    walk.inside(&cluster, (root(&old.tree), root(&new.tree)));
    Difference {
        from_version: old.cluster.config_version,
        to_version: new.cluster.config_version,
        changes: walk.changes,
        more: walk.more,
        consequences: context.consequences(),
    }
}

/// Why the node `me`, which runs with `old`, cannot go on with `new`: everything that needs a
/// restart, at its place in the new configuration. Nothing when it can.
#[must_use]
pub fn restart_needed(
    old: &Configuration,
    new: &Configuration,
    me: Option<NonZeroU32>,
) -> Vec<Problem> {
    let mut problems: Vec<Problem> = Vec::new();
    for change in between(old, new).changes {
        let Effect::Restart(why) = change.effect else { continue };
        let (was, is) = (shown(change.old.as_deref()), shown(change.new.as_deref()));
        problems.push(Problem {
            severity: Severity::Error,
            source: change.origin.source,
            line: change.origin.line,
            column: change.origin.column,
            path: change.path,
            what: format!("{was} -> {is} needs a restart: {why}"),
            expected: change.old,
        });
    }
    problems.extend(me.and_then(|me| effect::own_node(old, new, me)));
    problems
}

impl Difference {
    /// Nothing that matters is different.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.consequences.is_empty()
    }
}

// -- telling --------------------------------------------------------------------------------------

/// One line for each change and each consequence, with what it does below it.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "configuration version {} -> {}", self.from_version, self.to_version)?;
        self.changes.iter().try_for_each(|change| write!(f, "{change}"))?;
        if self.more > 0 {
            writeln!(f, "{} more changes are not shown; none needs a restart", self.more)?;
        }
        if !self.consequences.is_empty() {
            writeln!(f, "values in force:")?;
        }
        for Consequence { what, old, new, meaning } in &self.consequences {
            let separator = if meaning.is_empty() { "" } else { ": " };
            writeln!(f, "  {what} {old} -> {new}{separator}{meaning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.path)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        writeln!(f, ": {} -> {}", shown(self.old.as_deref()), shown(self.new.as_deref()))?;
        writeln!(f, "  {}", self.effect)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Live(what) => write!(f, "live: {what}"),
            Self::Restart(why) => write!(f, "needs a restart: {why}"),
            Self::NextStart(what) => write!(f, "at the next start: {what}"),
            Self::Kept(what) => write!(f, "no effect here: {what}"),
        }
    }
}

/// Tags are shown as they are, values quoted, and what is not there in one word.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "none".to_owned(),
        Some(tag) if tag.starts_with('<') => tag.to_owned(),
        Some(value) => quoted(value),
    }
}

// -- finding --------------------------------------------------------------------------------------

/// Where the walk is: the names from `cluster` on, and the same as a path.
#[derive(Clone, Debug, Default)]
struct Way {
    names: Vec<String>,
    path: Path,
    name: Option<String>,
}

impl Way {
    fn step(&self, name: &str, index: Option<NonZeroU32>, title: Option<String>) -> Self {
        let mut names = self.names.clone();
        names.push(name.to_owned());
        let path = self.path.clone().join(name, index);
        Self { names, path, name: title.or_else(|| self.name.clone()) }
    }
}

/// Two trees side by side, and what was found so far.
struct Walk<'a> {
    old: &'a Tree,
    new: &'a Tree,
    context: Context<'a>,
    changes: Vec<Change>,
    more: usize,
}

impl<'a> Walk<'a> {
    /// The keys of an object that is in either tree, and its children. Calls itself once per level,
    /// at most [`crate::tree::DEEPEST`] deep.
    fn inside(&mut self, way: &Way, (old, new): (Option<Handle>, Option<Handle>)) {
        let old_keys = old.map_or(&[][..], |object| self.old.keys(object));
        let new_keys = new.map_or(&[][..], |object| self.new.keys(object));
        for key in new_keys {
            let before = old_keys.iter().find(|before| before.name == key.name);
            if before.is_none_or(|before| before.value != key.value) {
                self.key(way, (old, before), (new, Some(key)));
            }
        }
        for key in old_keys.iter().filter(|key| !new_keys.iter().any(|new| new.name == key.name)) {
            self.key(way, (old, Some(key)), (new, None));
        }
        let pairs = siblings::matched((self.old, old), (self.new, new));
        for pair in pairs {
            let below = way.step(&pair.element, pair.index, pair.title);
            let tag = |tree: &Tree, object: Option<Handle>| object.map(|o| tag(tree, o));
            match (pair.old, pair.new) {
                // Something with a name of its own comes or goes as a whole.
                (old, new) if (old.is_none() || new.is_none()) && pair.whole => {
                    let (was, is) = (tag(self.old, old), tag(self.new, new));
                    self.push(&below, None, (was, is), self.origin((old, None), (new, None)));
                }
                (old, new) => self.inside(&below, (old, new)),
            }
        }
    }

    fn key(
        &mut self,
        way: &Way,
        (old, before): (Option<Handle>, Option<&Key>),
        (new, after): (Option<Handle>, Option<&Key>),
    ) {
        let Some(name) = after.or(before).map(|key| key.name.clone()) else { return };
        let text = |key: Option<&Key>| {
            key.map(
                |key| if is_secret(&name) { "(hidden)".to_owned() } else { key.value.to_string() },
            )
        };
        let values = (text(before), text(after));
        let origin = self.origin((old, before), (new, after));
        self.push(way, Some(&name), values, origin);
    }

    fn push(
        &mut self,
        way: &Way,
        key: Option<&str>,
        (old, new): (Option<String>, Option<String>),
        origin: Origin,
    ) {
        let names: Vec<&str> = way.names.iter().skip(1).map(String::as_str).collect();
        let effect =
            self.context.effect(&names, key, (old.as_deref(), new.as_deref()), way.name.as_deref());
        let room = self.changes.len() < MOST_CHANGES;
        if !room && !matches!(effect, Effect::Restart(_)) {
            self.more += 1;
            return;
        }
        let path = key.map_or_else(|| way.path.clone(), |key| way.path.clone().join(key, None));
        let (path, name) = (path.to_string(), way.name.clone());
        self.changes.push(Change { path, name, old, new, origin, effect });
    }

    /// Where the new one stands, else where the old one stood.
    fn origin(
        &self,
        (old, before): (Option<Handle>, Option<&Key>),
        (new, after): (Option<Handle>, Option<&Key>),
    ) -> Origin {
        let of_new = after.is_some() || (before.is_none() && new.is_some());
        let (tree, object, key) =
            if of_new { (self.new, new, after) } else { (self.old, old, before) };
        origin(tree, object, key)
    }
}

/// Where an object or one of its keys was read.
fn origin(tree: &Tree, object: Option<Handle>, key: Option<&Key>) -> Origin {
    let name = key.map(|key| key.name.as_str());
    let place = key.and_then(|key| key.place).or_else(|| tree.place(object?));
    Origin {
        source: object.map_or(tree.source(), |o| tree.source_of(o, name)).to_owned(),
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
    }
}

/// An object as its author wrote it, without what it holds.
fn tag(tree: &Tree, object: Handle) -> String {
    let mut tag = format!("<{}", tree.name(object));
    for key in tree.keys(object) {
        let value =
            if is_secret(&key.name) { "(hidden)".to_owned() } else { key.value.to_string() };
        tag.push_str(&format!(" {}={}", key.name, quoted(&value)));
    }
    tag.push_str(if tree.children(object).is_empty() { "/>" } else { ">" });
    tag
}

/// What fence agents and the ring take for a secret.
fn is_secret(key: &str) -> bool {
    matches!(key, "key" | "passwd" | "password" | "secret" | "snmp_priv_passwd" | "community")
}

#[cfg(test)]
mod tests;
