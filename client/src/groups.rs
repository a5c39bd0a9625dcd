//! Process groups: programs join by name, and each member sees the same messages and the same
//! comings and goings in the same order.
//!
//! Must never reorder or drop: what the daemon sends is handed on as it comes. Must never keep what
//! nobody will get: parts of a message go when their sender does, or when somebody joins who
//! misses the beginning.
//!
//! A connection is in one group at a time. Its first event is the [`View`] with itself among those
//! who joined, the last one that with itself among those who left; messages may be sent at once
//! after [`Connection::join_group`] has returned. Inquorate nodes have groups like others: a
//! program that must not act then asks for the verdict (see [`crate::quorum`]), or is in
//! [`crate::strict`] mode.
//!
//! ```no_run
//! # fn main() -> Result<(), client::Error> {
//! use client::{Connection, GroupEvent, Guarantee};
//!
//! let mut daemon = Connection::open("/run/cluster/clusterd.sock".as_ref(), "example")?;
//! daemon.join_group(b"lamps", std::process::id(), false)?;
//! daemon.group_send(Guarantee::Agreed, b"on")?;
//! while let Some(event) = daemon.group_event(None)? {
//!     match event {
//!         GroupEvent::View(view) => println!("members are {:?}", view.members),
//!         GroupEvent::Message(message) => println!("{:?}: {:?}", message.from, message.payload),
//!         GroupEvent::Ring(ring) => println!("nodes are {:?}", ring.members),
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};

use crate::connection::{Connection, unexpected};
use crate::error::Error;
use crate::evs::Guarantee;
use crate::proto::{self, GroupPart, Reason, notice, reply, request};

/// Content of one part of a message, bytes; larger messages are sent in parts. As in Corosync.
pub const PART: usize = (1 << 20) - 1024;

/// Largest message that is put together from parts, bytes.
pub const MOST: usize = 256 << 20;

/// Number of `GroupMulticast` in `Request`, and of its content.
const MULTICAST: u32 = 82;
const MESSAGE: u32 = 2;

/// A member of a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Member {
    /// Id of its node.
    pub node: u32,
    /// Its process, as it said itself.
    pub pid: u32,
}

/// Why a member came or went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// It joined.
    Join,
    /// It left.
    Leave,
    /// Its node is gone.
    NodeDown,
    /// Its node came, with it.
    NodeUp,
    /// It is gone and had not left.
    ProcessDown,
}

/// What a member of a group is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupEvent {
    /// Who is in the group from here on.
    View(View),
    /// A message.
    Message(GroupMessage),
    /// A ring on which groups meet.
    Ring(Ring),
}

/// Who is in a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Name of the group.
    pub group: Bytes,
    /// The members, ascending.
    pub members: Vec<Member>,
    /// Who came, ascending, and why.
    pub joined: Vec<(Member, Why)>,
    /// Who went, ascending, and why.
    pub left: Vec<(Member, Why)>,
    /// Sequence of the ring in force.
    pub generation: u64,
    /// Its member with the lowest id; with `generation` the ring's identity.
    pub representative: u32,
}

/// A message of a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMessage {
    /// Who sent it.
    pub from: Member,
    /// What was promised about its delivery.
    pub guarantee: Guarantee,
    /// Its content.
    pub payload: Bytes,
    /// The ring has ended: it is promised only to those members who come along to the next. A safe
    /// message that is not transitional is one that every member has.
    pub transitional: bool,
}

/// A ring on which groups meet; the same as in [`crate::Membership`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ring {
    /// Its sequence.
    pub generation: u64,
    /// Its member with the lowest id; with `generation` the ring's identity.
    pub representative: u32,
    /// Ids of those of its nodes that are of this cluster, ascending.
    pub members: Vec<u32>,
}

