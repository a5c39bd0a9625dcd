//! Who is in the cluster: the ring says who can be heard, this table says who belongs.
//!
//! Must never count a node that has not introduced itself as one of this cluster, in this
//! configuration version: it is on the ring, and nothing more. Must never forget a configured
//! node, nor remember more than [`MOST_STRANGERS`] others.
//!
//! A node enters the ring as *joining*; when everybody has introduced himself it is a *member*, or
//! stays out with a report that names both values, or is *disallowed* (see [`disallowed`]). It is
//! *leaving* once it said so or was killed, and *dead* in the first configuration without it.

pub(crate) mod disallowed;
mod entry;
pub(crate) mod hello;
mod kill;
mod leave;
mod message;
pub(super) mod reconfigure;

use std::collections::BTreeMap;

use bytes::Bytes;
use quorum::{Quorum, State};
use totem::{Configuration, Instant, Kind, NodeId, NodeSet, RingId};

use self::entry::Entry;
use self::hello::{Cluster, Hello};
use self::kill::Kills;
use self::leave::Leaving;
use self::message::Message;
use super::Config;
use super::command::{Leave, RequestId};
use super::effect::{Conflict, Exit, Node, NodeState, Notice, Report};
use super::outbox::Outbox;
use super::service::{MessageError, PROTOCOL, Service};
use super::sync::States;

/// Nodes that the configuration does not know and that are remembered nevertheless. A ring has
/// fewer members than this, so that a dead one can always make room for a living one.
pub(crate) const MOST_STRANGERS: usize = 1024;

/// The node table.
#[derive(Debug)]
pub(crate) struct Nodes {
    me: NodeId,
    cluster: Cluster,
    entries: BTreeMap<NodeId, Entry>,
    /// Members of the transitional configuration under way, else none: who comes along from the
    /// old ring to the next.
    survivors: NodeSet,
    /// Members of the cluster as they were last published, each with its incarnation.
    published: BTreeMap<NodeId, u64>,
    leaving: Leaving,
    kills: Kills,
    /// Nodes that come back with state are kept out.
    disallowed: bool,
    /// This node was never a member together with others.
    fresh: bool,
    /// It has state that outlives a partition.
    dirty: bool,
    /// The present ring, and the one before it.
    ring: Option<RingId>,
    from: Option<RingId>,
    /// No longer configured, and on the ring: forgotten when they go.
    obsolete: NodeSet,
}

/// Members of the cluster that a new ring is without.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Departed {
    pub(crate) gone: NodeSet,
    /// Of these, who had said good-bye.
    pub(crate) left: NodeSet,
    /// Of these, whose votes the others shall no longer expect.
    pub(crate) removed: NodeSet,
}

impl Nodes {
    /// The configured nodes, all dead but this one, which is joining.
    pub(crate) fn new(config: &Config) -> Self {
        let me = config.ring.identity().me;
        let mut entries: BTreeMap<NodeId, Entry> = config
            .nodes
            .iter()
            .map(|node| (node.id, Entry::new(node.name.clone(), true, node.addresses.clone())))
            .collect();
        entries.entry(me).or_insert_with(|| Entry::stranger(me)).state = NodeState::Joining;
        let cluster = Cluster {
            name: config.cluster.clone(),
            id: config.cluster_id,
            config_version: config.config_version,
        };
        Self {
            me,
            cluster,
            entries,
            survivors: NodeSet::new(),
            published: BTreeMap::new(),
            leaving: Leaving::default(),
            kills: Kills::new(),
            disallowed: config.disallowed,
            fresh: true,
            dirty: false,
            ring: None,
            from: None,
            obsolete: NodeSet::new(),
        }
    }

    /// What all members of this cluster have in common.
    pub(crate) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// This node.
    pub(crate) const fn me(&self) -> NodeId {
        self.me
    }

    /// How this node introduces itself, as its state for the others.
    pub(crate) fn hello(&self, voting: State) -> Vec<u8> {
        let me = &self.entries[&self.me];
        let (name, addresses) = (me.name.clone(), me.addresses.clone());
        let (cluster, flags, from) = (self.cluster.clone(), self.flags(), self.from);
        Hello { cluster, flags, from, name, voting, addresses }.encode()
    }

