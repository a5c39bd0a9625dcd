//! Nodes with state from before a partition are kept out, where the configuration asks for it
//! (`disallowed`): two halves that both went on with their own state cannot be made one.
//!
//! Must never keep out a node that was restarted: its state went with the process that had it. And
//! must never kill anybody while this side may not act itself: then an operator decides which half
//! goes on.
//!
//! A side is those who come from the same ring. Where two sides with state meet, each keeps out all
//! of the other, those without state included: whoever counted for both would make both quorate.
//! While there are such nodes nobody else can join: a newcomer that hears of them goes at once, and
//! is disallowed as well until it is gone.
//!
//! CMAN judges node by node, from what each observer has seen of each: there a node without state
//! may keep out those who have some, and they not it.

use totem::{Lane, NodeId, NodeSet};

use super::super::effect::{Disallowed, Exit, KillReason, Report};
use super::super::outbox::Outbox;
use super::Nodes;
use super::entry::Entry;
use super::hello::Hello;
use super::message::Message;

/// What a node says of itself and of others for the sake of this.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Flags {
    /// It has state that outlives a partition.
    pub(crate) dirty: bool,
    /// It was never a member together with others.
    pub(crate) fresh: bool,
    /// It keeps nodes out.
    pub(crate) sees_disallowed: bool,
}

const DIRTY: u8 = 1;
const FRESH: u8 = 2;
const SEES_DISALLOWED: u8 = 4;

impl Flags {
    pub(super) fn to_byte(self) -> u8 {
        let Self { dirty, fresh, sees_disallowed } = self;
        let bit = |set, bit| if set { bit } else { 0 };
        bit(dirty, DIRTY) | bit(fresh, FRESH) | bit(sees_disallowed, SEES_DISALLOWED)
    }

    /// `None` for a byte that no node of this version writes.
    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        let [dirty, fresh, sees_disallowed] =
            [DIRTY, FRESH, SEES_DISALLOWED].map(|bit| byte & bit != 0);
        (byte & !(DIRTY | FRESH | SEES_DISALLOWED) == 0).then_some(Self {
            dirty,
            fresh,
            sees_disallowed,
        })
    }
}

impl Nodes {
    /// This node has state from now on. There is no way back but a restart.
    pub(crate) const fn set_dirty(&mut self) {
        self.dirty = true;
    }

    /// This node has state.
    pub(crate) const fn has_state(&self) -> bool {
        self.dirty
    }

    /// Nodes that come back with state are kept out from the next membership on, or let in then.
    pub(crate) const fn keep_out(&mut self, on: bool) {
        self.disallowed = on;
    }

    /// Nodes that come back with state are kept out.
    pub(crate) const fn keeps_out(&self) -> bool {
        self.disallowed
    }

    /// Names of those that are.
    pub(crate) fn disallowed(&self) -> Vec<String> {
        let kept_out = self.entries.values().filter(|entry| entry.is_disallowed());
        kept_out.map(|entry| entry.name.clone()).collect()
    }

    /// What this node says.
    pub(super) fn flags(&self) -> Flags {
        let sees_disallowed = self.entries.values().any(Entry::is_disallowed);
        Flags { dirty: self.has_state(), fresh: self.fresh, sees_disallowed }
    }

    /// Whom of those who introduced themselves this node must keep out: whoever comes from a side
    /// with state, when this side has state too; and whom it kept out before.
    pub(super) fn to_keep_out(&self, hellos: &[(NodeId, Hello)]) -> NodeSet {
        if !self.disallowed {
            return NodeSet::new();
        }
        let ours = |id: NodeId| id == self.me || self.is_admitted(id);
        let we_have_state = hellos.iter().any(|(id, hello)| ours(*id) && hello.flags.dirty);
        let others = || hellos.iter().filter(|(id, _)| !ours(*id));
        let crowded = self.entries.values().any(Entry::is_disallowed);
        let is_kept_out = |id: &NodeId| self.entries.get(id).is_some_and(Entry::is_disallowed);
        let stays_out = |(id, hello): &&(NodeId, Hello)| {
            let side =
                || others().filter(|(_, other)| hello.from.is_some() && other.from == hello.from);
            let has_state = hello.flags.dirty || side().any(|(_, other)| other.flags.dirty);
            is_kept_out(id) || has_state && we_have_state || hello.flags.fresh && crowded
        };
        others().filter(stays_out).map(|(id, _)| *id).collect()
    }

    /// A newcomer leaves a cluster in which nodes are kept out.
    pub(super) fn flees(&self, hellos: &[(NodeId, Hello)], outbox: &mut Outbox) -> Option<Exit> {
        if !self.disallowed || !self.fresh {
            return None;
        }
        let crowded =
            |(id, hello): &&(NodeId, Hello)| *id != self.me && hello.flags.sees_disallowed;
        let &(by, _) = hellos.iter().find(crowded)?;
        outbox.report(Report::SawDisallowed { by });
        Some(Exit::SawDisallowed)
    }

    /// Tells the log of those who are kept out, and has them killed when this side may act: the
    /// member with the lowest id does so for all.
    pub(crate) fn expel(&mut self, quorate: bool, two_node: bool, outbox: &mut Outbox) {
        let me = self.me;
        let speaks = self.entries.iter().find(|(_, entry)| entry.is_admitted());
        let speaks = speaks.is_some_and(|(&id, _)| id == me);
        for (&node, entry) in self.entries.iter_mut().filter(|(_, entry)| entry.is_disallowed()) {
            let what = match (quorate, two_node && node < me) {
                (false, _) => Disallowed::KeptOut,
                (true, true) => Disallowed::Spared,
                (true, false) => Disallowed::Killed,
            };
            if entry.told.replace(what) == Some(what) {
                continue;
            }
            outbox.report(Report::Disallowed { node, what });
            if what == Disallowed::Killed && speaks {
                let kill = Message::Kill { node, reason: KillReason::Rejoined };
                outbox.say(Lane::Sync, kill.encode());
            }
        }
    }

    /// A member is known to belong together with others from now on.
    pub(super) fn remember_company(&mut self) {
        let members = self.entries.values().filter(|entry| entry.is_admitted()).count();
        self.fresh &= members < 2;
    }
}

#[cfg(test)]
mod tests;
