//! Process groups as a program in one can see them: who is there, what is said, in which order.
//!
//! Must never ask a stack what it remembers, until the very end: the registries of all nodes are
//! compared with who is there only when nothing happens any more.
//!
//! Programs in one group on one ring see one sequence of views and messages: whoever joined later
//! sees its end. A configuration that is transitional to the next ring is a mark in the sequence;
//! those who share the mark have the same before it. What follows holds for each program:
//!
//! - its first event is the view with itself among those who joined, its last one, if it leaves,
//!   that with itself among those who left; in between it is in every view;
//! - a view is the one before it, less who left, and those who joined;
//! - the reasons are right: only who wanted to leave left, only who was killed is gone, only nodes
//!   that did not come along are down or up;
//! - a message comes from a member, and is what that member said; from each member they come
//!   without a gap, but for parts of messages; a part has all its forerunners;
//! - after a membership change no member is on a node outside the ring.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use daemon::stack::command::SessionId;
use daemon::stack::effect::{Address, GroupNotice, Part, RingView, View, Why};
use totem::{Configuration, Kind, NodeSet, RingId};

use super::Breach;
use crate::programs;

/// The property, by its name in reports.
pub const NAME: &str = "process groups";

/// A program: its node and session.
pub type Key = (usize, SessionId);

/// Groups and their members, in order.
pub type Listing = Vec<(Bytes, Vec<Address>)>;

/// What happened around groups at one node.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The daemon ended, and its programs with it.
    Ended,
    /// A program asks to join a group.
    Joins(SessionId, Address, Bytes),
    /// The request is refused.
    NotJoined(SessionId),
    /// A program asks to leave.
    Leaves(SessionId),
    /// A program was killed.
    Killed(SessionId),
    /// A program is about to send this number, which is such a part.
    Says(SessionId, u32, Part),
    /// The daemon did not take this, or nobody gets it.
    NotSaid(SessionId, u32),
    /// A program is told something.
    Told(SessionId, &'a GroupNotice),
    /// The ring has a new configuration.
    Configuration(&'a Configuration),
    /// All nodes of the ring have said who their members are.
    Ring(&'a RingView),
}

/// What a program was told, as all others must have been told it.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Item {
    View { joined: Vec<(Address, Why)>, left: Vec<(Address, Why)> },
    Message { from: Address, number: u32, part: Part },
    Mark(RingId, NodeSet),
}

/// Something that a program tried to send.
#[derive(Clone, Copy, Debug)]
struct Said {
    part: Part,
    refused: bool,
}

/// What a program heard of another.
#[derive(Clone, Copy, Debug)]
struct Heard {
    /// The number after the last one; `None` when any may come.
    next: Option<u32>,
    /// A message in parts is under way.
    open: bool,
}

#[derive(Clone, Debug)]
struct Program {
    address: Address,
    group: Bytes,
    asked_to_leave: bool,
    killed: bool,
    /// Its last view was told.
    over: bool,
    /// Its daemon ended.
    ended: bool,
    said: Vec<Said>,
    members: Option<Vec<Address>>,
    heard: BTreeMap<Address, Heard>,
    /// The ring whose members had spoken when the sequence began.
    ring: Option<RingId>,
    /// It joined after that.
    fresh: bool,
    /// It joined after this mark, which so is not in its sequence.
    after: Option<Item>,
    /// Who was there when the sequence began.
    start: Vec<Address>,
    sequence: Vec<Item>,
    /// Where the sequences of others begin in this one.
    offsets: BTreeMap<Key, isize>,
    /// Those who went to another ring from here.
    parted: BTreeSet<Key>,
}

/// What a node knows of its ring.
#[derive(Clone, Debug, Default)]
struct Node {
    ring: Option<RingId>,
    /// Who came along to it from the last one on which all have spoken.
    companions: NodeSet,
    /// The ring on which all have spoken.
    spoken: Option<RingId>,
    /// The transitional configuration that it is in.
    passing: Option<Item>,
}

/// See the module's head.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    programs: BTreeMap<Key, Program>,
    nodes: BTreeMap<usize, Node>,
    by_address: BTreeMap<Address, Key>,
}

