use bytes::Bytes;
use proptest::prelude::*;
use totem::Lane;

use super::super::super::effect::Effect;
use super::super::super::service;
use super::*;

const NODES: u32 = 4;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn name() -> Name {
    Name::new(Bytes::from_static(b"start")).expect("it is short")
}

/// A node: its barriers, what it wants said, and how much of the order it has seen.
struct Node {
    id: NodeId,
    barriers: Barriers,
    outbox: Outbox,
    /// Messages of the group's order that it has seen.
    seen: usize,
    /// The group whose members hear each other.
    group: u8,
    requests: u64,
    answers: Vec<Reply>,
}

impl Node {
    fn new(id: u32) -> Self {
        let barriers = Barriers::new(node(id));
        let outbox = Outbox::default();
        Self { id: node(id), barriers, outbox, seen: 0, group: 0, requests: 0, answers: vec![] }
    }

    fn register(&mut self, nodes: u32, once: bool) -> Result<(), PortRefused> {
        self.barriers.register(SessionId(1), (name(), nodes, once))
    }

    fn wait(&mut self, now: Instant) -> Result<(), PortRefused> {
        self.requests += 1;
        let request = RequestId { session: SessionId(1), number: self.requests };
        self.barriers.wait(now, (request, &name()), &mut self.outbox)
    }

    /// Answers since the last time.
    fn answered(&mut self) -> Vec<Reply> {
        self.collect();
        std::mem::take(&mut self.answers)
    }

    fn collect(&mut self) {
        while let Some(effect) = self.outbox.poll() {
            let Effect::Reply { reply, .. } = effect else { panic!("{effect:?}") };
            self.answers.push(reply);
        }
    }
}

/// Nodes that hear each other in groups, each in one order.
struct Model {
    nodes: Vec<Node>,
    orders: BTreeMap<u8, Vec<(NodeId, Message)>>,
}

impl Model {
    fn new() -> Self {
        Self { nodes: (1..=NODES).map(Node::new).collect(), orders: BTreeMap::new() }
    }

    fn group(&self, group: u8) -> BTreeSet<NodeId> {
        self.nodes.iter().filter(|node| node.group == group).map(|node| node.id).collect()
    }

    /// The next message of a node takes its place in the order.
    fn speak(&mut self, index: usize) -> bool {
        let node = &mut self.nodes[index];
        let Some(pending) = node.outbox.next_message(Lane::Data) else { return false };
        let (service, _, body) = service::split(pending.message).expect("it has a header");
        assert_eq!(service, service::Service::Ports);
        let message = Message::decode(body).expect("it was encoded");
        self.orders.entry(node.group).or_default().push((node.id, message));
        true
    }

    /// A node sees the next message.
    fn hear(&mut self, index: usize) -> bool {
        let members = self.group(self.nodes[index].group);
        let node = &mut self.nodes[index];
        let order = self.orders.entry(node.group).or_default();
        let Some((from, message)) = order.get(node.seen).cloned() else { return false };
        node.seen += 1;
        let said = match message {
            Message::Arrive(arrival) => Ok(arrival),
            Message::Withdraw(name) => Err(name),
            Message::Open(_) | Message::Data { .. } => panic!("not about barriers"),
        };
        node.barriers.on_message(from, said, &mut node.outbox).expect("few barriers");
        node.barriers.pass(&members, &mut node.outbox);
        true
    }

    /// Everybody sees all that was said.
    fn catch_up(&mut self) {
        for index in 0..self.nodes.len() {
            while self.hear(index) {}
        }
    }

    /// Everybody says and sees all there is.
    fn rest(&mut self) {
        for _ in 0..100 {
            self.catch_up();
            let said = (0..self.nodes.len()).filter(|index| self.speak(*index)).count();
            if said == 0 {
                return;
            }
        }
        panic!("they never stop talking");
    }

