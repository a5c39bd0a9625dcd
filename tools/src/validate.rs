//! `ccs_config_validate`: says whether a configuration is good, and all that is wrong when it is
//! not.
//!
//! Must never need a daemon but with `-r`, nor another program: the original calls a dumper and a
//! checker of schemas; here what a node reads at its start is what judges. Must never stop at the
//! first problem. With `--json` one object on one line: `valid`, `config_version`, `problems` (each
//! with `severity`, `source`, `line`, `column`, `path`, `what`, `expected`), or `valid` and
//! `error`.
//!
//! | exit status | when |
//! |---|---|
//! | 0 | it is good |
//! | 1 | with `-f`: the file cannot be read, or is no XML |
//! | 3 | it is not good |
//! | 253 | with `-R`: as 255 |
//! | 254 | with `-R`: it is not newer |
//! | 255 | it cannot be had, or wrongly asked |

mod options;
mod temporary;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;

use confdb::{Problem, Severity, dump};
use serde_json::json;

use self::options::{From, Options, Parsed};
use self::temporary::Temporary;
pub use crate::source::Environment;
use crate::source::{LOADERS, Source, Unable, line};

const NAME: &str = "ccs_config_validate";

/// How a validation ends.
mod code {
    pub(super) const GOOD: u8 = 0;
    pub(super) const NO_XML: u8 = 1;
    pub(super) const BAD: u8 = 3;
    pub(super) const NOTHING_NEW: u8 = 253;
    pub(super) const NOT_NEWER: u8 = 254;
    pub(super) const FAILED: u8 = 255;
}

/// Runs the command and returns its exit status.
pub fn run(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let mut terminal = Terminal { out, err };
    let done = match options::parse(arguments) {
        Ok(Parsed::Usage) => terminal.print(options::USAGE.trim_end()).map(|()| code::GOOD),
        Ok(Parsed::Version) => {
            let text = format!("{NAME} {}", env!("CARGO_PKG_VERSION"));
            terminal.print(text).map(|()| code::GOOD)
        }
        Ok(Parsed::Run(options)) => validate(&options, environment, &mut terminal),
        Err(wrong) => {
            terminal.complain(&wrong.text);
            let usage =
                if wrong.usage { terminal.print(options::USAGE.trim_end()) } else { Ok(()) };
            usage.map(|()| code::FAILED)
        }
    };
    // A verdict that could not be printed is none.
    done.unwrap_or(code::FAILED)
}

/// Where it is said.
struct Terminal<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl Terminal<'_> {
    fn print(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    fn complain(&mut self, line: impl Display) {
        // Nobody is left to tell when this cannot be written.
        let _ = writeln!(self.err, "{line}");
    }
}

fn validate(
    options: &Options,
    environment: &Environment,
    terminal: &mut Terminal<'_>,
) -> io::Result<u8> {
    let verbose = options.verbose && !options.json;
    let mut temporary = match Temporary::new(options) {
        Ok(temporary) => temporary,
        Err(why) => {
            terminal.complain(why);
            return Ok(code::FAILED);
        }
    };
    if verbose {
        terminal.print(format_args!("Creating temporary file: {}", temporary.name()))?;
    }
    let loaders = loaders(options, environment);
    if let Some(loaders) = loaders.as_deref().filter(|_| verbose) {
        terminal.print(format_args!("Config interface set to: {loaders}"))?;
    }
    let path = options.from.path().unwrap_or_else(|| environment.file());
    let loaded = match (&options.from, &loaders) {
        (From::Daemon, _) => Source::running(NAME, environment),
        (_, Some(loaders)) => Source::load(path, loaders, environment),
        (_, None) => Source::read(path),
    };
    let source = match loaded {
        Ok(source) => source,
        Err(unable) => return cannot(options, &unable, terminal),
    };
    let copied = matches!(options.from, From::Copy(_)).then_some(path);
    if let Err(why) = store(&source, copied, &mut temporary) {
        terminal.complain(why);
        return Ok(code::FAILED);
    }
    if verbose {
        terminal.print("Configuration stored in temporary file")?;
        terminal.print("Validating..")?;
    }
    let code = judge(options, &source, terminal)?;
    if verbose {
        terminal.print("Validation completed")?;
    }
    Ok(code)
}

/// Who loads it; nobody where a file is checked as it is.
fn loaders(options: &Options, environment: &Environment) -> Option<String> {
    let own = match &options.from {
        From::Copy(_) | From::Daemon => return None,
        From::Loader(loader) => Some(loader),
        From::File(_) => None,
        From::Node => environment.loader.as_ref(),
    };
    Some(own.map_or_else(|| LOADERS.to_owned(), |loader| format!("{loader}:cmanpreconfig")))
}

fn cannot(options: &Options, unable: &Unable, terminal: &mut Terminal<'_>) -> io::Result<u8> {
    let as_it_is = matches!(options.from, From::Copy(_));
    let lines = unable.lines();
    if options.json {
        let object = json!({ "valid": false, "error": lines.join("\n") });
        terminal.print(object)?;
    } else if as_it_is {
        for line in &lines {
            terminal.print(line)?;
        }
    } else {
        // An empty line, as ever.
        terminal.print("")?;
    }
    if !as_it_is {
        lines.iter().for_each(|line| terminal.complain(line));
        terminal.complain("Unable to get the configuration");
    }
    Ok(match (as_it_is, options.running) {
        (true, _) => code::NO_XML,
        (false, Some(_)) => code::NOTHING_NEW,
        (false, None) => code::FAILED,
    })
}

/// What is judged, for whoever asked to keep it: the text as it is, or what the loaders made.
fn store(source: &Source, copied: Option<&Path>, temporary: &mut Temporary) -> Result<(), String> {
    if !temporary.is_wanted() {
        return Ok(());
    }
    let text = match copied {
        Some(path) => crate::source::bytes(path).map_err(|error| error.to_string()),
        None => dump::to_xml(&source.tree, source.root)
            .map(String::into_bytes)
            .map_err(|error| error.to_string()),
    };
    temporary.write(&text?)
}

fn judge(options: &Options, source: &Source, terminal: &mut Terminal<'_>) -> io::Result<u8> {
    let version = source.tree.key(source.root, "config_version").map(|key| key.value.to_string());
    let version = version.and_then(|text| text.trim().parse::<u32>().ok());
    if let Some((version, running)) = version.zip(options.running).filter(|(new, old)| new <= old) {
        let why = format!("Configuration version {version} is not newer than {running}");
        if options.json {
            terminal.print(json!({ "valid": false, "error": why }))?;
        }
        terminal.complain(why);
        return Ok(code::NOT_NEWER);
    }
    let refuses = |problem: &&Problem| problem.severity != Severity::Warning;
    let valid = !source.problems.iter().any(|problem| refuses(&problem));
    if options.json {
        let problems = &source.problems;
        terminal
            .print(json!({ "valid": valid, "config_version": version, "problems": problems }))?;
    } else {
        for problem in source.problems.iter().filter(refuses) {
            // What a node would take with a warning is refused here.
            let severity = Severity::Error;
            terminal.print(line(&Problem { severity, ..problem.clone() }))?;
        }
        for problem in source.problems.iter().filter(|problem| !refuses(problem)) {
            if !options.quiet {
                terminal.complain(line(problem));
            }
        }
        let verdict = if valid { "validates" } else { "fails to validate" };
        if !options.quiet {
            terminal.print(format_args!("Configuration {verdict}"))?;
        }
    }
    Ok(if valid { code::GOOD } else { code::BAD })
}

#[cfg(test)]
mod tests;
