//! What cluster managers are told of the cluster, in one piece: who is a member, whether they may
//! act, and on which ring.
//!
//! Must never tell the same twice, nor a ring by another name than the groups do: a manager that
//! hears of a ring from both compares the two. What follows from one occurrence is one view.

use std::collections::BTreeSet;

use totem::{Instant, NodeId, NodeSet, RingId};

use super::Stack;
use super::command::{Command, DeviceCommand, ManageCommand, RequestId, SessionId, VoteCommand};
use super::effect::{NodeState, Notice, Refusal, Reply};
use super::outbox::Membership;

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
    tracking: BTreeSet<SessionId>,
    /// Waiting for the first ring.
    early: BTreeSet<SessionId>,
    /// The last membership, with who came and went.
    membership: Option<Membership>,
    /// What was told last.
    told: Option<ClusterView>,
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
            ManageCommand::Track { on, current } => {
                self.outbox.reply(request, Reply::Done);
                self.track(session, on, current);
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
            ManageCommand::Poll { alive, ring } => match self.managers.ring() {
                Some(present) if (present.seq.get(), present.representative.get()) != ring => {
                    let refusal = Refusal::OtherRing(present);
                    self.outbox.reply(request, Reply::Refused(refusal));
                }
                Some(_) | None => {
                    let poll = VoteCommand::Device(DeviceCommand::Poll(alive));
                    self.vote(now, request, poll);
                }
            },
        }
    }

    /// Tells those who track what has changed, if anything has.
    pub(super) fn tell_managers(&mut self) {
        let Some(membership) = self.outbox.take_change() else { return };
        let is_new = membership.is_some();
        if let Some(membership) = membership {
            self.managers.membership = Some(membership);
        }
        let Some(mut view) = self.view() else { return };
        if let Some(membership) = self.managers.membership.as_ref().filter(|_| is_new) {
            view.joined.clone_from(&membership.joined);
            view.left.clone_from(&membership.left);
        }
        let is_told = self.managers.told.as_ref().is_some_and(|told| {
            let unchanged =
                ClusterView { joined: NodeSet::new(), left: NodeSet::new(), ..told.clone() };
            !is_new && unchanged == view
        });
        if is_told {
            return;
        }
        self.managers.told = Some(view.clone());
        let early = std::mem::take(&mut self.managers.early);
        for &to in self.managers.tracking.union(&early) {
            self.outbox.notify(to, Notice::View(Box::new(view.clone())));
        }
    }

    fn track(&mut self, session: SessionId, on: bool, current: bool) {
        self.managers.gone(session);
        if on {
            self.managers.tracking.insert(session);
        }
        if !current {
            return;
        }
        match self.view() {
            Some(view) => self.outbox.notify(session, Notice::View(Box::new(view))),
            None => drop(self.managers.early.insert(session)),
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
