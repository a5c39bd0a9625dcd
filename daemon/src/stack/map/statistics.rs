//! The keys of the second map: counters of the ring, under the names by which Corosync's programs
//! know them where both count the same, and all of them under our own.
//!
//! Must never show a number under a name that means something else.

use totem::Stats;

use super::Value;

/// All statistics.
pub(crate) fn keys(stats: &Stats) -> Vec<(String, Value)> {
    let known = ring(stats).into_iter();
    let known = known.map(|(name, value)| (format!("stats.srp.{name}"), Value::U64(value)));
    let own = counters(stats).into_iter();
    let own = own.map(|(name, value)| (format!("stats.clusterd.{name}"), Value::U64(value)));
    let milliseconds = u32::try_from(stats.rotation_nanos / 1_000_000).unwrap_or(u32::MAX);
    let rotation = ("stats.srp.mtt_rx_token".to_owned(), Value::U32(milliseconds));
    known.chain(own).chain([rotation]).collect()
}

/// The counters that Corosync has too, by its names.
pub(crate) const fn ring(stats: &Stats) -> [(&'static str, u64); 8] {
    [
        ("orf_token_rx", stats.tokens),
        ("memb_join_tx", stats.joins_sent),
        ("mcast_tx", stats.frames_sent),
        ("mcast_retx", stats.frames_resent),
        ("mcast_rx", stats.frames_received),
        ("operational_entered", stats.rings),
        ("operational_token_lost", stats.tokens_lost),
        ("gather_entered", stats.gathers),
    ]
}

/// All counters of the ring, by our own names.
#[must_use]
pub const fn counters(stats: &Stats) -> [(&'static str, u64); 20] {
    let Stats {
        tokens,
        token_retransmits,
        tokens_dropped,
        frames_sent,
        frames_resent,
        frames_received,
        frames_dropped,
        holes_requested,
        messages_delivered,
        bytes_delivered,
        packets_refused,
        gathers,
        tokens_lost,
        rings,
        recovery_sent,
        joins_sent,
        probes_sent,
        suspects_cleared,
        pauses,
        rotation_nanos,
    } = *stats;
    [
        ("tokens", tokens),
        ("token_retransmits", token_retransmits),
        ("tokens_dropped", tokens_dropped),
        ("frames_sent", frames_sent),
        ("frames_resent", frames_resent),
        ("frames_received", frames_received),
        ("frames_dropped", frames_dropped),
        ("holes_requested", holes_requested),
        ("messages_delivered", messages_delivered),
        ("bytes_delivered", bytes_delivered),
        ("packets_refused", packets_refused),
        ("gathers", gathers),
        ("tokens_lost", tokens_lost),
        ("rings", rings),
        ("recovery_sent", recovery_sent),
        ("joins_sent", joins_sent),
        ("probes_sent", probes_sent),
        ("suspects_cleared", suspects_cleared),
        ("pauses", pauses),
        ("rotation_nanos", rotation_nanos),
    ]
}
