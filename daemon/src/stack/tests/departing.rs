//! How nodes come to an end: killed, kept out, asked whether they may leave.

use super::super::effect::Disallowed;
use super::*;

const OBJECTOR: SessionId = SessionId(2);

impl World {
    fn ask_as(&mut self, session: SessionId, id: u32, command: Command) -> RequestId {
        self.requests += 1;
        let request = RequestId { session, number: self.requests };
        let stack = self.stacks.get_mut(&node(id)).expect("started");
        stack.command(self.now, request, command);
        self.drain(node(id));
        request
    }

    /// Waits for the end of a node and takes its daemon away.
    fn ends(&mut self, id: u32, exit: Exit) {
        self.until("end", |world| world.has(id, |effect| *effect == Effect::Exit(exit)));
        self.kill(id);
    }

    /// Nothing passes between these nodes and the others any more: lost packets are given back.
    fn apart(&mut self, ids: &[u32], span: Duration) {
        let here = set(ids);
        let end = self.now + span;
        while self.now < end {
            self.flying.retain(|&(_, from, to, _)| here.contains(&from) == here.contains(&to));
            self.step();
        }
    }
}

/// Three nodes with state, of which the third was away for a while.
fn parted(file: File, dirty: &[u32]) -> World {
    let mut world = World::new();
    world.start(&[1, 2, 3], file);
    world.together(&[1, 2, 3]);
    for &id in dirty {
        let request = world.ask(id, Command::SetDirty);
        assert_eq!(world.reply(id, request), Some(&Reply::Done));
        assert!(world.status(id).has_state);
    }
    world.apart(&[1, 2], Duration::from_secs(40));
    world
}

const STATEFUL: File = File { disallowed: true, ..THREE };

#[test]
fn a_killed_node_ends_and_the_others_know_why() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    let begin = world.now;
    let request = world.ask(1, Command::Kill(node(2)));
    let (by, reason) = (node(1), KillReason::Operator);
    world.ends(2, Exit::Killed { by, reason });
    assert_eq!(world.reply(1, request), Some(&Reply::Done));
    let report = Report::Killed { node: node(2), by, reason };
    assert!(world.has(2, |effect| *effect == Effect::Report(report.clone())));
    world.together(&[1, 3]);
    assert!(world.now.since(begin) < Duration::from_millis(500), "nobody waits for a timer");
    for id in [1, 3] {
        assert_eq!(world.nodes(id)[1].departure, Some(Departure::Killed(reason)));
        assert_eq!(world.shown(id), (2, 3, 2, 1, 2, false), "expected votes stay");
    }
}

#[test]
fn a_node_can_kill_itself() {
    let mut world = World::new();
    world.start(&[1, 2], TWO);
    world.together(&[1, 2]);
    let request = world.ask(1, Command::Kill(node(1)));
    world.ends(1, Exit::Killed { by: node(1), reason: KillReason::Operator });
    assert_eq!(world.reply(1, request), Some(&Reply::Done));
    world.together(&[2]);
}

#[test]
fn who_returns_with_state_is_killed_by_those_who_may_act() {
    let mut world = parted(STATEFUL, &[1, 2, 3]);
    world.ends(3, Exit::Killed { by: node(1), reason: KillReason::Rejoined });
    world.together(&[1, 2]);
    for id in [1, 2] {
        assert!(world.has(id, |effect| matches!(
            effect,
            Effect::Report(Report::Disallowed { what: Disallowed::Killed, .. })
        )));
        assert_eq!(world.status(id).disallowed_nodes, Vec::<String>::new());
    }
    // Restarted it has no state, and is welcome.
    world.start(&[3], STATEFUL);
    world.together(&[1, 2, 3]);
    assert_eq!(world.status(1).members, 3);
}

#[test]
fn who_returns_without_state_is_welcome() {
    for (file, dirty) in [(STATEFUL, &[1, 2][..]), (THREE, &[1, 2, 3])] {
        let mut world = parted(file, dirty);
        world.together(&[1, 2, 3]);
        assert_eq!(world.status(1).members, 3);
        assert_eq!(world.status(3).members, 3);
    }
}

