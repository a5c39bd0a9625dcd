//! Who is in the cluster: the ring says who can be heard, this table says who belongs.
//!
//! Must never count a node that has not introduced itself as one of this cluster, in this
//! configuration version: it is on the ring, and nothing more. Must never forget a configured
//! node, nor remember more than [`MOST_STRANGERS`] others.
//!
//! A node enters the ring as *joining*; when everybody has introduced himself it is a *member*, or
//! stays out with a report that names both values. It is *leaving* once it said so, and *dead* in
//! the first configuration without it.

pub(crate) mod hello;

use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::Bytes;
use quorum::{Quorum, State};
use totem::{Configuration, Evidence, Instant, Kind, Lane, NodeId, NodeSet, RingId};

use self::hello::{Cluster, Hello};
use super::Config;
use super::command::{Leave, RequestId};
use super::effect::{Conflict, Node, NodeState, Notice, Refusal, Reply, Report};
use super::outbox::Outbox;
use super::service::{MessageError, PROTOCOL, Reader, Service};
use super::sync::States;

/// Nodes that the configuration does not know and that are remembered nevertheless. A ring has
/// fewer members than this, so that a dead one can always make room for a living one.
pub(crate) const MOST_STRANGERS: usize = 1024;

/// Message kind: the sender leaves the cluster. One byte of flags follows.
const LEAVE: u8 = 1;
const LEAVE_REMOVE: u8 = 1;
const LEAVE_FORCE: u8 = 2;

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
    leaving: Option<Leaving>,
}

/// A request to leave that is under way.
#[derive(Clone, Copy, Debug)]
struct Leaving {
    request: RequestId,
    leave: Leave,
    /// The ring knows, or was left without.
    done: bool,
}

/// A row of the table, votes apart: those are the vote counter's.
#[derive(Debug)]
struct Entry {
    name: String,
    configured: bool,
    addresses: Vec<IpAddr>,
    state: NodeState,
    /// Sequence of the ring on which it became a member; 0 when it never did.
    incarnation: u64,
    joined: Option<Instant>,
    departure: Option<Evidence>,
    /// What it said when it said good-bye.
    leave: Option<Leave>,
}

/// Members of the cluster that a new ring is without.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Departed {
    pub(crate) gone: NodeSet,
    /// Of these, whose votes the others shall no longer expect.
    pub(crate) removed: NodeSet,
}

impl Leaving {
    /// Answers the request; `false` when it was answered before.
    fn finish(&mut self, outbox: &mut Outbox) -> bool {
        if !self.done {
            outbox.reply(self.request, Reply::Done);
        }
        !std::mem::replace(&mut self.done, true)
    }
}

impl Entry {
    fn new(name: String, configured: bool, addresses: Vec<IpAddr>) -> Self {
        Self {
            name,
            configured,
            addresses,
            state: NodeState::Dead,
            incarnation: 0,
            joined: None,
            departure: None,
            leave: None,
        }
    }

    const fn is_admitted(&self) -> bool {
        matches!(self.state, NodeState::Member | NodeState::Leaving)
    }

