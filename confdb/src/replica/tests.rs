use proptest::prelude::*;

use super::*;

/// Some replicas, and the one order of what they say.
struct Play {
    nodes: BTreeMap<u32, Replica>,
    order: VecDeque<(u32, Message, bool)>,
    checks: Vec<(u32, Ticket, u64)>,
    /// What stands for the secrets of a node; 0 unless it is said.
    marks: BTreeMap<u32, u64>,
    introductions: Vec<u32>,
    switched: Vec<(u32, u64)>,
    dropped: Vec<u32>,
    ended: Vec<(u32, Outcome)>,
    told: Vec<(u32, Event)>,
}

fn text(version: u64, more: &str) -> Vec<u8> {
    format!("<cluster name=\"c\" config_version=\"{version}\">{more}</cluster>").into_bytes()
}

fn edition(version: u64) -> Edition {
    Edition { version, digest: Digest::of(&text(version, "")) }
}

fn replica(id: u32, (version, mark): (u64, u64), accepted: Vec<Edition>) -> Replica {
    Replica::new(id, (edition(version), mark), Arc::from(text(version, "")), accepted)
}

impl Play {
    fn new(nodes: &[(u32, u64)]) -> Self {
        let replica = |&(id, version): &(u32, u64)| (id, replica(id, (version, 0), Vec::new()));
        Self {
            nodes: nodes.iter().map(replica).collect(),
            order: VecDeque::new(),
            checks: Vec::new(),
            marks: BTreeMap::new(),
            introductions: Vec::new(),
            switched: Vec::new(),
            dropped: Vec::new(),
            ended: Vec::new(),
            told: Vec::new(),
        }
    }

    /// One ring of these, who have said what they hold.
    fn ring(&mut self, members: &[u32]) {
        self.order.clear();
        let ring: BTreeMap<u32, Holding> =
            members.iter().map(|id| (*id, self.nodes[id].holding())).collect();
        for id in members {
            self.node(*id).on_ring(ring.clone());
        }
        self.drain();
    }

    fn node(&mut self, id: u32) -> &mut Replica {
        self.nodes.get_mut(&id).expect("the test has made it")
    }

    fn drain(&mut self) {
        for (&id, node) in &mut self.nodes {
            while let Some(output) = node.poll() {
                match output {
                    Output::Say { message, safe } => self.order.push_back((id, message, safe)),
                    Output::Check { ticket, edition, .. } => {
                        self.checks.push((id, ticket, edition.version));
                    }
                    Output::Drop(_) => self.dropped.push(id),
                    Output::Switch { edition, .. } => self.switched.push((id, edition.version)),
                    Output::Introduce => self.introductions.push(id),
                    Output::Ended(outcome) => self.ended.push((id, outcome)),
                    Output::Tell(event) => self.told.push((id, event)),
                }
            }
        }
    }

    /// Delivers what was said to these, as far as it was said already.
    fn deliver(&mut self, members: &[u32], most: usize) {
        for _ in 0..most {
            let Some((from, message, _)) = self.order.pop_front() else { return };
            for id in members {
                self.node(*id).on_message(from, message.clone());
            }
            self.drain();
        }
    }

    fn check(&mut self, wanted: u32, result: Result<(), &str>) {
        let at = self.checks.iter().position(|(id, ..)| *id == wanted).expect("it is asked");
        let (id, ticket, _) = self.checks.remove(at);
        let result = result.map(|()| self.marks.get(&id).copied().unwrap_or_default());
        self.node(id).checked(ticket, result.map_err(str::to_owned));
        self.drain();
    }

    fn propose(&mut self, id: u32, version: u64) {
        let text = text(version, "");
        self.node(id).propose(edition(version), &text).expect("it can be proposed");
        self.drain();
    }

    fn versions(&self) -> Vec<u64> {
        self.nodes.values().map(|node| node.edition().version).collect()
    }
}

const ALL: [u32; 3] = [1, 2, 3];
const MANY: usize = 10_000;

fn three() -> Play {
    let mut play = Play::new(&[(1, 5), (2, 5), (3, 5)]);
    play.ring(&ALL);
    play.nodes.values_mut().for_each(|node| node.set_established(true));
    play
}

