//! The vote counter: told who came, who went and what was said, it answers whether this node may
//! act and why.
//!
//! Must never change by a request it refuses, and must never lower what is needed because nodes
//! were lost. What it has to say stands in one queue, drained by [`Quorum::poll`].

mod device;
mod merge;
pub(crate) mod trial;
mod verdict;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use totem::{Instant, NodeId};

use crate::config::Config;
use crate::device::Device;
use crate::digest::Digest;
use crate::electorate::{Electorate, Voter};
use crate::error::Refused;
use crate::invariants;
use crate::message::{Message, State};
use crate::planted::planted;
use crate::rule::tie::TieBreaker;
use crate::rule::{self, Circumstances, Decision, Why, tie};
use crate::votes::Votes;

pub use self::verdict::{Difference, Output, Verdict};

/// May lowering what is needed follow from this change?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lowering {
    Allowed,
    Forbidden,
}

/// Members that went, and how.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gone {
    /// All of them.
    pub all: BTreeSet<NodeId>,
    /// Of these, who had said good-bye.
    pub left: BTreeSet<NodeId>,
    /// Of these, who had said that the others shall expect their votes no longer (`leave remove`).
    pub removed: BTreeSet<NodeId>,
    /// Nodes whose quorum device has spoken for those who stay already, and its votes.
    pub judged: BTreeMap<NodeId, Votes>,
}

/// What members agreed on, beside the electorate.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Mode {
    two_node: bool,
    /// Some member's file says to wait for all.
    waits: bool,
    /// All members that count have the same rules: those that let less suffice may be used.
    agreed: bool,
    /// All nodes must be together first, and were not yet.
    waiting: bool,
    /// This node has come to count as those did who were quorate.
    led: bool,
    /// The last quorate membership that this process was in, and whether all members know it.
    core: BTreeSet<NodeId>,
    shared: bool,
}

