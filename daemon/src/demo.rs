//! `clusterd demo`: a whole cluster on one machine, so that a newcomer sees within a minute what a
//! cluster does, without root and without a second machine.
//!
//! Must never stand in for anything: the daemons are this very program, as it ships, with a
//! configuration as an operator would write it. Must never leave a trace: no process, no
//! namespace, no file, however it ends.
//!
//! The parts that live tests need as well are public: a network of namespaces ([`lan`]), a
//! daemon's directory ([`home`]), programs that end with their owner ([`process`]).

mod board;
pub mod conf;
pub mod home;
pub mod lan;
mod listen;
mod place;
pub mod process;
pub mod scratch;
mod screen;
mod story;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Instant;

use clap::Parser;

use self::board::Board;
use self::home::Home;
use self::lan::{ETHERNET_MTU, Lan};
use self::place::{COMPLAINT, Place};
use self::scratch::Scratch;
use self::screen::Screen;
use self::story::{End, Node, Story};

/// Name of the cluster.
const CLUSTER: &str = "demo";

/// Exit status after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Runs a whole cluster on this machine: starts it, kills a node, shows how the others notice,
/// brings it back, and leaves no trace.
#[derive(Debug, Parser)]
#[command(name = "clusterd demo", bin_name = "clusterd demo", version)]
struct Options {
    /// How many nodes, 1 to 16.
    #[arg(long, default_value_t = 3, value_name = "N",
          value_parser = clap::value_parser!(u8).range(1..=16))]
    nodes: u8,
    /// Leave the cluster running until Ctrl-C, and say how to look at it.
    #[arg(long)]
    keep: bool,
    /// Use loopback addresses even where network namespaces can be made.
    #[arg(long)]
    loopback: bool,
    /// Try whether network namespaces can be made here, and end.
    #[arg(long, hide = true)]
    probe: bool,
    /// Run a daemon that dies with whoever started it.
    #[arg(long, hide = true)]
    mortal: bool,
    /// The daemon's words.
    #[arg(last = true, hide = true)]
    daemon: Vec<OsString>,
}

/// Reads the command line, from the word `demo` on, and runs. Must be called before the process
/// has a second thread: a user namespace takes no others.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse_from(std::env::args_os().skip(1));
    if options.mortal {
        let why = place::become_mortal(&options.daemon);
        eprintln!("{COMPLAINT}cannot start a daemon: {why}");
        return ExitCode::FAILURE;
    }
    let ended = if options.probe { probe() } else { demonstrate(&options) };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(End::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(End::Output(why)) => {
            eprintln!("{COMPLAINT}cannot print: {why}");
            ExitCode::FAILURE
        }
        Err(End::Failed(why)) => {
            eprintln!("{COMPLAINT}{why}");
            ExitCode::FAILURE
        }
    }
}

fn probe() -> Result<(), End> {
    let scratch = scratch()?;
    let tried = place::try_out(&scratch.path().join("hosts"));
    tried.map_err(|why| End::Failed(why.to_string()))
}

fn demonstrate(options: &Options) -> Result<(), End> {
    let signals = listen::block().map_err(|why| failed("block signals", why))?;
    let reason = if options.loopback {
        Some("asked for with --loopback".to_owned())
    } else {
        place::probe().err()
    };
    let scratch = scratch()?;
    scratch.go_on_panic();
    let dir = scratch.path().to_owned();
    let begin = Instant::now();
    let mut out = io::stdout();
    introduce(&mut out, options, reason.as_deref(), &dir)?;
    let told = on_stage(&mut out, options, reason.is_none(), (scratch.path(), begin, signals));
    drop(scratch);
    let remains = dir.exists();
    match told {
        Ok(()) | Err(End::Interrupted) if remains => {
            Err(End::Failed(format!("{} could not be removed", dir.display())))
        }
        Ok(()) | Err(End::Interrupted) => {
            writeln!(out, "  Nothing is left behind.")?;
            told
        }
        Err(End::Output(_) | End::Failed(_)) => told,
    }
}

fn introduce(
    out: &mut dyn Write,
    options: &Options,
    no_network: Option<&str>,
    dir: &Path,
) -> io::Result<()> {
    let count = usize::from(options.nodes);
    let (nodes, real) =
        if count == 1 { ("node", "a real daemon") } else { ("nodes", "each a real daemon") };
    let (first, last) = (lan::address(0), lan::address(count - 1));
    match no_network {
        None => writeln!(
            out,
            "A cluster of {count} {nodes}, {real} on a host of its own, iscsi1 and so on: network\n\
             namespaces at addresses {first} to {last}. They talk by multicast."
        )?,
        Some(why) => writeln!(
            out,
            "A cluster of {count} {nodes}, {real}, at addresses 127.0.0.1 and so on. They talk by\n\
             unicast, since network namespaces are not used: {why}."
        )?,
    }
    writeln!(out, "All files are in {} and go at the end.\n", dir.display())
}

fn on_stage(
    out: &mut dyn Write,
    options: &Options,
    on_a_network: bool,
    (dir, begin, signals): (&Path, Instant, listen::Blocked),
) -> Result<(), End> {
    let program = std::env::current_exe().map_err(|why| failed("find this program", why))?;
    let count = usize::from(options.nodes);
    let names: Vec<String> = (0..count).map(|index| Place::name(on_a_network, index)).collect();
    let (place, cman) = if on_a_network {
        lan::own_user_namespace().map_err(|why| End::Failed(why.to_string()))?;
        let made = Lan::new(&names, ETHERNET_MTU, &dir.join("hosts"));
        (Place::Network(made.map_err(|why| End::Failed(why.to_string()))?), String::new())
    } else {
        let port = place::free_port(count).map_err(|why| failed("find a port", why))?;
        (Place::Loopback, format!("transport=\"udpu\" port=\"{port}\""))
    };
    let config = dir.join("cluster.conf");
    fs::write(&config, conf::text(CLUSTER, &names, &cman))
        .map_err(|why| failed("write cluster.conf", why))?;
    let nodes = names.into_iter().map(|name| node(dir, &config, name));
    let nodes = nodes.collect::<Result<Vec<Node>, End>>()?;
    let (sender, news) = mpsc::channel();
    signals.listen(sender.clone());
    let mut story = Story {
        screen: Screen::new(out, begin, count),
        nodes,
        place: &place,
        program: &program,
        sender,
        news,
        board: Board::default(),
        blocked: false,
        free: false,
    };
    story.play(options.keep)
}

fn node(dir: &Path, config: &Path, name: String) -> Result<Node, End> {
    let home: PathBuf = dir.join(&name);
    let home = Home::new(home, config.to_owned()).map_err(|why| failed("make a directory", why))?;
    Ok(Node::new(name, home))
}

fn scratch() -> Result<Scratch, End> {
    Scratch::new("clusterd-demo").map_err(|why| failed("make a directory for all files", why))
}

fn failed(what: &str, why: impl std::fmt::Display) -> End {
    End::Failed(format!("cannot {what}: {why}"))
}

#[cfg(test)]
mod tests;
