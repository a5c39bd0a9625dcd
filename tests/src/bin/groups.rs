//! `groups rounds` kills programs in process groups at any instruction, and counts what is left of
//! them; `groups churn` is such a program.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::bench::site;
use tests::groups;

/// Programs in process groups that are killed
#[derive(Debug, Parser)]
enum Options {
    /// Kill programs and count what is left; needs root
    Rounds {
        /// How many times
        #[arg(long, default_value_t = 1000)]
        rounds: u64,
        /// Who dies when
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Join, say things and leave, until killed
    Churn {
        /// Socket of the daemon
        socket: PathBuf,
        /// What it does
        seed: u64,
    },
}

fn main() -> ExitCode {
    let done = match Options::parse() {
        Options::Churn { socket, seed } => {
            groups::churn(&socket, seed).map_err(|why| why.to_string())
        }
        Options::Rounds { rounds, seed } => rounds_of(rounds, seed),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("groups: {why}");
            ExitCode::FAILURE
        }
    }
}

fn rounds_of(rounds: u64, seed: u64) -> Result<(), String> {
    site::enter()?;
    let own = std::env::current_exe().map_err(|why| why.to_string())?;
    let outcome = groups::run(&own, (rounds, seed), |line| println!("{line}"))?;
    println!("{outcome:#?}");
    Ok(())
}
