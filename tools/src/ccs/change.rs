//! The commands that change a configuration: each change is one more version of it.
//!
//! Must never change anything when a part of it is refused.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use confdb::cluster::nodes::{MOST_VOTES, is_node_name};
use confdb::edit::{Document, EditError, Element};
use confdb::{Cluster, Handle, Problem, Severity, Tree};
use serde_json::json;

use super::options::Word;
use super::store::{Store, read};
use super::{Context, Failure};
use crate::source::line;

/// A configuration that is being changed.
struct Change {
    store: Store,
    /// As the operator calls it.
    file: PathBuf,
    document: Document,
    /// Errors that were there before.
    before: Vec<String>,
}

/// Runs `addnode`.
pub(super) fn add_node(context: &mut Context<'_>) -> Result<(), Failure> {
    let options = context.options;
    let Some((name, arguments)) = options.operands.split_first() else {
        return Err(Failure::usage("the name of the node is missing", Word::Addnode));
    };
    let Some(id) = options.value('n') else { return Err(Failure::die("nodeid not specified")) };
    let id = number(id, "nodeid", 1..=u32::MAX)?;
    let votes = options.value('v').map(|votes| number(votes, "votes", 0..=MOST_VOTES));
    let votes = votes.transpose()?.unwrap_or(1);
    let alternate = options.value('a');
    if let Some(wrong) =
        [Some(name.as_str()), alternate].iter().flatten().find(|n| !is_node_name(n))
    {
        return Err(Failure::die(format_args!("{wrong:?} is not a node name")));
    }
    let arguments = pairs(arguments)?;
    let mut change = Change::begin(context)?;
    let tree = change.document.tree();
    let nodes = below(tree, "clusternodes", "clusternode");
    let file = change.file.display();
    if find(tree, &nodes, "name", name).is_some() {
        return Err(Failure::die(format_args!("node {name} already exists in {file}")));
    }
    if nodes.iter().any(|node| key(tree, *node, "nodeid").parse() == Ok(id)) {
        return Err(Failure::die(format_args!("nodeid {id} already in use")));
    }
    let mut node = Element::new("clusternode")
        .key("name", name)
        .key("votes", &votes.to_string())
        .key("nodeid", &id.to_string());
    if let Some(alternate) = alternate {
        node = node.child(Element::new("altname").key("name", alternate));
    }
    if let Some(device) = options.value('f') {
        let devices = below(tree, "fencedevices", "fencedevice");
        if find(tree, &devices, "name", device).is_none() {
            let why = format!("fence device {device} does not exist in {file}");
            return Err(Failure::die(why));
        }
        let device = with_keys(Element::new("device").key("name", device), &arguments);
        let method = Element::new("method").key("name", "single").child(device);
        node = node.child(Element::new("fence").child(method));
    } else if !arguments.is_empty() {
        return Err(Failure::usage("arguments for a fence device, but no -f", Word::Addnode));
    }
    change.append("clusternodes", &node)?;
    change.commit(context)
}

/// Runs `delnode`.
pub(super) fn remove_node(context: &mut Context<'_>) -> Result<(), Failure> {
    remove(context, Word::Delnode, ("clusternodes", "clusternode"), "node")
}

/// Runs `addfence`.
pub(super) fn add_fence(context: &mut Context<'_>) -> Result<(), Failure> {
    let [name, agent, arguments @ ..] = &context.options.operands[..] else {
        return Err(Failure::usage("the name or the agent is missing", Word::Addfence));
    };
    if name.is_empty() || agent.is_empty() {
        return Err(Failure::die("an empty name is none"));
    }
    let device = Element::new("fencedevice").key("name", name).key("agent", agent);
    let device = with_keys(device, &pairs(arguments)?);
    let mut change = Change::begin(context)?;
    let tree = change.document.tree();
    if find(tree, &below(tree, "fencedevices", "fencedevice"), "name", name).is_some() {
        let file = change.file.display();
        return Err(Failure::die(format_args!("fence device {name} already exists in {file}")));
    }
    change.append("fencedevices", &device)?;
    change.commit(context)
}