/// Leaves without quorum whoever is left of two pairs that cannot hear each other.
#[test]
fn halves_that_may_not_act_keep_each_other_out_until_an_operator_decides() {
    use NodeState::{Disallowed, Member};
    let file = File { nodes: 4, ..STATEFUL };
    let mut world = World::new();
    world.start(&[1, 2, 3, 4], file);
    world.together(&[1, 2, 3, 4]);
    for id in [1, 2, 3, 4] {
        world.ask(id, Command::SetDirty);
    }
    world.apart(&[1, 2], Duration::from_secs(40));
    world.together(&[1, 2, 3, 4]);
    assert_eq!(states(&world.nodes(1)), [Member, Member, Disallowed, Disallowed]);
    assert_eq!(states(&world.nodes(4)), [Disallowed, Disallowed, Member, Member]);
    let status = world.status(1);
    assert_eq!((status.members, status.verdict.quorate), (2, false));
    assert_eq!(status.disallowed_nodes, ["iscsi3", "iscsi4"]);
    // One that comes back fresh does not join such a cluster.
    world.kill(4);
    world.start(&[4], file);
    world.ends(4, Exit::SawDisallowed);
    // The operator ends one half; started again it is welcome.
    world.together(&[1, 2, 3]);
    world.ask(1, Command::Kill(node(3)));
    world.ends(3, Exit::Killed { by: node(1), reason: KillReason::Operator });
    world.together(&[1, 2]);
    world.start(&[3], file);
    world.together(&[1, 2, 3]);
    assert_eq!(states(&world.nodes(1))[..3], [Member, Member, Member]);
    assert!(world.status(3).verdict.quorate);
}

#[test]
fn a_program_that_objects_holds_the_node_back() {
    let mut world = World::new();
    world.start(&[1, 2], TWO);
    world.together(&[1, 2]);
    world.ask_as(OBJECTOR, 1, Command::Watch { on: true, objects: true });
    let leave = Leave::default();
    let first = world.ask(1, Command::Leave(leave));
    assert!(world.status(1).shutdown);
    let told = Effect::Notify { to: OBJECTOR, notice: Notice::TryShutdown(leave) };
    assert!(world.has(1, |effect| *effect == told));
    world.ask_as(OBJECTOR, 1, Command::Agree(false));
    assert_eq!(world.reply(1, first), Some(&Reply::Refused(Refusal::Busy)));
    assert!(!world.status(1).shutdown);
    // It does not answer the second time.
    let (begin, second) = (world.now, world.ask(1, Command::Leave(leave)));
    world.until("answer", |world| world.reply(1, second).is_some());
    assert_eq!(world.reply(1, second), Some(&Reply::Refused(Refusal::Busy)));
    let took = world.now.since(begin);
    assert!(Duration::from_secs(5) <= took && took < Duration::from_secs(6), "{took:?}");
    // The third time it hangs up.
    let third = world.ask(1, Command::Leave(leave));
    world.stacks.get_mut(&node(1)).expect("started").gone(world.now, OBJECTOR);
    world.drain(node(1));
    world.ends(1, Exit::Left);
    assert_eq!(world.reply(1, third), Some(&Reply::Done));
}

#[test]
fn the_service_manager_asks_nobody() {
    let mut world = World::new();
    world.start(&[1, 2], TWO);
    world.together(&[1, 2]);
    world.ask_as(OBJECTOR, 1, Command::Watch { on: true, objects: true });
    let asked = world.ask(1, Command::Leave(Leave::default()));
    let begin = world.now;
    world.ask(1, Command::Stop);
    assert_eq!(world.reply(1, asked), Some(&Reply::Refused(Refusal::Leaving)));
    world.ends(1, Exit::Left);
    assert!(world.now.since(begin) < Duration::from_millis(500));
}
