//! How the operator speaks to the process itself.
//!
//! Must never lose the first request to stop. TERM and INT mean: leave the cluster, then end; a
//! second one means: end now. HUP is kept for a new reading of the configuration.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use tokio::signal::unix::{self, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// Leave and end.
    Stop,
    /// Read the configuration again.
    Reload,
}

/// Lets the signals that this process listens to come through, whatever its parent had blocked:
/// a blocked mask is inherited, and a daemon behind it could not be stopped. To be called before
/// there is a second thread.
pub fn unblock() {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        signals.add(signal);
    }
    if let Err(errno) = signals.thread_unblock() {
        tracing::warn!(target: "MAIN", "cannot unblock signals: {errno}");
    }
}

/// The signals this process listens to.
#[derive(Debug)]
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

impl Signals {
    /// Takes the signals over. Needs a tokio runtime around it.
    ///
    /// # Errors
    /// The operating system does not let us.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next request. May be cancelled at any time without loss.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            Some(()) = self.terminate.recv() => Request::Stop,
            Some(()) = self.interrupt.recv() => Request::Stop,
            Some(()) = self.hangup.recv() => Request::Reload,
            else => std::future::pending().await,
        }
    }
}
