//! How much one turn may send, so that nobody's buffers overflow and nobody is starved.
//!
//! Must never let the frames of one rotation exceed the window, and must never trust a number on
//! the token: it comes from a peer, so all arithmetic saturates. Pure arithmetic, no state but
//! what [`Contribution`] holds from one turn to the next.
//!
//! The rules are Totem's (TOCS §flow control), with Spread's two for retransmissions and for the
//! span. One departure: the paper lets a node send `window − fcc` although its own last turn is
//! still in `fcc`. That adds up the turns of one rotation and one turn more, so a lone sender with
//! a full window would send every other time. Here the own last turn is taken out first, and the
//! window is what it says: the most that all send together in one rotation.

use crate::config::Limits;

/// What the token says about the ring, in frames.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Load {
    /// Frames sent by all members in their last turns, retransmissions included (`fcc`).
    pub(crate) sent: u32,
    /// Frames that waited at all members when they took their last turns.
    pub(crate) backlog: u32,
}

/// What one member put into the [`Load`] at its last turn. Zero when a ring is installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Contribution {
    /// Frames it sent, retransmissions included (`my_trc`).
    pub(crate) sent: u32,
    /// Frames that waited there when the token came (`my_pbl`).
    pub(crate) backlog: u32,
}

impl Load {
    /// The load with one member's contribution of the last turn replaced by that of this turn.
    #[must_use]
    pub(crate) const fn replacing(self, before: Contribution, now: Contribution) -> Self {
        Self {
            sent: self.sent.saturating_sub(before.sent).saturating_add(now.sent),
            backlog: self.backlog.saturating_sub(before.backlog).saturating_add(now.backlog),
        }
    }
}

/// What one turn asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Demand {
    /// Frames that wait here now (`my_tbl`).
    pub(crate) queued: u32,
    /// Frames sent again in this turn, before anything new.
    pub(crate) retransmitted: u32,
    /// Frames that may still get a sequence number before the span of the window is used up.
    pub(crate) span_left: u32,
    /// The load on the token as it came.
    pub(crate) load: Load,
    /// What we put into it at our last turn.
    pub(crate) before: Contribution,
}

/// New frames that this turn may send.
#[must_use]
pub(crate) fn allowance(demand: &Demand, limits: &Limits) -> u32 {
    let others = demand.load.sent.saturating_sub(demand.before.sent);
    let free = limits.window.saturating_sub(others).saturating_sub(demand.retransmitted);
    // A queue too short for a whole frame of the window still moves, one frame at a time: shares
    // rounded down to nothing would keep it waiting for as long as the others are busy.
    let share = fair_share(demand, limits.window).max(1);
    demand.queued.min(limits.per_turn).min(free).min(demand.span_left).min(share)
}

/// The part of the window that our queue has in all queues. The sum of the shares of all members
/// is at most the window.
fn fair_share(demand: &Demand, window: u32) -> u32 {
    let others = demand.load.backlog.saturating_sub(demand.before.backlog);
    let all = u64::from(others) + u64::from(demand.queued);
    let share = (u64::from(window) * u64::from(demand.queued)).checked_div(all).unwrap_or(0);
    u32::try_from(share).expect("not more than the window, since all includes our own queue")
}

#[cfg(test)]
mod tests;
