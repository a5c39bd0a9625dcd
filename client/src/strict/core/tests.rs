use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::evs::Guarantee;

fn member(node: u32) -> Member {
    Member { node, pid: 1 }
}

/// Copies of a machine that writes down what it was told, on rings that lose nothing.
struct Play {
    cores: BTreeMap<u32, Core>,
    logs: BTreeMap<u32, Vec<u8>>,
    /// What is on its way, in its order, on the ring of each.
    flying: VecDeque<(u32, Vec<u8>)>,
    suspended: BTreeMap<u32, u32>,
    generation: u64,
}

impl Play {
    fn new() -> Self {
        Self {
            cores: BTreeMap::new(),
            logs: BTreeMap::new(),
            flying: VecDeque::new(),
            suspended: BTreeMap::new(),
            generation: 0,
        }
    }

    fn start(&mut self, node: u32) {
        self.cores.insert(node, Core::new(member(node), false));
        self.logs.insert(node, format!("{node}").into_bytes());
    }

    fn done(&mut self, node: u32, done: Vec<Do>) {
        for action in done {
            match action {
                Do::Flush(bytes) => self.flying.push_back((node, bytes)),
                Do::Tell(Event::Message(_, content)) => {
                    self.log(node).extend_from_slice(&content);
                }
                Do::Tell(Event::Wanted) => {
                    let log = self.log(node).clone();
                    let snapshot = self.cores[&node].snapshot(&log).expect("it is wanted");
                    self.flying.push_back((node, snapshot));
                }
                Do::Tell(Event::State(state)) => *self.log(node) = state.to_vec(),
                Do::Tell(Event::Suspended) => *self.suspended.entry(node).or_default() += 1,
                Do::Tell(Event::View(_)) => {}
            }
        }
    }

    fn log(&mut self, node: u32) -> &mut Vec<u8> {
        self.logs.get_mut(&node).expect("there")
    }

    /// These are on one ring now; those in `gone` and `came` are so by their nodes.
    fn ring(&mut self, members: &[u32], (came, gone): (&[u32], &[u32]), quorate: bool) {
        self.generation += 4;
        let changes = |nodes: &[u32], why| nodes.iter().map(|it| (member(*it), why)).collect();
        for &node in members {
            if !quorate {
                let done = self.core(node).on_verdict(false);
                self.done(node, done);
            }
            let mut view = View {
                group: Bytes::from_static(b"g"),
                members: members.iter().map(|it| member(*it)).collect(),
                joined: changes(came, Why::NodeUp),
                left: changes(gone, Why::NodeDown),
                generation: self.generation,
                representative: members[0],
            };
            if came.contains(&node) {
                view.joined = members
                    .iter()
                    .filter(|it| !came.contains(it))
                    .map(|it| (member(*it), Why::NodeUp))
                    .collect();
            }
            let done = self.core(node).on_view(&view);
            self.done(node, done);
            let done = self.core(node).on_verdict(quorate);
            self.done(node, done);
        }
    }

    fn core(&mut self, node: u32) -> &mut Core {
        self.cores.get_mut(&node).expect("there")
    }

    fn say(&mut self, node: u32, content: &[u8]) {
        let message = self.cores[&node].message(content);
        self.flying.extend(message.map(|message| (node, message)));
    }

    /// The next message comes, to these.
    fn deliver(&mut self, to: &[u32], transitional: bool) -> bool {
        let Some((from, bytes)) = self.flying.pop_front() else { return false };
        for &node in to {
            let message = GroupMessage {
                from: member(from),
                guarantee: Guarantee::Safe,
                payload: bytes.clone().into(),
                transitional,
            };
            let done = self.core(node).on_message(message).expect("readable");
            self.done(node, done);
        }
        true
    }

    fn settle(&mut self, to: &[u32]) {
        while self.deliver(to, false) {}
    }

    fn open(&self) -> Vec<u32> {
        self.cores.iter().filter(|(_, core)| core.is_open()).map(|(node, _)| *node).collect()
    }
}

/// Three copies on one quorate ring, with the state of the first.
fn three() -> Play {
    let mut play = Play::new();
    for node in [1, 2, 3] {
        play.start(node);
    }
    play.ring(&[1, 2, 3], (&[1, 2, 3], &[]), true);
    play.settle(&[1, 2, 3]);
    play
}

#[test]
fn all_begin_with_the_state_of_the_first() {
    let mut play = three();
    assert_eq!(play.open(), [1, 2, 3]);
    play.say(2, b"a");
    play.settle(&[1, 2, 3]);
    for log in play.logs.values() {
        assert_eq!(log, b"1a");
    }
}

#[test]
fn nothing_is_said_without_quorum_nor_before_everyone_has_flushed() {
    let mut play = Play::new();
    play.start(1);
    play.start(2);
    play.ring(&[1, 2], (&[1, 2], &[]), false);
    play.settle(&[1, 2]);
    assert_eq!(play.open(), []);
    play.ring(&[1, 2], (&[], &[]), true);
    assert!(play.deliver(&[1, 2], false));
    assert_eq!(play.open(), []);
    play.settle(&[1, 2]);
    assert_eq!(play.open(), [1, 2]);
}

