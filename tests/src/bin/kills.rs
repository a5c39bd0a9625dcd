//! Kills real daemons in the midst of changes of the configuration, again and again.
//!
//! Must never be content with daemons that live: the exit status says whether all went by one
//! version after every round, and whether a file was ever a part of one.

use std::process::ExitCode;

use clap::Parser;
use tests::bench::site;
use tests::kills::{self, Outcome};

/// Kills daemons of three hosts while they change their configuration.
#[derive(Debug, Parser)]
struct Options {
    /// How many rounds
    #[arg(long, default_value_t = 200)]
    rounds: u64,
    /// Who dies when
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Options { rounds, seed } = Options::parse();
    let done = site::enter().and_then(|()| kills::run(rounds, seed, |line| println!("{line}")));
    match done {
        Ok(outcome) => {
            print!("{}", table(&outcome));
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("kills: {why}");
            ExitCode::FAILURE
        }
    }
}

fn table(outcome: &Outcome) -> String {
    let Outcome { rounds, kills, new, old, told, remedies, ref times, whole, parts } = *outcome;
    let mut sorted = times.clone();
    sorted.sort();
    let at = |place: usize| sorted.get(place).map_or(0, std::time::Duration::as_millis);
    let (middle, last) = (at(sorted.len() / 2), at(sorted.len().saturating_sub(1)));
    format!(
        "rounds                                {rounds:>8}\n\
         daemons killed                        {kills:>8}\n\
         rounds that ended with the new file   {new:>8}\n\
         rounds that ended with the old file   {old:>8}\n\
         changes that the tool was told of     {told:>8}\n\
         changes made for those left ahead     {remedies:>8}\n\
         files in use after deaths, all whole  {whole:>8}\n\
         next files that were a part           {parts:>8}\n\
         back to one version, ms: median {middle}, longest {last}\n"
    )
}
