//! What programs can look up on this node, kept true to the rest of the stack.
//!
//! Must never cost the ring anything: what is shown is made anew after a change of the membership,
//! of the votes or of the configuration, and at no other time.

use super::Stack;
use super::command::{MapCommand, RequestId, SessionId};
use super::effect::Reply;
use super::map::running::{self, Joins, Picture};
use super::map::{Maps, Owner, Value, Which, statistics};

/// What programs can look up of the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Shown {
    /// The keys of the map that follow from it.
    pub keys: Vec<(String, Value)>,
}

/// All that can be looked up.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    maps: Maps,
    joins: Joins,
    /// Something that is shown may have changed.
    stale: bool,
    /// Votes that were expected when it was last shown.
    expected: u32,
}

impl Lookup {
    pub(super) fn gone(&mut self, session: SessionId) {
        self.maps.gone(session);
    }

    /// Something that is shown may have changed.
    pub(super) const fn touch(&mut self) {
        self.stale = true;
    }
}

impl Stack {
    pub(super) fn look_up(&mut self, request: RequestId, command: MapCommand) {
        let counts = match &command {
            MapCommand::Get { map, .. }
            | MapCommand::List { map, .. }
            | MapCommand::Set { map, .. }
            | MapCommand::Delete { map, .. }
            | MapCommand::Adjust { map, .. } => *map == Which::Statistics,
            MapCommand::Track { wish, .. } => wish.map == Which::Statistics,
            MapCommand::Untrack(_) => false,
        };
        if counts {
            let stats = statistics::keys(&self.ring.stats());
            self.lookup.maps.count(stats, &mut self.outbox);
        }
        let found = self.lookup.maps.command(request.session, command, &mut self.outbox);
        self.outbox.reply(request, Reply::Map(found));
    }

    /// Another configuration is in force.
    pub(super) fn show_configuration(&mut self, shown: Shown) {
        self.lookup.touch();
        self.lookup.maps.reload(shown.keys, &mut self.outbox);
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
        let picture = Picture {
            me: self.nodes.me(),
            version: self.nodes.cluster().config_version,
            nodes: self.nodes.rows(quorum),
            expected,
            two_node: quorum.two_node(),
        };
        let keys = running::keys(&picture, &mut self.lookup.joins);
        self.lookup.maps.show(Owner::Running, keys, &mut self.outbox);
    }
}