/// Membership.
impl Connection {
    /// Joins a group as process `pid` of this node. With `ring` the first view is followed by the
    /// ring in force.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with [`Reason::AlreadyMember`] while this connection is
    /// in a group, or another one is in this group with the same `pid`, and with
    /// [`Reason::TryAgain`] while either is on its way out; with [`Reason::TooManyMembers`].
    pub fn join_group(&mut self, group: &[u8], pid: u32, ring: bool) -> Result<(), Error> {
        let group = Bytes::copy_from_slice(group);
        let join = proto::JoinGroup { group, pid, ring };
        let answer = self.request(request::What::JoinGroup(join))?;
        let reply::What::JoinedGroup(proto::JoinedGroup { prefix }) = answer else {
            return Err(unexpected("join group"));
        };
        self.groups().prefix = prefix;
        Ok(())
    }

    /// Leaves the group. The last event is the view with this member among those who left.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with [`Reason::NotInGroup`].
    pub fn leave_group(&mut self) -> Result<(), Error> {
        self.done("leave group", request::What::LeaveGroup(proto::LeaveGroup {}))
    }

    /// The members of a group, ascending. Anyone may ask.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn group_members(&mut self, group: &[u8]) -> Result<Vec<Member>, Error> {
        let group = Bytes::copy_from_slice(group);
        let what = request::What::GroupMembers(proto::GetGroupMembers { group });
        let reply::What::GroupMembers(answer) = self.request(what)? else {
            return Err(unexpected("group members"));
        };
        Ok(members(&answer.members))
    }

    /// All groups by name, and their members. Anyone may ask. What changes meanwhile may be
    /// missed.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn group_list(&mut self) -> Result<Vec<(Bytes, Vec<Member>)>, Error> {
        let mut groups: Vec<(Bytes, Vec<Member>)> = Vec::new();
        loop {
            let after = groups.last().map(|(name, _)| name.clone()).unwrap_or_default();
            let what = request::What::Groups(proto::GetGroups { after });
            let reply::What::Groups(answer) = self.request(what)? else {
                return Err(unexpected("groups"));
            };
            let none = answer.groups.is_empty();
            groups.extend(answer.groups.into_iter().map(|it| (it.name, members(&it.members))));
            if none || !answer.more {
                return Ok(groups);
            }
        }
    }

    /// Asks to be told of each ring on which groups meet from now on, or no longer.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub fn watch_ring(&mut self, on: bool) -> Result<(), Error> {
        self.done("watch ring", request::What::WatchRing(proto::WatchRing { on }))
    }
}

/// Messages.
impl Connection {
    /// Sends a message to all members of the group, this one included. Returns when the daemon has
    /// taken it, or, when it was sent in parts, when its place in the order is known.
    ///
    /// # Errors
    /// As [`Connection::request`]; refused with [`Reason::NotInGroup`], with [`Reason::TryAgain`]
    /// while there is no room for it or this program must first take its events, with
    /// [`Reason::Interrupted`] when somebody joined while its parts were under way: then nobody
    /// gets it. It may be sent again in the last two cases.
    pub fn group_send(&mut self, guarantee: Guarantee, payload: &[u8]) -> Result<(), Error> {
        self.uncrowded()?;
        let parts = parts(&self.groups().prefix, guarantee, payload)?;
        let Some((last, others)) = parts.split_last() else { return Ok(()) };
        for part in others {
            self.post_part(part)?;
        }
        self.done("group multicast", request::What::GroupMulticast(last.clone()))
    }

    /// The same without an answer, for a message of at most [`PART`] bytes: when the ring has no
    /// room for it, it waits in the daemon, and this program for the daemon. What can never be sent
    /// ends the conversation.
    ///
    /// # Errors
    /// As [`Connection::post`]: [`Reason::TryAgain`] while this program must first take its events.
    pub fn group_post(&mut self, guarantee: Guarantee, payload: &[u8]) -> Result<(), Error> {
        if payload.len() > PART {
            return Err(too_large(payload.len(), PART));
        }
        for part in parts(&self.groups().prefix, guarantee, payload)? {
            self.post_part(&part)?;
        }
        Ok(())
    }

