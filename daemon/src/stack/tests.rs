use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use quorum::Votes;
use totem::{Destination, Evidence, Identity, Limits, NodeId, NodeSet, Timing};

use super::effect::{Departure, FileJob, KillReason, Node, NodeState, Notice};
use super::reconfigure::Reconfiguration;
use super::*;

/// How long a packet takes from one node to another.
const LATENCY: Duration = Duration::from_micros(100);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn set(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

/// A cluster.conf in short: so many nodes of one vote.
#[derive(Clone, Copy)]
struct File {
    nodes: u32,
    two_node: bool,
    expected: Option<u32>,
    version: u64,
    disallowed: bool,
}

/// Listing 1.
const TWO: File =
    File { nodes: 2, two_node: true, expected: Some(1), version: 5, disallowed: false };
/// The same with three nodes and nothing said of votes.
const THREE: File =
    File { nodes: 3, two_node: false, expected: None, version: 5, disallowed: false };

/// Nodes on a perfect network.
struct World {
    now: Instant,
    stacks: BTreeMap<NodeId, Stack>,
    flying: VecDeque<(Instant, NodeId, NodeId, Bytes)>,
    /// What every node's shell was asked to do beside sending, storing and waiting.
    effects: BTreeMap<NodeId, Vec<Effect>>,
    deadlines: BTreeMap<NodeId, Instant>,
    disks: BTreeMap<NodeId, RingSeq>,
    boots: u64,
    requests: u64,
    /// Version of the file that nodes read when they are to have all go by it.
    file: u64,
    /// Who cannot go by another text.
    refuser: Option<NodeId>,
}

impl World {
    fn new() -> Self {
        Self {
            now: Instant::from_nanos(1_000_000_000),
            stacks: BTreeMap::new(),
            flying: VecDeque::new(),
            effects: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            disks: BTreeMap::new(),
            boots: 0,
            requests: 0,
            file: 6,
            refuser: None,
        }
    }

    /// Starts these nodes with this file.
    fn start(&mut self, ids: &[u32], file: File) {
        for &id in ids {
            self.boots += 1;
            let me = node(id);
            let last = self.disks.get(&me).copied().unwrap_or_default();
            let config = config(id, self.boots, last, file);
            self.stacks.insert(me, Stack::new(config, self.now));
            self.effects.insert(me, Vec::new());
            self.drain(me);
        }
    }

    /// The power goes.
    fn kill(&mut self, id: u32) {
        self.stacks.remove(&node(id));
        self.deadlines.remove(&node(id));
    }

    fn drain(&mut self, me: NodeId) {
        loop {
            let stack = self.stacks.get_mut(&me).expect("started");
            match stack.poll() {
                Effect::Send { to, packet } => {
                    let others = self.stacks.keys().copied().filter(|&other| other != me);
                    let at = self.now + LATENCY;
                    let meant = others.filter(|&other| match to {
                        Destination::Everyone => true,
                        Destination::Node(node) => node == other,
                    });
                    self.flying.extend(meant.map(|other| (at, me, other, packet.clone())));
                }
                Effect::Store(seq) => {
                    self.disks.insert(me, seq);
                    stack.handle(self.now, Input::Stored(seq)).expect("no packet");
                }
                Effect::Wait(deadline) => {
                    match deadline {
                        Some(deadline) => self.deadlines.insert(me, deadline.at),
                        None => self.deadlines.remove(&me),
                    };
                    return;
                }
                Effect::File(FileJob::Fetch(request)) => {
                    let read = ("cluster.conf".to_owned(), text(self.file));
                    stack.fetched(self.now, request, Ok(read));
                }
                Effect::File(FileJob::Stage { ticket, text, .. }) => {
                    let refused = self.refuser == Some(me);
                    let new = reconfiguration(me, &text);
                    let staged = if refused { Err("no room".to_owned()) } else { Ok(new) };
                    stack.staged(self.now, ticket, staged);
                }
                Effect::File(FileJob::Activate { ticket, .. }) => {
                    stack.activated(self.now, ticket, Ok(()));
                }
                effect @ (Effect::Reply { .. }
                | Effect::Notify { .. }
                | Effect::NotifyAll { .. }
                | Effect::Report(_)
                | Effect::File(FileJob::Unstage(_))
                | Effect::Debug(_)
                | Effect::Admit(_)
                | Effect::Exit(_)) => self.effects.entry(me).or_default().push(effect),
            }
        }
    }

    /// Lets the next thing happen.
    fn step(&mut self) {
        let timer = self.deadlines.iter().map(|(&id, &at)| (at, id)).min();
        let packet = self.flying.front().map(|&(at, ..)| at);
        match (packet, timer) {
            (Some(at), timer) if timer.is_none_or(|(due, _)| at <= due) => {
                let (_, from, to, bytes) = self.flying.pop_front().expect("it is there");
                self.now = self.now.max(at);
                if let Some(stack) = self.stacks.get_mut(&to) {
                    stack.handle(self.now, Input::Packet { from, bytes }).expect("well-formed");
                    self.drain(to);
                }
            }
            (_, Some((due, id))) => {
                self.now = self.now.max(due);
                let stack = self.stacks.get_mut(&id).expect("the dead have no deadlines");
                stack.handle(self.now, Input::Timeout).expect("no packet");
                self.drain(id);
            }
            (_, None) => panic!("nothing will ever happen again"),
        }
    }

    /// Until `done`, for a minute at most.
    fn until(&mut self, what: &str, done: impl Fn(&mut Self) -> bool) {
        let end = self.now + Duration::from_secs(60);
        while !done(self) {
            assert!(self.now < end, "{what}: not within a minute");
            self.step();
        }
    }

    /// Until these nodes, and no others, are on one ring and have synchronized.
    fn together(&mut self, ids: &[u32]) {
        let members = set(ids);
        self.until("ring", |world| {
            ids.iter().all(|&id| {
                let status = world.stacks[&node(id)].status();
                status.synchronized && status.ring_members == members
            })
        });
    }

    fn ask(&mut self, id: u32, command: Command) -> RequestId {
        self.requests += 1;
        let request = RequestId { session: SessionId(1), number: self.requests };
        let stack = self.stacks.get_mut(&node(id)).expect("started");
        stack.command(self.now, request, command);
        self.drain(node(id));
        request
    }

    fn reply(&self, id: u32, request: RequestId) -> Option<&Reply> {
        self.effects[&node(id)].iter().find_map(|effect| match effect {
            Effect::Reply { to, reply } if *to == request => Some(reply),
            Effect::Send { .. }
            | Effect::Store(_)
            | Effect::Reply { .. }
            | Effect::Notify { .. }
            | Effect::NotifyAll { .. }
            | Effect::Report(_)
            | Effect::File(_)
            | Effect::Debug(_)
            | Effect::Admit(_)
            | Effect::Exit(_)
            | Effect::Wait(_) => None,
        })
    }

    fn status(&mut self, id: u32) -> Status {
        let request = self.ask(id, Command::Status);
        let Some(Reply::Status(status)) = self.reply(id, request) else { panic!("no status") };
        (**status).clone()
    }

    fn nodes(&mut self, id: u32) -> Vec<Node> {
        let request = self.ask(id, Command::Nodes);
        let Some(Reply::Nodes(nodes)) = self.reply(id, request) else { panic!("no nodes") };
        nodes.clone()
    }

    fn has(&self, id: u32, wanted: impl Fn(&Effect) -> bool) -> bool {
        self.effects[&node(id)].iter().any(wanted)
    }

    fn has_left(&self, id: u32) -> bool {
        self.has(id, |effect| *effect == Effect::Exit(Exit::Left))
    }

    /// Leaves, and takes the daemon away once it is out.
    fn leave(&mut self, id: u32, remove: bool) {
        let request = self.ask(id, Command::Leave(Leave { remove, force: false }));
        self.until("leave", |world| world.has_left(id));
        assert_eq!(self.reply(id, request), Some(&Reply::Done));
        self.kill(id);
    }

    /// Nodes, Expected votes, Total votes, Node votes, Quorum, and whether activity is blocked.
    fn shown(&mut self, id: u32) -> (usize, u32, u32, u32, u32, bool) {
        let Status { members, verdict, me, .. } = self.status(id);
        let [expected, total, needed] =
            [verdict.expected, verdict.present, verdict.needed].map(Votes::get);
        (members, expected, total, me.votes, needed, !verdict.quorate)
    }
}

/// A text of this version. Nodes that are told different things by it are made with one text all
/// the same: what counts here is what they are told.
fn text(version: u64) -> Vec<u8> {
    let entry = |id: u32| format!("<clusternode name=\"iscsi{id}\" nodeid=\"{id}\"/>");
    let nodes: String = (1..=4).map(entry).collect();
    format!(
        "<cluster name=\"iscsicluster\" config_version=\"{version}\">\
         <clusternodes>{nodes}</clusternodes></cluster>"
    )
    .into_bytes()
}

/// What a node becomes that is told of three nodes of one vote by this text.
fn reconfiguration(me: NodeId, text: &[u8]) -> Box<Reconfiguration> {
    let read = confdb::load::configuration("cluster.conf", text).expect("it is valid");
    let version = read.cluster.config_version.into();
    let Config { ring, nodes, voting, disallowed, shutdown_timeout, .. } =
        config(me.get(), 1, RingSeq::default(), File { version, ..THREE });
    let (voting, tuning) = (Some(voting), ring.tuning());
    let shown = Shown { keys: Vec::new(), objects: read.tree };
    Box::new(Reconfiguration {
        version,
        nodes,
        voting,
        tuning,
        disallowed,
        shutdown_timeout,
        shown,
        keys: 0,
    })
}

fn config(id: u32, boot: u64, last: RingSeq, file: File) -> Config {
    let identity = Identity { me: node(id), boot, weight: 1, seed: u64::from(id) };
    let limits = Limits::for_packet(1400);
    let entry = |id: u32| NodeEntry {
        id: node(id),
        name: format!("iscsi{id}"),
        votes: 1,
        addresses: vec![[192, 168, 10, u8::try_from(10 + id).expect("few")].into()],
    };
    let votes = (1..=file.nodes).map(|id| (node(id), Votes::ONE)).collect();
    let expected = file.expected.map(Votes::new);
    let read = confdb::load::configuration("f", &text(file.version)).expect("it is valid");
    Config {
        ring: totem::Config::new(identity, Timing::default(), limits).expect("defaults work"),
        last,
        cluster: "iscsicluster".to_owned(),
        cluster_id: 46516,
        config_version: file.version,
        nodes: (1..=file.nodes).map(entry).collect(),
        voting: quorum::Config::new(node(id), votes, expected, file.two_node).expect("valid"),
        disallowed: file.disallowed,
        shutdown_timeout: Duration::from_secs(5),
        held: Held {
            text: text(file.version).into(),
            accepted: Vec::new(),
            mark: 0,
            copied: false,
        },
        shown: Shown { keys: Vec::new(), objects: read.tree },
    }
}

mod departing;
mod lookup;
mod managers;
mod ports;
mod versions;

fn states(rows: &[Node]) -> Vec<NodeState> {
    rows.iter().map(|row| row.state).collect()
}

#[test]
fn two_nodes_show_what_the_reference_shows() {
    use NodeState::{Dead, Member};
    let mut world = World::new();
    world.start(&[1], TWO);
    world.together(&[1]);
    assert_eq!(world.shown(1), (1, 1, 1, 1, 1, false));
    let alone = world.nodes(1);
    assert_eq!(states(&alone), [Member, Dead]);
    assert_eq!(alone[1].incarnation, 0);
    world.start(&[2], TWO);
    world.together(&[1, 2]);
    for id in [1, 2] {
        assert_eq!(world.shown(id), (2, 1, 2, 1, 1, false));
        let status = world.status(id);
        assert!(status.two_node);
        assert_eq!((status.cluster.as_str(), status.cluster_id), ("iscsicluster", 46516));
        assert_eq!((status.config_version, status.me.name), (5, format!("iscsi{id}")));
    }
    // Each saw itself first, the other on the common ring.
    let (one, two) = (world.nodes(1), world.nodes(2));
    let generation = world.status(1).generation;
    assert_eq!(one[0].incarnation, alone[0].incarnation);
    assert_eq!((one[1].incarnation, two[0].incarnation), (generation, generation));
    assert_eq!(one[1].addresses, [std::net::IpAddr::from([192, 168, 10, 12])]);
    assert_eq!(one[0].joined, alone[0].joined);
}

#[test]
fn leaving_and_joining_show_what_the_reference_shows() {
    use NodeState::{Dead, Member};
    let mut world = World::new();
    world.start(&[1, 2], TWO);
    world.together(&[1, 2]);
    for remove in [false, true] {
        let incarnation = world.nodes(1)[1].incarnation;
        world.leave(2, remove);
        world.together(&[1]);
        assert_eq!(world.shown(1), (1, 1, 1, 1, 1, false));
        let rows = world.nodes(1);
        assert_eq!(states(&rows), [Member, Dead]);
        assert_eq!((rows[1].incarnation, rows[1].joined), (incarnation, None));
        assert_eq!(rows[1].departure, Some(Departure::Found(Evidence::Left)));
        world.start(&[2], TWO);
        world.together(&[1, 2]);
        assert!(world.nodes(1)[1].incarnation > incarnation);
    }
    world.leave(1, false);
    world.together(&[2]);
}

#[test]
fn three_nodes_show_what_the_reference_shows() {
    use NodeState::{Dead, Member};
    let mut world = World::new();
    world.start(&[1], THREE);
    world.together(&[1]);
    assert_eq!(world.shown(1), (1, 3, 1, 1, 2, true));
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    assert_eq!(world.shown(1), (2, 3, 2, 1, 2, false));
    assert_eq!(states(&world.nodes(1)), [Member, Member, Dead]);
    world.start(&[3], THREE);
    world.together(&[1, 2, 3]);
    assert_eq!(world.shown(3), (3, 3, 3, 1, 2, false));
    world.kill(3);
    world.together(&[1, 2]);
    assert_eq!(world.shown(1), (2, 3, 2, 1, 2, false));
    assert_eq!(states(&world.nodes(1)), [Member, Member, Dead]);
    world.start(&[3], THREE);
    world.together(&[1, 2, 3]);
    world.kill(1);
    world.together(&[2, 3]);
    world.kill(2);
    world.together(&[3]);
    assert_eq!(world.shown(3), (1, 3, 1, 1, 2, true));
    assert_eq!(states(&world.nodes(3)), [Dead, Dead, Member]);
}

#[test]
fn leaving_with_remove_lowers_and_a_rejoin_restores() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    world.leave(3, false);
    world.together(&[1, 2]);
    assert_eq!(world.shown(1), (2, 3, 2, 1, 2, false));
    world.start(&[3], THREE);
    world.together(&[1, 2, 3]);
    world.leave(3, true);
    world.together(&[1, 2]);
    assert_eq!(world.shown(1), (2, 2, 2, 1, 2, false));
    assert_eq!(world.shown(2), (2, 2, 2, 1, 2, false));
    world.leave(2, true);
    world.together(&[1]);
    assert_eq!(world.shown(1), (1, 1, 1, 1, 1, false));
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    for id in [1, 2] {
        assert_eq!(world.shown(id), (2, 3, 2, 1, 2, false));
    }
}

