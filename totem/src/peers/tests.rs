use super::*;
use crate::ids::{RingId, RingSeq};

const SECOND: Duration = Duration::from_secs(1);

fn node(id: u32) -> NodeId {
    NodeId::new(id).expect("not zero")
}

fn nodes(ids: &[u32]) -> NodeSet {
    ids.iter().copied().map(node).collect()
}

fn peers() -> Peers {
    let patience = Patience { fresh: SECOND, first_hold: 2 * SECOND, longest_hold: 60 * SECOND };
    Peers::new(&Identity { me: node(1), boot: 1, weight: 1, seed: 0 }, patience)
}

fn beacon(members: &[u32], heard: &[u32]) -> Beacon {
    let ring = RingId { seq: RingSeq::new(4), representative: node(members[0]) };
    Beacon { boot: 1, weight: 1, ring, members: nodes(members), heard: nodes(heard) }
}

fn at(millis: u64) -> Instant {
    Instant::ORIGIN + 10 * SECOND + Duration::from_millis(millis)
}

#[test]
fn a_stranger_that_hears_everyone_and_is_heard_is_a_gain() {
    let mut peers = peers();
    let ring = nodes(&[1, 2]);
    peers.note_beacon(at(0), node(2), &beacon(&[1, 2], &[1, 2, 3]));
    peers.note_beacon(at(0), node(3), &beacon(&[3], &[1, 2, 3]));
    assert_eq!(peers.better_than(at(1), &ring), Some(nodes(&[1, 2, 3])));
    assert_eq!(peers.better_than(at(2_000), &ring), None, "too long ago");
}

#[test]
fn a_stranger_that_is_gone_moves_nobody_until_it_speaks_again() {
    let mut peers = peers();
    let ring = nodes(&[1, 2]);
    peers.note_beacon(at(0), node(2), &beacon(&[1, 2], &[1, 2, 3]));
    peers.note_beacon(at(0), node(3), &beacon(&[3], &[1, 2, 3]));
    peers.note_gone(node(3));
    assert_eq!(peers.better_than(at(1), &ring), None);
    peers.note_beacon(at(2), node(3), &beacon(&[3], &[1, 2, 3]));
    assert_eq!(peers.better_than(at(3), &ring), Some(nodes(&[1, 2, 3])));
}

#[test]
fn a_stranger_that_one_member_does_not_hear_moves_nobody() {
    let mut peers = peers();
    peers.note_beacon(at(0), node(2), &beacon(&[1, 2], &[1, 2]));
    peers.note_beacon(at(0), node(3), &beacon(&[3], &[1, 2, 3]));
    assert_eq!(peers.better_than(at(1), &nodes(&[1, 2])), None);
}

#[test]
fn a_half_deaf_stranger_moves_nobody() {
    let mut peers = peers();
    peers.note_beacon(at(0), node(3), &beacon(&[3], &[3]));
    assert_eq!(peers.better_than(at(1), &nodes(&[1])), None);
}

#[test]
fn two_rings_with_a_cut_between_two_members_still_find_the_heavier_set() {
    // 1 and 3 do not hear each other; 4, in the ring of 3, hears 1 and 2 and is heard.
    let mut peers = peers();
    peers.note_beacon(at(0), node(2), &beacon(&[1, 2], &[1, 2, 3, 4]));
    peers.note_beacon(at(0), node(4), &beacon(&[3, 4], &[1, 2, 3, 4]));
    assert_eq!(peers.better_than(at(1), &nodes(&[1, 2])), Some(nodes(&[1, 2, 4])));
}

#[test]
fn an_admission_that_brought_nothing_is_not_repeated_at_once() {
    let mut peers = peers();
    let ring = nodes(&[1]);
    let hear = |peers: &mut Peers, millis| {
        peers.note_beacon(at(millis), node(3), &beacon(&[3], &[1, 3]));
        peers.better_than(at(millis), &ring).is_some()
    };
    assert!(hear(&mut peers, 0));
    peers.strike(at(0), node(3));
    assert!(!hear(&mut peers, 1_900) && hear(&mut peers, 2_100));
    peers.strike(at(2_100), node(3));
    assert!(!hear(&mut peers, 6_000) && hear(&mut peers, 6_200));
    peers.forgive(node(3));
    peers.strike(at(7_000), node(3));
    assert!(hear(&mut peers, 9_100));
}

#[test]
fn a_refused_port_is_a_hint_until_probes_stay_unanswered() {
    let mut suspects = Suspects::default();
    assert!(suspects.hint(node(2)) && !suspects.hint(node(2)));
    assert_eq!(suspects.tick(), (Vec::new(), Vec::from([node(2)])));
    assert_eq!(suspects.tick(), (Vec::new(), Vec::from([node(2)])));
    assert_eq!(suspects.tick(), (Vec::from([node(2)]), Vec::new()));
    assert!(suspects.is_empty());

    assert!(suspects.hint(node(2)));
    suspects.tick();
    assert!(suspects.clear(node(2)) && suspects.is_empty());

    assert!(suspects.hint(node(2)), "one hint and many unanswered probes");
    for _ in 1..MANY_PROBES {
        assert!(suspects.tick().0.is_empty());
    }
    assert_eq!(suspects.tick().0, [node(2)]);
}

#[test]
fn an_invitation_ends_a_long_hold_down() {
    let mut peers = peers();
    for _ in 0..4 {
        peers.strike(at(0), node(3));
    }
    let join = |serial| Join {
        boot: 1,
        serial,
        highest: RingSeq::new(4),
        weight: 1,
        leaving: false,
        candidates: nodes(&[1, 3]),
        failed: NodeSet::new(),
        heard: nodes(&[1, 3]),
        departures: BTreeMap::new(),
    };
    peers.note_join(at(1_000), node(3), &join(1));
    assert_eq!(peers.better_than(at(1_000), &nodes(&[1])), None);
    peers.note_join(at(2_000), node(3), &join(2));
    assert_eq!(peers.better_than(at(2_000), &nodes(&[1])), Some(nodes(&[1, 3])));
}
