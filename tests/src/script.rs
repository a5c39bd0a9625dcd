//! Scenarios: text files that tell one story each, and what must come of it.
//!
//! Must never be able to say what no operator or network could do; and a scenario that is not
//! understood must say which line and why.
//!
//! A file has a comment that says what it shows, then one command per line, then `----` and the
//! trace that results. `SCENARIOS=rewrite` replaces that part; reviewers read the difference.
//!
//! | command | meaning |
//! |---|---|
//! | `nodes 1 2 3` | the nodes, all started at the beginning; comes first |
//! | `down 3` | this one is not |
//! | `version 3 7` | the file of this one has that version of the configuration, others have 1 |
//! | `set token 500ms`, `set consensus`, `set latency`, `set disk` | times |
//! | `set packet 600`, `set window 16`, `set first 4294967280` | limits; place before a ring's first |
//! | `set votes 1 1 3`, `set two-node`, `set hints` | voting; hosts say that a port refuses |
//! | `set expected 5 - 9` | what the files of the nodes expect; `-` for the sum |
//! | `set rules wait tie lowest window 500ms downscale` | what goes beyond CMAN; `tie 3,1` |
//! | `set operated`, `set device-timeout 500ms` | somebody changes how votes are counted |
//! | `set sync-timeout 2s` | for so long a device may judge a membership |
//! | `expected 1 4`, `votes 1 3 2` | the operator of node 1 sets expected votes, those of node 3 |
//! | `device 1 register "d" 1`, `device 1 poll yes`, `… no`, `… update "e" 2`, `… unregister` | |
//! | `device 1 vouch yes`, `… yes of 1.4`, `… no of 1.4` | it judges each ring anew: this one |
//! | `device 1 watch` | its program is told who is on the ring |
//! | `votes 1 device 2` | the operator of node 1 sets those of the quorum device |
//! | `device 1 gone` | the program behind the device hangs up |
//! | `port 1 listen 11`, `port 1 close`, `port 1 asks 2 11` | does node 2 listen there? |
//! | `port 1 send 2 11 "a"`, `port 1 send all 11 "a"` | to who listens on port 11 |
//! | `barrier 1 "x" for 3`, `… for all`, `… patience 2s`, `… wait`, `… delete` | a program of node 1 |
//! | `program 3 joins "cib"` | a new program of node 3 joins this process group |
//! | `program 3 says`, `… says safe`, `… says first`, `… middle`, `… last` | to its group |
//! | `program 3 leaves`, `program 3 dies` | of several of a node: they take turns; the first |
//! | `leave 3 remove` | and the others expect its votes no longer |
//! | `run 2s` | time passes |
//! | `run until operational` | until all are in one ring and synchronized |
//! | `run until sprung` | until the last `when` came |
//! | `say 1 "a"`, `say 1 safe "b"`, `say 1 "c" 5000` | multicast; a size in bytes may follow |
//! | `crash 3`, `crash 3 losing-write`, `start 3`, `leave 3`, `pause 3 900ms` | nodes |
//! | `set disallowed`, `dirty 3` | nodes with state are kept out; this one has some |
//! | `set disallowed from 2` | the same from this version of the configuration on |
//! | `kill 1 3` | the operator of the first has the second killed |
//! | `reload 1`, `reload 1 refused-by 3` | `cman_tool version -r` with a newer file at node 1 |
//! | `reload 1 same-number` | the same, with the number of the newest text and other content |
//! | `write 1 cluster.rm.log_level=5`, `… refused-by 3` | a program of node 1 writes that key |
//! | `directory` | a directory has a newer file, all look: who speaks for all proposes it |
//! | `directory everyone` | the same, and everyone proposes it |
//! | `directory hidden-from 1`, `directory shown-to 1` | node 1 cannot reach it; can again |
//! | `cut 1 > 2`, `mend 1 > 2` | one direction of a link |
//! | `drop multicast 1 > 2`, `drop unicast 1 > 2`, `pass …` | one kind of packet only |
//! | `split 1 2`, `join` | partition around these nodes; all links mended |
//! | `retune token 500ms`, `retune consensus`, `retune window 16`, `… at 2` | other timers |
//! | `set sealed`, `key learn`, `key use`, `key retire at 2` | keys; a step of changing them |
//! | `… when 3 holding-token` | after what happens to nodes, links or programs: at that moment |

use core::time::Duration;

use totem::{Limits, NodeId, Plant, Seq, Timing};

use crate::plan::{Ballot, Machine, Plan, Quality, Span, Tamper, Traffic};
use crate::trace::Detail;
use crate::world::World;

mod ballot;
mod ports;
mod programs;
mod run;

/// Separates commands and expectation.
pub const LINE: &str = "----";

/// Runs a scenario; the whole file as it should be.
///
/// # Errors
/// The line that is not understood or cannot be done, or the violation.
pub fn replay(text: &str) -> Result<String, String> {
    let commands: Vec<&str> = commands(text).collect();
    let world = play(text, plain())?;
    Ok(format!("{}\n{LINE}\n{}", commands.join("\n"), world.trace.scenario()))
}

fn commands(text: &str) -> impl Iterator<Item = &str> {
    text.lines().take_while(|line| *line != LINE)
}

/// Runs the commands of a scenario; the world after them. What they do not say is as in this plan.
///
/// # Errors
/// The line that is not understood or cannot be done, or the violation.
pub fn play(text: &str, mut plan: Plan) -> Result<World, String> {
    let mut world: Option<World> = None;
    for (index, line) in commands(text).enumerate() {
        let at = |what: String| format!("line {}: {line}\n{what}", index + 1);
        let words = words(line).map_err(at)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words.is_empty() || prepare(&mut plan, world.is_none(), &words).map_err(at)? {
            continue;
        }
        let world = world.get_or_insert_with(|| World::new(plan.clone(), Detail::Story));
        run::command(world, &plan, &words).map_err(at)?;
    }
    world.ok_or("nothing happens in it".into())
}

