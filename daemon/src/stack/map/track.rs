//! Who wants to be told of which changes of a map.
//!
//! Must never tell anybody himself: a change goes in, a list of who is to be told comes out.

use std::collections::BTreeMap;

use super::{KeyRefused, Which};
use crate::stack::command::SessionId;

/// Most tracks of one session.
pub const MOST_TRACKS: usize = 256;

/// What a program wants to be told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Of which map.
    pub map: Which,
    /// Of this key, or of all whose names begin so.
    pub key: String,
    /// All whose names begin so.
    pub prefix: bool,
    /// Of new keys.
    pub added: bool,
    /// Of new values.
    pub changed: bool,
    /// Of keys that are removed.
    pub deleted: bool,
}

impl Wish {
    fn sees(&self, map: Which, key: &str, (before, after): (bool, bool)) -> bool {
        let named = if self.prefix { key.starts_with(&self.key) } else { key == self.key };
        let kind = match (before, after) {
            (false, _) => self.added,
            (true, true) => self.changed,
            (true, false) => self.deleted,
        };
        self.map == map && named && kind
    }
}

/// All tracks.
#[derive(Debug, Default)]
pub(super) struct Tracks(BTreeMap<(SessionId, u64), Wish>);

impl Tracks {
    pub(super) fn add(
        &mut self,
        session: SessionId,
        track: u64,
        wish: Wish,
    ) -> Result<(), KeyRefused> {
        if self.0.contains_key(&(session, track)) {
            return Err(KeyRefused::TrackTaken(track));
        }
        if self.0.range((session, 0)..=(session, u64::MAX)).count() >= MOST_TRACKS {
            return Err(KeyRefused::TooManyTracks);
        }
        self.0.insert((session, track), wish);
        Ok(())
    }

    pub(super) fn remove(&mut self, session: SessionId, track: u64) -> Result<(), KeyRefused> {
        self.0.remove(&(session, track)).map(drop).ok_or(KeyRefused::NoTrack(track))
    }

    pub(super) fn gone(&mut self, session: SessionId) {
        self.0.retain(|(of, _), _| *of != session);
    }

    /// Who is to be told that this key changed: whether it was there before, and is now.
    pub(super) fn of<'t>(
        &'t self,
        map: Which,
        key: &'t str,
        change: (bool, bool),
    ) -> impl Iterator<Item = (SessionId, u64)> + 't {
        let seen = self.0.iter().filter(move |(_, wish)| wish.sees(map, key, change));
        seen.map(|(id, _)| *id)
    }
}
