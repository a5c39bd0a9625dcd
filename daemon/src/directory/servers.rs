//! Several servers, one after the other, each asked by a program of its own.
//!
//! Must never let one of them keep the next from being asked: what a server sends ends at most the
//! program that asks it, and its time is its share of what is left. Must never ask on when one has
//! answered, and what it has is no configuration.

use std::path::Path;
use std::time::Instant;

use super::DirectoryError;
use super::source::Source;
use crate::shell::directory::child::{Child, Unanswered};

/// Longest that one server is talked to, in steps.
const STEPS: u32 = 12;

/// What the first server has that answers; `program` asks one.
pub(super) fn ask(program: &Path, source: &Source) -> Result<String, DirectoryError> {
    let longest = source.patience * STEPS;
    let end = source.within.map(|within| Instant::now() + within);
    let mut failures = Vec::new();
    for (place, url) in source.urls.iter().enumerate() {
        let servers = u32::try_from(source.urls.len() - place).unwrap_or(u32::MAX);
        let share = end.map(|end| end.saturating_duration_since(Instant::now()) / servers);
        let patience = share.map_or(longest, |share| share.min(longest));
        match Child::new(program.to_owned(), patience).for_server(url).run() {
            Ok(text) => {
                let broken = |_| DirectoryError::Content(vec![format!("{url}: no text")]);
                return String::from_utf8(text).map_err(broken);
            }
            Err(Unanswered::Unusable(why)) => return Err(DirectoryError::Certificates(why)),
            Err(Unanswered::Wrong(why)) => {
                let lines = why.lines().map(str::to_owned).collect();
                return Err(DirectoryError::Content(lines));
            }
            Err(Unanswered::No(why)) if why.starts_with(url) => failures.push(why),
            Err(Unanswered::No(why)) => failures.push(format!("{url}: {why}")),
        }
    }
    Err(DirectoryError::Servers(failures))
}

#[cfg(test)]
mod tests;
