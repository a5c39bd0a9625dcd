//! May the cluster act here, and who is in it: asked once, or told whenever it changes.
//!
//! Must never answer from memory: a verdict is what the daemon said last, and a program that
//! watches is told of the next one.

use std::time::Instant;

use crate::cman::{Shutdown, StateChange};
use crate::connection::{Connection, unexpected};
use crate::error::Error;
#[cfg(doc)]
use crate::proto::Reason;
use crate::proto::{self, notice, reply, request};

/// The verdict of the vote counter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// This node may act.
    pub quorate: bool,
    /// Votes of the members.
    pub present: u32,
    /// Votes needed.
    pub needed: u32,
    /// Votes expected.
    pub expected: u32,
    /// Votes of the quorum device among those present.
    pub device: u32,
    /// The rule that decided, for humans.
    pub why: String,
}

/// A quorum device, as this node knows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its votes while it is alive.
    pub votes: u32,
    /// Since when it is alive, seconds since 1970-01-01 UTC; `None` while it is not.
    pub alive_since: Option<i64>,
}

/// Something that could happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The nodes with these ids fail in the same moment.
    Fail(Vec<u32>),
    /// They leave in good order.
    Leave(Vec<u32>),
    /// They join.
    Join(Vec<u32>),
    /// The votes of a node are set.
    Votes {
        /// Its id.
        node: u32,
        /// Its votes.
        votes: u32,
    },
    /// The expected votes are set.
    Expected(u32),
}

/// What would happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trial {
    /// The verdict as it is.
    pub now: Verdict,
    /// The verdict of the others if the member of this id alone fails.
    pub each: Vec<(u32, Verdict)>,
    /// So many members, whichever, may fail one after the other while the others stay quorate.
    pub any: u32,
    /// The verdict after each step.
    pub steps: Vec<Verdict>,
}

/// What a watching program is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The members changed and have synchronized.
    Membership(Membership),
    /// The verdict changed.
    Quorum(Verdict),
    /// A node is something else to the cluster, and the members are the same.
    State(StateChange),
    /// This node is asked to leave. A program that may object answers with
    /// [`Connection::answer_shutdown`].
    TryShutdown(Shutdown),
    /// This version of the configuration is in use now.
    ConfigUpdate(u64),
}

/// The members of the cluster's ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Membership {
    /// Sequence of the ring.
    pub generation: u64,
    /// Ids of its members, ascending.
    pub members: Vec<u32>,
    /// Who came, ascending.
    pub joined: Vec<u32>,
    /// Who went, ascending.
    pub left: Vec<u32>,
}

impl Connection {
    /// Asks to be told of membership and quorum changes from now on, or no longer.
    ///
    /// Watch first, then ask [`Connection::status`]: no change is missed between the two.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn watch(&mut self, on: bool) -> Result<(), Error> {
        self.done("watch", request::What::Watch(proto::Watch { on, may_object: false }))
    }

    /// The next change, waited for until `deadline` (`None`: for ever); `Ok(None)` when it passed.
    /// What an attached program is told besides is skipped: use [`Connection::notice`] for both.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn change(&mut self, deadline: Option<Instant>) -> Result<Option<Change>, Error> {
        loop {
            let Some(notice) = self.notice(deadline)? else { return Ok(None) };
            if let Some(change) = Change::of(notice)? {
                return Ok(Some(change));
            }
        }
    }
}

impl Change {
    /// The change that a notice tells of; `None` when it is about something else.
    ///
    /// # Errors
    /// [`Error::Protocol`] when it makes no sense.
    pub fn of(notice: notice::What) -> Result<Option<Self>, Error> {
        Ok(match notice {
            notice::What::Membership(membership) => Some(Self::Membership(membership.into())),
            notice::What::Quorum(quorum) => Some(Self::Quorum(quorum.into())),
            notice::What::StateChange(change) => Some(Self::State(change.try_into()?)),
            notice::What::TryShutdown(asked) => Some(Self::TryShutdown(asked.into())),
            notice::What::ConfigUpdate(proto::ConfigUpdate { version }) => {
                Some(Self::ConfigUpdate(version))
            }
            notice::What::Configuration(_)
            | notice::What::Message(_)
            | notice::What::GroupView(_)
            | notice::What::GroupMessage(_)
            | notice::What::GroupRing(_)
            | notice::What::MapChange(_)
            | notice::What::TreeChange(_)
            | notice::What::Data(_)
            | notice::What::PortChange(_)
            | notice::What::View(_) => None,
        })
    }
}

/// Changing how votes are counted.
impl Connection {
    /// Has all members expect so many votes; returns when they do. Lost when the cluster ends.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with [`Reason::Invalid`] when two sides could act then
    /// or this one could not, with [`Reason::NotMember`] while this node is none.
    pub fn set_expected(&mut self, votes: u32) -> Result<(), Error> {
        self.done("set expected", request::What::SetExpected(proto::SetExpected { votes }))
    }

    /// Has all members count so many votes for the node of this id; returns when they do. Lost
    /// when the file is read again.
    ///
    /// # Errors
    /// As [`Connection::set_expected`], and [`Reason::NoSuchNode`].
    pub fn set_votes(&mut self, node: u32, votes: u32) -> Result<(), Error> {
        self.done("set votes", request::What::SetVotes(proto::SetVotes { node, votes }))
    }

