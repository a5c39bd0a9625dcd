//! What an operator can say on the command line or in the environment.
//!
//! Must never decide what a node is: that stands in the configuration; here is only where to find
//! it, and what goes before it when a tool starts the daemon. Every path has a flag and a variable,
//! so that several nodes run on one machine.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::FalseyValueParser;
use tracing::level_filters::LevelFilter;

use crate::settings::Overrides;

/// How long a directory may take to answer unless told otherwise, seconds.
const LOADER_TIMEOUT: &str = "30";

/// Runs one node of a cluster, in the foreground.
#[derive(Clone, PartialEq, Eq, Debug, Parser)]
#[command(name = "clusterd", version, about, args_override_self = true)]
pub struct Options {
    /// The configuration of the cluster.
    #[arg(long, env = "CLUSTER_CONF", default_value = "/etc/cluster/cluster.conf")]
    pub config: PathBuf,
    /// Where the configuration comes from: xmlconfig, the file; or ldapconfig, a directory, asked
    /// as "clusterd directory --help" tells. Its last good copy is kept in the lib directory.
    #[arg(long, env = "CONFIG_LOADER", value_name = "LOADER", value_parser = loader)]
    pub loader: Option<Loader>,
    /// The same as CMAN's tools say it, with more names.
    #[arg(long, env = "COROSYNC_DEFAULT_CONFIG_IFACE", hide = true, value_parser = loaders)]
    pub loaders: Option<Loader>,
    /// How long a directory may take to answer, all its servers together.
    #[arg(long, env = "CLUSTER_LOADER_TIMEOUT", value_name = "SECONDS",
        default_value = LOADER_TIMEOUT,
        value_parser = some_seconds)]
    pub loader_timeout: Duration,
    /// What this host says differently; `local.conf` beside the configuration without it. It need
    /// not be there.
    #[arg(long, env = "CLUSTER_LOCAL_CONF", value_name = "FILE")]
    pub local_config: Option<PathBuf>,
    /// Directory of the socket and the lock.
    #[arg(long, env = "CLUSTER_RUN_DIR", default_value = "/run/cluster")]
    pub run_dir: PathBuf,
    /// Directory of what this node must remember.
    #[arg(long, env = "CLUSTER_LIB_DIR", default_value = "/var/lib/cluster")]
    pub lib_dir: PathBuf,
    /// Directory of the log.
    #[arg(long, env = "CLUSTER_LOG_DIR", default_value = "/var/log/cluster")]
    pub log_dir: PathBuf,
    /// Which of the configured nodes this is, where the host's name does not tell.
    #[arg(long, short = 'n', env = "CMAN_NODENAME")]
    pub node_name: Option<String>,
    /// Least important messages to log: error, warn, info, debug, trace or off.
    #[arg(long, env = "CLUSTER_LOG_LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
    /// Log everything: any number but 0.
    #[arg(long, env = "CMAN_DEBUG", value_name = "N", default_value_t = 0)]
    pub debug: u32,
    /// Read no configuration: be a node of a cluster that none describes.
    #[arg(long, env = "CMAN_NOCONFIG", value_parser = FalseyValueParser::new())]
    pub no_config: bool,
    /// Do not lock memory or raise the priority.
    #[arg(long, env = "CLUSTER_NO_REALTIME")]
    pub no_realtime: bool,
    /// Write "ready" and a line end to this descriptor when serving, or why not.
    #[arg(long, value_name = "N")]
    pub ready_fd: Option<u32>,
    /// What goes before the configuration.
    #[command(flatten)]
    pub before: Before,
    /// Send messages to measure the ring, then leave.
    #[command(flatten)]
    pub measure: Measure,
}

/// Where the configuration comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Loader {
    /// A file.
    #[default]
    File,
    /// A directory.
    Directory,
}

/// What goes before the configuration, as `cman_tool join` passes it on.
#[derive(Clone, PartialEq, Eq, Debug, Default, clap::Args)]
#[command(next_help_heading = "Before the configuration")]
pub struct Before {
    /// Multicast group.
    #[arg(long, env = "CMAN_MCAST_ADDR", value_name = "ADDRESS")]
    pub multicast: Option<IpAddr>,
    /// Port of data; tokens use the one below.
    #[arg(long, env = "CMAN_IP_PORT")]
    pub port: Option<u16>,
    /// Votes of this node.
    #[arg(long, env = "CMAN_VOTES")]
    pub votes: Option<u32>,
    /// Votes of the whole cluster.
    #[arg(long, env = "CMAN_EXPECTEDVOTES")]
    pub expected_votes: Option<u32>,
    /// File with the key.
    #[arg(long, env = "CMAN_KEYFILE", value_name = "FILE")]
    pub keyfile: Option<PathBuf>,
    /// Two nodes of one vote, of which one is enough.
    #[arg(long, env = "CMAN_2NODE", value_parser = FalseyValueParser::new())]
    pub two_node: bool,
    /// Id of this node.
    #[arg(long, env = "CMAN_NODEID", value_name = "ID")]
    pub node_id: Option<NonZeroU32>,
    /// Name of the cluster, where there is no configuration that says it.
    #[arg(long, env = "CMAN_CLUSTER_NAME", value_name = "NAME")]
    pub cluster_name: Option<String>,
}

