//! What was typed, understood as the reference understood it: which word is what, which number is
//! out of range, and in whose words that is said.
//!
//! Must never act: parsing knows no daemon.

use std::net::IpAddr;
use std::path::PathBuf;

use super::failure::Failure;
use crate::getopt::{Found, Grammar, Scanner, Takes};

/// Names that may be given with `-n`.
const NAMES: usize = 10;

/// Bytes of a node name.
const NAME_LENGTH: usize = 254;

/// Bytes of a cluster's name.
const CLUSTER_NAME_LENGTH: usize = 15;

/// Every letter of the reference. `f` and `i` meant something in releases before it, which read
/// them and then refused them: scripts that still say so are not stopped here.
const GRAMMAR: Grammar = Grammar {
    letters: "m:n:v:e:2p:c:r#iN:t:o:k:F:C:VAPwfqahXD::Sd::",
    names: &[
        ("json", Takes::Nothing),
        ("dry-run", Takes::Nothing),
        ("ring", Takes::Nothing),
        ("socket", Takes::Value),
        ("run-dir", Takes::Value),
    ],
};

/// What `-h` prints.
pub(super) const USAGE: &str = "\
Usage: cman_tool <operation> [options]

Operations
  join [-w] [-q] [-t seconds] [-n name] [-m address] [-p port] [-v votes] [-e votes]
       [-k keyfile] [-2] [-N nodeid] [-c name] [-C xmlconfig] [-X] [-P] [-d]
                                  start the daemon and join the cluster
  leave [remove] [force] [-w] [-t seconds]
                                  leave the cluster and stop the daemon
  wait [-q] [-t seconds]          wait for membership, with -q for quorum
  status [--ring]                 show this node and the cluster; with --ring, what the ring
                                  counts, and the timers and limits it goes by
  nodes [-a] [-n name] [-F fields]
                                  show the nodes
  version                         show the version of the configuration
  version -r [version] [--dry-run]
                                  have all nodes go by this node's file, if it has at least
                                  that version
  services                        show the services
  kill -n name [-n name ...]      have nodes stop at once
  debug [-d[value]]               have the daemon log everything; without -d, no longer
  expected -e votes               have all members expect so many votes
  votes -v votes [-n name]        have all members count so many votes for a node
  what-if [fail|leave|join name,...] [votes name=votes] [expected votes] ...
                                  show which nodes may fail, or what would happen

Options
  -w          wait until it is done
  -q          wait for quorum
  -t seconds  wait no longer than this; exit status 2 when it is over
  -a          show addresses
  -n name     only this node; may be repeated
  -2          two nodes, one vote each, one is enough
  -N nodeid   id of this node, 1 to 4096
  -c name     name of the cluster, with -X
  -C loader   where the configuration comes from; xmlconfig is the only one
  -X          no configuration file: cluster RHCluster, one vote
  -P          no real-time priority
  -d          log everything
  -D, -A, -S  taken and without effect, as are -f and -i
  -F fields   comma separated: id, name, type, addr, votes, exp, state
  --dry-run   only show what would change
  --json      print one JSON object
  --socket path
              where the daemon listens (CLUSTER_SOCKET)
  --run-dir path
              directory of the daemon's socket (CLUSTER_RUN_DIR; /run/cluster)
  -V          show the version of this program
  -h          show this
";

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    Join,
    Leave,
    Kill,
    Expected,
    Votes,
    Version,
    Wait,
    Status,
    Nodes,
    Services,
    Debug,
    WhatIf,
}

const OPERATIONS: [Operation; 12] = [
    Operation::Join,
    Operation::Leave,
    Operation::Kill,
    Operation::Expected,
    Operation::Votes,
    Operation::Version,
    Operation::Wait,
    Operation::Status,
    Operation::Nodes,
    Operation::Services,
    Operation::Debug,
    Operation::WhatIf,
];

impl Operation {
    /// The word for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Kill => "kill",
            Self::Expected => "expected",
            Self::Votes => "votes",
            Self::Version => "version",
            Self::Wait => "wait",
            Self::Status => "status",
            Self::Nodes => "nodes",
            Self::Services => "services",
            Self::Debug => "debug",
            Self::WhatIf => "what-if",
        }
    }
}

