use std::time::Duration;

use quorum::Votes;
use totem::{Cause, Change, Evidence, Identity, Lane, Limits, RingSeq, Timing};

use super::super::Held;
use super::super::command::{NodeEntry, SessionId};
use super::super::effect::{Departure, Effect, KillReason, Refusal, Reply};
use super::super::lookup::Shown;
use super::*;

const WATCHER: SessionId = SessionId(1);

pub(super) fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

pub(super) fn set(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

fn ring(seq: u64) -> RingId {
    RingId { seq: RingSeq::new(seq), representative: node(1) }
}

/// Node 1 of three, configuration version 5.
fn config(me: u32, config_version: u64) -> Config {
    let identity = Identity { me: node(me), boot: 1, weight: 1, seed: 1 };
    let ids = [1, 2, 3];
    let entry = |id| NodeEntry {
        id: node(id),
        name: format!("iscsi{id}"),
        votes: 1,
        addresses: Vec::new(),
    };
    let votes = ids.map(|id| (node(id), Votes::ONE));
    Config {
        ring: totem::Config::new(identity, Timing::default(), Limits::for_packet(1400))
            .expect("defaults work"),
        last: RingSeq::new(0),
        cluster: "iscsicluster".to_owned(),
        cluster_id: 46516,
        config_version,
        nodes: ids.map(entry).into(),
        voting: quorum::Config::new(node(1), votes.into(), None, false).expect("valid"),
        disallowed: false,
        shutdown_timeout: Duration::from_secs(5),
        held: Held { text: [].into(), accepted: Vec::new(), mark: 0, copied: false },
        shown: Shown::default(),
    }
}

fn configuration(kind: Kind, seq: u64, members: &[u32]) -> Configuration {
    Configuration {
        kind,
        ring: ring(seq),
        previous: None,
        members: set(members),
        joined: NodeSet::new(),
        left: NodeSet::new(),
        change: Change {
            cause: Cause::TokenLost,
            evidence: [(node(3), Evidence::Silent)].into(),
            gather: Duration::ZERO,
            commit: Duration::ZERO,
            recovery: Duration::ZERO,
        },
    }
}

fn state() -> State {
    State { votes: Votes::ONE, expected: Votes::new(3), ..State::default() }
}

/// A hello as node `id` of a cluster in this configuration version would send it.
fn hello_of(id: u32, config_version: u64) -> Bytes {
    let mut config = config(1, config_version);
    config.nodes[0].name = format!("iscsi{id}");
    Nodes::new(&config).hello(state()).into()
}

/// A node table with what it needs around it.
pub(super) struct Table {
    pub(super) nodes: Nodes,
    pub(super) quorum: Quorum,
    outbox: Outbox,
}

impl Table {
    pub(super) fn new() -> Self {
        let config = config(1, 5);
        let mut outbox = Outbox::default();
        outbox.watch(WATCHER, true);
        Self { nodes: Nodes::new(&config), quorum: Quorum::new(&config.voting), outbox }
    }

    /// From a ring with `survivors` to one with `members`, who all introduce themselves.
    pub(super) fn ring(&mut self, seq: u64, survivors: &[u32], members: &[u32]) -> Departed {
        let departed = self.install(seq, survivors, members);
        let hellos = members.iter().map(|&id| (id, hello_of(id, 5))).collect();
        self.synced(seq, hellos);
        departed
    }

    fn install(&mut self, seq: u64, survivors: &[u32], members: &[u32]) -> Departed {
        let transitional = configuration(Kind::Transitional, seq, survivors);
        assert_eq!(self.nodes.on_configuration(&transitional), Departed::default());
        self.nodes.on_configuration(&configuration(Kind::Regular, seq, members))
    }

    fn synced(&mut self, seq: u64, hellos: Vec<(u32, Bytes)>) -> BTreeMap<NodeId, State> {
        let members = hellos.iter().map(|&(id, _)| node(id)).collect();
        let chunk = |(id, bytes)| ((Service::Nodes, node(id)), bytes);
        let chunks = hellos.into_iter().map(chunk).collect();
        let states = States { members, chunks, ..States::default() };
        let now = Instant::from_nanos(seq);
        self.introduced(now, seq, &states)
    }

    fn introduced(&mut self, now: Instant, seq: u64, states: &States) -> BTreeMap<NodeId, State> {
        let hellos = self.nodes.introductions(states, &mut self.outbox);
        let hellos = hellos.into_iter().collect();
        let voting = self.nodes.on_introduced(now, ring(seq), hellos, &mut self.outbox);
        voting.expect("this node stays")
    }

    /// State, incarnation and whether there is a join time, per node.
    pub(super) fn shown(&self) -> Vec<(u32, NodeState, u64)> {
        let rows = self.nodes.rows(&self.quorum);
        rows.iter().for_each(|row| {
            let member = matches!(row.state, NodeState::Member | NodeState::Leaving);
            assert_eq!(row.joined.is_some(), member, "{row:?}");
        });
        rows.into_iter().map(|row| (row.id.get(), row.state, row.incarnation)).collect()
    }

    fn reports(&mut self) -> Vec<Report> {
        let effects = std::iter::from_fn(|| self.outbox.poll());
        effects
            .filter_map(|effect| match effect {
                Effect::Report(report) => Some(report),
                Effect::Send { .. }
                | Effect::Store(_)
                | Effect::Reply { .. }
                | Effect::Notify { .. }
                | Effect::NotifyAll { .. }
                | Effect::File(_)
                | Effect::Debug(_)
                | Effect::Admit(_)
                | Effect::Exit(_)
                | Effect::Wait(_) => None,
            })
            .collect()
    }
}

#[test]
fn incarnations_are_the_rings_on_which_a_node_was_first_seen() {
    use NodeState::{Dead, Joining, Member};
    let mut table = Table::new();
    assert_eq!(table.shown(), [(1, Joining, 0), (2, Dead, 0), (3, Dead, 0)]);
    table.ring(76, &[], &[1]);
    assert_eq!(table.shown(), [(1, Member, 76), (2, Dead, 0), (3, Dead, 0)]);
    table.install(84, &[1], &[1, 2]);
    assert_eq!(table.shown(), [(1, Member, 76), (2, Joining, 0), (3, Dead, 0)]);
    table.ring(84, &[1], &[1, 2]);
    assert_eq!(table.shown(), [(1, Member, 76), (2, Member, 84), (3, Dead, 0)]);
    table.ring(88, &[1, 2], &[1, 2, 3]);
    table.ring(92, &[1, 2], &[1, 2]);
    assert_eq!(table.shown(), [(1, Member, 76), (2, Member, 84), (3, Dead, 88)]);
    table.ring(96, &[1, 2], &[1, 2, 3]);
    assert_eq!(table.shown(), [(1, Member, 76), (2, Member, 84), (3, Member, 96)]);
}

#[test]
fn a_node_that_restarted_within_one_change_is_gone_and_back() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2]);
    let departed = table.ring(8, &[1], &[1, 2]);
    assert_eq!(departed, Departed { gone: set(&[2]), ..Departed::default() });
    let expected = [(1, NodeState::Member, 4), (2, NodeState::Member, 8), (3, NodeState::Dead, 0)];
    assert_eq!(table.shown(), expected);
}