    fn post_part(&mut self, part: &proto::GroupMulticast) -> Result<(), Error> {
        let head = proto::GroupMulticast { guarantee: part.guarantee, message: Bytes::new() };
        let content = [IoSlice::new(&part.message)];
        let patience = self.patience();
        let deadline = || patience.map(|patience| Instant::now() + patience);
        self.post((MULTICAST, MESSAGE), &head, &content, deadline)
    }

    /// The next event of the group, waited for until `deadline` (`None`: for ever); `Ok(None)` when
    /// it passed. What a watching program is told besides is skipped: use [`Connection::notice`]
    /// and an [`Assembly`] for both.
    ///
    /// # Errors
    /// The conversation ended.
    pub fn group_event(&mut self, deadline: Option<Instant>) -> Result<Option<GroupEvent>, Error> {
        loop {
            let Some(notice) = self.notice(deadline)? else { return Ok(None) };
            if let Some(event) = self.groups().assembly.take(notice)? {
                return Ok(Some(event));
            }
        }
    }
}

/// What a connection remembers of its group.
#[derive(Debug, Default)]
pub(crate) struct InGroup {
    /// What its messages begin with.
    prefix: Bytes,
    assembly: Assembly,
}

/// A message as it is sent: in one part, or in several if it is larger than [`PART`]. `prefix` is
/// [`proto::JoinedGroup::prefix`]. All but the last part may be sent without asking for an answer.
///
/// # Errors
/// [`Error::Refused`] for more than [`MOST`] bytes.
pub fn parts(
    prefix: &[u8],
    guarantee: Guarantee,
    payload: &[u8],
) -> Result<Vec<proto::GroupMulticast>, Error> {
    if payload.len() > MOST {
        return Err(too_large(payload.len(), MOST));
    }
    let guarantee = match guarantee {
        Guarantee::Agreed => proto::Guarantee::Agreed,
        Guarantee::Safe => proto::Guarantee::Safe,
    };
    let one = |number: u8, part: &[u8]| {
        let mut message = BytesMut::with_capacity(prefix.len() + 1 + part.len());
        message.put_slice(prefix);
        message.put_u8(number);
        message.put_slice(part);
        proto::GroupMulticast { guarantee: guarantee.into(), message: message.freeze() }
    };
    if payload.len() <= PART {
        return Ok(vec![one(3, payload)]);
    }
    let last = (payload.len() - 1) / PART;
    let parts = payload.chunks(PART).enumerate();
    Ok(parts.map(|(at, part)| one(u8::from(at == 0) + 2 * u8::from(at == last), part)).collect())
}

/// Puts messages together from their parts.
#[derive(Debug, Default)]
pub struct Assembly {
    /// What has come of the message of each member.
    begun: BTreeMap<Member, BytesMut>,
}

impl Assembly {
    /// What this notice comes to: `None` when it is no event of a group, or a part that is not the
    /// last.
    ///
    /// # Errors
    /// The daemon says what this program does not understand, or a message is larger than [`MOST`].
    pub fn take(&mut self, notice: notice::What) -> Result<Option<GroupEvent>, Error> {
        match notice {
            notice::What::GroupView(view) => {
                let view = View::try_from(view)?;
                self.on_view(&view);
                Ok(Some(GroupEvent::View(view)))
            }
            notice::What::GroupMessage(message) => {
                Ok(self.on_message(message)?.map(GroupEvent::Message))
            }
            notice::What::GroupRing(ring) => {
                let proto::GroupRing { generation, representative, members } = ring;
                Ok(Some(GroupEvent::Ring(Ring { generation, representative, members })))
            }
            notice::What::Membership(_)
            | notice::What::Quorum(_)
            | notice::What::Configuration(_)
            | notice::What::Message(_)
            | notice::What::StateChange(_)
            | notice::What::Data(_)
            | notice::What::PortChange(_)
            | notice::What::TryShutdown(_)
            | notice::What::ConfigUpdate(_)
            | notice::What::MapChange(_)
            | notice::What::View(_)
            | notice::What::TreeChange(_) => Ok(None),
        }
    }

