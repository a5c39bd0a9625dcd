//! `corosync-objctl`: the objects of this node's daemon, for people and scripts.
//!
//! Must never write what it does not understand: a line of a file that is no `path=value` is named,
//! and nothing of the file is written then. What it changes of the configuration all nodes go by,
//! or none, before it ends.
//!
//! With `--json` a listing is one object on one line: `objects`, a list of `path` (with `[n]` where
//! there are several), `object` (its number) and `keys`; `keys`, a list of `path` and `value`.
//! Tracking prints one object for each event. A change prints `done`, with `config_version`,
//! `warnings` and `unwritten` where the configuration was changed; a failure `error`.
//!
//! | exit status | when |
//! |---|---|
//! | 0 | done, or a path names nothing |
//! | 1 | refused, impossible, or wrongly asked |

mod change;
mod file;
mod list;
mod track;

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use client::{Connection, Error, Reloaded};
use serde_json::json;

pub use crate::cman::Environment;
use crate::getopt::{Found, Grammar, Scanner, Takes};

const NAME: &str = "corosync-objctl";

const GRAMMAR: Grammar = Grammar {
    letters: "hacdtwnvbp:",
    names: &[("json", Takes::Nothing), ("socket", Takes::Value), ("run-dir", Takes::Value)],
};

/// What the original says when its daemon does not answer, with the number of that error.
const NO_DAEMON: &str = "Failed to initialize the objdb API. Error 6";

const NO_PATH: &str = "Expected an object path after options";

const USAGE: &str = "\
Usage: corosync-objctl [-a] [-b] [PATH...]
       corosync-objctl -c|-d|-n|-t|-w PATH...
       corosync-objctl -p FILE

A path is A.B.C; of several objects of one name it means all, or with [2] the
second. Without a path everything is listed but internal_configuration.

  -a           list that, too
  -b           show the bytes of values that are no text
  -c A.B       create objects as far as they are not there
  -n A.B.k=v   create a new object B in A, with a key
  -w A.B.k=v   give a key a value, and create it if it is not there
  -d A.B[.k]   delete an object and all it holds, or a key
  -t A.B       show changes of an object and all it holds, until q or the end
               of the input
  -p FILE      write the lines k=v of a file; # begins a remark
  -v           accepted, without effect
  --json       print JSON
  --socket S   where the daemon listens
  --run-dir D  directory of the daemon's socket
  -h           show this

What is changed of the configuration (cluster, totem, logging, uidgid) becomes
one new version of it, with all paths of the command, that all nodes go by, or
none; their files are written. The state (runtime) cannot be written.
";

/// What goes wrong, in the words for stderr.
#[derive(Debug)]
struct Failure(String);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NotRunning(socket) => {
                Self(format!("{NO_DAEMON} (no daemon answers on {})", socket.display()))
            }
            Error::PermissionDenied(_)
            | Error::Lost
            | Error::TimedOut
            | Error::Refused { .. }
            | Error::Protocol(_)
            | Error::Frame(_)
            | Error::Overrun(_)
            | Error::System(_) => Self(format!("{NAME}: {error}")),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(format!("{NAME}: {error}"))
    }
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Action {
    #[default]
    List,
    Create,
    New,
    Write,
    Delete,
    Track,
}

/// What was asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Options {
    action: Action,
    all: bool,
    binary: bool,
    json: bool,
    file: Option<PathBuf>,
    socket: Option<PathBuf>,
    paths: Vec<String>,
}

/// What the words come to.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Parsed {
    Usage,
    Run(Options),
}

/// Runs the command and returns its exit status; `input` ends tracking.
pub fn run(
    arguments: &[String],
    environment: &Environment,
    input: BorrowedFd<'_>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let json = arguments.iter().any(|word| word == "--json");
    let done = execute(arguments, environment, input, (out, err));
    let Err(Failure(text)) = done else { return 0 };
    // Nobody is left to tell when this cannot be written.
    let _ = writeln!(err, "{text}");
    if json {
        let _ = writeln!(out, "{}", json!({ "error": text }));
    }
    1
}

