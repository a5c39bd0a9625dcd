use std::time::Duration;

use totem::{Cause, Change, RingSeq};

use super::super::service::split;
use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn set(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

fn at(id: u32, pid: u32) -> Address {
    Address { node: node(id), pid }
}

fn group() -> Bytes {
    Bytes::from_static(b"g")
}

/// The groups of some nodes on rings that lose nothing.
struct Cluster {
    nodes: BTreeMap<u32, (Groups, Outbox)>,
    /// What the sessions of each were told.
    told: BTreeMap<(u32, u64), Vec<GroupNotice>>,
    replies: Vec<(RequestId, Reply)>,
    seq: u64,
}

impl Cluster {
    fn new(ids: &[u32]) -> Self {
        let groups = |id| (Groups::new(node(id), Plant::default()), Outbox::default());
        let nodes = ids.iter().map(|&id| (id, groups(id))).collect();
        Self { nodes, told: BTreeMap::new(), replies: Vec::new(), seq: 0 }
    }

    fn configuration(&self, kind: Kind, members: &[u32]) -> Configuration {
        let ring = RingId { seq: RingSeq::new(self.seq), representative: node(members[0]) };
        let change = Change {
            cause: Cause::Started,
            evidence: [].into(),
            gather: Duration::ZERO,
            commit: Duration::ZERO,
            recovery: Duration::ZERO,
        };
        let (joined, left) = (NodeSet::new(), NodeSet::new());
        let members = set(members);
        Configuration { kind, ring, previous: None, members, joined, left, change }
    }

    /// A new ring is installed of those who come together from the same ring.
    fn install(&mut self, sides: &[&[u32]]) -> Vec<u32> {
        self.seq += 4;
        let mut all = sides.concat();
        all.sort_unstable();
        for &side in sides {
            let before = self.configuration(Kind::Transitional, side);
            let after = self.configuration(Kind::Regular, &all);
            for id in side {
                let (groups, _) = self.nodes.get_mut(id).expect("there");
                groups.on_configuration(&before);
                groups.on_configuration(&after);
            }
        }
        self.collect();
        all
    }

    /// The same, and all say who their members are.
    fn ring(&mut self, sides: &[&[u32]]) {
        let all = self.install(sides);
        let lists = all.iter().map(|&id| {
            let pieces = self.nodes[&id].0.state().into_iter().map(Bytes::from);
            (node(id), pieces.collect::<Vec<_>>())
        });
        let states = States { members: set(&all), lists: lists.collect(), ..States::default() };
        for id in &all {
            let (groups, outbox) = self.nodes.get_mut(id).expect("there");
            groups.on_synced(set(&all), &states, outbox);
        }
        self.collect();
    }

    /// What was said reaches all of this ring.
    fn settle(&mut self, ring: &[u32]) {
        for from in ring {
            while let Some(said) =
                self.nodes.get_mut(from).expect("there").1.next_message(Lane::Data)
            {
                self.deliver(ring, *from, &said.message);
            }
        }
    }

    fn deliver(&mut self, ring: &[u32], from: u32, message: &Bytes) {
        for id in ring {
            let (_, _, body) = split(message.clone()).expect("well-formed");
            let (groups, outbox) = self.nodes.get_mut(id).expect("there");
            groups.on_message(node(from), Guarantee::Agreed, body, outbox).expect("readable");
        }
        self.collect();
    }

    fn collect(&mut self) {
        for (&id, (_, outbox)) in &mut self.nodes {
            while let Some(effect) = outbox.poll() {
                if let Effect::NotifyAll { to, notice: Notice::Group(notice) } = effect {
                    for session in to.iter() {
                        self.told.entry((id, session.0)).or_default().push(notice.clone());
                    }
                } else if let Effect::Reply { to, reply } = effect {
                    self.replies.push((to, reply));
                } else {
                    panic!("{effect:?}");
                }
            }
        }
    }

    fn join(&mut self, id: u32, session: u64, pid: u32) -> Reply {
        let (groups, outbox) = self.nodes.get_mut(&id).expect("there");
        groups.join(SessionId(session), (group(), pid, false), outbox)
    }

    fn joined(&mut self, id: u32, session: u64, pid: u32, ring: &[u32]) {
        assert!(matches!(self.join(id, session, pid), Reply::JoinedGroup(_)));
        self.settle(ring);
    }

    fn gone(&mut self, id: u32, session: u64) {
        let (groups, outbox) = self.nodes.get_mut(&id).expect("there");
        groups.gone(SessionId(session), outbox);
    }

    fn say(&mut self, id: u32, session: u64, part: Part, ring: &[u32]) {
        let (session, payload) = (SessionId(session), Bytes::from_static(b"hi"));
        let message = Message::Multicast { session, part, payload }.encode();
        if part == Part::Last {
            let groups = &mut self.nodes.get_mut(&id).expect("there").0;
            groups.sent(RequestId { session, number: 1 });
        }
        self.deliver(ring, id, &message.into());
    }

    fn told(&mut self, id: u32, session: u64) -> Vec<GroupNotice> {
        self.told.remove(&(id, session)).unwrap_or_default()
    }

    /// What this session was told is these views: members, joined, left.
    fn views(&mut self, id: u32, session: u64) -> Vec<Changes> {
        let view = |notice: GroupNotice| match notice {
            GroupNotice::View(View { members, joined, left, .. }) => (members, joined, left),
            GroupNotice::Message { .. } | GroupNotice::Ring(_) => panic!("{notice:?}"),
        };
        self.told(id, session).into_iter().map(view).collect()
    }
}

type Changes = (Vec<Address>, Vec<(Address, Why)>, Vec<(Address, Why)>);

const ALL: &[u32] = &[1, 2, 3];

/// Three nodes; on the first two a program each, which are sessions 7 and processes 10 and 20.
fn two_members() -> Cluster {
    let mut cluster = Cluster::new(ALL);
    cluster.ring(&[&[1], &[2], &[3]]);
    cluster.joined(1, 7, 10, ALL);
    cluster.joined(2, 7, 20, ALL);
    cluster.told.clear();
    cluster
}

#[test]
fn a_joiner_first_sees_itself_come() {
    let mut cluster = Cluster::new(ALL);
    cluster.ring(&[&[1], &[2], &[3]]);
    cluster.joined(2, 7, 20, ALL);
    cluster.joined(1, 7, 10, ALL);
    let came = vec![(at(1, 10), Why::Join)];
    let both = (vec![at(1, 10), at(2, 20)], came, vec![]);
    assert_eq!(cluster.views(1, 7), std::slice::from_ref(&both));
    let first = (vec![at(2, 20)], vec![(at(2, 20), Why::Join)], vec![]);
    assert_eq!(cluster.views(2, 7), [first, both]);
}

#[test]
fn who_left_sees_itself_go_and_may_join_again() {
    let mut cluster = two_members();
    let (groups, outbox) = cluster.nodes.get_mut(&1).expect("there");
    assert_eq!(groups.leave(SessionId(7), outbox), Reply::Done);
    assert_eq!(groups.leave(SessionId(7), outbox), Reply::Refused(Refusal::NotInGroup));
    assert_eq!(cluster.join(1, 7, 10), Reply::Refused(Refusal::TryAgain));
    assert_eq!(cluster.join(1, 8, 10), Reply::Refused(Refusal::TryAgain));
    cluster.settle(ALL);
    let gone = (vec![at(2, 20)], vec![], vec![(at(1, 10), Why::Leave)]);
    assert_eq!(cluster.views(1, 7), std::slice::from_ref(&gone));
    assert_eq!(cluster.views(2, 7), [gone]);
    cluster.joined(1, 7, 10, ALL);
    assert_eq!(cluster.views(1, 7).len(), 1);
}

#[test]
fn a_process_is_once_in_a_group_on_each_node() {
    let mut cluster = two_members();
    for (session, pid) in [(7, 10), (7, 11), (8, 10)] {
        let refused = cluster.join(1, session, pid);
        assert_eq!(refused, Reply::Refused(Refusal::AlreadyMember), "{session} {pid}");
    }
    cluster.joined(1, 8, 11, ALL);
    cluster.joined(3, 8, 10, ALL);
    assert_eq!(cluster.views(2, 7).len(), 2);
}

#[test]
fn a_program_that_ends_is_taken_out_everywhere() {
    let mut cluster = two_members();
    cluster.gone(1, 7);
    cluster.settle(ALL);
    let gone = (vec![at(2, 20)], vec![], vec![(at(1, 10), Why::ProcessDown)]);
    assert_eq!(cluster.views(2, 7), [gone]);
    // One that ends before its join comes in the order comes and goes.
    cluster.join(3, 9, 30);
    cluster.gone(3, 9);
    cluster.settle(ALL);
    assert_eq!(cluster.views(2, 7).len(), 2);
    for (groups, _) in cluster.nodes.values() {
        assert_eq!(groups.registry.members(&group()), [at(2, 20)]);
    }
    assert!(cluster.nodes[&1].0.local.is_empty() && cluster.nodes[&3].0.local.is_empty());
}

#[test]
fn sides_that_part_and_meet_lose_and_gain_each_other() {
    let mut cluster = two_members();
    cluster.ring(&[&[1]]);
    cluster.ring(&[&[2, 3]]);
    let alone = (vec![at(1, 10)], vec![], vec![(at(2, 20), Why::NodeDown)]);
    assert_eq!(cluster.views(1, 7), [alone]);
    cluster.joined(3, 5, 30, &[2, 3]);
    cluster.told.clear();
    cluster.ring(&[&[1], &[2, 3]]);
    let all = vec![at(1, 10), at(2, 20), at(3, 30)];
    let came = vec![(at(2, 20), Why::NodeUp), (at(3, 30), Why::NodeUp)];
    assert_eq!(cluster.views(1, 7), [(all.clone(), came, vec![])]);
    let came = vec![(at(1, 10), Why::NodeUp)];
    assert_eq!(cluster.views(2, 7), [(all.clone(), came.clone(), vec![])]);
    assert_eq!(cluster.views(3, 5), [(all, came, vec![])]);
}

#[test]
fn a_node_that_is_gone_before_all_have_spoken_brings_nobody_in() {
    let mut cluster = two_members();
    cluster.ring(&[&[1]]);
    cluster.told.clear();
    // The two others are on the ring, one has a member, and they are lost again at once.
    cluster.install(&[&[1], &[2, 3]]);
    cluster.ring(&[&[1]]);
    assert_eq!(cluster.views(1, 7), []);
    assert_eq!(cluster.nodes[&1].0.registry.members(&group()), [at(1, 10)]);
}

#[test]
fn a_member_that_its_own_node_does_not_name_is_none() {
    let mut cluster = two_members();
    cluster.install(&[ALL]);
    let states = States { members: set(ALL), ..States::default() };
    let (groups, outbox) = cluster.nodes.get_mut(&1).expect("there");
    groups.on_synced(set(ALL), &states, outbox);
    cluster.collect();
    let gone = (vec![at(1, 10)], vec![], vec![(at(2, 20), Why::ProcessDown)]);
    assert_eq!(cluster.views(1, 7), [gone]);
}

#[test]
fn nobody_hears_one_of_whom_it_was_not_told() {
    let mut cluster = two_members();
    cluster.say(1, 99, Part::Whole, ALL);
    assert_eq!(cluster.told(2, 7), []);
    let (groups, outbox) = cluster.nodes.get_mut(&2).expect("there");
    groups.on_synced(set(&[2]), &States::default(), outbox);
    cluster.collect();
    cluster.told.clear();
    // Of another cluster, on the same ring.
    cluster.join(1, 8, 11);
    cluster.settle(ALL);
    assert_eq!(cluster.told(2, 7), []);
}

#[test]
fn a_message_whose_parts_a_joiner_misses_reaches_nobody() {
    let mut cluster = two_members();
    cluster.say(1, 7, Part::First, ALL);
    cluster.say(1, 7, Part::Last, ALL);
    assert_eq!(cluster.told(2, 7).len(), 2);
    cluster.say(1, 7, Part::First, ALL);
    cluster.joined(3, 7, 30, ALL);
    cluster.say(1, 7, Part::Middle, ALL);
    cluster.say(1, 7, Part::Last, ALL);
    assert_eq!(cluster.told(2, 7).len(), 2);
    assert_eq!(cluster.told(3, 7).len(), 1);
    let (first, second) = (cluster.replies.remove(0).1, cluster.replies.remove(0).1);
    assert_eq!(first, Reply::Done);
    assert_eq!(second, Reply::Refused(Refusal::Interrupted));
}

#[test]
fn a_ring_is_told_after_the_views_it_brings() {
    let mut cluster = two_members();
    cluster.nodes.get_mut(&1).expect("there").0.watch(SessionId(7), true);
    cluster.ring(&[&[1]]);
    cluster.ring(&[&[1], &[2, 3]]);
    let told = cluster.told(1, 7);
    let kinds: Vec<&str> = told
        .iter()
        .map(|notice| match notice {
            GroupNotice::View(view) if view.joined.is_empty() => "left",
            GroupNotice::View(_) => "joined",
            GroupNotice::Ring(_) => "ring",
            GroupNotice::Message { .. } => "message",
        })
        .collect();
    assert_eq!(kinds, ["left", "ring", "joined", "ring"]);
    let Some(GroupNotice::Ring(ring)) = told.last() else { panic!("no ring") };
    assert_eq!((ring.ring.seq.get(), &ring.members), (12, &set(ALL)));
    let (groups, outbox) = cluster.nodes.get_mut(&3).expect("there");
    groups.join(SessionId(5), (group(), 30, true), outbox);
    cluster.settle(ALL);
    let told = cluster.told(3, 5);
    assert!(matches!(&told[..], [GroupNotice::View(_), GroupNotice::Ring(it)] if it == ring));
}

#[test]
fn groups_are_listed_in_answers_that_end() {
    let mut cluster = Cluster::new(&[1]);
    cluster.ring(&[&[1]]);
    let (groups, outbox) = cluster.nodes.get_mut(&1).expect("there");
    for session in 0..3000 {
        let name = Bytes::from(format!("{session:0120}"));
        groups.join(SessionId(session), (name, 1, false), outbox);
        let said = outbox.next_message(Lane::Data).expect("a join");
        let (_, _, body) = split(said.message).expect("well-formed");
        groups.on_message(node(1), Guarantee::Agreed, body, outbox).expect("readable");
    }
    let first = groups.list(&Bytes::new());
    assert!(first.more && first.groups.len() < 3000);
    let second = groups.list(&first.groups.last().expect("some").0);
    assert!(!second.more);
    assert_eq!(first.groups.len() + second.groups.len(), 3000);
}
