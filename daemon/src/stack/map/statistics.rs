//! The keys of the second map: counters of the ring, under the names by which Corosync's programs
//! know them where both count the same, and all of them under our own.
//!
//! Must never show a number under a name that means something else.

use std::time::Duration;

use totem::{Pace, Stats};

use super::Value;

/// All statistics.
pub(crate) fn keys(stats: &Stats, pace: &Pace) -> Vec<(String, Value)> {
    let known = ring(stats).into_iter();
    let known = known.map(|(name, value)| (format!("stats.srp.{name}"), Value::U64(value)));
    let own = counters(stats).into_iter().chain(gauges(pace));
    let own = own.map(|(name, value)| (format!("stats.clusterd.{name}"), Value::U64(value)));
    let milliseconds = u32::try_from(pace.rotation.as_millis()).unwrap_or(u32::MAX);
    let rotation = ("stats.srp.mtt_rx_token".to_owned(), Value::U32(milliseconds));
    known.chain(own).chain([rotation]).collect()
}

/// The counters that Corosync has too, by its names.
pub(crate) const fn ring(stats: &Stats) -> [(&'static str, u64); 21] {
    let Stats { sent, received, .. } = stats;
    [
        // Theirs counts the tokens that a node makes, not those it passes on.
        ("orf_token_tx", stats.tokens_made),
        ("orf_token_rx", stats.tokens),
        ("memb_merge_detect_tx", sent.beacons),
        ("memb_merge_detect_rx", received.beacons),
        ("memb_join_tx", sent.joins),
        ("memb_join_rx", received.joins),
        ("mcast_tx", stats.frames_sent),
        ("mcast_retx", stats.frames_resent),
        ("mcast_rx", stats.frames_received),
        ("memb_commit_token_tx", sent.commits),
        ("memb_commit_token_rx", received.commits),
        ("token_hold_cancel_tx", sent.hold_cancels),
        ("token_hold_cancel_rx", received.hold_cancels),
        ("operational_entered", stats.rings),
        ("operational_token_lost", stats.tokens_lost),
        ("gather_entered", stats.gathers),
        ("commit_entered", stats.commits),
        ("commit_token_lost", stats.commits_lost),
        ("recovery_entered", stats.recoveries),
        ("recovery_token_lost", stats.recoveries_lost),
        ("consensus_timeouts", stats.disagreements),
    ]
}

/// All counters of the ring, by our own names.
#[must_use]
pub fn counters(stats: &Stats) -> Vec<(&'static str, u64)> {
    let [sent, received] = [stats.sent, stats.received];
    vec![
        ("tokens", stats.tokens),
        ("tokens_made", stats.tokens_made),
        ("tokens_sent", sent.tokens),
        ("tokens_received", received.tokens),
        ("token_retransmits", stats.token_retransmits),
        ("tokens_dropped", stats.tokens_dropped),
        ("frames_sent", stats.frames_sent),
        ("frames_resent", stats.frames_resent),
        ("frames_received", stats.frames_received),
        ("frames_dropped", stats.frames_dropped),
        ("holes_requested", stats.holes_requested),
        ("messages_delivered", stats.messages_delivered),
        ("bytes_delivered", stats.bytes_delivered),
        ("packets_refused", stats.packets_refused),
        ("gathers", stats.gathers),
        ("tokens_lost", stats.tokens_lost),
        ("commits", stats.commits),
        ("commits_sent", sent.commits),
        ("commits_received", received.commits),
        ("commits_lost", stats.commits_lost),
        ("recoveries", stats.recoveries),
        ("recoveries_lost", stats.recoveries_lost),
        ("disagreements", stats.disagreements),
        ("rings", stats.rings),
        ("recovery_sent", stats.recovery_sent),
        ("joins_sent", sent.joins),
        ("joins_received", received.joins),
        ("beacons_sent", sent.beacons),
        ("beacons_received", received.beacons),
        ("hold_cancels_sent", sent.hold_cancels),
        ("hold_cancels_received", received.hold_cancels),
        ("probes_sent", stats.probes_sent),
        ("suspects_cleared", stats.suspects_cleared),
        ("pauses", stats.pauses),
    ]
}

/// The timers and limits in force, by our own names: each ends in its unit.
#[must_use]
pub fn gauges(pace: &Pace) -> [(&'static str, u64); 10] {
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let bytes = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let Pace { rotation, retransmit, token, consensus, hold, round, .. } = *pace;
    let Pace { window, per_turn, backlog, most_backlog, .. } = *pace;
    [
        ("rotation_nanos", nanos(rotation)),
        ("retransmit_nanos", nanos(retransmit)),
        ("token_nanos", nanos(token)),
        ("consensus_nanos", nanos(consensus)),
        ("hold_nanos", nanos(hold)),
        ("round_nanos", nanos(round)),
        ("window_frames", window.into()),
        ("per_turn_frames", per_turn.into()),
        ("backlog_bytes", bytes(backlog)),
        ("most_backlog_bytes", bytes(most_backlog)),
    ]
}