/// A command with its options.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Options {
    pub(super) operation: Operation,
    /// `-w`
    pub(super) wait: bool,
    /// `-q`
    pub(super) quorate: bool,
    /// `-t`, seconds.
    pub(super) timeout: Option<u32>,
    /// `-a`
    pub(super) addresses: bool,
    /// `-n`
    pub(super) names: Vec<String>,
    /// `-F`
    pub(super) fields: Option<String>,
    /// `remove`
    pub(super) remove: bool,
    /// `force`
    pub(super) force: bool,
    /// `-r`: the least version; 0 without one.
    pub(super) reload: Option<u32>,
    /// `--dry-run`
    pub(super) dry_run: bool,
    /// `--ring`
    pub(super) ring: bool,
    /// `-d`; bare it is 255.
    pub(super) debug: Option<u32>,
    /// `-D`: what an invalid configuration leads to is not said as a refusal to join.
    pub(super) unvalidated: bool,
    /// Options of `join` that go before the configuration, in the order typed.
    pub(super) overrides: Vec<(char, String)>,
    /// What happens in `what-if`, word by word.
    pub(super) steps: Vec<String>,
    /// `--json`
    pub(super) json: bool,
    /// `--socket`
    pub(super) socket: Option<PathBuf>,
    /// `--run-dir`
    pub(super) run_dir: Option<PathBuf>,
}

/// What was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Parsed {
    /// `-h`
    Usage,
    /// `-V`
    Version,
    /// A command.
    Run(Options),
}

/// Understands the words after the program's name.
pub(super) fn parse(words: &[String]) -> Result<Parsed, Failure> {
    let mut options = Options::new();
    let mut scanner = Scanner::new(GRAMMAR, words);
    while let Some(found) = scanner.next().map_err(Failure::Usage)? {
        match found {
            Found::Short('h', _) => return Ok(Parsed::Usage),
            Found::Short('V', _) => return Ok(Parsed::Version),
            Found::Short(letter, None) => options.flag(letter)?,
            Found::Short(letter, Some(value)) => options.value(letter, value)?,
            Found::Long("json", _) => options.json = true,
            Found::Long("dry-run", _) => options.dry_run = true,
            Found::Long("ring", _) => options.ring = true,
            Found::Long("socket", path) => options.socket = path.map(PathBuf::from),
            Found::Long(_, path) => options.run_dir = path.map(PathBuf::from),
        }
    }
    options.operands(&scanner.operands())?;
    Ok(Parsed::Run(options))
}

impl Options {
    fn new() -> Self {
        Self {
            operation: Operation::Status,
            wait: false,
            quorate: false,
            timeout: None,
            addresses: false,
            names: Vec::new(),
            fields: None,
            remove: false,
            force: false,
            reload: None,
            dry_run: false,
            ring: false,
            debug: None,
            unvalidated: false,
            overrides: Vec::new(),
            steps: Vec::new(),
            json: false,
            socket: None,
            run_dir: None,
        }
    }

    fn flag(&mut self, letter: char) -> Result<(), Failure> {
        match letter {
            'w' => self.wait = true,
            'q' => self.quorate = true,
            'a' => self.addresses = true,
            '2' | 'P' | 'X' => self.overrides.push((letter, String::new())),
            'd' => self.debug = Some(255),
            'r' => self.reload = Some(0),
            'D' => self.unvalidated = true,
            // No services of others to load, no file to spread, and what older releases knew.
            'A' | 'S' | 'f' | 'i' => {}
            _ => return Err(die(format!("unknown option: {letter}"))),
        }
        Ok(())
    }

