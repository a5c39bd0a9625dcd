//! What can go wrong in a simulated world, on one screen.
//!
//! Must never describe anything that a fail-stop machine on a real network cannot do: nodes lie
//! in none of these, disks never take back what they confirmed.

use core::time::Duration;

use totem::Tuning;

use crate::airlock::KeyStep;
use crate::check::group::Group;
use crate::plan::Quality;
use crate::programs::Act;

/// One thing that goes wrong, or is repaired.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The daemon is killed.
    Crash {
        /// Whose.
        node: usize,
        /// A disk write that was not confirmed yet happened nevertheless.
        written: bool,
    },
    /// The daemon is started.
    Start {
        /// Whose.
        node: usize,
    },
    /// The daemon is stopped (SIGSTOP) and goes on later; what arrives queues up, to a bound.
    Pause {
        /// Whose.
        node: usize,
        /// For how long.
        length: Duration,
    },
    /// The operator asks the daemon to leave.
    Leave {
        /// Whose.
        node: usize,
    },
    /// The operator of one node has another killed.
    Kill {
        /// Who asks.
        by: usize,
        /// The victim.
        node: usize,
    },
    /// A program says that its node has state.
    Dirty {
        /// Whose.
        node: usize,
    },
    /// A program that is in a group, or will be, does something.
    Program {
        /// Its node.
        node: usize,
        /// What.
        act: Act,
    },
    /// Nothing passes from one node to another; the other way is not touched.
    Cut {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// The reverse of `Cut`.
    Mend {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
    },
    /// Nothing passes between this group and the rest.
    Split(Group),
    /// All cuts are mended.
    Join,
    /// One link is of this quality from now on.
    Link {
        /// From here.
        from: usize,
        /// To there.
        to: usize,
        /// How it treats packets.
        quality: Quality,
    },
    /// All links are of this quality from now on.
    Weather(Quality),
    /// A node is told that another's port refused a packet, which is not true.
    FalseHint {
        /// Who is told.
        to: usize,
        /// Of whom.
        about: usize,
    },
    /// A node is told other timers and limits; one that is down reads them when it starts.
    Retune {
        /// Which.
        node: usize,
        /// What it is told.
        tuning: Tuning,
    },
    /// A node's configuration takes a step of changing the key.
    Key {
        /// Whose.
        node: usize,
        /// Which.
        step: KeyStep,
    },
    /// An administrator has a new text of the configuration in the file of a node, and has all
    /// nodes go by it.
    Reload {
        /// Whose file.
        node: usize,
        /// So much newer than any text so far; 0 for as new as the newest, with other content.
        newer: u64,
        /// A node that cannot go by it.
        refuser: Option<usize>,
    },
    /// A directory has a newer text, and all nodes look into it at one moment: who speaks for all
    /// has all go by it, or everyone does.
    Directory {
        /// Everyone does.
        everyone: bool,
    },
    /// A second client of a daemon comes, or, if it is there, is gone.
    Visit {
        /// Whose.
        node: usize,
    },
    /// All clients speak at once, much.
    Flood {
        /// Messages of each.
        messages: usize,
    },
    /// Something happens at a certain moment in the life of a ring, whenever that comes.
    When(Box<Trigger>),
}

/// A moment in the life of a node's ring, and what goes wrong then.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Whose.
    pub node: usize,
    /// Which moment.
    pub moment: Moment,
    /// What happens then, once.
    pub fault: Fault,
}

/// Moments that a trigger can wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// It receives the regular token of its ring, and will not handle it any more.
    HoldingToken,
    /// It has sent a join.
    Gathering,
    /// It receives a commit token, and will not handle it any more.
    Committing,
    /// It has asked its disk to store a ring sequence.
    Storing,
    /// It receives a token of a ring it has not installed, and will not handle it any more.
    Recovering,
    /// It was told of a regular configuration.
    Installing,
    /// It was told that the members have synchronized.
    Synchronizing,
    /// It has sent a frame on its new ring, whose members have not synchronized.
    Telling,
    /// It has asked its disk to put a text beside the one in use.
    Staging,
    /// It has that text on its disk and is about to say so.
    Accepting,
    /// It has asked its disk to put that text in the place of the one in use.
    Switching,
}

impl Moment {
    /// Moments in the life of a ring, by the names that scenarios use.
    pub const OF_RINGS: [(&'static str, Self); 7] = [
        ("holding-token", Self::HoldingToken),
        ("gathering", Self::Gathering),
        ("committing", Self::Committing),
        ("storing", Self::Storing),
        ("recovering", Self::Recovering),
        ("installing", Self::Installing),
        ("synchronizing", Self::Synchronizing),
    ];

    /// Moments in what members of a new ring tell each other, by their names.
    pub const OF_STATES: [(&'static str, Self); 1] = [("telling", Self::Telling)];

    /// Moments in a change of the configuration, by their names.
    pub const OF_VERSIONS: [(&'static str, Self); 3] = [
        ("staging", Self::Staging),
        ("accepting", Self::Accepting),
        ("switching", Self::Switching),
    ];
}

impl Fault {
    /// The name under which it is counted.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Crash { written: true, .. } => "crash",
            Self::Crash { written: false, .. } => "crash, last write lost",
            Self::Start { .. } => "start",
            Self::Pause { .. } => "pause",
            Self::Leave { .. } => "leave",
            Self::Kill { .. } => "kill",
            Self::Dirty { .. } => "state",
            Self::Cut { .. } => "one-way cut",
            Self::Mend { .. } => "one-way mend",
            Self::Split(_) => "partition",
            Self::Join => "merge",
            Self::Link { .. } => "bad link",
            Self::Weather(_) => "weather",
            Self::FalseHint { .. } => "false hint",
            Self::Retune { .. } => "other timers",
            Self::Key { step: KeyStep::Learn, .. } => "next key",
            Self::Key { step: KeyStep::Use, .. } => "change of key",
            Self::Key { step: KeyStep::Retire, .. } => "end of a key",
            Self::Reload { .. } => "other configuration",
            Self::Directory { .. } => "other directory",
            Self::Visit { .. } => "client comes or goes",
            Self::Flood { .. } => "flood",
            Self::Program { .. } => "program in a group",
            Self::When(_) => "trap",
        }
    }
}
