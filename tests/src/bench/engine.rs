//! What carries messages in a race, and the programs beside it: daemons of one kind on some hosts.
//!
//! Must never give one engine what another does not get: all daemons wait at one gate and start
//! together, all clients run at the same priority. Must never touch a Corosync of this machine:
//! each daemon sees its own `/etc/corosync`, `/var/lib/corosync`, `/run` and `/dev/shm`.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daemon::demo::conf;
use daemon::demo::home::{self, Home};
use daemon::demo::process::Process;

use super::site::{Site, sender};

mod corosync;
mod tools;

pub use self::tools::Tools;

/// How long a daemon may take to say good-bye before it is killed.
const FAREWELL: Duration = Duration::from_secs(5);

/// Waits at the gate, then becomes the words.
const GATED: &str = "read -r go && exec \"$@\"";

/// What carries messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, clap::ValueEnum)]
pub enum Engine {
    /// `clusterd`, and programs of its own client library.
    Clusterd,
    /// `clusterd`, and the C client over our `libcpg.so.4`.
    ClusterdCpg,
    /// Corosync over knet with AES-256 and SHA-256: what `secauth: on` means.
    CorosyncAes256,
    /// Corosync over knet without cryptography.
    CorosyncPlain,
    /// Corosync over plain UDP to each, which knows no cryptography in this configuration.
    CorosyncUdpu,
}

impl Engine {
    /// What results call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clusterd => "clusterd",
            Self::ClusterdCpg => "clusterd-cpg",
            Self::CorosyncAes256 => "corosync-aes256",
            Self::CorosyncPlain => "corosync-plain",
            Self::CorosyncUdpu => "corosync-udpu",
        }
    }

    /// It is ours.
    #[must_use]
    pub const fn is_own(self) -> bool {
        match self {
            Self::Clusterd | Self::ClusterdCpg => true,
            Self::CorosyncAes256 | Self::CorosyncPlain | Self::CorosyncUdpu => false,
        }
    }
}

/// Daemons of one engine on the first hosts of a site.
#[derive(Debug)]
pub struct Team<'a> {
    site: &'a Site,
    tools: &'a Tools,
    engine: Engine,
    homes: Vec<Home>,
    daemons: Vec<Process>,
}

/// How to start a team.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Start {
    /// What.
    pub engine: Engine,
    /// On how many hosts.
    pub nodes: usize,
    /// With this token timeout, milliseconds, instead of the engine's default.
    pub token: Option<u32>,
}

impl<'a> Team<'a> {
    /// Has the daemons wait at the gate.
    ///
    /// # Errors
    /// A program does not start.
    pub fn new(site: &'a Site, tools: &'a Tools, start: Start) -> Result<Self, String> {
        let Start { engine, nodes, .. } = start;
        let mut team = Self { site, tools, engine, homes: Vec::new(), daemons: Vec::new() };
        let names: Vec<String> = site.names().into_iter().take(nodes).collect();
        for (host, name) in names.iter().enumerate() {
            if engine.is_own() {
                team.own(&names, (host, name), start.token)?;
            } else {
                let daemon = corosync::wait(site, tools, start, host)?;
                team.daemons.push(daemon);
            }
        }
        Ok(team)
    }

