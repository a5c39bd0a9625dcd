//! Carries to the vote counter what the ring and the node table know and what clients ask, and its
//! verdict to those who act by it.
//!
//! Must never let the vote of a node count that is not a member of the cluster, and must never
//! decide anything: the arithmetic is in the `quorum` crate. A request that changes how all count
//! is answered when it came back through the ring, in force or refused, and not before.

use std::collections::{BTreeMap, VecDeque};

use quorum::{DeviceRefused, Gone, Message, Output, Quorum, State, Votes};
use totem::{Deadline, Instant, Lane, NodeId, NodeSet, Timer};

use super::command::{DeviceCommand, RequestId, SessionId, VoteCommand};
use super::effect::{Device, Node, NodeState, Notice, Refusal, Reply, Report, Trial};
use super::nodes::Departed;
use super::outbox::Outbox;
use super::service::{MessageError, Service};

/// The vote counter and what was last said of it.
#[derive(Debug)]
pub(crate) struct Voting {
    quorum: Quorum,
    /// What the log last said.
    quorate: bool,
    /// Requests that are on their way through the ring, in their order: no more than sessions may
    /// have under way.
    asked: VecDeque<RequestId>,
    /// The session that registered the quorum device.
    device: Option<SessionId>,
    /// Nothing is told until all of it is known.
    muted: bool,
}

/// What a ring has lost to the next.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    /// The members of the cluster.
    pub(crate) departed: Departed,
    /// Somebody, members of the cluster or not.
    pub(crate) shrunk: bool,
    /// Whose devices have spoken for those who stay, and with how many votes.
    pub(crate) judged: BTreeMap<NodeId, Votes>,
}

impl From<Lost> for Gone {
    fn from(lost: Lost) -> Self {
        let Lost { departed: Departed { gone, left, removed }, judged, .. } = lost;
        Self { all: gone, left, removed, judged }
    }
}

impl Voting {
    pub(crate) fn new(config: &quorum::Config) -> Self {
        let quorum = Quorum::new(config);
        Self { quorum, quorate: false, asked: VecDeque::new(), device: None, muted: false }
    }

    pub(crate) const fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Tells nothing of what follows until [`Voting::unmute`]: it is made up for in one go.
    pub(crate) const fn mute(&mut self) {
        self.muted = true;
    }

    /// Tells what came of it; of the verdicts, only the last.
    pub(crate) fn unmute(&mut self, outbox: &mut Outbox) {
        self.muted = false;
        let outputs: Vec<Output> = std::iter::from_fn(|| self.quorum.poll()).collect();
        let last = outputs.iter().rposition(|output| matches!(output, Output::Changed(_)));
        for (index, output) in outputs.into_iter().enumerate() {
            if !matches!(output, Output::Changed(_)) || Some(index) == last {
                self.pass_on(output, outbox);
            }
        }
    }

    /// Another configuration counts from now on.
    pub(crate) fn reconfigure(&mut self, config: &quorum::Config, outbox: &mut Outbox) {
        self.quorum.reconfigure(config);
        self.tell(outbox);
    }

