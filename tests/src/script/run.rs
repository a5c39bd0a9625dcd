//! The commands of a scenario that make something happen.
//!
//! Must never wait for ever: a condition that does not come within a minute of the world's time is
//! an error.

use core::time::Duration;

use confdb::edit::steps::Step;
use totem::Guarantee;

use super::{ballot, node, ports, programs, time};
use crate::airlock::KeyStep;
use crate::check::group::Group;
use crate::faults::{Fault, Moment, Trigger};
use crate::network::Port;
use crate::plan::Plan;
use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(1);

/// Carries out one command.
///
/// # Errors
/// What is not understood, does not happen, or breaks a property.
pub(super) fn command(world: &mut World, plan: &Plan, words: &[&str]) -> Result<(), String> {
    if let [fault @ .., "when", at, moment] = words {
        let fault = parse_fault(plan, fault)?;
        let (_, moment) = Moment::OF_RINGS
            .into_iter()
            .chain(Moment::OF_STATES)
            .chain(Moment::OF_VERSIONS)
            .find(|(name, _)| name == moment)
            .ok_or_else(|| format!("{moment}: there is no such moment"))?;
        let trigger = Trigger { node: node(plan, at)?, moment, fault };
        world.inject(&Fault::When(Box::new(trigger)));
        return Ok(());
    }
    if let Some(done) = ballot::command(world, plan, words) {
        return done;
    }
    if let Some(done) = ports::command(world, plan, words) {
        return done;
    }
    if let Some(done) = configuration(world, plan, words) {
        return done;
    }
    match words {
        ["run", "until", "operational"] => until(world, World::is_operational),
        ["run", "until", "sprung"] => until(world, |world| !world.is_waiting()),
        ["run", span] => world.advance(time(span)?).map_err(|violation| violation.to_string()),
        ["retune", dial, value] => {
            (0..plan.machines.len()).try_for_each(|node| retune(world, node, dial, value))
        }
        ["retune", dial, value, "at", id] => retune(world, node(plan, id)?, dial, value),
        ["key", step] => {
            let step = key_step(step)?;
            (0..plan.machines.len()).for_each(|node| world.inject(&Fault::Key { node, step }));
            Ok(())
        }
        ["key", step, "at", id] => {
            world.inject(&Fault::Key { node: node(plan, id)?, step: key_step(step)? });
            Ok(())
        }
        ["say", who, rest @ ..] => say(world, node(plan, who)?, rest),
        [verb @ ("drop" | "pass"), kind, from, ">", to] => {
            let port = match *kind {
                "multicast" => Port::Data,
                "unicast" => Port::Token,
                other => return Err(format!("{other}: neither multicast nor unicast")),
            };
            world.deafen(node(plan, from)?, node(plan, to)?, (port, *verb == "drop"));
            Ok(())
        }
        _ => {
            world.inject(&parse_fault(plan, words)?);
            Ok(())
        }
    }
}

/// Commands about the configuration that are no faults; `None` for another one.
fn configuration(world: &mut World, plan: &Plan, words: &[&str]) -> Option<Result<(), String>> {
    Some(match words {
        ["directory", sight @ ("hidden-from" | "shown-to"), id] => {
            node(plan, id).map(|node| world.sees(node, *sight == "shown-to"))
        }
        ["write", id, key] => write(world, plan, [id, key], None),
        ["write", id, key, "refused-by", other] => write(world, plan, [id, key], Some(other)),
        _ => return None,
    })
}

/// A program writes a key.
fn write(
    world: &mut World,
    plan: &Plan,
    [id, key]: [&str; 2],
    refuser: Option<&str>,
) -> Result<(), String> {
    let refuser = refuser.map(|other| node(plan, other)).transpose()?;
    let step = assignment(key)?;
    world.write_key(node(plan, id)?, (&format!("write {key}"), step), refuser);
    Ok(())
}

/// `A.B.key=value`.
fn assignment(text: &str) -> Result<Step, String> {
    let wrong = || format!("{text}: not A.B.key=value");
    let (path, value) = text.split_once('=').ok_or_else(wrong)?;
    let (object, key) = path.rsplit_once('.').ok_or_else(wrong)?;
    let object = object.parse().map_err(|why| format!("{text}: {why}"))?;
    Ok(Step::Set { object, key: key.to_owned(), value: value.to_owned(), make: true })
}

