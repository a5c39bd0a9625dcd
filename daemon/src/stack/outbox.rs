//! The only way out for a service: what it wants said on the ring, and what it wants the shell to
//! do, each in the order in which it was asked for.
//!
//! Must never reach the ring by itself: the ring is busy delivering while services react. The
//! stack passes messages on when nothing is left to deliver, and keeps those that find no room.

use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use totem::{Guarantee, Lane, NodeSet, RingId};

use super::command::{RequestId, SessionId};
use super::effect::{Effect, Notice, Reply, Report};

/// Messages in the data lane with which no session may add one of its own accord.
const MOST_WAITING: usize = 1024;

/// See the module's head.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    effects: VecDeque<Effect>,
    /// One queue per lane: what waits for the data lane to open must not hold up the state
    /// exchange that opens it.
    sync: VecDeque<Pending>,
    data: VecDeque<Pending>,
    watchers: BTreeSet<SessionId>,
    /// Something was published that changes how the cluster looks.
    changed: bool,
    /// The last membership that was published and not taken, by whoever puts views together.
    membership: Option<Membership>,
}

/// The members of the cluster, as they were published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Membership {
    pub(crate) ring: RingId,
    pub(crate) members: NodeSet,
    pub(crate) joined: NodeSet,
    pub(crate) left: NodeSet,
}

/// A message of a service that waits for room in the ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pending {
    pub(crate) message: Bytes,
    pub(crate) guarantee: Guarantee,
    /// The ring for which alone it makes sense.
    ring: Option<RingId>,
}

impl Outbox {
    /// Asks the shell for something.
    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    pub(crate) fn reply(&mut self, to: RequestId, reply: Reply) {
        self.push(Effect::Reply { to, reply });
    }

    pub(crate) fn report(&mut self, report: Report) {
        self.push(Effect::Report(report));
    }

    pub(crate) fn notify(&mut self, to: SessionId, notice: Notice) {
        self.push(Effect::Notify { to, notice });
    }

    /// Tells all watching sessions.
    pub(crate) fn publish(&mut self, notice: &Notice) {
        self.note(notice);
        for &to in &self.watchers {
            self.effects.push_back(Effect::Notify { to, notice: notice.clone() });
        }
    }

    /// Tells all watching sessions, and these.
    pub(crate) fn publish_also(&mut self, notice: &Notice, others: &BTreeSet<SessionId>) {
        self.publish(notice);
        for &to in others.difference(&self.watchers) {
            self.effects.push_back(Effect::Notify { to, notice: notice.clone() });
        }
    }

    /// Whether the cluster looks otherwise than when this was asked last, and the membership that
    /// was published since.
    pub(crate) fn take_change(&mut self) -> Option<Option<Membership>> {
        std::mem::take(&mut self.changed).then(|| self.membership.take())
    }

    fn note(&mut self, notice: &Notice) {
        match notice {
            Notice::Membership { ring, members, joined, left } => {
                let (mut joined, mut left) = (joined.clone(), left.clone());
                if let Some(before) = self.membership.take() {
                    joined.extend(before.joined.intersection(members));
                    left.extend(before.left);
                }
                let (ring, members) = (*ring, members.clone());
                self.membership = Some(Membership { ring, members, joined, left });
                self.changed = true;
            }
            Notice::Quorum(_) | Notice::State { .. } => self.changed = true,
            Notice::TryShutdown(_)
            | Notice::ConfigUpdate { .. }
            | Notice::Configuration(_)
            | Notice::Message { .. }
            | Notice::Group(_)
            | Notice::View(_)
            | Notice::Key(_)
            | Notice::Object(_)
            | Notice::Data { .. }
            | Notice::Port { .. } => {}
        }
    }

    /// `session` wants to be told what is published, or no longer.
    pub(crate) fn watch(&mut self, session: SessionId, on: bool) {
        if on {
            self.watchers.insert(session);
        } else {
            self.watchers.remove(&session);
        }
    }

    /// Multicasts a message of a service.
    pub(crate) fn say(&mut self, lane: Lane, message: Vec<u8>) {
        let (message, guarantee) = (message.into(), Guarantee::Agreed);
        self.queue(lane).push_back(Pending { message, guarantee, ring: None });
    }

    /// Multicasts a message on the data lane that no member delivers before all have it.
    pub(crate) fn promise(&mut self, message: Vec<u8>) {
        let (message, guarantee) = (message.into(), Guarantee::Safe);
        self.data.push_back(Pending { message, guarantee, ring: None });
    }

    /// Multicasts a message that has no meaning after `ring`, on the sync lane.
    pub(crate) fn say_on(&mut self, ring: RingId, message: Vec<u8>) {
        self.promise_on(ring, Guarantee::Agreed, message);
    }

    /// The same with a guarantee of its own.
    pub(crate) fn promise_on(&mut self, ring: RingId, guarantee: Guarantee, message: Vec<u8>) {
        self.sync.push_back(Pending { message: message.into(), guarantee, ring: Some(ring) });
    }

    /// Drops what was to be said on a ring that has ended. This bounds what waits: a few messages
    /// per membership change, and one text of the configuration or two.
    pub(crate) fn forget_ring(&mut self) {
        self.sync.retain(|pending| pending.ring.is_none());
    }

    /// Something waits for room in the data lane.
    pub(crate) fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    /// So much waits for room in the data lane that it must not become more.
    pub(crate) fn is_full(&self) -> bool {
        self.data.len() >= MOST_WAITING
    }

    /// The message that has waited longest for a lane.
    pub(crate) fn next_message(&mut self, lane: Lane) -> Option<Pending> {
        self.queue(lane).pop_front()
    }

    /// Puts back a message for which there was no room.
    pub(crate) fn put_back(&mut self, lane: Lane, pending: Pending) {
        self.queue(lane).push_front(pending);
    }

    /// Pops the next effect.
    pub(crate) fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    const fn queue(&mut self, lane: Lane) -> &mut VecDeque<Pending> {
        match lane {
            Lane::Sync => &mut self.sync,
            Lane::Data => &mut self.data,
        }
    }
}
