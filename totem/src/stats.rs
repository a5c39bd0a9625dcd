//! Plain counters of a ring, for operators and tests.
//!
//! Must never decide anything: nothing in the protocol reads them.

use core::time::Duration;

use crate::configuration::Cause;
use crate::wire::{Packet, Signal};

/// Packets of the kinds that keep a ring together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Regular tokens, without those sent again.
    pub tokens: u64,
    /// Commit tokens, without those sent again.
    pub commits: u64,
    /// Joins.
    pub joins: u64,
    /// Beacons.
    pub beacons: u64,
    /// Words that end the rest of an idle token.
    pub hold_cancels: u64,
}

impl Traffic {
    pub(crate) const fn count(&mut self, packet: &Packet) {
        match packet {
            Packet::Token(_) => self.tokens += 1,
            Packet::Commit(_) => self.commits += 1,
            Packet::Join(_) => self.joins += 1,
            Packet::Beacon(_) => self.beacons += 1,
            Packet::Signal(Signal::HoldCancel(_)) => self.hold_cancels += 1,
            // Frames are counted where it is known whether they are new.
            Packet::Frame(_)
            | Packet::Signal(Signal::CommitReceived(..) | Signal::Probe(_) | Signal::Answer(_)) => {
            }
        }
    }
}

/// The timers and limits that a ring goes by now, configured and derived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// How long the token takes for a round, smoothed.
    pub rotation: Duration,
    /// After this long without a sign of it, a token is sent again: the configured value, or what
    /// the rotations so far say, whichever is longer.
    pub retransmit: Duration,
    /// Longest silence that is not held against a member.
    pub token: Duration,
    /// Longest time for agreement when somebody is silent.
    pub consensus: Duration,
    /// How long the token of an idle ring rests.
    pub hold: Duration,
    /// Least time of a busy token's round, as this node would have it. Only the representative
    /// says: at others it is zero.
    pub round: Duration,
    /// Frames that all members together may send in one rotation.
    pub window: u32,
    /// Frames that one member may send in one turn.
    pub per_turn: u32,
    /// Bytes of messages that wait for this node's turns, all lanes.
    pub backlog: usize,
    /// Most bytes that may wait, per lane.
    pub most_backlog: usize,
}

/// What happened since the start. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Packets sent.
    pub sent: Traffic,
    /// Packets received and understood.
    pub received: Traffic,
    /// Turns taken with a regular token.
    pub tokens: u64,
    /// Tokens sent again because the successor showed no sign of having them.
    pub token_retransmits: u64,
    /// Tokens dropped as stale, repeated or of another ring.
    pub tokens_dropped: u64,
    /// Frames sent for the first time.
    pub frames_sent: u64,
    /// Frames sent again on request.
    pub frames_resent: u64,
    /// Frames received for the first time.
    pub frames_received: u64,
    /// Frames received again, or too old or too new to keep.
    pub frames_dropped: u64,
    /// Frames asked for on the token.
    pub holes_requested: u64,
    /// Messages delivered.
    pub messages_delivered: u64,
    /// Bytes of messages delivered.
    pub bytes_delivered: u64,
    /// Packets that could not be understood.
    pub packets_refused: u64,
    /// Times this node entered the gather phase.
    pub gathers: u64,
    /// Of these, because of a lost token.
    pub tokens_lost: u64,
    /// First tokens of a ring, made by this node as its representative.
    pub tokens_made: u64,
    /// Times this node agreed with others on a ring and waited for the commit token.
    pub commits: u64,
    /// Commit tokens that did not come back.
    pub commits_lost: u64,
    /// Times this node began to recover.
    pub recoveries: u64,
    /// Tokens lost in recovery.
    pub recoveries_lost: u64,
    /// Times no agreement was found in time, and this node went on alone.
    pub disagreements: u64,
    /// Rings installed.
    pub rings: u64,
    /// Frames of an old ring sent again in recovery.
    pub recovery_sent: u64,
    /// Probes sent to suspects.
    pub probes_sent: u64,
    /// Suspects that answered.
    pub suspects_cleared: u64,
    /// Times this node found that it had not been scheduled.
    pub pauses: u64,
}

impl Stats {
    pub(crate) const fn note(&mut self, cause: Cause) {
        match cause {
            Cause::TokenLost => self.tokens_lost += 1,
            Cause::CommitLost => self.commits_lost += 1,
            Cause::RecoveryLost => self.recoveries_lost += 1,
            Cause::Started
            | Cause::Departed(_)
            | Cause::Newcomer(_)
            | Cause::Joined(_)
            | Cause::Deaf(_) => {}
        }
    }
}
