//! What goes wrong, done to the world.
//!
//! Must never do more than a fault says: a crash takes no message back that is already on its way.

use core::time::Duration;

use bytes::Bytes;
use daemon::stack::command::{Command, Leave};
use totem::wire::Packet;
use totem::{Guarantee, Input, NodeSet};

use super::{Happening, World};
use crate::airlock::KeyStep;
use crate::check::groups::Event as GroupEvent;
use crate::check::history::What;
use crate::check::versions::Event;
use crate::faults::{Fault, Moment, Trigger};
use crate::network::Port;

impl World {
    /// Does what a fault says, now.
    pub fn inject(&mut self, fault: &Fault) {
        if !self.makes_sense(fault) {
            return;
        }
        self.figures.count(fault.kind());
        match *fault {
            Fault::Crash { node, written } => {
                self.trace.story(self.now, Some(node), || "crash".into());
                self.stop(node, written);
            }
            Fault::Start { node } => self.start(node),
            Fault::Pause { node, length } => self.pause(node, length),
            Fault::Leave { node } => {
                self.trace.story(self.now, Some(node), || "leave".into());
                let leave = Leave { remove: false, force: true };
                self.nodes[node].command(self.now, Command::Leave(leave));
                self.settle(node);
            }
            Fault::Kill { by, node } => {
                let victim = self.nodes[node].id();
                self.trace.story(self.now, Some(by), || format!("kill {victim}"));
                self.nodes[by].command(self.now, Command::Kill(victim));
                self.settle(by);
            }
            Fault::Dirty { node } => {
                self.trace.story(self.now, Some(node), || "has state".into());
                self.nodes[node].command(self.now, Command::SetDirty);
                self.settle(node);
            }
            Fault::Cut { from, to } => self.cut(from, to, true),
            Fault::Mend { from, to } => self.cut(from, to, false),
            Fault::Split(group) => {
                self.trace.story(self.now, None, || format!("partition around {group:?}"));
                self.network.split(group);
            }
            Fault::Join => {
                self.trace.story(self.now, None, || "all links mended".into());
                self.network.join();
            }
            Fault::Link { from, to, quality } => self.network.set(from, to, quality),
            Fault::Weather(quality) => self.network.set_all(quality),
            Fault::FalseHint { to, about } => {
                let about = self.nodes[about].id();
                self.trace.fine(self.now, Some(to), || format!("false hint about {about}"));
                self.handle(to, Input::Unreachable(about));
            }
            Fault::Visit { node } => self.visit(node),
            Fault::Reload { node, newer, refuser } => self.reload(node, newer, refuser),
            Fault::Directory { everyone } => self.directory(everyone),
            Fault::Retune { node, tuning } => {
                self.trace.fine(self.now, Some(node), || format!("{tuning:?}"));
                self.nodes[node].retune(&self.plan, self.now, tuning);
                self.settle(node);
            }
            Fault::Key { node, step } => self.change_key(node, step),
            Fault::Flood { messages } => self.flood(messages),
            Fault::Program { node, ref act } => self.act(node, act.clone()),
            Fault::When(ref trigger) => self.triggers.push((**trigger).clone()),
        }
    }

    /// An operator of this node asks something, in these words.
    pub fn ask(&mut self, node: usize, words: &str, command: Command) {
        self.trace.story(self.now, Some(node), || format!("asks: {words}"));
        self.nodes[node].ask(self.now, words, command);
        self.settle(node);
    }

    /// The program behind the quorum device of this node hangs up.
    pub fn hang_up(&mut self, node: usize) {
        self.trace.story(self.now, Some(node), || "device program gone".into());
        self.nodes[node].hang_up(self.now);
        self.settle(node);
    }

    fn makes_sense(&self, fault: &Fault) -> bool {
        match *fault {
            Fault::Crash { node, .. } => self.nodes[node].is_up(),
            // What is dead when all else is repaired stays dead, whatever was planned.
            Fault::Start { node } => {
                let dead = self.is_healing() && self.plan.dead.contains(&node);
                !self.nodes[node].is_up() && !dead
            }
            Fault::Pause { node, .. }
            | Fault::Leave { node }
            | Fault::Kill { by: node, .. }
            | Fault::Dirty { node }
            | Fault::Reload { node, .. }
            | Fault::Program { node, .. }
            | Fault::Visit { node } => self.nodes[node].is_up() && !self.nodes[node].is_paused(),
            Fault::FalseHint { to, about } => to != about && self.nodes[to].is_up(),
            Fault::Cut { .. }
            | Fault::Mend { .. }
            | Fault::Split(_)
            | Fault::Join
            | Fault::Link { .. }
            | Fault::Weather(_)
            | Fault::Directory { .. }
            | Fault::Retune { .. }
            | Fault::Key { .. }
            | Fault::Flood { .. }
            | Fault::When(_) => true,
        }
    }

    fn cut(&mut self, from: usize, to: usize, cut: bool) {
        let (a, b) = (self.nodes[from].id(), self.nodes[to].id());
        let what = if cut { "cut" } else { "mended" };
        self.trace.story(self.now, None, || format!("{what} {a} > {b}"));
        self.network.cut(from, to, cut);
    }

    /// One kind of packet no longer passes in one direction, or does again.
    pub fn deafen(&mut self, from: usize, to: usize, (port, deaf): (Port, bool)) {
        let (a, b) = (self.nodes[from].id(), self.nodes[to].id());
        let what = if deaf { "cut" } else { "mended" };
        let kind = match port {
            Port::Token => "unicast",
            Port::Data => "multicast",
        };
        self.trace.story(self.now, None, || format!("{what} {kind} {a} > {b}"));
        self.network.deafen(from, to, (port, deaf));
    }

