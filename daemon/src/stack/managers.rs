//! What cluster managers are told of the cluster, in one piece: who is a member, whether they may
//! act, and on which ring.
//!
//! Must never tell the same twice, nor a ring by another name than the groups do: a manager that
//! hears of a ring from both compares the two. What follows from one occurrence is one view.

use std::collections::BTreeMap;

use totem::{Instant, NodeId, NodeSet, RingId};

use super::Stack;
use super::command::{Command, DeviceCommand, ManageCommand, RequestId, SessionId, VoteCommand};
use super::effect::{NodeState, Notice, Refusal, Reply};
use super::outbox::{Membership, Outbox};

/// The cluster as it looks to a manager.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClusterView {
    /// The ring.
    pub ring: RingId,
    /// This node may act.
    pub quorate: bool,
    /// Votes expected.
    pub expected: u32,
    /// The members of the cluster.
    pub members: NodeSet,
    /// Who came with this ring; empty when it is not new.
    pub joined: NodeSet,
    /// Who went with the one before; empty when this one is not new.
    pub left: NodeSet,
    /// Every node known, by ascending id.
    pub nodes: Vec<(NodeId, NodeState)>,
    /// What it was sent for.
    pub part: ViewPart,
}

/// How views are cut into notices, for programs that have a function for each part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewParts {
    /// Not at all; told when the members or the verdict change.
    One,
    /// The members, if the ring is new, then the verdict.
    Ring,
    /// The members, if the ring is new; the verdict, if it or the state of a node changed; the
    /// expected votes, if they did.
    Votes,
}

/// What a view was sent for. It shows everything all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewPart {
    /// All of it.
    Whole,
    /// The members.
    Members,
    /// The verdict, and the states of nodes.
    Verdict,
    /// The expected votes.
    Expected,
}

impl ViewParts {
    /// What is told of a view after another one, of which `is_new` says that the ring is.
    fn of(self, before: Option<&ClusterView>, view: &ClusterView, is_new: bool) -> Vec<ViewPart> {
        let differs = |of: fn(&ClusterView, &ClusterView) -> bool| {
            before.is_none_or(|before| of(before, view))
        };
        let verdict = is_new || differs(|a, b| a.quorate != b.quorate);
        let states = verdict || differs(|a, b| a.nodes != b.nodes);
        let expected = before.is_some_and(|before| before.expected != view.expected);
        let is_new = is_new || before.is_none();
        let wanted: &[(bool, ViewPart)] = match self {
            Self::One => &[(verdict, ViewPart::Whole)],
            Self::Ring => &[(is_new, ViewPart::Members), (verdict, ViewPart::Verdict)],
            Self::Votes => &[
                (is_new, ViewPart::Members),
                (states, ViewPart::Verdict),
                (expected, ViewPart::Expected),
            ],
        };
        wanted.iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, part)| *part).collect()
    }
}

/// How votes are counted here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counting {
    /// The ring as last told; `None` before the first.
    pub ring: Option<RingId>,
    /// The rules beyond CMAN's.
    pub rules: quorum::Rules,
    /// Nodes whose quorum device is alive, and its votes there.
    pub devices: Vec<(NodeId, u32)>,
    /// This node.
    pub me: NodeId,
}

/// Sessions of managers, and what they were told.
#[derive(Debug, Default)]
pub(crate) struct Managers {
    tracking: BTreeMap<SessionId, ViewParts>,
    /// Waiting for the first ring.
    early: BTreeMap<SessionId, ViewParts>,
    /// The last membership, with who came and went.
    membership: Option<Membership>,
    /// What was told last.
    told: Option<ClusterView>,
    /// Who was told the members of a ring before all others.
    foretold: Option<(SessionId, RingId, NodeSet)>,
}

impl Managers {
    pub(crate) fn gone(&mut self, session: SessionId) {
        self.tracking.remove(&session);
        self.early.remove(&session);
    }

    fn ring(&self) -> Option<RingId> {
        self.membership.as_ref().map(|membership| membership.ring)
    }
}

impl Stack {
    /// A manager asks something.
    pub(super) fn on_manager(&mut self, now: Instant, request: RequestId, command: ManageCommand) {
        let session = request.session;
        match command {
            ManageCommand::Track { on, current, parts } => {
                self.outbox.reply(request, Reply::Done);
                self.track(session, parts, (on, current));
            }
            ManageCommand::Question(on) => {
                self.shutdown.register(session, on);
                self.outbox.reply(request, Reply::Done);
            }
            ManageCommand::Counting => {
                let counting = Reply::Counting(Box::new(self.counting()));
                self.outbox.reply(request, counting);
            }
            ManageCommand::Stop => self.on_departing(now, request, &Command::Stop),
            ManageCommand::Poll { alive, ring } => match self.present {
                Some(present) if (present.seq.get(), present.representative.get()) != ring => {
                    let refusal = Refusal::OtherRing(present);
                    self.outbox.reply(request, Reply::Refused(refusal));
                }
                Some(_) | None => {
                    let poll = VoteCommand::Device(DeviceCommand::Vouch(alive));
                    self.vote(now, request, poll);
                }
            },
        }
    }

