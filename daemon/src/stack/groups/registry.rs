//! Who is in which group, as the order of the ring has it.
//!
//! Must never change but by what the ring has delivered: all nodes that share an order have the
//! same registry at the same place of it. No two members of a group share node and process id.

use std::collections::BTreeMap;

use bytes::Bytes;
use totem::NodeId;

use super::super::command::SessionId;
use super::Address;
use super::message::{Listed, Part};

/// The members of one group, by node and process id.
type Members = BTreeMap<Address, Member>;

/// See the module's head.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    groups: BTreeMap<Bytes, Members>,
    index: BTreeMap<(NodeId, SessionId), Place>,
}

/// Where a member is to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) group: Bytes,
    pub(crate) pid: u32,
}

#[derive(Debug)]
struct Member {
    session: SessionId,
    parts: Parts,
}

/// How far a message in parts has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Parts {
    /// None is under way, or its beginning came before somebody joined, who misses it.
    Void,
    /// All members have what came of it.
    Good,
}

impl Registry {
    /// A member joins its group; false when it is one already, or its place is taken.
    pub(crate) fn join(&mut self, node: NodeId, listed: Listed) -> bool {
        let Listed { session, pid, group } = listed;
        let address = Address { node, pid };
        let members = self.groups.get(&group);
        if self.index.contains_key(&(node, session))
            || members.is_some_and(|members| members.contains_key(&address))
        {
            return false;
        }
        let members = self.groups.entry(group.clone()).or_default();
        members.insert(address, Member { session, parts: Parts::Void });
        // Who joins misses what was begun, so that nobody may get it.
        members.values_mut().for_each(|member| member.parts = Parts::Void);
        self.index.insert((node, session), Place { group, pid });
        true
    }

    /// A member is none any more. Where it was.
    pub(crate) fn leave(&mut self, node: NodeId, session: SessionId) -> Option<Place> {
        let place = self.index.remove(&(node, session))?;
        if let Some(members) = self.groups.get_mut(&place.group) {
            members.remove(&Address { node, pid: place.pid });
            if members.is_empty() {
                self.groups.remove(&place.group);
            }
        }
        Some(place)
    }

    /// The members of a node.
    pub(crate) fn of_node(&self, node: NodeId) -> impl Iterator<Item = (SessionId, &Place)> {
        let range = (node, SessionId(0))..=(node, SessionId(u64::MAX));
        self.index.range(range).map(|(&(_, session), place)| (session, place))
    }

    /// All nodes with members.
    pub(crate) fn nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.index.keys().map(|&(node, _)| node).collect();
        nodes.dedup();
        nodes
    }

    /// Where a member is to be found.
    pub(crate) fn place(&self, node: NodeId, session: SessionId) -> Option<&Place> {
        self.index.get(&(node, session))
    }

    /// The members of a group, ascending.
    pub(crate) fn members(&self, group: &[u8]) -> Vec<Address> {
        self.groups.get(group).map(|members| members.keys().copied().collect()).unwrap_or_default()
    }

    /// How many members a group has.
    pub(crate) fn size(&self, group: &[u8]) -> usize {
        self.groups.get(group).map_or(0, BTreeMap::len)
    }

    /// The sessions of a node in a group.
    pub(crate) fn sessions(&self, group: &[u8], node: NodeId) -> Vec<SessionId> {
        let range = Address { node, pid: 0 }..=Address { node, pid: u32::MAX };
        let members = self.groups.get(group);
        let here = members.into_iter().flat_map(|members| members.range(range.clone()));
        here.map(|(_, member)| member.session).collect()
    }

    /// The groups whose names come after this one, ascending.
    pub(crate) fn groups_after(
        &self,
        name: &Bytes,
    ) -> impl Iterator<Item = (&Bytes, Vec<Address>)> {
        let after = (std::ops::Bound::Excluded(name.clone()), std::ops::Bound::Unbounded);
        self.groups.range(after).map(|(name, members)| (name, members.keys().copied().collect()))
    }

    /// A part of a message of this member has come: whether all members of its group have what
    /// came before it.
    pub(crate) fn on_part(&mut self, node: NodeId, place: &Place, part: Part) -> bool {
        let address = Address { node, pid: place.pid };
        let member = self.groups.get_mut(&place.group).and_then(|group| group.get_mut(&address));
        let Some(member) = member else { return false };
        match part {
            Part::Whole => true,
            Part::First => {
                member.parts = Parts::Good;
                true
            }
            Part::Middle => member.parts == Parts::Good,
            Part::Last => std::mem::replace(&mut member.parts, Parts::Void) == Parts::Good,
        }
    }
}