    fn start(&mut self, node: usize) {
        self.trace.story(self.now, Some(node), || "start".into());
        self.observe(node, What::Started);
        let text = self.nodes[node].disk.conf().clone();
        self.observe_version(node, Event::GoesBy(text));
        self.nodes[node].start(&self.plan, node, self.now);
        self.settle(node);
    }

    /// A daemon ends, one way or another.
    pub(super) fn stop(&mut self, node: usize, written: bool) {
        self.nodes[node].stop(written);
        self.observe_group(node, GroupEvent::Ended);
        self.observe(node, What::Failed);
        self.observe_version(node, Event::Ended);
        let text = self.nodes[node].disk.conf().clone();
        self.observe_version(node, Event::OnDisk(text));
    }

    pub(super) fn restart_later(&mut self, node: usize) {
        self.schedule(Duration::from_millis(10), Happening::Fault(Fault::Start { node }));
    }

    fn pause(&mut self, node: usize, length: Duration) {
        self.trace.story(self.now, Some(node), || format!("stopped for {length:?}"));
        self.nodes[node].pause();
        let boot = self.nodes[node].boot();
        self.schedule(length, Happening::Resume { node, boot });
    }

    pub(super) fn resume(&mut self, node: usize, boot: u64) {
        if self.nodes[node].boot() != boot {
            return;
        }
        let Some(missed) = self.nodes[node].resume() else { return };
        self.trace.story(self.now, Some(node), || "goes on".into());
        self.nodes[node].catch_up(&self.plan, self.now);
        // A daemon that wakes up sees its timer and its ports at once: either may come first.
        let timer_first = self.rng.once_in(2);
        if missed.timeout && timer_first {
            self.handle(node, Input::Timeout);
        }
        for input in missed.inputs {
            self.handle(node, input);
        }
        for parcel in missed.parcels {
            self.receive(node, &parcel);
        }
        if missed.timeout && !timer_first {
            self.handle(node, Input::Timeout);
        }
        self.set_alarm(node);
    }

    fn change_key(&mut self, node: usize, step: KeyStep) {
        let view = self.checks.history().processes[node].view;
        let members: NodeSet = view
            .map(|view| view.members.iter().map(|index| self.nodes[index].id()).collect())
            .unwrap_or_default();
        if self.nodes[node].change_key(step, &members) {
            self.figures.count("keys changed");
            self.trace.story(self.now, Some(node), || match step {
                KeyStep::Learn => "knows the next key".into(),
                KeyStep::Use => "seals with the next key".into(),
                KeyStep::Retire => "forgets the old key".into(),
            });
        }
    }

    fn visit(&mut self, node: usize) {
        let ring = self.checks.history().place(node).map(|place| place.ring);
        let came = self.nodes[node].visit(self.now, ring);
        let what = if came { "comes" } else { "is gone" };
        self.trace.fine(self.now, Some(node), || format!("a second client {what}"));
        self.settle(node);
    }

    fn flood(&mut self, messages: usize) {
        for node in 0..self.nodes.len() {
            for _ in 0..messages {
                self.say_one(node);
            }
        }
    }

    /// One client says something now, and again later, until the world heals.
    pub(super) fn say_something(&mut self, node: usize) {
        if self.is_healing() {
            return;
        }
        let burst = self.clients.size(1, self.plan.traffic.burst);
        for _ in 0..burst {
            self.say_one(node);
        }
        let pause = self.draw(self.plan.traffic.pause);
        self.schedule(pause, Happening::Say { node });
    }

    pub(super) fn say_one(&mut self, node: usize) {
        let traffic = self.plan.traffic;
        let packet = self.plan.limits.packet;
        let safe = self.clients.chance(traffic.safe);
        let guarantee = if safe { Guarantee::Safe } else { Guarantee::Agreed };
        let size = if self.clients.chance(traffic.huge) {
            self.clients.size(100 << 10, 110 << 10)
        } else if self.clients.chance(traffic.long) {
            self.clients.size(packet / 2, packet * 5)
        } else {
            self.clients.size(1, 120)
        };
        self.say(node, guarantee, size);
    }

    /// Fires the triggers that wait for this moment of this node; does any concern more than a
    /// program?
    pub(super) fn fires_on(&mut self, node: usize, moment: Moment) -> bool {
        let fires = |trigger: &mut Trigger| trigger.node == node && trigger.moment == moment;
        let firing: Vec<Trigger> = self.triggers.extract_if(.., fires).collect();
        for trigger in &firing {
            if matches!(trigger.fault, Fault::Program { .. }) {
                // Its daemon does one thing after another, and this is the next.
                self.schedule(Duration::ZERO, Happening::Fault(trigger.fault.clone()));
            } else {
                self.inject(&trigger.fault);
            }
        }
        firing.iter().any(|trigger| !matches!(trigger.fault, Fault::Program { .. }))
    }

    /// Fires the triggers that wait for a packet like this one; the packet is lost then.
    pub(super) fn fires_on_receipt(&mut self, node: usize, bytes: &Bytes) -> bool {
        let moment = match Packet::decode(bytes) {
            Ok(Packet::Token(token)) => {
                let installed = self.checks.history().place(node).map(|place| place.ring);
                if installed == Some(token.ring) {
                    Moment::HoldingToken
                } else {
                    Moment::Recovering
                }
            }
            Ok(Packet::Commit(_)) => Moment::Committing,
            Ok(Packet::Frame(_) | Packet::Join(_) | Packet::Beacon(_) | Packet::Signal(_))
            | Err(_) => return false,
        };
        self.fires_on(node, moment)
    }
}