impl Program {
    /// It has not passed a mark that the other has not.
    fn may_follow(&self, other: &Self) -> bool {
        let passed = |mark| other.after.as_ref() == Some(mark) || other.sequence.contains(mark);
        self.after.as_ref().is_none_or(passed)
    }

    /// It is told nothing any more, or nothing that counts.
    const fn is_over(&self) -> bool {
        self.over || self.ended || self.killed
    }
}

type Judged = Result<(), String>;

fn demand(holds: bool, what: impl FnOnce() -> String) -> Judged {
    if holds { Ok(()) } else { Err(what()) }
}

impl Groups {
    /// Judges one event, then remembers it.
    ///
    /// # Errors
    /// The breach.
    pub fn judge(&mut self, node: usize, event: Event<'_>) -> super::Finding {
        self.enter(node, event).map_err(|detail| Breach::about([node], detail))
    }

    fn enter(&mut self, node: usize, event: Event<'_>) -> Judged {
        match event {
            Event::Ended => {
                self.nodes.remove(&node);
                let of_node =
                    self.programs.range_mut((node, SessionId(0))..(node + 1, SessionId(0)));
                of_node.for_each(|(_, program)| program.ended = true);
            }
            Event::Joins(session, address, group) => self.joins((node, session), address, group),
            Event::NotJoined(session) => {
                if let Some(program) = self.programs.remove(&(node, session)) {
                    self.by_address.remove(&program.address);
                }
            }
            Event::Leaves(session) => self.program((node, session))?.asked_to_leave = true,
            Event::Killed(session) => self.program((node, session))?.killed = true,
            Event::Says(session, number, part) => {
                let said = &mut self.program((node, session))?.said;
                said.push(Said { part, refused: false });
                debug_assert_eq!(said.len(), usize::try_from(number).unwrap_or(0) + 1);
            }
            Event::NotSaid(session, number) => {
                let said = &mut self.program((node, session))?.said;
                if let Some(said) = said.get_mut(usize::try_from(number).unwrap_or(usize::MAX)) {
                    said.refused = true;
                }
            }
            Event::Told(session, notice) => self.told((node, session), notice)?,
            Event::Configuration(configuration) => self.configuration(node, configuration)?,
            Event::Ring(ring) => self.ring(node, ring)?,
        }
        Ok(())
    }

    fn program(&mut self, key: Key) -> Result<&mut Program, String> {
        self.programs.get_mut(&key).ok_or_else(|| format!("no program has {key:?}"))
    }

    fn joins(&mut self, key: Key, address: Address, group: Bytes) {
        self.by_address.insert(address, key);
        let program = Program {
            address,
            group,
            asked_to_leave: false,
            killed: false,
            over: false,
            ended: false,
            said: Vec::new(),
            members: None,
            heard: BTreeMap::new(),
            ring: None,
            fresh: true,
            after: None,
            start: Vec::new(),
            sequence: Vec::new(),
            offsets: BTreeMap::new(),
            parted: BTreeSet::new(),
        };
        self.programs.insert(key, program);
    }

    // -- the ring -------------------------------------------------------------------------------

    fn configuration(&mut self, node: usize, configuration: &Configuration) -> Judged {
        let Configuration { kind, ring, members, .. } = configuration;
        if *kind == Kind::Regular {
            let known = self.nodes.entry(node).or_default();
            known.ring = Some(*ring);
            known.passing = None;
            return Ok(());
        }
        let known = self.nodes.entry(node).or_default();
        if known.spoken == known.ring && known.ring.is_some() {
            known.companions.clone_from(members);
        } else {
            known.companions.retain(|node| members.contains(node));
        }
        let mark = Item::Mark(*ring, members.clone());
        known.passing = Some(mark.clone());
        for key in self.in_groups(node) {
            self.append(key, mark.clone())?;
        }
        Ok(())
    }