    /// Nothing is kept of any message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty()
    }

    fn on_view(&mut self, view: &View) {
        if view.joined.is_empty() {
            self.begun.retain(|member, _| view.members.contains(member));
        } else {
            self.begun.clear();
        }
    }

    fn on_message(&mut self, told: proto::GroupMessage) -> Result<Option<GroupMessage>, Error> {
        let proto::GroupMessage { node, pid, guarantee, part, payload, transitional } = told;
        let from = Member { node, pid };
        let number = |what: &str, number: i32| {
            Error::Protocol(format!("no {what} of a message has number {number}"))
        };
        let guarantee = match proto::Guarantee::try_from(guarantee) {
            Ok(proto::Guarantee::Agreed) => Guarantee::Agreed,
            Ok(proto::Guarantee::Safe) => Guarantee::Safe,
            Err(_) => return Err(number("guarantee", guarantee)),
        };
        let payload = match GroupPart::try_from(part).map_err(|_| number("part", part))? {
            GroupPart::Whole => payload,
            GroupPart::First => {
                self.begun.insert(from, BytesMut::from(payload));
                return Ok(None);
            }
            GroupPart::Middle => {
                self.append(from, &payload)?;
                return Ok(None);
            }
            GroupPart::Last => {
                self.append(from, &payload)?;
                let Some(whole) = self.begun.remove(&from) else { return Ok(None) };
                whole.freeze()
            }
        };
        Ok(Some(GroupMessage { from, guarantee, payload, transitional }))
    }

    fn append(&mut self, from: Member, part: &[u8]) -> Result<(), Error> {
        let Some(begun) = self.begun.get_mut(&from) else { return Ok(()) };
        let size = begun.len() + part.len();
        if size > MOST {
            return Err(Error::Protocol(format!("message of {size} bytes, at most {MOST}")));
        }
        begun.extend_from_slice(part);
        Ok(())
    }
}

fn too_large(size: usize, most: usize) -> Error {
    let text = format!("message of {size} bytes, at most {most} are possible");
    Error::Refused { reason: Reason::TooLarge, text }
}

fn members(told: &[proto::GroupMember]) -> Vec<Member> {
    told.iter().map(|&proto::GroupMember { node, pid, reason: _ }| Member { node, pid }).collect()
}

fn changes(told: &[proto::GroupMember]) -> Result<Vec<(Member, Why)>, Error> {
    let change = |&proto::GroupMember { node, pid, reason }: &proto::GroupMember| {
        let why = match proto::GroupReason::try_from(reason) {
            Ok(proto::GroupReason::Join) => Why::Join,
            Ok(proto::GroupReason::Leave) => Why::Leave,
            Ok(proto::GroupReason::NodeDown) => Why::NodeDown,
            Ok(proto::GroupReason::NodeUp) => Why::NodeUp,
            Ok(proto::GroupReason::ProcessDown) => Why::ProcessDown,
            Ok(proto::GroupReason::Unspecified) | Err(_) => {
                let text = format!("no reason of a member has number {reason}");
                return Err(Error::Protocol(text));
            }
        };
        Ok((Member { node, pid }, why))
    };
    told.iter().map(change).collect()
}

impl TryFrom<proto::GroupView> for View {
    type Error = Error;

    fn try_from(told: proto::GroupView) -> Result<Self, Error> {
        let proto::GroupView { group, members, joined, left, generation, representative } = told;
        let (joined, left) = (changes(&joined)?, changes(&left)?);
        let members = self::members(&members);
        Ok(Self { group, members, joined, left, generation, representative })
    }
}

#[cfg(test)]
mod tests;
