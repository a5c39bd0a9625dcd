use totem::Guarantee;

use super::{Story, breaks, ring};
use crate::check::history::What;
use crate::check::{
    agreed_order, causal_order, failure_atomicity, no_invention, safe_delivery, self_delivery,
    total_order,
};
use crate::message::{MessageId, encode};

#[test]
fn a_message_delivered_everywhere_in_one_order_is_fine() {
    let mut story = Story::of_three();
    let (a, b) = (story.agreed(0), story.safe(1));
    for node in 0..3 {
        story.deliver(node, [a, b]);
    }
    story.all_install(2, [0, 1, 2]);
}

#[test]
fn a_message_that_nobody_sent_is_invention() {
    let mut story = Story::of_three();
    let ghost = MessageId { sender: 0, number: 7 };
    breaks(story.delivers(1, ghost), no_invention::NAME);
}

#[test]
fn a_message_delivered_twice_is_a_duplicate() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.deliver(1, [a]);
    breaks(story.delivers(1, a), no_invention::NAME);
}

#[test]
fn a_message_changed_on_the_way_is_invention() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    let other = encode(a, 21);
    breaks(story.delivers_as(1, a, (0, Guarantee::Agreed, &other)), no_invention::NAME);
    let own = encode(a, 20);
    breaks(story.delivers_as(1, a, (2, Guarantee::Agreed, &own)), no_invention::NAME);
    breaks(story.delivers_as(1, a, (0, Guarantee::Safe, &own)), no_invention::NAME);
}

#[test]
fn a_refused_message_must_not_be_delivered() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.good(0, What::Answered { message: a, accepted: false });
    breaks(story.delivers(1, a), no_invention::NAME);
}

#[test]
fn a_message_belongs_to_one_ring() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.deliver(0, [a]);
    story.good(1, What::Failed);
    story.passes(2, 2, [2]).expect("node 2 goes its own way");
    story.synced(2).expect("alone");
    breaks(story.delivers(2, a), no_invention::NAME);
}

#[test]
fn two_orders_in_one_ring_break_agreement() {
    let mut story = Story::of_three();
    let (a, b) = (story.agreed(0), story.agreed(1));
    story.deliver(0, [a, b]);
    breaks(story.delivers(2, b), agreed_order::NAME);
}

#[test]
fn a_gap_in_a_regular_configuration_breaks_agreement() {
    let mut story = Story::of_three();
    let (a, b, c) = (story.agreed(0), story.agreed(1), story.agreed(2));
    story.deliver(0, [a, b, c]);
    story.deliver(1, [a]);
    breaks(story.delivers(1, c), agreed_order::NAME);
}

#[test]
fn a_transitional_configuration_may_skip_strangers_only() {
    let mut story = Story::of_three();
    let (lost, kept) = (story.agreed(2), story.agreed(0));
    story.deliver(2, [lost, kept]);
    story.good(2, What::Failed);
    for node in [0, 1] {
        story.transitional(node, 2, &[0, 1]).expect("a good transitional configuration");
        story.deliver(node, [kept]);
        story.regular(node, 2, &[0, 1]).expect("a good regular configuration");
    }

    let mut story = Story::of_three();
    let (lost, kept) = (story.agreed(1), story.agreed(0));
    story.deliver(2, [lost, kept]);
    story.good(2, What::Failed);
    story.transitional(0, 2, &[0, 1]).expect("a good transitional configuration");
    breaks(story.delivers(0, kept), agreed_order::NAME);
}

#[test]
fn skipping_a_member_shows_when_the_order_becomes_known_later() {
    let mut story = Story::of_three();
    let (skipped, kept) = (story.agreed(1), story.agreed(0));
    story.transitional(0, 2, &[0, 1]).expect("a good transitional configuration");
    story.deliver(0, [kept]);
    story.regular(0, 2, &[0, 1]).expect("nobody knows better yet");
    story.deliver(2, [skipped]);
    breaks(story.delivers(2, kept), agreed_order::NAME);
}

