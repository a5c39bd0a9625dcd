//! Process groups: programs join by name, tell each other things in the one order, and are told who
//! is with them at each place of it.
//!
//! Must never tell a member of a message from somebody it was not told of, nor name somebody whom
//! no event takes away again: a member is one because its join, or its node's list after a
//! membership change, came in the order. Must never show a program a list without itself, but for
//! the last one after it left. Must never hold a payload.
//!
//! A join is a message like any other, so whoever sends right after it is heard right after it.
//! Nodes that are gone take their members with them in the first ring without them on which all
//! have said who theirs are; who came along from the same ring has the same members, and needs no
//! list. What others have is in the lists that all nodes exchange before anything else is said
//! (`sync.rs`): a node that is gone before all have them has brought nobody in.
//!
//! Groups are those of the nodes of this cluster on this ring, quorate or not.

mod ask;
pub(crate) mod message;
mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use totem::{Configuration, Guarantee, Kind, Lane, NodeId, NodeSet, Plant, RingId, planted};

use self::message::{Listed, Message, decode_list, encode_list};
use self::registry::{Heard, Place, Registry};
use super::command::{RequestId, SessionId};
use super::effect::{Effect, Notice, Refusal, Reply, Report};
use super::outbox::Outbox;
use super::service::MessageError;
use super::sync::States;

pub use self::ask::GroupList;
pub use self::message::Part;

/// Members that programs of one node may be. Its list must fit what nodes take of a node.
const MOST_LOCAL: usize = 7000;

/// Members of a group that may be there when another joins.
const MOST_MEMBERS: usize = 1024;

/// A member of a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    /// Its node.
    pub node: NodeId,
    /// Its process, as it says itself.
    pub pid: u32,
}

/// Why a member came or went.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Why {
    /// It joined.
    Join,
    /// It left.
    Leave,
    /// Its node is gone.
    NodeDown,
    /// Its node came.
    NodeUp,
    /// It is gone and has not left.
    ProcessDown,
}

impl Why {
    /// Its number; that of Corosync.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Join => 1,
            Self::Leave => 2,
            Self::NodeDown => 3,
            Self::NodeUp => 4,
            Self::ProcessDown => 5,
        }
    }
}

/// What members of a group are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GroupNotice {
    /// Who is in the group from here on.
    View(View),
    /// A message, or a part of one.
    Message {
        /// Who sent it.
        from: Address,
        /// What was promised about its delivery.
        guarantee: Guarantee,
        /// Which piece of it this is.
        part: Part,
        /// The piece.
        payload: Bytes,
        /// The ring has ended: it is promised only to those who come along to the next.
        transitional: bool,
    },
    /// The ring, after all its nodes have said who their members are.
    Ring(RingView),
}

/// Who is in a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Its name.
    pub group: Bytes,
    /// The members, ascending.
    pub members: Vec<Address>,
    /// Who came, ascending.
    pub joined: Vec<(Address, Why)>,
    /// Who went, ascending.
    pub left: Vec<(Address, Why)>,
    /// The ring in force.
    pub ring: Option<RingId>,
}

/// The nodes whose programs can meet in groups.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RingView {
    /// The ring.
    pub ring: RingId,
    /// Those of its nodes that are of this cluster.
    pub members: NodeSet,
}

/// A program of this node in a group, or on its way in or out.
#[derive(Debug)]
struct Local {
    group: Bytes,
    pid: u32,
    standing: Standing,
    /// It wants to know the ring after its first view.
    wants_ring: bool,
    /// Requests that sent the end of a message in parts, in their order.
    sent: Vec<RequestId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    /// Its join has not come in the order.
    Joining,
    Joined,
    /// Its end has not come in the order.
    Leaving,
}