    fn ring(&mut self, node: usize, told: &RingView) -> Judged {
        let known = self.nodes.entry(node).or_default();
        demand(known.ring == Some(told.ring), || format!("{told:?}, {:?} in force", known.ring))?;
        known.spoken = Some(told.ring);
        for key in self.in_groups(node) {
            let program = self.program(key)?;
            let members = program.members.clone().unwrap_or_default();
            for member in &members {
                demand(told.members.contains(&member.node), || {
                    format!("{member:?} is in a view, its node not on {told:?}")
                })?;
            }
            program.ring = Some(told.ring);
            program.fresh = false;
            program.after = None;
            program.start.clone_from(&members);
            program.sequence.clear();
            program.offsets.clear();
            program.parted.clear();
            for (other, there) in self.others(key) {
                demand(there.fresh || there.start == members, || {
                    let start = &there.start;
                    format!("begins {} with {members:?}, {other:?} with {start:?}", told.ring)
                })?;
            }
        }
        Ok(())
    }

    /// Programs of this node that have a view.
    fn in_groups(&self, node: usize) -> Vec<Key> {
        let of_node = self.programs.range((node, SessionId(0))..(node + 1, SessionId(0)));
        let there = of_node.filter(|(_, it)| it.members.is_some() && !it.is_over());
        there.map(|(key, _)| *key).collect()
    }

    /// Programs in the same group whose sequence began on the same ring.
    fn others(&self, key: Key) -> Vec<(Key, &Program)> {
        let me = &self.programs[&key];
        let same =
            |it: &Program| it.group == me.group && it.ring == me.ring && it.members.is_some();
        let others = self.programs.iter().filter(|(other, it)| **other != key && same(it));
        others.map(|(other, it)| (*other, it)).collect()
    }

    // -- what programs are told -----------------------------------------------------------------

    fn told(&mut self, key: Key, notice: &GroupNotice) -> Judged {
        let program = self.program(key)?;
        if program.killed {
            return Ok(());
        }
        demand(!program.over, || format!("told {notice:?} after its last view"))?;
        match notice {
            GroupNotice::View(view) => self.view(key, view),
            GroupNotice::Message { from, part, payload, .. } => {
                self.message(key, *from, *part, payload)
            }
            GroupNotice::Ring(_) => Ok(()),
        }
    }

    fn view(&mut self, key: Key, view: &View) -> Judged {
        let known = self.nodes.entry(key.0).or_default().clone();
        demand(view.ring == known.ring, || format!("{view:?}, on {:?}", known.ring))?;
        self.reasons(&known, view)?;
        let program = self.program(key)?;
        let first = program.members.is_none();
        demand(view.group == program.group, || format!("{view:?} in {:?}", program.group))?;
        let came = view.joined.iter().any(|(it, why)| *it == program.address && *why == Why::Join);
        demand(came == first, || format!("first event {first}, itself joined {came}: {view:?}"))?;
        if first {
            program.ring = known.spoken;
            program.after = known.passing;
        } else {
            let mut members: BTreeSet<Address> =
                program.members.iter().flatten().copied().collect();
            let gone = view.left.iter().all(|(it, _)| members.remove(it));
            let new = view.joined.iter().all(|(it, _)| members.insert(*it));
            let same = members.iter().eq(&view.members);
            demand(gone && new && same, || format!("{view:?} after {:?}", program.members))?;
        }
        program.over = view.left.iter().any(|(it, _)| *it == program.address);
        let there = view.members.contains(&program.address);
        demand(there != program.over, || format!("{view:?} told to {:?}", program.address))?;
        program.members = Some(view.members.clone());
        if program.over {
            self.has_heard_itself(key)?;
        }
        let program = self.program(key)?;
        for (member, _) in &view.left {
            program.heard.remove(member);
        }
        if !view.joined.is_empty() {
            program.heard.values_mut().for_each(|heard| heard.open = false);
        }
        for (member, why) in &view.joined {
            let next = (*why == Why::Join).then_some(0);
            program.heard.insert(*member, Heard { next, open: false });
        }
        self.append(key, Item::View { joined: view.joined.clone(), left: view.left.clone() })
    }