#[test]
fn all_switch_with_the_last_acceptance_and_nobody_before() {
    let mut play = three();
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    assert_eq!(play.checks.len(), 3);
    for id in ALL {
        play.check(id, Ok(()));
    }
    assert!(play.order.iter().all(|(.., safe)| *safe), "acceptances are safe");
    play.deliver(&ALL, 2);
    assert_eq!(play.versions(), [5, 5, 5]);
    play.deliver(&ALL, 1);
    assert_eq!(play.switched, [(1, 6), (2, 6), (3, 6)]);
    assert_eq!(play.ended, [(1, Outcome::Switched)]);
    assert_eq!(play.nodes[&2].text()[..], text(6, "")[..]);
    assert_eq!(play.nodes[&2].holding().accepted, []);
}

#[test]
fn one_refusal_ends_it_everywhere_and_names_who_and_why() {
    let mut play = three();
    play.propose(2, 6);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(3, Err("disk full"));
    play.check(2, Ok(()));
    play.deliver(&ALL, MANY);
    let why = Outcome::Refused { node: 3, reason: "disk full".to_owned() };
    assert_eq!(play.ended, [(2, why)]);
    assert_eq!(play.versions(), [5, 5, 5]);
    assert_eq!(play.dropped, ALL);
    assert!(play.nodes.values().all(|node| node.holding().accepted.is_empty()));
    // And the next one goes through.
    play.propose(2, 7);
    play.deliver(&ALL, MANY);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, MANY);
    assert_eq!(play.versions(), [7, 7, 7]);
}

#[test]
fn who_accepts_with_another_key_beside_the_text_refuses() {
    let mut play = three();
    play.marks = [(1, 9), (2, 9), (3, 8)].into();
    play.propose(2, 6);
    play.deliver(&ALL, MANY);
    [2, 3, 1].iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, MANY);
    let reason = "its new key is another than that of node 2".to_owned();
    assert_eq!(play.ended, [(2, Outcome::Refused { node: 3, reason })]);
    assert_eq!(play.versions(), [5, 5, 5]);
    assert_eq!(play.dropped, ALL);
    assert!(play.nodes.values().all(|node| node.holding().accepted.is_empty()));
    // With the right key it goes through.
    play.marks = [(1, 9), (2, 9), (3, 9)].into();
    play.propose(2, 7);
    play.deliver(&ALL, MANY);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, MANY);
    assert_eq!(play.versions(), [7, 7, 7]);
}

#[test]
fn who_comes_with_another_key_beside_the_same_text_is_named_on_both_sides() {
    let mut play = Play::new(&[(3, 4)]);
    // The second has the text and another key; the third is sent the text, and has another key too.
    play.nodes.insert(1, replica(1, (5, 9), Vec::new()));
    play.nodes.insert(2, replica(2, (5, 8), Vec::new()));
    play.node(1).set_established(true);
    play.ring(&ALL);
    let other = |on: u32, node: u32| (on, Event::OtherSecret { node });
    let named = |play: &mut Play| {
        let told = std::mem::take(&mut play.told).into_iter();
        told.filter(|(_, it)| matches!(it, Event::OtherSecret { .. })).collect::<Vec<_>>()
    };
    assert_eq!(named(&mut play), [other(1, 2), other(2, 1)]);
    play.marks = [(3, 8)].into();
    play.deliver(&ALL, MANY);
    play.check(3, Ok(()));
    assert_eq!(named(&mut play), []);
    let holding = play.nodes[&3].holding();
    ALL.iter().for_each(|id| play.node(*id).on_introduced(3, holding.clone()));
    play.drain();
    assert_eq!(named(&mut play), [other(1, 3), other(3, 1)]);
    // All have the right one with the next text.
    play.marks = [(1, 7), (2, 7), (3, 7)].into();
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, MANY);
    assert_eq!(play.versions(), [6, 6, 6]);
    play.ring(&ALL);
    assert_eq!(named(&mut play), []);
}

