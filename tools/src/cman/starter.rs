//! Starts the daemon in the background and hears from it whether it came up.
//!
//! Must never guess by waiting a while: the daemon says when it is ready, in the way it says so to
//! systemd (`READY=1` on a datagram socket named by `NOTIFY_SOCKET`), and the kernel says when it
//! ended. A daemon that cannot start says why in the same way (`STATUS=`). Its standard streams
//! are closed from the beginning, since nobody is there to read them later.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::Context;
use super::failure::Failure;
use super::options::Options;

/// Name of the daemon's program.
const DAEMON: &str = "clusterd";

/// Largest message of the daemon that is read.
const MESSAGE: usize = 4096;

/// Starts the daemon and returns its process id when it is ready.
pub(super) fn start(context: &Context, options: &Options) -> Result<u32, Failure> {
    let (socket, address) = notify_socket().map_err(|why| {
        Failure::Die(format!("cannot open a socket to hear from clusterd: {why}"))
    })?;
    let program = program(context);
    let mut command = Command::new(&program);
    command
        .env("NOTIFY_SOCKET", address)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What is typed at the terminal later is not for the daemon.
        .process_group(0);
    if let Some(dir) = &context.run_dir {
        command.env("CLUSTER_RUN_DIR", dir);
    }
    if let Some(socket) = &options.socket {
        command.env("CLUSTER_SOCKET", socket);
    }
    let child = command
        .spawn()
        .map_err(|why| Failure::Die(format!("cannot start {}: {why}", program.display())))?;
    until_ready(child, &socket, context.deadline)
}

/// The environment's, else the one beside this program, else the one in the path.
fn program(context: &Context) -> PathBuf {
    let environment = &context.environment;
    let beside = || environment.beside.as_ref().map(|d| d.join(DAEMON)).filter(|p| p.is_file());
    environment.clusterd.clone().or_else(beside).unwrap_or_else(|| PathBuf::from(DAEMON))
}

/// A datagram socket with a name the kernel chose, and that name as `NOTIFY_SOCKET` says it.
fn notify_socket() -> io::Result<(UnixDatagram, String)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new_unnamed())?;
    let socket = UnixDatagram::from(socket);
    let address = socket.local_addr()?;
    let name = address.as_abstract_name().map(String::from_utf8_lossy);
    let name = name.ok_or_else(|| io::Error::other("the kernel gave it no name"))?;
    Ok((socket, format!("@{name}")))
}

fn until_ready(
    mut child: Child,
    socket: &UnixDatagram,
    deadline: Option<Instant>,
) -> Result<u32, Failure> {
    let pid = child.id();
    let system = |why: io::Error| Failure::Die(format!("cannot watch clusterd: {why}"));
    let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())
        .map_err(|why| system(why.into()))?;
    let mut said = String::new();
    loop {
        let over = wait(socket, &ended, deadline).map_err(system)?;
        while let Some(message) = hear(socket).map_err(system)? {
            for line in message.lines() {
                if line == "READY=1" {
                    return Ok(pid);
                }
                if let Some(status) = line.strip_prefix("STATUS=") {
                    status.clone_into(&mut said);
                }
            }
        }
        match over {
            Over::Ended => {
                let status = child.wait().map_err(system)?;
                let text = format!("clusterd ended before it was ready ({status})");
                return Err(Failure::Die(if said.is_empty() { text } else { said }));
            }
            Over::Time => return Err(Failure::TimedOut),
            Over::Not => {}
        }
    }
}

/// What a wait came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Over {
    /// The daemon said something.
    Not,
    /// It ended.
    Ended,
    /// The time is over.
    Time,
}

fn wait(socket: &UnixDatagram, ended: &OwnedFd, deadline: Option<Instant>) -> io::Result<Over> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.map(Timespec::try_from).transpose().unwrap_or(None);
        let mut fds = [PollFd::new(socket, PollFlags::IN), PollFd::new(ended, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(Over::Time),
            Ok(_) if fds.last().is_some_and(|fd| !fd.revents().is_empty()) => {
                return Ok(Over::Ended);
            }
            Ok(_) => return Ok(Over::Not),
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
}

fn hear(socket: &UnixDatagram) -> io::Result<Option<String>> {
    let mut buffer = [0; MESSAGE];
    match socket.recv(&mut buffer) {
        Ok(size) => {
            let bytes = buffer.get(..size).unwrap_or_default();
            Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
        }
        Err(why) if why.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests;
