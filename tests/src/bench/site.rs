//! Hosts on one bridge, and the programs that are measured on them.
//!
//! Must never leave anything behind: what runs on the hosts ends with them, and files stand in a
//! directory that goes with its owner.

use std::path::{Path, PathBuf};
use std::process::Command;

use daemon::demo::lan::{Lan, own_user_namespace};
use daemon::demo::process::Process;
use daemon::demo::scratch::Scratch;

/// Starts its words at real-time priority, where that is permitted.
const FIRST: &str = "chrt -r 30 true 2>/dev/null && exec chrt -r 30 \"$@\"; exec \"$@\"";

/// A command for a program that sends through a daemon. It runs in real time, below the daemons and
/// above all else: our daemon's own generator does as well, and what else the machine has to do
/// would count against the programs alone.
#[must_use]
pub fn sender(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", FIRST, "sh"]).arg(program);
    command
}

/// The hosts.
#[derive(Debug)]
pub struct Site {
    /// Before the directory: programs write there.
    lan: Lan,
    scratch: Scratch,
    clusterd: PathBuf,
    hosts: usize,
}

/// Gives this process the rights to make hosts, if it has not. Must be called before it has a
/// second thread.
///
/// # Errors
/// Why it cannot have them.
pub fn enter() -> Result<(), String> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    own_user_namespace().map_err(|error| format!("hosts need root or user namespaces: {error}"))
}

impl Site {
    /// Makes so many, on a bridge that carries packets of `mtu` bytes.
    ///
    /// # Errors
    /// The kernel refuses, or `clusterd` is missing.
    pub fn new(hosts: usize, mtu: u32) -> Result<Self, String> {
        let clusterd = clusterd()?;
        let scratch = Scratch::new("cluster-bench").map_err(|error| error.to_string())?;
        scratch.go_on_panic();
        let lan = Lan::new(&names(hosts), mtu, &scratch.path().join("hosts"))
            .map_err(|error| format!("cannot make hosts: {error}"))?;
        Ok(Self { lan, scratch, clusterd, hosts })
    }

    /// How many there are.
    #[must_use]
    pub const fn hosts(&self) -> usize {
        self.hosts
    }

    /// The network between them.
    #[must_use]
    pub const fn lan(&self) -> &Lan {
        &self.lan
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names(self.hosts)
    }

    /// The daemon.
    #[must_use]
    pub fn clusterd(&self) -> &Path {
        &self.clusterd
    }

    /// Where files are.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// An empty directory of this name.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn fresh(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.scratch.path().join(name);
        let made = if path.exists() { std::fs::remove_dir_all(&path) } else { Ok(()) };
        let made = made.and_then(|()| std::fs::create_dir_all(&path));
        made.map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Starts a program on a host.
    ///
    /// # Errors
    /// It does not start.
    pub fn spawn(&self, host: usize, command: &mut Command) -> Result<Process, String> {
        let what = command.get_program().to_string_lossy().into_owned();
        self.lan.spawn(host, command).map_err(|error| format!("{what}: {error}"))
    }
}

fn names(hosts: usize) -> Vec<String> {
    (1..=hosts).map(|n| format!("iscsi{n}")).collect()
}

/// Our daemon's program.
///
/// # Errors
/// It is missing.
pub fn clusterd() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = own.parent().map(PathBuf::from).unwrap_or_default();
    let dir = std::env::var_os("CLUSTER_BIN").map_or(beside, PathBuf::from);
    let file = dir.join("clusterd");
    if file.is_file() {
        return Ok(file);
    }
    Err(format!("{} is missing: cargo build --release -p daemon", file.display()))
}