    fn own(
        &mut self,
        names: &[String],
        (host, name): (usize, &str),
        token: Option<u32>,
    ) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("{name}: {error}");
        let dir = self.site.fresh(name)?;
        let config = dir.join("cluster.conf");
        let mut text = conf::text("bench", names, "");
        if let Some(token) = token {
            let totem = format!("  <totem token=\"{token}\"/>\n</cluster>");
            text = text.replace("</cluster>", &totem);
        }
        fs::write(&config, text).map_err(failed)?;
        let home = Home::new(dir, config).map_err(failed)?;
        let log = File::create(home.log()).map_err(failed)?;
        let mut command = Command::new("sh");
        home.settle(&mut command);
        command
            .args(["-c", GATED, "sh"])
            .arg(self.site.clusterd())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0);
        self.daemons.push(self.site.spawn(host, &mut command)?);
        self.homes.push(home);
        Ok(())
    }

    /// Opens the gate.
    ///
    /// # Errors
    /// A daemon is gone already.
    pub fn go(&mut self) -> Result<(), String> {
        let mut gates: Vec<_> = self.daemons.iter_mut().map(Process::take_stdin).collect();
        for gate in gates.iter_mut().flatten() {
            gate.write_all(b"go\n").map_err(|error| format!("opening the gate: {error}"))?;
        }
        Ok(())
    }

    /// How many daemons were started.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.daemons.len()
    }

    /// There are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.daemons.is_empty()
    }

    /// The process of the daemon of a host.
    #[must_use]
    pub fn pid(&self, host: usize) -> Option<u32> {
        self.daemons.get(host).map(Process::pid)
    }

    /// The daemon of a host.
    pub fn daemon(&mut self, host: usize) -> Option<&mut Process> {
        self.daemons.get_mut(host)
    }

    /// Starts a client beside the daemon of a host: `load` or `watch` and its words. Its output is
    /// a pipe.
    ///
    /// # Errors
    /// It does not start.
    pub fn client(&self, host: usize, words: &[String]) -> Result<Process, String> {
        let mut command = match self.engine {
            Engine::Clusterd => {
                let own = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut command = sender(&own);
                let home = self.homes.get(host).ok_or("no such host")?;
                command.arg("client").arg("--socket").arg(home.socket()).args(words);
                command
            }
            Engine::ClusterdCpg => {
                let libraries = self.tools.libraries.as_ref().ok_or("no libcpg.so.4 of ours")?;
                let mut command = sender(&self.tools.race);
                let home = self.homes.get(host).ok_or("no such host")?;
                home.settle(&mut command);
                command.env("LD_LIBRARY_PATH", libraries);
                command.env("CLUSTER_SOCKET", home.socket()).args(words);
                command
            }
            Engine::CorosyncAes256 | Engine::CorosyncPlain | Engine::CorosyncUdpu => {
                let pid = self.pid(host).ok_or("no such host")?;
                let mut command = sender(Path::new("nsenter"));
                command.arg(format!("--mount=/proc/{pid}/ns/mnt"));
                command.arg(&self.tools.race).args(words);
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        // Who watches complains when its daemon goes, which is what it is there for.
        if words.first().is_some_and(|word| word == "watch") {
            command.stderr(Stdio::null());
        }
        self.site.spawn(host, &mut command)
    }

    /// Has all daemons end.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn stop(mut self) -> Result<(), String> {
        for daemon in &mut self.daemons {
            daemon.terminate().map_err(|error| error.to_string())?;
        }
        farewell(self.daemons);
        Ok(())
    }

    /// A complaint with the last words of the daemons.
    #[must_use]
    pub fn explain(&self, why: &str) -> String {
        let words: Vec<String> = if self.engine.is_own() {
            self.homes.iter().flat_map(|home| home.last_words(4)).collect()
        } else {
            corosync::last_words(self.site, self.len())
        };
        words.iter().fold(why.to_owned(), |text, line| text + "\n  " + line)
    }
}

/// Waits for the ends of programs that are leaving; those that do not end in time are killed.
pub(super) fn farewell(processes: Vec<Process>) {
    let deadline = Instant::now() + FAREWELL;
    for mut process in processes {
        // Whatever comes of it: the program goes with its owner.
        let _ = process.wait(Some(deadline));
    }
}

/// Where programs are; an ordinary user's path often lacks the administrator's.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Waits for a line that says "ready".
fn ready(process: &mut Process) -> Result<(), String> {
    home::ready(process.take_stdout().ok_or("a pipe was asked for")?)
}

/// A directory that may be missing.
fn directory(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_dir())
}
