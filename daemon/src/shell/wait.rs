//! The one place where the ring's thread waits.
//!
//! Must never let a source starve: when several are ready, chance decides, and where the network
//! alone is waited for ([`Sources::doze`]) it is for a moment that its caller bounds. Must never
//! lose what a source had when another one won: each of the waits below may be cancelled.

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::alarm::Alarm;
use super::directory::Directory;
use super::disk::Disk;
use super::reload::Reload;
use super::signals::Signals;
use super::wake::Wake;
use crate::ipc::{Incoming, Ipc};
use crate::net::Net;

/// All that can wake the loop.
#[derive(Debug)]
pub struct Sources {
    /// The other nodes.
    pub net: Net,
    /// The programs of this node.
    pub ipc: Ipc,
    /// The disk.
    pub disk: Disk,
    /// The file of the configuration.
    pub reload: Reload,
    /// Where the configuration comes from, if that is not the file.
    pub directory: Directory,
    /// The operator.
    pub signals: Signals,
    /// The clock.
    pub alarm: Alarm,
    /// The service manager's patience.
    pub pulse: Pulse,
}

/// Comes regularly, or never.
#[derive(Debug)]
pub struct Pulse(Option<Interval>);

impl Pulse {
    /// Comes as often as said. Needs a tokio runtime around it.
    #[must_use]
    pub fn new(every: Option<Duration>) -> Self {
        Self(every.filter(|every| !every.is_zero()).map(|every| {
            let mut interval = interval(every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        }))
    }

    async fn tick(&mut self) {
        match &mut self.0 {
            Some(interval) => drop(interval.tick().await),
            None => std::future::pending().await,
        }
    }
}

impl Sources {
    /// Waits for whatever comes first.
    pub async fn next(&mut self) -> Wake {
        tokio::select! {
            () = self.net.ready() => Wake::Network,
            () = self.alarm.due() => Wake::Deadline,
            incoming = self.ipc.next() => Wake::Client(incoming),
            stored = self.disk.stored() => Wake::Stored(stored),
            done = self.reload.next() => Wake::Reload(done),
            looked = self.directory.next() => Wake::Directory(looked),
            request = self.signals.next() => Wake::Signal(request),
            () = self.pulse.tick() => Wake::Pulse,
        }
    }

    /// Waits for other nodes only, when no program has something to say already, and not for long.
    /// Programs that send one message after the other would wake this thread for each. What they
    /// have said meanwhile is here afterwards.
    pub async fn doze(&mut self, span: Duration) {
        doze(&self.net, &self.ipc, span).await;
    }

    /// What a program wants, if one already does.
    pub async fn client(&mut self) -> Option<Incoming> {
        tokio::select! {
            biased;
            incoming = self.ipc.next() => Some(incoming),
            () = std::future::ready(()) => None,
        }
    }
}

/// See [`Sources::doze`].
async fn doze(net: &Net, ipc: &Ipc, span: Duration) {
    listen(ipc).await;
    if ipc.is_idle() {
        net.wait(span);
        listen(ipc).await;
    }
}

/// Lets sessions take what their programs have said: once for the runtime to see that there is
/// something, once for them to read it.
async fn listen(ipc: &Ipc) {
    for _ in 0..2 {
        if ipc.is_idle() {
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests;