    const fn is_on_ring(&self) -> bool {
        !matches!(self.state, NodeState::Dead)
    }
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
        entries.entry(me).or_insert_with(|| stranger(me)).state = NodeState::Joining;
        let cluster = Cluster {
            name: config.cluster.clone(),
            id: config.cluster_id,
            config_version: config.config_version,
        };
        let survivors = NodeSet::new();
        Self { me, cluster, entries, survivors, published: BTreeMap::new(), leaving: None }
    }

    /// What all members of this cluster have in common.
    pub(crate) const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// How this node introduces itself, as its state for the others.
    pub(crate) fn hello(&self, voting: State) -> Vec<u8> {
        let me = &self.entries[&self.me];
        let (name, addresses) = (me.name.clone(), me.addresses.clone());
        Hello { cluster: self.cluster.clone(), name, voting, addresses }.encode()
    }

    /// The ring has a new configuration. With the regular one come those who are gone: whoever
    /// did not come along from the old ring is, even if he is on the new one already.
    pub(crate) fn on_configuration(&mut self, configuration: &Configuration) -> Departed {
        if configuration.kind == Kind::Transitional {
            self.survivors.clone_from(&configuration.members);
            return Departed::default();
        }
        let survivors = std::mem::take(&mut self.survivors);
        let evidence = &configuration.change.evidence;
        let mut departed = Departed::default();
        for (&id, entry) in &mut self.entries {
            if entry.is_on_ring() && !survivors.contains(&id) {
                if entry.is_admitted() {
                    departed.gone.insert(id);
                    if entry.leave.is_some_and(|leave| leave.remove) {
                        departed.removed.insert(id);
                    }
                }
                let left = entry.leave.map(|_| Evidence::Left);
                entry.departure = evidence.get(&id).copied().or(left);
                entry.state = NodeState::Dead;
                entry.joined = None;
                entry.leave = None;
            }
            if configuration.members.contains(&id) && !entry.is_on_ring() {
                entry.state = NodeState::Joining;
            }
        }
        departed
    }

    /// Everybody has introduced himself: admits whom it can, and returns what the vote counter of
    /// each member said.
    pub(crate) fn on_synced(
        &mut self,
        now: Instant,
        ring: RingId,
        states: &States,
        outbox: &mut Outbox,
    ) -> BTreeMap<NodeId, State> {
        let mut voting = BTreeMap::new();
        for &id in &states.members {
            match self.introduction(id, states) {
                Ok(Ok(hello)) => {
                    voting.insert(id, hello.voting);
                    let report = self.admit(now, ring, id, hello);
                    report.into_iter().for_each(|report| outbox.report(report));
                }
                Ok(Err(why)) => outbox.report(Report::Conflict { node: id, why }),
                Err(error) => outbox.report(Report::Malformed { node: id, error }),
            }
        }
        voting.retain(|&id, _| self.is_admitted(id));
        self.publish(ring, outbox);
        voting
    }

    /// A member said something to this table. `true` when it was this node, leaving: the ring may
    /// be left now.
    pub(crate) fn on_message(
        &mut self,
        from: NodeId,
        body: Bytes,
        outbox: &mut Outbox,
    ) -> Result<bool, MessageError> {
        let leave = decode_leave(body)?;
        if let Some(entry) = self.entries.get_mut(&from).filter(|entry| entry.is_on_ring()) {
            entry.leave = Some(leave);
            if entry.is_admitted() {
                entry.state = NodeState::Leaving;
            }
        }
        Ok(from == self.me && self.leaving.as_mut().is_some_and(|leaving| leaving.finish(outbox)))
    }

    /// Tells everyone that this node leaves, unless it did so already.
    pub(crate) fn leave(&mut self, request: RequestId, leave: Leave, outbox: &mut Outbox) {
        if self.is_leaving() {
            outbox.reply(request, Reply::Refused(Refusal::Leaving));
            return;
        }
        self.leaving = Some(Leaving { request, leave, done: false });
        outbox.say(Lane::Sync, encode_leave(leave));
    }

    /// A node between two rings has nobody to tell that it leaves, and goes at once; `true` when
    /// this node does. But when the others shall lower their expected votes, they must hear it.
    pub(crate) fn goes_unheard(&mut self, outbox: &mut Outbox) -> bool {
        let leaving = self.leaving.as_mut().filter(|leaving| !leaving.leave.remove);
        leaving.is_some_and(|leaving| leaving.finish(outbox))
    }

    /// This node is on its way out.
    pub(crate) const fn is_leaving(&self) -> bool {
        self.leaving.is_some()
    }

    /// Everything known about this node.
    pub(crate) fn own_row(&self, quorum: &Quorum) -> Node {
        row(self.me, &self.entries[&self.me], quorum)
    }

    /// The whole table, by ascending id.
    pub(crate) fn rows(&self, quorum: &Quorum) -> Vec<Node> {
        self.entries.iter().map(|(&id, entry)| row(id, entry, quorum)).collect()
    }

    /// How many nodes are members of the cluster.
    pub(crate) fn member_count(&self) -> usize {
        self.entries.values().filter(|entry| entry.state == NodeState::Member).count()
    }

    /// Whether this node's votes count.
    pub(crate) fn is_admitted(&self, id: NodeId) -> bool {
        self.entries.get(&id).is_some_and(Entry::is_admitted)
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

    /// Makes a node of this cluster a member, and reports it when the configuration does not know
    /// it.
    fn admit(&mut self, now: Instant, ring: RingId, id: NodeId, hello: Hello) -> Option<Report> {
        let known = self.entries.contains_key(&id);
        if !known {
            self.make_room();
            self.entries.insert(id, stranger(id));
        }
        let entry = self.entries.get_mut(&id).expect("inserted if it was missing");
        if !hello.addresses.is_empty() {
            entry.addresses = hello.addresses;
        }
        if !entry.is_admitted() {
            // Whoever said good-bye before he was let in leaves all the same.
            let leaving = entry.leave.is_some();
            entry.state = if leaving { NodeState::Leaving } else { NodeState::Member };
            entry.incarnation = ring.seq.get();
            entry.joined = Some(now);
            entry.departure = None;
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

fn stranger(id: NodeId) -> Entry {
    Entry::new(format!("Node{id}"), false, Vec::new())
}

fn row(id: NodeId, entry: &Entry, quorum: &Quorum) -> Node {
    let voter = quorum.voter(id);
    Node {
        id,
        name: entry.name.clone(),
        state: entry.state,
        incarnation: entry.incarnation,
        joined: entry.joined,
        votes: voter.votes.get(),
        expected: voter.expected.get(),
        addresses: entry.addresses.clone(),
        departure: entry.departure,
    }
}

fn encode_leave(leave: Leave) -> Vec<u8> {
    let mut message = Service::Nodes.message(2);
    let remove = if leave.remove { LEAVE_REMOVE } else { 0 };
    let force = if leave.force { LEAVE_FORCE } else { 0 };
    message.extend([LEAVE, remove | force]);
    message
}

fn decode_leave(body: Bytes) -> Result<Leave, MessageError> {
    let mut reader = Reader::new("node message", body);
    match reader.u8()? {
        LEAVE => {}
        unknown => return Err(reader.bad("kind", unknown)),
    }
    let flags = reader.u8()?;
    if flags & !(LEAVE_REMOVE | LEAVE_FORCE) != 0 {
        return Err(reader.bad("leave flags", flags));
    }
    reader.end()?;
    Ok(Leave { remove: flags & LEAVE_REMOVE != 0, force: flags & LEAVE_FORCE != 0 })
}

#[cfg(test)]
mod tests;
