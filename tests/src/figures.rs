//! What a run did, counted: a campaign that found nothing must show how hard it looked.
//!
//! Must never influence a run.

use std::collections::BTreeMap;

/// Counts of one run, or of many.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Figures {
    /// Runs.
    pub seeds: u64,
    /// Simulated time, nanoseconds.
    pub nanos: u64,
    /// Happenings that were handled.
    pub happenings: u64,
    /// Configurations delivered, transitional and regular ones, at all nodes.
    pub configurations: u64,
    /// Regular ones of these.
    pub memberships: u64,
    /// Messages delivered, at all nodes.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Longest time from healing to convergence, nanoseconds.
    pub slowest: u64,
    /// The seed that took it.
    pub slowest_seed: u64,
    /// Faults injected, by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Figures {
    /// Counts one fault.
    pub fn count(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }

    /// Adds the figures of other runs.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.nanos += other.nanos;
        self.happenings += other.happenings;
        self.configurations += other.configurations;
        self.memberships += other.memberships;
        self.messages += other.messages;
        self.bytes += other.bytes;
        if other.slowest > self.slowest {
            self.slowest = other.slowest;
            self.slowest_seed = other.slowest_seed;
        }
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }

    /// Simulated hours: of worlds, not of nodes.
    #[must_use]
    pub fn hours(&self) -> String {
        hundredths(self.nanos, 3_600_000_000_000)
    }

    /// The figures as lines for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut rows = vec![
            ("seeds", self.seeds.to_string()),
            ("simulated hours", self.hours()),
            ("happenings", self.happenings.to_string()),
            ("configurations delivered", self.configurations.to_string()),
            ("regular ones of these", self.memberships.to_string()),
            ("messages delivered", self.messages.to_string()),
            ("bytes delivered", self.bytes.to_string()),
            ("slowest convergence, ms", (self.slowest / 1_000_000).to_string()),
            ("in seed", self.slowest_seed.to_string()),
        ];
        rows.extend(self.faults.iter().map(|(kind, count)| (*kind, count.to_string())));
        rows.iter().map(|(name, value)| format!("{name:<28}{value:>18}\n")).collect()
    }

    /// The figures as members of a JSON object, without its braces.
    #[must_use]
    pub fn json(&self) -> String {
        let faults: Vec<String> =
            self.faults.iter().map(|(kind, count)| format!("\"{kind}\": {count}")).collect();
        format!(
            "\"seeds\": {}, \"simulated_hours\": {}, \"happenings\": {}, \"configurations\": {}, \
             \"memberships\": {}, \"messages\": {}, \"bytes\": {}, \
             \"slowest_convergence_ms\": {}, \"slowest_seed\": {}, \"faults\": {{{}}}",
            self.seeds,
            self.hours(),
            self.happenings,
            self.configurations,
            self.memberships,
            self.messages,
            self.bytes,
            self.slowest / 1_000_000,
            self.slowest_seed,
            faults.join(", ")
        )
    }
}

/// A quotient with two decimals.
#[must_use]
pub fn hundredths(value: u64, unit: u64) -> String {
    let scaled = u128::from(value) * 100 / u128::from(unit.max(1));
    format!("{}.{:02}", scaled / 100, scaled % 100)
}
