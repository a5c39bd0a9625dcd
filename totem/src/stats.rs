//! Plain counters of a ring, for operators and tests.
//!
//! Must never decide anything: nothing in the protocol reads them.

/// What happened since the start. Counters only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
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
    /// Rings installed.
    pub rings: u64,
    /// Frames of an old ring sent again in recovery.
    pub recovery_sent: u64,
    /// Joins sent.
    pub joins_sent: u64,
    /// Probes sent to suspects.
    pub probes_sent: u64,
    /// Suspects that answered.
    pub suspects_cleared: u64,
    /// Times this node found that it had not been scheduled.
    pub pauses: u64,
    /// Smoothed rotation time of the token, nanoseconds.
    pub rotation_nanos: u64,
}
