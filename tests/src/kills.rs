//! Real daemons that are killed while they change their configuration: after every death each file
//! in use is a whole one, the old or the new, and when all are back they go by one version.
//!
//! Must never wait without an event, nor repair a file: what an operator would have to do is done
//! as the log tells him to, by a newer version, and counted.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::{Connection, Error, Status};
use confdb::replica::{Digest, Edition};
use daemon::demo::conf;
use daemon::demo::home::{self, Home};
use daemon::demo::lan::ETHERNET_MTU;
use daemon::demo::process::Process;

use crate::bench::site::Site;
use crate::rng::Rng;

/// How long daemons may take until they go by one version.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many daemons.
const HOSTS: usize = 3;

/// After so long a node whose file is newer than what all agreed to is helped.
const HELP: Duration = Duration::from_secs(3);

/// From the command to the first death.
const LATEST: Duration = Duration::from_millis(60);

/// What came out.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// Rounds that were played.
    pub rounds: u64,
    /// Daemons that were killed.
    pub kills: u64,
    /// Rounds after which all went by the new text.
    pub new: u64,
    /// Rounds after which all went by the old one.
    pub old: u64,
    /// Changes of which the tool was told that all go by them.
    pub told: u64,
    /// Changes that were needed to bring back a node that was ahead.
    pub remedies: u64,
    /// Files in use that were looked at after deaths, all of them whole: one that is not ends the
    /// run.
    pub whole: u64,
    /// Next files that were found in part, beside one in use.
    pub parts: u64,
    /// From the last start of a round to one version everywhere.
    pub times: Vec<Duration>,
}

/// Three hosts and what runs on them.
struct Play {
    site: Site,
    tool: PathBuf,
    homes: Vec<Home>,
    daemons: Vec<Option<Process>>,
    rng: Rng,
    version: u64,
    /// The ring before the deaths of a round: who is in it yet has not noticed them.
    generation: u64,
    /// Every text that was ever written whole.
    known: BTreeSet<Edition>,
    outcome: Outcome,
}

/// Plays so many rounds.
///
/// # Errors
/// What must not be, with the end of all logs.
pub fn run(rounds: u64, seed: u64, mut tell: impl FnMut(&str)) -> Result<Outcome, String> {
    let mut play = Play::new(seed)?;
    for host in 0..HOSTS {
        play.start(host)?;
    }
    play.one_version(PATIENCE)?.ok_or_else(|| play.explain("no cluster to begin with"))?;
    for round in 1..=rounds {
        let line = play.round(round).map_err(|why| play.explain(&why))?;
        tell(&line);
    }
    Ok(play.outcome)
}

impl Play {
    fn new(seed: u64) -> Result<Self, String> {
        let site = Site::new(HOSTS, ETHERNET_MTU)?;
        let tool = site.clusterd().with_file_name("cman_tool");
        if !tool.is_file() {
            return Err(format!("{} is missing: cargo build --release -p tools", tool.display()));
        }
        let home = |name: &String| {
            let dir = site.fresh(name)?;
            let config = dir.join("cluster.conf");
            let made = fs::write(&config, text(&site, 1)).and_then(|()| Home::new(dir, config));
            made.map_err(|error| format!("{name}: {error}"))
        };
        let homes = site.names().iter().map(home).collect::<Result<Vec<_>, String>>()?;
        let known = BTreeSet::from([edition(1, text(&site, 1))]);
        Ok(Self {
            site,
            tool,
            homes,
            daemons: (0..HOSTS).map(|_| None).collect(),
            rng: Rng::new(seed),
            version: 1,
            generation: 0,
            known,
            outcome: Outcome::default(),
        })
    }

