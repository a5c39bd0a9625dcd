//! A second client of a daemon, one that comes and goes: leaves in good order, dies, or reads so
//! slowly that the daemon cuts it off. To the stack these are one thing, [`Stack::gone`].
//!
//! Must never be content with less than the first client gets: from its coming to its going it is
//! told exactly the same, in the same order, and after its going nothing.
//!
//! [`Stack::gone`]: daemon::stack::Stack::gone

use std::collections::VecDeque;

use daemon::stack::command::SessionId;
use daemon::stack::effect::Notice;
use totem::{Kind, RingId};

/// The session of the client that is always there.
pub const FIRST: SessionId = SessionId(1);

/// The second client of one daemon.
#[derive(Clone, Debug, Default)]
pub struct Guest {
    visits: u64,
    session: Option<SessionId>,
    /// The ring with whose configuration it is to be welcomed.
    welcome: Option<RingId>,
    /// What the first client was told since, and this one was not.
    owed: VecDeque<Notice>,
}

impl Guest {
    /// It comes while this ring is in use; its new session.
    pub fn come(&mut self, ring: Option<RingId>) -> SessionId {
        self.visits += 1;
        let session = SessionId(FIRST.0 + self.visits);
        self.session = Some(session);
        self.welcome = ring;
        session
    }

    /// It goes, if it was there: the session that ended.
    pub fn go(&mut self) -> Option<SessionId> {
        self.owed.clear();
        self.welcome = None;
        self.session.take()
    }

    /// The first client was told this.
    pub fn expect(&mut self, notice: &Notice) {
        if self.session.is_some() {
            self.owed.push_back(notice.clone());
        }
    }

    /// A session that is not the first client's was told this.
    ///
    /// # Errors
    /// What is wrong with that.
    pub fn told(&mut self, to: SessionId, notice: &Notice) -> Result<(), String> {
        if self.session != Some(to) {
            return Err(format!("session {} is gone and is told {notice:?}", to.0));
        }
        if let Some(ring) = self.welcome.take() {
            if let Notice::Configuration(now) = notice
                && (now.kind, now.ring) == (Kind::Regular, ring)
            {
                return Ok(());
            }
            return Err(format!("welcomed with {notice:?}, ring {ring} is in use"));
        }
        match self.owed.pop_front() {
            Some(expected) if expected == *notice => Ok(()),
            expected => Err(format!("told {notice:?}, the first client {expected:?}")),
        }
    }

    /// Everything was told that is to be told now.
    ///
    /// # Errors
    /// What was kept from it.
    pub fn check(&self) -> Result<(), String> {
        if let Some(ring) = self.welcome {
            return Err(format!("not told that ring {ring} is in use"));
        }
        let missing = self.owed.front();
        missing.map_or(Ok(()), |notice| Err(format!("not told what the first is: {notice:?}")))
    }
}

#[cfg(test)]
mod tests;
