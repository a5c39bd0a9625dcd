//! Carries to the replica of the configuration what the ring and the shell say, and its wishes to
//! those who can fulfil them.
//!
//! Must never let a message of one ring count on another: each names its own. Must never decide
//! about versions: that is `confdb::Replica`'s. What this node must not go by while it runs is
//! judged in [`review`], before the shell is asked about the rest.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | sequence of the ring |
//! | 4 | representative of the ring |
//! | 1 | 1: a replica's message; 2: an introduction; 3: whether the node can read the directory |
//! | … | that: of an introduction what the node holds, then its hello; of the last 0 or 1 |

pub(crate) mod asked;
pub(crate) mod reload;
mod review;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use confdb::edit::steps;
use confdb::replica::{
    Digest, Edition, Event, Holding, Message, NotProposed, Outcome, Output, Place, Ticket,
};
use confdb::{Configuration, Problem, Replica};
use totem::{Guarantee, NodeId, NodeSet, Plant, RingId, RingSeq, planted};

use self::asked::{Asked, Author};
use self::reload::{NotReloaded, Reloaded};
use super::Config;
use super::command::{RequestId, SessionId, Wanted};
use super::effect::{Effect, FileJob, Notice, Report};
use super::objects::ObjectRefused;
use super::objects::written::{Told, Written};
use super::outbox::Outbox;
use super::reconfigure::Reconfiguration;
use super::service::{MessageError, Reader, Service};
use super::sync::States;

const REPLICA: u8 = 1;
const INTRODUCTION: u8 = 2;
const LOOKED: u8 = 3;

/// What the text in use is called where another is compared with it.
const RUNNING: &str = "running";

/// What problems call a text that a program has changed.
const WRITTEN: &str = "the changed configuration";

/// The configuration among those of the other nodes.
#[derive(Debug)]
pub(crate) struct Database {
    me: NodeId,
    replica: Replica,
    ring: Option<RingId>,
    /// Programs that wait for this node's file.
    fetching: BTreeMap<RequestId, Wanted>,
    /// The program whose proposal is under way.
    asked: Option<Asked>,
    /// What the shell has found this node to make of a text.
    staged: Option<(Ticket, Box<Reconfiguration>)>,
    /// What was switched to last, until its file is written; the program that waits for it.
    switched: Option<(Ticket, Option<Asked>)>,
    /// The text is a copy of what a directory holds.
    copied: bool,
    /// This node has tried to read the directory, and cannot.
    blind: bool,
    /// Nodes of the ring that have said so of themselves.
    blinds: NodeSet,
    /// Whether this node may act, for those who propose.
    quorate: bool,
    plant: Plant,
}

/// What only the stack can do.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Step {
    /// Go by this from now on.
    Switch(Box<Reconfiguration>),
    /// Introduce this node to the ring anew.
    Introduce,
}

/// A message of a replica, or an introduction that was said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    /// The replica was told.
    Nothing,
    /// A node introduces itself: what it holds, and the bytes of its hello.
    Introduction(Holding, Bytes),
}

impl Database {
    pub(crate) fn new(config: &Config) -> Self {
        let me = config.ring.identity().me;
        let (version, digest) = (config.config_version, Digest::of(&config.held.text));
        let edition = Edition { version, digest };
        let text = Arc::clone(&config.held.text);
        Self {
            me,
            replica: Replica::new(
                me.get(),
                (edition, config.held.mark),
                text,
                config.held.accepted.clone(),
            ),
            ring: None,
            fetching: BTreeMap::new(),
            asked: None,
            staged: None,
            switched: None,
            copied: config.held.copied,
            blind: false,
            blinds: NodeSet::new(),
            quorate: false,
            plant: config.ring.plant(),
        }
    }

    /// What this node says of its configuration after every membership change.
    pub(crate) fn state(&self) -> Vec<u8> {
        self.replica.holding().encode()
    }

    /// The version that this node goes by.
    pub(crate) const fn edition(&self) -> Edition {
        self.replica.edition()
    }

    /// The text that this node goes by.
    pub(crate) fn text(&self) -> &Arc<[u8]> {
        self.replica.text()
    }

    /// This node goes by what its cluster goes by, as far as it is known.
    pub(crate) fn is_current(&self, node: NodeId) -> bool {
        planted!(self.plant, VersionsIgnored => return true);
        self.replica.place(node.get()) == Some(Place::Current)
    }

    // -- the ring -------------------------------------------------------------------------------

