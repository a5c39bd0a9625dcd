use super::{Story, breaks, group, ring};
use crate::check::group::Group;
use crate::check::history::{Change, View, What};
use crate::check::liveness::Missing;
use crate::check::quorum::Counting;
use crate::check::versions::Event;
use crate::check::{configurations, liveness, quorum, sides, synchronization};
use totem::RingId;

fn change(number: u64, previous: Option<RingId>, members: Group) -> Change {
    Change { ring: ring(number), previous, members, joined: members, left: Group::EMPTY }
}

#[test]
fn rings_that_come_and_go_are_fine() {
    let mut story = Story::of_three();
    story.good(2, What::Failed);
    story.all_install(2, [0, 1]);
    story.good(2, What::Started);
    story.all_install(3, [0, 1, 2]);
}

#[test]
fn a_ring_without_its_transitional_configuration_is_refused() {
    let mut story = Story::of_three();
    breaks(story.regular(0, 2, &[0, 1]), configurations::NAME);
}

#[test]
fn a_transitional_configuration_without_an_old_ring_is_refused() {
    let mut story = Story::of([1, 1]);
    let alone = change(1, None, group([0]));
    breaks(story.tell(0, What::Transitional(alone)), configurations::NAME);
}

#[test]
fn a_ring_without_the_node_itself_is_refused() {
    let mut story = Story::of([1, 1]);
    breaks(story.tell(0, What::Regular(change(1, None, group([1])))), configurations::NAME);
}

#[test]
fn one_ring_has_one_list_of_members() {
    let mut story = Story::of([1, 1, 1]);
    story.good(0, What::Regular(change(1, None, group([0, 1]))));
    let other = change(1, None, group([0, 1, 2]));
    breaks(story.tell(1, What::Regular(other)), configurations::NAME);
}

#[test]
fn ring_sequences_grow_across_restarts() {
    let mut story = Story::of_three();
    story.good(0, What::Failed);
    story.good(0, What::Started);
    breaks(story.tell(0, What::Regular(change(1, None, group([0])))), configurations::NAME);
}

#[test]
fn a_transitional_configuration_has_no_strangers() {
    let mut story = Story::of([1, 1, 1]);
    story.all_install(1, [0, 1]);
    let bad = Change {
        ring: ring(2),
        previous: Some(ring(1)),
        members: group([0, 2]),
        joined: Group::EMPTY,
        left: group([1]),
    };
    breaks(story.tell(0, What::Transitional(bad)), configurations::NAME);
}

#[test]
fn those_of_a_transitional_configuration_come_from_its_ring() {
    let mut story = Story::of([1, 1]);
    story.all_install(1, [0, 1]);
    story.passes(1, 2, [1]).expect("node 1 goes its own way");
    let claim = Change {
        ring: ring(3),
        previous: Some(ring(1)),
        members: group([0, 1]),
        joined: Group::EMPTY,
        left: Group::EMPTY,
    };
    story.good(0, What::Transitional(claim));
    story.regular(0, 3, &[0, 1]).expect("node 1 was not asked yet");
    breaks(story.passes(1, 3, [0, 1]), configurations::NAME);
}

#[test]
fn who_came_and_who_left_is_told_truly() {
    let mut story = Story::of_three();
    let bad = Change { left: Group::EMPTY, ..change(2, Some(ring(1)), group([0, 1])) };
    breaks(story.tell(0, What::Transitional(bad)), configurations::NAME);
}

#[test]
fn members_synchronize_once_and_only_when_all_are_there() {
    let mut story = Story::of([1, 1]);
    story.passes(0, 1, [0, 1]).expect("a good installation");
    breaks(story.synced(0), synchronization::NAME);
    story.passes(1, 1, [0, 1]).expect("a good installation");
    story.synced(0).expect("now all are there");
    breaks(story.synced(0), synchronization::NAME);
    let stale = View { ring: ring(9), members: group([1]), joined: group([1]), left: Group::EMPTY };
    breaks(story.tell(1, What::Synced(stale)), synchronization::NAME);
}

