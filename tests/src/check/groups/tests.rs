use core::time::Duration;

use totem::{Cause, Change, Guarantee, NodeId, RingSeq};

use super::*;

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn address(pid: u32) -> Address {
    Address { node: node(pid), pid }
}

fn session(pid: u32) -> SessionId {
    SessionId(u64::from(pid))
}

fn ring() -> RingId {
    RingId { seq: RingSeq::new(4), representative: node(1) }
}

fn view(members: &[u32], joined: &[(u32, Why)], left: &[(u32, Why)]) -> GroupNotice {
    let changes = |them: &[(u32, Why)]| them.iter().map(|(it, why)| (address(*it), *why)).collect();
    GroupNotice::View(View {
        group: Bytes::from_static(b"g"),
        members: members.iter().map(|it| address(*it)).collect(),
        joined: changes(joined),
        left: changes(left),
        ring: Some(ring()),
    })
}

fn message(from: u32, number: u32, part: Part) -> GroupNotice {
    GroupNotice::Message {
        from: address(from),
        guarantee: Guarantee::Agreed,
        part,
        payload: programs::payload(number, 5),
        transitional: false,
    }
}

fn configuration(kind: Kind, members: &[u32]) -> Configuration {
    Configuration {
        kind,
        ring: ring(),
        previous: None,
        members: members.iter().map(|it| node(*it)).collect(),
        joined: NodeSet::new(),
        left: NodeSet::new(),
        change: Change {
            cause: Cause::Started,
            evidence: [].into(),
            gather: Duration::ZERO,
            commit: Duration::ZERO,
            recovery: Duration::ZERO,
        },
    }
}

/// A history: nodes 1 and 2 with a program each, both in the group; each is its node's index, its
/// node's id, its session and its process.
struct Story(Groups);

impl Story {
    fn new() -> Self {
        let mut story = Self(Groups::default());
        for index in [1, 2] {
            story.good(index, Event::Configuration(&configuration(Kind::Regular, &[1, 2])));
            let members = NodeSet::from([node(1), node(2)]);
            story.good(index, Event::Ring(&RingView { ring: ring(), members }));
            let pid = u32::try_from(index).expect("small");
            let joins = Event::Joins(session(pid), address(pid), Bytes::from_static(b"g"));
            story.good(index, joins);
        }
        story.tell(1, &view(&[1], &[(1, Why::Join)], &[])).expect("good");
        for pid in [1, 2] {
            story.tell(pid, &view(&[1, 2], &[(2, Why::Join)], &[])).expect("good");
        }
        story
    }

    fn good(&mut self, index: usize, event: Event<'_>) {
        if let Err(breach) = self.0.judge(index, event) {
            panic!("{}", breach.detail);
        }
    }

    fn tell(&mut self, pid: u32, notice: &GroupNotice) -> Result<(), String> {
        let index = usize::try_from(pid).expect("small");
        let told = Event::Told(session(pid), notice);
        self.0.judge(index, told).map_err(|breach| breach.detail)
    }

    fn bad(&mut self, pid: u32, notice: &GroupNotice, what: &str) {
        let detail = self.tell(pid, notice).expect_err("a breach");
        assert!(detail.contains(what), "{detail}");
    }

    fn says(&mut self, pid: u32, number: u32, part: Part) {
        let index = usize::try_from(pid).expect("small");
        self.good(index, Event::Says(session(pid), number, part));
    }
}

#[test]
fn a_good_history_is_good() {
    let mut story = Story::new();
    story.says(1, 0, Part::Whole);
    story.says(2, 0, Part::First);
    story.says(2, 1, Part::Last);
    for pid in [2, 1] {
        story.tell(pid, &message(1, 0, Part::Whole)).expect("good");
        story.tell(pid, &message(2, 0, Part::First)).expect("good");
        story.tell(pid, &message(2, 1, Part::Last)).expect("good");
    }
    story.good(1, Event::Leaves(session(1)));
    for pid in [1, 2] {
        story.tell(pid, &view(&[2], &[], &[(1, Why::Leave)])).expect("good");
    }
    let list = vec![(Bytes::from_static(b"g"), vec![address(2)])];
    story.0.judge_end(&[(1, list.clone()), (2, list)]).expect("good");
    let ghost = vec![(Bytes::from_static(b"g"), vec![address(1), address(2)])];
    story.0.judge_end(&[(1, ghost)]).expect_err("a ghost");
}

#[test]
fn orders_that_differ_are_found() {
    let mut story = Story::new();
    story.says(1, 0, Part::Whole);
    story.says(2, 0, Part::Whole);
    story.tell(1, &message(1, 0, Part::Whole)).expect("good");
    story.bad(2, &message(2, 0, Part::Whole), "in place of");
}

#[test]
fn strangers_and_gaps_and_halves_are_found() {
    let mut story = Story::new();
    story.bad(1, &message(3, 0, Part::Whole), "did not say");
    for number in 0..3 {
        story.says(1, number, Part::Whole);
    }
    story.says(1, 3, Part::First);
    story.says(1, 4, Part::Last);
    story.tell(1, &message(1, 0, Part::Whole)).expect("good");
    story.bad(1, &message(1, 2, Part::Whole), "1 is next");
    story.tell(1, &message(1, 1, Part::Whole)).expect("good");
    story.tell(1, &message(1, 2, Part::Whole)).expect("good");
    story.bad(1, &message(1, 4, Part::Last), "not its beginning");
}

#[test]
fn views_that_do_not_follow_are_found() {
    let mut story = Story::new();
    story.bad(1, &view(&[1, 3], &[(3, Why::Join)], &[]), "nobody is");
    story.bad(1, &view(&[1], &[], &[(2, Why::Leave)]), "Leave");
    story.bad(1, &view(&[1], &[], &[(2, Why::ProcessDown)]), "ProcessDown");
    story.good(2, Event::Leaves(session(2)));
    story.bad(1, &view(&[1, 2], &[], &[(2, Why::Leave)]), "after");
}

#[test]
fn a_program_that_leaves_has_heard_itself() {
    let mut story = Story::new();
    story.says(1, 0, Part::Whole);
    story.good(1, Event::Leaves(session(1)));
    story.bad(1, &view(&[2], &[], &[(1, Why::Leave)]), "not heard 1 messages");
}