    fn reasons(&self, known: &Node, view: &View) -> Judged {
        for (member, why) in view.joined.iter().chain(&view.left) {
            let program = self.by_address.get(member).and_then(|key| self.programs.get(key));
            let Some(program) = program else { return Err(format!("nobody is {member:?}")) };
            let along = known.companions.contains(&member.node);
            let right = match why {
                Why::Join => true,
                Why::Leave => program.asked_to_leave,
                Why::ProcessDown => program.killed,
                Why::NodeDown | Why::NodeUp => !along,
            };
            demand(right, || format!("{member:?} {why:?}, companions {:?}", known.companions))?;
        }
        Ok(())
    }

    fn message(&mut self, key: Key, from: Address, part: Part, payload: &[u8]) -> Judged {
        let number = programs::number(payload).ok_or("a payload was changed")?;
        let sender = self.by_address.get(&from).and_then(|key| self.programs.get(key));
        let said = sender.map(|sender| sender.said.clone()).unwrap_or_default();
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let this = said.get(at(number)).copied();
        demand(this.is_some_and(|it| it.part == part && !it.refused), || {
            format!("{from:?} did not say {number} {part:?}: {this:?}")
        })?;
        let program = self.program(key)?;
        demand(program.members.iter().flatten().any(|it| *it == from), || {
            format!("hears {from:?}, who is none of {:?}", program.members)
        })?;
        let heard = program.heard.entry(from).or_insert(Heard { next: None, open: false });
        let expected = heard.next.unwrap_or(number);
        let gap = said.get(at(expected)..at(number));
        let skipped = |it: &Said| it.refused || it.part != Part::Whole;
        demand(gap.is_some_and(|gap| gap.iter().all(skipped)), || {
            format!("hears {number} of {from:?}, {expected} is next")
        })?;
        let fits = match part {
            Part::Whole | Part::First => true,
            Part::Middle | Part::Last => heard.open,
        };
        demand(fits, || format!("hears {number} of {from:?}, {part:?}, not its beginning"))?;
        heard.next = Some(number + 1);
        heard.open = match part {
            Part::First => true,
            Part::Last => false,
            Part::Whole | Part::Middle => heard.open,
        };
        self.append(key, Item::Message { from, number, part })
    }

    /// Self-delivery.
    fn has_heard_itself(&self, key: Key) -> Judged {
        let program = &self.programs[&key];
        let heard = program.heard.get(&program.address);
        let next = heard.and_then(|heard| heard.next).unwrap_or(0);
        let rest = program.said.iter().skip(usize::try_from(next).unwrap_or(usize::MAX));
        let lost = rest.filter(|it| it.part == Part::Whole && !it.refused).count();
        demand(lost == 0, || format!("{:?} has not heard {lost} messages of its own", key))
    }

    // -- one sequence ---------------------------------------------------------------------------

    fn append(&mut self, key: Key, item: Item) -> Judged {
        self.program(key)?.sequence.push(item);
        let others: Vec<Key> = self.others(key).into_iter().map(|(other, _)| other).collect();
        for other in others {
            self.compare(key, other)?;
        }
        Ok(())
    }