/// See the module's head.
#[derive(Debug)]
pub(crate) struct Groups {
    me: NodeId,
    registry: Registry,
    local: BTreeMap<SessionId, Local>,
    /// The ring in force.
    ring: Option<RingId>,
    /// The nodes of this cluster on the last ring on which all said who their members are.
    peers: NodeSet,
    /// Who comes along to the next ring, once the present one has ended.
    survivors: NodeSet,
    /// Who came along in every change since the nodes last said who their members are.
    along: Option<NodeSet>,
    /// What was last said about the ring.
    told: Option<RingView>,
    watchers: BTreeSet<SessionId>,
    plant: Plant,
}

impl Groups {
    pub(crate) fn new(me: NodeId, plant: Plant) -> Self {
        Self {
            me,
            registry: Registry::default(),
            local: BTreeMap::new(),
            ring: None,
            peers: NodeSet::new(),
            survivors: NodeSet::new(),
            along: None,
            told: None,
            watchers: BTreeSet::new(),
            plant,
        }
    }

    // -- the ring -------------------------------------------------------------------------------

    /// The ring has a new configuration. Whoever did not come along is gone; that is told when all
    /// have said who their members are, by when all know of the same rings.
    pub(crate) fn on_configuration(&mut self, configuration: &Configuration) {
        if configuration.kind == Kind::Transitional {
            self.survivors.clone_from(&configuration.members);
            let along = self.along.get_or_insert_with(|| configuration.members.clone());
            along.retain(|node| configuration.members.contains(node));
            return;
        }
        self.ring = Some(configuration.ring);
        self.survivors.clear();
    }

    /// This node's members, for the others.
    pub(crate) fn state(&self) -> Vec<Vec<u8>> {
        encode_list(self.registry.of_node(self.me).map(|(session, place)| Listed {
            session,
            pid: place.pid,
            group: place.group.clone(),
        }))
    }

    /// All nodes of the ring have said who their members are; `peers` are of this cluster.
    pub(crate) fn on_synced(&mut self, peers: NodeSet, states: &States, outbox: &mut Outbox) {
        self.peers = peers;
        let along = self.along.take().unwrap_or_default();
        let kept = planted!(self.plant, GroupsKeepTheDead);
        self.put_out(|node| kept || along.contains(&node), outbox);
        let ignored = planted!(self.plant, GroupsIgnoreLists);
        let lists = if ignored { BTreeMap::new() } else { self.lists(states, outbox) };
        let peers = self.peers.clone();
        self.put_out(|node| peers.contains(&node), outbox);
        self.put_out_unlisted(&lists, outbox);
        let mut joined: BTreeMap<Bytes, Vec<(Address, Why)>> = BTreeMap::new();
        for (node, list) in lists {
            for listed in list {
                let (group, address) = (listed.group.clone(), Address { node, pid: listed.pid });
                if self.registry.join(node, listed) {
                    joined.entry(group).or_default().push((address, Why::NodeUp));
                }
            }
        }
        for (group, mut joined) in joined {
            joined.sort_unstable();
            self.tell_view(group, joined, Vec::new(), outbox);
        }
        if let Some(ring) = self.ring {
            let members = self.peers.clone();
            let told = RingView { ring, members };
            self.told = Some(told.clone());
            let to: Arc<[SessionId]> = self.watchers.iter().copied().collect();
            tell(to, GroupNotice::Ring(told), outbox);
        }
    }

    /// What the others say of their members; this node's are as it has them.
    fn lists(&self, states: &States, outbox: &mut Outbox) -> BTreeMap<NodeId, Vec<Listed>> {
        let mut lists = BTreeMap::new();
        for &node in self.peers.iter().filter(|&&node| node != self.me) {
            let pieces = states.lists.get(&node).into_iter().flatten();
            let list: Result<Vec<_>, _> = pieces.map(|piece| decode_list(piece.clone())).collect();
            match list {
                Ok(list) => drop(lists.insert(node, list.into_iter().flatten().collect())),
                Err(error) => outbox.report(Report::Malformed { node, error }),
            }
        }
        lists
    }

