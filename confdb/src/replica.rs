//! One configuration on all nodes: who may change it, when all switch, and how those who are behind
//! catch up.
//!
//! Must never know what carries its messages: it is told what was said, in an order that all nodes
//! of a ring share, and every node of the ring draws the same conclusions, members or not. Must
//! never switch before everyone who is to has said that he can; and never judge a text itself:
//! whoever runs it checks what it prepared ([`Output::Check`], [`Replica::checked`]).
//!
//! A change goes through three places of the order. *Proposed*: the first of several wins; who is
//! current then has a say. *Accepted*, by each once the text is on his disk beside the old one.
//! *Decided*, with the last acceptance: all switch right there. One refusal ends it, and so does
//! any change of who takes part.
//!
//! Acceptances are delivered safely: when one is delivered while the ring is in use, everyone has
//! it, and will deliver it or die. If the last one is delivered only while the ring breaks, nobody
//! knows who has it. Then those who still are quorate together switch, for no others can; the rest
//! keep in mind that they had accepted, on disk too, and are sent the outcome when they meet
//! someone who has it.

pub mod edition;
pub mod message;
pub mod output;
mod proposal;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use self::edition::{Digest, Edition, Holding, Place};
pub use self::message::{LARGEST_TEXT, Message, MessageError};
pub use self::output::{Event, NotProposed, Outcome, Output};
use self::proposal::{Incoming, Proposal, Sent};

/// What this node calls a text that it checks or has checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// The configuration of one node among those of the others.
#[derive(Clone, Debug)]
pub struct Replica {
    me: u32,
    mine: Holding,
    text: Arc<[u8]>,
    /// What the nodes of the ring said that they hold, kept up to date by what was decided since.
    ring: BTreeMap<u32, Holding>,
    /// What the cluster on this ring goes by; `None` before everyone has said what he holds.
    target: Option<Edition>,
    /// The ring is breaking: what is delivered now, others may not deliver.
    breaking: bool,
    underway: Option<Proposal>,
    /// A text that brings this node up to date.
    arriving: Option<Arrival>,
    /// What was offered on this ring, and to whom.
    offered: BTreeMap<u32, Edition>,
    /// A proposal of this node that has not ended, and its version.
    asked: Option<(u32, u64)>,
    number: u32,
    tickets: u64,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Debug)]
struct Arrival {
    by: u32,
    number: u32,
    incoming: Incoming,
    ticket: Option<Ticket>,
}

impl Replica {
    /// Node `me` goes by this text, with the secrets for which `mark` stands; `accepted` are what
    /// it may have left behind on its disk.
    #[must_use]
    pub fn new(
        me: u32,
        (edition, mark): (Edition, u64),
        text: Arc<[u8]>,
        accepted: Vec<Edition>,
    ) -> Self {
        Self {
            me,
            mine: Holding { edition, established: false, accepted, mark },
            text,
            ring: BTreeMap::new(),
            target: None,
            breaking: false,
            underway: None,
            arriving: None,
            offered: BTreeMap::new(),
            asked: None,
            number: 0,
            tickets: 0,
            outputs: VecDeque::new(),
        }
    }

    /// What this node goes by.
    #[must_use]
    pub const fn edition(&self) -> Edition {
        self.mine.edition
    }

    /// The text of it.
    #[must_use]
    pub const fn text(&self) -> &Arc<[u8]> {
        &self.text
    }

    /// What this node says of itself after every membership change.
    #[must_use]
    pub fn holding(&self) -> Holding {
        self.mine.clone()
    }

    /// How what a node of this ring holds relates to what its cluster goes by; `None` of one that
    /// has not said what it holds.
    #[must_use]
    pub fn place(&self, node: u32) -> Option<Place> {
        let (held, target) = (self.ring.get(&node)?, self.target.as_ref()?);
        Some(Place::of(&held.edition, target))
    }

    /// This node is a member of a quorate cluster, or is not.
    pub const fn set_established(&mut self, established: bool) {
        self.mine.established = established;
    }

    /// Pops the next thing to do; `None` when there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    // -- the ring -------------------------------------------------------------------------------

    /// The ring breaks: what is delivered from now on, others may not deliver.
    pub const fn on_breaking(&mut self) {
        self.breaking = true;
    }

    /// The ring has ended and another begins; `quorate` are those who come along, alone.
    pub fn on_ended(&mut self, quorate: bool) {
        self.breaking = false;
        self.ring.clear();
        self.offered.clear();
        if let Some(proposal) = self.underway.take() {
            match (proposal.is_decided(), quorate) {
                _ if !proposal.is_voter(self.me) => {}
                (true, true) => self.switch(&proposal),
                (true, false) => self.abandon(&proposal, Outcome::Undecided),
                (false, _) => self.abandon(&proposal, Outcome::Interrupted),
            }
        }
        // Said on the ring that ended, and not delivered on it.
        self.end_mine(Outcome::Interrupted);
        if let Some(ticket) = self.arriving.take().and_then(|arrival| arrival.ticket) {
            self.outputs.push_back(Output::Drop(ticket));
        }
        self.target = None;
    }