    fn value(&mut self, letter: char, value: String) -> Result<(), Failure> {
        match letter {
            't' => self.timeout = Some(number(letter, &value)?),
            'n' => self.name(value)?,
            'F' => self.fields = Some(value),
            'r' => self.reload = Some(number(letter, &value)?),
            'v' | 'e' => {
                number(letter, &value)?;
                self.overrides.push((letter, value));
            }
            'p' => {
                let port = number(letter, &value)?;
                if !(1..=65535).contains(&port) {
                    return Err(die("Port must be a number between 1 and 65535".to_owned()));
                }
                self.overrides.push((letter, value));
            }
            'N' => {
                let id = number(letter, &value)?;
                if !(1..=4096).contains(&id) {
                    return Err(die("Node id must be between 1 and 4096".to_owned()));
                }
                self.overrides.push((letter, value));
            }
            'm' if value.parse::<IpAddr>().is_err() => {
                return Err(die(format!("argument to m ({value}) is not an address")));
            }
            'c' if value.len() > CLUSTER_NAME_LENGTH => {
                let most = CLUSTER_NAME_LENGTH;
                return Err(die(format!("maximum cluster name length is {most}")));
            }
            'c' | 'm' | 'k' | 'C' => self.overrides.push((letter, value)),
            'D' => self.unvalidated = !validation(&value)?,
            'd' => self.debug = Some(number(letter, &value)?),
            _ => return Err(die(format!("unknown option: {letter}"))),
        }
        Ok(())
    }

    fn name(&mut self, name: String) -> Result<(), Failure> {
        if self.names.len() == NAMES {
            return Err(die(format!("maximum of {NAMES} node names allowed")));
        }
        if name.len() > NAME_LENGTH {
            return Err(die(format!("maximum node name length is {NAME_LENGTH}")));
        }
        self.names.push(name);
        Ok(())
    }

    /// The number given last with this letter.
    pub(super) fn number(&self, letter: char) -> Option<u32> {
        let given = self.overrides.iter().rev().find(|(given, _)| *given == letter);
        given.and_then(|(_, value)| value.trim_start().parse().ok())
    }

    fn operands(&mut self, words: &[&str]) -> Result<(), Failure> {
        if let [first, steps @ ..] = words
            && *first == Operation::WhatIf.word()
        {
            self.operation = Operation::WhatIf;
            self.steps = steps.iter().map(|&word| word.to_owned()).collect();
            return Ok(());
        }
        let mut operation = None;
        for word in words {
            match OPERATIONS.iter().find(|known| known.word() == *word) {
                Some(_) if operation.is_some() => {
                    return Err(die("can't specify two operations".to_owned()));
                }
                Some(known) => operation = Some(*known),
                None if *word == "remove" => self.remove = true,
                None if *word == "force" => self.force = true,
                None => return Err(die(format!("unknown option {word}"))),
            }
        }
        self.operation = operation.ok_or_else(|| die("no operation specified".to_owned()))?;
        let waits = self.wait || self.quorate;
        if self.operation == Operation::Join && self.timeout.is_some() && !waits {
            return Err(die("timeout is only appropriate with wait".to_owned()));
        }
        let two_node = self.overrides.iter().any(|(letter, _)| *letter == '2');
        // Zero is none, as it always was; here none is one.
        if let Some(votes) = self.number('e').filter(|votes| two_node && *votes > 1) {
            let text = format!("expected_votes value ({votes}) invalid in two node mode");
            return Err(die(text));
        }
        Ok(())
    }
}

fn die(text: String) -> Failure {
    Failure::Die(text)
}

fn number(letter: char, value: &str) -> Result<u32, Failure> {
    let number: i64 = value
        .trim_start()
        .parse()
        .map_err(|_| die(format!("argument to {letter} ({value}) is not an integer")))?;
    if number < 0 {
        return Err(die(format!("argument to {letter} cannot be negative")));
    }
    u32::try_from(number)
        .map_err(|_| die(format!("argument to {letter} ({value}) is not an integer")))
}

/// `-D` says what an invalid configuration leads to: here always to a refusal, but by whom. True
/// when it is refused before the daemon is started, false when the daemon refuses it.
fn validation(value: &str) -> Result<bool, Failure> {
    if value.starts_with(['f', 'F']) {
        return Ok(true);
    }
    if value.starts_with(['w', 'W', 'n', 'N']) {
        return Ok(false);
    }
    let text = "invalid option to -D, it should be 'force', 'warn' or 'none'";
    Err(die(text.to_owned()))
}

#[cfg(test)]
mod tests;