    /// The members of all nodes but these are gone.
    fn put_out(&mut self, stays: impl Fn(NodeId) -> bool, outbox: &mut Outbox) {
        let gone =
            self.registry.nodes().into_iter().filter(|&node| node != self.me && !stays(node));
        let gone: Vec<(NodeId, SessionId)> = gone
            .flat_map(|node| self.registry.of_node(node).map(move |(session, _)| (node, session)))
            .collect();
        let mistaken = planted!(self.plant, GroupsMistakeReasons);
        let why = if mistaken { Why::ProcessDown } else { Why::NodeDown };
        self.remove(gone, why, outbox);
    }

    /// Members that their own node does not name are none: their end was lost with a node that
    /// nobody here heard.
    fn put_out_unlisted(&mut self, lists: &BTreeMap<NodeId, Vec<Listed>>, outbox: &mut Outbox) {
        let mut gone = Vec::new();
        for (&node, list) in lists {
            let named: BTreeSet<SessionId> = list.iter().map(|listed| listed.session).collect();
            let unnamed = self.registry.of_node(node).filter(|(it, _)| !named.contains(it));
            gone.extend(unnamed.map(|(session, _)| (node, session)));
        }
        self.remove(gone, Why::ProcessDown, outbox);
    }

    fn remove(&mut self, gone: Vec<(NodeId, SessionId)>, why: Why, outbox: &mut Outbox) {
        let mut left: BTreeMap<Bytes, Vec<(Address, Why)>> = BTreeMap::new();
        for (node, session) in gone {
            if let Some(Place { group, pid }) = self.registry.leave(node, session) {
                left.entry(group).or_default().push((Address { node, pid }, why));
            }
        }
        for (group, mut left) in left {
            left.sort_unstable();
            self.tell_view(group, Vec::new(), left, outbox);
        }
    }

