//! A small network inside this machine: each host is a network namespace of its own on one
//! bridge, so that real daemons can be run, killed and cut off where only one machine is at hand.
//!
//! Must never touch the network of the machine itself: the bridge lives in a namespace as well,
//! and the hosts' names stand in an `/etc/hosts` that only processes on the hosts see. Must leave
//! nothing behind: whatever runs on the hosts is in a process namespace whose first process reads
//! a pipe from here. When this process ends, in whatever way, that one ends, and the kernel ends
//! all others; namespaces that nobody is in are gone.
//!
//! Threads enter namespaces one by one, so every step is done on a thread of its own. The process
//! must be root's, or root in a user namespace of its own: see [`own_user_namespace`].

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::panic;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::SigSet;
use nix::unistd::{getegid, geteuid, sethostname};
use thiserror::Error;

use super::process::Process;

/// Most hosts of a network.
pub const MOST_HOSTS: usize = 200;

/// Bytes of a packet that Ethernet carries, unless asked for otherwise.
pub const ETHERNET_MTU: u32 = 1500;

/// How long the kernel may take to end what still runs on the hosts.
const LAST_RITES: Duration = Duration::from_secs(2);

/// Why there is no network.
#[derive(Debug, Error)]
pub enum LanError {
    /// The kernel refused.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The answer.
        source: io::Error,
    },
    /// `ip` did not do as it was told.
    #[error("ip: {0}")]
    Ip(String),
}

/// Puts this process into a user namespace where it is root, so that it may make the others. The
/// superuser may do so anyway, and goes without where the kernel refuses.
///
/// # Errors
/// User namespaces are switched off, or this process has more than one thread.
pub fn own_user_namespace() -> Result<(), LanError> {
    let (user, group) = (geteuid(), getegid());
    match unshare(CloneFlags::CLONE_NEWUSER) {
        Ok(()) => {}
        Err(_) if user.is_root() => return Ok(()),
        Err(errno) => return Err(refused("make a user namespace")(errno.into())),
    }
    for (file, content) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {user} 1")),
        ("/proc/self/gid_map", format!("0 {group} 1")),
    ] {
        fs::write(file, content).map_err(refused("map the user into a user namespace"))?;
    }
    Ok(())
}

/// The address of the `index`th host, counted from 0: 192.168.10.11 and up.
#[must_use]
pub fn address(index: usize) -> Ipv4Addr {
    let last = u8::try_from(index.min(MOST_HOSTS)).unwrap_or(0);
    Ipv4Addr::new(192, 168, 10, 11 + last)
}

/// Hosts on one bridge.
#[derive(Debug)]
pub struct Lan {
    /// Ends first of all fields: it ends what runs on the hosts.
    keeper: Keeper,
    hub: File,
    mounts: File,
    hosts: Vec<Host>,
}

#[derive(Debug)]
struct Host {
    net: File,
    uts: File,
}

impl Lan {
    /// Makes a host for every name, and a bridge between them that carries packets of `mtu` bytes.
    /// `hosts_file` is written: the hosts know each other's names by it.
    ///
    /// # Errors
    /// The kernel or `ip` refuses, or there are more than [`MOST_HOSTS`] names.
    pub fn new(names: &[String], mtu: u32, hosts_file: &Path) -> Result<Self, LanError> {
        if names.len() > MOST_HOSTS {
            let text = format!("{} hosts, at most {MOST_HOSTS}", names.len());
            return Err(refused("make a network")(io::Error::other(text)));
        }
        fs::write(hosts_file, hosts_text(names)).map_err(refused("write the hosts' names"))?;
        let hub = apart(CloneFlags::CLONE_NEWNET, || {
            ip(&format!(
                "link add lan mtu {mtu} type bridge mcast_snooping 0\n\
                 link set lan up\n"
            ))?;
            own("net")
        })?;
        let hosts =
            names.iter().map(|name| Host::new(name)).collect::<Result<Vec<_>, LanError>>()?;
        let lan = Self { keeper: Keeper::new()?, hub, mounts: mounts(hosts_file)?, hosts };
        for (index, host) in lan.hosts.iter().enumerate() {
            lan.plug(index, host, mtu)?;
        }
        Ok(lan)
    }