#[test]
fn who_was_away_gets_the_state_and_what_came_after_it() {
    let mut play = three();
    play.ring(&[3], (&[], &[1, 2]), false);
    play.settle(&[3]);
    assert_eq!(play.suspended[&3], 1);
    play.ring(&[1, 2], (&[], &[3]), true);
    play.settle(&[1, 2]);
    play.say(1, b"b");
    play.settle(&[1, 2]);
    play.ring(&[1, 2, 3], (&[3], &[]), true);
    while !play.cores[&1].is_open() {
        assert!(play.deliver(&[1, 2, 3], false));
    }
    assert!(!play.cores[&3].is_open());
    play.say(2, b"c");
    play.settle(&[1, 2, 3]);
    assert_eq!(play.open(), [1, 2, 3]);
    for log in play.logs.values() {
        assert_eq!(log, b"1bc");
    }
}

#[test]
fn what_only_one_side_may_have_is_for_the_side_that_goes_on() {
    let mut play = three();
    play.say(3, b"x");
    // The ring ends, and only the third has the message.
    let (flying, message) = (
        std::mem::take(&mut play.flying),
        GroupMessage {
            from: member(3),
            guarantee: Guarantee::Safe,
            payload: Bytes::new(),
            transitional: true,
        },
    );
    let payload = flying[0].1.clone().into();
    let done = play.core(3).on_message(GroupMessage { payload, ..message }).expect("readable");
    assert_eq!(done, []);
    play.ring(&[3], (&[], &[1, 2]), false);
    play.settle(&[3]);
    play.ring(&[1, 2], (&[], &[3]), true);
    play.settle(&[1, 2]);
    play.say(1, b"y");
    play.settle(&[1, 2]);
    play.ring(&[1, 2, 3], (&[3], &[]), true);
    play.settle(&[1, 2, 3]);
    for log in play.logs.values() {
        assert_eq!(log, b"1y");
    }
}

#[test]
fn what_comes_late_is_heard_before_the_next_view() {
    let mut play = three();
    play.say(2, b"late");
    let late = play.flying.pop_front().expect("said");
    play.ring(&[1, 2], (&[], &[3]), true);
    play.flying.push_front(late);
    play.settle(&[1, 2]);
    assert_eq!((&play.logs[&1][..], &play.logs[&2][..]), (&b"1late"[..], &b"1late"[..]));
}

#[test]
fn a_newcomer_whose_giver_is_gone_is_given_the_state_by_another() {
    let mut play = three();
    play.say(1, b"a");
    play.settle(&[1, 2, 3]);
    play.start(4);
    play.ring(&[1, 2, 3, 4], (&[4], &[]), true);
    // All flushes come; the snapshot of the first is lost with it.
    while !play.cores[&2].is_open() {
        play.deliver(&[1, 2, 3, 4], false);
    }
    play.flying.clear();
    play.ring(&[2, 3, 4], (&[], &[1]), true);
    play.settle(&[2, 3, 4]);
    assert_eq!(play.logs[&4], b"1a");
    assert!(play.cores[&4].is_open());
}

#[test]
fn sides_that_parted_without_quorum_come_to_one_state() {
    let mut play = three();
    for alone in [1, 2, 3] {
        let others: Vec<u32> = [1, 2, 3].into_iter().filter(|it| *it != alone).collect();
        play.ring(&[alone], (&[], &others), false);
        play.settle(&[alone]);
    }
    play.ring(&[1, 2, 3], (&[1, 2, 3], &[]), true);
    play.settle(&[1, 2, 3]);
    assert_eq!(play.open(), [1, 2, 3]);
    assert_eq!(play.logs[&1], play.logs[&2]);
    assert_eq!(play.logs[&1], play.logs[&3]);
}

#[test]
fn what_is_not_of_strict_mode_is_an_error() {
    let mut core = Core::new(member(1), true);
    let message = GroupMessage {
        from: member(2),
        guarantee: Guarantee::Safe,
        payload: Bytes::from_static(b"hello"),
        transitional: false,
    };
    let error = core.on_message(message).expect_err("not of strict mode");
    let text = "protocol mismatch: a message of 5 bytes that is none of strict mode";
    assert_eq!(error.to_string(), text);
}

proptest! {
    #[test]
    fn no_bytes_do_worse_than_an_error(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
        let _ = Message::decode(bytes.into());
    }

    #[test]
    fn what_is_written_is_read(
        (generation, views, ring) in any::<(u64, u64, u64)>(),
        (a, b, c) in any::<(u32, u32, u32)>(),
        (quorate, has) in any::<(bool, bool)>(),
        content in prop::collection::vec(any::<u8>(), 0..99),
    ) {
        let view = View {
            group: Bytes::new(),
            members: vec![member(a), member(b)],
            joined: Vec::new(),
            left: Vec::new(),
            generation,
            representative: c,
        };
        let view = Token::of(&view);
        let state = has.then_some(State { generation, views, side: (ring, a, b, c) });
        let content = Bytes::from(content);
        for message in [
            Message::Flush { view, quorate, state },
            Message::Content { view, content: content.clone() },
            Message::Snapshot { view, content },
        ] {
            prop_assert_eq!(Message::decode(message.encode().into()).ok(), Some(message));
        }
    }
}
