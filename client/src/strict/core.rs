//! The rules of strict mode, without a connection: told what the group is told, says what is to be
//! done.
//!
//! Must never decide by anything but what all members were told at the same place: views, flushes,
//! and what flushes say of quorum.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::message::{Message, State, Token};
use super::{Event, StrictView};
use crate::error::Error;
use crate::groups::{GroupMessage, Member, View, Why};

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Do {
    Tell(Event),
    /// Send this, safe.
    Flush(Vec<u8>),
}

/// See the module's head.
#[derive(Debug)]
pub(super) struct Core {
    me: Member,
    quorate: bool,
    /// It was told that it is suspended, or of no view yet.
    suspended: bool,
    /// The group's view, and its members.
    view: Option<(Token, Vec<Member>)>,
    /// What each member flushed in this view last.
    flushed: BTreeMap<Member, (bool, Option<State>)>,
    /// The view in force; `None` between two.
    installed: Option<Token>,
    /// The view that was in force last.
    last: Option<Token>,
    /// The state it has, or will have when `waiting` is over.
    state: Option<State>,
    /// It waits for the state.
    waiting: bool,
    /// Messages of the view in force while it waits; or of the last one, until the next.
    held: Vec<(Member, Bytes)>,
}

impl Core {
    pub(super) const fn new(me: Member, quorate: bool) -> Self {
        Self {
            me,
            quorate,
            suspended: true,
            view: None,
            flushed: BTreeMap::new(),
            installed: None,
            last: None,
            state: None,
            waiting: false,
            held: Vec::new(),
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        self.installed.is_some() && !self.waiting
    }

    /// A message as it is sent, if it may be.
    pub(super) fn message(&self, payload: &[u8]) -> Option<Vec<u8>> {
        let view = self.installed.filter(|_| !self.waiting)?;
        let content = Bytes::copy_from_slice(payload);
        Some(Message::Content { view, content }.encode())
    }

    /// The state as it is sent, unless the view in which it was wanted is over.
    pub(super) fn snapshot(&self, state: &[u8]) -> Option<Vec<u8>> {
        let (view, content) = (self.installed?, Bytes::copy_from_slice(state));
        Some(Message::Snapshot { view, content }.encode())
    }

    /// The node's verdict changed.
    pub(super) fn on_verdict(&mut self, quorate: bool) -> Vec<Do> {
        let changed = std::mem::replace(&mut self.quorate, quorate) != quorate;
        if changed { self.flush().into_iter().collect() } else { Vec::new() }
    }

    /// The members of the group changed.
    pub(super) fn on_view(&mut self, view: &View) -> Vec<Do> {
        self.block();
        self.flushed.clear();
        let lost = view.left.iter().any(|(_, why)| *why == Why::NodeDown);
        if let (Some(state), true, Some(first)) = (&mut self.state, lost, view.members.first()) {
            state.side = (view.generation, view.representative, first.node, first.pid);
        }
        self.view = Some((Token::of(view), view.members.clone()));
        if !view.members.contains(&self.me) {
            return Vec::new();
        }
        self.flush().into_iter().collect()
    }

    /// A member said something.
    pub(super) fn on_message(&mut self, message: GroupMessage) -> Result<Vec<Do>, Error> {
        let GroupMessage { from, transitional, payload, .. } = message;
        if transitional {
            // Maybe not all have it: what belongs to the view waits for the next one.
            self.block();
        }
        Ok(match Message::decode(payload)? {
            Message::Flush { view, quorate, state } => {
                let current = self.view.as_ref().is_some_and(|(token, _)| *token == view);
                if transitional || !current {
                    return Ok(Vec::new());
                }
                self.flushed.insert(from, (quorate, state));
                self.decide()
            }
            Message::Content { view, content } => self.on_content(from, view, content),
            Message::Snapshot { view, content } => {
                if !self.waiting || self.installed != Some(view) {
                    return Ok(Vec::new());
                }
                self.waiting = false;
                let held = std::mem::take(&mut self.held);
                let state = Do::Tell(Event::State(content));
                std::iter::once(state).chain(held.into_iter().map(told)).collect()
            }
        })
    }

    fn on_content(&mut self, from: Member, view: Token, content: Bytes) -> Vec<Do> {
        let of_last = self.installed.or(self.last) == Some(view);
        if !of_last {
            return Vec::new();
        }
        if self.is_open() {
            return vec![told((from, content))];
        }
        self.held.push((from, content));
        Vec::new()
    }

    /// The view is over.
    fn block(&mut self) {
        if let Some(token) = self.installed.take() {
            self.last = Some(token);
            if std::mem::take(&mut self.waiting) {
                // It has neither the state nor what came after it.
                self.state = None;
                self.held.clear();
                self.last = None;
            }
        }
    }

    fn flush(&self) -> Option<Do> {
        let (view, quorate) = (self.view.as_ref()?.0, self.quorate);
        Some(Do::Flush(Message::Flush { view, quorate, state: self.state }.encode()))
    }

    /// Decides with what was flushed so far.
    fn decide(&mut self) -> Vec<Do> {
        let Some((token, members)) = self.view.clone() else { return Vec::new() };
        let flushed: Option<Vec<_>> =
            members.iter().map(|it| self.flushed.get(it).map(|&(q, s)| (*it, q, s))).collect();
        let Some(flushed) = flushed else { return Vec::new() };
        if !flushed.iter().all(|(_, quorate, _)| *quorate) {
            self.block();
            let mine = self.flushed.get(&self.me).is_some_and(|(quorate, _)| *quorate);
            // The others may be about to be quorate with this one.
            let told = mine || std::mem::replace(&mut self.suspended, true);
            return if told { Vec::new() } else { vec![Do::Tell(Event::Suspended)] };
        }
        if self.installed.is_some() {
            return Vec::new();
        }
        self.install(token, &flushed)
    }

    fn install(&mut self, token: Token, flushed: &[(Member, bool, Option<State>)]) -> Vec<Do> {
        let highest = flushed.iter().map(|(_, _, state)| *state).max().flatten();
        let has_it = |state: Option<State>| highest.is_some() && state == highest;
        let with_it = flushed.iter().find(|(_, _, state)| has_it(*state));
        // Without any state that of the first is the beginning.
        let Some(&(giver, ..)) = with_it.or(flushed.first()) else { return Vec::new() };
        let holds =
            |&(member, _, state): &(Member, bool, Option<State>)| member == giver || has_it(state);
        let members: Vec<Member> = flushed.iter().map(|(member, ..)| *member).collect();
        let newcomers: Vec<Member> =
            flushed.iter().filter(|it| !holds(it)).map(|(member, ..)| *member).collect();
        let mut done = Vec::new();
        let held = std::mem::take(&mut self.held);
        self.waiting = newcomers.contains(&self.me);
        if !self.waiting {
            done.extend(held.into_iter().map(told));
        }
        let views = highest.map_or(0, |state| state.views) + 1;
        self.state = Some(State { generation: token.generation, views, side: (0, 0, 0, 0) });
        (self.installed, self.last, self.suspended) = (Some(token), None, false);
        let wanted = giver == self.me && !newcomers.is_empty();
        done.push(Do::Tell(Event::View(StrictView { members, newcomers })));
        if wanted {
            done.push(Do::Tell(Event::Wanted));
        }
        done
    }
}

fn told((from, content): (Member, Bytes)) -> Do {
    Do::Tell(Event::Message(from, content))
}

#[cfg(test)]
mod tests;