#[test]
fn three_orders_that_chase_each_other_are_a_cycle() {
    let mut story = Story::of([1, 1, 1, 1]);
    story.all_install(1, [0, 1, 2, 3]);
    let (a, b, c) = (story.agreed(0), story.agreed(1), story.agreed(2));
    // Each node is alone in its transitional configuration and skips one stranger.
    for (node, first, second) in [(0, a, b), (1, b, c)] {
        let number = 2 + u64::try_from(node).expect("small");
        story.transitional(node, number, &[node]).expect("alone");
        story.deliver(node, [first, second]);
        story.regular(node, number, &[node]).expect("alone");
    }
    story.transitional(2, 4, &[2]).expect("alone");
    story.deliver(2, [c]);
    breaks(story.delivers(2, a), total_order::NAME);
}

#[test]
fn what_was_seen_before_sending_comes_first() {
    let mut story = Story::of_three();
    let cause = story.agreed(0);
    story.deliver(1, [cause]);
    let answer = story.agreed(1);
    breaks(story.delivers(2, answer), agreed_or_causal(&story));
}

fn agreed_or_causal(story: &Story) -> &'static str {
    // With the order of the ring known, agreement is broken first; causality is judged next.
    let known = !story.checks.history().rings[&ring(1)].order.is_empty();
    if known { agreed_order::NAME } else { causal_order::NAME }
}

#[test]
fn causes_are_demanded_in_transitional_configurations_too() {
    let mut story = Story::of_three();
    let cause = story.agreed(2);
    story.deliver(1, [cause]);
    let answer = story.agreed(1);
    story.good(2, What::Failed);
    story.transitional(0, 2, &[0, 1]).expect("nobody moved on yet");
    breaks(story.delivers(0, answer), causal_order::NAME);

    let mut story = Story::of_three();
    let (first, second) = (story.agreed(1), story.agreed(1));
    story.transitional(0, 2, &[0, 1]).expect("a good transitional configuration");
    breaks(story.delivers(0, second), causal_order::NAME);
    let _ = first;
}

#[test]
fn a_node_keeps_the_order_of_its_own_messages() {
    let mut story = Story::of_three();
    let (_, second) = (story.agreed(0), story.agreed(0));
    breaks(story.delivers(0, second), causal_order::NAME);
}

#[test]
fn a_node_that_goes_on_without_its_own_message_breaks_self_delivery() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.deliver(1, [a]);
    story.good(1, What::Failed);
    story.transitional(0, 2, &[0, 2]).expect("a good transitional configuration");
    breaks(story.regular(0, 2, &[0, 2]), self_delivery::NAME);
}

#[test]
fn self_delivery_is_judged_when_others_deliver_later() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.passes(0, 2, [0]).expect("the message is not known to be sent yet");
    breaks(story.delivers(1, a), self_delivery::NAME);
}

#[test]
fn those_who_go_together_have_delivered_the_same() {
    let mut story = Story::of_three();
    let a = story.agreed(2);
    story.deliver(0, [a]);
    story.good(2, What::Failed);
    story.transitional(0, 2, &[0, 1]).expect("a good transitional configuration");
    breaks(story.transitional(1, 2, &[0, 1]), failure_atomicity::NAME);

    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.good(2, What::Failed);
    story.transitional(0, 2, &[0, 1]).expect("a good transitional configuration");
    story.deliver(0, [a]);
    story.regular(0, 2, &[0, 1]).expect("a good regular configuration");
    story.transitional(1, 2, &[0, 1]).expect("a good transitional configuration");
    breaks(story.regular(1, 2, &[0, 1]), failure_atomicity::NAME);
}

#[test]
fn a_safe_message_reaches_every_member_or_it_fails() {
    let mut story = Story::of_three();
    let a = story.safe(0);
    story.deliver(0, [a]);
    story.good(1, What::Failed);
    story.transitional(2, 2, &[2]).expect("node 2 goes its own way");
    breaks(story.regular(2, 2, &[2]), safe_delivery::NAME);
}

#[test]
fn a_safe_message_is_not_delivered_after_a_member_left_without_it() {
    let mut story = Story::of_three();
    let a = story.safe(0);
    story.passes(2, 2, [2]).expect("node 2 goes its own way");
    breaks(story.delivers(0, a), safe_delivery::NAME);
}

#[test]
fn an_agreed_message_may_miss_a_member_that_goes_its_own_way() {
    let mut story = Story::of_three();
    let a = story.agreed(0);
    story.deliver(0, [a]);
    story.passes(2, 2, [2]).expect("nothing was promised to node 2");
}
