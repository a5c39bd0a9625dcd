//! What the shell does about the directory that the configuration comes from.
//!
//! Must never change anything because the directory is silent or wrong: that is said, once, and
//! the node goes on by what it has.

use confdb::cluster::following::Following;
use confdb::replica::{Digest, Edition};
use tracing::debug;

use super::directory::child::Unanswered;
use super::directory::{Looked, SOURCE};
use super::{OWN, Shell, log};
use crate::stack::command::{Command, RequestId, Wanted};
use crate::stack::effect::Reply;

/// The number of the shell's own request for a new version. It has one at a time.
const PROPOSAL: u64 = 1;

impl Shell {
    /// A program, or this node itself, wants to know what the next version could be.
    pub(super) fn fetch(&mut self, request: RequestId) {
        let refused = match (request.session == OWN, self.sources.directory.is_there()) {
            (true, _) => {
                let text =
                    self.proposed.as_ref().map(|(_, text)| (SOURCE.to_owned(), text.clone()));
                let found = text.ok_or_else(|| "nothing was found".to_owned());
                let now = self.clock.now();
                return self.stack.fetched(now, request, found);
            }
            (false, true) => self.sources.directory.fetch(request),
            (false, false) => return self.sources.reload.fetch(request),
        };
        if let Err(why) = refused {
            let now = self.clock.now();
            self.stack.fetched(now, request, Err(why));
        }
    }

    /// The directory was asked, or it is time to.
    pub(super) fn looked(&mut self, looked: Looked) {
        let (requests, answer) = match looked {
            Looked::Time => {
                if self.follower.asks(self.stack.speaks()) {
                    self.sources.directory.look();
                }
                return;
            }
            Looked::Answered(requests, answer) => (requests, answer),
        };
        let now = self.clock.now();
        for request in &requests {
            let answer = answer.clone().map(|text| (SOURCE.to_owned(), text));
            self.stack.fetched(now, *request, answer.map_err(|why| why.to_string()));
        }
        self.drain(now);
        match answer {
            Ok(text) => self.weigh(text, requests.is_empty()),
            // Who asked is told.
            Err(why) if requests.is_empty() => {
                let reached = matches!(why, Unanswered::Wrong(_));
                self.follower.failed(&why.to_string(), reached).iter().for_each(log);
            }
            Err(_) => {}
        }
        self.stack.looked(now, self.follower.sees());
        self.drain(now);
    }

    /// The directory has this. Where somebody has asked, he proposes it.
    fn weigh(&mut self, text: Vec<u8>, unasked: bool) {
        let Some(found) = edition(&text) else { return };
        let speaks = self.stack.speaks() && unasked;
        let verdict = self.follower.found(found, self.stack.edition(), speaks);
        // Who has asked is told.
        verdict.line.iter().filter(|_| unasked).for_each(log);
        self.sources.ipc.set_copy(self.follower.copy().map(str::to_owned));
        self.sources.directory.set_pace(self.follower.pace());
        if self.follower.asks(self.stack.speaks()) {
            self.sources.directory.listen(found.version);
        }
        if verdict.propose {
            self.proposed = Some((found, text));
            let request = RequestId { session: OWN, number: PROPOSAL };
            let now = self.clock.now();
            self.stack.command(now, request, Command::Reload(Wanted::default()));
            self.drain(now);
        }
    }

    /// The stack answers what this node itself has asked.
    pub(super) fn answered(&mut self, reply: &Reply) {
        debug!(target: "MAIN", "own request: {reply:?}");
        let Reply::Reload(result) = reply else {
            if let Reply::Refused(_) = reply {
                // This node leaves: there is nothing more to propose.
                self.proposed = None;
            }
            return;
        };
        let Some((edition, _)) = self.proposed.take() else { return };
        match result {
            Ok(_) => self.follower.taken(),
            Err(why) => self.follower.refused(edition, &why.to_string()).iter().for_each(log),
        }
    }

    /// From now on the directory is followed like this.
    pub(super) fn follow(&mut self, following: Following) {
        self.follower.set(following);
        self.sources.directory.set_pace(self.follower.pace());
    }
}

/// Which version a text is, if it is one.
fn edition(text: &[u8]) -> Option<Edition> {
    let read = confdb::load::configuration(SOURCE, text).ok()?;
    Some(Edition { version: read.cluster.config_version.into(), digest: Digest::of(text) })
}