/// Runs `delfence`.
pub(super) fn remove_fence(context: &mut Context<'_>) -> Result<(), Failure> {
    remove(context, Word::Delfence, ("fencedevices", "fencedevice"), "fence device")
}

/// Runs `addnodeids`.
pub(super) fn add_ids(context: &mut Context<'_>) -> Result<(), Failure> {
    let options = context.options;
    let first = options.value('n').map(|first| number(first, "nodeid", 1..=u32::MAX));
    let first = first.transpose()?.unwrap_or(1);
    let group = options.value('m');
    if let Some(wrong) = group.filter(|g| !g.parse().is_ok_and(|g: IpAddr| g.is_multicast())) {
        return Err(Failure::die(format_args!("{wrong} is not a multicast address")));
    }
    let mut change = Change::begin(context)?;
    let given = change.give_ids(first)?;
    if options.has('v') && !options.json {
        for (name, id) in &given {
            writeln!(context.out, "{name}: nodeid {id}")?;
        }
    }
    if let Some(group) = group {
        change.set_group(group)?;
    } else if !has_group(change.document.tree()) {
        context.warn(
            "\nWARNING: The cluster does not have a multicast address.\n\
             A default will be assigned a run-time which might not suit your installation\n\n",
        );
    }
    if given.is_empty() && group.is_none() {
        return change.leave(context);
    }
    change.commit(context)
}

fn remove(
    context: &mut Context<'_>,
    word: Word,
    (section, element): (&str, &str),
    kind: &str,
) -> Result<(), Failure> {
    let [name] = &context.options.operands[..] else {
        return Err(Failure::usage(format_args!("the name of the {kind} is missing"), word));
    };
    let mut change = Change::begin(context)?;
    let tree = change.document.tree();
    let Some(found) = find(tree, &below(tree, section, element), "name", name) else {
        let file = change.file.display();
        return Err(Failure::die(format_args!("{kind} {name} does not exist in {file}")));
    };
    change.document.remove(found).map_err(Failure::from)?;
    change.commit(context)
}

impl Change {
    fn begin(context: &Context<'_>) -> Result<Self, Failure> {
        let file = context.file();
        let store = Store::lock(&file)?;
        let document = read(&file)?;
        let root = root(document.tree());
        if document.tree().name(root) != "cluster" {
            let what = format!("{}: the outermost element is not cluster", file.display());
            return Err(Failure::unparsable(&[what]));
        }
        let before = errors(document.tree()).into_iter().map(|problem| problem.what).collect();
        Ok(Self { store, file, document, before })
    }

    /// Adds an element to a section, which is made if need be.
    fn append(&mut self, section: &str, element: &Element) -> Result<(), Failure> {
        let root = root(self.document.tree());
        let found = self.document.tree().children_named(root, section).next();
        let done = match found {
            Some(section) => self.document.append(section, element),
            None => self.document.append(root, &Element::new(section).child(element.clone())),
        };
        Ok(done?)
    }

    /// Gives an id to every node without one, and tells which.
    fn give_ids(&mut self, first: u32) -> Result<Vec<(String, u32)>, Failure> {
        let tree = self.document.tree();
        let nodes = below(tree, "clusternodes", "clusternode");
        let ids = nodes.iter().filter_map(|node| key(tree, *node, "nodeid").parse().ok());
        let mut taken: BTreeSet<u32> = ids.collect();
        let mut given = Vec::new();
        let mut free = first..=u32::MAX;
        // An edit of attributes moves no element: the handles stay good.
        for node in nodes {
            let tree = self.document.tree();
            if !key(tree, node, "nodeid").is_empty() {
                continue;
            }
            let name = key(tree, node, "name");
            let id = free.find(|id| !taken.contains(id));
            let id = id.ok_or_else(|| Failure::die(format_args!("no id is left for {name}")))?;
            taken.insert(id);
            self.document.set(node, "nodeid", &id.to_string())?;
            given.push((name, id));
        }
        Ok(given)
    }

    fn set_group(&mut self, group: &str) -> Result<(), Failure> {
        let multicast = Element::new("multicast").key("addr", group);
        let found = below(self.document.tree(), "cman", "multicast");
        match found.first() {
            Some(found) => Ok(self.document.set(*found, "addr", group)?),
            None => self.append("cman", &multicast),
        }
    }

