//! What two runs of the same commands cannot have in common is made the same.
//!
//! Must never touch anything else: what remains is compared byte for byte. Four things differ:
//!
//! | what | becomes |
//! |---|---|
//! | a moment, `2026-11-20 10:34:42` | `0000-00-00 00:00:00` |
//! | the number after `Cluster Generation: ` | `#` |
//! | an incarnation in the table of nodes, unless 0 | `#`, in the same column |
//! | how long a command took, `(exit 0, 2.1s)` | `(exit 0)` |
//!
//! Numbers of rings differ because rings are numbered from the first start of the hosts; zero
//! means "never seen" and is kept.

/// The same text without what differs between runs.
#[must_use]
pub fn normal(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", normal_line(line))).collect()
}

fn normal_line(line: &str) -> String {
    if let Some(exit) = line.strip_prefix("(exit ") {
        let code = exit.split([',', ')']).next().unwrap_or_default();
        return format!("(exit {code})");
    }
    let generation = "Cluster Generation: ";
    if let Some((before, after)) = line.split_once(generation) {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        return format!("{before}{generation}#{rest}");
    }
    moments(&incarnation(line))
}

/// The columns of a row: id 0..4, status 7, incarnation 10..15.
fn incarnation(line: &str) -> String {
    let column = |range: core::ops::Range<usize>| line.get(range).unwrap_or_default();
    let is_number = |text: &str| text.trim_start().parse::<u64>().is_ok();
    let is_row = is_number(column(0..4))
        && column(4..7) == "   "
        && column(7..8).chars().all(|status| "MXJd?".contains(status))
        && column(8..10) == "  "
        && is_number(column(10..15));
    let number = column(10..15);
    if !is_row || number.trim_start() == "0" {
        return line.to_owned();
    }
    format!("{}{:>5}{}", column(0..10), "#", column(15..line.len()))
}

fn moments(line: &str) -> String {
    const SHAPE: &str = "0000-00-00 00:00:00";
    let fits = |text: &str| {
        text.len() == SHAPE.len()
            && text.bytes().zip(SHAPE.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
    };
    let mut line = line.to_owned();
    for at in 0..line.len() {
        let range = at..at + SHAPE.len();
        if line.get(range.clone()).is_some_and(fits) {
            line.replace_range(range, SHAPE);
        }
    }
    line
}

#[cfg(test)]
mod tests;