    /// All nodes of the ring that belong to this cluster have said what they hold.
    pub fn on_ring(&mut self, ring: BTreeMap<u32, Holding>) {
        self.target = edition::target(&ring);
        self.ring = ring;
        let nodes: Vec<u32> = self.ring.keys().copied().collect();
        for node in nodes {
            self.tell_place(node);
            self.tell_secret(node);
        }
        self.offer();
    }

    /// A node of the ring says anew what it holds. It takes part from here on if that is what the
    /// cluster goes by, so that a proposal under way lacks its say.
    pub fn on_introduced(&mut self, node: u32, holding: Holding) {
        if self.target.is_none() {
            return;
        }
        let was = self.place(node);
        self.ring.insert(node, holding);
        if node == self.me {
            let nodes: Vec<u32> = self.ring.keys().copied().collect();
            nodes.into_iter().for_each(|node| self.tell_secret(node));
        } else {
            self.tell_secret(node);
        }
        if self.place(node) != Some(Place::Current) {
            self.tell_place(node);
        } else if was != Some(Place::Current)
            && let Some(proposal) = self.underway.take()
        {
            self.abandon(&proposal, Outcome::Interrupted);
        }
        self.offer();
    }

    /// A node of the ring said this.
    pub fn on_message(&mut self, from: u32, message: Message) {
        if !self.ring.contains_key(&from) {
            return;
        }
        match message {
            Message::Propose { number, base, edition, size } => {
                self.on_propose(from, base, Sent { number, edition, size });
            }
            Message::Offer { number, edition, size } => {
                self.on_offer(from, Sent { number, edition, size });
            }
            Message::Part { number, offset, bytes } => self.on_part((from, number), offset, &bytes),
            Message::Accept { proposer, number, mark } => {
                self.on_accept(from, (proposer, number), mark);
            }
            Message::Refuse { proposer, number, reason } => {
                let has_a_say = |it: &mut Proposal| it.is(proposer, number) && it.is_voter(from);
                if let Some(proposal) = self.underway.take_if(has_a_say) {
                    self.abandon(&proposal, Outcome::Refused { node: from, reason });
                }
            }
        }
    }

    // -- what this node wants -------------------------------------------------------------------

    /// Proposes that all go by this text. How it ended comes as [`Output::Ended`].
    ///
    /// # Errors
    /// It cannot even be proposed now.
    pub fn propose(&mut self, edition: Edition, text: &[u8]) -> Result<(), NotProposed> {
        let Some(base) = self.target.filter(|_| self.place(self.me) == Some(Place::Current)) else {
            return Err(NotProposed::NotCurrent);
        };
        if let Some(proposal) = &self.underway {
            return Err(NotProposed::Busy { version: proposal.version(), by: proposal.by });
        }
        if let Some((_, version)) = self.asked {
            return Err(NotProposed::Busy { version, by: self.me });
        }
        if let Some(why) = self.contradicts(&edition) {
            return Err(NotProposed::Contradicts(why));
        }
        let size = sized(text).ok_or(NotProposed::Size(text.len()))?;
        let number = self.next_number();
        self.asked = Some((number, edition.version));
        self.say(Message::Propose { number, base, edition, size }, false);
        self.say_parts(number, text);
        Ok(())
    }

    /// What came of a check: this node can go by it and has it on disk, or why not. If it can, a
    /// mark stands for the secrets that the text names and does not hold (keys): one that accepts
    /// with another mark than the others counts as one that refuses. A mark must tell nothing of
    /// what it stands for.
    pub fn checked(&mut self, ticket: Ticket, result: Result<u64, String>) {
        let underway = self.underway.as_ref().filter(|it| it.ticket == Some(ticket));
        if let Some(proposal) = underway {
            let (proposer, number) = (proposal.by, proposal.number);
            let edition = proposal.incoming.edition;
            match result {
                Ok(mark) => {
                    self.mine.accept(edition);
                    self.say(Message::Accept { proposer, number, mark }, true);
                }
                Err(reason) => self.say(Message::Refuse { proposer, number, reason }, false),
            }
        } else if let Some(arrival) = self.arriving.take_if(|it| it.ticket == Some(ticket)) {
            self.arrived(ticket, arrival, result);
        } else if result.is_ok() {
            self.outputs.push_back(Output::Drop(ticket));
        }
    }

