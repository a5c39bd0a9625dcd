//! `ccs_tool`: makes and changes a cluster.conf, and asks it.
//!
//! Must never need a daemon, and never lose what it does not change: comments and layout stay, and
//! what is on disk is at every moment the file before or the file after. What the original let pass
//! passes here, with a warning for each error that a change brings about. `--json` prints one
//! object on one line:
//!
//! | command | object |
//! |---|---|
//! | `lsnode` | `cluster`, `config_version`, `multicast`, `nodes` (`name`, `votes`, `nodeid`, `altname`, `fence`) |
//! | `lsfence` | `fence_devices` (`name`, `agent`, `properties`) |
//! | `query` | `answers`, a list |
//! | those that change the file | `file`, `config_version` |
//! | any that fails | `error` |
//!
//! | exit status | when |
//! |---|---|
//! | 0 | done, or help was printed, also for want of sense in what was typed |
//! | 1 | refused, or impossible |
//! | 255 | `query` has no answer |

mod change;
mod create;
mod list;
mod options;
mod query;
mod skeleton;
mod store;
mod usage;

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::{Value, json};

use self::options::{Options, Word};
pub use crate::source::Environment;

const NAME: &str = "ccs_tool";

/// How a command fails: all that stands on stderr, and the exit status.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    text: String,
    code: u8,
}

impl Failure {
    /// One line after the tool's name, and an empty one, as ever.
    fn die(why: impl std::fmt::Display) -> Self {
        Self { text: format!("{NAME}: {why}\n\n"), code: 1 }
    }

    /// One line after the tool's name.
    fn line(why: impl std::fmt::Display) -> Self {
        Self { text: format!("{NAME}: {why}\n"), code: 1 }
    }

    /// What was typed makes no sense: what would, and success, as ever.
    fn usage(why: impl std::fmt::Display, word: Word) -> Self {
        Self { text: format!("{NAME}: {why}\n{}", word.usage()), code: 0 }
    }

    /// A configuration that cannot be taken apart.
    fn unparsable(lines: &[String]) -> Self {
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let end = "Error: unable to parse requested configuration file";
        Self { text: format!("{lines}{NAME}: {end}\n\n"), code: 1 }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::line(format_args!("cannot write: {error}"))
    }
}

/// Where a command works, and what it says.
struct Context<'a> {
    environment: &'a Environment,
    options: &'a Options,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl Context<'_> {
    /// The configuration that is meant.
    fn file(&self) -> PathBuf {
        let given = self.options.value('c').map(PathBuf::from);
        given.unwrap_or_else(|| self.environment.file().to_owned())
    }

    fn print_json(&mut self, value: &Value) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{value}")?)
    }

    fn warn(&mut self, text: &str) {
        // Nobody is left to tell when this cannot be written.
        let _ = write!(self.err, "{text}");
    }
}

/// Runs one command and returns its exit status.
pub fn run(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let json = arguments.iter().any(|word| word == "--json");
    let Err(failure) = execute(arguments, environment, out, err) else { return 0 };
    let _ = write!(err, "{}", failure.text);
    if json {
        let _ = writeln!(out, "{}", json!({ "error": failure.text.trim_end() }));
    }
    failure.code
}

fn execute(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    let Some((first, rest)) = arguments.split_first() else {
        return Err(Failure { text: usage::ALL.to_owned(), code: 0 });
    };
    let word = match first.as_str() {
        "help" | "-h" | "--help" => return Ok(out.write_all(usage::ALL.as_bytes())?),
        "-V" => return Ok(writeln!(out, "{NAME} {}", env!("CARGO_PKG_VERSION"))?),
        typed => Word::find(typed).ok_or_else(|| Failure {
            text: format!("Unknown command, {typed}.\nTry 'ccs_tool help' for help.\n"),
            code: 1,
        })?,
    };
    let options = Options::parse(word, rest).map_err(|why| Failure::usage(why, word))?;
    if options.has('h') {
        return Ok(out.write_all(word.usage().as_bytes())?);
    }
    let mut context = Context { environment, options: &options, out, err };
    match word {
        Word::Create => create::run(&mut context),
        Word::Addnode => change::add_node(&mut context),
        Word::Delnode => change::remove_node(&mut context),
        Word::Addfence => change::add_fence(&mut context),
        Word::Delfence => change::remove_fence(&mut context),
        Word::Addnodeids => change::add_ids(&mut context),
        Word::Lsnode => list::nodes(&mut context),
        Word::Lsfence => list::fences(&mut context),
        Word::Query => query::run(&mut context),
    }
}

#[cfg(test)]
mod tests;