    /// Who hears whom changes: what was said in the old groups was heard by all of them.
    fn regroup(&mut self, groups: &[u8]) {
        self.catch_up();
        let before: Vec<BTreeSet<NodeId>> =
            self.nodes.iter().map(|node| self.group(node.group)).collect();
        for (node, group) in self.nodes.iter_mut().zip(groups) {
            node.group = *group;
            node.seen = 0;
        }
        self.orders.clear();
        let mut said = BTreeMap::new();
        for (index, before) in before.iter().enumerate() {
            let members = self.group(self.nodes[index].group);
            let node = &mut self.nodes[index];
            if !before.is_subset(&members) {
                node.barriers.on_lost(&mut node.outbox);
            }
            said.insert(node.id, node.barriers.own());
        }
        for index in 0..self.nodes.len() {
            let members = self.group(self.nodes[index].group);
            let heard = said.iter().filter(|(id, _)| members.contains(id));
            let heard = heard.map(|(id, own)| (*id, own.clone())).collect();
            let node = &mut self.nodes[index];
            node.barriers.on_synced(heard, &mut node.outbox);
            node.barriers.pass(&members, &mut node.outbox);
        }
    }

    /// All of a group, at the same place of the order, know the same.
    fn agree(&self) {
        for one in &self.nodes {
            for other in self.nodes.iter().filter(|other| other.group == one.group) {
                if one.seen == other.seen {
                    let known = |node: &Node| {
                        let all = node.barriers.arrivals.iter();
                        let all =
                            all.map(|(name, all)| (name.clone(), all.nodes, all.here.clone()));
                        all.collect::<Vec<_>>()
                    };
                    assert_eq!(known(one), known(other), "{} and {}", one.id, other.id);
                }
            }
        }
    }
}

fn lost() -> Reply {
    Reply::Refused(Refusal::Port(PortRefused::NodeLost))
}

#[test]
fn all_members_pass_when_the_last_has_arrived() {
    let mut model = Model::new();
    for index in 0..4 {
        model.nodes[index].register(0, false).expect("it is new");
        model.nodes[index].wait(Instant::ORIGIN).expect("it is registered");
        model.rest();
        let passed = model.nodes.iter_mut().map(Node::answered).collect::<Vec<_>>();
        let expected = if index < 3 { vec![] } else { vec![Reply::Done] };
        assert_eq!(passed, vec![expected; 4]);
    }
    // Who comes later passes at once.
    model.nodes[1].wait(Instant::ORIGIN).expect("it is registered");
    assert_eq!(model.nodes[1].answered(), [Reply::Done]);
}

#[test]
fn some_nodes_pass_when_they_are_enough() {
    let mut model = Model::new();
    for index in [0, 3] {
        assert_eq!(model.nodes[index].answered(), []);
        model.nodes[index].register(2, true).expect("it is new");
        model.nodes[index].wait(Instant::ORIGIN).expect("it is registered");
        model.rest();
    }
    for index in [0, 3] {
        assert_eq!(model.nodes[index].answered(), [Reply::Done]);
        // It was for once.
        assert_eq!(model.nodes[index].wait(Instant::ORIGIN), Err(PortRefused::NoBarrier));
    }
}

#[test]
fn the_loss_of_a_member_ends_a_wait_for_a_number() {
    let mut model = Model::new();
    for index in 0..2 {
        model.nodes[index].register(3, false).expect("it is new");
        model.nodes[index].wait(Instant::ORIGIN).expect("it is registered");
    }
    model.rest();
    model.regroup(&[0, 0, 0, 1]);
    assert_eq!(model.nodes[0].answered(), [lost()]);
    assert_eq!(model.nodes[1].answered(), [lost()]);
    model.rest();
    model.agree();
    // Those who are left can wait again.
    model.nodes[2].register(3, false).expect("it is new");
    (0..3).for_each(|index| model.nodes[index].wait(Instant::ORIGIN).expect("registered"));
    model.rest();
    (0..3).for_each(|index| assert_eq!(model.nodes[index].answered(), [Reply::Done]));
}