    /// Starts a program on a host.
    ///
    /// # Errors
    /// The program cannot be started, or there is no such host.
    pub fn spawn(&self, host: usize, command: &mut Command) -> Result<Process, LanError> {
        let Host { net, uts } = self.host(host)?;
        let spaces = [
            (net, CloneFlags::CLONE_NEWNET),
            (uts, CloneFlags::CLONE_NEWUTS),
            (&self.mounts, CloneFlags::CLONE_NEWNS),
            (&self.keeper.space, CloneFlags::CLONE_NEWPID),
        ];
        within(&spaces, || {
            unblock_signals();
            let child = command.spawn().map_err(refused("start a program"))?;
            Process::new(child).map_err(refused("watch a program"))
        })
    }

    /// Pulls the plug of a host: nothing comes or goes any more, and nobody is told.
    ///
    /// # Errors
    /// `ip` refuses, or there is no such host.
    pub fn cut(&self, host: usize) -> Result<(), LanError> {
        self.host(host)?;
        self.at_hub(&format!("link set port{host} nomaster\n"))
    }

    /// Puts the plug back.
    ///
    /// # Errors
    /// `ip` refuses, or there is no such host.
    pub fn heal(&self, host: usize) -> Result<(), LanError> {
        self.host(host)?;
        self.at_hub(&format!("link set port{host} master lan\n"))
    }

    fn host(&self, index: usize) -> Result<&Host, LanError> {
        let none = || refused("find the host")(io::Error::other(format!("no host {index}")));
        self.hosts.get(index).ok_or_else(none)
    }

    fn plug(&self, index: usize, host: &Host, mtu: u32) -> Result<(), LanError> {
        let net = format!("/proc/{}/fd/{}", std::process::id(), host.net.as_raw_fd());
        self.at_hub(&format!(
            "link add port{index} mtu {mtu} type veth peer name eth0 mtu {mtu} netns {net}\n\
             link set port{index} master lan\n\
             link set port{index} up\n"
        ))?;
        let address = address(index);
        within(&[(&host.net, CloneFlags::CLONE_NEWNET)], || {
            ip(&format!(
                "link set lo up\n\
                 link set eth0 up\n\
                 address add {address}/24 broadcast + dev eth0\n\
                 route add 224.0.0.0/4 dev eth0\n"
            ))
        })
    }

    fn at_hub(&self, script: &str) -> Result<(), LanError> {
        within(&[(&self.hub, CloneFlags::CLONE_NEWNET)], || ip(script))
    }
}

impl Host {
    fn new(name: &str) -> Result<Self, LanError> {
        apart(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWUTS, || {
            sethostname(name).map_err(|errno| refused("name a host")(errno.into()))?;
            Ok(Self { net: own("net")?, uts: own("uts")? })
        })
    }
}

/// Keeps the process namespace: the first process in it, which ends when its input does.
#[derive(Debug)]
struct Keeper {
    process: Child,
    space: File,
}

impl Keeper {
    fn new() -> Result<Self, LanError> {
        apart(CloneFlags::CLONE_NEWPID, || {
            let process = Command::new("cat")
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                // What is typed at the terminal is not for it.
                .process_group(0)
                .spawn()
                .map_err(refused("start cat"))?;
            let path = format!("/proc/{}/ns/pid", process.id());
            let space = File::open(path).map_err(refused("open a process namespace"))?;
            Ok(Self { process, space })
        })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Nothing is left to do about a failure, and the kernel does the same when we end.
        let _ = self.process.kill();
        // It ends after all others in its namespace. A program that was started here and not
        // waited for holds it up; then its remains go when this process ends.
        let ended = super::process::ended(&self.process)
            .and_then(|fd| super::process::wait(&fd, Some(Instant::now() + LAST_RITES)));
        if let Ok(true) = ended {
            let _ = self.process.wait();
        }
    }
}

/// Does `work` on a thread that has new namespaces of these kinds.
fn apart<T: Send>(
    kinds: CloneFlags,
    work: impl FnOnce() -> Result<T, LanError> + Send,
) -> Result<T, LanError> {
    on_a_thread(|| {
        unshare(kinds).map_err(|errno| refused("make namespaces")(errno.into()))?;
        work()
    })
}

