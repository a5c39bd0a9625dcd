//! Tells whoever started the daemon that it serves, or why it does not: the service manager, and
//! the tool that waits on a pipe.
//!
//! Must never fail: who is not there is not told.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use sd_notify::NotifyState;

/// Who waits for news of the start.
#[derive(Debug, Default)]
pub struct Readiness {
    descriptor: Option<u32>,
}

impl Readiness {
    /// Whoever reads the other end of this descriptor, and the service manager if there is one.
    #[must_use]
    pub const fn new(descriptor: Option<u32>) -> Self {
        Self { descriptor }
    }

    /// The daemon serves.
    pub fn ready(&mut self) {
        self.tell("ready");
        notify(&[NotifyState::Ready]);
    }

    /// The daemon will not serve.
    pub fn failed(&mut self, why: &str) {
        self.tell(why);
        notify(&[NotifyState::Status(why)]);
    }

    /// The daemon is about to end.
    pub fn stopping(&self) {
        notify(&[NotifyState::Stopping]);
    }

    /// The daemon is alive.
    pub fn alive(&self) {
        notify(&[NotifyState::Watchdog]);
    }

    /// How often the service manager wants to hear that; half of its patience.
    #[must_use]
    pub fn pulse() -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|patience| patience / 2)
    }

    fn tell(&mut self, text: &str) {
        let Some(descriptor) = self.descriptor.take() else { return };
        // Opened again by its name: a number alone is no proof of owning a descriptor.
        let path = format!("/proc/self/fd/{descriptor}");
        let told =
            OpenOptions::new().write(true).open(path).and_then(|mut pipe| writeln!(pipe, "{text}"));
        if let Err(error) = told {
            tracing::warn!(target: "MAIN", "cannot write to descriptor {descriptor}: {error}");
        }
        if let Ok(number) = i32::try_from(descriptor)
            && number > 2
        {
            // So that the reader sees the end.
            let _ = nix::unistd::close(number);
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    // Without a service manager there is nothing to do, and nobody to tell of a failure.
    let _ = sd_notify::notify(state);
}
