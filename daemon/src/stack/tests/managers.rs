//! What cluster managers are told.

use super::super::command::{DeviceCommand, ManageCommand, ViewParts};
use super::super::effect::{ClusterView, ViewPart};
use super::*;

/// Every view that a node told, as members, who came, who went, and quorate.
fn views(world: &World, id: u32) -> Vec<ClusterView> {
    let told = world.effects[&node(id)].iter().filter_map(|effect| {
        let Effect::Notify { notice: Notice::View(view), .. } = effect else { return None };
        Some((**view).clone())
    });
    told.collect()
}

fn shown(view: &ClusterView) -> (Vec<u32>, Vec<u32>, Vec<u32>, bool) {
    let ids = |nodes: &NodeSet| nodes.iter().map(|node| node.get()).collect();
    (ids(&view.members), ids(&view.joined), ids(&view.left), view.quorate)
}

fn track(current: bool) -> Command {
    Command::Manage(ManageCommand::Track { on: true, current, parts: ViewParts::One })
}

#[test]
fn a_manager_is_told_once_how_it_is_and_once_of_each_change() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    let request = world.ask(1, track(true));
    assert_eq!(world.reply(1, request), Some(&Reply::Done));
    let now = views(&world, 1);
    assert_eq!(now.iter().map(shown).collect::<Vec<_>>(), [(vec![1, 2, 3], vec![], vec![], true)]);
    world.kill(3);
    world.together(&[1, 2]);
    let lost = views(&world, 1).split_off(1);
    let last = lost.last().expect("a change is told");
    assert_eq!(shown(last), (vec![1, 2], vec![], vec![3], true));
    assert!(last.ring > now[0].ring);
    let states: Vec<NodeState> = last.nodes.iter().map(|&(_, state)| state).collect();
    assert_eq!(states, [NodeState::Member, NodeState::Member, NodeState::Dead]);
    assert_eq!(lost.len(), 1, "what follows from one change is one view");
    world.kill(2);
    world.together(&[1]);
    let alone = views(&world, 1).pop().expect("told");
    assert_eq!(shown(&alone), (vec![1], vec![], vec![2], false));
}

#[test]
fn who_asks_before_the_first_ring_is_told_of_it() {
    let mut world = World::new();
    world.start(&[1], THREE);
    world.ask(
        1,
        Command::Manage(ManageCommand::Track { on: false, current: true, parts: ViewParts::One }),
    );
    assert!(views(&world, 1).is_empty());
    world.together(&[1]);
    assert_eq!(views(&world, 1).len(), 1);
    world.kill(1);
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    assert!(views(&world, 1).is_empty(), "it asked for one only");
}

#[test]
fn nothing_is_told_twice_and_to_nobody_who_is_gone() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    world.ask(1, track(false));
    assert!(views(&world, 1).is_empty());
    let stack = world.stacks.get_mut(&node(1)).expect("started");
    stack.gone(world.now, SessionId(1));
    world.drain(node(1));
    world.kill(3);
    world.together(&[1, 2]);
    assert!(views(&world, 1).is_empty());
}

#[test]
fn a_device_that_speaks_of_another_ring_is_refused() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    let request = world.ask(1, Command::Manage(ManageCommand::Counting));
    let Some(Reply::Counting(counting)) = world.reply(1, request) else { panic!("no counting") };
    assert_eq!((counting.me, counting.devices.len()), (node(1), 0));
    let ring = counting.ring.expect("there is one");
    let (name, votes) = ("device".to_owned(), Votes::new(1));
    let register = DeviceCommand::Register { name, votes };
    world.ask(1, Command::Vote(VoteCommand::Device(register)));
    let poll = |ring| Command::Manage(ManageCommand::Poll { alive: true, ring });
    let present = (ring.seq.get(), ring.representative.get());
    let request = world.ask(1, poll((present.0 + 1, present.1)));
    let refused = Reply::Refused(Refusal::OtherRing(ring));
    assert_eq!(world.reply(1, request), Some(&refused));
    let request = world.ask(1, poll(present));
    assert_eq!(world.reply(1, request), Some(&Reply::Done));
    world.until("device", |world| {
        let request = world.ask(1, Command::Manage(ManageCommand::Counting));
        let Some(Reply::Counting(counting)) = world.reply(1, request) else { return false };
        counting.devices == [(node(1), 1)]
    });
}

#[test]
fn a_stop_asks_nobody() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    world.ask(1, Command::Manage(ManageCommand::Question(true)));
    let stack = world.stacks.get_mut(&node(1)).expect("started");
    let request = RequestId { session: SessionId(2), number: 900 };
    stack.command(world.now, request, Command::Manage(ManageCommand::Stop));
    world.drain(node(1));
    world.until("leave", |world| world.has_left(1));
    let asked =
        |effect: &Effect| matches!(effect, Effect::Notify { notice: Notice::TryShutdown(_), .. });
    assert!(!world.has(1, asked));
}

#[test]
fn a_view_is_cut_as_its_reader_wants_it() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    let parts = ViewParts::Votes;
    world.ask(1, Command::Manage(ManageCommand::Track { on: true, current: true, parts }));
    let cut = |world: &World| views(world, 1).iter().map(|view| view.part).collect::<Vec<_>>();
    assert_eq!(cut(&world), [ViewPart::Members, ViewPart::Verdict]);
    world.ask(1, Command::Vote(VoteCommand::Expected(Votes::new(2))));
    world.until("expected", |world| cut(world).len() == 3);
    assert_eq!(cut(&world)[2..], [ViewPart::Expected]);
    world.kill(3);
    world.together(&[1, 2]);
    assert_eq!(cut(&world)[3..5], [ViewPart::Members, ViewPart::Verdict]);
    let last = views(&world, 1).pop().expect("told");
    assert_eq!(shown(&last), (vec![1, 2], vec![], vec![3], true));
}
