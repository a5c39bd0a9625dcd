//! Raw messages in the one order of the ring, with the configurations they belong to: Extended
//! Virtual Synchrony as the ring delivers it.
//!
//! Must never reorder or drop: what the daemon sends is handed on as it comes. A program that does
//! not read is cut off, and knows by that that it missed something.

use std::io::IoSlice;
use std::time::Instant;

use bytes::Bytes;

use crate::connection::Connection;
use crate::error::Error;
use crate::proto::{self, notice, request};

/// Number of `Multicast` in `Request`, and of its payload.
const MULTICAST: u32 = 9;
const PAYLOAD: u32 = 2;

/// What the sender of a raw message asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guarantee {
    /// Delivered in the one order once everything before it was delivered.
    Agreed,
    /// As agreed, and not before every member is known to have it.
    Safe,
}

/// What an attached program is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// A configuration; the messages that follow belong to it.
    Configuration(Configuration),
    /// A message.
    Message(Message),
}

/// A configuration of the ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration {
    /// The messages that follow belong to the old ring and are promised to these members only.
    pub transitional: bool,
    /// Sequence of the ring being installed.
    pub generation: u64,
    /// Its member with the lowest id; with `generation` the ring's identity.
    pub representative: u32,
    /// Ids of the members of this configuration, ascending.
    pub members: Vec<u32>,
    /// Who is in it and was not in the one before, ascending.
    pub joined: Vec<u32>,
    /// Who was in the one before and is not in it, ascending.
    pub left: Vec<u32>,
}

/// A raw message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Id of the node that sent it.
    pub from: u32,
    /// What was promised about its delivery.
    pub guarantee: Guarantee,
    /// Its content.
    pub payload: Bytes,
}

impl Connection {
    /// Asks for every configuration and every raw message from now on.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused without permission.
    pub fn attach(&mut self) -> Result<(), Error> {
        self.done("attach", request::What::Attach(proto::Attach {}))
    }

    /// Sends a raw message to every attached program of every member, this one included. Returns
    /// when the daemon has taken it; its delivery is told like any other.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with `TryAgain` while there is no room for it, or this
    /// program must first take what came.
    pub fn multicast(&mut self, guarantee: Guarantee, payload: Bytes) -> Result<(), Error> {
        self.uncrowded()?;
        let guarantee = match guarantee {
            Guarantee::Agreed => proto::Guarantee::Agreed,
            Guarantee::Safe => proto::Guarantee::Safe,
        };
        let multicast = proto::Multicast { guarantee: guarantee.into(), payload };
        self.done("multicast", request::What::Multicast(multicast))
    }

    /// Sends a raw message without waiting for the daemon to take it: where there is no room for it
    /// on the ring, it waits in the daemon, and this program feels its socket being full.
    ///
    /// # Errors
    /// As [`Connection::post`].
    pub fn post_multicast(
        &mut self,
        guarantee: Guarantee,
        payload: &[IoSlice<'_>],
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let guarantee = match guarantee {
            Guarantee::Agreed => proto::Guarantee::Agreed,
            Guarantee::Safe => proto::Guarantee::Safe,
        };
        let what = proto::Multicast { guarantee: guarantee.into(), payload: Bytes::new() };
        self.post((MULTICAST, PAYLOAD), &what, payload, || deadline)
    }

    /// The next delivery, waited for until `deadline` (`None`: for ever); `Ok(None)` when it
    /// passed. What a watching program is told besides is skipped: use [`Connection::notice`] for
    /// both.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn delivery(&mut self, deadline: Option<Instant>) -> Result<Option<Delivery>, Error> {
        loop {
            match self.notice(deadline)? {
                None => return Ok(None),
                Some(notice::What::Configuration(configuration)) => {
                    return Ok(Some(Delivery::Configuration(configuration.into())));
                }
                Some(notice::What::Message(message)) => {
                    return Message::try_from(message).map(|m| Some(Delivery::Message(m)));
                }
                Some(
                    notice::What::Membership(_)
                    | notice::What::Quorum(_)
                    | notice::What::StateChange(_)
                    | notice::What::TryShutdown(_)
                    | notice::What::ConfigUpdate(_)
                    | notice::What::GroupView(_)
                    | notice::What::GroupMessage(_)
                    | notice::What::GroupRing(_)
                    | notice::What::MapChange(_)
                    | notice::What::TreeChange(_)
                    | notice::What::Data(_)
                    | notice::What::PortChange(_)
                    | notice::What::View(_),
                ) => {}
            }
        }
    }
}

impl From<proto::Configuration> for Configuration {
    fn from(told: proto::Configuration) -> Self {
        let proto::Configuration {
            transitional,
            generation,
            representative,
            members,
            joined,
            left,
        } = told;
        Self { transitional, generation, representative, members, joined, left }
    }
}

impl TryFrom<proto::Message> for Message {
    type Error = Error;

    fn try_from(told: proto::Message) -> Result<Self, Error> {
        let guarantee = match proto::Guarantee::try_from(told.guarantee) {
            Ok(proto::Guarantee::Agreed) => Guarantee::Agreed,
            Ok(proto::Guarantee::Safe) => Guarantee::Safe,
            Err(_) => {
                let text = format!("no guarantee has number {}", told.guarantee);
                return Err(Error::Protocol(text));
            }
        };
        Ok(Self { from: told.from, guarantee, payload: told.payload })
    }
}
