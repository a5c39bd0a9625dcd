//! The network between simulated nodes: every directed pair has its own link.
//!
//! Must never deliver what was not sent; what strangers inject is made in `airlock.rs`, and only
//! where packets are sealed.
//!
//! A link keeps packets in order unless it is told to reorder: jitter alone does not let one packet
//! overtake another of the same kind, as on a real path. Unicasts and multicasts are independent:
//! they travel to two ports, and a switch may treat them differently.

use core::time::Duration;

use totem::Instant;

use crate::check::group::Group;
use crate::figures::Figures;
use crate::plan::{Quality, Span};
use crate::rng::Rng;

/// Which of a node's two ports a packet goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Port {
    /// For one node: tokens and probes.
    Token,
    /// For everyone: data, joins, beacons.
    Data,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    quality: Quality,
    cut: bool,
    split: bool,
    deaf: [bool; 2],
    last: [Instant; 2],
}

/// All links.
#[derive(Clone, Debug)]
pub struct Network {
    links: Vec<Link>,
    nodes: usize,
    rng: Rng,
    latest: Instant,
}

const fn slot(port: Port) -> usize {
    match port {
        Port::Token => 0,
        Port::Data => 1,
    }
}

impl Network {
    /// A network of `nodes` nodes whose links are all of this quality.
    #[must_use]
    pub fn new(nodes: usize, quality: Quality, rng: Rng) -> Self {
        let last = [Instant::ORIGIN; 2];
        let link = Link { quality, cut: false, split: false, deaf: [false; 2], last };
        Self { links: vec![link; nodes * nodes], nodes, rng, latest: Instant::ORIGIN }
    }

    fn link(&mut self, from: usize, to: usize) -> &mut Link {
        &mut self.links[from * self.nodes + to]
    }

    /// When the copies of a packet arrive: none, one, or two times. `None` stands for no copy.
    pub fn route(
        &mut self,
        now: Instant,
        (from, to): (usize, usize),
        port: Port,
        figures: &mut Figures,
    ) -> [Option<Instant>; 2] {
        let link = self.links[from * self.nodes + to];
        if link.cut || link.split || link.deaf[slot(port)] {
            figures.count("packet cut off");
            return [None; 2];
        }
        let quality = link.quality;
        let of_its_kind = match port {
            Port::Token => quality.loss_unicast,
            Port::Data => quality.loss_multicast,
        };
        if self.rng.chance(quality.loss) || self.rng.chance(of_its_kind) {
            figures.count("packet lost");
            return [None; 2];
        }
        let arrival = now + self.draw(quality.latency);
        let first = if self.rng.chance(quality.reorder) {
            figures.count("packet reordered");
            arrival + self.draw(quality.detour)
        } else {
            let last = &mut self.link(from, to).last[slot(port)];
            *last = arrival.max(*last);
            *last
        };
        self.latest = self.latest.max(first);
        if !self.rng.chance(quality.duplicate) {
            return [Some(first), None];
        }
        figures.count("packet duplicated");
        let second = first + self.draw(quality.detour);
        self.latest = self.latest.max(second);
        [Some(first), Some(second)]
    }

    /// When the last packet under way arrives.
    #[must_use]
    pub const fn latest(&self) -> Instant {
        self.latest
    }

    /// How long the kernel's answer to a refused packet takes.
    pub fn answer(&mut self, from: usize, to: usize) -> Option<Duration> {
        let back = *self.link(to, from);
        (!back.cut && !back.split).then(|| self.draw(back.quality.latency))
    }

    fn draw(&mut self, span: Span) -> Duration {
        self.rng.duration(span.least, span.most)
    }

    /// Cuts or mends one direction.
    pub fn cut(&mut self, from: usize, to: usize, cut: bool) {
        self.link(from, to).cut = cut;
    }

    /// One kind of packet no longer passes in one direction, or does again.
    pub fn deafen(&mut self, from: usize, to: usize, (port, deaf): (Port, bool)) {
        self.link(from, to).deaf[slot(port)] = deaf;
    }

    /// Nothing passes between this group and the rest.
    pub fn split(&mut self, group: Group) {
        for from in 0..self.nodes {
            for to in 0..self.nodes {
                if group.has(from) != group.has(to) {
                    self.link(from, to).split = true;
                }
            }
        }
    }

    /// Mends all that was cut.
    pub fn join(&mut self) {
        for link in &mut self.links {
            link.cut = false;
            link.split = false;
            link.deaf = [false; 2];
        }
    }

    /// Gives one link a quality.
    pub fn set(&mut self, from: usize, to: usize, quality: Quality) {
        self.link(from, to).quality = quality;
    }

    /// Gives all links a quality.
    pub fn set_all(&mut self, quality: Quality) {
        for link in &mut self.links {
            link.quality = quality;
        }
    }
}
