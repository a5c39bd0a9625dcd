//! One host: a machine as far as the programs on it can see, with processes, files and a network of
//! its own, that can be switched off and on.
//!
//! Must never show a program the files of this machine that belong to a cluster, nor end a process
//! that is not in the host's own process namespace.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use daemon::demo::lan::{self, Lan};
use daemon::demo::process::Process;
use rustix::process::{Pid, Signal};

use super::Setup;

/// What the first process of a host does.
const BOOT: &str = include_str!("machine/boot.sh");

/// How long one command may take.
pub const COMMAND: Duration = Duration::from_secs(60);

/// How long the kernel may take to end all processes of a host.
const LAST_RITES: Duration = Duration::from_secs(10);

/// Where programs find libraries that are not installed.
const LIBRARIES: &str = "/run/lib";

/// A host.
#[derive(Debug)]
pub struct Machine {
    name: String,
    index: usize,
    dir: PathBuf,
    life: Option<Life>,
}

/// From a boot to the next crash.
#[derive(Debug)]
struct Life {
    /// The host's first process, as this machine counts.
    first: u32,
    libraries: bool,
    parent: Process,
}

/// What a command did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed, complaints last.
    pub said: String,
    /// What it printed without complaints.
    pub stdout: String,
}

impl Ran {
    /// True when the exit status is 0.
    #[must_use]
    pub fn fine(&self) -> bool {
        self.code == Some(0)
    }

    /// True when this text stands in its output.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        self.said.contains(text)
    }
}

impl Machine {
    /// A host that is off; `files` are put into it (`etc/…`, `lib/…` for /var/lib).
    ///
    /// # Errors
    /// They cannot be written.
    pub(super) fn new(
        name: &str,
        index: usize,
        dir: PathBuf,
        files: &[(String, Vec<u8>)],
    ) -> Result<Self, String> {
        for (path, content) in files {
            let path = dir.join("files").join(path);
            let write = || {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(&path, content)
            };
            write().map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(Self { name: name.to_owned(), index, dir, life: None })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the cluster calls it.
    #[must_use]
    pub const fn id(&self) -> usize {
        self.index + 1
    }

    /// The command that gets onto it.
    ///
    /// # Errors
    /// It is off.
    pub fn entrance(&self) -> Result<String, String> {
        let life = self.life.as_ref().ok_or_else(|| format!("{} is off", self.name))?;
        let first = life.first;
        let libraries =
            if life.libraries { format!("LD_LIBRARY_PATH={LIBRARIES} ") } else { String::new() };
        Ok(format!("{libraries}nsenter --target {first} --mount --pid --ipc --net --uts"))
    }

    /// Its /var/log.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Switches it on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn boot(&mut self, lan: &Lan, setup: &Setup) -> Result<(), String> {
        let none = Path::new("");
        let script = self.dir.join("boot.sh");
        fs::write(&script, BOOT).map_err(|error| format!("{}: {error}", script.display()))?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--ipc", "--fork", "--kill-child", "bash"])
            .arg(&script)
            .arg(&self.dir)
            .arg(setup.libraries.as_deref().unwrap_or(none))
            .arg(if setup.package { "package" } else { "path" })
            .env("PATH", path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        // What it has to say when it is crashed is no news.
        command.stderr(Stdio::null());
        let failed = |why: String| format!("{} does not boot: {why}", self.name);
        let mut parent = lan.spawn(self.index, &mut command).map_err(|e| failed(e.to_string()))?;
        let pipe = parent.take_stdout().ok_or_else(|| failed("a pipe was asked for".to_owned()))?;
        let mut line = String::new();
        BufReader::new(pipe).read_line(&mut line).map_err(|error| failed(error.to_string()))?;
        let first = line.trim().parse().map_err(|_| failed(format!("it says {line:?}")))?;
        // What is installed is found without a word.
        let libraries = setup.libraries.is_some() && !setup.package;
        self.life = Some(Life { first, libraries, parent });
        Ok(())
    }

    /// Switches it off without a warning. `programs` are those on
    /// it that were started here: the kernel counts them in until their status is collected.
    ///
    /// # Errors
    /// It is off, or does not end.
    pub(super) fn crash(&mut self, programs: Vec<Process>) -> Result<(), String> {
        let mut life = self.life.take().ok_or_else(|| format!("{} is off", self.name))?;
        let pid = i32::try_from(life.first).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| format!("{} is no process", life.first))?;
        let failed = |why: &str| format!("{} does not go down: {why}", self.name);
        rustix::process::kill_process(pid, Signal::KILL).map_err(|e| failed(&e.to_string()))?;
        drop(programs);
        let ended = life.parent.wait(Some(Instant::now() + LAST_RITES));
        match ended.map_err(|error| failed(&error.to_string()))? {
            Some(_) => Ok(()),
            None => Err(failed("it takes too long")),
        }
    }

    /// Ends all programs on it, but not itself, without a warning; returns the moment before that.
    ///
    /// # Errors
    /// It is off.
    pub fn kill_all(&self) -> Result<Instant, String> {
        let before = Instant::now();
        // Sent by a process of the host to "all": those of its namespace, but the first and itself.
        self.run("kill -9 -1")?;
        Ok(before)
    }

    /// Runs a line of shell on it.
    ///
    /// # Errors
    /// It is off.
    pub fn run(&self, line: &str) -> Result<Ran, String> {
        let mut command = Command::new("timeout");
        command.args([&COMMAND.as_secs().to_string(), "bash", "-c", line]);
        let files = ["stdout", "stderr"].map(|name| self.dir.join(name));
        let failed = |error: std::io::Error| format!("{}: {line}: {error}", self.name);
        let open = |path: &PathBuf| File::create(path).map_err(failed);
        // Files, not pipes: a daemon that the command starts may keep them.
        command.stdout(open(&files[0])?).stderr(open(&files[1])?);
        let mut process = self.spawn(&mut command)?;
        let status = process.wait(None).map_err(failed)?;
        let code = status.and_then(|status| status.code());
        let read = |path: &PathBuf| fs::read(path).map_err(failed);
        let [stdout, stderr] = [read(&files[0])?, read(&files[1])?]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Ran { code, said: format!("{stdout}{stderr}"), stdout })
    }