    /// The ring breaks.
    pub(crate) const fn on_breaking(&mut self) {
        self.replica.on_breaking();
    }

    /// The ring has ended; those who come along are `quorate`. This one begins.
    pub(crate) fn on_ended(&mut self, quorate: bool, next: RingId) {
        self.replica.on_ended(quorate);
        self.ring = Some(next);
        self.blinds.clear();
    }

    /// This node can read the directory from now on, or cannot. The others hear of it on this ring
    /// and on each that follows.
    pub(crate) fn looked(&mut self, sees: bool, outbox: &mut Outbox) {
        if self.blind == sees {
            self.blind = !sees;
            self.say(LOOKED, Guarantee::Agreed, &[u8::from(sees)], outbox);
        }
    }

    /// Who of these looks into the directory for all: the first by id that has not said that it
    /// cannot; where none can, the first.
    pub(crate) fn looks(&self, members: &NodeSet) -> Option<NodeId> {
        members.difference(&self.blinds).next().or_else(|| members.first()).copied()
    }

    /// Whether this node may act as a member.
    pub(crate) fn set_quorate(&mut self, quorate: bool) {
        self.quorate = quorate;
        self.replica.set_established(quorate);
    }

    /// All have said what they hold; these belong to this cluster.
    pub(crate) fn on_synced(
        &mut self,
        ours: impl Iterator<Item = NodeId>,
        states: &States,
        outbox: &mut Outbox,
    ) {
        let mut ring = BTreeMap::new();
        for node in ours {
            match holding(states, node) {
                Ok(holding) => drop(ring.insert(node.get(), holding)),
                Err(error) => outbox.report(Report::Malformed { node, error }),
            }
        }
        self.replica.on_ring(ring);
        if self.blind {
            self.say(LOOKED, Guarantee::Agreed, &[0], outbox);
        }
    }

    /// A node of the ring says this. What the replica makes of it is to be done next.
    pub(crate) fn on_message(&mut self, from: NodeId, body: Bytes) -> Result<Said, MessageError> {
        let mut reader = Reader::new("message of the configuration", body);
        let seq = RingSeq::new(reader.u64()?);
        let representative = reader.u32()?;
        let representative = NodeId::new(representative)
            .ok_or_else(|| reader.bad("representative", representative))?;
        let kind = reader.u8()?;
        match kind {
            REPLICA | INTRODUCTION | LOOKED => {}
            unknown => return Err(reader.bad("kind", unknown)),
        }
        let body = reader.rest();
        if self.ring != Some(RingId { seq, representative }) {
            return Ok(Said::Nothing);
        }
        if kind == LOOKED {
            return self.on_looked(from, body).map(|()| Said::Nothing);
        }
        if kind == INTRODUCTION {
            let (holding, hello) = Holding::decode(&body)?;
            let hello = body.slice_ref(hello);
            return Ok(Said::Introduction(holding, hello));
        }
        let message = Message::decode(&body)?;
        planted!(self.plant, RefusalsAccepted => {
            if let Message::Refuse { proposer, number, .. } = message {
                self.replica.on_message(from.get(), Message::Accept { proposer, number, mark: 0 });
                return Ok(Said::Nothing);
            }
        });
        self.replica.on_message(from.get(), message);
        Ok(Said::Nothing)
    }

    fn on_looked(&mut self, from: NodeId, body: Bytes) -> Result<(), MessageError> {
        let mut reader = Reader::new("message about a directory", body);
        match reader.u8()? {
            0 => self.blinds.insert(from),
            1 => self.blinds.remove(&from),
            other => return Err(reader.bad("sight", other)),
        };
        reader.end()
    }

    /// A node of this cluster has introduced itself anew.
    pub(crate) fn on_introduced(&mut self, node: NodeId, holding: Holding) {
        self.replica.on_introduced(node.get(), holding);
    }

    /// Says who this node is and what it holds.
    pub(crate) fn introduce(&self, hello: &[u8], outbox: &mut Outbox) {
        let mut content = self.state();
        content.extend_from_slice(hello);
        self.say(INTRODUCTION, Guarantee::Agreed, &content, outbox);
    }

    // -- programs -------------------------------------------------------------------------------

    /// A program wants all nodes to go by what this node can read.
    pub(crate) fn reload(&mut self, request: RequestId, wanted: Wanted, outbox: &mut Outbox) {
        self.fetching.insert(request, wanted);
        outbox.push(Effect::File(FileJob::Fetch(request)));
    }