    // -- proposals ------------------------------------------------------------------------------

    fn on_propose(&mut self, from: u32, base: Edition, sent: Sent) {
        let mine = from == self.me;
        if self.place(from) != Some(Place::Current) || self.target != Some(base) {
            if mine {
                self.end_mine(Outcome::NotCurrent);
            }
            return;
        }
        if let Some(proposal) = &self.underway {
            let busy = Outcome::Busy { version: proposal.version(), by: proposal.by };
            if mine {
                self.end_mine(busy);
            }
            return;
        }
        let current = |node: &u32| self.place(*node) == Some(Place::Current);
        let voters = self.ring.keys().copied().filter(current).collect();
        self.tell(Event::Proposed { version: sent.edition.version, by: from });
        self.underway = Some(Proposal::new(from, sent, voters));
    }

    fn on_accept(&mut self, from: u32, (proposer, number): (u32, u32), mark: u64) {
        let proposal = self.underway.as_mut();
        let Some(proposal) = proposal.filter(|it| it.is(proposer, number)) else { return };
        let accepted = proposal.accept(from, mark);
        let done = accepted.is_err() || proposal.is_decided() && !self.breaking;
        let Some(proposal) = self.underway.take_if(|_| done) else { return };
        match accepted {
            Ok(()) => self.switch(&proposal),
            Err(other) => {
                let reason = format!("its new key is another than that of node {other}");
                self.abandon(&proposal, Outcome::Refused { node: from, reason });
            }
        }
    }

    /// The version that this node has accepted and that may be in force where it cannot see, if an
    /// edition is not newer than that.
    fn contradicts(&self, edition: &Edition) -> Option<u64> {
        let same = self.mine.accepted.contains(edition);
        let mut newer = self.mine.accepted.iter().filter(|it| it.version >= edition.version);
        newer.next_back().filter(|_| !same).map(|accepted| accepted.version)
    }

    fn on_part(&mut self, of: (u32, u32), offset: u32, bytes: &[u8]) {
        let me = self.me;
        let tickets = self.tickets + 1;
        let proposal = self.underway.as_mut();
        let proposal = proposal.filter(|it| it.is(of.0, of.1) && it.is_voter(me));
        let (incoming, ticket, asked) = match (proposal, &mut self.arriving) {
            (Some(proposal), _) => (&mut proposal.incoming, &mut proposal.ticket, true),
            (None, Some(arrival)) if (arrival.by, arrival.number) == of => {
                (&mut arrival.incoming, &mut arrival.ticket, false)
            }
            (None, Some(_) | None) => return,
        };
        if ticket.is_some() || !incoming.take(offset, bytes) {
            return;
        }
        *ticket = Some(Ticket(tickets));
        self.tickets = tickets;
        let (edition, text) = (incoming.edition, incoming.text());
        // What the cluster goes by is not asked about.
        if let Some(version) = self.contradicts(&edition).filter(|_| asked) {
            let reason = format!("version {version} was accepted here before and may be in force");
            self.checked(Ticket(tickets), Err(reason));
        } else if Digest::of(&text) == edition.digest {
            self.outputs.push_back(Output::Check { ticket: Ticket(tickets), edition, text });
        } else {
            let reason = "the text is not the one that was announced".to_owned();
            self.checked(Ticket(tickets), Err(reason));
        }
    }

    /// All who have a say have accepted.
    fn switch(&mut self, proposal: &Proposal) {
        let (edition, mark) = (proposal.incoming.edition, proposal.mark());
        self.target = Some(edition);
        for voter in &proposal.voters {
            if let Some(holding) = self.ring.get_mut(voter) {
                holding.go_by(edition, mark);
            }
        }
        if let Some(ticket) = proposal.ticket.filter(|_| proposal.is_voter(self.me)) {
            self.go_by(ticket, (edition, mark), proposal.incoming.text(), proposal.by);
        }
        if proposal.by == self.me {
            self.end_mine(Outcome::Switched);
        }
        let nodes: Vec<u32> = self.ring.keys().copied().collect();
        nodes.into_iter().for_each(|node| self.tell_place(node));
        self.offer();
    }

    fn abandon(&mut self, proposal: &Proposal, why: Outcome) {
        let edition = proposal.incoming.edition;
        if why != Outcome::Undecided {
            self.mine.accepted.retain(|accepted| *accepted != edition);
            self.outputs.extend(proposal.ticket.map(Output::Drop));
        }
        let (version, by) = (edition.version, proposal.by);
        if by == self.me {
            self.end_mine(why.clone());
        }
        self.tell(Event::Abandoned { version, by, why });
    }

