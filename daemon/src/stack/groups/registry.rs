//! Who is in which group, as the order of the ring has it.
//!
//! Must never change but by what the ring has delivered: all nodes that share an order have the
//! same registry at the same place of it. No two members of a group share node and process id.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use totem::NodeId;

use super::super::command::SessionId;
use super::Address;
use super::message::{Listed, Part};

/// One group.
#[derive(Debug, Default)]
struct Group {
    /// By node and process id.
    members: BTreeMap<Address, Member>,
    /// The sessions in it of the node that asked last, until the members change.
    here: Option<(NodeId, Arc<[SessionId]>)>,
}

/// See the module's head.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    groups: BTreeMap<Bytes, Group>,
    index: BTreeMap<(NodeId, SessionId), Place>,
}

/// Where a member is to be found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    pub(crate) group: Bytes,
    pub(crate) pid: u32,
}

/// What a part of a message means to the members of the group at one node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    /// Process of the member that said it.
    pub(crate) pid: u32,
    /// All members of the group have what came before it.
    pub(crate) good: bool,
    /// Who is to be told.
    pub(crate) to: Arc<[SessionId]>,
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
        let there = self.groups.get(&group);
        if self.index.contains_key(&(node, session))
            || there.is_some_and(|there| there.members.contains_key(&address))
        {
            return false;
        }
        let Group { members, here } = self.groups.entry(group.clone()).or_default();
        *here = None;
        members.insert(address, Member { session, parts: Parts::Void });
        // Who joins misses what was begun, so that nobody may get it.
        members.values_mut().for_each(|member| member.parts = Parts::Void);
        self.index.insert((node, session), Place { group, pid });
        true
    }

    /// A member is none any more. Where it was.
    pub(crate) fn leave(&mut self, node: NodeId, session: SessionId) -> Option<Place> {
        let place = self.index.remove(&(node, session))?;
        if let Some(Group { members, here }) = self.groups.get_mut(&place.group) {
            *here = None;
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

    /// The members of a group, ascending.
    pub(crate) fn members(&self, group: &[u8]) -> Vec<Address> {
        self.groups.get(group).map(Group::addresses).unwrap_or_default()
    }

    /// How many members a group has.
    pub(crate) fn size(&self, group: &[u8]) -> usize {
        self.groups.get(group).map_or(0, |group| group.members.len())
    }

    /// The sessions of a node in a group.
    pub(crate) fn sessions(&mut self, group: &[u8], node: NodeId) -> Arc<[SessionId]> {
        self.groups.get_mut(group).map(|group| group.sessions(node)).unwrap_or_default()
    }

    /// The groups whose names come after this one, ascending.
    pub(crate) fn groups_after(
        &self,
        name: &Bytes,
    ) -> impl Iterator<Item = (&Bytes, Vec<Address>)> {
        let after = (std::ops::Bound::Excluded(name.clone()), std::ops::Bound::Unbounded);
        self.groups.range(after).map(|(name, group)| (name, group.addresses()))
    }

    /// A part of a message has come from a member; what that means at node `me`, if it is one.
    pub(crate) fn on_part(
        &mut self,
        (node, session): (NodeId, SessionId),
        part: Part,
        me: NodeId,
    ) -> Option<Heard> {
        let place = self.index.get(&(node, session))?;
        let group = self.groups.get_mut(&place.group)?;
        let member = group.members.get_mut(&Address { node, pid: place.pid })?;
        let good = match part {
            Part::Whole => true,
            Part::First => {
                member.parts = Parts::Good;
                true
            }
            Part::Middle => member.parts == Parts::Good,
            Part::Last => std::mem::replace(&mut member.parts, Parts::Void) == Parts::Good,
        };
        Some(Heard { pid: place.pid, good, to: group.sessions(me) })
    }
}

impl Group {
    fn addresses(&self) -> Vec<Address> {
        self.members.keys().copied().collect()
    }

    fn sessions(&mut self, node: NodeId) -> Arc<[SessionId]> {
        if let Some((asked, here)) = &self.here
            && *asked == node
        {
            return Arc::clone(here);
        }
        let range = Address { node, pid: 0 }..=Address { node, pid: u32::MAX };
        let here: Arc<_> = self.members.range(range).map(|(_, member)| member.session).collect();
        self.here = Some((node, Arc::clone(&here)));
        here
    }
}
