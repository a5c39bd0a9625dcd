//! Sessions whose notices go to a connection of their own.
//!
//! Must never hand a session's notices to a program that does not name its key, or is another
//! user's; and never chain: a connection that carries notices has none itself.

use std::collections::BTreeMap;

use super::session::Key;
use crate::stack::command::SessionId;

/// Who carries whose notices.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    keys: BTreeMap<Key, SessionId>,
    known: BTreeMap<SessionId, Known>,
    /// How many connections carry notices for another one.
    hearing: usize,
}

/// What is known of a session.
#[derive(Debug)]
struct Known {
    key: Key,
    uid: u32,
    /// The session at the other end of the pair, and which of the two this one is.
    pair: Option<(SessionId, Half)>,
}

/// Which of a pair a session is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Half {
    /// It asks and is answered.
    Asks,
    /// It is told.
    Hears,
}

impl Pairs {
    /// A session began.
    pub(super) fn arrived(&mut self, session: SessionId, key: Key, uid: u32) {
        self.keys.insert(key, session);
        self.known.insert(session, Known { key, uid, pair: None });
    }

    /// A session is over; returns the one that ends with it.
    pub(super) fn gone(&mut self, session: SessionId) -> Option<SessionId> {
        let known = self.known.remove(&session)?;
        self.keys.remove(&known.key);
        let (other, _) = known.pair?;
        self.hearing -= 1;
        // The other one's end is then that of a session that has no pair.
        if let Some(other) = self.known.get_mut(&other) {
            other.pair = None;
        }
        Some(other)
    }

    /// From now on `hears` gets the notices of the session with this key.
    pub(super) fn listen(&mut self, hears: SessionId, key: &[u8]) -> Result<(), String> {
        let asks = Key::try_from(key).ok().and_then(|key| self.keys.get(&key).copied());
        // Nothing in the text tells a guesser how far off the key was.
        let unknown = || "no connection of this user has this key".to_owned();
        let asks = asks.ok_or_else(unknown)?;
        let uid = |session| self.known.get(session).map(|known| known.uid);
        if uid(&asks) != uid(&hears) {
            return Err(unknown());
        }
        if asks == hears {
            return Err("a connection cannot carry its own notices apart".to_owned());
        }
        for session in [asks, hears] {
            match self.known.get(&session).and_then(|known| known.pair) {
                None => {}
                Some((_, Half::Asks)) => {
                    return Err("another connection carries its notices already".to_owned());
                }
                Some((_, Half::Hears)) => {
                    return Err("it carries the notices of another connection".to_owned());
                }
            }
        }
        self.hearing += 1;
        for (session, pair) in [(asks, (hears, Half::Asks)), (hears, (asks, Half::Hears))] {
            if let Some(known) = self.known.get_mut(&session) {
                known.pair = Some(pair);
            }
        }
        Ok(())
    }

    /// The connection that carries the notices of this session: its own, or another.
    pub(super) fn ear(&self, session: SessionId) -> SessionId {
        match self.known.get(&session).and_then(|known| known.pair) {
            Some((other, Half::Asks)) => other,
            Some((_, Half::Hears)) | None => session,
        }
    }

    /// The other of a pair.
    pub(super) fn other(&self, session: SessionId) -> Option<SessionId> {
        self.known.get(&session)?.pair.map(|(other, _)| other)
    }

    /// How many connections carry notices for another one.
    pub(super) const fn count(&self) -> usize {
        self.hearing
    }
}

#[cfg(test)]
mod tests;
