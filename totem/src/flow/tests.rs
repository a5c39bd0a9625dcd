use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn limits(window: u32, per_turn: u32) -> Limits {
    Limits { window, per_turn, ..Limits::for_packet(1400) }
}

fn lone(queued: u32) -> Demand {
    let (load, before) = (Load::default(), Contribution::default());
    Demand { queued, retransmitted: 0, span_left: u32::MAX, load, before }
}

#[test]
fn a_lone_sender_has_the_window_to_itself_at_every_turn() {
    let limits = limits(100, 80);
    let (mut load, mut before) = (Load::default(), Contribution::default());
    for _ in 0..5 {
        let sent = allowance(&Demand { load, before, ..lone(1_000_000) }, &limits);
        assert_eq!(sent, 80);
        let now = Contribution { sent, backlog: 1_000_000 };
        load = load.replacing(before, now);
        before = now;
    }
    assert_eq!(allowance(&lone(7), &limits), 7);
    assert_eq!(allowance(&lone(0), &limits), 0);
}

#[test]
fn retransmissions_and_the_others_use_up_the_window() {
    let limits = limits(100, 80);
    let load = Load { sent: 60, backlog: 0 };
    let before = Contribution { sent: 10, backlog: 0 };
    assert_eq!(allowance(&Demand { load, before, ..lone(1000) }, &limits), 50);
    assert_eq!(allowance(&Demand { load, before, retransmitted: 45, ..lone(1000) }, &limits), 5);
    assert_eq!(allowance(&Demand { load, before, retransmitted: 99, ..lone(1000) }, &limits), 0);
    assert_eq!(allowance(&Demand { load, before, span_left: 3, ..lone(1000) }, &limits), 3);
}

#[test]
fn shares_follow_the_queues() {
    let limits = limits(100, 100);
    let load = Load { sent: 0, backlog: 400 };
    let demand = |queued| Demand { load, ..lone(queued) };
    assert_eq!(allowance(&demand(400), &limits), 50);
    assert_eq!(allowance(&demand(100), &limits), 20);
    assert_eq!(allowance(&demand(1), &limits), 1, "a short queue is not starved");
}

/// A ring of honest members, each with frames arriving at random.
struct Honest {
    load: Load,
    queues: Vec<u32>,
    before: Vec<Contribution>,
}

impl Honest {
    fn new(members: usize) -> Self {
        let (load, before) = (Load::default(), vec![Contribution::default(); members]);
        Self { load, queues: vec![0; members], before }
    }

    fn turn(&mut self, member: usize, retransmitted: u32, limits: &Limits) -> u32 {
        let (queued, load, before) = (self.queues[member], self.load, self.before[member]);
        let sent = allowance(&Demand { load, before, retransmitted, ..lone(queued) }, limits);
        self.queues[member] -= sent;
        let now = Contribution { sent: sent + retransmitted, backlog: queued };
        self.load = load.replacing(before, now);
        self.before[member] = now;
        sent
    }
}

proptest! {
    #[test]
    fn no_number_on_the_token_breaks_a_rule(
        numbers: [u32; 7],
        window in 1_u32..,
        per_turn in 1_u32..,
    ) {
        let [queued, retransmitted, span_left, sent, backlog, sent_before, backlog_before] =
            numbers;
        let load = Load { sent, backlog };
        let before = Contribution { sent: sent_before, backlog: backlog_before };
        let demand = Demand { queued, retransmitted, span_left, load, before };
        let allowed = allowance(&demand, &limits(window, per_turn));
        prop_assert!(allowed <= per_turn && allowed <= span_left && allowed <= queued);
        let others = sent.saturating_sub(sent_before);
        prop_assert!(allowed <= window.saturating_sub(others).saturating_sub(retransmitted));
        let now = Contribution { sent: allowed, backlog: queued };
        let after = load.replacing(before, now);
        prop_assert!(after.sent >= allowed && after.backlog >= queued);
    }

    #[test]
    fn one_rotation_never_exceeds_the_window(
        members in 1_usize..9,
        window in 1_u32..600,
        per_turn in 1_u32..200,
        arrivals in prop::collection::vec((0_u32..300, 0_u32..4), 1..200),
    ) {
        let limits = limits(window, per_turn);
        let mut ring = Honest::new(members);
        for (turn, (arrived, resent)) in arrivals.into_iter().enumerate() {
            let member = turn % members;
            ring.queues[member] += arrived;
            // What is sent again is asked for, not granted: only as much as the window has left.
            let free = window - (ring.load.sent - ring.before[member].sent).min(window);
            ring.turn(member, resent.min(free), &limits);
            let last_rotation: u32 = ring.before.iter().map(|turn| turn.sent).sum();
            prop_assert_eq!(ring.load.sent, last_rotation);
            prop_assert!(last_rotation <= window);
            let waiting: u32 = ring.before.iter().map(|turn| turn.backlog).sum();
            prop_assert_eq!(ring.load.backlog, waiting);
        }
    }

    #[test]
    fn fair_shares_together_are_at_most_the_window(
        window in 1_u32..,
        queues in prop::collection::vec(0_u32..10_000_000, 1..129),
    ) {
        let backlog = queues.iter().sum();
        let shares = queues.iter().map(|&queued| {
            let load = Load { sent: 0, backlog };
            let before = Contribution { sent: 0, backlog: queued };
            u64::from(fair_share(&Demand { load, before, ..lone(queued) }, window))
        });
        prop_assert!(shares.sum::<u64>() <= u64::from(window));
    }

    #[test]
    fn every_waiting_frame_is_sent_in_the_end(
        window in 1_u32..50,
        per_turn in 1_u32..50,
        queues in prop::collection::vec(0_u32..200, 1..9),
    ) {
        let limits = limits(window, per_turn);
        let mut ring = Honest::new(queues.len());
        ring.queues.clone_from(&queues);
        let total: u32 = queues.iter().sum();
        let mut left = total;
        // Two rotations always move something: a window that is full empties in one.
        for _ in 0..=2 * total {
            let sent: u32 = (0..queues.len()).map(|member| ring.turn(member, 0, &limits)).sum();
            left -= sent;
        }
        prop_assert_eq!(left, 0);
    }
}
