//! What programs can look up on this node, kept true to the rest of the stack.
//!
//! Must never cost the ring anything: what is shown is made anew after a change of the membership,
//! of the votes or of the configuration, and at no other time.

use confdb::Tree;

use super::Stack;
use super::command::{MapCommand, RequestId, SessionId};
use super::connections::Connections;
use super::database::asked::Author;
use super::effect::{Reloaded, Reply};
use super::map::running::{self, Joins, Picture};
use super::map::{Maps, Owner, Value, statistics};
use super::objects::written::Told;
use super::objects::{Answer, Objects, ObjectsFound, TreeCommand};
use super::outbox::Outbox;

/// What programs can look up of the configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Shown {
    /// The keys of the map that follow from it.
    pub keys: Vec<(String, Value)>,
    /// The objects that follow from it.
    pub objects: Tree,
}

impl Default for Shown {
    fn default() -> Self {
        Self { keys: Vec::new(), objects: Tree::new("") }
    }
}

/// All that can be looked up.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    maps: Maps,
    objects: Objects,
    joins: Joins,
    /// The programs that talk to the daemon, as they were told last.
    connections: Connections,
    /// Something that is shown may have changed.
    stale: bool,
    /// Votes that were expected when it was last shown.
    expected: u32,
}

impl Lookup {
    pub(super) fn gone(&mut self, session: SessionId) {
        self.maps.gone(session);
        self.objects.gone(session);
        self.connections.gone(session);
    }

    /// All nodes go by what a program has changed; it is told so.
    pub(super) fn written(&self, author: Author, reloaded: Reloaded, outbox: &mut Outbox) {
        let created = match &author.told {
            Told::Object(path) => self.objects.first(path),
            Told::Version | Told::Done => None,
        };
        match created {
            Some(object) => {
                outbox.reply(author.request, Reply::Objects(Ok(ObjectsFound::Object(object))));
            }
            None => author.tell(reloaded, outbox),
        }
    }

    /// Something that is shown may have changed.
    pub(super) const fn touch(&mut self) {
        self.stale = true;
    }
}

impl Stack {
    pub(super) fn look_up(&mut self, request: RequestId, command: MapCommand) {
        if command.counts() {
            let mut stats = statistics::keys(&self.ring.stats(), &self.ring.pace());
            stats.extend(self.lookup.connections.keys());
            self.lookup.maps.count(stats, &mut self.outbox);
        }
        let found = self.lookup.maps.command(request.session, command, &mut self.outbox);
        self.outbox.reply(request, Reply::Map(found));
    }

    /// These are the programs that talk to the daemon. To be told before a program asks to see
    /// them; see [`Command::shows_connections`](super::command::Command::shows_connections).
    pub fn connected(&mut self, connections: Connections) {
        self.lookup.connections = connections;
    }

    /// A program asks for objects, or changes some.
    pub(super) fn browse(&mut self, request: RequestId, command: TreeCommand) {
        self.show_running();
        match self.lookup.objects.command(request.session, command, &mut self.outbox) {
            Ok(Answer::Found(found)) => self.outbox.reply(request, Reply::Objects(Ok(found))),
            Ok(Answer::Written(wish)) => self.write(request, wish),
            Err(why) => self.outbox.reply(request, Reply::Objects(Err(why))),
        }
    }

    /// Another configuration is in force.
    pub(super) fn show_configuration(&mut self, shown: Shown) {
        self.lookup.touch();
        self.lookup.maps.reload(shown.keys, &mut self.outbox);
        self.lookup.objects.show_configuration(&shown.objects, &mut self.outbox);
    }

    fn show_running(&mut self) {
        let picture = self.picture();
        let (joins, connections) = (&self.lookup.joins, &self.lookup.connections);
        let stats = self.ring.stats();
        let objects = super::objects::running::objects(&picture, joins, &stats, connections);
        self.lookup.objects.show_running(&objects, &mut self.outbox);
    }

    fn picture(&self) -> Picture {
        let quorum = self.voting.quorum();
        Picture {
            me: self.nodes.me(),
            version: self.nodes.cluster().config_version,
            nodes: self.nodes.rows(quorum),
            expected: quorum.verdict().expected.get(),
            two_node: quorum.two_node(),
        }
    }

    /// Makes true again what is shown.
    pub(super) fn refresh(&mut self) {
        let quorum = self.voting.quorum();
        let expected = quorum.verdict().expected.get();
        // Time alone may change what is expected.
        if !self.lookup.stale && self.lookup.expected == expected {
            return;
        }
        (self.lookup.stale, self.lookup.expected) = (false, expected);
        let picture = self.picture();
        let keys = running::keys(&picture, &mut self.lookup.joins);
        self.lookup.maps.show(Owner::Running, keys, &mut self.outbox);
        if self.lookup.objects.are_watched() {
            self.show_running();
        }
    }
}
