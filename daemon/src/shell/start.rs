//! From a command line to a running node, or to one line that says why not.
//!
//! Must never start half: what cannot work is found before the first packet leaves, in the order in
//! which an operator can put it right: configuration, this host's place in it, directories, ports.

mod files;
mod found;
pub(super) mod keys;
mod names;
mod origins;
mod unconfigured;
pub(super) mod understand;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use confdb::cluster::local::LocalError;
use confdb::{Problem, Severity};
use nix::errno::Errno;
use thiserror::Error;
use totem::RingSeq;
use tracing::level_filters::LevelFilter;
use tracing::{error, info, warn};

pub use self::files::Lock;
use self::found::Found;
use self::keys::Keys;
use self::understand::{Understood, held, understand};
use super::alarm::Alarm;
use super::clock::{self, Clock};
use super::directory::Directory;
use super::directory::follower::Follower;
use super::disk::{Disk, DiskError, Store};
use super::load::Load;
use super::logging::{Logging, Plan, SYSLOG};
use super::ready::Readiness;
use super::reload::Reload;
use super::reload::files::Place;
use super::report::Reporter;
use super::rotation::Rotation;
use super::signals::{self, Signals};
use super::wait::{Pulse, Sources};
use super::{End, Shell, realtime};
use crate::ipc::credentials::Policy;
use crate::ipc::listener::ListenError;
use crate::ipc::translate::{Origin, Surroundings};
use crate::ipc::{self, Ipc};
use crate::net::address::{AddressError, Addresses};
use crate::net::errors::NetError;
use crate::net::{Limiter, Net};
use crate::options::Options;
use crate::settings::{Settings, SettingsError};
use crate::stack::{Held, Stack};

/// Threads that may do blocking work at a time.
const HELPERS: usize = 2;

/// Name of the log in its directory.
const LOG_FILE: &str = "clusterd.log";

/// What messages call the file that everything else follows from.
const CONFIGURATION: &str = "the configuration";

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// A file cannot be read.
    #[error("cannot read {what} {}: {source}", path.display())]
    Read {
        /// What it is.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// The answer.
        source: std::io::Error,
    },
    /// The configuration is wrong; all that is, one per line.
    #[error("{}", texts(.0))]
    Configuration(Vec<Problem>),
    /// The directory does not give it; what is wrong, one problem per line.
    #[error("{0}")]
    Directory(String),
    /// There is none, and none can be made up.
    #[error("{0}")]
    Unconfigured(String),
    /// This host is not in it, or cannot take part.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// This node cannot run with it.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The key cannot be used.
    #[error("key file {}: {bytes} bytes, at least {least} are needed", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// How long it is.
        bytes: usize,
        /// How long it must be.
        least: usize,
    },
    /// A second daemon.
    #[error("another clusterd is running: it holds {}", .0.display())]
    Running(PathBuf),
    /// What must be remembered is not known.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The nodes' addresses contradict each other.
    #[error("{}: {why}", path.display())]
    Addresses {
        /// The configuration.
        path: PathBuf,
        /// Why.
        why: AddressError,
    },
    /// The network cannot be used.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Programs could not connect.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The operating system refuses something else.
    #[error("cannot {0}: {1}")]
    System(&'static str, String),
}

fn texts(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let lines: Vec<String> = errors.map(Problem::to_string).collect();
    lines.join("\n")
}

/// What is known before anything is opened.
#[derive(Debug)]
struct Prepared {
    settings: Settings,
    addresses: Addresses,
    keys: Keys,
    boot: u64,
    last: RingSeq,
    store: Store,
    logging: Logging,
    held: Held,
    copy: Option<String>,
    origins: Vec<Origin>,
    _lock: Lock,
}