#[test]
fn a_ring_has_one_side_or_several_that_have_nobody_in_common() {
    let view = |members| View { ring: ring(1), members, joined: members, left: Group::EMPTY };
    for keeps_out in [false, true] {
        let mut story = Story::of([1, 1, 1]);
        story.checks = story.checks.keeping_out(keeps_out);
        for node in [0, 1, 2] {
            story.passes(node, 1, [0, 1, 2]).expect("a good installation");
        }
        let first = story.tell(0, What::Synced(view(group([0, 1]))));
        if !keeps_out {
            breaks(first, sides::NAME);
            continue;
        }
        first.expect("a side");
        story.good(2, What::Synced(view(group([2]))));
        breaks(story.tell(1, What::Synced(view(group([1, 2])))), sides::NAME);
        breaks(story.tell(1, What::Synced(view(group([2])))), sides::NAME);
        story.good(1, What::Synced(view(group([0, 1]))));
    }
}

#[test]
fn nobody_speaks_before_the_members_agreed() {
    let mut story = Story::of([1, 1]);
    for node in [0, 1] {
        story.passes(node, 1, [0, 1]).expect("a good installation");
    }
    let a = story.agreed(0);
    breaks(story.delivers(0, a), synchronization::NAME);
}

#[test]
fn half_of_the_votes_are_not_enough() {
    let mut story = Story::of([1, 1, 1, 1]);
    story.all_install(1, [0, 1]);
    story.good(0, What::Settled);
    story.good(0, What::Verdict { quorate: true });
    breaks(story.tell(0, What::Settled), quorum::NAME);
}

#[test]
fn more_than_half_must_be_quorate() {
    let mut story = Story::of_three();
    breaks(story.tell(0, What::Settled), quorum::NAME);
    story.good(0, What::Verdict { quorate: true });
    story.good(0, What::Settled);
}

/// A version that others took no part in: it is the file that counts, not who comes.
#[test]
fn another_version_may_take_the_quorum_from_less_than_half_and_from_nobody_else() {
    let goes_by = |story: &mut Story, node: usize, version: u32| {
        let text = format!(
            "<cluster name=\"x\" config_version=\"{version}\"><clusternodes>\
             <clusternode name=\"a\" nodeid=\"1\"/></clusternodes></cluster>"
        );
        let text: crate::disk::Text = text.into_bytes().into();
        story.checks.observe_version(node, Event::GoesBy(text)).map_err(|(_, it)| it.detail)
    };
    let lose = |members: &[usize], version: u32| {
        let mut story = Story::of([1, 1, 1]);
        story.checks = story.checks.counting(Counting::Dynamic);
        for &node in members {
            goes_by(&mut story, node, 1).expect("it starts");
            story.transitional(node, 1, members).expect("a good configuration");
            story.regular(node, 1, members).expect("a good configuration");
        }
        story.synced(0).expect("a good synchronization");
        story.good(0, What::Verdict { quorate: true });
        story.good(0, What::Settled);
        if version > 1 {
            goes_by(&mut story, 0, version).expect("it is newer");
        }
        story.good(0, What::Verdict { quorate: false });
        story.tell(0, What::Settled)
    };
    lose(&[0], 2).expect("one of three");
    breaks(lose(&[0], 1), quorum::JOIN);
    breaks(lose(&[0, 1], 2), quorum::JOIN);
}

#[test]
fn convergence_names_what_is_missing() {
    let mut story = Story::of_three();
    let missing = |story: &Story| {
        story.checks.missing().map(|missing| match missing {
            Missing::Membership { nodes, .. } => nodes,
            Missing::Messages(waiting) => waiting.iter().map(|id| id.sender).collect(),
        })
    };
    assert_eq!(missing(&story), Some(vec![0]), "not quorate");
    for node in 0..3 {
        story.good(node, What::Verdict { quorate: true });
    }
    assert_eq!(missing(&story), None);
    let a = story.agreed(1);
    assert_eq!(missing(&story), Some(vec![1]), "its own message");
    story.deliver(1, [a]);
    assert_eq!(missing(&story), None);
    let undelivered = liveness::undelivered(story.checks.history(), &[0, 0, 0]);
    assert_eq!(undelivered, Some((vec![1, 0], a)));
    story.good(2, What::Failed);
    assert_eq!(missing(&story), Some(vec![0]), "a dead member");
}