#[test]
fn who_went_and_why_is_remembered_until_he_is_back() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2, 3]);
    let departed = table.ring(8, &[1, 2], &[1, 2]);
    assert_eq!(departed.gone, set(&[3]));
    let why = |table: &Table| table.nodes.rows(&table.quorum)[2].departure;
    assert_eq!(why(&table), Some(Departure::Found(Evidence::Silent)));
    table.ring(12, &[1, 2], &[1, 2, 3]);
    assert_eq!(why(&table), None);
}

#[test]
fn saying_good_bye_is_leaving_and_then_dead() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2, 3]);
    let remove = Leave { remove: true, force: false };
    for (from, leave) in [(2, remove), (3, Leave::default())] {
        let message = Bytes::from(Message::Leave(leave).encode()).slice(2..);
        assert_eq!(table.nodes.on_message(node(from), message, &mut table.outbox), Ok(None));
    }
    let [me, two, three] = [1, 2, 3].map(|id| table.nodes.entries[&node(id)].state);
    assert_eq!((me, two, three), (NodeState::Member, NodeState::Leaving, NodeState::Leaving));
    assert_eq!(table.nodes.member_count(), 1);
    assert!(table.nodes.is_admitted(node(2)), "its vote counts until it is gone");
    let departed = table.ring(8, &[1], &[1]);
    assert_eq!(departed, Departed { gone: set(&[2, 3]), left: set(&[2, 3]), removed: set(&[2]) });
    let rows = table.nodes.rows(&table.quorum);
    assert_eq!(rows[1].departure, Some(Departure::Found(Evidence::Left)));
    // It comes back and dies of something else: nobody is removed.
    table.ring(12, &[1], &[1, 2]);
    let departed = table.ring(16, &[1], &[1]);
    assert_eq!(departed, Departed { gone: set(&[2]), ..Departed::default() });
}

