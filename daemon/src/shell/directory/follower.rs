//! What a running node makes of the directory: whether to ask, whether to have all go by what it
//! has, and what to tell operators.
//!
//! Must never say the same thing at every look, nor propose at every look what was refused: the
//! first time counts, then pauses that double. Must never propose for others: one node speaks for
//! all. Pure: the shell asks, logs and proposes.

use confdb::cluster::following::Following;
use confdb::replica::Edition;
use tracing::Level;

use crate::shell::report::Line;

/// Most looks at which a text that was refused is not proposed again.
const LONGEST_PAUSE: u32 = 128;

/// Looks in a row that reach no directory, after which another node is to look.
const MOST_MISSED: u32 = 3;

/// What this node has made of the directory so far.
#[derive(Debug)]
pub(in crate::shell) struct Follower {
    following: Following,
    /// Why this node goes by its copy, if it does.
    copy: Option<String>,
    /// What was said last.
    said: Option<String>,
    /// The directory gave no configuration when it was asked last.
    failing: bool,
    /// How often in a row it was not even reached.
    missed: u32,
    refused: Option<Refused>,
}

/// A text that was refused.
#[derive(Clone, Copy, Debug)]
struct Refused {
    edition: Edition,
    /// Looks until it is proposed again, and how many there were before.
    left: u32,
    pause: u32,
}

/// What to do about a text that the directory has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(in crate::shell) struct Verdict {
    /// Have all go by it.
    pub(in crate::shell) propose: bool,
    /// For the log.
    pub(in crate::shell) line: Option<Line>,
}

impl Follower {
    /// That of a node which goes by this, or by its copy, for this reason.
    pub(in crate::shell) const fn new(following: Following, copy: Option<String>) -> Self {
        let failing = copy.is_some();
        Self { following, copy, said: None, failing, missed: 0, refused: None }
    }

    /// Why this node goes by its copy, if it does.
    pub(in crate::shell) fn copy(&self) -> Option<&str> {
        self.copy.as_deref()
    }

    /// The configuration in force says this from now on.
    pub(in crate::shell) const fn set(&mut self, following: Following) {
        self.following = following;
    }

    /// How often to look; `None` when there is no reason to.
    pub(in crate::shell) fn pace(&self) -> Option<core::time::Duration> {
        (self.following.on || self.copy.is_some()).then_some(self.following.every)
    }

    /// Whether to ask now; this node `speaks` for all, or does not. One that cannot reach the
    /// directory goes on trying.
    pub(in crate::shell) const fn asks(&self, speaks: bool) -> bool {
        self.copy.is_some() || (self.following.on && (speaks || !self.sees()))
    }

    /// The directory was reached not so long ago.
    pub(in crate::shell) const fn sees(&self) -> bool {
        self.missed < MOST_MISSED
    }

    /// The directory gave nothing, though it may have been `reached`. Nothing changes; operators
    /// are told once.
    pub(in crate::shell) fn failed(&mut self, why: &str, reached: bool) -> Option<Line> {
        self.failing = true;
        self.missed = if reached { 0 } else { self.missed.saturating_add(1) };
        let why = why.replace('\n', "; ");
        self.say(Level::WARN, format!("the directory gives no configuration: {why}"))
    }

    /// The directory has `found`, all go by `running`.
    pub(in crate::shell) fn found(
        &mut self,
        found: Edition,
        running: Edition,
        speaks: bool,
    ) -> Verdict {
        let mut recovered = std::mem::take(&mut self.failing);
        self.missed = 0;
        if found.version >= running.version {
            recovered |= self.copy.take().is_some();
        }
        let (has, runs) = (found.version, running.version);
        let text = match (has.cmp(&runs), found.digest == running.digest) {
            (core::cmp::Ordering::Less, _) => {
                let text = format!("the directory has version {has}, the cluster runs {runs}");
                return Verdict { propose: false, line: self.say(Level::WARN, text) };
            }
            (core::cmp::Ordering::Equal, false) => {
                let text = format!(
                    "the directory has another version {has} than the cluster: raise \
                     rhcsConfig-version there"
                );
                return Verdict { propose: false, line: self.say(Level::WARN, text) };
            }
            (core::cmp::Ordering::Equal, true) if recovered => {
                format!("the directory answers, with version {has} that is in force")
            }
            (core::cmp::Ordering::Equal, true) => {
                self.said = None;
                return Verdict::default();
            }
            (core::cmp::Ordering::Greater, _) if !self.following.on => format!(
                "the directory has version {has}, the cluster runs {runs}: cman_tool version -r \
                 has all nodes go by it"
            ),
            (core::cmp::Ordering::Greater, _) if !speaks => return Verdict::default(),
            (core::cmp::Ordering::Greater, _) => return self.newer(found),
        };
        Verdict { propose: false, line: self.say(Level::INFO, text) }
    }

    /// All are to go by this, unless that was refused a moment ago.
    fn newer(&mut self, found: Edition) -> Verdict {
        if let Some(refused) = self.refused.as_mut().filter(|refused| refused.edition == found) {
            refused.left = refused.left.saturating_sub(1);
            if refused.left > 0 {
                return Verdict::default();
            }
        }
        Verdict { propose: true, line: None }
    }

    /// What was proposed is in force.
    pub(in crate::shell) fn taken(&mut self) {
        self.refused = None;
        self.said = None;
    }

    /// What was proposed was refused. Operators are told once for each reason.
    pub(in crate::shell) fn refused(&mut self, found: Edition, why: &str) -> Option<Line> {
        let before = self.refused.filter(|refused| refused.edition == found);
        let pause = before.map_or(1, |refused| (refused.pause * 2).min(LONGEST_PAUSE));
        self.refused = Some(Refused { edition: found, left: pause, pause });
        let (has, why) = (found.version, why.replace('\n', "; "));
        self.say(Level::WARN, format!("version {has} of the directory is not taken over: {why}"))
    }

    /// A line, unless it is the one that was said last.
    fn say(&mut self, level: Level, text: String) -> Option<Line> {
        if self.said.as_ref() == Some(&text) {
            return None;
        }
        self.said = Some(text.clone());
        Some(Line { level, subsystem: "CONFDB", text })
    }
}

#[cfg(test)]
mod tests;