    /// When [`Voting::on_time`] is due.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        // The ring's timers are not concerned; which of them is named does not matter.
        self.quorum.deadline().map(|at| Deadline { at, why: Timer::Leave })
    }

    /// Time has passed.
    pub(crate) fn on_time(&mut self, now: Instant, outbox: &mut Outbox) {
        if self.quorum.deadline().is_some_and(|at| at <= now) {
            self.quorum.on_timeout(now);
            self.tell(outbox);
        }
    }

    /// Members are gone. Their votes no longer count from this moment, not from the end of the
    /// state exchange: a verdict must not outlive those who made it.
    pub(crate) fn on_departed(&mut self, now: Instant, departed: Departed, outbox: &mut Outbox) {
        self.on_lost(now, Lost { departed, ..Lost::default() }, outbox);
    }

    /// The same with what devices make of it. What was not told while that was waited for, is.
    pub(crate) fn on_lost(&mut self, now: Instant, lost: Lost, outbox: &mut Outbox) {
        if self.concerns(&lost) {
            self.quorum.on_departure(now, &lost.into());
            self.unmute(outbox);
        }
    }

    /// Who has to speak before this node follows the loss of these.
    pub(crate) fn hangs_on(&self, now: Instant, lost: Lost) -> NodeSet {
        if self.concerns(&lost) { self.quorum.hangs_on(now, &lost.into()) } else { NodeSet::new() }
    }

    /// Members are lost, or what a device said of the ring is void.
    fn concerns(&self, lost: &Lost) -> bool {
        !lost.departed.gone.is_empty() || lost.shrunk && self.quorum.is_vouched_for()
    }

    /// The verdict may be due to devices that judge each membership anew.
    pub(crate) fn leans_on_devices(&self) -> bool {
        self.quorum.verdict().quorate && self.quorum.has_judges()
    }

    /// The device is to speak; nothing is told before.
    pub(crate) const fn await_device(&mut self) {
        self.quorum.await_device();
        self.mute();
    }

    /// The device has not spoken since, and its program is there.
    pub(crate) fn is_device_awaited(&self) -> bool {
        self.quorum.is_device_awaited()
    }

    /// It is waited for no longer. If its time was up nothing holds that it said.
    pub(crate) fn give_up(&mut self, late: bool, outbox: &mut Outbox) {
        if late {
            self.quorum.give_up_devices();
        }
        self.unmute(outbox);
    }

    /// The session that speaks for the quorum device.
    pub(crate) const fn speaker(&self) -> Option<SessionId> {
        self.device
    }

    /// Everybody has introduced himself, and these are members.
    pub(crate) fn on_synced(
        &mut self,
        now: Instant,
        members: &BTreeMap<NodeId, State>,
        outbox: &mut Outbox,
    ) {
        self.quorum.on_states(now, members);
        self.tell(outbox);
    }

    /// These join members that are counted here already, and this is what they said.
    pub(crate) fn on_admitted(
        &mut self,
        now: Instant,
        newcomers: &BTreeMap<NodeId, State>,
        outbox: &mut Outbox,
    ) {
        self.quorum.on_admitted(now, newcomers);
        self.tell(outbox);
    }

    /// A member said something to the vote counter.
    pub(crate) fn on_message(
        &mut self,
        (me, from): (NodeId, NodeId),
        body: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), MessageError> {
        let message = Message::decode(body)?;
        let judged = self.quorum.on_message(from, &message);
        match message {
            // States come with the hello, where the node table judges whose count.
            Message::State(_) => {
                return Err(MessageError::BadField {
                    what: "vote message",
                    field: "kind outside a hello",
                    value: 1,
                });
            }
            Message::Expected(_) | Message::Votes { .. } | Message::DeviceVotes(_) => {
                if judged.is_ok() {
                    outbox.report(Report::VotesSet { by: from, what: message });
                }
                let asked = if from == me { self.asked.pop_front() } else { None };
                if let Some(request) = asked {
                    let refused = |why| Reply::Refused(Refusal::Votes(why));
                    outbox.reply(request, judged.map_or_else(refused, |()| Reply::Done));
                }
            }
            Message::Standing(_) | Message::Device(_) | Message::Vouching { .. } => {}
        }
        self.tell(outbox);
        Ok(())
    }

    /// A client asks something of the vote counter. `nodes` is the node table.
    pub(crate) fn command(
        &mut self,
        (now, request): (Instant, RequestId),
        command: VoteCommand,
        nodes: &[Node],
        outbox: &mut Outbox,
    ) {
        let reply = match command {
            // CMAN lets votes be set: each of the sides that keep each other out could so give
            // itself more than half.
            VoteCommand::Expected(_) | VoteCommand::Votes { .. }
                if nodes.iter().any(is_disallowed) =>
            {
                Some(Reply::Refused(Refusal::Disallowed))
            }
            VoteCommand::Expected(votes) => self.ask(request, |it| it.set_expected(votes)),
            VoteCommand::Votes { node, votes } => self.ask(request, |it| it.set_votes(node, votes)),
            VoteCommand::DeviceVotes(_) if self.quorum.device().is_none() => {
                Some(Reply::Refused(Refusal::Device(DeviceRefused::None)))
            }
            VoteCommand::DeviceVotes(votes) => self.ask(request, |it| it.set_device_votes(votes)),
            VoteCommand::Device(command) => {
                let done = self.on_device(now, request.session, command, nodes);
                Some(done.map_or_else(|why| Reply::Refused(Refusal::Device(why)), |()| Reply::Done))
            }
            VoteCommand::ShowDevice => Some(Reply::Device(self.device())),
            VoteCommand::WhatIf(steps) => Some(match self.quorum.what_if(&steps) {
                Ok(verdicts) => {
                    let outlook = self.quorum.outlook();
                    Reply::WhatIf(Box::new(Trial { outlook, verdicts }))
                }
                Err((step, why)) => Reply::Refused(Refusal::Step { step, why }),
            }),
        };
        if let Some(reply) = reply {
            outbox.reply(request, reply);
        }
        self.tell(outbox);
    }

    /// A client is gone: a device that it spoke for counts no longer.
    pub(crate) fn gone(&mut self, session: SessionId, outbox: &mut Outbox) {
        if self.device == Some(session) {
            self.device = None;
            self.quorum.lose_device();
            self.tell(outbox);
        }
    }

    /// Asks for a change. Nothing is answered before it comes back, unless it is refused at once.
    fn ask(
        &mut self,
        request: RequestId,
        ask: impl FnOnce(&mut Quorum) -> Result<(), quorum::Refused>,
    ) -> Option<Reply> {
        match ask(&mut self.quorum) {
            Ok(()) => {
                self.asked.push_back(request);
                None
            }
            Err(why) => Some(Reply::Refused(Refusal::Votes(why))),
        }
    }

    fn on_device(
        &mut self,
        now: Instant,
        session: SessionId,
        command: DeviceCommand,
        nodes: &[Node],
    ) -> Result<(), DeviceRefused> {
        let is_owner = self.device == Some(session);
        match command {
            DeviceCommand::Register { name, .. } | DeviceCommand::Update { name, .. }
                if nodes.iter().any(|node| node.name == name) =>
            {
                Err(DeviceRefused::NameOfNode)
            }
            // Whoever registers a device speaks for it from now on; a living one has a speaker.
            DeviceCommand::Register { .. }
                if self.device.is_some() && !is_owner && self.is_alive() =>
            {
                Err(DeviceRefused::InUse)
            }
            DeviceCommand::Register { name, votes } => {
                self.quorum.register_device(&name, votes)?;
                self.device = Some(session);
                Ok(())
            }
            DeviceCommand::Poll(_)
            | DeviceCommand::Vouch(_)
            | DeviceCommand::Update { .. }
            | DeviceCommand::Unregister
                if !is_owner =>
            {
                Err(DeviceRefused::None)
            }
            DeviceCommand::Poll(alive) => self.quorum.poll_device(now, alive),
            DeviceCommand::Vouch(alive) => self.quorum.vouch_device(now, alive),
            DeviceCommand::Update { name, votes } => self.quorum.update_device(&name, votes),
            DeviceCommand::Unregister => {
                self.quorum.unregister_device()?;
                self.device = None;
                Ok(())
            }
        }
    }

    fn is_alive(&self) -> bool {
        self.quorum.device().is_some_and(|device| device.alive_since.is_some())
    }

    fn device(&self) -> Option<Device> {
        self.quorum.device().map(|device| Device {
            name: device.name.clone(),
            votes: device.votes.get(),
            alive_since: device.alive_since,
        })
    }

    fn tell(&mut self, outbox: &mut Outbox) {
        while !self.muted
            && let Some(output) = self.quorum.poll()
        {
            self.pass_on(output, outbox);
        }
    }

    fn pass_on(&mut self, output: Output, outbox: &mut Outbox) {
        match output {
            Output::Say(message) => {
                let body = message.encode();
                let mut message = Service::Voting.message(body.len());
                message.extend(body);
                // Behind the barrier, so that a newcomer does not miss it.
                outbox.say(Lane::Data, message);
            }
            Output::Changed(verdict) => {
                if verdict.quorate != self.quorate {
                    self.quorate = verdict.quorate;
                    outbox.report(Report::Quorum(verdict));
                }
                outbox.publish(&Notice::Quorum(verdict));
            }
            Output::Differs { node, what } => outbox.report(Report::Differs { node, what }),
            Output::DeviceLost => outbox.report(Report::DeviceLost),
        }
    }
}

fn is_disallowed(node: &Node) -> bool {
    node.state == NodeState::Disallowed
}

#[cfg(test)]
mod tests;
