//! The part of the translation that is about process groups.
//!
//! Must never decide anything, like the rest of it.

use bytes::Bytes;
use client::proto::{self, GroupPart, Reason, notice, reply};
use totem::{Guarantee, RingId};

use super::{Unreadable, guarantee, ids, refused};
use crate::stack::command::{Command, GroupCommand};
use crate::stack::effect::{Address, GroupList, GroupNotice, Part, RingView, View, Why};

/// Longest name of a group, bytes.
const MOST_NAME: usize = 128;

pub(super) fn join(join: proto::JoinGroup) -> Result<Command, Unreadable> {
    let proto::JoinGroup { group, pid, ring } = join;
    Ok(Command::Group(GroupCommand::Join { group: name(group)?, pid, ring }))
}

pub(super) fn multicast(multicast: proto::GroupMulticast) -> Result<Command, Unreadable> {
    let proto::GroupMulticast { guarantee, message } = multicast;
    let guarantee = super::wanted(guarantee)?;
    Ok(Command::Group(GroupCommand::Multicast { guarantee, message }))
}

pub(super) fn members_of(of: proto::GetGroupMembers) -> Command {
    let proto::GetGroupMembers { group } = of;
    Command::Group(GroupCommand::Members(group))
}

pub(super) fn all(get: proto::GetGroups) -> Command {
    let proto::GetGroups { after } = get;
    Command::Group(GroupCommand::List { after })
}

pub(super) const fn watch(watch: proto::WatchRing) -> Command {
    let proto::WatchRing { on } = watch;
    Command::Group(GroupCommand::WatchRing(on))
}

/// The name of a group; nobody can be in one of another length.
fn name(name: Bytes) -> Result<Bytes, Unreadable> {
    match name.len() {
        1..=MOST_NAME => Ok(name),
        size => Err(Unreadable(format!(
            "name of a group of {size} bytes, 1 to {MOST_NAME} are possible"
        ))),
    }
}

pub(super) fn joined(prefix: &Bytes) -> reply::What {
    reply::What::JoinedGroup(proto::JoinedGroup { prefix: prefix.clone() })
}

pub(super) fn group_members(members: &[Address]) -> reply::What {
    reply::What::GroupMembers(proto::GroupMembers { members: addresses(members) })
}

pub(super) fn list(list: &GroupList) -> reply::What {
    let GroupList { groups, more } = list;
    let group = |(name, members): &(Bytes, Vec<Address>)| proto::Group {
        name: name.clone(),
        members: addresses(members),
    };
    reply::What::Groups(proto::Groups { groups: groups.iter().map(group).collect(), more: *more })
}

pub(super) fn told(told: &GroupNotice) -> notice::What {
    match told {
        GroupNotice::View(View { group, members, joined, left, ring }) => {
            let (generation, representative) = ring.map_or((0, 0), identity);
            notice::What::GroupView(proto::GroupView {
                group: group.clone(),
                members: addresses(members),
                joined: joined.iter().map(change).collect(),
                left: left.iter().map(change).collect(),
                generation,
                representative,
            })
        }
        GroupNotice::Message { from, guarantee, part, payload, transitional } => {
            let message = said(*from, *guarantee, *part, *transitional);
            notice::What::GroupMessage(proto::GroupMessage { payload: payload.clone(), ..message })
        }
        GroupNotice::Ring(RingView { ring, members }) => {
            let (generation, representative) = identity(*ring);
            let members = ids(members);
            notice::What::GroupRing(proto::GroupRing { generation, representative, members })
        }
    }
}

/// A message without its payload.
pub(in super::super) fn said(
    from: Address,
    promised: Guarantee,
    part: Part,
    transitional: bool,
) -> proto::GroupMessage {
    proto::GroupMessage {
        node: from.node.get(),
        pid: from.pid,
        guarantee: guarantee(promised).into(),
        part: self::part(part).into(),
        payload: Bytes::new(),
        transitional,
    }
}

const fn identity(ring: RingId) -> (u64, u32) {
    (ring.seq.get(), ring.representative.get())
}

fn addresses(members: &[Address]) -> Vec<proto::GroupMember> {
    let reason = proto::GroupReason::Unspecified.into();
    members.iter().map(|&Address { node, pid }| member(node.get(), pid, reason)).collect()
}

fn change(&(Address { node, pid }, why): &(Address, Why)) -> proto::GroupMember {
    let reason = match why {
        Why::Join => proto::GroupReason::Join,
        Why::Leave => proto::GroupReason::Leave,
        Why::NodeDown => proto::GroupReason::NodeDown,
        Why::NodeUp => proto::GroupReason::NodeUp,
        Why::ProcessDown => proto::GroupReason::ProcessDown,
    };
    member(node.get(), pid, reason.into())
}

const fn member(node: u32, pid: u32, reason: i32) -> proto::GroupMember {
    proto::GroupMember { node, pid, reason }
}

const fn part(part: Part) -> GroupPart {
    match part {
        Part::Whole => GroupPart::Whole,
        Part::First => GroupPart::First,
        Part::Middle => GroupPart::Middle,
        Part::Last => GroupPart::Last,
    }
}

pub(super) fn already_member() -> reply::What {
    let text = "this connection is in a group, or another of this process is in this one";
    refused(Reason::AlreadyMember, text.to_owned())
}

pub(super) fn not_in_group() -> reply::What {
    refused(Reason::NotInGroup, "this connection is in no group".to_owned())
}

pub(super) fn too_many(most: usize) -> reply::What {
    refused(Reason::TooManyMembers, format!("there are {most} members already"))
}

pub(super) fn not_its_own() -> reply::What {
    let text = "the message does not begin as the answer to the join said";
    refused(Reason::Invalid, text.to_owned())
}

pub(super) fn interrupted() -> reply::What {
    let text = "somebody joined while parts of the message were under way: nobody gets it";
    refused(Reason::Interrupted, text.to_owned())
}