/// The built-in load generator.
#[derive(Clone, PartialEq, Eq, Debug, clap::Args)]
#[command(next_help_heading = "Measuring")]
pub struct Measure {
    /// Size of the messages in bytes, and how many nodes send (the lowest ids; all without it).
    #[arg(long, value_name = "SIZE[,SENDERS]", value_parser = load)]
    pub load: Option<Load>,
    /// How long to send.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub load_seconds: Duration,
    /// How many bytes of own messages may be on their way; 1 sends one message at a time.
    #[arg(long, value_name = "BYTES", default_value_t = crate::shell::load::OUTSTANDING)]
    pub load_window: usize,
}

/// What the load generator sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Load {
    /// Bytes of a message.
    pub size: usize,
    /// How many nodes send; `None` for all.
    pub senders: Option<usize>,
}

impl Options {
    /// Where this host says what is different here.
    #[must_use]
    pub fn local_config(&self) -> PathBuf {
        let beside = || self.config.with_file_name("local.conf");
        self.local_config.clone().unwrap_or_else(beside)
    }

    /// Where the configuration comes from, all that was said taken together.
    #[must_use]
    pub fn loader(&self) -> Loader {
        if self.no_config {
            return Loader::File;
        }
        self.loader.or(self.loaders).unwrap_or_default()
    }

    /// Where the configuration lies that this node goes by: the file, or its copy of what the
    /// directory has.
    #[must_use]
    pub fn place(&self) -> PathBuf {
        match self.loader() {
            Loader::File => self.config.clone(),
            Loader::Directory => self.lib_dir.join("cluster.conf"),
        }
    }

    /// What goes before the configuration, in the form that settings take.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let Before {
            multicast,
            port,
            votes,
            expected_votes,
            keyfile,
            two_node,
            node_id,
            cluster_name: _,
        } = self.before.clone();
        Overrides {
            group: multicast,
            port,
            votes,
            expected_votes,
            keyfile,
            two_node,
            node_id,
            unlisted: self.no_config,
        }
    }
}

/// By the names that `CONFIG_LOADER` had, and shorter ones. An empty variable is none.
fn loader(text: &str) -> Result<Loader, String> {
    match text.trim() {
        "" | "xmlconfig" | "xml" => Ok(Loader::File),
        "ldapconfig" | "ldap" => Ok(Loader::Directory),
        other => Err(format!("{other:?} is not known: there are xmlconfig and ldapconfig")),
    }
}

/// One name among those of CMAN's modules says it.
#[expect(clippy::unnecessary_wraps, reason = "this is what the command line's reader calls")]
fn loaders(text: &str) -> Result<Loader, String> {
    let directory = text.split(':').any(|name| name.trim() == "ldapconfig");
    Ok(if directory { Loader::Directory } else { Loader::File })
}

/// A time that is neither none nor longer than a start may take.
fn some_seconds(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(3600);
    let time = seconds(if text.is_empty() { LOADER_TIMEOUT } else { text })?;
    let fits = !time.is_zero() && time <= longest;
    if fits { Ok(time) } else { Err(format!("{text:?} is not a number from 1 to 3600")) }
}

fn load(text: &str) -> Result<Load, String> {
    let (size, senders) = match text.split_once(',') {
        Some((size, senders)) => (size, Some(senders)),
        None => (text, None),
    };
    let number = |text: &str| -> Result<usize, String> {
        text.parse().map_err(|error| format!("{text:?}: {error}"))
    };
    let size = number(size)?;
    if size < crate::shell::load::SMALLEST {
        return Err(format!("{size} bytes, at least {}", crate::shell::load::SMALLEST));
    }
    Ok(Load { size, senders: senders.map(number).transpose()? })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u32 = text.parse().map_err(|error| format!("{text:?}: {error}"))?;
    Ok(Duration::from_secs(u64::from(seconds)))
}

#[cfg(test)]
mod tests;
