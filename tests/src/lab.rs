//! Real daemons on real sockets, on hosts that exist for one test: network namespaces on one
//! bridge, where links can be cut and daemons killed.
//!
//! Must never send a packet outside of its own namespaces, never wait without an event, and never
//! pass over what it could not do: without the means it says so and the test is skipped; told that
//! the means are there, it fails.
//!
//! | variable | meaning |
//! |---|---|
//! | `CLUSTER_LIVE` | `1`: live tests run, and fail where namespaces cannot be made |
//! | `CLUSTER_BIN` | directory of `clusterd` and `cman_tool`; else that of the running test |

pub mod normal;
pub mod transcript;
mod wait;
mod watch;

use std::fs;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use client::{Connection, Error, Status};
use daemon::demo::home::{self, Home};
use daemon::demo::lan::{ETHERNET_MTU, Lan};
use daemon::demo::process::{self, Process};
use daemon::demo::scratch::Scratch;

pub use self::watch::{Watch, id};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long daemons are watched before it is asked anew which are running.
const LOOK: Duration = Duration::from_millis(250);

/// What the daemons know a lab as.
const NAME: &str = "lab";

/// Times are measured here: one lab at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// What a lab is to be.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The cluster.conf of all hosts.
    pub conf: String,
    /// Their names; the `n`th has address 192.168.10.(10+n).
    pub hosts: Vec<String>,
    /// Bytes of a packet that the bridge carries.
    pub mtu: u32,
    /// What daemons and programs find in their environment besides.
    pub variables: Vec<(String, String)>,
}

impl Setup {
    /// Hosts `iscsi1`, `iscsi2` and so on, with this configuration.
    #[must_use]
    pub fn new(conf: &str, hosts: usize) -> Self {
        let hosts = (1..=hosts).map(|n| format!("iscsi{n}")).collect();
        Self { conf: conf.to_owned(), hosts, mtu: ETHERNET_MTU, variables: Vec::new() }
    }

    /// The same where daemons and programs find these variables.
    #[must_use]
    pub fn with(mut self, variables: &[(&str, &str)]) -> Self {
        let owned = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        self.variables.extend(owned);
        self
    }

    /// The same with another token timeout.
    #[must_use]
    pub fn token(mut self, millis: u32) -> Self {
        let totem = format!("  <totem token=\"{millis}\"/>\n</cluster>");
        self.conf = self.conf.replace("</cluster>", &totem);
        self
    }
}

/// Some hosts, and what runs on them.
#[derive(Debug)]
pub struct Lab {
    /// Before the network: daemons are waited for while they still have one.
    hosts: Vec<Host>,
    lan: Lan,
    scratch: Scratch,
    programs: PathBuf,
    variables: Vec<(String, String)>,
    _alone: MutexGuard<'static, ()>,
}

#[derive(Debug)]
struct Host {
    name: String,
    home: Home,
    process: Option<Process>,
}

/// What a command did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ran {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// The directory of the programs under test when live tests are wanted; `None`, and a line on the
/// terminal, when they are not.
///
/// # Panics
/// They are wanted, and the programs are not there.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    if std::env::var("CLUSTER_LIVE").as_deref() != Ok("1") {
        let name = std::thread::current().name().unwrap_or("a live test").to_owned();
        // Written past the test harness, which keeps what is printed to itself.
        let _ = writeln!(io::stderr(), "SKIPPED {name}: live tests run with CLUSTER_LIVE=1");
        return None;
    }
    let own = std::env::current_exe().expect("a running program has a file");
    // target/debug/deps/it-0123456789abcdef
    let beside = own.ancestors().nth(2).unwrap_or(Path::new("/")).to_owned();
    let dir = std::env::var_os("CLUSTER_BIN").map_or(beside, PathBuf::from);
    for program in ["clusterd", "cman_tool"] {
        let file = dir.join(program);
        assert!(file.is_file(), "{} is missing: cargo build -p daemon -p tools", file.display());
    }
    Some(dir)
}