#[test]
fn all_members_are_fewer_after_a_loss_and_more_after_a_join() {
    let mut model = Model::new();
    model.regroup(&[0, 0, 0, 1]);
    for index in 0..2 {
        model.nodes[index].register(0, false).expect("it is new");
        model.nodes[index].wait(Instant::ORIGIN).expect("it is registered");
    }
    model.rest();
    // The fourth comes: now it must arrive as well.
    model.regroup(&[0, 0, 0, 0]);
    model.nodes[2].register(0, false).expect("it is new");
    model.nodes[2].wait(Instant::ORIGIN).expect("it is registered");
    model.rest();
    assert_eq!(model.nodes[0].answered(), []);
    // It goes: those who are left are all.
    model.regroup(&[0, 0, 0, 1]);
    (0..3).for_each(|index| assert_eq!(model.nodes[index].answered(), [Reply::Done]));
}

#[test]
fn the_first_number_counts() {
    let mut model = Model::new();
    for (index, nodes) in [(0, 2), (1, 3)] {
        model.nodes[index].register(nodes, false).expect("it is new");
        model.nodes[index].wait(Instant::ORIGIN).expect("it is registered");
        model.rest();
    }
    let other = Reply::Refused(Refusal::Port(PortRefused::OtherNodes(2)));
    assert_eq!(model.nodes[1].answered(), [other]);
    assert_eq!(model.nodes[0].register(3, false), Err(PortRefused::OtherNodes(2)));
}

#[test]
fn whoever_gives_up_does_not_count() {
    let mut model = Model::new();
    let now = Instant::ORIGIN;
    let patience = BarrierChange::Patience(Some(Duration::from_secs(1)));
    let one = &mut model.nodes[0];
    one.register(2, false).expect("it is new");
    one.barriers.change(now, (&name(), patience), &mut one.outbox).expect("it is away");
    one.wait(now).expect("it is registered");
    let arrived = one.barriers.change(now, (&name(), patience), &mut one.outbox);
    assert_eq!(arrived, Err(PortRefused::Arrived));
    let due = one.barriers.deadline().expect("it is patient for a second only");
    assert_eq!(due, now + Duration::from_secs(1));
    one.barriers.on_time(due, &mut one.outbox);
    let late = Reply::Refused(Refusal::Port(PortRefused::TimedOut));
    assert_eq!(one.answered(), [late]);
    model.rest();
    model.nodes[1].register(2, false).expect("it is new");
    model.nodes[1].wait(now).expect("it is registered");
    model.rest();
    assert_eq!(model.nodes[1].answered(), []);
}

#[test]
fn a_barrier_goes_with_the_last_who_registered_it() {
    let mut model = Model::new();
    let one = &mut model.nodes[0];
    for session in [SessionId(1), SessionId(2)] {
        one.barriers.register(session, (name(), 2, false)).expect("it is the same");
    }
    one.wait(Instant::ORIGIN).expect("it is registered");
    model.rest();
    let one = &mut model.nodes[0];
    one.barriers.gone(SessionId(1), &mut one.outbox);
    assert_eq!(one.barriers.local.len(), 1);
    one.barriers.gone(SessionId(2), &mut one.outbox);
    assert_eq!(one.barriers.local.len(), 0);
    model.rest();
    assert!(model.nodes.iter().all(|node| node.barriers.arrivals.is_empty()));
    assert_eq!(model.nodes[0].answered(), []);
}

#[test]
fn there_is_no_room_for_too_many() {
    let mut barriers = Barriers::new(node(1));
    let mut outbox = Outbox::default();
    for round in 0..3 {
        for number in 0..MOST {
            let name = Name::new(format!("{round}-{number}").into()).expect("it is short");
            barriers.register(SessionId(1), (name.clone(), 2, false)).expect("there is room");
            let request = RequestId { session: SessionId(1), number: 1 };
            let waits = barriers.wait(Instant::ORIGIN, (request, &name), &mut outbox);
            let expected = if round == 0 { Ok(()) } else { Err(PortRefused::TooManyBarriers) };
            assert_eq!(waits, expected);
        }
        let more = (name(), 2, false);
        let refused = barriers.register(SessionId(1), more);
        assert_eq!(refused, Err(PortRefused::TooManyBarriers));
        barriers.gone(SessionId(1), &mut outbox);
    }
    let queued = std::iter::from_fn(|| outbox.next_message(Lane::Data)).count();
    assert_eq!(queued, MOST);
}

