//! `clusterd directory`: asks a directory server for the configuration and prints it as a
//! cluster.conf.
//!
//! A program of its own, run by the daemon as a child: whatever a broken or hostile server sends,
//! and however long it takes, the worst it can do is end a process that nobody else depends on.
//! Must never print half of a configuration; says in one line per problem what was wrong and with
//! which server, and ends with a status other than zero: [`UNUSABLE`] where asking again is no use,
//! [`WRONG`] where another server would not help. Of several servers each is asked by a program of
//! its own. With `--known` it waits until a server tells of another version than that, and prints
//! nothing that matters.

mod fetch;
mod servers;
pub mod source;
mod tls;
mod wait;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use rustix::process::Signal;
use thiserror::Error;

use self::source::{Asked, SourceError};

/// The first word of the command line that asks for this.
pub const WORD: &str = "directory";

/// The status with which it ends when what it was told makes no sense, as for wrong options.
pub const UNUSABLE: u8 = 2;

/// The status with which it ends when a directory has something that is no configuration.
pub const WRONG: u8 = 3;

/// Most memory that this program may ask for, bytes. The largest answer takes a fraction.
const MEMORY: u64 = 512 << 20;

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// What to ask, and whom, is not said or makes no sense.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The certificates by which servers are judged cannot be read.
    #[error("{0}")]
    Certificates(String),
    /// No server gave an answer; what each did, one per line.
    #[error("{}", .0.join("\n"))]
    Servers(Vec<String>),
    /// The answer is no configuration; why, one problem per line.
    #[error("{}", .0.join("\n"))]
    Content(Vec<String>),
    /// No server tells of changes; what each said, one per line.
    #[error("{}", .0.join("\n"))]
    Mute(Vec<String>),
    /// Not a server's fault.
    #[error("cannot {0}: {1}")]
    System(&'static str, std::io::Error),
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    confine();
    let words = std::env::args_os().enumerate().filter(|(index, _)| *index != 1);
    let asked = Asked::parse_from(words.map(|(_, word)| word));
    let mut err = std::io::stderr().lock();
    match answer(&asked).and_then(|text| {
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| DirectoryError::System("print the configuration", error))
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when even this cannot be written.
            let _ = error.to_string().lines().try_for_each(|line| writeln!(err, "{line}"));
            ExitCode::from(error.status())
        }
    }
}

/// What this program prints: one server is asked by itself, each of several by another like it.
///
/// # Errors
/// Why there is nothing.
pub fn answer(asked: &Asked) -> Result<String, DirectoryError> {
    let source = asked.source()?;
    if let Some(known) = asked.known {
        let told = run(wait::wait(&source, known));
        return told.map(|()| format!("another version than {known}\n"));
    }
    if source.urls.len() > 1 { servers::ask(&own_program(), &source) } else { text(asked) }
}

/// The very program that is running, even when its file was replaced meanwhile.
pub(crate) fn own_program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// Whatever a server sends, this program is what ends by it. None of these is ever refused.
fn confine() {
    // Whoever asked and is gone wants no answer.
    let _ = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    // Where memory runs short the node that asked must be spared, which it passes on to its child.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    let (_, most) = getrlimit(Resource::RLIMIT_AS).unwrap_or((MEMORY, MEMORY));
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY.min(most), most);
}

impl DirectoryError {
    const fn status(&self) -> u8 {
        match self {
            Self::Source(_) | Self::Certificates(_) | Self::Mute(_) => UNUSABLE,
            Self::Content(_) => WRONG,
            Self::Servers(_) | Self::System(..) => 1,
        }
    }
}

/// The configuration that the directory holds, as text.
///
/// # Errors
/// Why there is none.
pub fn text(asked: &Asked) -> Result<String, DirectoryError> {
    let source = asked.source()?;
    run(fetch::fetch(&source))
}

/// Does what takes time, alone.
fn run<T>(work: impl Future<Output = Result<T, DirectoryError>>) -> Result<T, DirectoryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DirectoryError::System("start a runtime", error))?;
    runtime.block_on(work)
}
