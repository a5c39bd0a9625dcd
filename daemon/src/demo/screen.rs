//! What the demonstration prints: one line for every view that all its members share.
//!
//! Must never print more than a newcomer reads, and never go on when nobody reads: an output that
//! is closed is an error like any other.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::board::View;

/// Where the demonstration is told.
pub(super) struct Screen<'a> {
    out: &'a mut dyn Write,
    begin: Instant,
    nodes: usize,
}

impl<'a> Screen<'a> {
    /// A table with a column for each of `nodes` nodes, and times since `begin`.
    pub(super) fn new(out: &'a mut dyn Write, begin: Instant, nodes: usize) -> Self {
        Self { out, begin, nodes }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }

    /// The head of the table.
    pub(super) fn head(&mut self) -> io::Result<()> {
        let ids: String = (1..=self.nodes).map(|id| format!("{id:>3}")).collect();
        self.line(&format!("      time   ring  {ids}   votes       quorate"))
    }

    /// A row of the table: M is a member, as `cman_tool nodes` has it.
    pub(super) fn row(&mut self, view: &View) -> io::Result<()> {
        let member = |id| u32::try_from(id).is_ok_and(|id| view.members.contains(&id));
        let nodes: String =
            (1..=self.nodes).map(|id| if member(id) { "  M" } else { "  ." }).collect();
        let since = seconds(view.at.saturating_duration_since(self.begin));
        let votes = format!("{} of {}", view.present, view.expected);
        let quorate =
            if view.quorate { "yes".to_owned() } else { format!("no, needs {}", view.needed) };
        self.line(&format!("{since:>10} {:>6}  {nodes}   {votes:<10}  {quorate}", view.ring))
    }
}

/// A moment on the scale of a whole demonstration.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// A short time in a unit that suits it.
pub(super) fn short(time: Duration) -> String {
    match time.as_millis() {
        0..10 => format!("{:.1} ms", time.as_secs_f64() * 1000.0),
        millis @ 10..1000 => format!("{millis} ms"),
        _ => format!("{:.2} s", time.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests;
