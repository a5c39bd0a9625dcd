//! Programs that meet in process groups while everything else goes wrong.
//!
//! Must never let a program know more than its session tells it.

use daemon::stack::command::{Command, GroupCommand, RequestId, SessionId};
use daemon::stack::effect::{Address, GroupNotice, Notice, Part, Refusal, Reply};
use totem::{Configuration, Guarantee};

use super::{Happening, World};
use crate::check::Breach;
use crate::check::groups::{Event, NAME};
use crate::guest;
use crate::programs::{Act, Program};
use crate::violation::Violation;

/// Requests of programs that are no messages have numbers from here on.
const NO_MESSAGE: u64 = 1 << 40;

impl World {
    /// Some program does something now, and again later, until the world heals.
    pub(super) fn meet(&mut self, node: usize) {
        let Some(pause) = self.plan.programs.filter(|_| !self.is_healing()) else { return };
        let act = self.nodes[node].programs.draw(&mut self.meeting);
        self.act(node, act);
        let pause = self.meeting.duration(pause.least, pause.most);
        self.schedule(pause, Happening::Meet { node });
    }

    /// A program of this node does something.
    pub fn act(&mut self, node: usize, act: Act) {
        if !self.nodes[node].is_up() || self.nodes[node].is_paused() {
            return;
        }
        match act {
            Act::Join(group) => {
                let id = self.nodes[node].id();
                let Program { session, address, .. } = self.nodes[node].programs.arrive(id);
                self.trace.story(self.now, Some(node), || {
                    format!("{} wants to join {:?}", address.pid, group)
                });
                self.observe_group(node, Event::Joins(session, address, group.clone()));
                let join = GroupCommand::Join { group, pid: address.pid, ring: false };
                self.ask_for(node, (session, NO_MESSAGE), join);
            }
            Act::Say(part, guarantee) => self.say_to_group(node, part, guarantee),
            Act::Leave => {
                let Some(program) = self.nodes[node].programs.turn() else { return };
                let (session, pid) = (program.session, program.address.pid);
                let leave = program.leave();
                self.trace.story(self.now, Some(node), || format!("{pid} wants to leave"));
                self.observe_group(node, Event::Leaves(session));
                self.ask_for(node, (session, NO_MESSAGE), leave);
            }
            Act::Kill => {
                let Some(program) = self.nodes[node].programs.there.first() else { return };
                let (session, pid) = (program.session, program.address.pid);
                self.trace.story(self.now, Some(node), || format!("{pid} is killed"));
                self.observe_group(node, Event::Killed(session));
                self.nodes[node].programs.remove(session);
                self.nodes[node].gone(self.now, session);
                self.settle(node);
            }
        }
    }

    fn say_to_group(&mut self, node: usize, part: Part, guarantee: Guarantee) {
        let size = self.meeting.size(0, 300);
        let Some(program) = self.nodes[node].programs.turn() else { return };
        let (session, pid) = (program.session, program.address.pid);
        let (number, say) = program.say(part, guarantee, size);
        self.trace.story(self.now, Some(node), || match part {
            Part::Whole => format!("{pid} says {number}"),
            Part::First | Part::Middle | Part::Last => format!("{pid} says {number} {part:?}"),
        });
        self.observe_group(node, Event::Says(session, number, part));
        self.ask_for(node, (session, number.into()), say);
    }

    fn ask_for(&mut self, node: usize, (session, number): (SessionId, u64), command: GroupCommand) {
        let request = RequestId { session, number };
        self.nodes[node].request(self.now, request, Command::Group(command));
        self.settle(node);
    }

    /// A program was answered.
    pub(super) fn answered_program(&mut self, node: usize, to: RequestId, reply: &Reply) {
        self.nodes[node].programs.answered(to, reply);
        let Reply::Refused(refusal) = reply else { return };
        self.figures.count("refused to a program");
        match (to.number, refusal) {
            (NO_MESSAGE, Refusal::TryAgain) => {
                self.nodes[node].programs.remove(to.session);
                self.observe_group(node, Event::NotJoined(to.session));
            }
            // On its way out the node serves nobody, and takes its programs with it.
            (_, Refusal::Leaving) => {
                self.nodes[node].programs.remove(to.session);
                self.observe_group(node, Event::Killed(to.session));
            }
            (number, Refusal::TryAgain | Refusal::Interrupted) => {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                self.observe_group(node, Event::NotSaid(to.session, number));
            }
            (_, refusal) => {
                let detail = format!("a program is refused: {refusal:?}");
                self.fail(NAME, &Breach::of(node), detail);
            }
        }
    }

