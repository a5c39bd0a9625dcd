//! `cman_tool`, the operator's view of one node.
//!
//! Must never print a byte more or less than scripts expect of it; numbers for programs come with
//! `--json`, which prints one object on one line.
//!
//! | operation | object printed with `--json` |
//! |---|---|
//! | `status` | the lines of the text in their order, named like them; `quorum` is an object |
//! | `nodes` | `nodes`: a list of `id`, `name`, `type`, `state`, `incarnation`, `joined`, … |
//! | `version` | `version` (text), `config_version` |
//! | `version -r` | `reloaded`, `config_version`, `warnings`, `unwritten`, `difference` |
//! | `wait` | `quorate` |
//! | `join` | `joined` (true), `pid` of the daemon |
//! | `leave` | `left` (true) |
//! | `kill` | `killed`: names; `spared`: a list of `name` and `error` |
//! | `debug` | `debug`: on or off |
//! | `expected` | `expected_votes` |
//! | `votes` | `node`, `node_id`, `votes` |
//! | `what-if` | `now`, `may_fail`, `each`, `steps` |
//! | `services` | `services`: an empty list until there are some |
//! | any that fails | `error`: what stands on stderr |
//!
//! | exit status | when |
//! |---|---|
//! | 0 | done |
//! | 1 | refused, impossible, or wrongly asked |
//! | 2 | the time given with `-t` is over |

mod debug;
mod failure;
mod join;
mod kill;
mod leave;
mod nodes;
mod options;
mod starter;
mod status;
mod version;
mod votes;
mod wait;
mod what_if;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use client::Connection;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use self::failure::Failure;
use self::options::{Operation, Options, Parsed};

/// Where the daemon listens unless told otherwise.
const RUN_DIR: &str = "/run/cluster";

/// The configuration that the daemon reads unless told otherwise.
const CONFIG: &str = "/etc/cluster/cluster.conf";

/// Name of the daemon's socket in its run directory.
pub(crate) const SOCKET: &str = "clusterd.sock";

/// Name of the daemon's program.
const DAEMON: &str = "clusterd";

/// Name under which the tool speaks and complains.
const NAME: &str = "cman_tool";

/// What the environment says; the same as options say with more weight.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `CLUSTER_SOCKET`: path of the daemon's socket.
    pub socket: Option<PathBuf>,
    /// `CLUSTER_RUN_DIR`: directory of the daemon's socket.
    pub run_dir: Option<PathBuf>,
    /// `CLUSTER_CONF`: the daemon's configuration.
    pub config: Option<PathBuf>,
    /// `CONFIG_LOADER`, else the loader in `COROSYNC_DEFAULT_CONFIG_IFACE`: where the daemon's
    /// configuration comes from.
    pub loader: Option<String>,
    /// `CLUSTERD`: the daemon's program file.
    pub clusterd: Option<PathBuf>,
    /// Directory of the running program file.
    pub beside: Option<PathBuf>,
    /// Time zone of what is printed; the system's when not given.
    pub zone: Option<TimeZone>,
}

impl Environment {
    /// That of the running process. An empty variable is none.
    #[must_use]
    pub fn of_process() -> Self {
        let path = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let text = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let first = |names: String| names.split(':').next().map(str::to_owned);
        let chain = || text("COROSYNC_DEFAULT_CONFIG_IFACE").and_then(first);
        let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.to_owned()));
        Self {
            socket: path("CLUSTER_SOCKET"),
            run_dir: path("CLUSTER_RUN_DIR"),
            config: path("CLUSTER_CONF"),
            loader: text("CONFIG_LOADER").or_else(chain),
            clusterd: path("CLUSTERD"),
            beside,
            zone: None,
        }
    }

    /// The daemon's program: the environment's, else the one beside this program, else the one in
    /// the path.
    #[must_use]
    pub fn daemon(&self) -> PathBuf {
        let beside = || self.beside.as_ref().map(|d| d.join(DAEMON)).filter(|p| p.is_file());
        self.clusterd.clone().or_else(beside).unwrap_or_else(|| PathBuf::from(DAEMON))
    }

    /// Where the daemon of this node listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        let run_dir = || self.run_dir.as_deref().unwrap_or(Path::new(RUN_DIR));
        self.socket.clone().unwrap_or_else(|| run_dir().join(SOCKET))
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or_else(TimeZone::system)
    }
}

/// Runs one command and returns its exit status.
pub fn run(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let json = arguments.iter().any(|word| word == "--json");
    let failure = match execute(arguments, environment, out, err) {
        Ok(()) => return 0,
        Err(failure) => failure,
    };
    // Nobody is left to tell when even this cannot be written.
    let _ = write!(err, "{failure}");
    if json {
        let _ = writeln!(out, "{}", json!({ "error": failure.plain().trim_end() }));
    }
    failure.code()
}

fn execute(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let options = match options::parse(arguments)? {
        Parsed::Usage => return Ok(out.write_all(options::USAGE.as_bytes())?),
        Parsed::Version => return Ok(version::print_own(out)?),
        Parsed::Run(options) => options,
    };
    let context = Context::new(&options, environment);
    match options.operation {
        Operation::Join => join::run(&options, &context, out),
        Operation::Leave => leave::run(&options, context.connect()?, context.deadline, out),
        Operation::Wait => wait::run(&options, context.connect()?, context.deadline, out),
        Operation::Status => status::run(&options, &mut context.connect()?, out),
        Operation::Nodes => nodes::run(&options, &mut context.connect()?, &context.zone, out),
        Operation::Version => version::run(&options, &mut context.connect()?, out, err),
        Operation::Services => {
            if options.json {
                print_json(out, &json!({ "services": [] }))?;
            }
            Ok(())
        }
        Operation::Kill => {
            kill::check(&options)?;
            kill::run(&options, &mut context.connect()?, out, err)
        }
        Operation::Debug => debug::run(&options, &mut context.connect()?, out),
        Operation::Expected => votes::expected(&options, &mut context.connect()?, out),
        Operation::Votes => votes::votes(&options, &mut context.connect()?, out),
        Operation::WhatIf => what_if::run(&options, &mut context.connect()?, out),
    }
}

/// Where to ask, and how long.
#[derive(Debug)]
struct Context {
    socket: PathBuf,
    environment: Environment,
    zone: TimeZone,
    /// When `-t` ends.
    deadline: Option<Instant>,
}

impl Context {
    fn new(options: &Options, environment: &Environment) -> Self {
        let socket = match (&options.socket, &options.run_dir) {
            (Some(socket), _) => socket.clone(),
            (None, Some(dir)) => dir.join(SOCKET),
            (None, None) => environment.socket(),
        };
        // A time of zero is none, as it always was.
        let deadline = options
            .timeout
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
        let zone = environment.zone();
        Self { socket, environment: environment.clone(), zone, deadline }
    }

    /// The file that a daemon started from here reads.
    fn config(&self) -> &Path {
        self.environment.config.as_deref().unwrap_or(Path::new(CONFIG))
    }

    fn connect(&self) -> Result<Connection, Failure> {
        Ok(Connection::open(&self.socket, NAME)?)
    }
}

fn print_json(out: &mut dyn Write, value: &Value) -> io::Result<()> {
    writeln!(out, "{value}")
}

#[cfg(test)]
pub(crate) mod tests;