#[test]
fn a_request_to_leave_is_answered_when_it_comes_back() {
    let mut table = Table::new();
    table.ring(4, &[], &[1]);
    let request = RequestId { session: WATCHER, number: 7 };
    table.nodes.leave(request, Leave::default(), &mut table.outbox);
    table.nodes.leave(request, Leave::default(), &mut table.outbox);
    let said = table.outbox.next_message(Lane::Sync).expect("said").message;
    assert!(table.outbox.next_message(Lane::Sync).is_none(), "said once");
    let back = said.slice(2..);
    assert_eq!(table.nodes.on_message(node(1), back, &mut table.outbox), Ok(Some(Exit::Left)));
    let replies: Vec<Effect> = std::iter::from_fn(|| table.outbox.poll())
        .filter(|effect| matches!(effect, Effect::Reply { .. }))
        .collect();
    let reply = |reply| Effect::Reply { to: request, reply };
    assert_eq!(replies, [reply(Reply::Refused(Refusal::Leaving)), reply(Reply::Done)]);
}

#[test]
fn between_two_rings_only_a_plain_leave_goes_unheard() {
    for (remove, goes) in [(false, true), (true, false)] {
        let mut table = Table::new();
        assert!(!table.nodes.goes_unheard(&mut table.outbox), "nobody asked");
        let request = RequestId { session: WATCHER, number: 7 };
        table.nodes.leave(request, Leave { remove, force: false }, &mut table.outbox);
        assert_eq!(table.nodes.goes_unheard(&mut table.outbox), goes);
        assert!(!table.nodes.goes_unheard(&mut table.outbox), "once is enough");
    }
}

#[test]
fn a_member_that_is_put_out_is_on_the_ring_and_no_member() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2]);
    let departed = table.nodes.put_out(|id| id == node(1));
    assert_eq!((departed.gone, departed.removed), (set(&[2]), set(&[])));
    let expected = [(1, NodeState::Member, 4), (2, NodeState::Joining, 4), (3, NodeState::Dead, 0)];
    assert_eq!(table.shown(), expected);
    assert_eq!(table.install(8, &[1], &[1]), Departed::default(), "it was no member any more");
}

#[test]
fn an_unreadable_or_missing_hello_keeps_a_node_out() {
    let mut table = Table::new();
    table.install(4, &[], &[1, 2, 3]);
    let members = set(&[1, 2, 3]);
    let chunks = [(1, hello_of(1, 5)), (2, Bytes::from_static(b"rubbish"))]
        .map(|(id, bytes)| ((Service::Nodes, node(id)), bytes));
    let states = States { members, chunks: chunks.into(), ..States::default() };
    assert_eq!(table.introduced(Instant::ORIGIN, 4, &states).len(), 1);
    let malformed = |report: &Report| matches!(report, Report::Malformed { .. });
    assert_eq!(table.reports().iter().filter(|report| malformed(report)).count(), 2);
}

#[test]
fn another_protocol_version_keeps_a_node_out() {
    let mut table = Table::new();
    table.install(4, &[], &[1, 2]);
    let chunks = [((Service::Nodes, node(1)), hello_of(1, 5))].into();
    let foreign = [(node(2), 9)].into();
    let states = States { members: set(&[1, 2]), chunks, foreign, ..States::default() };
    table.introduced(Instant::ORIGIN, 4, &states);
    let why = Conflict::Protocol { remote: 9, local: 1 };
    assert_eq!(table.reports(), [Report::Conflict { node: node(2), why }]);
}

#[test]
fn a_node_without_entry_is_listed_by_its_number() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 9]);
    let report = Report::NoEntry { node: node(9), name: "iscsi9".to_owned() };
    assert_eq!(table.reports(), [report]);
    let rows = table.nodes.rows(&table.quorum);
    let (name, votes) = (rows[3].name.as_str(), rows[3].votes);
    assert_eq!((name, votes), ("Node9", 0));
    table.ring(8, &[1], &[1]);
    assert_eq!(table.shown()[3], (9, NodeState::Dead, 4));
}

#[test]
fn strangers_that_are_gone_make_room() {
    let mut table = Table::new();
    let most = u64::try_from(MOST_STRANGERS).expect("small");
    for seq in 1..=most + 10 {
        let stranger = 100 + u32::try_from(seq).expect("small");
        table.ring(seq, &[1], &[1, stranger]);
    }
    assert_eq!(table.nodes.entries.len(), 3 + MOST_STRANGERS);
    assert!(!table.nodes.entries.contains_key(&node(101)), "gone for longest");
    assert!(table.nodes.entries.contains_key(&node(111)));
}

