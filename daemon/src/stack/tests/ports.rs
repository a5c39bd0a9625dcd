//! Ports and barriers across nodes.

use super::super::command::{BarrierCommand, PortCommand};
use super::super::effect::PortRefused;
use super::*;

const PORT: u8 = 177;

impl World {
    fn port(&mut self, id: u32, command: PortCommand) -> RequestId {
        self.ask(id, Command::Port(command))
    }

    fn listens(&mut self, id: u32) {
        let request = self.port(id, PortCommand::Listen(PORT));
        assert_eq!(self.reply(id, request), Some(&Reply::Done));
    }

    fn is_listening(&mut self, id: u32, about: Option<u32>) -> Reply {
        let asked = PortCommand::IsListening { node: about.map(node), port: PORT };
        let request = self.port(id, asked);
        self.reply(id, request).cloned().expect("it is answered at once")
    }

    fn waits(&mut self, id: u32, nodes: u32) -> RequestId {
        let barrier = |command| PortCommand::Barrier { name: "start".into(), command };
        let register = BarrierCommand::Register { nodes, once: true };
        let request = self.port(id, barrier(register));
        assert_eq!(self.reply(id, request), Some(&Reply::Done));
        self.port(id, barrier(BarrierCommand::Wait))
    }

    fn told(&self, id: u32, wanted: &Notice) -> bool {
        self.has(id, |effect| matches!(effect, Effect::Notify { notice, .. } if notice == wanted))
    }
}

fn refused(why: PortRefused) -> Reply {
    Reply::Refused(Refusal::Port(why))
}

#[test]
fn who_listens_is_known_to_those_who_were_there_and_to_those_who_come() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    world.together(&[1, 2]);
    world.listens(1);
    world.until("port", |world| world.is_listening(2, Some(1)) == Reply::Listening(true));
    assert_eq!(world.is_listening(1, None), Reply::Listening(true));
    assert_eq!(world.is_listening(2, None), Reply::Listening(false));
    assert_eq!(world.status(1).ports, [PORT]);
    let there = Reply::Refused(Refusal::NotThere(node(3)));
    assert_eq!(world.is_listening(2, Some(3)), there);
    let unknown = Reply::Refused(Refusal::UnknownNode(node(4)));
    assert_eq!(world.is_listening(2, Some(4)), unknown);
    world.start(&[3], THREE);
    world.together(&[1, 2, 3]);
    assert_eq!(world.is_listening(3, Some(1)), Reply::Listening(true));
    // The program goes, then the node of another.
    world.listens(3);
    let opened = Notice::Port { node: node(3), port: PORT, open: true };
    world.until("notice", |world| world.told(1, &opened));
    world.kill(3);
    world.together(&[1, 2]);
    let closed = Notice::Port { node: node(3), port: PORT, open: false };
    assert!(world.told(1, &closed));
    world.stacks.get_mut(&node(1)).expect("it is up").gone(world.now, SessionId(1));
    world.drain(node(1));
    world.until("port", |world| world.is_listening(2, Some(1)) == Reply::Listening(false));
}

#[test]
fn data_is_for_members_only() {
    let mut world = World::new();
    world.start(&[1, 2], THREE);
    let send = |to: Option<u32>, payload: &'static str| PortCommand::Send {
        to: to.map(node),
        port: PORT,
        payload: payload.into(),
    };
    let early = world.port(1, send(None, "early"));
    assert_eq!(world.reply(1, early), Some(&refused(PortRefused::NotMember)));
    world.together(&[1, 2]);
    world.listens(1);
    world.listens(2);
    for to in [None, Some(2)] {
        let request = world.port(1, send(to, if to.is_none() { "all" } else { "one" }));
        assert_eq!(world.reply(1, request), Some(&Reply::Done));
    }
    let data = |payload: &'static str| Notice::Data {
        from: node(1),
        from_port: PORT,
        payload: payload.into(),
    };
    world.until("data", |world| world.told(2, &data("one")));
    assert!(world.told(1, &data("all")) && world.told(2, &data("all")));
    assert!(!world.told(1, &data("one")));
}

#[test]
fn nodes_pass_a_barrier_together_or_are_told_why_not() {
    let mut world = World::new();
    world.start(&[1, 2, 3], THREE);
    world.together(&[1, 2, 3]);
    let waits = [1, 2, 3].map(|id| (id, world.waits(id, 0)));
    world.until("barrier", |world| {
        waits.iter().all(|(id, request)| world.reply(*id, *request) == Some(&Reply::Done))
    });
    let (one, two) = (world.waits(1, 3), world.waits(2, 3));
    world.kill(3);
    world.together(&[1, 2]);
    assert_eq!(world.reply(1, one), Some(&refused(PortRefused::NodeLost)));
    assert_eq!(world.reply(2, two), Some(&refused(PortRefused::NodeLost)));
}
