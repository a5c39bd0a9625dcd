//! What scenarios say about votes.
//!
//! Must never do more than a client of a daemon could ask.

use daemon::stack::command::{
    Command, DeviceCommand, Leave, ManageCommand, ViewParts, VoteCommand,
};
use quorum::{Rules, TieBreaker};
use totem::NodeId;

use super::{node, time, votes};
use crate::check::quorum::Counting;
use crate::plan::{Ballot, Plan};
use crate::world::World;

/// What `set` says about how votes are counted; `false` when it is about something else.
pub(super) fn prepare(ballot: &mut Ballot, words: &[&str]) -> Result<bool, String> {
    match words {
        ["expected", expected @ ..] => {
            let read = |word: &&str| match *word {
                "-" => Ok(None),
                word => votes(word).map(Some),
            };
            ballot.counting = Counting::Mismatched;
            ballot.expected = expected.iter().map(read).collect::<Result<_, String>>()?;
        }
        ["rules", words @ ..] => {
            ballot.counting = Counting::Dynamic;
            rules(&mut ballot.rules, words)?;
        }
        ["operated"] => ballot.counting = Counting::Operated,
        ["device-timeout", span] => ballot.device_timeout = Some(time(span)?),
        ["sync-timeout", span] => ballot.sync_timeout = Some(time(span)?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// `set rules …`
fn rules(rules: &mut Rules, words: &[&str]) -> Result<(), String> {
    match words {
        [] => Ok(()),
        ["wait", rest @ ..] => {
            rules.wait_for_all = true;
            self::rules(rules, rest)
        }
        ["downscale", rest @ ..] => {
            rules.allow_downscale = true;
            self::rules(rules, rest)
        }
        ["window", span, rest @ ..] => {
            rules.last_man_standing = Some(time(span)?);
            self::rules(rules, rest)
        }
        ["tie", node, rest @ ..] => {
            rules.tie_breaker = Some(tie_breaker(node)?);
            self::rules(rules, rest)
        }
        [other, ..] => Err(format!("{other}: there is no such rule")),
    }
}

fn tie_breaker(word: &str) -> Result<TieBreaker, String> {
    let id = |word: &str| {
        let id = word.parse().ok().and_then(NodeId::new);
        id.ok_or_else(|| format!("{word}: not a node id"))
    };
    Ok(match word {
        "lowest" => TieBreaker::Lowest,
        "highest" => TieBreaker::Highest,
        list => TieBreaker::List(list.split(',').map(id).collect::<Result<_, _>>()?),
    })
}

/// Commands about votes; `None` for another one.
pub(super) fn command(
    world: &mut World,
    plan: &Plan,
    words: &[&str],
) -> Option<Result<(), String>> {
    let (who, asked) = match words {
        ["expected", who, number] => (who, votes(number).map(VoteCommand::Expected)),
        ["votes", who, "device", number] => (who, votes(number).map(VoteCommand::DeviceVotes)),
        ["votes", who, whose, number] => (who, whose_votes(plan, whose, number)),
        ["device", who, "gone"] => {
            return Some(node(plan, who).map(|node| world.hang_up(node)));
        }
        ["device", who, rest @ ("watch" | "vouch"), more @ ..]
            if *rest == "watch" || more.len() == 3 =>
        {
            let asked = program(&words[2..]);
            return Some(node(plan, who).and_then(|node| {
                world.ask(node, &words.join(" "), Command::Manage(asked?));
                Ok(())
            }));
        }
        ["device", who, rest @ ..] => (who, device(rest).map(VoteCommand::Device)),
        ["leave", who, "remove"] => {
            let leave = Command::Leave(Leave { remove: true, force: true });
            return Some(node(plan, who).map(|node| world.ask(node, "leave remove", leave)));
        }
        _ => return None,
    };
    let asks = |world: &mut World| {
        let (node, asked) = (node(plan, who)?, asked?);
        world.ask(node, &words.join(" "), Command::Vote(asked));
        Ok(())
    };
    Some(asks(world))
}

fn whose_votes(plan: &Plan, whose: &str, number: &str) -> Result<VoteCommand, String> {
    let node = plan.machines[node(plan, whose)?].id;
    Ok(VoteCommand::Votes { node, votes: votes(number)? })
}

/// What the program behind a device asks as `corosync-qdevice` does.
fn program(words: &[&str]) -> Result<ManageCommand, String> {
    match words {
        ["watch"] => Ok(ManageCommand::Track { on: true, current: false, parts: ViewParts::Votes }),
        ["vouch", word @ ("yes" | "no"), "of", ring] => {
            let read = ring.split_once('.').map(|(one, seq)| (seq.parse(), one.parse()));
            let Some((Ok(seq), Ok(representative))) = read else {
                return Err(format!("{ring}: not a ring such as 1.4"));
            };
            Ok(ManageCommand::Poll { alive: *word == "yes", ring: (seq, representative) })
        }
        other => Err(format!("device {}: not understood", other.join(" "))),
    }
}

fn device(words: &[&str]) -> Result<DeviceCommand, String> {
    let named = |name: &str, number: &str| {
        Ok::<_, String>((name.trim_matches('"').to_owned(), votes(number)?))
    };
    match words {
        ["register", name, number] => {
            let (name, votes) = named(name, number)?;
            Ok(DeviceCommand::Register { name, votes })
        }
        ["update", name, number] => {
            let (name, votes) = named(name, number)?;
            Ok(DeviceCommand::Update { name, votes })
        }
        ["poll", "yes"] => Ok(DeviceCommand::Poll(true)),
        ["poll", "no"] => Ok(DeviceCommand::Poll(false)),
        ["vouch", "yes"] => Ok(DeviceCommand::Vouch(true)),
        ["vouch", "no"] => Ok(DeviceCommand::Vouch(false)),
        ["unregister"] => Ok(DeviceCommand::Unregister),
        other => Err(format!("device {}: not understood", other.join(" "))),
    }
}
