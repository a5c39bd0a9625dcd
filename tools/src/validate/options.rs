//! What was typed, understood as the original understood it.
//!
//! Must never act.

use std::path::{Path, PathBuf};

use crate::getopt::{Found, Grammar, Scanner, Takes};

const GRAMMAR: Grammar =
    Grammar { letters: "hVvqnorC:l:f:t:R:", names: &[("json", Takes::Nothing)] };

/// What `-h` prints.
pub(super) const USAGE: &str = "\
Usage: ccs_config_validate [options]

Says whether the configuration is good, and all that is wrong with it when it is not.

  -f file    check this file, on any machine
  -l file    load this file as a node would here, and check that
  -r         check what the daemon goes by
  -C loader  load with this loader
  -R number  be content only with a version above this
  -t file    put what is checked into this file, which must not exist
  -o         it may exist
  -n         keep it
  -q         do not print the verdict
  -v         print every step
  --json     print one JSON object
  -V         show the version of this program
  -h         show this
";

/// Where the configuration comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum From {
    /// From where a node has it.
    Node,
    /// From there with another loader.
    Loader(String),
    /// From this file, as a node would load it.
    File(PathBuf),
    /// From this file, as it is.
    Copy(PathBuf),
    /// From the daemon: what it goes by.
    Daemon,
}

impl From {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Node | Self::Loader(_) | Self::Daemon => None,
            Self::File(path) | Self::Copy(path) => Some(path),
        }
    }
}

/// A command with its options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Options {
    pub(super) from: From,
    /// `-q`
    pub(super) quiet: bool,
    /// `-v`
    pub(super) verbose: bool,
    /// `-t`
    pub(super) temporary: Option<PathBuf>,
    /// `-o`
    pub(super) overwrite: bool,
    /// `-n`
    pub(super) keep: bool,
    /// `-R`
    pub(super) running: Option<u32>,
    /// `--json`
    pub(super) json: bool,
}

/// What there is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    Usage,
    Version,
    Run(Options),
}

/// Why there is nothing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    pub(super) text: String,
    /// Whether it helps to be told what there is.
    pub(super) usage: bool,
}

pub(super) fn parse(arguments: &[String]) -> Result<Parsed, Wrong> {
    let mut scanner = Scanner::new(GRAMMAR, arguments);
    let mut options = Options {
        from: From::Node,
        quiet: false,
        verbose: false,
        temporary: None,
        overwrite: false,
        keep: false,
        running: None,
        json: false,
    };
    // Which of those that exclude each other was typed.
    let (mut loudness, mut source) = (None, None);
    loop {
        let found =
            scanner.next().map_err(|why| Wrong { text: format!("getopt: {why}"), usage: true })?;
        let (letter, value) = match found {
            None => return Ok(Parsed::Run(options)),
            Some(Found::Long(..)) => {
                options.json = true;
                continue;
            }
            Some(Found::Short(letter, value)) => (letter, value.unwrap_or_default()),
        };
        match letter {
            'h' => return Ok(Parsed::Usage),
            'V' => return Ok(Parsed::Version),
            'v' | 'q' => exclusive(&mut loudness, letter)?,
            'C' | 'l' | 'f' | 'r' => exclusive(&mut source, letter)?,
            _ => {}
        }
        match letter {
            'v' => options.verbose = true,
            'q' => options.quiet = true,
            'n' => options.keep = true,
            'o' => options.overwrite = true,
            't' => options.temporary = Some(value.into()),
            'r' => options.from = From::Daemon,
            'C' => options.from = From::Loader(value),
            'l' => options.from = From::File(value.into()),
            'f' => options.from = From::Copy(value.into()),
            _ => {
                let wrong = || Wrong {
                    text: format!("Error: invalid options. -R {value} is not a version"),
                    usage: false,
                };
                options.running = Some(value.parse().map_err(|_| wrong())?);
            }
        }
    }
}

fn exclusive(typed: &mut Option<char>, letter: char) -> Result<(), Wrong> {
    match typed.replace(letter).filter(|before| *before != letter) {
        Some(before) => Err(Wrong {
            text: format!(
                "Error: invalid options. -{letter} can not be set together with -{before}"
            ),
            usage: false,
        }),
        None => Ok(()),
    }
}
