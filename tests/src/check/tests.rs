//! Hand-made histories: every check accepts a good one and refuses a bad one. A checker that never
//! fires proves nothing.

mod membership;
mod order;

use bytes::Bytes;
use totem::{Guarantee, NodeId, RingId, RingSeq};

use super::group::Group;
use super::history::{Change, Seen, View, What};
use super::{Breach, Checks};
use crate::message::{MessageId, encode};

type Judged = Result<(), (&'static str, Breach)>;

/// A history under construction. Unless a test says otherwise, all is well.
struct Story {
    checks: Checks,
    numbers: Vec<usize>,
}

fn ring(number: u64) -> RingId {
    let representative = NodeId::new(1).expect("it is not zero");
    RingId { seq: RingSeq::new(number * RingSeq::STEP), representative }
}

fn group<const N: usize>(nodes: [usize; N]) -> Group {
    nodes.into_iter().collect()
}

impl Story {
    /// Nodes with these votes, all started.
    fn of<const N: usize>(votes: [u32; N]) -> Self {
        let checks = Checks::new(votes.to_vec(), false);
        let mut story = Self { checks, numbers: vec![0; N] };
        for node in 0..N {
            story.good(node, What::Started);
        }
        story
    }

    /// Three nodes in ring 1, synchronized.
    fn of_three() -> Self {
        let mut story = Self::of([1, 1, 1]);
        story.all_install(1, [0, 1, 2]);
        story
    }

    fn tell(&mut self, node: usize, what: What<'_>) -> Judged {
        self.checks.observe(&Seen { node, what })
    }

    fn good(&mut self, node: usize, what: What<'_>) {
        if let Err((property, breach)) = self.tell(node, what) {
            panic!("{property}: {}", breach.detail);
        }
    }

    fn all_install<const N: usize>(&mut self, number: u64, members: [usize; N]) {
        for node in members {
            self.passes(node, number, members).expect("a good installation");
        }
        for node in members {
            self.synced(node).expect("a good synchronization");
        }
    }

    /// The transitional configuration, of those members that come from the same ring.
    fn transitional(&mut self, node: usize, number: u64, members: &[usize]) -> Judged {
        let history = self.checks.history();
        let Some(place) = history.place(node) else { return Ok(()) };
        let old = history.rings[&place.ring].members;
        let previous = place.ring;
        let members: Group = members.iter().copied().collect();
        let mates = old.and(members).iter().filter(|mate| {
            let at = self.checks.history().place(*mate).map(|place| place.ring);
            at == Some(previous) || at == Some(ring(number))
        });
        let members = mates.collect();
        self.tell(
            node,
            What::Transitional(Change {
                ring: ring(number),
                previous: Some(previous),
                members,
                joined: Group::EMPTY,
                left: old.without(members),
            }),
        )
    }

    fn regular(&mut self, node: usize, number: u64, members: &[usize]) -> Judged {
        let place = self.checks.history().place(node).cloned();
        let before = place.as_ref().and_then(|place| place.transitional);
        let before = before.map_or(Group::EMPTY, |change| change.members);
        let members: Group = members.iter().copied().collect();
        self.tell(
            node,
            What::Regular(Change {
                ring: ring(number),
                previous: place.map(|place| place.ring),
                members,
                joined: members.without(before),
                left: before.without(members),
            }),
        )
    }

    fn passes<const N: usize>(&mut self, node: usize, number: u64, members: [usize; N]) -> Judged {
        self.transitional(node, number, &members)?;
        self.regular(node, number, &members)
    }

    fn synced(&mut self, node: usize) -> Judged {
        let history = self.checks.history();
        let ring = history.place(node).expect("it has a configuration").ring;
        let members = history.rings[&ring].members;
        let before = history.processes[node].view.map_or(Group::EMPTY, |view| view.members);
        let stayed = history.processes[node].voters;
        let (joined, left) = (members.without(stayed), before.without(stayed));
        self.tell(node, What::Synced(View { ring, members, joined, left }))
    }

    fn sends(&mut self, node: usize, guarantee: Guarantee) -> MessageId {
        let message = MessageId { sender: node, number: self.numbers[node] };
        self.numbers[node] += 1;
        let payload = &encode(message, 20);
        self.good(node, What::Submitted { message, guarantee, payload });
        self.good(node, What::Answered { message, accepted: true });
        message
    }

    fn agreed(&mut self, node: usize) -> MessageId {
        self.sends(node, Guarantee::Agreed)
    }

    fn safe(&mut self, node: usize) -> MessageId {
        self.sends(node, Guarantee::Safe)
    }

    fn delivers(&mut self, node: usize, message: MessageId) -> Judged {
        let sent = self.checks.history().message(message);
        let guarantee = sent.map_or(Guarantee::Agreed, |sent| sent.guarantee);
        self.delivers_as(node, message, (message.sender, guarantee, &encode(message, 20)))
    }

    fn delivers_as(
        &mut self,
        node: usize,
        message: MessageId,
        (from, guarantee, payload): (usize, Guarantee, &Bytes),
    ) -> Judged {
        self.tell(node, What::Delivered { message, from, guarantee, payload })
    }

    fn deliver<const N: usize>(&mut self, node: usize, messages: [MessageId; N]) {
        for message in messages {
            if let Err((property, breach)) = self.delivers(node, message) {
                panic!("{property}: {}", breach.detail);
            }
        }
    }
}

#[track_caller]
fn breaks(judged: Judged, property: &str) {
    let (found, breach) = judged.expect_err("a bad history was accepted");
    assert_eq!(found, property, "{}", breach.detail);
}
