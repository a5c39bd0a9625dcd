//! `ccs_config_dump`: the configuration as the loaders build it, or as the daemon goes by it, as
//! XML.
//!
//! Must never need a daemon but with `-r`, and never print what would not be read back: values are
//! escaped, which the original forgot. With `--json` one object on one line: `name`, `keys` (an
//! object), `objects` (a list of the same).
//!
//! | exit status | when |
//! |---|---|
//! | 0 | printed |
//! | 255 | there is nothing to print, or it was wrongly asked |

use std::io::Write;

use confdb::{Handle, Severity, Tree, dump};
use serde_json::{Map, Value, json};

use crate::getopt::{Found, Grammar, Scanner, Takes};
pub use crate::source::Environment;
use crate::source::{LOADERS, Source, line};

const NAME: &str = "ccs_config_dump";

const GRAMMAR: Grammar = Grammar { letters: "rhV", names: &[("json", Takes::Nothing)] };

const USAGE: &str = "\
Usage: ccs_config_dump [options]

Prints the configuration that a node would start with here.

  -r      print the one that the daemon goes by instead
  --json  print one JSON object
  -V      show the version of this program
  -h      show this

CLUSTER_CONF names another file than /etc/cluster/cluster.conf,
CONFIG_LOADER another loader than xmlconfig: ldapconfig, which asks a directory,
COROSYNC_DEFAULT_CONFIG_IFACE all loaders in place of xmlconfig:cmanpreconfig,
CMAN_NODENAME the node where the host's name does not tell.
";

/// What it says when it fails.
const FAILED: u8 = 255;

/// Runs the command and returns its exit status.
pub fn run(
    arguments: &[String],
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    match execute(arguments, environment) {
        // Nobody is left to tell when this cannot be written.
        Ok(text) => u8::from(out.write_all(text.as_bytes()).is_err()),
        Err(lines) => {
            for line in lines {
                let _ = writeln!(err, "{line}");
            }
            FAILED
        }
    }
}

fn execute(arguments: &[String], environment: &Environment) -> Result<String, Vec<String>> {
    let mut scanner = Scanner::new(GRAMMAR, arguments);
    let (mut json, mut running) = (false, false);
    loop {
        let option = scanner.next().map_err(|why| vec![format!("{NAME}: {why}")])?;
        match option {
            None => break,
            Some(Found::Long(..)) => json = true,
            Some(Found::Short('r', _)) => running = true,
            Some(Found::Short('h', _)) => return Ok(USAGE.to_owned()),
            Some(Found::Short(..)) => return Ok(format!("{NAME} {}\n", env!("CARGO_PKG_VERSION"))),
        }
    }
    let first = environment.loader.as_ref().map(|loader| format!("{loader}:cmanpreconfig"));
    let loaders = environment.loaders.as_deref().or(first.as_deref()).unwrap_or(LOADERS);
    let source = if running {
        Source::running(NAME, environment)
    } else {
        Source::load(environment.file(), loaders, environment)
    };
    let source = source.map_err(|unable| unable.lines())?;
    if !source.is_usable() {
        let errors = source.problems.iter().filter(|found| found.severity == Severity::Error);
        return Err(errors.map(line).collect());
    }
    if json {
        return Ok(format!("{}\n", object(&source.tree, source.root)));
    }
    dump::to_xml(&source.tree, source.root).map_err(|error| vec![format!("{NAME}: {error}")])
}

/// Calls itself once per level of the tree, which is bounded.
fn object(tree: &Tree, handle: Handle) -> Value {
    let keys: Map<String, Value> = tree
        .keys(handle)
        .iter()
        .map(|key| (key.name.clone(), Value::from(key.value.to_string())))
        .collect();
    let objects: Vec<Value> =
        tree.children(handle).iter().map(|child| object(tree, *child)).collect();
    json!({ "name": tree.name(handle), "keys": keys, "objects": objects })
}

#[cfg(test)]
mod tests;