    /// A node says something about groups.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        guarantee: Guarantee,
        body: Bytes,
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        let message = Message::decode(body)?;
        if !self.peers.contains(&from) {
            return Ok(());
        }
        match message {
            Message::Join(listed) => self.on_join(from, listed, outbox),
            Message::Leave { session, why } => self.on_leave(from, session, why, outbox),
            Message::Multicast { session, part, payload } => {
                self.on_multicast((from, session), (guarantee, part, payload), outbox);
            }
        }
        Ok(())
    }

    fn on_join(&mut self, node: NodeId, listed: Listed, outbox: &mut Outbox) {
        let (session, pid, group) = (listed.session, listed.pid, listed.group.clone());
        if !self.registry.join(node, listed) {
            return;
        }
        self.tell_view(group, vec![(Address { node, pid }, Why::Join)], Vec::new(), outbox);
        let Some(local) = self.local.get_mut(&session).filter(|_| node == self.me) else { return };
        if local.standing == Standing::Joining {
            local.standing = Standing::Joined;
        }
        if local.wants_ring
            && let Some(told) = self.told.clone()
        {
            tell([session].into(), GroupNotice::Ring(told), outbox);
        }
    }

    fn on_leave(&mut self, node: NodeId, session: SessionId, why: Why, outbox: &mut Outbox) {
        let Some(Place { group, pid }) = self.registry.leave(node, session) else { return };
        let left = vec![(Address { node, pid }, why)];
        if node == self.me && self.local.remove(&session).is_some() {
            let view = self.view(group.clone(), Vec::new(), left.clone());
            tell([session].into(), GroupNotice::View(view), outbox);
        }
        self.tell_view(group, Vec::new(), left, outbox);
    }

    fn on_multicast(
        &mut self,
        (node, session): (NodeId, SessionId),
        (guarantee, part, payload): (Guarantee, Part, Bytes),
        outbox: &mut Outbox,
    ) {
        let heard = self.registry.on_part((node, session), part, self.me);
        let Some(Heard { pid, good, to }) = heard else { return };
        let good = good || planted!(self.plant, GroupsTellHalves);
        if good {
            let from = Address { node, pid };
            let transitional = !self.survivors.is_empty();
            let message = GroupNotice::Message { from, guarantee, part, payload, transitional };
            tell(to, message, outbox);
        }
        let local = self.local.get_mut(&session).filter(|_| node == self.me);
        if part == Part::Last
            && let Some(local) = local.filter(|local| !local.sent.is_empty())
        {
            let reply = if good { Reply::Done } else { Reply::Refused(Refusal::Interrupted) };
            outbox.reply(local.sent.remove(0), reply);
        }
    }

    // -- programs -------------------------------------------------------------------------------

    /// A program wants to join a group.
    fn join(
        &mut self,
        session: SessionId,
        (group, pid, wants_ring): (Bytes, u32, bool),
        outbox: &mut Outbox,
    ) -> Reply {
        let same = self.local.values().find(|local| local.group == group && local.pid == pid);
        let refusal = match self.local.get(&session).or(same).map(|local| local.standing) {
            Some(Standing::Joining | Standing::Joined) => Some(Refusal::AlreadyMember),
            Some(Standing::Leaving) => Some(Refusal::TryAgain),
            None if self.local.len() >= MOST_LOCAL => Some(Refusal::TooManyMembers(MOST_LOCAL)),
            None if self.registry.size(&group) >= MOST_MEMBERS => {
                Some(Refusal::TooManyMembers(MOST_MEMBERS))
            }
            None if outbox.is_full() => Some(Refusal::TryAgain),
            None => None,
        };
        if let Some(refusal) = refusal {
            return Reply::Refused(refusal);
        }
        let listed = Listed { session, pid, group: group.clone() };
        outbox.say(Lane::Data, Message::Join(listed).encode());
        let standing = Standing::Joining;
        let local = Local { group, pid, standing, wants_ring, sent: Vec::new() };
        self.local.insert(session, local);
        Reply::JoinedGroup(message::prefix(session).into())
    }

    /// A program wants to leave its group.
    fn leave(&mut self, session: SessionId, outbox: &mut Outbox) -> Reply {
        if self.end(session, Why::Leave, outbox) {
            Reply::Done
        } else {
            Reply::Refused(Refusal::NotInGroup)
        }
    }

    /// A program is gone.
    pub(crate) fn gone(&mut self, session: SessionId, outbox: &mut Outbox) {
        self.watchers.remove(&session);
        self.end(session, Why::ProcessDown, outbox);
    }

    /// Has all nodes know that a member is none any more; false when it is none, or they will.
    fn end(&mut self, session: SessionId, why: Why, outbox: &mut Outbox) -> bool {
        let local = self.local.get_mut(&session);
        let Some(local) = local.filter(|local| local.standing != Standing::Leaving) else {
            return false;
        };
        local.standing = Standing::Leaving;
        planted!(self.plant, GroupsForgetTheKilled => {
            if why == Why::ProcessDown {
                return true;
            }
        });
        outbox.say(Lane::Data, Message::Leave { session, why }.encode());
        true
    }

    fn watch(&mut self, session: SessionId, on: bool) {
        if on {
            self.watchers.insert(session);
        } else {
            self.watchers.remove(&session);
        }
    }

    // -- telling --------------------------------------------------------------------------------

    fn view(&self, group: Bytes, joined: Vec<(Address, Why)>, left: Vec<(Address, Why)>) -> View {
        let members = self.registry.members(&group);
        View { group, members, joined, left, ring: self.ring }
    }

    /// Tells the members on this node who is in their group from here on.
    fn tell_view(
        &mut self,
        group: Bytes,
        joined: Vec<(Address, Why)>,
        left: Vec<(Address, Why)>,
        outbox: &mut Outbox,
    ) {
        let to = self.registry.sessions(&group, self.me);
        if !to.is_empty() {
            tell(to, GroupNotice::View(self.view(group, joined, left)), outbox);
        }
    }
}

fn tell(to: Arc<[SessionId]>, notice: GroupNotice, outbox: &mut Outbox) {
    if !to.is_empty() {
        outbox.push(Effect::NotifyAll { to, notice: Notice::Group(notice) });
    }
}

#[cfg(test)]
mod tests;