/// Words of a line: separated by spaces, quoted ones with their quotes, without comments.
fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let end = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.find('"').ok_or("a quote is not closed")? + 2
        } else {
            rest.find(' ').unwrap_or(rest.len())
        };
        words.push(rest[..end].to_string());
        rest = rest[end..].trim_start();
    }
    Ok(words)
}

/// A calm world in which every number is round.
#[must_use]
pub fn plain() -> Plan {
    let fixed = |millis: u64| Span::micros(millis * 1_000, millis * 1_000);
    let calm = Quality::calm(fixed(1));
    Plan {
        seed: 1,
        machines: Vec::new(),
        two_node: false,
        disallowed: None,
        ballot: Ballot::default(),
        timing: Timing {
            token: Duration::from_secs(1),
            consensus: Duration::from_millis(1_200),
            retransmit: Duration::from_millis(10),
            ..Timing::default()
        },
        limits: Limits { window: 64, per_turn: 16, accelerated: 8, ..Limits::for_packet(1_400) },
        rough: calm,
        calm,
        disk: fixed(2),
        lateness: Span::NONE,
        traffic: Traffic { pause: fixed(1), burst: 1, safe: 0, long: 0, huge: 0 },
        programs: None,
        tamper: None,
        hints_per_million: 0,
        faults: Vec::new(),
        heal: Duration::ZERO,
        versions: Vec::new(),
        dead: Vec::new(),
        plant: Plant::default(),
    }
}

/// Commands that describe the world; `false` for one that makes something happen in it.
fn prepare(plan: &mut Plan, early: bool, words: &[&str]) -> Result<bool, String> {
    match words {
        ["nodes" | "down" | "version" | "set", ..] if !early => {
            Err("this comes before anything happens".into())
        }
        ["nodes", ids @ ..] => {
            plan.machines = ids.iter().map(|id| machine(id)).collect::<Result<_, _>>()?;
            Ok(true)
        }
        ["version", id, version] => {
            let version = version.parse().map_err(|_| format!("{version}: which version?"))?;
            let index = node(plan, id)?;
            plan.versions.push((index, version));
            Ok(true)
        }
        ["down", id] => {
            let index = node(plan, id)?;
            plan.machines[index].start = None;
            Ok(true)
        }
        ["set", "two-node"] => {
            plan.two_node = true;
            Ok(true)
        }
        ["set", "disallowed"] => {
            plan.disallowed = Some(0);
            Ok(true)
        }
        ["set", "disallowed", "from", version] => {
            let version = version.parse().map_err(|_| format!("{version}: which version?"))?;
            plan.disallowed = Some(version);
            Ok(true)
        }
        ["set", "sealed"] => {
            plan.tamper = Some(Tamper { flip: 0, truncate: 0, replay: 0, foreign: 0 });
            Ok(true)
        }
        ["set", "hints"] => {
            plan.hints_per_million = 1_000_000;
            Ok(true)
        }
        ["set", "votes", words @ ..] => {
            for (machine, word) in plan.machines.iter_mut().zip(words) {
                machine.votes = votes(word)?;
            }
            Ok(true)
        }
        ["set", words @ ..] if ballot::prepare(&mut plan.ballot, words)? => Ok(true),
        ["set", dial, value] => set(plan, dial, value).map(|()| true),
        _ => Ok(false),
    }
}

fn votes(word: &str) -> Result<quorum::Votes, String> {
    word.parse().map(quorum::Votes::new).map_err(|_| format!("{word}: how many votes?"))
}

fn set(plan: &mut Plan, dial: &str, value: &str) -> Result<(), String> {
    let fixed = |span| Span { least: span, most: span };
    let number = || value.parse::<u32>().map_err(|_| format!("{value}: not a number"));
    match dial {
        "token" => plan.timing.token = time(value)?,
        "consensus" => plan.timing.consensus = time(value)?,
        "disk" => plan.disk = fixed(time(value)?),
        "latency" => {
            plan.calm.latency = fixed(time(value)?);
            plan.rough = plan.calm;
        }
        "first" => plan.limits.first = Seq::new(number()?),
        "packet" => plan.limits.packet = usize::try_from(number()?).map_err(|e| e.to_string())?,
        "window" => {
            plan.limits.window = number()?;
            plan.limits.per_turn = plan.limits.per_turn.min(plan.limits.window);
            plan.limits.accelerated = plan.limits.accelerated.min(plan.limits.per_turn);
        }
        other => return Err(format!("{other}: there is no such dial")),
    }
    Ok(())
}

fn machine(id: &str) -> Result<Machine, String> {
    let id = id.parse().ok().and_then(NodeId::new).ok_or(format!("{id}: not a node id"))?;
    Ok(Machine { id, votes: quorum::Votes::ONE, clock_ppm: 0, start: Some(Duration::ZERO) })
}

fn node(plan: &Plan, id: &str) -> Result<usize, String> {
    let found = plan.machines.iter().position(|machine| machine.id.to_string() == id);
    found.ok_or_else(|| format!("{id}: there is no such node"))
}

fn time(text: &str) -> Result<Duration, String> {
    let bad = || format!("{text}: not a time such as 900ms or 2s");
    if let Some(millis) = text.strip_suffix("ms") {
        return millis.parse().map(Duration::from_millis).map_err(|_| bad());
    }
    let seconds = text.strip_suffix('s').ok_or_else(bad)?;
    seconds.parse().map(Duration::from_secs).map_err(|_| bad())
}

#[cfg(test)]
mod tests;