/// Does `work` on a thread that has entered these namespaces.
fn within<T: Send>(
    spaces: &[(&File, CloneFlags)],
    work: impl FnOnce() -> Result<T, LanError> + Send,
) -> Result<T, LanError> {
    on_a_thread(|| {
        let refused = || refused("enter a namespace");
        // A mount namespace takes no thread that shares its working directory with others.
        unshare(CloneFlags::CLONE_FS).map_err(|errno| refused()(errno.into()))?;
        for (space, kind) in spaces {
            setns(space, *kind).map_err(|errno| refused()(errno.into()))?;
        }
        work()
    })
}

fn on_a_thread<T: Send>(work: impl FnOnce() -> Result<T, LanError> + Send) -> Result<T, LanError> {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(result) => result,
        Err(panicked) => panic::resume_unwind(panicked),
    })
}

/// A program inherits what the thread that starts it has blocked; it is to hear all signals.
pub(super) fn unblock_signals() {
    // Refused only for what is no set of signals.
    let _ = SigSet::all().thread_unblock();
}

/// A mount namespace where `/etc/hosts` is `hosts_file`.
fn mounts(hosts_file: &Path) -> Result<File, LanError> {
    const NONE: Option<&str> = None;
    apart(CloneFlags::CLONE_NEWNS, || {
        let refused = |errno: nix::Error| refused("mount a private /etc/hosts")(errno.into());
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(NONE, "/", NONE, private, NONE).map_err(refused)?;
        mount(Some(hosts_file), "/etc/hosts", NONE, MsFlags::MS_BIND, NONE).map_err(refused)?;
        own("mnt")
    })
}

/// This thread's namespace of a kind.
fn own(kind: &str) -> Result<File, LanError> {
    File::open(format!("/proc/thread-self/ns/{kind}")).map_err(refused("open a namespace"))
}

/// Starts a program beside process `first`, which is on a host: in all of its namespaces. That one
/// may be the first of namespaces of its own, as a machine has them.
///
/// # Errors
/// There is no such process, or the program cannot be started.
pub fn beside(first: u32, command: &mut Command) -> Result<Process, LanError> {
    let open = |(kind, flag): (&str, CloneFlags)| {
        let space = File::open(format!("/proc/{first}/ns/{kind}"));
        space.map(|space| (space, flag)).map_err(refused("open a namespace"))
    };
    let kinds = [
        ("net", CloneFlags::CLONE_NEWNET),
        ("uts", CloneFlags::CLONE_NEWUTS),
        ("ipc", CloneFlags::CLONE_NEWIPC),
        ("pid", CloneFlags::CLONE_NEWPID),
        ("mnt", CloneFlags::CLONE_NEWNS),
    ];
    let spaces = kinds.into_iter().map(open).collect::<Result<Vec<_>, LanError>>()?;
    let spaces: Vec<_> = spaces.iter().map(|(space, flag)| (space, *flag)).collect();
    within(&spaces, || {
        unblock_signals();
        let child = command.spawn().map_err(refused("start a program"))?;
        Process::new(child).map_err(refused("watch a program"))
    })
}

fn hosts_text(names: &[String]) -> String {
    let host = |(index, name)| format!("{} {name}\n", address(index));
    let hosts: String = names.iter().enumerate().map(host).collect();
    format!("127.0.0.1 localhost\n{hosts}")
}

/// Runs `ip` in the namespaces of this thread.
fn ip(script: &str) -> Result<(), LanError> {
    // An ordinary user's path often lacks the administrator's programs.
    let path = std::env::var("PATH").unwrap_or_default();
    let mut child = Command::new("ip")
        .args(["-batch", "-"])
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(refused("run ip, of the package iproute2"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(script.as_bytes()).map_err(refused("talk to ip"))?;
    }
    let ended = child.wait_with_output().map_err(refused("run ip"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(LanError::Ip(said.trim().replace('\n', "; ")))
}

fn refused(what: &'static str) -> impl FnOnce(io::Error) -> LanError {
    move |source| LanError::System { what, source }
}

#[cfg(test)]
mod tests;