/// Runs a node until it ends.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    signals::unblock();
    let mut readiness = Readiness::new(options.ready_fd);
    let prepared = match prepare(options) {
        Ok(prepared) => prepared,
        Err(why) => {
            readiness.failed(&why.to_string());
            return refuse(&why);
        }
    };
    let logging = prepared.logging.clone();
    let end = match live(options, prepared, readiness) {
        Ok(end) => end,
        Err(why) => {
            error!(target: "MAIN", "{why}");
            logging.finish();
            return refuse(&why);
        }
    };
    let code = match end {
        End::Left => {
            info!(target: "MAIN", "left the cluster, ending");
            ExitCode::SUCCESS
        }
        // Syslog has it from the report that came before; who looks at the terminal has it here.
        End::Killed(why) => {
            error!(target: "MAIN", "ending at once: {why}");
            ExitCode::FAILURE
        }
        End::SawDisallowed => {
            let text = "ending at once: start this node again when no node is kept out";
            error!(target: "MAIN", "{text}");
            ExitCode::from(2)
        }
        End::Interrupted => {
            warn!(target: "MAIN", "told to stop again, ending without having left");
            ExitCode::FAILURE
        }
        End::Failed(why) => {
            error!(target: "MAIN", "{why}");
            ExitCode::FAILURE
        }
    };
    logging.finish();
    code
}

/// One line for each thing that is wrong, and nothing else.
fn refuse(why: &StartError) -> ExitCode {
    for line in why.to_string().lines() {
        eprintln!("clusterd: {line}");
    }
    ExitCode::from(why.status())
}

/// Opens everything and runs the loop.
fn live(
    options: &Options,
    prepared: Prepared,
    mut readiness: Readiness,
) -> Result<End, StartError> {
    let logging = prepared.logging.clone();
    let realtime = prepared.settings.realtime && !options.no_realtime;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(HELPERS)
        .thread_stack_size(256 << 10)
        .on_thread_start(realtime::leave)
        .build()
        .map_err(|why| StartError::System("build the event loop", why.to_string()));
    let runtime = runtime.inspect_err(|why| readiness.failed(&why.to_string()))?;
    let end = runtime.block_on(async {
        match open(options, prepared) {
            Ok(make) => {
                logging.started();
                if realtime {
                    realtime::enter();
                }
                Ok(make(readiness).run().await)
            }
            Err(why) => {
                readiness.failed(&why.to_string());
                Err(why)
            }
        }
    });
    // A disk that stands still must not keep the process.
    runtime.shutdown_background();
    end
}

fn prepare(options: &Options) -> Result<Prepared, StartError> {
    let Found { source, text, copy, fresh } = Found::find(options)?;
    let understood = understand(options, &source, &text)?;
    let origins = understood.origins();
    let Understood { settings, addresses, keys, warnings, local, start: _ } = understood;
    for dir in [&options.run_dir, &options.log_dir] {
        super::disk::make_dir(dir)?;
    }
    let lock = Lock::take(&options.run_dir)?;
    let store = Store::open(&options.lib_dir, settings.me)?;
    if fresh {
        Place::of(options).adopt(settings.cluster.config_version.into(), &text)?;
    }
    let last = store.ring_seq()?;
    let boot = store.next_boot(clock::wall())?;
    let logging = Logging::start(plan(options, &settings)?)
        .map_err(|why| StartError::System("begin the log", why))?;
    for warning in &warnings {
        warn!(target: "confdb", "{warning}");
    }
    if let Some(why) = &copy {
        warn!(target: "confdb", "starting with the last good copy of the configuration: {why}");
    }
    for path in keys::exposed(&settings) {
        let path = path.display();
        warn!(target: "MAIN", "key file {path} can be read by others than its owner");
    }
    if let Some(name) = options.before.cluster_name.as_ref().filter(|_| !options.no_config) {
        let own = &settings.cluster.name;
        info!(target: "MAIN", "cluster name {name:?} is not used: the configuration says {own:?}");
    }
    local.iter().for_each(|local| info!(target: "confdb", "{local}"));
    settings.notes.iter().for_each(|note| info!(target: "MAIN", "{note}"));
    announce(&settings);
    let held = held(options, (&settings, &keys), text);
    Ok(Prepared {
        settings,
        addresses,
        keys,
        boot,
        last,
        store,
        logging,
        held,
        copy,
        origins,
        _lock: lock,
    })
}

fn announce(settings: &Settings) {
    let Settings { cluster, me, name, address, .. } = settings;
    info!(
        target: "MAIN",
        "clusterd {}: node {me} ({name}) at {address} of cluster {} (id {}), version {} of its \
         configuration",
        env!("CARGO_PKG_VERSION"), cluster.name, cluster.id, cluster.config_version,
    );
    for node in settings.nodes.iter().filter(|node| node.addresses.is_empty()) {
        warn!(target: "MAIN", "node {} ({}) does not resolve: not reachable", node.id, node.name);
    }
}

