//! The configuration as a node would find it: the file, and what the loaders of the original add.
//!
//! Must never need a daemon unless it is asked what that goes by, and never judge: what is wrong is
//! handed on with its lines. The names of the loaders are the original's, because scripts give
//! them: `xmlconfig` reads the file, `ldapconfig` asks a directory (through the daemon's program),
//! `cmanpreconfig` finds this host in what they gave and adds its name and the cluster's id.

mod host;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use client::{Connection, Running};
use confdb::cluster::local::LocalError;
use confdb::load::text::LARGEST_TEXT;
use confdb::load::xml;
use confdb::{Cluster, Handle, Problem, Severity, Tree};

pub(crate) use self::host::Facts;

/// Where a node looks for its configuration.
pub(crate) const FILE: &str = "/etc/cluster/cluster.conf";

/// What the daemon goes by is called where something is wrong with it.
const RUNNING: &str = "running";

/// What is loaded unless somebody says otherwise.
pub(crate) const LOADERS: &str = "xmlconfig:cmanpreconfig";

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `CLUSTER_CONF`, or `COROSYNC_CLUSTER_CONFIG_FILE` as the original has it: the file.
    pub file: Option<PathBuf>,
    /// `COROSYNC_DEFAULT_CONFIG_IFACE`: the loaders.
    pub loaders: Option<String>,
    /// `CONFIG_LOADER`: the loader that a validation begins with.
    pub loader: Option<String>,
    /// `CMAN_NODENAME`: which of the nodes this host is.
    pub node_name: Option<String>,
    /// The daemon's program, as `cman_tool` finds it.
    pub clusterd: PathBuf,
    /// Where the daemon of this node listens, as `cman_tool` finds it.
    pub socket: PathBuf,
    /// What is said of the host in place of the operating system, in tests.
    pub(crate) facts: Option<Facts>,
}

impl Environment {
    /// That of the running process. An empty variable is none.
    #[must_use]
    pub fn of_process() -> Self {
        let get = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        let text = |name| get(name).map(|value| value.to_string_lossy().into_owned());
        let daemon = crate::cman::Environment::of_process();
        let file = get("CLUSTER_CONF").or_else(|| get("COROSYNC_CLUSTER_CONFIG_FILE"));
        Self {
            file: file.map(PathBuf::from),
            loaders: text("COROSYNC_DEFAULT_CONFIG_IFACE"),
            loader: text("CONFIG_LOADER"),
            node_name: text("CMAN_NODENAME"),
            clusterd: daemon.daemon(),
            socket: daemon.socket(),
            facts: None,
        }
    }

    /// The file.
    pub(crate) fn file(&self) -> &Path {
        self.file.as_deref().unwrap_or(Path::new(FILE))
    }
}

/// What was loaded.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As written, and with what the loaders add.
    pub(crate) tree: Tree,
    /// The outermost element.
    pub(crate) root: Handle,
    /// As understood, when it can be.
    pub(crate) cluster: Option<Cluster>,
    /// Everything that is wrong with it, in its order.
    pub(crate) problems: Vec<Problem>,
}

/// Why there is nothing to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Unable {
    /// The file cannot be read.
    File(String),
    /// It is no XML.
    Markup(Vec<Problem>),
    /// There is no such loader.
    Loader(String),
    /// A directory does not give it.
    Directory(String),
    /// This host is not in it.
    Local(String),
    /// No daemon says what it goes by.
    Daemon(String),
}

impl Unable {
    /// What to tell, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        match self {
            Self::File(line) | Self::Local(line) | Self::Daemon(line) => vec![line.clone()],
            Self::Directory(lines) => lines.lines().map(str::to_owned).collect(),
            Self::Markup(problems) => problems.iter().map(line).collect(),
            Self::Loader(name) => {
                let known = "xmlconfig, ldapconfig and cmanpreconfig";
                vec![format!("loader {name} is not known: there are {known}")]
            }
        }
    }
}

impl Source {
    /// Reads a file and nothing else.
    pub(crate) fn read(path: &Path) -> Result<Self, Unable> {
        let text = bytes(path).map_err(|error| Unable::File(unreadable(path, &error)))?;
        Self::parse(&path.display().to_string(), &text)
    }

