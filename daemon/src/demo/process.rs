//! A started program that cannot be forgotten.
//!
//! Must never outlive its owner: dropping it kills it and collects its status. Must never wait
//! without an event: the kernel says when a program ends.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A running program, or what is left of it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    ended: OwnedFd,
}

impl Process {
    /// Takes charge of a program that was just started.
    ///
    /// # Errors
    /// The kernel cannot tell when it ends.
    pub fn new(child: Child) -> io::Result<Self> {
        let ended = ended(&child)?;
        Ok(Self { child, ended })
    }

    /// Its process id, as the whole machine sees it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its output, when that was to be a pipe and was not taken before.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its input, when that was to be a pipe and was not taken before.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Ends it without a chance to say anything; returns the moment before that.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn kill(&mut self) -> io::Result<Instant> {
        let before = Instant::now();
        self.child.kill()?;
        Ok(before)
    }

    /// Asks it to end; returns the moment before that. Nothing happens when it has ended.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn terminate(&mut self) -> io::Result<Instant> {
        let before = Instant::now();
        // Before its status is collected the id belongs to nobody else.
        if self.child.try_wait()?.is_none() {
            rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        }
        Ok(before)
    }

    /// Waits for its end until `deadline` (`None`: for ever); `None` when it still runs.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Option<ExitStatus>> {
        if wait(&self.ended, deadline)? { self.child.wait().map(Some) } else { Ok(None) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended and was collected.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends a program that somebody else started without a chance to say anything, and waits until it
/// has ended; returns the moment before that.
///
/// # Errors
/// There is none, it is not ours, or it has not ended at `deadline`.
pub fn kill(pid: Pid, deadline: Instant) -> io::Result<Instant> {
    let ended = pidfd_open(pid, PidfdFlags::empty())?;
    let before = Instant::now();
    pidfd_send_signal(&ended, Signal::KILL)?;
    if wait(&ended, Some(deadline))? { Ok(before) } else { Err(io::ErrorKind::TimedOut.into()) }
}

/// A descriptor that becomes readable when the program ends.
pub(super) fn ended(child: &Child) -> io::Result<OwnedFd> {
    Ok(pidfd_open(Pid::from_child(child), PidfdFlags::empty())?)
}

/// Waits until `fd` is readable; false when `deadline` came first.
pub(super) fn wait(fd: &impl AsFd, deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(&mut [PollFd::new(fd, PollFlags::IN)], timeout.as_ref()) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

#[cfg(test)]
mod tests;