    /// Starts a line of shell on it that goes on; what it prints goes to a file of this name in its
    /// /var/log.
    ///
    /// # Errors
    /// It is off.
    pub fn start(&self, name: &str, line: &str) -> Result<Process, String> {
        let path = self.logs().join(format!("{name}.out"));
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let out = File::options().create(true).append(true).open(&path).map_err(failed)?;
        let both = out.try_clone().map_err(failed)?;
        let mut command = Command::new("bash");
        command.args(["-c", line]).stdout(out).stderr(both).process_group(0);
        self.spawn(&mut command)
    }

    /// What a program printed that was started under this name.
    #[must_use]
    pub fn printed(&self, name: &str) -> String {
        let bytes = fs::read(self.logs().join(format!("{name}.out"))).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Starts a program on it.
    ///
    /// # Errors
    /// It is off, or there is no such program.
    pub fn spawn(&self, command: &mut Command) -> Result<Process, String> {
        let life = self.life.as_ref().ok_or_else(|| format!("{} is off", self.name))?;
        command.env("PATH", path()).env("LC_ALL", "C").current_dir("/");
        for name in std::env::vars_os().map(|(name, _)| name) {
            if name.to_string_lossy().starts_with("CLUSTER") {
                command.env_remove(name);
            }
        }
        if life.libraries {
            command.env("LD_LIBRARY_PATH", LIBRARIES);
        }
        command.stdin(Stdio::null());
        lan::beside(life.first, command).map_err(|error| format!("{}: {error}", self.name))
    }
}

/// Where programs are; an ordinary user's path often lacks the administrator's.
fn path() -> String {
    let own = std::env::var("PATH").unwrap_or_default();
    format!("{own}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
}