#[test]
fn a_node_without_entry_is_admitted_without_a_vote() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    world.start(&[4], File { nodes: 4, ..THREE });
    world.together(&[1, 2, 4]);
    // Its own file counts it, and those who may act do not: so it does not either.
    assert_eq!(world.shown(1), (3, 3, 2, 1, 2, false));
    assert_eq!(world.shown(4), (3, 3, 2, 0, 2, false));
    let rows = world.nodes(1);
    assert_eq!((rows[3].name.as_str(), rows[3].votes), ("Node4", 0));
    let report = Report::NoEntry { node: node(4), name: "iscsi4".to_owned() };
    assert!(world.has(1, |effect| *effect == Effect::Report(report.clone())));
}

/// The configurations and raw messages that a node's attached session saw, in short.
fn seen(world: &World, id: u32) -> Vec<String> {
    let notices = world.effects[&node(id)].iter().filter_map(|effect| match effect {
        Effect::Notify { notice, .. } | Effect::NotifyAll { notice, .. } => Some(notice),
        Effect::Send { .. }
        | Effect::Store(_)
        | Effect::Reply { .. }
        | Effect::Report(_)
        | Effect::File(_)
        | Effect::Debug(_)
        | Effect::Admit(_)
        | Effect::Exit(_)
        | Effect::Wait(_) => None,
    });
    notices
        .filter_map(|notice| match notice {
            Notice::Configuration(c) => Some(format!("{:?} {:?}", c.kind, c.members)),
            Notice::Message { from, payload, .. } => {
                Some(format!("{from}: {}", String::from_utf8_lossy(payload)))
            }
            Notice::Membership { .. }
            | Notice::Quorum(_)
            | Notice::State { .. }
            | Notice::TryShutdown(_)
            | Notice::ConfigUpdate { .. }
            | Notice::Group(_)
            | Notice::Key(_)
            | Notice::Object(_)
            | Notice::Data { .. }
            | Notice::Port { .. }
            | Notice::View(_) => None,
        })
        .collect()
}