    /// The ring has a new configuration. With the regular one come those who are gone: whoever
    /// did not come along from the old ring is, even if he is on the new one already.
    pub(crate) fn on_configuration(&mut self, configuration: &Configuration) -> Departed {
        if configuration.kind == Kind::Transitional {
            self.survivors.clone_from(&configuration.members);
            return Departed::default();
        }
        self.from = configuration.previous;
        self.ring = Some(configuration.ring);
        let survivors = std::mem::take(&mut self.survivors);
        let evidence = &configuration.change.evidence;
        let departed = self.departing(&survivors);
        for (&id, entry) in &mut self.entries {
            if entry.is_on_ring() && !survivors.contains(&id) {
                entry.depart(configuration.previous, evidence.get(&id).copied());
            }
            if configuration.members.contains(&id) && !entry.is_on_ring() {
                entry.state = NodeState::Joining;
            }
            // Who was to kill it may be gone.
            entry.told = None;
        }
        self.forget_obsolete();
        departed
    }

    /// Who has come along, if one ring has ended and the next was not told.
    pub(crate) const fn survivors(&self) -> &NodeSet {
        &self.survivors
    }

    /// The members that are gone if these have come along.
    pub(crate) fn departing(&self, survivors: &NodeSet) -> Departed {
        let mut departed = Departed::default();
        for (&id, entry) in &self.entries {
            if entry.is_admitted() && !survivors.contains(&id) {
                departed.gone.insert(id);
                if entry.leave.is_some() {
                    departed.left.insert(id);
                }
                if entry.leave.is_some_and(|leave| leave.remove) {
                    departed.removed.insert(id);
                }
            }
        }
        departed
    }

    /// These have introduced themselves and belong here: admits whom it can, and returns what the
    /// vote counter of each said, or the end of this node.
    pub(crate) fn on_introduced(
        &mut self,
        now: Instant,
        ring: RingId,
        hellos: Vec<(NodeId, Hello)>,
        outbox: &mut Outbox,
    ) -> Result<BTreeMap<NodeId, State>, Exit> {
        if let Some(exit) = self.flees(&hellos, outbox) {
            return Err(exit);
        }
        let kept_out = self.to_keep_out(&hellos);
        let mut voting = BTreeMap::new();
        for (id, hello) in hellos {
            self.kill_again(id, hello.from, outbox);
            voting.insert(id, hello.voting.clone());
            let report = self.introduce(id, hello);
            report.into_iter().for_each(|report| outbox.report(report));
            let entry = self.entries.get_mut(&id).expect("it was introduced");
            if kept_out.contains(&id) {
                entry.state = NodeState::Disallowed;
            } else {
                entry.admit(now, ring);
            }
        }
        voting.retain(|&id, _| self.is_admitted(id));
        self.remember_company();
        self.publish(ring, outbox);
        Ok(voting)
    }

    /// Members of the cluster on this ring are none any more unless they `stay`: they do not go by
    /// its configuration.
    pub(crate) fn put_out(&mut self, stay: impl Fn(NodeId) -> bool) -> Departed {
        let mut departed = Departed::default();
        for (&id, entry) in &mut self.entries {
            if entry.is_admitted() && !stay(id) {
                entry.state = NodeState::Joining;
                entry.joined = None;
                departed.gone.insert(id);
            }
        }
        departed
    }

