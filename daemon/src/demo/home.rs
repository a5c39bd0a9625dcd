//! Where one daemon of a made-up cluster lives: a directory that holds its socket, its memory and
//! its log, so that several live on one machine.
//!
//! Must never let the daemon see what this process was told about another: variables that steer
//! daemons and tools are replaced, not inherited.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Longest line that is taken from a daemon that starts.
const LONGEST_LINE: u64 = 16 << 10;

/// Most bytes of the end of a log that are looked at.
const TAIL: usize = 16 << 10;

/// Where one daemon lives.
#[derive(Clone, Debug)]
pub struct Home {
    dir: PathBuf,
    config: PathBuf,
}

impl Home {
    /// Makes `dir` the home of a daemon that reads the configuration `config`.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new(dir: PathBuf, config: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        Ok(Self { dir, config })
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The configuration that its daemon reads.
    #[must_use]
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// Where its daemon listens to programs.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.dir.join("clusterd.sock")
    }

    /// What daemons and tools of this home find in their environment.
    pub fn settle(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| steers(name)) {
            command.env_remove(name);
        }
        command
            .env("CLUSTER_CONF", &self.config)
            .env("CLUSTER_RUN_DIR", &self.dir)
            .env("CLUSTER_LIB_DIR", self.dir.join("lib"))
            .env("CLUSTER_LOG_DIR", self.dir.join("log"));
    }

    /// The command that runs its daemon, `program` with the words `before` its own: what it has to
    /// say at the start goes into a pipe (see [`ready`]), what it says later into a file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn daemon(&self, program: &Path, before: &[&str]) -> io::Result<Command> {
        let mut command = Command::new(program);
        self.settle(&mut command);
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        command
            .args(before)
            .args(["--ready-fd", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // What is typed at the terminal is not for it.
            .process_group(0);
        Ok(command)
    }

    /// The file with what its daemons said.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.dir.join("stderr.log")
    }

    /// The last `count` lines that its daemons said.
    #[must_use]
    pub fn last_words(&self, count: usize) -> Vec<String> {
        let bytes = fs::read(self.log()).unwrap_or_default();
        let end = bytes.get(bytes.len().saturating_sub(TAIL)..).unwrap_or_default();
        let text = String::from_utf8_lossy(end);
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(count);
        lines.iter().skip(from).map(|line| (*line).to_owned()).collect()
    }
}

/// Waits until the daemon at the other end of this pipe serves.
///
/// # Errors
/// It does not; what it said about that, which is empty when it said nothing.
pub fn ready(pipe: impl Read) -> Result<(), String> {
    let mut line = String::new();
    let said = BufReader::new(pipe.take(LONGEST_LINE)).read_line(&mut line);
    match (said, line.trim_end()) {
        (Ok(_), "ready") => Ok(()),
        (Ok(_), other) => Err(other.to_owned()),
        (Err(why), _) => Err(why.to_string()),
    }
}

fn steers(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    ["NOTIFY_SOCKET", "CONFIG_LOADER", "LDAP_BINDPWD"].contains(&name.as_ref())
        || ["CLUSTER", "CMAN_", "COROSYNC_", "WATCHDOG_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
