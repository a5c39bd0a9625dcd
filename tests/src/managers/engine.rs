//! The daemon under the managers: Corosync as Debian ships it, or ours.
//!
//! Must never give one of them an easier life: the same hosts, names, addresses and timers, and
//! packets are encrypted either way, where times are compared.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};

use daemon::demo::process::Process;
use daemon::demo::{home, lan};

use super::Setup;
use super::machine::Machine;

/// Bytes of the cluster's key.
const KEY: usize = 256;

/// Which daemon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// Debian's `corosync`.
    Corosync,
    /// Ours, with our libraries for every program.
    Clusterd,
}

impl Engine {
    /// What results call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Corosync => "corosync",
            Self::Clusterd => "clusterd",
        }
    }
}

/// How the daemon sends, which tools show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// Corosync's own, encrypted.
    Knet,
    /// Multicast: the only way of ours that these hosts need. Corosync does not encrypt then.
    Udp,
}

/// What the cluster consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// How many nodes.
    pub nodes: usize,
    /// One more host decides between them: `witness`, which is no node.
    pub witness: bool,
}

impl Shape {
    /// The hosts' names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let nodes = (1..=self.nodes).map(|n| format!("node{n}"));
        nodes.chain(self.witness.then(|| "witness".to_owned())).collect()
    }
}

/// What every host has to have in its file system.
///
/// # Errors
/// The kernel has no random numbers.
pub(super) fn files(setup: &Setup, shape: &Shape) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut key = vec![0; KEY];
    let random = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key));
    random.map_err(|error| format!("/dev/urandom: {error}"))?;
    let file = |path: &str, content: Vec<u8>| (path.to_owned(), content);
    Ok(match setup.engine {
        Engine::Corosync => vec![
            file("etc/corosync/corosync.conf", corosync_conf(setup, shape).into_bytes()),
            file("etc/corosync/authkey", key),
        ],
        Engine::Clusterd => vec![
            file("etc/cluster/cluster.conf", cluster_conf(setup, shape).into_bytes()),
            file("etc/cluster/key", key),
        ],
    })
}

/// Starts the daemon on a host and waits until it serves; a process of ours if it stays one.
pub(super) fn start(setup: &Setup, machine: &Machine) -> Result<Option<Process>, String> {
    match setup.engine {
        // It goes into the background when it serves.
        Engine::Corosync => {
            let ran = machine.run("corosync")?;
            if !ran.fine() {
                return Err(format!("{}: corosync does not start: {}", machine.name(), ran.said));
            }
            Ok(None)
        }
        Engine::Clusterd => {
            let path = machine.logs().join("cluster/clusterd.err");
            let log = File::options().create(true).append(true).open(&path);
            let log = log.map_err(|error| format!("{}: {error}", path.display()))?;
            let mut command = Command::new(&setup.clusterd);
            command.args(["--ready-fd", "1"]).stdout(Stdio::piped()).stderr(log);
            let mut process = machine.spawn(&mut command)?;
            let pipe = process.take_stdout().ok_or("a pipe was asked for")?;
            home::ready(pipe)
                .map_err(|why| format!("{}: clusterd does not start: {why}", machine.name()))?;
            Ok(Some(process))
        }
    }
}

fn corosync_conf(setup: &Setup, shape: &Shape) -> String {
    let token = setup.token.map_or_else(String::new, |token| format!("  token: {token}\n"));
    let transport = match setup.transport {
        Transport::Knet => "knet\n  crypto_cipher: aes256\n  crypto_hash: sha256",
        Transport::Udp => "udp",
    };
    let mut text = format!(
        "totem {{\n  version: 2\n  cluster_name: managers\n  transport: {transport}\n{token}}}\n\
         quorum {{\n  provider: corosync_votequorum\n{device}}}\n\
         logging {{\n  to_stderr: no\n  to_syslog: no\n  to_logfile: yes\n  \
         logfile: /var/log/corosync/corosync.log\n  timestamp: hires\n}}\n\
         nodelist {{\n",
        device = if shape.witness { corosync_device(shape) } else { String::new() },
    );
    for (host, name) in shape.names().iter().take(shape.nodes).enumerate() {
        let (id, address) = (host + 1, lan::address(host));
        writeln!(
            text,
            "  node {{\n    name: {name}\n    nodeid: {id}\n    quorum_votes: 1\n    \
             ring0_addr: {address}\n  }}"
        )
        .expect("a string takes everything");
    }
    text + "}\n"
}

fn corosync_device(shape: &Shape) -> String {
    let address = lan::address(shape.nodes);
    format!(
        "  device {{\n    model: net\n    votes: 1\n    net {{\n      tls: off\n      \
         host: {address}\n      algorithm: ffsplit\n    }}\n  }}\n"
    )
}

fn cluster_conf(setup: &Setup, shape: &Shape) -> String {
    let token = setup.token.map_or_else(String::new, |t| format!("  <totem token=\"{t}\"/>\n"));
    let mut nodes = String::new();
    for (host, name) in shape.names().iter().take(shape.nodes).enumerate() {
        let id = host + 1;
        writeln!(nodes, "    <clusternode name=\"{name}\" nodeid=\"{id}\"/>")
            .expect("a string takes everything");
    }
    let device = if shape.witness { cluster_device(shape) } else { String::new() };
    format!(
        "<?xml version=\"1.0\"?>\n<cluster name=\"managers\" config_version=\"1\">\n  \
         <cman keyfile=\"/etc/cluster/key\"{expected}/>\n{token}{device}  <clusternodes>\n{nodes}  \
         </clusternodes>\n</cluster>\n",
        expected = if shape.witness {
            format!(" expected_votes=\"{}\"", shape.nodes + 1)
        } else {
            String::new()
        },
    )
}

fn cluster_device(shape: &Shape) -> String {
    let address = lan::address(shape.nodes);
    format!(
        "  <quorum>\n    <device model=\"net\" votes=\"1\">\n      <net tls=\"off\" \
         host=\"{address}\" algorithm=\"ffsplit\"/>\n    </device>\n  </quorum>\n"
    )
}