/// The vote counter of one node.
#[derive(Clone, Debug)]
pub struct Quorum {
    config: Config,
    mode: Mode,
    electorate: Electorate,
    /// What is not to be lowered by losses, exact.
    floor: u64,
    verdict: Verdict,
    device: Device,
    /// The device's votes as the members were last told, and whether it judges each membership.
    announced: (Votes, bool),
    /// How often members were lost.
    losses: u32,
    /// When those who are left may lower what they expect, unless somebody comes or goes.
    standing: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Quorum {
    /// Starts without members, not even this node: it is one once it has introduced itself.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut quorum = Self {
            mode: Mode {
                two_node: config.two_node,
                waits: config.rules.wait_for_all,
                agreed: true,
                waiting: config.rules.wait_for_all,
                led: false,
                core: BTreeSet::new(),
                shared: false,
            },
            electorate: Electorate::new(config),
            floor: 0,
            verdict: Verdict::none(config.expected),
            device: Device::default(),
            announced: (Votes::ZERO, false),
            losses: 0,
            standing: None,
            outputs: VecDeque::new(),
            config: config.clone(),
        };
        let alone = rule::Count { members: 0, total: 0, highest: config.expected.wide() };
        let around = Circumstances { two_node: config.two_node, ..Circumstances::default() };
        let Decision { needed, why, .. } = rule::decide(&alone, &around);
        quorum.verdict.needed = Votes::saturated(needed);
        quorum.verdict.why = why;
        quorum
    }

    /// Another file counts from now on, at the same place of the order on all members: its nodes,
    /// their votes, what it expects, two-node mode and the rules. Members stay members; one that
    /// the file does not know any more is a stranger, and forgotten when it goes. Lowering what is
    /// needed is allowed: an operator wrote the file. What was set while the cluster ran is undone.
    ///
    /// # Panics
    /// The file is another node's.
    pub fn reconfigure(&mut self, config: &Config) {
        assert!(config.me == self.config.me, "a file of node {} for another", config.me);
        self.mode.two_node = config.two_node;
        self.mode.waits = config.rules.wait_for_all;
        self.mode.waiting &= config.rules.wait_for_all;
        self.mode.agreed = true;
        self.electorate.reconfigure(config);
        self.config = config.clone();
        self.standing = None;
        self.recount(Lowering::Allowed);
    }

    /// What this node says about itself after every membership change.
    #[must_use]
    pub fn state(&self) -> State {
        let Voter { votes, expected, device, vouches, .. } = self.electorate.voter(self.config.me);
        let quorate = self.verdict.quorate;
        State {
            votes,
            expected,
            two_node: if quorate { self.mode.two_node } else { self.config.two_node },
            quorate,
            waits: self.config.rules.wait_for_all,
            lowers: self.mode.agreed && self.config.rules.lowers(),
            highest: self.electorate.expected(),
            file: self.config.expected,
            device,
            vouches,
            losses: self.losses,
            floor: self.floor,
            present: self.electorate.count().total,
            rules: self.config.rules.digest(),
            core: self.core_digest(),
            table: if quorate { self.electorate.table() } else { BTreeMap::new() },
        }
    }

    /// These nodes are members, and this is what each said since the last membership change.
    /// Applied as one change, so that no verdict is seen in between. Members that are missing here
    /// stay what they were.
    ///
    /// If some come from a membership that may act, everybody counts as they do from now on: a
    /// newcomer's file, and what it expects, never cost those the quorum who had it.
    pub fn on_states(&mut self, now: Instant, states: &BTreeMap<NodeId, State>) {
        let mut said = states.clone();
        if self.electorate.voter(self.config.me).present && !said.contains_key(&self.config.me) {
            said.insert(self.config.me, self.state());
        }
        // Of nobody nothing follows, least of all that all of them are in two-node mode.
        if !said.is_empty() {
            self.merge(&said, None);
        }
        self.recount(Lowering::Forbidden);
        self.watch_standing(now);
    }

    /// These join a membership that is counted already, by this node too: itself one of them, or
    /// one that catches up with what it has missed. As [`Quorum::on_states`], but what this node
    /// counts now is what the others count, whatever it has said about itself before.
    pub fn on_admitted(&mut self, now: Instant, states: &BTreeMap<NodeId, State>) {
        // Who catches up cannot judge a tie of before its time; whom it follows could.
        let counted = self.verdict.quorate || self.mode.led;
        if counted && !states.is_empty() {
            let (table, two_node) = (self.electorate.table(), self.mode.two_node);
            let own = State { table, two_node, ..self.state() };
            self.merge(states, Some(&own));
            self.recount(Lowering::Forbidden);
            self.watch_standing(now);
        } else {
            self.on_states(now, states);
        }
    }

    /// These members went.
    ///
    /// CMAN makes the *number of nodes* that remain the expected votes when one leaves with
    /// `remove`, which is wrong as soon as a node has more than one vote. Here it is the votes that
    /// remain, the same number for nodes of one vote. Nodes lost in the same moment still count as
    /// remaining: they did not ask to be removed. And members without quorum do not lower anything:
    /// of five nodes split into two and three, the two must not become quorate because one of them
    /// is shut down in an orderly way.
    pub fn on_departure(&mut self, now: Instant, gone: &Gone) {
        if self.verdict.quorate {
            self.expect_no_longer(gone);
        }
        self.mode.led = false;
        self.losses = self.losses.saturating_add(1);
        self.electorate.set_losses(self.config.me, self.losses);
        self.electorate.depart(&gone.all);
        self.doubt_devices(&gone.judged);
        self.recount(Lowering::Forbidden);
        self.watch_standing(now);
    }

    /// Members that are quorate stop expecting those who asked for that: all that is missing when
    /// one leaves with `remove`, as in CMAN; its own votes when a file allows downscaling.
    fn expect_no_longer(&mut self, gone: &Gone) {
        let Gone { all, left, removed, .. } = gone;
        let removed = all.intersection(removed).copied().collect::<BTreeSet<NodeId>>();
        let downscale = self.config.rules.allow_downscale && self.mode.agreed;
        let left: BTreeSet<NodeId> =
            all.intersection(left).filter(|_| downscale).copied().collect();
        let unexpected = &removed | &left;
        if unexpected.is_empty() {
            return;
        }
        let before = self.electorate.expected().wide();
        let theirs = Votes::sum(left.iter().map(|&node| self.electorate.voter(node).votes));
        self.electorate.depart(&unexpected);
        let remaining = self.electorate.count().total;
        let others = if removed.is_empty() { before.saturating_sub(theirs) } else { 0 };
        self.electorate.force_expected(Votes::saturated(remaining.max(others)));
        self.floor = self.decide(&self.electorate, Lowering::Allowed).floor;
    }

    /// A member said this, in the order that all members share: all judge it the same, because all
    /// count the same.
    ///
    /// # Errors
    /// It was a request that cannot be met by the time it came. Nothing was changed, at nobody.
    pub fn on_message(&mut self, from: NodeId, message: &Message) -> Result<(), Refused> {
        match message {
            // States are exchanged by all together, see `on_states`.
            Message::State(_) => Ok(()),
            // In CMAN only the node that was asked expects more than before, and takes that with it
            // when it goes.
            Message::Expected(votes) => self.on_request(|it| it.force_expected(*votes)),
            Message::Votes { node, votes } => {
                if self.electorate.known(*node).is_none() {
                    return Err(Refused::Unknown(*node));
                }
                self.on_request(|electorate| electorate.set_votes(*node, *votes))
            }
            Message::Standing(votes) => {
                self.on_standing(*votes);
                Ok(())
            }
            Message::Device(votes) => {
                self.on_device(from, (*votes, false));
                Ok(())
            }
            Message::Vouching { votes, losses } => {
                if *losses >= self.electorate.voter(from).losses {
                    self.electorate.set_losses(from, *losses);
                    self.on_device(from, (*votes, true));
                }
                Ok(())
            }
            Message::DeviceVotes(votes) => self.on_device_votes(*votes),
        }
    }

    /// Asks all members to expect so many votes (`cman_tool expected`). It is in force when this
    /// node's own message comes back, at the same place of the order for all.
    ///
    /// # Errors
    /// The number would let two sides act, or block this one. CMAN tries the number on the living
    /// state, so that a refused request can cost the quorum; here it is tried on a copy.
    pub fn set_expected(&mut self, votes: Votes) -> Result<(), Refused> {
        if votes == Votes::ZERO {
            return Err(Refused::Zero);
        }
        self.check_member()?;
        let mut trial = self.electorate.clone();
        trial.force_expected(votes);
        self.accept(&trial)?;
        self.outputs.push_back(Output::Say(Message::Expected(votes)));
        Ok(())
    }

    /// Asks all members to count so many votes for `node` (`cman_tool votes`).
    ///
    /// # Errors
    /// No such node is known, or the number would let two sides act, or block this one.
    pub fn set_votes(&mut self, node: NodeId, votes: Votes) -> Result<(), Refused> {
        if votes == Votes::ZERO {
            return Err(Refused::Zero);
        }
        if self.electorate.known(node).is_none() {
            return Err(Refused::Unknown(node));
        }
        self.check_member()?;
        let mut trial = self.electorate.clone();
        trial.set_votes(node, votes);
        self.accept(&trial)?;
        self.outputs.push_back(Output::Say(Message::Votes { node, votes }));
        Ok(())
    }

    /// When [`Quorum::on_timeout`] is to be called, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        [self.device.deadline(), self.standing].into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn on_timeout(&mut self, now: Instant) {
        if self.device.is_silent(now) {
            self.lose_device();
        }
        if self.standing.is_some_and(|at| at <= now) {
            self.standing = None;
            // One speaks for all: all have the same window, and the same members.
            if self.electorate.members().first() == Some(&self.config.me) {
                let votes = self.electorate.votes_present();
                self.outputs.push_back(Output::Say(Message::Standing(votes)));
            }
        }
    }

    /// Pops the next thing to say or to tell; `None` when there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// May this node act?
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Two-node mode is in force.
    #[must_use]
    pub const fn two_node(&self) -> bool {
        self.mode.two_node
    }

    /// The rules in force beyond CMAN's.
    #[must_use]
    pub const fn rules(&self) -> &crate::config::Rules {
        &self.config.rules
    }

    /// A node as it is counted. One that was never seen and is not configured has no vote.
    #[must_use]
    pub fn voter(&self, node: NodeId) -> Voter {
        self.electorate.voter(node)
    }

    // -- rules that follow who is there --------------------------------------------------------

    /// Somebody came or went: who is left may expect less only after the whole window.
    fn watch_standing(&mut self, now: Instant) {
        let window = self.config.rules.last_man_standing.filter(|_| self.may_lower());
        self.standing = window.map(|window| now + window);
    }

    /// Members that are quorate expect more votes than they have, and are to get along with that.
    fn may_lower(&self) -> bool {
        let in_force = self.mode.agreed && self.config.rules.last_man_standing.is_some();
        let missing = self.electorate.votes_present() < self.electorate.expected().wide();
        in_force && missing && self.verdict.quorate
    }

    fn on_standing(&mut self, votes: u64) {
        if self.may_lower() && self.electorate.votes_present() == votes {
            self.electorate.force_expected(Votes::saturated(votes));
            self.recount(Lowering::Allowed);
        }
    }

    // -- counting --------------------------------------------------------------------------------

    fn check_member(&self) -> Result<(), Refused> {
        let present = self.electorate.voter(self.config.me).present;
        if present { Ok(()) } else { Err(Refused::NotMember) }
    }

    /// CMAN's test of what an operator asks: the quorum must be at least half of the votes
    /// present, and within them.
    fn accept(&self, trial: &Electorate) -> Result<(), Refused> {
        let needed = self.decide(trial, Lowering::Allowed).needed;
        let present = trial.count().total;
        if needed < present / 2 {
            return Err(Refused::TooFew { needed, present });
        }
        if needed > present {
            return Err(Refused::TooMany { needed, present });
        }
        Ok(())
    }

    /// Carries out what an operator asked for, if it is still possible. It ends the waiting for
    /// all: an operator who counts votes knows who will not come.
    fn on_request(&mut self, change: impl Fn(&mut Electorate)) -> Result<(), Refused> {
        let mut trial = self.electorate.clone();
        change(&mut trial);
        self.accept(&trial)?;
        self.electorate = trial;
        self.mode.waiting = false;
        self.recount(Lowering::Allowed);
        Ok(())
    }

    fn decide(&self, electorate: &Electorate, lowering: Lowering) -> Decision {
        let around = Circumstances {
            two_node: self.mode.two_node,
            tie_here: self.is_tie_here(electorate),
            waiting: self.mode.waiting,
            floor: match lowering {
                Lowering::Allowed => 0,
                Lowering::Forbidden => self.floor,
            },
        };
        let decision = rule::decide(&electorate.count(), &around);
        if planted!(self.config, HalfIsEnough) && decision.needed > 1 {
            return Decision { needed: electorate.count().highest.div_ceil(2), ..decision };
        }
        decision
    }

    fn is_tie_here(&self, electorate: &Electorate) -> bool {
        if planted!(self.config, TieOnBothSides) {
            return self.config.rules.tie_breaker.is_some();
        }
        let in_force = self.config.rules.tie_breaker.as_ref().filter(|_| self.mode.agreed);
        let core = self.mode.shared.then_some(&self.mode.core);
        in_force.is_some_and(|tie_breaker: &TieBreaker| {
            tie::is_here(tie_breaker, &electorate.configured(), &electorate.core(), core)
        })
    }

    fn recount(&mut self, lowering: Lowering) {
        self.mode.waiting &= !self.electorate.is_complete();
        let count = self.electorate.count();
        let mut decision = self.decide(&self.electorate, lowering);
        let lost = self.verdict.quorate && !decision.is_met_by(count.total);
        self.mode.led &= !lost;
        if lost && self.mode.waits && !planted!(self.config, NotRearmed) {
            self.mode.waiting = true;
            decision.why = Why::WaitingForAll;
        }
        let verdict = Verdict {
            quorate: decision.is_met_by(count.total),
            present: Votes::saturated(count.total),
            needed: Votes::saturated(decision.needed),
            expected: self.electorate.expected(),
            device: self.electorate.device(),
            why: decision.why,
        };
        invariants::check(&count, decision.needed, &verdict);
        self.floor = decision.floor;
        if verdict.quorate {
            self.mode.core = self.electorate.core();
            self.mode.shared = true;
        }
        if verdict != self.verdict {
            self.verdict = verdict;
            self.outputs.push_back(Output::Changed(verdict));
        }
    }

    fn core_digest(&self) -> u64 {
        if self.mode.core.is_empty() {
            return 0;
        }
        let mut digest = Digest::default();
        self.mode.core.iter().for_each(|node| digest.add(node.get().into()));
        digest.value()
    }
}

#[cfg(test)]
mod tests;
