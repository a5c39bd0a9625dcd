//! What a new version of the configuration changes in a node that runs.
//!
//! Must never be done by halves: what does not work is refused before the first part is told. Must
//! never touch the ring while it is being drained; its part waits until the events that it is ahead
//! of have been delivered.

use std::time::Duration;

use totem::{ConfigError, Instant, Tuning};

use super::Stack;
use super::command::NodeEntry;
use super::lookup::Shown;
pub use super::nodes::reconfigure::Reconfigured;

/// The parts of a configuration that a running node can take over.
#[derive(Clone, PartialEq, Debug)]
pub struct Reconfiguration {
    /// Its version.
    pub version: u64,
    /// The configured nodes.
    pub nodes: Vec<NodeEntry>,
    /// The vote counter's part; `None` lets everybody count as before.
    pub voting: Option<quorum::Config>,
    /// Timers and limits of the ring.
    pub tuning: Tuning,
    /// Nodes that come back with state from before are kept out, from the next membership on.
    pub disallowed: bool,
    /// How long programs may take to say whether this node may leave, when they are asked next.
    pub shutdown_timeout: Duration,
    /// What programs can look up of it.
    pub shown: Shown,
    /// Stands for the keys that this node would have; nodes with different ones do not change.
    pub keys: u64,
}

impl Stack {
    /// Goes on with another version of the configuration.
    ///
    /// # Errors
    /// What the ring cannot work with; nothing was changed then.
    pub fn reconfigure(
        &mut self,
        now: Instant,
        new: &Reconfiguration,
    ) -> Result<Reconfigured, ConfigError> {
        let done = self.adopt(new)?;
        self.settle(now);
        Ok(done)
    }

    /// The same from within, where the next [`Stack::settle`] is near.
    pub(super) fn adopt(&mut self, new: &Reconfiguration) -> Result<Reconfigured, ConfigError> {
        self.ring.accepts(new.tuning)?;
        self.tuning = Some(new.tuning);
        if let Some(voting) = &new.voting {
            self.voting.reconfigure(voting, &mut self.outbox);
        }
        self.shutdown.set_patience(new.shutdown_timeout);
        self.nodes.keep_out(new.disallowed);
        self.show_configuration(new.shown.clone());
        Ok(self.nodes.reconfigure(&new.nodes, new.version))
    }
}

#[cfg(test)]
mod tests;
