//! What happened, one line per occurrence, a column per node: the first thing to read when a seed
//! fails.
//!
//! Must never cost anything when nobody reads it: a run that fails is simply run again, with its
//! trace on.

use totem::Instant;

/// How much is written down.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// Faults, configurations, deliveries, verdicts: the story.
    Story,
    /// Packets and timers too.
    Everything,
}

/// One occurrence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// When.
    pub at: Instant,
    /// At which node; `None` for the world.
    pub node: Option<usize>,
    /// What.
    pub text: String,
}

/// The lines so far.
#[derive(Clone, Debug)]
pub struct Trace {
    detail: Detail,
    labels: Vec<String>,
    lines: Vec<Line>,
    /// Lines that are certainly kept; older ones may be forgotten.
    pub keep: usize,
    /// Every line is printed at once.
    pub echo: bool,
}

impl Trace {
    /// A trace of nodes with these labels.
    #[must_use]
    pub const fn new(detail: Detail, labels: Vec<String>) -> Self {
        Self { detail, labels, lines: Vec::new(), keep: usize::MAX / 2, echo: false }
    }

    /// A line of the story.
    pub fn story(&mut self, at: Instant, node: Option<usize>, text: impl FnOnce() -> String) {
        if self.detail >= Detail::Story {
            self.push(Line { at, node, text: text() });
        }
    }

    /// A line for those who want everything.
    pub fn fine(&mut self, at: Instant, node: Option<usize>, text: impl FnOnce() -> String) {
        if self.detail >= Detail::Everything {
            self.push(Line { at, node, text: text() });
        }
    }

    fn push(&mut self, line: Line) {
        if self.echo {
            println!("{}", self.render(&line));
        }
        self.lines.push(line);
        if self.lines.len() > 2 * self.keep {
            self.lines.drain(..self.keep);
        }
    }

    /// All lines.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The last lines, rendered: microseconds, a column per node, the text.
    #[must_use]
    pub fn tail(&self, most: usize) -> Vec<String> {
        let from = self.lines.len().saturating_sub(most);
        self.lines[from..].iter().map(|line| self.render(line)).collect()
    }

    fn render(&self, line: &Line) -> String {
        let micros = line.at.as_nanos() / 1_000;
        let columns = columns(&self.labels, |index| line.node == Some(index));
        format!("{:>7}.{:03}ms {columns}  {}", micros / 1_000, micros % 1_000, line.text)
    }

    /// The story for a scenario file: milliseconds; equal texts at one millisecond share a line.
    #[must_use]
    pub fn scenario(&self) -> String {
        let mut rows: Vec<(u64, Vec<usize>, &str)> = Vec::new();
        for line in &self.lines {
            let at = line.at.as_nanos() / 1_000_000;
            let same = rows.iter_mut().rev().take_while(|(when, ..)| *when == at).find(
                |(_, nodes, text)| {
                    *text == line.text && line.node.is_some_and(|node| !nodes.contains(&node))
                },
            );
            match same {
                Some((_, nodes, _)) => nodes.extend(line.node),
                None => rows.push((at, line.node.into_iter().collect(), &line.text)),
            }
        }
        let render = |(at, nodes, text): &(u64, Vec<usize>, &str)| {
            let columns = columns(&self.labels, |index| nodes.contains(&index));
            format!("{at:>6}ms  {columns}  {text}\n")
        };
        rows.iter().map(render).collect()
    }
}

fn columns(labels: &[String], present: impl Fn(usize) -> bool) -> String {
    let cell = |(index, label): (usize, &String)| {
        if present(index) { label.clone() } else { " ".repeat(label.len()) }
    };
    labels.iter().enumerate().map(cell).collect::<Vec<_>>().join(" ")
}