#[test]
fn watchers_are_told_the_difference_to_what_they_were_told() {
    let mut table = Table::new();
    let told = |table: &mut Table| {
        let notices = std::iter::from_fn(|| table.outbox.poll());
        let last = notices.filter(|effect| matches!(effect, Effect::Notify { .. })).last();
        let Some(Effect::Notify { notice, .. }) = last else { panic!("nothing told") };
        let Notice::Membership { members, joined, left, .. } = notice else { panic!("{notice:?}") };
        (members, joined, left)
    };
    table.ring(4, &[], &[1, 2]);
    assert_eq!(told(&mut table), (set(&[1, 2]), set(&[1, 2]), set(&[])));
    // Node 2 goes; before that is told, node 3 comes and node 2 is back.
    table.install(8, &[1], &[1]);
    table.ring(12, &[1], &[1, 2, 3]);
    assert_eq!(told(&mut table), (set(&[1, 2, 3]), set(&[2, 3]), set(&[2])));
}

/// Messages that the table wants said, without their headers.
fn said(table: &mut Table) -> Vec<Bytes> {
    let messages = std::iter::from_fn(|| table.outbox.next_message(Lane::Sync));
    messages.map(|pending| pending.message.slice(2..)).collect()
}

fn replies(table: &mut Table) -> Vec<Reply> {
    std::iter::from_fn(|| table.outbox.poll())
        .filter_map(|effect| match effect {
            Effect::Reply { reply, .. } => Some(reply),
            Effect::Send { .. }
            | Effect::Store(_)
            | Effect::Notify { .. }
            | Effect::NotifyAll { .. }
            | Effect::Report(_)
            | Effect::File(_)
            | Effect::Debug(_)
            | Effect::Admit(_)
            | Effect::Exit(_)
            | Effect::Wait(_) => None,
        })
        .collect()
}

fn kill(table: &mut Table, victim: u32) {
    let request = RequestId { session: WATCHER, number: 7 };
    table.nodes.kill(request, node(victim), &mut table.outbox);
}

#[test]
fn a_victim_is_leaving_when_the_message_is_back_and_gone_as_killed() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2, 3]);
    kill(&mut table, 2);
    assert_eq!(replies(&mut table), [], "not before it is certain");
    let [back] = said(&mut table).try_into().expect("said once");
    assert_eq!(table.nodes.on_message(node(1), back, &mut table.outbox), Ok(None));
    assert_eq!(table.nodes.entries[&node(2)].state, NodeState::Leaving);
    let effects: Vec<Effect> = std::iter::from_fn(|| table.outbox.poll()).collect();
    let reason = KillReason::Operator;
    let expected = [
        Effect::Reply { to: RequestId { session: WATCHER, number: 7 }, reply: Reply::Done },
        Effect::Notify {
            to: WATCHER,
            notice: Notice::State { node: node(2), state: NodeState::Leaving },
        },
        Effect::Report(Report::Killed { node: node(2), by: node(1), reason }),
    ];
    assert_eq!(effects, expected);
    let departed = table.ring(8, &[1, 3], &[1, 3]);
    assert_eq!(departed, Departed { gone: set(&[2]), ..Departed::default() }, "as a death");
    let rows = table.nodes.rows(&table.quorum);
    assert_eq!(rows[1].departure, Some(Departure::Killed(reason)));
}

#[test]
fn this_node_ends_when_it_is_the_victim() {
    let mut table = Table::new();
    table.ring(4, &[], &[1, 2]);
    let victim = Message::Kill { node: node(1), reason: KillReason::Rejoined };
    let message = Bytes::from(victim.encode()).slice(2..);
    let end = table.nodes.on_message(node(2), message, &mut table.outbox);
    assert_eq!(end, Ok(Some(Exit::Killed { by: node(2), reason: KillReason::Rejoined })));
}

#[test]
fn only_nodes_of_this_cluster_kill_and_are_killed() {
    let mut table = Table::new();
    kill(&mut table, 1);
    table.ring(4, &[], &[1]);
    table.install(8, &[1], &[1, 2]);
    let mut other = config(1, 5);
    other.cluster = "another".to_owned();
    let stranger = Nodes::new(&other).hello(state()).into();
    table.synced(8, vec![(1, hello_of(1, 5)), (2, stranger)]);
    kill(&mut table, 2);
    kill(&mut table, 3);
    kill(&mut table, 9);
    let refused = |refusal| Reply::Refused(refusal);
    let expected = [
        refused(Refusal::NotThere(node(1))),
        refused(Refusal::NotThere(node(2))),
        refused(Refusal::NotThere(node(3))),
        refused(Refusal::UnknownNode(node(9))),
    ];
    assert_eq!(replies(&mut table), expected);
    assert_eq!(said(&mut table), Vec::<Bytes>::new());
    // Node 2 is on the ring and of another cluster: what it says has no weight.
    let kill = Message::Kill { node: node(1), reason: KillReason::Operator };
    let message = Bytes::from(kill.encode()).slice(2..);
    assert_eq!(table.nodes.on_message(node(2), message, &mut table.outbox), Ok(None));
}