    fn parse(name: &str, text: &[u8]) -> Result<Self, Unable> {
        let loaded = xml::load(name, text);
        let (tree, mut problems) = (loaded.tree, loaded.problems);
        let root = tree.children(Handle::ROOT).first().copied();
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        let Some(root) = root.filter(|_| loaded.sound && !broken) else {
            problems.retain(|problem| problem.severity == Severity::Error);
            return Err(Unable::Markup(problems));
        };
        let cluster = match Cluster::read(&tree) {
            Ok(reading) => {
                problems.extend(reading.warnings);
                Some(reading.cluster)
            }
            Err(more) => {
                problems.extend(more);
                None
            }
        };
        problems.sort_by_key(|problem| (problem.line.is_none(), problem.line, problem.column));
        Ok(Self { tree, root, cluster, problems })
    }

    /// Does what these loaders do, one after another.
    pub(crate) fn load(
        path: &Path,
        loaders: &str,
        environment: &Environment,
    ) -> Result<Self, Unable> {
        let names: Vec<&str> = loaders.split(':').filter(|name| !name.is_empty()).collect();
        let known = ["xmlconfig", "ldapconfig", "cmanpreconfig"];
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            return Err(Unable::Loader((*unknown).to_owned()));
        }
        let mut source = if names.contains(&"ldapconfig") {
            Self::parse("directory", &directory(&environment.clusterd)?)?
        } else {
            Self::read(path)?
        };
        if names.contains(&"cmanpreconfig") {
            source.complete(environment).map_err(|why| Unable::Local(why.to_string()))?;
        }
        Ok(source)
    }

    /// What the daemon of this node goes by, under the name of this program.
    pub(crate) fn running(program: &str, environment: &Environment) -> Result<Self, Unable> {
        let asked = Connection::open(&environment.socket, program)
            .and_then(|mut daemon| daemon.running())
            .map_err(|why| Unable::Daemon(why.to_string()))?;
        let Running { version: _, text, node, cluster_id } = asked;
        if text.is_empty() {
            return Err(Unable::Daemon(format!("node {node} was started without a configuration")));
        }
        let mut source = Self::parse(RUNNING, &text)?;
        source.add(node, cluster_id);
        Ok(source)
    }

    /// Whether a node can start with it.
    pub(crate) const fn is_usable(&self) -> bool {
        self.cluster.is_some()
    }

    /// Adds what follows from the configuration and from this host.
    fn complete(&mut self, environment: &Environment) -> Result<(), LocalError> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let facts = environment.facts.clone().unwrap_or_else(|| Facts::ask(cluster));
        let node = facts.local_node(cluster, environment.node_name.as_deref())?;
        let id = cluster.id;
        self.add(node.name, id);
        Ok(())
    }

    /// Adds which node this is, and the id of the cluster.
    fn add(&mut self, node: String, cluster: u16) {
        let cman = self.tree.children_named(self.root, "cman").next();
        let added = match cman {
            Some(cman) => Ok(cman),
            None => self.tree.create(self.root, "cman"),
        };
        // A tree that is full to the last object is shown without these two.
        if let Ok(cman) = added {
            for (key, value) in [("nodename", node), ("cluster_id", cluster.to_string())] {
                let _ = self.tree.set(cman, key, value.into());
            }
        }
    }
}

/// What a directory holds; which one, the environment tells the program that asks.
fn directory(program: &Path) -> Result<Vec<u8>, Unable> {
    let run = Command::new(program).arg("directory").stdin(Stdio::null()).output();
    let run = run
        .map_err(|error| Unable::Directory(format!("cannot run {}: {error}", program.display())))?;
    if !run.status.success() {
        return Err(Unable::Directory(String::from_utf8_lossy(&run.stderr).into_owned()));
    }
    Ok(run.stdout)
}

/// The text of a file, as far as a configuration may be long.
pub(crate) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(LARGEST_TEXT).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}

/// Why a file was not read; for one that is missing in the words that scripts know.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    if error.kind() == io::ErrorKind::NotFound {
        format!("I/O warning : failed to load external entity \"{path}\"")
    } else {
        format!("cannot read {path}: {error}")
    }
}

/// A problem with what would have been accepted, where it does not say so itself.
pub(crate) fn line(problem: &Problem) -> String {
    let text = problem.to_string();
    match &problem.expected {
        Some(expected) if !text.contains(expected.as_str()) => {
            format!("{text} (expected: {expected})")
        }
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests;