    /// Writes the next version.
    fn commit(mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let root = root(self.document.tree());
        let version = key(self.document.tree(), root, "config_version");
        let next = match version.as_str() {
            "" => Some(1),
            text => text.parse::<u32>().ok().and_then(|version| version.checked_add(1)),
        };
        let Some(next) = next else {
            return Err(Failure::die(format_args!("config_version {version:?} has no next one")));
        };
        self.document.set(root, "config_version", &next.to_string())?;
        for problem in errors(self.document.tree()) {
            if !self.before.contains(&problem.what) {
                let severity = Severity::Warning;
                context.warn(&format!("{}\n", line(&Problem { severity, ..problem })));
            }
        }
        self.write(context, next)
    }

    /// Writes nothing where it was read, for there is nothing new.
    fn leave(self, context: &mut Context<'_>) -> Result<(), Failure> {
        let root = root(self.document.tree());
        let version = key(self.document.tree(), root, "config_version");
        if context.options.value('o').is_some() {
            return self.write(context, version.parse().unwrap_or(0));
        }
        self.tell(context, version.parse().unwrap_or(0))
    }

    fn write(self, context: &mut Context<'_>, version: u32) -> Result<(), Failure> {
        let text = self.document.text();
        match context.options.value('o') {
            Some("-") => return Ok(context.out.write_all(text.as_bytes())?),
            Some(other) => {
                // The lock is on a directory, which may be the same one.
                let Self { store, .. } = self;
                drop(store);
                let other = Path::new(other);
                Store::lock(other)?.write(&text)?;
                return tell(context, other, version);
            }
            None => self.store.write(&text)?,
        }
        self.tell(context, version)
    }

    fn tell(&self, context: &mut Context<'_>, version: u32) -> Result<(), Failure> {
        tell(context, &self.file, version)
    }
}

fn tell(context: &mut Context<'_>, file: &Path, version: u32) -> Result<(), Failure> {
    if !context.options.json {
        return Ok(());
    }
    let file = file.display().to_string();
    context.print_json(&json!({ "file": file, "config_version": version }))
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        Self::die(error)
    }
}

fn errors(tree: &Tree) -> Vec<Problem> {
    let mut problems = Cluster::read(tree).err().unwrap_or_default();
    problems.retain(|problem| problem.severity == Severity::Error);
    problems
}

fn number(text: &str, what: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, Failure> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        Failure::die(format_args!("{what} {text:?} is not a number from {least} to {most}"))
    })
}

fn pairs(words: &[String]) -> Result<Vec<(&str, &str)>, Failure> {
    let pair = |word| {
        let split = str::split_once(word, '=').filter(|(name, _)| !name.is_empty());
        split.ok_or_else(|| Failure::die(format_args!("{word:?} is not argument=value")))
    };
    words.iter().map(|word| pair(word)).collect()
}

fn with_keys(element: Element, pairs: &[(&str, &str)]) -> Element {
    pairs.iter().fold(element, |element, (name, value)| element.key(name, value))
}

/// The outermost element; a document has one.
pub(super) fn root(tree: &Tree) -> Handle {
    tree.children(Handle::ROOT).first().copied().unwrap_or(Handle::ROOT)
}

/// All elements of that name in all sections of that name.
pub(super) fn below(tree: &Tree, section: &str, element: &str) -> Vec<Handle> {
    let sections = tree.children_named(root(tree), section);
    sections.flat_map(|section| tree.children_named(section, element)).collect()
}

/// The text of an attribute; empty where there is none.
pub(super) fn key(tree: &Tree, object: Handle, name: &str) -> String {
    tree.key(object, name).map(|key| key.value.to_string().trim().to_owned()).unwrap_or_default()
}

fn find(tree: &Tree, objects: &[Handle], name: &str, value: &str) -> Option<Handle> {
    objects.iter().copied().find(|object| key(tree, *object, name) == value)
}

fn has_group(tree: &Tree) -> bool {
    below(tree, "cman", "multicast").iter().any(|found| !key(tree, *found, "addr").is_empty())
}