fn key_step(word: &str) -> Result<KeyStep, String> {
    let found = KeyStep::ALL.into_iter().find(|(name, _)| *name == word);
    found.map(|(_, step)| step).ok_or_else(|| format!("{word}: there is no such step"))
}

/// Another timer or limit in a node's configuration.
fn retune(world: &mut World, node: usize, dial: &str, value: &str) -> Result<(), String> {
    let fault = match dial {
        "token" => {
            let token = time(value)?;
            world.retuned(node, |tuning| tuning.timing.token = token)
        }
        "consensus" => {
            let consensus = time(value)?;
            world.retuned(node, |tuning| tuning.timing.consensus = consensus)
        }
        "window" => {
            let window = value.parse().map_err(|_| format!("{value}: not a number"))?;
            world.retuned(node, |tuning| {
                tuning.window = window;
                tuning.per_turn = tuning.per_turn.min(window);
                tuning.accelerated = tuning.accelerated.min(window);
            })
        }
        other => return Err(format!("{other}: there is no such dial")),
    };
    let fault = fault.map_err(|error| error.to_string())?;
    world.trace.story(world.now(), Some(node), || format!("{dial} {value} from now on"));
    world.inject(&fault);
    Ok(())
}

fn parse_fault(plan: &Plan, words: &[&str]) -> Result<Fault, String> {
    match words {
        ["crash", id] => Ok(Fault::Crash { node: node(plan, id)?, written: true }),
        ["crash", id, "losing-write"] => Ok(Fault::Crash { node: node(plan, id)?, written: false }),
        ["start", id] => Ok(Fault::Start { node: node(plan, id)? }),
        ["leave", id] => Ok(Fault::Leave { node: node(plan, id)? }),
        ["kill", by, id] => Ok(Fault::Kill { by: node(plan, by)?, node: node(plan, id)? }),
        ["dirty", id] => Ok(Fault::Dirty { node: node(plan, id)? }),
        ["pause", id, span] => Ok(Fault::Pause { node: node(plan, id)?, length: time(span)? }),
        ["cut", from, ">", to] => Ok(Fault::Cut { from: node(plan, from)?, to: node(plan, to)? }),
        ["mend", from, ">", to] => Ok(Fault::Mend { from: node(plan, from)?, to: node(plan, to)? }),
        ["split", ids @ ..] => {
            let group: Result<Group, String> = ids.iter().map(|id| node(plan, id)).collect();
            group.map(Fault::Split)
        }
        ["reload", id] => Ok(Fault::Reload { node: node(plan, id)?, newer: 1, refuser: None }),
        ["reload", id, "same-number"] => {
            Ok(Fault::Reload { node: node(plan, id)?, newer: 0, refuser: None })
        }
        ["reload", id, "refused-by", other] => {
            let (node, refuser) = (node(plan, id)?, Some(node(plan, other)?));
            Ok(Fault::Reload { node, newer: 1, refuser })
        }
        ["program", id, words @ ..] => {
            Ok(Fault::Program { node: node(plan, id)?, act: programs::act(words)? })
        }
        ["directory"] => Ok(Fault::Directory { everyone: false }),
        ["directory", "everyone"] => Ok(Fault::Directory { everyone: true }),
        ["join"] => Ok(Fault::Join),
        other => Err(format!("{}: not understood", other.join(" "))),
    }
}

fn say(world: &mut World, who: usize, words: &[&str]) -> Result<(), String> {
    let (guarantee, words) = match words {
        ["safe", rest @ ..] => (Guarantee::Safe, rest),
        rest => (Guarantee::Agreed, rest),
    };
    let (text, size) = match words {
        [text] => (text, 20),
        [text, size] => (text, size.parse().map_err(|_| format!("{size}: how many bytes?"))?),
        _ => return Err("say what?".into()),
    };
    world.say_as(who, text, (guarantee, size));
    Ok(())
}

fn until(world: &mut World, reached: impl Fn(&World) -> bool) -> Result<(), String> {
    let end = world.now() + PATIENCE;
    while !reached(world) {
        if world.now() >= end {
            return Err(format!(
                "this does not come about within a minute\n{}",
                world.trace.scenario()
            ));
        }
        world.advance(LOOK).map_err(|violation| violation.to_string())?;
    }
    Ok(())
}