    /// A proposal of this node has ended, if there is one.
    fn end_mine(&mut self, outcome: Outcome) {
        if self.asked.take().is_some() {
            self.outputs.push_back(Output::Ended(outcome));
        }
    }

    // -- catching up ----------------------------------------------------------------------------

    /// The first who has what the cluster goes by sends it to those who have less.
    fn offer(&mut self) {
        let Some(edition) = self.target else { return };
        let holder = self.ring.iter().find(|(_, holding)| holding.edition == edition);
        if holder.map(|(node, _)| *node) != Some(self.me) || self.mine.edition != edition {
            return;
        }
        let behind = self.behind(&edition);
        if behind.iter().all(|node| self.offered.get(node) == Some(&edition)) {
            return;
        }
        self.offered.extend(behind.into_iter().map(|node| (node, edition)));
        let text = Arc::clone(&self.text);
        let Some(size) = sized(&text) else { return };
        let number = self.next_number();
        self.say(Message::Offer { number, edition, size }, false);
        self.say_parts(number, &text);
    }

    /// Nodes of the ring that hold something older.
    fn behind(&self, edition: &Edition) -> Vec<u32> {
        let is_behind = |holding: &Holding| Place::of(&holding.edition, edition) == Place::Behind;
        let behind = self.ring.iter().filter(|(_, holding)| is_behind(holding));
        behind.map(|(node, _)| *node).collect()
    }

    fn on_offer(&mut self, by: u32, sent: Sent) {
        if self.target != Some(sent.edition) {
            return;
        }
        // Whoever is to offer next need not offer it to these again.
        let behind = self.behind(&sent.edition);
        self.offered.extend(behind.into_iter().map(|node| (node, sent.edition)));
        // What this node has said of itself last may be on its way still.
        let wanted = self.mine.edition.version < sent.edition.version;
        let same = |arrival: &Arrival| arrival.incoming.edition == sent.edition;
        if !wanted || self.arriving.as_ref().is_some_and(same) {
            return;
        }
        let incoming = Incoming::new(sent.edition, sent.size);
        let arrival = Arrival { by, number: sent.number, incoming, ticket: None };
        if let Some(old) = self.arriving.replace(arrival) {
            self.outputs.extend(old.ticket.map(Output::Drop));
        }
    }

    fn arrived(&mut self, ticket: Ticket, arrival: Arrival, result: Result<u64, String>) {
        let Arrival { by, incoming, .. } = arrival;
        let edition = incoming.edition;
        match result {
            Ok(mark) => {
                self.go_by(ticket, (edition, mark), incoming.text(), by);
                self.outputs.push_back(Output::Introduce);
            }
            Err(reason) => {
                self.tell(Event::CannotFollow { version: edition.version, reason });
            }
        }
    }

    // -- saying ---------------------------------------------------------------------------------

    fn go_by(&mut self, ticket: Ticket, (edition, mark): (Edition, u64), text: Arc<[u8]>, by: u32) {
        let from = self.mine.edition.version;
        self.mine.go_by(edition, mark);
        self.text = Arc::clone(&text);
        self.outputs.push_back(Output::Switch { ticket, edition, text });
        self.tell(Event::Switched { from, to: edition.version, by });
    }

    fn tell_place(&mut self, node: u32) {
        let Some(target) = self.target else { return };
        let Some(place) = self.place(node).filter(|place| *place != Place::Current) else { return };
        let held = self.ring.get(&node).map_or(0, |holding| holding.edition.version);
        self.tell(Event::KeptOut { node, place, held, wanted: target.version });
    }

    /// Says it of a node that takes part and could not go on with the others when the secret is
    /// used. What to do about it, its operator knows.
    fn tell_secret(&mut self, node: u32) {
        let here = self.place(self.me) == Some(Place::Current);
        let there = self.place(node) == Some(Place::Current);
        let other = self.ring.get(&node).is_some_and(|holding| holding.mark != self.mine.mark);
        if here && there && other {
            self.tell(Event::OtherSecret { node });
        }
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Tell(event));
    }

    fn say(&mut self, message: Message, safe: bool) {
        self.outputs.push_back(Output::Say { message, safe });
    }

    fn say_parts(&mut self, number: u32, text: &[u8]) {
        let mut offset = 0;
        for part in text.chunks(message::PART) {
            self.say(Message::Part { number, offset, bytes: part.to_vec() }, false);
            offset += u32::try_from(part.len()).unwrap_or(u32::MAX);
        }
    }

    const fn next_number(&mut self) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.number
    }
}

/// The length of a text that can be sent.
fn sized(text: &[u8]) -> Option<u32> {
    let fits = (1..=LARGEST_TEXT).contains(&text.len());
    u32::try_from(text.len()).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests;