#[test]
fn another_key_while_the_ring_breaks_decides_nothing() {
    let mut play = three();
    play.marks = [(1, 9), (2, 9), (3, 8)].into();
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, 2);
    ALL.iter().for_each(|id| play.node(*id).on_breaking());
    play.deliver(&ALL, 1);
    ALL.iter().for_each(|id| play.node(*id).on_ended(*id != 3));
    play.drain();
    assert_eq!(play.versions(), [5, 5, 5]);
    assert!(play.nodes.values().all(|node| node.holding().accepted.is_empty()));
}

#[test]
fn of_two_at_once_the_later_in_the_order_is_refused() {
    let mut play = three();
    play.propose(1, 6);
    play.propose(3, 7);
    play.deliver(&ALL, MANY);
    assert_eq!(play.ended, [(3, Outcome::Busy { version: 6, by: 1 })]);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, MANY);
    assert_eq!(play.versions(), [6, 6, 6]);
    assert_eq!(play.ended.last(), Some(&(1, Outcome::Switched)));
    let again = play.node(2).propose(edition(8), &text(8, ""));
    assert_eq!(again, Ok(()));
    let busy = NotProposed::Busy { version: 8, by: 2 };
    assert_eq!(play.node(2).propose(edition(9), &text(9, "")), Err(busy));
}

#[test]
fn a_membership_change_before_the_last_acceptance_ends_it() {
    let mut play = three();
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.deliver(&ALL, MANY);
    for id in [1, 2] {
        play.node(id).on_breaking();
        play.node(id).on_ended(true);
    }
    play.drain();
    assert_eq!(play.ended, [(1, Outcome::Interrupted)]);
    assert_eq!(play.nodes[&1].holding().accepted, []);
    // What was checked too late is not kept.
    let before = play.dropped.len();
    play.check(2, Ok(()));
    assert_eq!(play.dropped.len(), before + 1);
}

/// Everything is said, and the last acceptance is delivered while the ring breaks.
fn decided_while_breaking() -> Play {
    let mut play = three();
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    ALL.iter().for_each(|id| play.check(*id, Ok(())));
    play.deliver(&ALL, 2);
    ALL.iter().for_each(|id| play.node(*id).on_breaking());
    play.deliver(&ALL, 1);
    assert_eq!(play.versions(), [5, 5, 5]);
    play
}

#[test]
fn the_last_acceptance_while_the_ring_breaks_counts_for_the_quorate() {
    let mut play = decided_while_breaking();
    play.node(1).on_ended(true);
    play.node(2).on_ended(true);
    play.node(3).on_ended(false);
    play.drain();
    assert_eq!(play.versions(), [6, 6, 5]);
    assert_eq!(play.ended, [(1, Outcome::Switched)]);
    assert_eq!(play.nodes[&3].holding().accepted, [edition(6)]);
    play.ring(&ALL);
    play.deliver(&ALL, MANY);
    play.check(3, Ok(()));
    assert_eq!((play.versions(), play.introductions), (vec![6, 6, 6], vec![3]));
}

#[test]
fn who_alone_decided_in_time_is_followed_by_those_who_had_accepted() {
    let mut play = decided_while_breaking();
    // Node 3 delivered it in time, and then restarted: a newcomer that is newer.
    play.nodes.insert(3, replica(3, (6, 0), Vec::new()));
    for id in [1, 2] {
        play.node(id).on_ended(false);
    }
    play.drain();
    assert_eq!(play.ended, [(1, Outcome::Undecided)]);
    play.ring(&ALL);
    assert_eq!(play.nodes[&3].place(1), Some(Place::Behind));
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    assert_eq!(play.versions(), [6, 6, 6]);
}