#[derive(Clone, Debug)]
enum Action {
    Register { node: usize, nodes: u32, once: bool },
    Wait { node: usize },
    Arrive { node: usize },
    Delete { node: usize },
    GiveUp { node: usize },
    Speak { node: usize },
    Hear { node: usize },
    Regroup([u8; 4]),
}

fn action() -> impl Strategy<Value = Action> {
    let node = 0..4_usize;
    prop_oneof![
        4 => (node.clone(), prop_oneof![Just(0), Just(2)], any::<bool>())
            .prop_map(|(node, nodes, once)| Action::Register { node, nodes, once }),
        6 => node.clone().prop_map(|node| Action::Wait { node }),
        1 => node.clone().prop_map(|node| Action::Arrive { node }),
        1 => node.clone().prop_map(|node| Action::Delete { node }),
        1 => node.clone().prop_map(|node| Action::GiveUp { node }),
        8 => node.clone().prop_map(|node| Action::Speak { node }),
        12 => node.prop_map(|node| Action::Hear { node }),
        1 => prop::array::uniform4(0..2_u8).prop_map(Action::Regroup),
    ]
}

impl Model {
    /// What is refused is fine: only what the nodes know is judged.
    fn act(&mut self, action: &Action) {
        let now = Instant::ORIGIN;
        match *action {
            Action::Register { node, nodes, once } => {
                let _ = self.nodes[node].register(nodes, once);
            }
            Action::Wait { node } => {
                let _ = self.nodes[node].wait(now);
            }
            Action::Arrive { node } => {
                let node = &mut self.nodes[node];
                let arrive = (&name(), BarrierChange::Arrive);
                let _ = node.barriers.change(now, arrive, &mut node.outbox);
            }
            Action::Delete { node } => {
                let node = &mut self.nodes[node];
                let _ = node.barriers.delete(&name(), &mut node.outbox);
            }
            Action::GiveUp { node } => {
                let node = &mut self.nodes[node];
                node.barriers.end_where(|_| true, PortRefused::TimedOut, &mut node.outbox);
            }
            Action::Speak { node } => drop(self.speak(node)),
            Action::Hear { node } => drop(self.hear(node)),
            Action::Regroup(groups) => self.regroup(&groups),
        }
    }
}

proptest! {
    /// Whatever happens, nodes at the same place of the order know the same, and in the end every
    /// node is known to be where it is; then all can still pass.
    #[test]
    fn nodes_that_hear_the_same_know_the_same(
        actions in prop::collection::vec(action(), 0..150),
    ) {
        let mut model = Model::new();
        for action in &actions {
            model.act(action);
            model.agree();
        }
        model.rest();
        model.agree();
        for node in &model.nodes {
            prop_assert!(node.barriers.flying.is_empty());
            let arrivals = node.barriers.arrivals.get(&name());
            let heard = arrivals.is_some_and(|all| all.here.contains(&node.id));
            let local = node.barriers.local.get(&name());
            prop_assert_eq!(local.is_some_and(Barrier::has_arrived), heard);
        }
        model.regroup(&[0; 4]);
        for node in &mut model.nodes {
            let _ = node.barriers.delete(&name(), &mut node.outbox);
        }
        model.rest();
        for node in &mut model.nodes {
            node.answered();
            node.register(0, false).expect("it is new");
            node.wait(Instant::ORIGIN).expect("it is registered");
        }
        model.rest();
        for node in &mut model.nodes {
            prop_assert_eq!(node.answered(), vec![Reply::Done]);
        }
    }
}
