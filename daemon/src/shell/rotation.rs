//! The end of a change of keys: the old one is forgotten when every member has been heard with the
//! new one.
//!
//! Must never wait for members to speak of their own accord: on an idle ring most say nothing but
//! tokens to their neighbour. They are greeted until they have answered.

use std::time::Duration;

use totem::Instant;
use totem::seal::Keyring;

/// Between two rounds of greetings.
const PAUSE: Duration = Duration::from_secs(1);

/// When the members are to be greeted.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    next: Option<Instant>,
}

impl Rotation {
    /// Whether the members must be greeted now, for the sake of these keys.
    pub(super) fn greets(&mut self, now: Instant, keys: &Keyring) -> bool {
        if keys.old().is_none() {
            self.next = None;
            return false;
        }
        let due = self.next.is_none_or(|next| next <= now);
        if due {
            self.next = Some(now + PAUSE);
        }
        due
    }

    /// When it will be time again.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

#[cfg(test)]
mod tests;