#[test]
fn what_may_be_in_force_elsewhere_is_not_given_another_text() {
    let mut play = decided_while_breaking();
    for id in ALL {
        play.node(id).on_ended(false);
    }
    play.drain();
    play.ring(&[1, 2]);
    let other = text(6, "<cman/>");
    let proposed = Edition { version: 6, digest: Digest::of(&other) };
    let result = play.node(1).propose(proposed, &other);
    assert_eq!(result, Err(NotProposed::Contradicts(6)));
    // Of one who did not accept it, it is refused by those who did.
    play.nodes.insert(1, replica(1, (5, 0), Vec::new()));
    play.ring(&[1, 2]);
    assert_eq!(play.node(1).propose(proposed, &other), Ok(()));
    play.drain();
    play.deliver(&[1, 2], MANY);
    play.check(1, Ok(()));
    play.deliver(&[1, 2], MANY);
    let reason = "version 6 was accepted here before and may be in force".to_owned();
    assert_eq!(play.ended.last(), Some(&(1, Outcome::Refused { node: 2, reason })));
    play.propose(1, 7);
    play.deliver(&[1, 2], MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    play.deliver(&[1, 2], MANY);
    assert_eq!(play.versions(), [7, 7, 5]);
}

/// Node 1 accepted 6, which 3 decided, and then 7, which came to nothing (seed 53794).
#[test]
fn what_was_accepted_is_not_forgotten_for_what_was_accepted_after_it() {
    let mut play = Play::new(&[(1, 5), (2, 5), (3, 6)]);
    let accepted = vec![edition(6), edition(7)];
    play.nodes.insert(1, replica(1, (5, 0), accepted));
    play.node(1).set_established(true);
    play.ring(&ALL);
    assert_eq!(play.nodes[&1].place(3), Some(Place::Current));
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    assert_eq!(play.versions(), [6, 6, 6]);
    assert_eq!(play.nodes[&1].holding().accepted, [edition(7)]);
}

#[test]
fn who_accepted_what_came_to_nothing_follows_those_who_have_another_text_of_its_number() {
    let mut play = Play::new(&[(1, 6), (2, 6), (3, 5)]);
    let other = Edition { version: 6, digest: Digest::of(b"other") };
    play.nodes.insert(3, replica(3, (5, 0), vec![other]));
    play.node(1).set_established(true);
    play.ring(&ALL);
    play.deliver(&ALL, MANY);
    play.check(3, Ok(()));
    assert_eq!(play.versions(), [6, 6, 6]);
}

#[test]
fn a_holder_that_is_new_does_not_offer_again_what_was_offered() {
    let mut play = Play::new(&[(1, 4), (2, 4), (3, 5)]);
    play.node(3).set_established(true);
    play.ring(&ALL);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    for id in [1, 2] {
        let holding = play.nodes[&id].holding();
        ALL.iter().for_each(|to| play.node(*to).on_introduced(id, holding.clone()));
        play.drain();
        assert!(play.order.is_empty(), "node {id} is there, and all was offered");
    }
    assert_eq!(play.switched, [(1, 5), (2, 5)]);
}

#[test]
fn who_is_behind_is_sent_it_by_the_first_who_has_it_and_has_no_say_until_then() {
    let mut play = Play::new(&[(1, 4), (2, 5), (3, 5)]);
    play.node(2).set_established(true);
    play.node(3).set_established(true);
    play.ring(&ALL);
    assert_eq!(play.nodes[&3].place(1), Some(Place::Behind));
    let why = Event::KeptOut { node: 1, place: Place::Behind, held: 4, wanted: 5 };
    assert!(ALL.iter().all(|id| play.told.contains(&(*id, why.clone()))));
    assert!(play.order.iter().all(|(from, ..)| *from == 2));
    play.deliver(&ALL, MANY);
    play.propose(3, 6);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    assert_eq!((play.versions()[0], &play.introductions[..]), (5, &[1][..]));
    // Its introduction comes while a proposal is under way, in which it had no say.
    let holding = play.nodes[&1].holding();
    ALL.iter().for_each(|id| play.node(*id).on_introduced(1, holding.clone()));
    play.drain();
    assert_eq!(play.ended, [(3, Outcome::Interrupted)]);
    assert_eq!(play.nodes[&2].place(1), Some(Place::Current));
}

#[test]
fn who_is_sent_an_edition_that_is_old_by_then_is_sent_the_next() {
    let mut play = Play::new(&[(1, 5), (2, 5), (3, 4)]);
    play.node(1).set_established(true);
    play.ring(&ALL);
    play.deliver(&ALL, MANY);
    play.propose(1, 6);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    play.deliver(&ALL, 2);
    assert_eq!(play.versions(), [6, 6, 4]);
    play.deliver(&ALL, MANY);
    assert_eq!(
        play.checks.iter().map(|(id, _, version)| (*id, *version)).collect::<Vec<_>>(),
        [(3, 5), (3, 6)]
    );
    play.check(3, Ok(()));
    assert_eq!(play.versions(), [6, 6, 4], "the first is not asked for any more");
    play.check(3, Ok(()));
    assert_eq!(play.versions(), [6, 6, 6]);
}

#[test]
fn who_cannot_follow_stays_out_and_says_why() {
    let mut play = Play::new(&[(1, 5), (2, 4)]);
    play.node(1).set_established(true);
    play.ring(&[1, 2]);
    play.deliver(&[1, 2], MANY);
    play.check(2, Err("no address"));
    let why = Event::CannotFollow { version: 5, reason: "no address".to_owned() };
    assert_eq!(play.told.last(), Some(&(2, why)));
    assert_eq!(play.versions(), [5, 4]);
    assert_eq!(play.node(2).propose(edition(9), b"x"), Err(NotProposed::NotCurrent));
}

#[test]
fn a_newer_newcomer_changes_nothing_until_the_cluster_is_newer_still() {
    let mut play = Play::new(&[(1, 5), (2, 5), (3, 7)]);
    play.node(1).set_established(true);
    play.ring(&ALL);
    assert_eq!(play.nodes[&1].place(3), Some(Place::Ahead));
    assert!(play.order.is_empty(), "nothing is sent");
    play.propose(2, 8);
    play.deliver(&ALL, MANY);
    play.check(1, Ok(()));
    play.check(2, Ok(()));
    play.deliver(&ALL, MANY);
    play.check(3, Ok(()));
    assert_eq!(play.versions(), [8, 8, 8]);
}

#[test]
fn a_text_that_is_not_what_was_announced_is_refused() {
    let mut play = three();
    let lie = edition(6);
    let size = 4;
    for message in [
        Message::Propose { number: 9, base: edition(5), edition: lie, size },
        Message::Part { number: 9, offset: 0, bytes: b"not ".to_vec() },
    ] {
        play.order.push_back((1, message, false));
    }
    play.deliver(&ALL, MANY);
    assert!(play.checks.is_empty());
    assert!(matches!(&play.told.last(), Some((3, Event::Abandoned { .. }))));
}

#[test]
fn too_long_a_text_is_not_proposed() {
    let mut play = three();
    let long = vec![b' '; LARGEST_TEXT + 1];
    let error = play.node(1).propose(edition(6), &long);
    assert_eq!(error, Err(NotProposed::Size(LARGEST_TEXT + 1)));
    assert_eq!(play.node(1).propose(edition(6), b""), Err(NotProposed::Size(0)));
}

proptest! {
    /// Whatever is said by whomever, in whatever order: nobody panics, and who goes by a version
    /// that was proposed has been asked.
    #[test]
    fn no_message_makes_it_panic(
        steps in proptest::collection::vec((1..5_u32, 0..5_u8, 0..4_u32, 0..8_u64), 0..60)
    ) {
        let mut play = three();
        for (from, kind, number, value) in steps {
            let to = u32::try_from(value).expect("it is small");
            let message = match kind {
                0 => Message::Propose {
                    number, base: edition(5), edition: edition(value), size: 2 + to,
                },
                1 => Message::Offer { number, edition: edition(value), size: 1 + to },
                2 => Message::Part { number, offset: to, bytes: vec![7; 3] },
                3 => Message::Accept { proposer: to, number, mark: value % 2 },
                _ => Message::Refuse { proposer: to, number, reason: String::new() },
            };
            play.order.push_back((from, message, false));
            play.deliver(&ALL, 1);
            if value == 7 {
                play.node(1).on_ended(number == 1);
                play.node(1).on_ring(BTreeMap::new());
            }
        }
        prop_assert!(play.switched.is_empty());
    }
}