    /// Sessions of a node are told the same.
    pub(super) fn told_all(&mut self, node: usize, to: &[SessionId], notice: &Notice) {
        let Notice::Group(notice) = notice else {
            let what = format!("{to:?} are told {notice:?} together");
            self.fail(NAME, &Breach::of(node), what);
            return;
        };
        for &session in to {
            match notice {
                GroupNotice::Ring(ring) if session == guest::FIRST => {
                    self.observe_group(node, Event::Ring(ring));
                }
                GroupNotice::View(_) | GroupNotice::Message { .. } | GroupNotice::Ring(_) => {
                    self.tell_program(node, session, notice);
                }
            }
        }
    }

    fn tell_program(&mut self, node: usize, session: SessionId, notice: &GroupNotice) {
        self.figures.count("told to a program");
        let Some(told) = self.nodes[node].programs.there.iter().find(|it| it.session == session)
        else {
            // It was killed, and the order does not say so yet.
            self.observe_group(node, Event::Told(session, notice));
            return;
        };
        let Address { pid, .. } = told.address;
        match notice {
            GroupNotice::View(view) => {
                self.trace.story(self.now, Some(node), || {
                    let names = view.members.iter().map(|it| format!("{}:{}", it.node, it.pid));
                    let changes = |what: &str, changed: &[(_, _)]| -> String {
                        let change = |(it, why): &(Address, _)| {
                            format!(" {what} {}:{} ({why:?})", it.node, it.pid)
                        };
                        changed.iter().map(change).collect()
                    };
                    let members: Vec<String> = names.collect();
                    let (came, went) = (changes("+", &view.joined), changes("-", &view.left));
                    format!("{pid} is with {{{}}}{came}{went}", members.join(" "))
                });
                if view.left.iter().any(|(left, _)| *left == told.address) {
                    self.observe_group(node, Event::Told(session, notice));
                    self.nodes[node].programs.remove(session);
                    return;
                }
            }
            GroupNotice::Message { from, payload, .. } => {
                self.trace.story(self.now, Some(node), || {
                    let number = crate::programs::number(payload);
                    let number = number.map_or("noise".into(), |number| number.to_string());
                    format!("{pid} hears {number} of {}:{}", from.node, from.pid)
                });
            }
            GroupNotice::Ring(_) => {}
        }
        self.observe_group(node, Event::Told(session, notice));
    }

    /// Shows to the judges what happened around groups.
    pub(super) fn observe_group(&mut self, node: usize, event: Event<'_>) {
        if self.found.is_some() {
            return;
        }
        if let Err(breach) = self.checks.groups.judge(node, event) {
            let detail = breach.detail.clone();
            self.fail(NAME, &breach, detail);
        }
    }

    pub(super) fn group_configuration(&mut self, node: usize, configuration: &Configuration) {
        self.observe_group(node, Event::Configuration(configuration));
    }

    /// Nothing happens any more: do all nodes and programs know who is there?
    ///
    /// # Errors
    /// The violation.
    pub fn groups_agree(&mut self) -> Result<(), Box<Violation>> {
        self.judge_groups();
        self.found.take().map_or(Ok(()), |found| Err(Box::new(found)))
    }

    /// Nothing happens any more: all nodes know who is there.
    pub(super) fn judge_groups(&mut self) {
        let up = (0..self.nodes.len()).filter(|node| self.nodes[*node].is_up());
        let up: Vec<usize> = up.collect();
        let lists: Vec<_> =
            up.into_iter().map(|node| (node, self.nodes[node].groups(self.now))).collect();
        if let Err(breach) = self.checks.groups.judge_end(&lists) {
            let detail = breach.detail.clone();
            self.fail(NAME, &breach, detail);
        }
    }
}
