//! The hosts of one scenario, and the bridge between them.
//!
//! Must never leave anything behind, however the program ends: processes end with the network's
//! keeper, mounts with the last process that sees them, and files are removed by a process that
//! waits for nothing but our end.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use daemon::demo::lan::{ETHERNET_MTU, Lan};
use daemon::demo::process::Process;
use daemon::demo::scratch::Scratch;

use super::Setup;
use super::engine::{self, Engine, Shape};
use super::machine::Machine;
use crate::ear::Ear;

/// How long anything may take before a scenario fails.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Removes a directory when its input ends. What still runs there may be writing.
const REMOVE: &str = "read -r _; n=0; until rm -rf -- \"$1\" 2>/dev/null || [ $n = 100 ]; \
                      do n=$((n+1)); sleep 0.1; done";

/// Hosts on a bridge, and what runs on them.
#[derive(Debug)]
pub struct Place {
    /// Programs end before the hosts they are on, those before the network, that before the files.
    programs: Vec<(usize, &'static str, Process)>,
    /// The hosts.
    pub machines: Vec<Machine>,
    lan: Lan,
    setup: Setup,
    _remover: Remover,
    scratch: Scratch,
}

impl Place {
    /// Makes the hosts and switches them on; nothing of a cluster runs yet. The first ones are the
    /// cluster's nodes.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn new(setup: &Setup, shape: &Shape) -> Result<Self, String> {
        let scratch = Scratch::new("cluster-managers").map_err(|error| error.to_string())?;
        let remover = Remover::new(scratch.path())?;
        let names = shape.names();
        let lan = Lan::new(&names, ETHERNET_MTU, &scratch.path().join("hosts"))
            .map_err(|error| format!("cannot make hosts: {error}"))?;
        let files = engine::files(setup, shape)?;
        let mut machines = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let dir = scratch.path().join(name);
            let mut machine = Machine::new(name, index, dir, &files)?;
            machine.boot(&lan, setup)?;
            machines.push(machine);
        }
        let setup = setup.clone();
        Ok(Self { programs: Vec::new(), machines, lan, setup, _remover: remover, scratch })
    }

    /// What it was made with.
    #[must_use]
    pub const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Where files are.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Starts the cluster's daemon on a host, and waits until it serves.
    ///
    /// # Errors
    /// It does not.
    pub fn engine(&mut self, host: usize) -> Result<(), String> {
        let started = engine::start(&self.setup, &self.machines[host])?;
        self.programs.extend(started.map(|process| (host, "engine", process)));
        Ok(())
    }

    /// Starts a program on a host that goes on; see [`Machine::start`].
    ///
    /// # Errors
    /// It does not start.
    pub fn start(&mut self, host: usize, name: &'static str, line: &str) -> Result<(), String> {
        let process = self.machines[host].start(name, line)?;
        self.programs.push((host, name, process));
        Ok(())
    }

    /// Asks a program that was started under this name to end, and waits until it has; returns the
    /// moment before that.
    ///
    /// # Errors
    /// There is none, or it does not end.
    pub fn stop(&mut self, host: usize, name: &'static str) -> Result<Instant, String> {
        let mut process = self.take(host, name)?;
        let failed = |error: std::io::Error| format!("{name}: {error}");
        let before = process.terminate().map_err(failed)?;
        let ended = process.wait(Some(before + PATIENCE)).map_err(failed)?;
        ended.map(|_| before).ok_or_else(|| format!("{name} does not end"))
    }

    /// Waits until a program that was started under this name has ended by itself.
    ///
    /// # Errors
    /// There is none, or it does not end, or not well.
    pub fn finish(&mut self, host: usize, name: &'static str) -> Result<(), String> {
        let mut process = self.take(host, name)?;
        let ended = process.wait(Some(Instant::now() + PATIENCE));
        let ended = ended.map_err(|error| format!("{name}: {error}"))?;
        let said = || self.machines[host].printed(name);
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("{name} ends with {status}:\n{}", said())),
            None => Err(format!("{name} does not end:\n{}", said())),
        }
    }

    fn take(&mut self, host: usize, name: &'static str) -> Result<Process, String> {
        let at = self.programs.iter().position(|(at, what, _)| *at == host && *what == name);
        let at = at.ok_or_else(|| format!("no {name} was started on host {host}"))?;
        Ok(self.programs.remove(at).2)
    }

    /// Ends all programs of a host without a warning; returns the moment before that.
    ///
    /// # Errors
    /// It is off.
    pub fn kill_all(&mut self, host: usize) -> Result<Instant, String> {
        let before = self.machines[host].kill_all()?;
        self.programs.retain(|(at, _, _)| *at != host);
        Ok(before)
    }

    /// Ends the cluster's daemon of a host without a warning; returns the moment before that.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill_engine(&mut self, host: usize) -> Result<Instant, String> {
        match self.setup.engine {
            Engine::Corosync => {
                let before = Instant::now();
                let ran = self.machines[host].run("kill -9 $(cat /run/corosync.pid)")?;
                if ran.fine() { Ok(before) } else { Err(ran.said) }
            }
            Engine::Clusterd => {
                let mut process = self.take(host, "engine")?;
                process.kill().map_err(|error| error.to_string())
            }
        }
    }

    /// Switches a host off without a warning; returns the moment before that. Its network goes
    /// first: what remains of a host here would answer that nobody listens.
    ///
    /// # Errors
    /// It is off.
    pub fn crash(&mut self, host: usize) -> Result<Instant, String> {
        let before = self.cut(host)?;
        let (there, elsewhere) = self.programs.drain(..).partition(|(at, _, _)| *at == host);
        self.programs = elsewhere;
        let there: Vec<(usize, &str, Process)> = there;
        let there = there.into_iter().map(|(_, _, process)| process).collect();
        self.machines[host].crash(there).map(|()| before)
    }

    /// Switches a host on again.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn boot(&mut self, host: usize) -> Result<(), String> {
        self.heal(host)?;
        self.machines[host].boot(&self.lan, &self.setup)
    }

    /// Pulls the plug of a host; returns the moment before that.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn cut(&self, host: usize) -> Result<Instant, String> {
        let before = Instant::now();
        self.lan.cut(host).map_err(|error| error.to_string()).map(|()| before)
    }

    /// Puts it back; returns the moment before that.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn heal(&self, host: usize) -> Result<Instant, String> {
        let before = Instant::now();
        self.lan.heal(host).map_err(|error| error.to_string()).map(|()| before)
    }

    /// Waits until something is so, looking whenever a host writes a log; returns the moment when
    /// it was seen.
    ///
    /// # Errors
    /// It is not so in time: then with what it last looked like; or nobody can look.
    pub fn until(
        &self,
        what: &str,
        mut look: impl FnMut(&Self) -> Result<Look, String>,
    ) -> Result<Instant, String> {
        let deadline = Instant::now() + PATIENCE;
        let logs: Vec<_> = self.machines.iter().map(Machine::logs).collect();
        let parts = ["", "corosync", "cluster", "pacemaker"];
        let places: Vec<_> = logs.iter().flat_map(|log| parts.map(|part| log.join(part))).collect();
        let ear = Ear::new(places.iter().map(std::path::PathBuf::as_path))?;
        loop {
            match look(self)? {
                Look::Seen => return Ok(Instant::now()),
                Look::NotYet(_) if Instant::now() < deadline => ear.wait()?,
                Look::NotYet(instead) => {
                    let seconds = PATIENCE.as_secs();
                    return Err(format!("not in {seconds} s: {what}; instead:\n{instead}"));
                }
            }
        }
    }

    /// The end of every log of every host.
    #[must_use]
    pub fn last_words(&self, lines: usize) -> String {
        let mut text = String::new();
        for machine in &self.machines {
            for part in ["", "corosync", "cluster", "pacemaker"] {
                let mut files: Vec<_> = fs::read_dir(machine.logs().join(part))
                    .into_iter()
                    .flatten()
                    .filter_map(|entry| Some(entry.ok()?.path()))
                    .filter(|path| path.is_file())
                    .collect();
                files.sort();
                for file in files {
                    let said = fs::read(&file).unwrap_or_default();
                    let said = String::from_utf8_lossy(&said);
                    let all: Vec<&str> = said.lines().collect();
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    for line in all.iter().skip(all.len().saturating_sub(lines)) {
                        text.push_str(&format!("{} {name}: {line}\n", machine.name()));
                    }
                }
            }
        }
        text
    }
}

/// What somebody saw who looked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// It is so.
    Seen,
    /// It is not yet; what there is instead.
    NotYet(String),
}

impl Look {
    /// Whether it is so, and what was seen.
    #[must_use]
    pub fn when(so: bool, seen: &str) -> Self {
        if so { Self::Seen } else { Self::NotYet(seen.to_owned()) }
    }
}

/// A process that removes a directory when this one ends, in whatever way.
#[derive(Debug)]
struct Remover {
    process: Child,
}

impl Remover {
    fn new(dir: &Path) -> Result<Self, String> {
        let mut command = Command::new("sh");
        command.args(["-c", REMOVE, "sh"]).arg(dir).stdin(Stdio::piped()).process_group(0);
        let process = command.spawn().map_err(|error| format!("sh: {error}"))?;
        Ok(Self { process })
    }
}

impl Drop for Remover {
    fn drop(&mut self) {
        // Its input ends, it removes what is there, and ends itself.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