    /// Tells those who track what has changed, if anything has. While the members exchange their
    /// states only the loss of quorum is told at once; the rest when they are done, with the ring.
    pub(super) fn tell_managers(&mut self) {
        let quorate = self.voting.quorum().verdict().quorate;
        let loses = self.managers.told.as_ref().is_some_and(|told| told.quorate && !quorate);
        if !self.sync.is_done() && !loses {
            return;
        }
        let Some(membership) = self.outbox.take_change() else { return };
        let is_new = membership.is_some();
        if let Some(membership) = membership {
            self.managers.membership = Some(membership);
        }
        let Some(mut view) = self.view() else { return };
        let before = self.managers.told.replace(view.clone());
        if let Some(membership) = self.managers.membership.as_ref().filter(|_| is_new) {
            view.joined.clone_from(&membership.joined);
            view.left.clone_from(&membership.left);
        }
        let early = std::mem::take(&mut self.managers.early);
        for (&to, parts) in &early {
            tell(&mut self.outbox, to, &view, &parts.of(None, &view, true));
        }
        for (&to, parts) in &self.managers.tracking {
            if !early.contains_key(&to) {
                let mut parts = parts.of(before.as_ref(), &view, is_new);
                let known = self.managers.foretold.as_ref();
                if known.is_some_and(|(it, ring, members)| {
                    (*it, *ring, members) == (to, view.ring, &view.members)
                }) {
                    parts.retain(|part| *part != ViewPart::Members);
                }
                tell(&mut self.outbox, to, &view, &parts);
            }
        }
    }

    /// The program of the quorum device hears of a ring before all others: it is to judge it.
    pub(super) fn foretell(&mut self, ring: RingId, members: &NodeSet) {
        self.managers.foretold = None;
        let tracking = &self.managers.tracking;
        let wants = |to: &SessionId| tracking.get(to) == Some(&ViewParts::Votes);
        let Some(to) = self.voting.speaker().filter(wants) else { return };
        let Some(view) = self.view() else { return };
        let members = members.clone();
        self.managers.foretold = Some((to, ring, members.clone()));
        let view = ClusterView { ring, members, ..view };
        tell(&mut self.outbox, to, &view, &[ViewPart::Members]);
    }

    fn track(&mut self, session: SessionId, parts: ViewParts, (on, current): (bool, bool)) {
        self.managers.gone(session);
        if on {
            self.managers.tracking.insert(session, parts);
        }
        if !current {
            return;
        }
        match self.view() {
            Some(view) => tell(&mut self.outbox, session, &view, &parts.of(None, &view, false)),
            None => drop(self.managers.early.insert(session, parts)),
        }
    }

    /// How the cluster is, without who came and went; `None` before the first ring.
    fn view(&self) -> Option<ClusterView> {
        let Membership { ring, members, .. } = self.managers.membership.as_ref()?;
        let verdict = self.voting.quorum().verdict();
        let rows = self.nodes.rows(self.voting.quorum());
        Some(ClusterView {
            ring: *ring,
            quorate: verdict.quorate,
            expected: verdict.expected.get(),
            members: members.clone(),
            joined: NodeSet::new(),
            left: NodeSet::new(),
            nodes: rows.iter().map(|node| (node.id, node.state)).collect(),
            part: ViewPart::Whole,
        })
    }

    fn counting(&self) -> Counting {
        let quorum = self.voting.quorum();
        let rows = self.nodes.rows(quorum);
        let device = |id| (id, quorum.voter(id).device.get());
        let devices = rows.iter().map(|node| device(node.id)).filter(|&(_, votes)| votes > 0);
        Counting {
            ring: self.managers.ring(),
            rules: quorum.rules().clone(),
            devices: devices.collect(),
            me: self.nodes.me(),
        }
    }
}

fn tell(outbox: &mut Outbox, to: SessionId, view: &ClusterView, parts: &[ViewPart]) {
    for &part in parts {
        let view = ClusterView { part, ..view.clone() };
        outbox.notify(to, Notice::View(Box::new(view)));
    }
}