    /// One change, some deaths in its midst, and all back again.
    fn round(&mut self, round: u64) -> Result<String, String> {
        let Status { config_version: before, generation, .. } = self.running(0)?;
        self.generation = generation;
        let proposer = self.rng.size(0, HOSTS - 1);
        let new = self.write(proposer)?;
        let mut tool = self.change(proposer)?;
        let wait = self.rng.duration(Duration::ZERO, LATEST);
        let ended = tool.wait(Some(Instant::now() + wait)).map_err(|why| why.to_string())?;
        let dead: Vec<usize> = (0..HOSTS).filter(|_| self.rng.once_in(2)).collect();
        let dead = if dead.is_empty() { vec![self.rng.size(0, HOSTS - 1)] } else { dead };
        for &host in &dead {
            self.kill(host)?;
            self.outcome.kills += 1;
        }
        for host in 0..HOSTS {
            self.look(host)?;
        }
        let deadline = Instant::now() + PATIENCE;
        let ended = match ended {
            Some(status) => Some(status),
            None => tool.wait(Some(deadline)).map_err(|why| why.to_string())?,
        };
        let told = ended.is_some_and(|status| status.success());
        self.outcome.told += u64::from(told);
        let started = Instant::now();
        for &host in &dead {
            self.start(host)?;
        }
        let common = self.together()?;
        if told && common < new {
            return Err(format!("version {new} was in force, and all go by {common}"));
        }
        let took = started.elapsed();
        self.outcome.times.push(took);
        self.outcome.rounds += 1;
        let count = if common >= new { &mut self.outcome.new } else { &mut self.outcome.old };
        *count += 1;
        Ok(format!(
            "round {round}: version {before} to {new} by host {}, after {wait:?} killed {dead:?}: \
             {common}{}, {took:?}",
            proposer + 1,
            if told { " as told" } else { "" },
        ))
    }

    /// Waits until all go by one version. A node that is ahead, since it was killed with a newer
    /// file that the others never agreed to, is helped as its log says.
    fn together(&mut self) -> Result<u64, String> {
        if let Some(version) = self.one_version(HELP)? {
            return Ok(version);
        }
        let all = (0..HOSTS).map(|host| self.running(host)).collect::<Result<Vec<_>, _>>()?;
        let versions: Vec<u64> = all.iter().map(|status| status.config_version).collect();
        let newest = versions.iter().max().copied().unwrap_or_default();
        let may_act = |status: &Status| status.quorum.quorate && status.config_version < newest;
        let Some(member) = all.iter().position(may_act) else {
            // Nobody is ahead of those who may act: who is behind them only takes its time.
            let one = self.one_version(PATIENCE)?;
            return one.ok_or_else(|| format!("no one version, but {versions:?}"));
        };
        self.outcome.remedies += 1;
        self.write(member)?;
        let mut tool = self.change(member)?;
        let deadline = Instant::now() + PATIENCE;
        let ended = tool.wait(Some(deadline)).map_err(|why| why.to_string())?;
        if !ended.is_some_and(|status| status.success()) {
            return Err(format!("versions {versions:?}, and host {} cannot help", member + 1));
        }
        self.one_version(PATIENCE)?.ok_or_else(|| format!("not one version: {versions:?}"))
    }

    /// The version that all members of the whole cluster go by; `None` when they do not in time.
    fn one_version(&self, patience: Duration) -> Result<Option<u64>, String> {
        let deadline = Instant::now() + patience;
        let mut versions = BTreeSet::new();
        for host in 0..HOSTS {
            let mut daemon = self.connect(host)?;
            let watched = daemon.watch(true);
            watched.map_err(|why| why.to_string())?;
            loop {
                let status = daemon.status().map_err(|why| why.to_string())?;
                let all = usize::try_from(status.members) == Ok(HOSTS) && status.synchronized;
                if all && status.quorum.quorate && status.generation > self.generation {
                    versions.insert(status.config_version);
                    break;
                }
                match daemon.change(Some(deadline)) {
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(None),
                    Err(why) => return Err(why.to_string()),
                }
            }
        }
        if versions.len() > 1 {
            return Err(format!("all are members and go by {versions:?}"));
        }
        Ok(versions.pop_first())
    }

