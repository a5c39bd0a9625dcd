//! Runs the simulator over many seeds, or one of them with everything shown.
//!
//! Must never hide a violation: the exit status says whether there was one.

use core::time::Duration;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tests::campaign::{Campaign, Outcome, name_seeds_in_panics, run, run_all};
use tests::figures::hundredths;
use tests::plan::draw::draw;
use tests::trace::Detail;
use tests::violation::replay;

/// Runs random worlds and judges everything that happens in them.
#[derive(Debug, Parser)]
struct Options {
    /// How many seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// On how many threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Stop after so many violations
    #[arg(long, default_value_t = 3)]
    violations: usize,
    /// Run this seed only
    #[arg(long)]
    seed: Option<u64>,
    /// With --seed: show every packet and timer
    #[arg(long)]
    trace: bool,
    /// Write the figures there, as JSON
    #[arg(long)]
    json: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    name_seeds_in_panics();
    match options.seed {
        Some(seed) => one(seed, options.trace),
        None => many(&options),
    }
}

fn one(seed: u64, everything: bool) -> ExitCode {
    let plan = draw(seed);
    if everything {
        println!("{plan:#?}");
    }
    let detail = if everything { Detail::Everything } else { Detail::Story };
    let (figures, result) = run(plan, detail, true);
    print!("{}", figures.table());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(mut violation) => {
            violation.tail.clear();
            println!("{violation}");
            ExitCode::FAILURE
        }
    }
}

fn many(options: &Options) -> ExitCode {
    let campaign = Campaign {
        from: options.from,
        seeds: options.seeds,
        threads: options.threads,
        most_violations: options.violations,
    };
    let start = Instant::now();
    let outcome = run_all(campaign, |seeds, _| {
        if seeds % 1_000 == 0 {
            eprintln!("{seeds} seeds in {:?}", start.elapsed());
        }
    });
    report(options, &outcome, start.elapsed())
}

fn report(options: &Options, outcome: &Outcome, wall: Duration) -> ExitCode {
    for violation in &outcome.violations {
        println!("{violation}\n");
    }
    let nanos = u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX);
    let seconds = hundredths(nanos, 1_000_000_000);
    print!("{}", outcome.figures.table());
    println!("{:<28}{seconds:>18}", "wall time, s");
    println!("{:<28}{:>18}", "violations", outcome.violations.len());
    let seeds: Vec<String> = outcome.violations.iter().map(|v| v.seed.to_string()).collect();
    let json = format!(
        "{{\"from\": {}, {}, \"wall_seconds\": {seconds}, \"violations\": [{}]}}\n",
        options.from,
        outcome.figures.json(),
        seeds.join(", ")
    );
    match &options.json {
        None => print!("{json}"),
        Some(path) => {
            if let Err(error) = std::fs::write(path, json) {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    for violation in &outcome.violations {
        println!("{}", replay(violation.seed));
    }
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