    /// What `key` was told is what `other` was told at the same place, or will be.
    fn compare(&mut self, key: Key, other: Key) -> Judged {
        let (me, it) = (&self.programs[&key], &self.programs[&other]);
        if me.parted.contains(&other) || !me.may_follow(it) || !it.may_follow(me) {
            return Ok(());
        }
        let known = me.offsets.get(&other).copied();
        let Some(offset) = known.or_else(|| offset(me, it)) else { return Ok(()) };
        let seen = if known.is_some() { me.sequence.len() - 1 } else { 0 };
        let mut parted = !met(me, it, -offset) || !met(it, me, offset);
        for (place, item) in me.sequence.iter().enumerate().skip(seen) {
            if parted {
                break;
            }
            // What was before the other joined is not for it.
            let place = isize::try_from(place).unwrap_or(isize::MAX) + offset;
            let Ok(place) = usize::try_from(place) else { continue };
            parted = alike(item, &it.sequence, place)
                .map_err(|what| format!("{what}, told to {key:?} and {other:?}"))?;
        }
        let me = self.program(key)?;
        me.offsets.insert(other, offset);
        if parted {
            me.parted.insert(other);
            self.program(other)?.parted.insert(key);
        }
        Ok(())
    }

    // -- the end --------------------------------------------------------------------------------

    /// Nothing happens any more: `lists` are the groups as each living node has them.
    ///
    /// # Errors
    /// The breach.
    pub fn judge_end(&self, lists: &[(usize, Listing)]) -> super::Finding {
        let mut truth: BTreeMap<Bytes, BTreeSet<Address>> = BTreeMap::new();
        let there = |it: &Program| !it.killed && !it.asked_to_leave && !it.ended;
        for program in self.programs.values().filter(|it| there(it)) {
            truth.entry(program.group.clone()).or_default().insert(program.address);
        }
        let truth: Listing =
            truth.into_iter().map(|(name, them)| (name, them.into_iter().collect())).collect();
        for (node, list) in lists {
            if *list != truth {
                let detail = format!("there are {truth:?}, the node has {list:?}");
                return Err(Breach::about([*node], detail));
            }
        }
        for (key, program) in self.programs.iter().filter(|(_, it)| there(it)) {
            let members = program.members.clone().unwrap_or_default();
            let right = truth.contains(&(program.group.clone(), members.clone()));
            demand(right, || format!("{:?} is told {members:?} of {truth:?}", program.address))
                .and_then(|()| self.has_heard_itself(*key))
                .map_err(|detail| Breach::about([key.0], detail))?;
        }
        Ok(())
    }
}

/// Whether the two have parted if one was told this, and the other this sequence, at this place of
/// it.
fn alike(item: &Item, others: &[Item], place: usize) -> Result<bool, String> {
    let is_mark = |item: &Item| matches!(item, Item::Mark(..));
    if is_mark(item) {
        let mark = others.iter().position(|other| other == item);
        demand(mark.is_none_or(|mark| mark == place), || {
            format!("{item:?} at {place} and at {mark:?}")
        })?;
    }
    match others.get(place) {
        Some(other) if other != item => {
            demand(is_mark(item) || is_mark(other), || format!("{item:?} in place of {other:?}"))?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Of two programs, of which the other joined when `me` had been told this many items: it joined on
/// the same side of marks. If not, one of them was on its way to another ring already.
fn met(me: &Program, other: &Program, items: isize) -> bool {
    let items = usize::try_from(items).unwrap_or(0).min(me.sequence.len());
    let mark = me.sequence[..items].iter().rev().find(|item| matches!(item, Item::Mark(..)));
    mark.is_none_or(|mark| other.after.as_ref() == Some(mark))
}

/// Where the sequence of `me` begins in that of `it`; `None` while that is not known.
fn offset(me: &Program, it: &Program) -> Option<isize> {
    let first_in = |a: &Program, b: &Program| {
        let first = a.sequence.first()?;
        let place = b.sequence.iter().position(|item| item == first)?;
        isize::try_from(place).ok()
    };
    match (me.fresh, it.fresh) {
        (false, false) => Some(0),
        (true, false) => first_in(me, it),
        (false, true) => first_in(it, me).map(|place| -place),
        (true, true) => first_in(me, it).or_else(|| first_in(it, me).map(|place| -place)),
    }
}

#[cfg(test)]
mod tests;
