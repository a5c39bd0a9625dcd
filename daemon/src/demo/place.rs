//! Where the demonstration's nodes run: on hosts of a network of their own, or, where that cannot
//! be made, side by side on loopback addresses.
//!
//! Must never ask for more rights than every user has, and never leave a daemon behind: on a
//! network the kernel sees to it, on loopback every daemon is told to die with this process.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::Path;
use std::process::Command;

use nix::sys::prctl;
use nix::sys::signal::Signal;

use super::lan::{self, ETHERNET_MTU, Lan};
use super::process::Process;

/// How the demonstration asks itself whether namespaces can be made here.
pub(super) const PROBE: &str = "--probe";

/// How it starts daemons that die with it.
pub(super) const MORTAL: &str = "--mortal";

/// Begins a line that says what went wrong.
pub(super) const COMPLAINT: &str = "clusterd demo: ";

/// Where the nodes run.
#[derive(Debug)]
pub(super) enum Place {
    /// Each on a host of its own.
    Network(Lan),
    /// All on this one, at addresses 127.0.0.1 and up.
    Loopback,
}

impl Place {
    /// Starts a program as the `index`th node.
    pub(super) fn spawn(&self, index: usize, command: &mut Command) -> Result<Process, String> {
        match self {
            Self::Network(lan) => lan.spawn(index, command).map_err(|why| why.to_string()),
            Self::Loopback => command
                .spawn()
                .and_then(Process::new)
                .map_err(|why| format!("cannot start a program: {why}")),
        }
    }

    /// What a daemon's command line begins with.
    pub(super) const fn before(&self) -> &'static [&'static str] {
        match self {
            Self::Network(_) => &[],
            Self::Loopback => &["demo", MORTAL, "--"],
        }
    }

    /// What the `index`th node is called.
    pub(super) fn name(on_a_network: bool, index: usize) -> String {
        if on_a_network {
            return format!("iscsi{}", index + 1);
        }
        let last = u8::try_from(index + 1).unwrap_or(u8::MAX);
        Ipv4Addr::new(127, 0, 0, last).to_string()
    }
}

/// Tries in a process of its own whether namespaces can be made here; if not, says why.
pub(super) fn probe() -> Result<(), String> {
    let program = std::env::current_exe().map_err(|why| why.to_string())?;
    let tried = Command::new(program).args(["demo", PROBE]).output();
    let tried = tried.map_err(|why| why.to_string())?;
    if tried.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&tried.stderr);
    let why = said.lines().last().unwrap_or("it does not say why");
    Err(why.strip_prefix(COMPLAINT).unwrap_or(why).to_owned())
}

/// What that process does.
pub(super) fn try_out(hosts_file: &Path) -> Result<(), lan::LanError> {
    lan::own_user_namespace()?;
    let lan = Lan::new(&["probe".to_owned()], ETHERNET_MTU, hosts_file)?;
    lan.spawn(0, &mut Command::new("true")).map(drop)
}

/// A port that is free at the addresses of all nodes, like the one below it.
pub(super) fn free_port(count: usize) -> io::Result<u16> {
    let free = |port: u16| {
        (1..=count).all(|last| {
            let last = u8::try_from(last).unwrap_or(u8::MAX);
            let bind = |port| UdpSocket::bind((Ipv4Addr::new(127, 0, 0, last), port));
            bind(port).is_ok() && bind(port - 1).is_ok()
        })
    };
    (5405..6405).step_by(2).find(|port| free(*port)).ok_or_else(|| {
        io::Error::other("no two neighbouring ports from 5404 to 6404 are free on loopback")
    })
}

/// Becomes a daemon that is killed when whoever started this process ends, however that happens.
/// Returns only when that is not possible.
pub(super) fn become_mortal(arguments: &[OsString]) -> io::Error {
    let parent = parent_id();
    if let Err(errno) = prctl::set_pdeathsig(Signal::SIGKILL) {
        return errno.into();
    }
    if parent_id() != parent {
        return io::Error::other("whoever started this has ended");
    }
    lan::unblock_signals();
    match std::env::current_exe() {
        Ok(program) => Command::new(program).args(arguments).exec(),
        Err(why) => why,
    }
}
