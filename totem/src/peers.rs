//! What this node knows of every other: when it was heard, whom it hears, what it weighs, whether
//! it can be trusted to stay.
//!
//! Must never let one sick node move a healthy ring: a stranger counts only while it hears us and
//! we hear it, and one whose admission brought nothing waits twice as long before the next try.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::Identity;
use crate::ids::{NodeId, NodeSet};
use crate::instant::Instant;
use crate::members::{Places, Standing, choose, weight};
use crate::wire::{Beacon, Join};

/// Most nodes remembered. Only those who hold the key get here; the stalest goes.
const MOST_PEERS: usize = 512;

/// Weight of a node that is only known by name.
const UNKNOWN_WEIGHT: u32 = 1;

/// What is known of one node.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its boot epoch, as it says itself.
    pub(crate) boot: u64,
    /// Its last join's serial.
    serial: u64,
    /// Its weight.
    weight: u32,
    /// When a multicast of its own was last received.
    heard: Instant,
    /// Whom it hears, as it last said.
    row: NodeSet,
    /// The members of its ring, as it last said; while it gathers, whom it proposes.
    company: NodeSet,
    /// Admissions of it that brought nothing, and until when there is no next one.
    strikes: u32,
    struck: Instant,
    held_until: Instant,
    /// It gathers, and wants us with it.
    invites: bool,
    /// Unicast to it did not get through; until then it does not count as heard.
    deaf_until: Instant,
}

/// All other nodes.
#[derive(Debug)]
pub(crate) struct Peers {
    me: NodeId,
    my_weight: u32,
    known: BTreeMap<NodeId, Peer>,
    patience: Patience,
}

/// How long what was heard counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For how long one multicast counts as being heard.
    pub(crate) fresh: Duration,
    /// Hold-down after the first admission that brought nothing; doubles with every further one.
    pub(crate) first_hold: Duration,
    /// The longest.
    pub(crate) longest_hold: Duration,
}

impl Peers {
    pub(crate) fn new(identity: &Identity, patience: Patience) -> Self {
        let Identity { me, weight: my_weight, .. } = *identity;
        Self { me, my_weight, known: BTreeMap::new(), patience }
    }

    /// From now on.
    pub(crate) const fn retune(&mut self, my_weight: u32, patience: Patience) {
        self.my_weight = my_weight;
        self.patience = patience;
    }

    fn entry(&mut self, node: NodeId) -> &mut Peer {
        if !self.known.contains_key(&node) && self.known.len() >= MOST_PEERS {
            let stalest = self.known.iter().min_by_key(|(_, peer)| peer.heard).map(|(&id, _)| id);
            self.known.remove(&stalest.expect("the table is full"));
        }
        self.known.entry(node).or_insert_with(|| Peer {
            boot: 0,
            serial: 0,
            weight: 0,
            heard: Instant::ORIGIN,
            row: NodeSet::new(),
            company: NodeSet::from([node]),
            strikes: 0,
            struck: Instant::ORIGIN,
            held_until: Instant::ORIGIN,
            invites: false,
            deaf_until: Instant::ORIGIN,
        })
    }

    /// The boot epoch of a node, as far as it was heard.
    pub(crate) fn boot(&self, node: NodeId) -> u64 {
        self.known.get(&node).map_or(0, |peer| peer.boot)
    }

    /// A join came; `false` if a newer one of this node came before.
    pub(crate) fn note_join(&mut self, now: Instant, from: NodeId, join: &Join) -> bool {
        let me = self.me;
        let peer = self.entry(from);
        if (join.boot, join.serial) <= (peer.boot, peer.serial) {
            return false;
        }
        peer.boot = join.boot;
        peer.serial = join.serial;
        peer.weight = join.weight;
        peer.heard = now;
        // Most joins say again what the one before said, and sets cost much to make.
        if peer.row != join.heard {
            peer.row.clone_from(&join.heard);
        }
        // Whom it is about to be with; if that includes us, it invites us to join those it has.
        peer.invites = join.candidates.contains(&me) && !join.failed.contains(&me);
        if !join.candidates.difference(&join.failed).eq(&peer.company) {
            peer.company = join.proposed();
            peer.company.insert(from);
        }
        true
    }

