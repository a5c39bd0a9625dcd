//! What a simulated world is made of, and what will happen to it: drawn once, from a seed.
//!
//! Must never be consulted for randomness during the run: a plan is plain data, so that it can be
//! printed, compared, and built by hand for a scenario.

pub mod draw;

use core::time::Duration;

use quorum::{Rules, Votes};
use totem::{Limits, NodeId, Plant, Timing};

use crate::check::quorum::Counting;
use crate::faults::Fault;

/// A world and its faults.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where all randomness of the run comes from.
    pub seed: u64,
    /// The nodes, by index.
    pub machines: Vec<Machine>,
    /// Two-node mode.
    pub two_node: bool,
    /// Nodes that come back with state are kept out, from this version of the configuration on.
    pub disallowed: Option<u64>,
    /// How votes are counted.
    pub ballot: Ballot,
    /// Timers of every ring.
    pub timing: Timing,
    /// Bounds of every ring.
    pub limits: Limits,
    /// Links while the faults go on.
    pub rough: Quality,
    /// Links before and after.
    pub calm: Quality,
    /// What a disk takes.
    pub disk: Span,
    /// How late a due timer is noticed.
    pub lateness: Span,
    /// What the clients say.
    pub traffic: Traffic,
    /// Between two things done by programs of one node that meet in groups; `None`: there are none.
    pub programs: Option<Span>,
    /// Packets are sealed, and strangers meddle with them.
    pub tamper: Option<Tamper>,
    /// Of the unicasts to a port where nobody listens, how many are answered by the kernel.
    pub hints_per_million: u32,
    /// What goes wrong, and when.
    pub faults: Vec<(Duration, Fault)>,
    /// When everything is repaired, everybody is started, and convergence is demanded.
    pub heal: Duration,
    /// Versions of the configuration that nodes have at the beginning; the others have 1.
    pub versions: Vec<(usize, u64)>,
    /// Nodes that stay down after that.
    pub dead: Vec<usize>,
    /// A bug that every node has.
    pub plant: Plant,
}

/// How votes are counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ballot {
    /// What can be demanded of verdicts.
    pub counting: Counting,
    /// What the file of each node expects, by index; the sum where nothing is said.
    pub expected: Vec<Option<Votes>>,
    /// What goes beyond CMAN.
    pub rules: Rules,
    /// Silence after which a quorum device is lost.
    pub device_timeout: Option<Duration>,
    /// How long it may take to judge a membership.
    pub sync_timeout: Option<Duration>,
    /// A witness stands outside, and each node has a device that asks it.
    pub witness: Option<Attendance>,
    /// A bug that every vote counter has.
    #[cfg(feature = "planted")]
    pub bug: Option<quorum::Planted>,
}

/// A witness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attendance {
    /// Its votes.
    pub votes: Votes,
    /// Between two looks at the cluster, and at most on the way of a word to a node.
    pub pause: Span,
    /// Of a million looks, so many begin or end that it cannot reach a node.
    pub blinks: u32,
}

/// One node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Its id.
    pub id: NodeId,
    /// Its votes.
    pub votes: Votes,
    /// How much faster its clock runs than the world's; a hundred parts per million are usual.
    pub clock_ppm: i64,
    /// When its daemon is started; `None` for never before healing.
    pub start: Option<Duration>,
}

/// From one time to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// At least.
    pub least: Duration,
    /// At most.
    pub most: Duration,
}

impl Span {
    /// No time at all.
    pub const NONE: Self = Self { least: Duration::ZERO, most: Duration::ZERO };

    /// From `least` to `most` microseconds.
    #[must_use]
    pub const fn micros(least: u64, most: u64) -> Self {
        Self { least: Duration::from_micros(least), most: Duration::from_micros(most) }
    }
}

/// How a link treats packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quality {
    /// Time on the way.
    pub latency: Span,
    /// Lost, of every million, whatever they are.
    pub loss: u32,
    /// Lost, of every million multicasts.
    pub loss_multicast: u32,
    /// Lost, of every million unicasts.
    pub loss_unicast: u32,
    /// Delivered twice, of every million.
    pub duplicate: u32,
    /// Held up so that later ones overtake, of every million.
    pub reorder: u32,
    /// How long those are held up.
    pub detour: Span,
}

impl Quality {
    /// A good network: nothing but latency.
    #[must_use]
    pub const fn calm(latency: Span) -> Self {
        Self {
            latency,
            loss: 0,
            loss_multicast: 0,
            loss_unicast: 0,
            duplicate: 0,
            reorder: 0,
            detour: Span::NONE,
        }
    }
}

/// What the clients say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traffic {
    /// Between two things said by one client.
    pub pause: Span,
    /// Most messages said at a time.
    pub burst: usize,
    /// Safe ones, of every million.
    pub safe: u32,
    /// Ones that need several packets, of every million.
    pub long: u32,
    /// Ones of a hundred kilobytes and more, of every million.
    pub huge: u32,
}

/// What strangers do to sealed packets, of every million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tamper {
    /// A bit is turned over.
    pub flip: u32,
    /// The end is cut off.
    pub truncate: u32,
    /// A packet seen before is sent again.
    pub replay: u32,
    /// A packet of another cluster comes along, or mere noise.
    pub foreign: u32,
}