    /// A member said something to this table. An end, when it was this node that leaves or one
    /// that has it killed: the ring may be left now.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        body: Bytes,
        outbox: &mut Outbox,
    ) -> Result<Option<Exit>, MessageError> {
        match Message::decode(body)? {
            Message::Leave(leave) => Ok(self.on_leave(from, leave, outbox)),
            Message::Kill { node, reason } => Ok(self.on_kill(from, (node, reason), outbox)),
        }
    }

    fn on_leave(&mut self, from: NodeId, leave: Leave, outbox: &mut Outbox) -> Option<Exit> {
        if let Some(entry) = self.entries.get_mut(&from).filter(|entry| entry.is_on_ring()) {
            entry.leave = Some(leave);
            if entry.is_admitted() {
                self.set_leaving(from, outbox);
            }
        }
        (from == self.me && self.leaving.is_heard(outbox)).then_some(Exit::Left)
    }

    /// A member is on its way out.
    fn set_leaving(&mut self, id: NodeId, outbox: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.state != NodeState::Leaving {
            entry.state = NodeState::Leaving;
            outbox.publish(&Notice::State { node: id, state: NodeState::Leaving });
        }
    }

    /// Tells everyone that this node leaves, unless it did so already.
    pub(crate) fn leave(&mut self, request: RequestId, leave: Leave, outbox: &mut Outbox) {
        self.leaving.begin(request, leave, outbox);
    }

    /// A node between two rings has nobody to tell that it leaves, and goes at once; `true` when
    /// this node does.
    pub(crate) fn goes_unheard(&mut self, outbox: &mut Outbox) -> bool {
        self.leaving.goes_unheard(outbox)
    }

    /// This node is on its way out.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving.has_begun()
    }

    /// Everything known about this node.
    pub(crate) fn own_row(&self, quorum: &Quorum) -> Node {
        self.entries[&self.me].row(self.me, quorum)
    }

    /// The whole table, by ascending id.
    pub(crate) fn rows(&self, quorum: &Quorum) -> Vec<Node> {
        self.entries.iter().map(|(&id, entry)| entry.row(id, quorum)).collect()
    }

    /// How many nodes are members of the cluster.
    pub(crate) fn member_count(&self) -> usize {
        self.entries.values().filter(|entry| entry.state == NodeState::Member).count()
    }

    /// The configuration or the ring knows this node.
    pub(crate) fn is_known(&self, id: NodeId) -> bool {
        self.entries.contains_key(&id)
    }

    /// The members of the cluster.
    pub(crate) fn admitted(&self) -> NodeSet {
        let admitted = self.entries.iter().filter(|(_, entry)| entry.is_admitted());
        admitted.map(|(&id, _)| id).collect()
    }

    /// Whether this node's votes count.
    pub(crate) fn is_admitted(&self, id: NodeId) -> bool {
        self.entries.get(&id).is_some_and(Entry::is_admitted)
    }

    /// The hellos of those who belong here; the others are reported.
    pub(crate) fn introductions(
        &self,
        states: &States,
        outbox: &mut Outbox,
    ) -> BTreeMap<NodeId, Hello> {
        let mut hellos = BTreeMap::new();
        for &id in &states.members {
            match self.introduction(id, states) {
                Ok(Ok(hello)) => drop(hellos.insert(id, hello)),
                Ok(Err(why)) => outbox.report(Report::Conflict { node: id, why }),
                Err(error) => outbox.report(Report::Malformed { node: id, error }),
            }
        }
        hellos
    }

    /// The hello of a member of the ring, or why it does not belong here.
    fn introduction(
        &self,
        id: NodeId,
        states: &States,
    ) -> Result<Result<Hello, Conflict>, MessageError> {
        if let Some(&version) = states.foreign.get(&id) {
            let (remote, local) = (version.into(), PROTOCOL.into());
            return Ok(Err(Conflict::Protocol { remote, local }));
        }
        let bytes = states.chunks.get(&(Service::Nodes, id)).cloned();
        let hello = Hello::decode(bytes.ok_or(MessageError::Missing { what: "hello" })?)?;
        Ok(match self.cluster.conflict(&hello.cluster) {
            Some(why) => Err(why),
            None => Ok(hello),
        })
    }

    /// Takes note of what a node of this cluster says about itself, and reports it when the
    /// configuration does not know it.
    fn introduce(&mut self, id: NodeId, hello: Hello) -> Option<Report> {
        let known = self.entries.contains_key(&id);
        if !known {
            self.make_room();
            self.entries.insert(id, Entry::stranger(id));
        }
        let entry = self.entries.get_mut(&id).expect("inserted if it was missing");
        if !hello.addresses.is_empty() {
            entry.addresses = hello.addresses;
        }
        (!known).then_some(Report::NoEntry { node: id, name: hello.name })
    }

    /// Forgets the stranger that has been gone longest, if there are too many.
    fn make_room(&mut self) {
        let strangers = || self.entries.iter().filter(|(_, entry)| !entry.configured);
        if strangers().count() < MOST_STRANGERS {
            return;
        }
        let dead = strangers().filter(|(_, entry)| !entry.is_on_ring());
        let oldest = dead.min_by_key(|(_, entry)| entry.incarnation).map(|(&id, _)| id);
        if let Some(id) = oldest {
            self.entries.remove(&id);
        }
    }

    /// Tells watching sessions who is a member, and what changed since they were told last.
    fn publish(&mut self, ring: RingId, outbox: &mut Outbox) {
        let now: BTreeMap<NodeId, u64> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_admitted())
            .map(|(&id, entry)| (id, entry.incarnation))
            .collect();
        let before = std::mem::replace(&mut self.published, now);
        let members = self.published.keys().copied().collect();
        let joined = absent_from(&before, &self.published);
        let left = absent_from(&self.published, &before);
        outbox.publish(&Notice::Membership { ring, members, joined, left });
    }
}

/// The incarnations that are in `these` and not in `those`.
fn absent_from(those: &BTreeMap<NodeId, u64>, these: &BTreeMap<NodeId, u64>) -> NodeSet {
    these.iter().filter(|&(id, inc)| those.get(id) != Some(inc)).map(|(&id, _)| id).collect()
}

#[cfg(test)]
mod tests;
