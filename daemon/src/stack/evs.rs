//! Extended Virtual Synchrony for programs: attached sessions get every configuration of the ring
//! and every raw message, in the one order that all members share.
//!
//! Must never reorder, and must never look into what it carries.

use std::collections::BTreeSet;

use bytes::Bytes;
use totem::{Configuration, Guarantee, Kind, NodeId, RingId};

use super::command::SessionId;
use super::effect::Notice;
use super::outbox::Outbox;
use super::service::Service;

/// The attached sessions.
#[derive(Debug, Default)]
pub(crate) struct Evs {
    attached: BTreeSet<SessionId>,
    /// The regular configuration in force, for those who attach later.
    current: Option<Configuration>,
    /// What was told last.
    last: Option<(Kind, RingId)>,
}

impl Evs {
    /// Attaches a session, which starts with the configuration in force. Again is as good as
    /// once.
    pub(crate) fn attach(&mut self, session: SessionId, outbox: &mut Outbox) {
        if self.attached.insert(session)
            && let Some(configuration) = self.current.clone()
        {
            outbox.notify(session, Notice::Configuration(configuration));
        }
    }

    pub(crate) fn gone(&mut self, session: SessionId) {
        self.attached.remove(&session);
    }

    /// The ring has a new configuration; one that was told is not told again.
    pub(crate) fn on_configuration(&mut self, configuration: &Configuration, outbox: &mut Outbox) {
        let this = Some((configuration.kind, configuration.ring));
        if std::mem::replace(&mut self.last, this) == this {
            return;
        }
        for &session in &self.attached {
            outbox.notify(session, Notice::Configuration(configuration.clone()));
        }
        if configuration.kind == Kind::Regular {
            self.current = Some(configuration.clone());
        }
    }

    pub(crate) fn on_message(
        &self,
        from: NodeId,
        guarantee: Guarantee,
        payload: &Bytes,
        outbox: &mut Outbox,
    ) {
        for &session in &self.attached {
            let payload = payload.clone();
            outbox.notify(session, Notice::Message { from, guarantee, payload });
        }
    }

    /// The bytes that carry `payload` on the ring.
    pub(crate) fn message(payload: &Bytes) -> Bytes {
        let mut message = Service::Evs.message(payload.len());
        message.extend_from_slice(payload);
        message.into()
    }
}

#[cfg(test)]
mod tests;