    /// A program is gone.
    pub(crate) fn gone(&mut self, session: SessionId) {
        self.fetching.retain(|request, _| request.session != session);
        self.asked.take_if(|asked| asked.author.request.session == session);
        if let Some((_, waiting)) = &mut self.switched {
            waiting.take_if(|asked| asked.author.request.session == session);
        }
    }

    /// A program wants all nodes to go by the text of now, changed so.
    pub(crate) fn write(
        &mut self,
        request: RequestId,
        wish: Written,
        outbox: &mut Outbox,
    ) -> Result<(), ObjectRefused> {
        let Written { steps, about, told } = wish;
        if self.copied {
            return Err(ObjectRefused::Directory(about));
        }
        if self.replica.text().is_empty() {
            return Err(ObjectRefused::Unconfigured);
        }
        let text = steps::apply(WRITTEN, self.replica.text(), &steps)?.into_bytes();
        let author = Author { request, told };
        let proposed =
            self.read(Wanted::default(), WRITTEN, &text).and_then(|new| self.propose(&new, &text));
        match proposed {
            Ok(warnings) => self.asked = Some(Asked { author, warnings }),
            Err(why) => author.refuse(why, outbox),
        }
        Ok(())
    }

    /// This is the file for which a program waits, or why there is none.
    pub(crate) fn fetched(
        &mut self,
        request: RequestId,
        fetched: Result<(String, Vec<u8>), String>,
        outbox: &mut Outbox,
    ) {
        let Some(wanted) = self.fetching.remove(&request) else { return };
        let read = fetched
            .map_err(NotReloaded::Unreadable)
            .and_then(|(source, text)| Ok((self.read(wanted, &source, &text)?, text)));
        let result = match read {
            Ok((new, _)) if wanted.dry_run => Err(Ok(self.difference(&new))),
            Ok((new, text)) => self.propose(&new, &text).map_err(Err),
            Err(why) => Err(Err(why)),
        };
        let author = Author { request, told: Told::Version };
        match result {
            Ok(warnings) => self.asked = Some(Asked { author, warnings }),
            Err(Ok(difference)) => author.tell(difference, outbox),
            Err(Err(why)) => author.refuse(why, outbox),
        }
    }

    /// A text that all nodes could go by, as far as this one can see.
    fn read(
        &self,
        wanted: Wanted,
        source: &str,
        text: &[u8],
    ) -> Result<Configuration, NotReloaded> {
        let new = confdb::load::configuration(source, text).map_err(NotReloaded::Invalid)?;
        let running = self.replica.edition().version;
        let version = u64::from(new.cluster.config_version);
        if version < wanted.least {
            return Err(NotReloaded::NotYet { found: version, wanted: wanted.least });
        }
        if version <= running {
            return Err(NotReloaded::NotNewer { found: version, running });
        }
        Ok(new)
    }

    fn propose(&mut self, new: &Configuration, text: &[u8]) -> Result<Vec<String>, NotReloaded> {
        if !self.quorate {
            return Err(NotReloaded::NotQuorate);
        }
        review::check(self.replica.text(), new, self.me).map_err(NotReloaded::Restart)?;
        let (version, digest) = (u64::from(new.cluster.config_version), Digest::of(text));
        self.replica.propose(Edition { version, digest }, text).map_err(|why| match why {
            NotProposed::NotCurrent => NotReloaded::NotCurrent,
            NotProposed::Busy { version, by } => NotReloaded::Busy { version, by },
            NotProposed::Contradicts(version) => NotReloaded::Contradicts(version),
            NotProposed::Size(size) => NotReloaded::Size(size),
        })?;
        Ok(warnings(new))
    }

    fn difference(&self, new: &Configuration) -> Reloaded {
        let running = confdb::load::configuration(RUNNING, self.replica.text());
        let difference = running.ok().map(|running| confdb::diff::between(&running, new));
        Reloaded {
            version: new.cluster.config_version.into(),
            warnings: warnings(new),
            unwritten: None,
            difference: difference.map(Box::new),
        }
    }

    // -- the shell ------------------------------------------------------------------------------

    /// The shell has found out whether this node can go by a text.
    pub(crate) fn staged(&mut self, ticket: Ticket, result: Result<Box<Reconfiguration>, String>) {
        let result = result.map(|revision| {
            let mark = revision.keys;
            self.staged = Some((ticket, revision));
            mark
        });
        self.replica.checked(ticket, result);
    }