    /// Has the quorum device of this node count for so many votes, through all members; returns
    /// when it does. Lost when its program registers anew.
    ///
    /// # Errors
    /// As [`Connection::set_expected`]; [`Reason::Invalid`] also where none is registered.
    pub fn set_device_votes(&mut self, votes: u32) -> Result<(), Error> {
        let what = request::What::SetDeviceVotes(proto::SetDeviceVotes { votes });
        self.done("set device votes", what)
    }

    /// What would happen after each of these steps, one after the other, and which nodes may fail
    /// as things are. Nothing is changed.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused when a step is impossible, which the text names.
    pub fn what_if(&mut self, steps: &[Step]) -> Result<Trial, Error> {
        let steps = steps.iter().map(proto::Step::from).collect();
        let answer = self.request(request::What::WhatIf(proto::WhatIf { steps }))?;
        let reply::What::Trial(trial) = answer else { return Err(unexpected("what if")) };
        Trial::try_from(trial)
    }
}

/// Speaking for a quorum device: something outside the cluster that adds votes while it is alive.
///
/// The device must guarantee that of nodes which cannot hear each other it is alive on one side
/// only, and that it changes sides only after `quorum_dev_poll` without a poll; the cluster cannot
/// check that. Its votes count once for all members as soon as one node's device is alive.
impl Connection {
    /// Speaks for the device of this name from now on. It has no votes before it is polled;
    /// registered again it has these. When this connection ends it has none any more.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::NotMember`], [`Reason::DeviceBusy`] for another
    /// device, [`Reason::NameTaken`] by a node, [`Reason::Invalid`].
    pub fn register_device(&mut self, name: &str, votes: u32) -> Result<(), Error> {
        let name = name.to_owned();
        let what = request::What::RegisterDevice(proto::RegisterDevice { name, votes });
        self.done("register device", what)
    }

    /// The device is alive, until `quorum_dev_poll` has passed without another call; or it is not.
    ///
    /// # Errors
    /// As [`Connection::request`]; [`Reason::Invalid`] when this connection registered none.
    pub fn poll_device(&mut self, alive: bool) -> Result<(), Error> {
        self.done(
            "poll device",
            request::What::PollDevice(proto::PollDevice { alive, ..proto::PollDevice::default() }),
        )
    }

    /// The device has another name and other votes from now on.
    ///
    /// # Errors
    /// As [`Connection::poll_device`], and those of the name.
    pub fn update_device(&mut self, name: &str, votes: u32) -> Result<(), Error> {
        let name = name.to_owned();
        let what = request::What::UpdateDevice(proto::UpdateDevice { name, votes });
        self.done("update device", what)
    }

    /// The device is no more.
    ///
    /// # Errors
    /// As [`Connection::poll_device`], and [`Reason::DeviceBusy`] while it is alive.
    pub fn unregister_device(&mut self) -> Result<(), Error> {
        let what = request::What::UnregisterDevice(proto::UnregisterDevice {});
        self.done("unregister device", what)
    }

    /// The quorum device of this node, if one is registered.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn device(&mut self) -> Result<Option<Device>, Error> {
        let answer = self.request(request::What::Device(proto::GetDevice {}))?;
        let reply::What::Devices(devices) = answer else { return Err(unexpected("device")) };
        Ok(devices.device.map(|device| {
            let proto::Device { name, votes, alive_since } = device;
            Device { name, votes, alive_since }
        }))
    }
}

impl From<proto::Quorum> for Verdict {
    fn from(quorum: proto::Quorum) -> Self {
        let proto::Quorum { quorate, present, needed, expected, why, device } = quorum;
        Self { quorate, present, needed, expected, device, why }
    }
}

impl From<&Step> for proto::Step {
    fn from(step: &Step) -> Self {
        let of = |kind: proto::StepKind, nodes: &[u32], votes| Self {
            kind: kind.into(),
            nodes: nodes.to_vec(),
            votes,
        };
        match step {
            Step::Fail(nodes) => of(proto::StepKind::Fail, nodes, 0),
            Step::Leave(nodes) => of(proto::StepKind::Leave, nodes, 0),
            Step::Join(nodes) => of(proto::StepKind::Join, nodes, 0),
            Step::Votes { node, votes } => of(proto::StepKind::Votes, &[*node], *votes),
            Step::Expected(votes) => of(proto::StepKind::Expected, &[], *votes),
        }
    }
}

impl TryFrom<proto::Trial> for Trial {
    type Error = Error;

    fn try_from(trial: proto::Trial) -> Result<Self, Error> {
        let verdict = |quorum: Option<proto::Quorum>| {
            let missing = || Error::Protocol("a trial without a verdict".to_owned());
            quorum.map(Verdict::from).ok_or_else(missing)
        };
        let proto::Trial { now, each, any, steps } = trial;
        let alone = |alone: proto::Alone| Ok((alone.node, verdict(alone.quorum)?));
        Ok(Self {
            now: verdict(now)?,
            each: each.into_iter().map(alone).collect::<Result<_, Error>>()?,
            any,
            steps: steps.into_iter().map(Verdict::from).collect(),
        })
    }
}

impl From<proto::Membership> for Membership {
    fn from(membership: proto::Membership) -> Self {
        let proto::Membership { generation, representative: _, members, joined, left } = membership;
        Self { generation, members, joined, left }
    }
}