/// The log goes where the configuration says, or into our directory under our name.
fn plan(options: &Options, settings: &Settings) -> Result<Plan, StartError> {
    let plan = Plan {
        common: settings.logging.clone(),
        subsystems: settings.subsystems.clone(),
        file: options.log_dir.join(LOG_FILE),
        level: match options.debug {
            0 => options.log_level,
            _ => options.log_level.max(LevelFilter::DEBUG),
        },
        syslog: SYSLOG.into(),
    };
    plan.files().iter().try_for_each(|path| files::appendable(path))?;
    Ok(plan)
}

/// Opens the socket for programs.
fn listen(options: &Options, surroundings: Surroundings) -> Result<Ipc, ListenError> {
    let socket = options.run_dir.join("clusterd.sock");
    let policy = Policy::own();
    let limits = ipc::Limits { sessions: ipc::places::possible(), ..ipc::Limits::default() };
    Ipc::listen(ipc::Settings { socket, policy, limits, surroundings })
}

/// Opens all that can fail; what comes out only needs to be told who waits for the start.
fn open(
    options: &Options,
    prepared: Prepared,
) -> Result<impl FnOnce(Readiness) -> Shell + use<>, StartError> {
    let Prepared {
        settings,
        addresses,
        keys,
        boot,
        last,
        store,
        logging,
        held,
        copy,
        origins,
        _lock: lock,
    } = prepared;
    let me = settings.me;
    let system = |what| move |why: std::io::Error| StartError::System(what, why.to_string());
    let seal = keys.seal(settings.cluster.id.into(), me, boot)?;
    let net = Net::open(addresses, settings.network.transport, seal)?;
    let mut clock = Clock::new();
    let wall = clock.wall_at_origin();
    let multicast = settings.network.everyone().into_iter().collect();
    let around = Surroundings { multicast, at_origin: wall, copy: copy.clone(), origins };
    let ipc = listen(options, around)?;
    let text = Arc::clone(&held.text);
    let config = settings
        .stack(boot, boot ^ u64::from(me.get()).rotate_left(48), last, held)
        .map_err(|why| StartError::System("configure the ring", why.to_string()))?;
    let sources = Sources {
        net,
        ipc,
        disk: Disk::new(store),
        reload: Reload::new(options, &settings, text),
        directory: Directory::new(options),
        signals: Signals::new().map_err(system("listen to signals"))?,
        alarm: Alarm::new().map_err(system("make a timer"))?,
        pulse: Pulse::new(Readiness::pulse()),
    };
    let load = Load::new(me, settings.nodes.len(), &options.measure);
    Ok(move |readiness| Shell {
        stack: Stack::new(config, clock.now()),
        clock,
        sources,
        reporter: Reporter::new(me, &settings.nodes),
        readiness,
        logging,
        follower: Follower::new(settings.following, copy),
        proposed: None,
        load,
        errors: Limiter::default(),
        rotation: Rotation::default(),
        wall,
        end: None,
        stopping: None,
        lock,
    })
}

impl StartError {
    /// The exit status: 8 when the configuration cannot be used, or does not know this host; 18
    /// when a daemon is running; else 1. These are Corosync's, which tools explain.
    fn status(&self) -> u8 {
        match self {
            Self::Configuration(_)
            | Self::Directory(_)
            | Self::Local(LocalError::Unknown { .. }) => 8,
            Self::Read { what, .. } if *what == CONFIGURATION => 8,
            Self::Running(_) => 18,
            Self::Read { .. }
            | Self::Unconfigured(_)
            | Self::Local(_)
            | Self::Settings(_)
            | Self::Key { .. }
            | Self::Disk(_)
            | Self::Addresses { .. }
            | Self::Net(_)
            | Self::Listen(_)
            | Self::System(..) => 1,
        }
    }

    fn read(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { what, path, source }
    }

    fn errno(what: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::System(what, errno.to_string())
    }
}

#[cfg(test)]
mod tests;