/// Keeps other tests that measure times from running.
pub fn alone() -> MutexGuard<'static, ()> {
    // A test that failed holding it is no reason for others to fail.
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lab {
    /// Makes the hosts; nothing runs on them yet. `None`, and a line on the terminal, when live
    /// tests are not wanted.
    ///
    /// # Panics
    /// They are wanted, and hosts cannot be made.
    #[must_use]
    pub fn new(setup: &Setup) -> Option<Self> {
        let programs = programs()?;
        let alone = alone();
        let scratch = Scratch::new("cluster-lab").expect("temporary files have a place");
        let lan = match Lan::new(&setup.hosts, setup.mtu, &scratch.path().join("hosts")) {
            Ok(lan) => lan,
            Err(why) => panic!("live tests need root, or unshare --map-root-user: {why}"),
        };
        let host = |name: &String| {
            let dir = scratch.path().join(name);
            fs::create_dir(&dir).expect("the directory is ours");
            let config = dir.join("cluster.conf");
            fs::write(&config, &setup.conf).expect("the directory is ours");
            let home = Home::new(dir, config).expect("the directory is ours");
            Host { name: name.clone(), home, process: None }
        };
        let hosts = setup.hosts.iter().map(host).collect();
        let variables = setup.variables.clone();
        Some(Self { hosts, lan, scratch, programs, variables, _alone: alone })
    }

    /// How many hosts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The number of a host, from its name.
    #[must_use]
    pub fn host(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.name == name)
    }

    /// A place for files that go with the lab.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The directory and the files of a host's daemon.
    ///
    /// # Panics
    /// There is no such host.
    #[must_use]
    pub fn home(&self, host: usize) -> &Home {
        &self.at(host).home
    }

    /// Starts the daemons of all hosts and waits until they agree.
    ///
    /// # Panics
    /// One does not start, or they do not agree.
    pub fn start_all(&mut self) {
        let all: Vec<usize> = (0..self.len()).collect();
        for &host in &all {
            self.start(host, &[]);
        }
        self.agree(&all);
    }

    /// Starts the daemon of a host, with words of its own, and waits until it serves.
    ///
    /// # Panics
    /// It does not.
    pub fn start(&mut self, host: usize, words: &[&str]) {
        let Host { name, home, .. } = self.at(host);
        let mut command =
            home.daemon(&self.programs.join("clusterd"), &[]).expect("the directory is ours");
        command.args(words).envs(self.variables.iter().cloned());
        let mut process = self.lan.spawn(host, &mut command).expect("the program is there");
        let pipe = process.take_stdout().expect("it was asked for");
        if let Err(why) = home::ready(pipe) {
            panic!("{name} does not start: {why}\n{}", self.log(host));
        }
        self.hosts[host].process = Some(process);
    }

    /// Kills the daemon of a host, whoever started it; returns the moment before that.
    ///
    /// # Panics
    /// There is none.
    pub fn kill(&mut self, host: usize) -> Instant {
        let before = process::kill(self.pid(host), Instant::now() + PATIENCE).expect("it is ours");
        self.hosts[host].process = None;
        before
    }

    /// Asks the daemon that this lab started on a host to leave; returns the moment before that.
    ///
    /// # Panics
    /// There is none.
    pub fn terminate(&mut self, host: usize) -> Instant {
        let process = self.hosts[host].process.as_mut().expect("the test has started it");
        process.terminate().expect("it is ours")
    }

    /// Waits for the end of the daemon that this lab started on a host.
    ///
    /// # Panics
    /// There is none, or it does not end.
    pub fn ended(&mut self, host: usize) -> ExitStatus {
        let mut process = self.hosts[host].process.take().expect("the test has started it");
        let status = process.wait(Some(Instant::now() + PATIENCE)).expect("it is ours");
        status.unwrap_or_else(|| panic!("it does not end\n{}", self.log(host)))
    }

    /// Pulls the plug of a host; returns the moment before that.
    ///
    /// # Panics
    /// The kernel does not let us.
    pub fn cut(&self, host: usize) -> Instant {
        let before = Instant::now();
        self.lan.cut(host).expect("the bridge is ours");
        before
    }

    /// Puts it back; returns the moment before that.
    ///
    /// # Panics
    /// The kernel does not let us.
    pub fn heal(&self, host: usize) -> Instant {
        let before = Instant::now();
        self.lan.heal(host).expect("the bridge is ours");
        before
    }

    /// Runs a line of shell on a host: the programs under test are in the path, and find the files
    /// of the host's daemon.
    ///
    /// # Panics
    /// There is no shell.
    #[must_use]
    pub fn run(&self, host: usize, line: &str) -> Ran {
        let mut command = Command::new("timeout");
        self.at(host).home.settle(&mut command);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .args([&PATIENCE.as_secs().to_string(), "sh", "-c", line])
            .env("PATH", format!("{}:{path}", self.programs.display()))
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        self.output(host, &mut command)
    }

    /// Starts any program on a host, for measurements; it ends with what is returned.
    ///
    /// # Panics
    /// It does not start.
    pub fn spawn(&self, host: usize, command: &mut Command) -> Process {
        self.lan.spawn(host, command).expect("the program is there")
    }

    /// A conversation with the daemon of a host.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub fn connect(&self, host: usize) -> Result<Connection, Error> {
        Connection::open(&self.at(host).home.socket(), NAME)
    }

    /// A conversation with the daemon of a host that is told of changes.
    ///
    /// # Panics
    /// It is not running.
    #[must_use]
    pub fn watch(&self, host: usize) -> Watch {
        Watch::new(self.connect(host).expect("the test has started it"))
    }

    /// Waits until these hosts, and no others, are in one ring and have synchronized, each in its
    /// own view.
    ///
    /// # Panics
    /// They do not in time.
    pub fn agree(&self, hosts: &[usize]) {
        let deadline = Instant::now() + PATIENCE;
        let members: Vec<u32> = hosts.iter().map(|&host| id(host)).collect();
        for &host in hosts {
            if !self.watch(host).is_in(&members, deadline) {
                let logs: String = hosts.iter().map(|&host| self.log(host)).collect();
                panic!("{members:?} do not agree\n{logs}");
            }
        }
    }

    /// Waits until all daemons that are running agree and go by one version of the configuration,
    /// whoever started them. One may be on its way out: then those that remain are asked again.
    ///
    /// # Panics
    /// They do not in time.
    pub fn settle(&self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let asked = |host: usize| Some((host, self.connect(host).ok()?.status().ok()?));
            let running: Vec<(usize, Status)> = (0..self.len()).filter_map(asked).collect();
            let members: Vec<u32> = running.iter().map(|(host, _)| id(*host)).collect();
            let version = running.iter().map(|(_, status)| status.config_version).max();
            let soon = Instant::now() + LOOK;
            let agree = |&(host, _): &(usize, Status)| {
                let watch = self.connect(host).ok().and_then(Watch::of);
                watch.is_some_and(|mut watch| {
                    watch.is_in(&members, soon)
                        && watch.shows(|status| Some(status.config_version) == version, soon)
                })
            };
            if running.iter().all(agree) {
                return;
            }
            assert!(Instant::now() < end, "{members:?} do not agree");
        }
    }

    /// Bytes of memory that the daemon of a host occupies.
    ///
    /// # Panics
    /// It is not running.
    #[must_use]
    pub fn resident(&self, host: usize) -> u64 {
        let path = format!("/proc/{}/status", self.pid(host).as_raw_nonzero());
        let status = fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.and_then(|kib| kib.parse::<u64>().ok()).expect("the kernel says so") << 10
    }

    /// Descriptors that the daemon of a host has open.
    ///
    /// # Panics
    /// It is not running.
    #[must_use]
    pub fn descriptors(&self, host: usize) -> usize {
        let path = format!("/proc/{}/fd", self.pid(host).as_raw_nonzero());
        fs::read_dir(path).expect("it runs").count()
    }

    /// The end of what the daemons of a host said.
    #[must_use]
    pub fn log(&self, host: usize) -> String {
        let Host { name, home, .. } = self.at(host);
        let lines = home.last_words(60);
        lines.iter().map(|line| format!("{name}: {line}\n")).collect()
    }

    fn at(&self, host: usize) -> &Host {
        self.hosts.get(host).unwrap_or_else(|| panic!("there is no host {host}"))
    }

    fn pid(&self, host: usize) -> rustix::process::Pid {
        let stream = UnixStream::connect(self.at(host).home.socket()).expect("it is running");
        rustix::net::sockopt::socket_peercred(&stream).expect("the kernel knows").pid
    }

    fn output(&self, host: usize, command: &mut Command) -> Ran {
        let files = ["stdout", "stderr"].map(|name| self.scratch().join(name));
        let [out, err] = files.each_ref().map(|path| fs::File::create(path).expect("it is ours"));
        // Files, not pipes: a daemon that the command starts may keep them.
        command.stdout(out).stderr(err);
        let mut process = self.lan.spawn(host, command).expect("every system has timeout");
        let status = process.wait(None).expect("it is ours").expect("no deadline was given");
        let [stdout, stderr] = files.map(|path| {
            String::from_utf8_lossy(&fs::read(path).expect("it was just made")).into_owned()
        });
        Ran { code: status.code(), stdout, stderr }
    }
}
