//! Somebody who waits for a server to tell that its configuration has changed.
//!
//! Must never have the directory looked at again and again for the same thing: what was told and
//! was not found is not waited for before it is time to look anyhow.

use tokio::sync::mpsc;
use tracing::debug;

use super::Answer;
use super::child::Unanswered;

/// See the module's head.
#[derive(Debug)]
pub(super) struct Ear {
    heard: mpsc::Receiver<Answer>,
    hears: mpsc::Sender<Answer>,
    /// Somebody waits, for another version than this.
    known: Option<u64>,
    /// Another version than this was told of, and not looked at since.
    told: Option<u64>,
    /// No server tells.
    mute: bool,
}

impl Default for Ear {
    fn default() -> Self {
        let (hears, heard) = mpsc::channel(1);
        Self { heard, hears, known: None, told: None, mute: false }
    }
}

impl Ear {
    /// Where to say what came of waiting for another version than this; `None` when nobody is to
    /// wait now.
    pub(super) fn begin(&mut self, known: u64) -> Option<mpsc::Sender<Answer>> {
        let again = self.told.take() == Some(known);
        if self.mute || self.known.is_some() || again {
            return None;
        }
        self.known = Some(known);
        Some(self.hears.clone())
    }

    /// Waits until a server tells of a change. May be cancelled at any time without loss.
    pub(super) async fn changes(&mut self) {
        loop {
            let told = self.heard.recv().await.expect("this end can send too");
            let known = self.known.take();
            match told {
                Ok(_) => {
                    self.told = known;
                    return;
                }
                Err(Unanswered::Unusable(why)) => {
                    debug!(target: "CONFDB", "the directory tells of no changes: {why}");
                    self.mute = true;
                }
                // The time is over, or the server is not there: it is looked at again anyhow.
                Err(Unanswered::Wrong(_) | Unanswered::No(_)) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
