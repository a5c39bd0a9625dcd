//! Programs of this node may object to its leaving: before it goes, each that asked for it is
//! told, and says yes or no.
//!
//! Must never wait for ever: who has not answered in time objects, and who hangs up agrees. Must
//! never ask twice at a time. With force nobody can hold the node back, but all are told and have
//! the same time to put things in order.

use std::collections::BTreeSet;
use std::time::Duration;

use totem::{Deadline, Instant, Timer};

use super::command::{Leave, RequestId, SessionId};
use super::effect::{Notice, Refusal, Reply};
use super::outbox::Outbox;

/// The question, and who is asked.
#[derive(Debug)]
pub(crate) struct Shutdown {
    /// How long programs may take to answer.
    patience: Duration,
    /// Who wants to be asked.
    objectors: BTreeSet<SessionId>,
    asked: Option<Asked>,
}

/// A question that is not decided yet.
#[derive(Debug)]
struct Asked {
    request: RequestId,
    leave: Leave,
    /// Who has not answered.
    awaited: BTreeSet<SessionId>,
    until: Instant,
}

/// Nobody objects: the node leaves, and answers this request when it has.
pub(crate) type Agreed = (RequestId, Leave);

impl Shutdown {
    pub(crate) const fn new(patience: Duration) -> Self {
        Self { patience, objectors: BTreeSet::new(), asked: None }
    }

    /// How long programs may take to answer when they are asked next.
    pub(crate) const fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    #[cfg(test)]
    pub(crate) const fn patience(&self) -> Duration {
        self.patience
    }

    /// `session` wants to be asked before this node leaves, or no longer.
    pub(crate) fn register(&mut self, session: SessionId, on: bool) {
        if on {
            self.objectors.insert(session);
        } else {
            self.objectors.remove(&session);
        }
    }

    /// This node is asked to leave: tells who watches, and asks who may object.
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        (request, leave): Agreed,
        outbox: &mut Outbox,
    ) -> Option<Agreed> {
        if self.asked.is_some() {
            outbox.reply(request, Reply::Refused(Refusal::Already));
            return None;
        }
        outbox.publish(&Notice::TryShutdown(leave));
        // Who asks has agreed.
        let mut awaited = self.objectors.clone();
        awaited.remove(&request.session);
        self.asked = Some(Asked { request, leave, awaited, until: now + self.patience });
        self.decide()
    }

    /// A program agrees that this node leaves, or objects. Too late, or without being asked, it
    /// means nothing.
    pub(crate) fn answer(
        &mut self,
        session: SessionId,
        agrees: bool,
        outbox: &mut Outbox,
    ) -> Option<Agreed> {
        let asked = self.asked.as_mut()?;
        let was_asked = asked.awaited.remove(&session);
        if was_asked && !agrees && !asked.leave.force {
            self.refuse(outbox);
        }
        self.decide()
    }

    /// A program has hung up, and so does not object.
    pub(crate) fn gone(&mut self, session: SessionId, outbox: &mut Outbox) -> Option<Agreed> {
        self.objectors.remove(&session);
        self.answer(session, true, outbox)
    }

    /// Time passes. Who has not answered by now objects.
    pub(crate) fn on_time(&mut self, now: Instant, outbox: &mut Outbox) -> Option<Agreed> {
        let asked = self.asked.as_mut().filter(|asked| now >= asked.until)?;
        if asked.leave.force {
            asked.awaited.clear();
        } else {
            self.refuse(outbox);
        }
        self.decide()
    }

    /// This node leaves without asking anybody: whoever asked politely need not go on.
    pub(crate) fn give_up(&mut self, outbox: &mut Outbox) {
        if let Some(asked) = self.asked.take() {
            outbox.reply(asked.request, Reply::Refused(Refusal::Leaving));
        }
    }

    /// Programs are being asked.
    pub(crate) const fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    /// When the question is decided at the latest.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        self.asked.as_ref().map(|asked| Deadline { at: asked.until, why: Timer::Leave })
    }

    fn refuse(&mut self, outbox: &mut Outbox) {
        if let Some(asked) = self.asked.take() {
            outbox.reply(asked.request, Reply::Refused(Refusal::Busy));
        }
    }

    fn decide(&mut self) -> Option<Agreed> {
        let decided = self.asked.take_if(|asked| asked.awaited.is_empty())?;
        Some((decided.request, decided.leave))
    }
}

#[cfg(test)]
mod tests;
