//! Carries to the vote counter what the ring and the node table know, and its verdict to those who
//! act by it.
//!
//! Must never let the vote of a node count that is not a member of the cluster, and must never
//! decide anything: the arithmetic is in the `quorum` crate.

use std::collections::BTreeMap;

use quorum::{Message, Output, Quorum, State};
use totem::{Lane, NodeId};

use super::effect::{Notice, Report};
use super::nodes::Departed;
use super::outbox::Outbox;
use super::service::{MessageError, Service};

/// The vote counter and what was last said of it.
#[derive(Debug)]
pub(crate) struct Voting {
    quorum: Quorum,
    /// What the log last said.
    quorate: bool,
}

impl Voting {
    pub(crate) fn new(config: &quorum::Config) -> Self {
        Self { quorum: Quorum::new(config), quorate: false }
    }

    pub(crate) const fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Members are gone. Their votes no longer count from this moment, not from the end of the
    /// state exchange: a verdict must not outlive those who made it.
    pub(crate) fn on_departed(&mut self, departed: &Departed, outbox: &mut Outbox) {
        if !departed.gone.is_empty() {
            self.quorum.on_departure(&departed.gone, &departed.removed);
            self.tell(outbox);
        }
    }

    /// Everybody has introduced himself, and these are members.
    pub(crate) fn on_synced(&mut self, members: &BTreeMap<NodeId, State>, outbox: &mut Outbox) {
        self.quorum.on_states(members);
        self.tell(outbox);
    }

    /// A member said something to the vote counter.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        body: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        match Message::decode(body)? {
            // States come with the hello, where the node table judges whose count.
            Message::State(_) => Err(MessageError::BadField {
                what: "vote message",
                field: "kind outside a hello",
                value: 1,
            }),
            message @ (Message::Expected(_) | Message::Votes { .. }) => {
                self.quorum.on_message(from, &message);
                self.tell(outbox);
                Ok(())
            }
        }
    }

    fn tell(&mut self, outbox: &mut Outbox) {
        while let Some(output) = self.quorum.poll() {
            match output {
                Output::Say(message) => {
                    let body = message.encode();
                    let mut message = Service::Voting.message(body.len());
                    message.extend(body);
                    // Behind the barrier, so that a newcomer does not miss it.
                    outbox.say(Lane::Data, message);
                }
                Output::Changed(verdict) => {
                    if verdict.quorate != self.quorate {
                        self.quorate = verdict.quorate;
                        outbox.report(Report::Quorum(verdict));
                    }
                    outbox.publish(&Notice::Quorum(verdict));
                }
                Output::Differs { node, what } => outbox.report(Report::Differs { node, what }),
            }
        }
    }
}

#[cfg(test)]
mod tests;