    /// A beacon came.
    pub(crate) fn note_beacon(&mut self, now: Instant, from: NodeId, beacon: &Beacon) {
        let peer = self.entry(from);
        if beacon.boot < peer.boot {
            return;
        }
        if beacon.boot > peer.boot {
            peer.boot = beacon.boot;
            peer.serial = 0;
        }
        peer.weight = beacon.weight;
        peer.heard = now;
        peer.row.clone_from(&beacon.heard);
        peer.invites = false;
        peer.company.clone_from(&beacon.members);
        peer.company.insert(from);
    }

    /// This node is proven gone: what it said lately no longer invites anybody. Without this, one
    /// that dies before its first beacon is asked back by the ring that just went on without it.
    pub(crate) fn note_gone(&mut self, node: NodeId) {
        let peer = self.entry(node);
        peer.heard = Instant::ORIGIN;
        peer.row.clear();
        peer.invites = false;
    }

    /// Unicast to this node does not get through.
    pub(crate) fn note_deaf(&mut self, now: Instant, node: NodeId) {
        self.strike(now, node);
        let peer = self.entry(node);
        peer.deaf_until = peer.held_until;
    }

    /// Unicast to this node got through.
    pub(crate) fn note_reached(&mut self, node: NodeId) {
        self.entry(node).deaf_until = Instant::ORIGIN;
    }

    /// The admission of this node brought nothing.
    pub(crate) fn strike(&mut self, now: Instant, node: NodeId) {
        let Patience { first_hold, longest_hold, .. } = self.patience;
        let peer = self.entry(node);
        let doubled = 1_u32.checked_shl(peer.strikes).unwrap_or(u32::MAX);
        peer.struck = now;
        peer.held_until = now + first_hold.saturating_mul(doubled).min(longest_hold);
        peer.strikes = peer.strikes.saturating_add(1);
    }

    /// A ring was installed: what was said to bring it about invites nobody any more.
    pub(crate) fn end_gathering(&mut self) {
        for peer in self.known.values_mut() {
            peer.invites = false;
        }
    }

    /// This node became a member with us.
    pub(crate) fn forgive(&mut self, node: NodeId) {
        let peer = self.entry(node);
        peer.strikes = 0;
        peer.held_until = Instant::ORIGIN;
    }

    /// My row: who was heard since `since`, and myself.
    pub(crate) fn row_since(&self, now: Instant, since: Instant) -> NodeSet {
        let heard = |peer: &Peer| peer.heard >= since && peer.deaf_until <= now;
        let mut row: NodeSet =
            self.known.iter().filter(|(_, peer)| heard(peer)).map(|(&node, _)| node).collect();
        row.insert(self.me);
        row
    }

    /// My row, of those heard lately.
    pub(crate) fn row(&self, now: Instant) -> NodeSet {
        self.row_since(now, now - self.patience.fresh)
    }

    /// What counts for a node where a choice must be made.
    pub(crate) fn standing(&self, node: NodeId, current: &NodeSet) -> Standing {
        let known = self.known.get(&node).map_or(UNKNOWN_WEIGHT, |peer| peer.weight);
        let weight = if node == self.me { self.my_weight } else { known };
        Standing { weight, current: current.contains(&node) }
    }

    /// Strangers to this ring that were heard lately.
    pub(crate) fn has_strangers(&self, now: Instant, ring: &NodeSet) -> bool {
        self.row(now).iter().any(|node| !ring.contains(node))
    }