fn execute(
    arguments: &[String],
    environment: &Environment,
    input: BorrowedFd<'_>,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<(), Failure> {
    let options = match parse(arguments)? {
        Parsed::Usage => return Ok(out.write_all(USAGE.as_bytes())?),
        Parsed::Run(options) => options,
    };
    let lines = options.file.as_deref().map(file::read).transpose()?;
    let socket = options.socket.clone().unwrap_or_else(|| environment.socket());
    let mut daemon = Connection::open(&socket, NAME)?;
    if let Some(lines) = lines {
        let reloaded = change::put(&mut daemon, &lines)?;
        return done(&options, reloaded, (out, err));
    }
    match options.action {
        Action::List => list::run(&options, &mut daemon, out),
        Action::Track => track::run(&options, &mut daemon, input, out),
        Action::Create | Action::New | Action::Write | Action::Delete => {
            let reloaded = change::run(options.action, &mut daemon, &options.paths)?;
            done(&options, reloaded, (out, err))
        }
    }
}

fn done(
    options: &Options,
    reloaded: Option<Reloaded>,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<(), Failure> {
    let mut told = json!({ "done": true });
    if let Some(Reloaded { version, warnings, unwritten, difference: _ }) = reloaded {
        if let Some(why) = &unwritten {
            let what = format!("version {version} is in force, its file is not written yet: {why}");
            writeln!(err, "{NAME}: {what}")?;
        }
        warnings.iter().try_for_each(|warning| writeln!(err, "{warning}"))?;
        told["config_version"] = json!(version);
        told["warnings"] = json!(warnings);
        told["unwritten"] = json!(unwritten);
    }
    if options.json {
        writeln!(out, "{told}")?;
    }
    Ok(())
}

fn parse(arguments: &[String]) -> Result<Parsed, Failure> {
    let mut scanner = Scanner::new(GRAMMAR, arguments);
    let mut options = Options::default();
    let mut wrong = None;
    loop {
        match scanner.next() {
            Ok(None) => break,
            Ok(Some(Found::Short('h', _))) => return Ok(Parsed::Usage),
            Ok(Some(option)) => take(option, &mut options),
            Err(why) => wrong = wrong.or(Some(format!("{NAME}: {why}"))),
        }
    }
    options.paths = scanner.operands().into_iter().map(str::to_owned).collect();
    // The original complains of an option and goes on.
    let plain = arguments.iter().all(|word| word.starts_with("--"));
    let lists_all = options.action == Action::List && (options.all || plain);
    let nothing = options.paths.is_empty() && options.file.is_none() && !lists_all;
    match (wrong, nothing) {
        (Some(wrong), true) => Err(Failure(format!("{wrong}\n{NO_PATH}"))),
        (Some(wrong), false) => Err(Failure(wrong)),
        (None, true) => Err(Failure(NO_PATH.to_owned())),
        (None, false) => Ok(Parsed::Run(options)),
    }
}

fn take(option: Found, options: &mut Options) {
    match option {
        Found::Short('a', _) => options.all = true,
        Found::Short('b', _) => options.binary = true,
        Found::Short('c', _) => options.action = Action::Create,
        Found::Short('n', _) => options.action = Action::New,
        Found::Short('w', _) => options.action = Action::Write,
        Found::Short('d', _) => options.action = Action::Delete,
        Found::Short('t', _) => options.action = Action::Track,
        Found::Short('p', file) => options.file = file.map(PathBuf::from),
        Found::Long("json", _) => options.json = true,
        Found::Long("socket", socket) => options.socket = socket.map(PathBuf::from),
        Found::Long("run-dir", dir) => {
            options.socket = dir.map(|dir| PathBuf::from(dir).join(crate::cman::SOCKET));
        }
        // Said for the sake of old scripts.
        Found::Short(..) | Found::Long(..) => {}
    }
}

#[cfg(test)]
mod tests;