    /// Puts the next version into the file of a host, as an editor does; its number.
    fn write(&mut self, host: usize) -> Result<u64, String> {
        self.version += 1;
        let text = text(&self.site, self.version);
        self.known.insert(edition(self.version, &text));
        let config = self.config(host);
        let new = config.with_file_name("edited");
        let written = fs::write(&new, &text).and_then(|()| fs::rename(&new, &config));
        written.map_err(|why| format!("{}: {why}", config.display()))?;
        Ok(self.version)
    }

    fn change(&self, host: usize) -> Result<Process, String> {
        let mut command = Command::new(&self.tool);
        self.homes[host].settle(&mut command);
        command.args(["version", "-r"]).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        self.site.spawn(host, &mut command)
    }

    /// Every file in use is a whole one that somebody wrote.
    fn look(&mut self, host: usize) -> Result<(), String> {
        let config = self.config(host);
        let text = fs::read(&config).map_err(|why| format!("{}: {why}", config.display()))?;
        let read = confdb::load::configuration("cluster.conf", &text);
        let known = read.is_ok_and(|read| {
            self.known.contains(&edition(read.cluster.config_version.into(), &text))
        });
        if !known {
            let text = String::from_utf8_lossy(&text);
            return Err(format!("{} is no text that was written: {text:?}", config.display()));
        }
        self.outcome.whole += 1;
        let entries = fs::read_dir(self.homes[host].dir()).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            if name.to_string_lossy().ends_with(".new") {
                let text = fs::read(entry.path()).unwrap_or_default();
                let whole = confdb::load::configuration("beside", &text).is_ok();
                self.outcome.parts += u64::from(!whole);
            }
        }
        Ok(())
    }

    fn start(&mut self, host: usize) -> Result<(), String> {
        let command = self.homes[host].daemon(self.site.clusterd(), &[]);
        let mut command = command.map_err(|error| error.to_string())?;
        let mut process = self.site.spawn(host, &mut command)?;
        let pipe = process.take_stdout().ok_or("a pipe was asked for")?;
        home::ready(pipe).map_err(|why| format!("host {} does not start: {why}", host + 1))?;
        self.daemons[host] = Some(process);
        Ok(())
    }

    fn kill(&mut self, host: usize) -> Result<(), String> {
        let Some(mut process) = self.daemons[host].take() else { return Ok(()) };
        let killed = process.kill().and_then(|_| process.wait(None));
        killed.map(drop).map_err(|why| why.to_string())
    }

    fn running(&self, host: usize) -> Result<Status, String> {
        self.connect(host)?.status().map_err(|why| why.to_string())
    }

    fn connect(&self, host: usize) -> Result<Connection, String> {
        let connected = Connection::open(&self.homes[host].socket(), "kills");
        connected.map_err(|why: Error| format!("host {}: {why}", host + 1))
    }

    fn config(&self, host: usize) -> PathBuf {
        self.homes[host].dir().join("cluster.conf")
    }

    fn explain(&self, why: &str) -> String {
        let mut text = why.to_owned();
        for (host, home) in self.homes.iter().enumerate() {
            for line in home.last_words(30) {
                text += &format!("\nhost {}: {line}", host + 1);
            }
        }
        text
    }
}

/// The configuration of this version.
fn text(site: &Site, version: u64) -> String {
    let text = conf::text("kills", &site.names(), "");
    let text = text.replace("config_version=\"1\"", &format!("config_version=\"{version}\""));
    // Large enough that it is written in more than one step, and fast enough to go on soon.
    let padding: String =
        (0..4_000).map(|n| format!("  <!-- line {n} of {version} -->\n")).collect();
    text.replace("</cluster>", &format!("{padding}  <totem token=\"1000\"/>\n</cluster>"))
}

fn edition(version: u64, text: impl AsRef<[u8]>) -> Edition {
    Edition { version, digest: Digest::of(text.as_ref()) }
}
