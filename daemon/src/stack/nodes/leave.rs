//! This node's own way out of the cluster: says good-bye, and goes when the good-bye has come
//! back.
//!
//! Must never go before the others can know, unless there are none: who asked is answered when
//! they do.

use totem::Lane;

use super::super::command::{Leave, RequestId};
use super::super::effect::{Refusal, Reply};
use super::super::outbox::Outbox;
use super::message::Message;

/// This node's way out, if it has begun.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leaving(Option<Begun>);

#[derive(Clone, Copy, Debug)]
struct Begun {
    request: RequestId,
    leave: Leave,
    /// The ring knows, or was left without.
    done: bool,
}

impl Leaving {
    /// It has begun.
    pub(crate) const fn has_begun(self) -> bool {
        self.0.is_some()
    }

    /// Tells everyone that this node leaves, unless it did so already.
    pub(crate) fn begin(&mut self, request: RequestId, leave: Leave, outbox: &mut Outbox) {
        if self.has_begun() {
            outbox.reply(request, Reply::Refused(Refusal::Leaving));
            return;
        }
        self.0 = Some(Begun { request, leave, done: false });
        outbox.say(Lane::Sync, Message::Leave(leave).encode());
    }

    /// The good-bye has come back; `true` when the ring may be left now.
    pub(crate) fn is_heard(&mut self, outbox: &mut Outbox) -> bool {
        self.0.as_mut().is_some_and(|begun| begun.finish(outbox))
    }

    /// A node between two rings has nobody to tell that it leaves, and goes at once; `true` when
    /// this node does. But when the others shall lower their expected votes, they must hear it.
    pub(crate) fn goes_unheard(&mut self, outbox: &mut Outbox) -> bool {
        let begun = self.0.as_mut().filter(|begun| !begun.leave.remove);
        begun.is_some_and(|begun| begun.finish(outbox))
    }
}

impl Begun {
    /// Answers the request; `false` when it was answered before.
    fn finish(&mut self, outbox: &mut Outbox) -> bool {
        if !self.done {
            outbox.reply(self.request, Reply::Done);
        }
        !std::mem::replace(&mut self.done, true)
    }
}