    /// A set of nodes around this one that is better than its ring, and better than the ring that
    /// each stranger in it would have to leave: heavier, or as heavy with more nodes, everyone in
    /// it hearing everyone.
    pub(crate) fn better_than(&self, now: Instant, ring: &NodeSet) -> Option<NodeSet> {
        let my_row = self.row(now);
        let strangers: NodeSet =
            my_row.difference(ring).copied().filter(|&node| self.is_open(now, node)).collect();
        if strangers.is_empty() {
            return None;
        }
        let standing = |node| self.standing(node, ring);
        let candidates: Vec<NodeId> = ring.union(&strangers).copied().collect();
        let facts = self.facts(&candidates, &my_row);
        let members = Places::of(&candidates, ring);
        let linked = |a: usize, b: usize| {
            let mutual = |of: fn(&Facts) -> &Places| of(&facts[a]).has(b) && of(&facts[b]).has(a);
            (members.has(a) && members.has(b))
                || mutual(|facts| &facts.hears)
                || mutual(|facts| &facts.company)
        };
        let chosen = choose(&candidates, standing, linked);
        let value = |nodes: &NodeSet| (weight(nodes, standing), nodes.len());
        let gains = |node: &NodeId| {
            self.known.get(node).is_some_and(|peer| {
                // Whoever invites us leaves nobody by taking us in.
                peer.invites || value(&chosen) > value(&peer.company)
            })
        };
        let agreeable = chosen.difference(ring).all(gains);
        (agreeable && chosen.contains(&self.me) && value(&chosen) > value(ring)).then_some(chosen)
    }

    /// This stranger hears us, and is not held down. One that invites us ends its own hold-down
    /// with that; two whose hold-downs never end together would never meet.
    fn is_open(&self, now: Instant, node: NodeId) -> bool {
        self.known.get(&node).is_some_and(|peer| {
            let invited = peer.invites && peer.struck + self.patience.first_hold <= now;
            peer.row.contains(&self.me) && (peer.held_until <= now || invited)
        })
    }

    /// What is known of each candidate. Two are linked when both say that they hear the other, or
    /// both are in one ring.
    fn facts(&self, candidates: &[NodeId], my_row: &NodeSet) -> Vec<Facts> {
        let none = NodeSet::new();
        let facts = |node: &NodeId| {
            let peer = self.known.get(node);
            let row = if *node == self.me { Some(my_row) } else { peer.map(|peer| &peer.row) };
            let company = peer.map_or(&none, |peer| &peer.company);
            let places = |set| Places::of(candidates, set);
            Facts { hears: places(row.unwrap_or(&none)), company: places(company) }
        };
        candidates.iter().map(facts).collect()
    }
}

/// Of one candidate, which of the others it hears, and which are in its ring.
struct Facts {
    hears: Places,
    company: Places,
}

/// Nodes that the kernel says nobody listens at, until they answer or are given up.
#[derive(Debug, Default)]
pub(crate) struct Suspects(BTreeMap<NodeId, Suspicion>);

#[derive(Clone, Copy, Debug)]
struct Suspicion {
    hints: u32,
    probes: u32,
}

/// Probes that must stay unanswered, and hints that must come, before a refused port counts as
/// proof.
const PROBES: u32 = 3;
const HINTS: u32 = 2;
/// Unanswered probes that make up for a missing hint: kernels send about one a second.
const MANY_PROBES: u32 = 12;

impl Suspects {
    /// A hint came; `true` if it is the first, and a probe is due.
    pub(crate) fn hint(&mut self, node: NodeId) -> bool {
        let suspicion = self.0.entry(node).or_insert(Suspicion { hints: 0, probes: 1 });
        suspicion.hints = suspicion.hints.saturating_add(1);
        suspicion.hints == 1
    }

    /// An authentic packet of this node came; `true` if it was suspected.
    pub(crate) fn clear(&mut self, node: NodeId) -> bool {
        self.0.remove(&node).is_some()
    }

    /// The probe timer fired: who is proven dead, and who is to be probed again.
    pub(crate) fn tick(&mut self) -> (Vec<NodeId>, Vec<NodeId>) {
        let (mut dead, mut again) = (Vec::new(), Vec::new());
        self.0.retain(|&node, suspicion| {
            let confirmed = suspicion.probes >= PROBES && suspicion.hints >= HINTS;
            if confirmed || suspicion.probes >= MANY_PROBES {
                dead.push(node);
                return false;
            }
            suspicion.probes += 1;
            again.push(node);
            true
        });
        (dead, again)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests;