#[test]
fn attached_sessions_see_configurations_and_messages_in_one_order() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    for id in [1, 2, 3] {
        world.ask(id, Command::Attach);
    }
    for text in ["a", "b", "c"] {
        for id in [1, 2, 3] {
            let payload = Bytes::from(text);
            let guarantee = if text == "b" { Guarantee::Safe } else { Guarantee::Agreed };
            let request = world.ask(id, Command::Multicast { guarantee, payload });
            assert_eq!(world.reply(id, request), Some(&Reply::Done));
        }
    }
    world.until("messages", |world| [1, 2, 3].iter().all(|&id| seen(world, id).len() == 10));
    let first = seen(&world, 1);
    assert_eq!(first[0], "Regular {n1, n2, n3}");
    assert_eq!((seen(&world, 2), seen(&world, 3)), (first.clone(), first));
    world.leave(3, false);
    world.together(&[1, 2]);
    let changes = ["Transitional {n1, n2}", "Regular {n1, n2}"];
    assert_eq!(seen(&world, 1)[10..], changes);
    assert_eq!(seen(&world, 2)[10..], changes);
}

#[test]
fn a_multicast_that_cannot_be_is_refused_with_the_reason() {
    let mut world = World::new();
    world.start(&[1], TWO);
    let multicast = |size: usize| {
        let payload = Bytes::from(vec![0; size]);
        Command::Multicast { guarantee: Guarantee::Agreed, payload }
    };
    let most = Limits::for_packet(1400).message - HEADER;
    let request = world.ask(1, multicast(most + 1));
    let refusal = Refusal::TooLarge { size: most + 1, most };
    assert_eq!(world.reply(1, request), Some(&Reply::Refused(refusal)));
    // No ring yet: messages queue until the lane is full.
    let first = world.ask(1, multicast(most));
    assert_eq!(world.reply(1, first), Some(&Reply::Done));
    let full = [(); 3].map(|()| world.ask(1, multicast(most))).last().copied().expect("three");
    assert_eq!(world.reply(1, full), Some(&Reply::Refused(Refusal::TryAgain)));
    world.together(&[1]);
    world.ask(1, Command::Leave(Leave::default()));
    let late = world.ask(1, multicast(1));
    assert_eq!(world.reply(1, late), Some(&Reply::Refused(Refusal::Leaving)));
}

#[test]
fn a_node_that_gathers_leaves_at_once() {
    let mut world = World::new();
    world.start(&[1], TWO);
    let start = world.now;
    world.leave(1, false);
    assert!(world.now.since(start) < Duration::from_millis(500), "took {:?}", world.now);
}

#[test]
fn watchers_hear_of_members_and_verdicts() {
    let mut world = World::new();
    world.start(&[1], THREE);
    world.ask(1, Command::Watch { on: true, objects: false });
    world.start(&[2], THREE);
    world.together(&[1, 2]);
    assert!(world.has(1, |effect| matches!(effect,
        Effect::Notify { notice: Notice::Quorum(verdict), .. } if verdict.quorate)));
    assert!(world.has(1, |effect| matches!(effect,
        Effect::Notify { notice: Notice::Membership { members, .. }, .. }
            if *members == set(&[1, 2]))));
    world.ask(1, Command::Watch { on: false, objects: false });
    let told = world.effects[&node(1)].len();
    world.kill(2);
    world.together(&[1]);
    let later = &world.effects[&node(1)][told..];
    assert!(!later.iter().any(|effect| matches!(effect, Effect::Notify { .. })));
}