    /// The file in use is the new one, or cannot be written yet. Who waited for that is told.
    pub(crate) fn activated(
        &mut self,
        ticket: Ticket,
        result: Result<(), String>,
    ) -> Option<(Author, Reloaded)> {
        let (_, waiting) = self.switched.take_if(|(last, _)| *last == ticket)?;
        let Asked { author, warnings } = waiting?;
        let (version, unwritten) = (self.replica.edition().version, result.err());
        Some((author, Reloaded { version, warnings, unwritten, difference: None }))
    }

    // -- what the replica wants -----------------------------------------------------------------

    /// Does what the replica wants, up to the next thing that only the stack can do.
    pub(crate) fn step(&mut self, outbox: &mut Outbox) -> Option<Step> {
        while let Some(output) = self.replica.poll() {
            match output {
                Output::Say { message, safe } => {
                    let guarantee = if safe { Guarantee::Safe } else { Guarantee::Agreed };
                    self.say(REPLICA, guarantee, &message.encode(), outbox);
                }
                Output::Check { ticket, edition, text } => {
                    self.check(ticket, edition.version, text, outbox);
                }
                Output::Drop(ticket) => {
                    self.staged.take_if(|(staged, _)| *staged == ticket);
                    outbox.push(Effect::File(FileJob::Unstage(ticket)));
                }
                Output::Switch { ticket, .. } => {
                    let staged = self.staged.take_if(|(staged, _)| *staged == ticket);
                    let (_, revision) = staged.expect("what was accepted here was staged here");
                    self.switched = Some((ticket, None));
                    return Some(Step::Switch(revision));
                }
                Output::Introduce => return Some(Step::Introduce),
                Output::Ended(outcome) => self.ended(outcome, outbox),
                Output::Tell(event) => self.tell(event, outbox),
            }
        }
        None
    }

    /// The shell is to make what was switched to last the file in use.
    pub(crate) fn activate(
        &self,
        (from, version): (u64, u64),
        staying: NodeSet,
        outbox: &mut Outbox,
    ) {
        if let Some((ticket, _)) = self.switched {
            outbox.push(Effect::File(FileJob::Activate { ticket, from, staying }));
            outbox.publish(&Notice::ConfigUpdate { version });
        }
    }

    fn check(&mut self, ticket: Ticket, version: u64, text: Arc<[u8]>, outbox: &mut Outbox) {
        match review::read(self.replica.text(), &text, self.me) {
            Ok(()) => {
                outbox.push(Effect::File(FileJob::Stage { ticket, version, text }));
            }
            Err(reason) => self.replica.checked(ticket, Err(reason)),
        }
    }

    fn ended(&mut self, outcome: Outcome, outbox: &mut Outbox) {
        let Some(asked) = self.asked.take() else { return };
        let why = match outcome {
            Outcome::Switched => {
                if let Some((_, waiting)) = &mut self.switched {
                    *waiting = Some(asked);
                }
                return;
            }
            Outcome::Refused { node, reason } => NotReloaded::Refused { node, reason },
            Outcome::Busy { version, by } => NotReloaded::Busy { version, by },
            Outcome::Interrupted => NotReloaded::Interrupted,
            Outcome::Undecided => NotReloaded::Undecided,
            Outcome::NotCurrent => NotReloaded::NotCurrent,
        };
        asked.author.refuse(why, outbox);
    }

    fn tell(&self, event: Event, outbox: &mut Outbox) {
        outbox.report(Report::Version { me: self.me, event });
    }

    fn say(&self, kind: u8, guarantee: Guarantee, content: &[u8], outbox: &mut Outbox) {
        let Some(ring) = self.ring else { return };
        let mut message = Service::Database.message(13 + content.len());
        message.extend(ring.seq.get().to_be_bytes());
        message.extend(ring.representative.get().to_be_bytes());
        message.push(kind);
        message.extend_from_slice(content);
        outbox.promise_on(ring, guarantee, message);
    }
}

/// What the author of a configuration probably did not mean.
fn warnings(new: &Configuration) -> Vec<String> {
    new.warnings.iter().map(Problem::to_string).collect()
}

fn holding(states: &States, node: NodeId) -> Result<Holding, MessageError> {
    let missing = MessageError::Missing { what: "version of the configuration" };
    let bytes = states.chunks.get(&(Service::Database, node)).ok_or(missing)?;
    let (holding, rest) = Holding::decode(bytes)?;
    if rest.is_empty() {
        return Ok(holding);
    }
    Err(MessageError::Trailing { what: "version of the configuration", extra: rest.len() })
}

#[cfg(test)]
mod tests;
