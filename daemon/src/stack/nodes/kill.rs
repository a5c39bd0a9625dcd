//! One node makes another stop: an operator does, or a cluster that must keep out who came back
//! with state.
//!
//! Must never obey a node that is not of this cluster, and never wait for the victim's consent: it
//! stops at its place in the order of messages, where the others see it on its way out. Who does
//! not obey because it hangs falls silent, is found dead like any other, and is told again when it
//! goes on.

use std::collections::VecDeque;

use totem::{Lane, NodeId, RingId};

use super::super::command::RequestId;
use super::super::effect::{Exit, KillReason, Refusal, Reply, Report};
use super::super::outbox::Outbox;
use super::Nodes;
use super::message::Message;

/// Requests to kill whose message has not come back yet, with their victims, in the order of the
/// messages.
pub(crate) type Kills = VecDeque<(RequestId, NodeId)>;

impl Nodes {
    /// Asks for the end of a node; answered when the message has its place in the order. A program
    /// has one request at a time, and so not more of them than there are programs wait here.
    pub(crate) fn kill(&mut self, request: RequestId, node: NodeId, outbox: &mut Outbox) {
        let refusal = match self.entries.get(&node) {
            None => Refusal::UnknownNode(node),
            Some(entry) if !entry.state.is_of_this_cluster() => Refusal::NotThere(node),
            Some(_) if !self.is_admitted(self.me) => Refusal::NotThere(self.me),
            Some(_) => {
                self.kills.push_back((request, node));
                let reason = KillReason::Operator;
                outbox.say(Lane::Sync, Message::Kill { node, reason }.encode());
                return;
            }
        };
        outbox.reply(request, Reply::Refused(refusal));
    }

    /// Who hung when it was told to stop, and comes from that ring without having obeyed, is told
    /// again: by the member with the lowest id, for all.
    pub(super) fn kill_again(&mut self, node: NodeId, from: Option<RingId>, outbox: &mut Outbox) {
        let speaks = self.entries.iter().find(|(_, entry)| entry.is_admitted());
        let speaks = speaks.is_some_and(|(&id, _)| id == self.me);
        let owed = self.entries.get_mut(&node).and_then(|entry| entry.killed_on.take());
        if let Some((ring, reason)) = owed
            && node != self.me
            && from == Some(ring)
            && speaks
        {
            outbox.say(Lane::Sync, Message::Kill { node, reason }.encode());
        }
    }

    /// A member has a node killed. An end for this node, if it is the victim.
    pub(super) fn on_kill(
        &mut self,
        by: NodeId,
        (node, reason): (NodeId, KillReason),
        outbox: &mut Outbox,
    ) -> Option<Exit> {
        let own = by == self.me && reason == KillReason::Operator;
        let asked = self.kills.front().copied().filter(|(_, victim)| own && *victim == node);
        if let Some((request, _)) = asked {
            self.kills.pop_front();
            outbox.reply(request, Reply::Done);
        }
        if !self.entries.get(&by).is_some_and(|entry| entry.state.is_of_this_cluster()) {
            return None;
        }
        let entry = self.entries.get_mut(&node)?;
        let on = if entry.is_on_ring() { self.ring } else { entry.last_on };
        entry.killed_on = on.map(|ring| (ring, reason));
        if !entry.is_on_ring() {
            return None;
        }
        entry.killed = Some(reason);
        if entry.is_admitted() {
            self.set_leaving(node, outbox);
        }
        outbox.report(Report::Killed { node, by, reason });
        (node == self.me).then_some(Exit::Killed { by, reason })
    }
}
