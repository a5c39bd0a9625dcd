//! How a failed run is told: which property, who, when, what came before, and how to see it again.
//!
//! Must never leave out the one command that replays the run.

use core::fmt;

use totem::Instant;

/// A run that broke a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The property, by name.
    pub property: &'static str,
    /// The seed of the run.
    pub seed: u64,
    /// When, in the world's time.
    pub at: Instant,
    /// The nodes involved, by label.
    pub nodes: Vec<String>,
    /// The messages involved: index of the sender, its count.
    pub messages: Vec<String>,
    /// What is wrong.
    pub detail: String,
    /// The last lines of the trace.
    pub tail: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.tail {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "violated: {}", self.property)?;
        writeln!(f, "    seed  {}, at {}", self.seed, self.at)?;
        writeln!(f, "    nodes {}", self.nodes.join(" "))?;
        if !self.messages.is_empty() {
            writeln!(f, "    messages {}", self.messages.join(" "))?;
        }
        writeln!(f, "    {}", self.detail)?;
        write!(f, "    again: {}", replay(self.seed))
    }
}

/// The command that runs this seed again and shows everything.
#[must_use]
pub fn replay(seed: u64) -> String {
    format!("cargo run --release -p tests --bin campaign -- --seed {seed} --trace")
}
