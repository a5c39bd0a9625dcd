//! What scenarios say about ports and barriers.
//!
//! Must never do more than a client of a daemon could ask.

use core::time::Duration;

use daemon::stack::command::{BarrierChange, BarrierCommand, Command, PortCommand};
use totem::NodeId;

use super::{node, time};
use crate::plan::Plan;
use crate::world::World;

/// Commands about ports; `None` for another one.
pub(super) fn command(
    world: &mut World,
    plan: &Plan,
    words: &[&str],
) -> Option<Result<(), String>> {
    let (who, asked) = match words {
        ["port", who, rest @ ..] => (who, port(plan, rest)),
        ["barrier", who, name, rest @ ..] => {
            let name = name.trim_matches('"').to_owned().into();
            (who, barrier(rest).map(|command| PortCommand::Barrier { name, command }))
        }
        _ => return None,
    };
    let asks = |world: &mut World| {
        let (node, asked) = (node(plan, who)?, asked?);
        world.ask(node, &words.join(" "), Command::Port(asked));
        Ok(())
    };
    Some(asks(world))
}

fn port(plan: &Plan, words: &[&str]) -> Result<PortCommand, String> {
    let id = |word: &str| Ok::<NodeId, String>(plan.machines[node(plan, word)?].id);
    let number = |word: &str| word.parse().map_err(|_| format!("{word}: which port?"));
    match words {
        ["listen", port] => Ok(PortCommand::Listen(number(port)?)),
        ["close"] => Ok(PortCommand::StopListening),
        ["send", to, port, text] => Ok(PortCommand::Send {
            to: if *to == "all" { None } else { Some(id(to)?) },
            port: number(port)?,
            payload: text.trim_matches('"').to_owned().into(),
        }),
        ["asks", whose, port] => {
            Ok(PortCommand::IsListening { node: Some(id(whose)?), port: number(port)? })
        }
        other => Err(format!("port {}: not understood", other.join(" "))),
    }
}

fn barrier(words: &[&str]) -> Result<BarrierCommand, String> {
    let number = |word: &str| word.parse().map_err(|_| format!("{word}: how many nodes?"));
    match words {
        ["for", "all"] => Ok(BarrierCommand::Register { nodes: 0, once: false }),
        ["for", nodes] => Ok(BarrierCommand::Register { nodes: number(nodes)?, once: false }),
        ["patience", span] => {
            let patience: Duration = time(span)?;
            Ok(BarrierCommand::Change(BarrierChange::Patience(Some(patience))))
        }
        ["wait"] => Ok(BarrierCommand::Wait),
        ["delete"] => Ok(BarrierCommand::Delete),
        other => Err(format!("barrier {}: not understood", other.join(" "))),
    }
}
