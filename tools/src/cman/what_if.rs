//! `cman_tool what-if`: which nodes may fail now, and what would happen if.
//!
//! Must never compute anything: the daemon tries it on a copy of what it counts by. A word of what
//! happens is followed by to whom, and steps follow each other:
//!
//! | steps | meaning |
//! |---|---|
//! | `fail a,b` | these nodes fail in the same moment |
//! | `leave a,b` | they leave in good order |
//! | `join a,b` | they join |
//! | `votes a=3` | the votes of a node are set |
//! | `expected 4` | the expected votes are set |
//!
//! Nodes are called by name or id. Windows of time, such as that of the last man standing, are not
//! over between two steps. With `--json`: `now`, `may_fail` and `each` as the table without steps,
//! `steps` with `step` and the verdict after it.

use std::fmt::Write as _;
use std::io::Write;

use client::{Connection, Node, Step, Trial, Verdict};
use serde_json::{Value, json};

use super::failure::Failure;
use super::options::Options;
use super::print_json;

pub(super) fn run(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let nodes = daemon.nodes()?;
    let steps = steps(&options.steps, &nodes)?;
    let trial = daemon.what_if(&steps)?;
    if options.json {
        print_json(out, &object(&trial, &steps, &nodes))?;
    } else if steps.is_empty() {
        out.write_all(outlook(&trial, &nodes).as_bytes())?;
    } else {
        out.write_all(story(&trial, &steps, &nodes).as_bytes())?;
    }
    Ok(())
}

fn steps(words: &[String], nodes: &[Node]) -> Result<Vec<Step>, Failure> {
    let mut steps = Vec::new();
    for pair in words.chunks(2) {
        let [word, object] = pair else {
            return Err(die(format!("what-if: {} what?", pair.concat())));
        };
        steps.push(match word.as_str() {
            "fail" => Step::Fail(ids(object, nodes)?),
            "leave" => Step::Leave(ids(object, nodes)?),
            "join" => Step::Join(ids(object, nodes)?),
            "expected" => Step::Expected(number(object)?),
            "votes" => {
                let sides = object.split_once('=');
                let (name, votes) = sides
                    .ok_or_else(|| die(format!("what-if: votes {object} is not name=votes")))?;
                Step::Votes { node: id(name, nodes)?, votes: number(votes)? }
            }
            other => return Err(die(format!("what-if: nothing is known that is called {other}"))),
        });
    }
    Ok(steps)
}

fn ids(names: &str, nodes: &[Node]) -> Result<Vec<u32>, Failure> {
    names.split(',').map(|name| id(name, nodes)).collect()
}

fn id(name: &str, nodes: &[Node]) -> Result<u32, Failure> {
    let called = |node: &&Node| node.name == name || node.id.to_string() == name;
    let found = nodes.iter().find(called).map(|node| node.id);
    found.ok_or_else(|| die(format!("what-if: no node is called {name}")))
}

fn number(text: &str) -> Result<u32, Failure> {
    text.parse().map_err(|_| die(format!("what-if: {text} is not a number of votes")))
}

fn die(text: String) -> Failure {
    Failure::Die(text)
}

fn name(id: u32, nodes: &[Node]) -> String {
    let known = nodes.iter().find(|node| node.id == id);
    known.map_or_else(|| id.to_string(), |node| node.name.clone())
}

fn sentence(step: &Step, nodes: &[Node]) -> String {
    let names = |ids: &[u32]| {
        let names: Vec<String> = ids.iter().map(|&id| name(id, nodes)).collect();
        names.join(",")
    };
    match step {
        Step::Fail(ids) => format!("fail {}", names(ids)),
        Step::Leave(ids) => format!("leave {}", names(ids)),
        Step::Join(ids) => format!("join {}", names(ids)),
        Step::Votes { node, votes } => format!("votes {}={votes}", name(*node, nodes)),
        Step::Expected(votes) => format!("expected {votes}"),
    }
}

/// Who may fail as things are.
fn outlook(trial: &Trial, nodes: &[Node]) -> String {
    let rows = trial.each.iter().map(|(id, verdict)| (name(*id, nodes), verdict));
    let mut text = match (trial.now.quorate, trial.any) {
        (false, _) => "Not quorate now.\n".to_owned(),
        (true, 0) => "Not every node may fail.\n".to_owned(),
        (true, 1) => "Any 1 node may fail, whichever it is.\n".to_owned(),
        (true, any) => format!("Any {any} nodes may fail one after the other, whichever.\n"),
    };
    let now = [("now".to_owned(), &trial.now)];
    text.push_str(&table("If this one fails", now.into_iter().chain(rows)));
    text
}

/// What happens step by step.
fn story(trial: &Trial, steps: &[Step], nodes: &[Node]) -> String {
    let rows = steps.iter().zip(&trial.steps).map(|(step, it)| (sentence(step, nodes), it));
    table("Step", [("now".to_owned(), &trial.now)].into_iter().chain(rows))
}

fn table<'a>(title: &str, rows: impl Iterator<Item = (String, &'a Verdict)>) -> String {
    let rows: Vec<(String, &Verdict)> = rows.collect();
    let longest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let width = longest.max(title.len());
    let mut text = format!("{title:width$}  Votes  Expected  Needed  Quorate  Why\n");
    for (name, verdict) in rows {
        let Verdict { quorate, present, needed, expected, device: _, why } = verdict;
        let quorate = if *quorate { "yes" } else { "no" };
        writeln!(text, "{name:width$}  {present:5}  {expected:8}  {needed:6}  {quorate:7}  {why}")
            .expect("writing to a string cannot fail");
    }
    text
}

fn object(trial: &Trial, steps: &[Step], nodes: &[Node]) -> Value {
    let each = trial
        .each
        .iter()
        .map(|(id, it)| json!({ "id": id, "name": name(*id, nodes), "if_it_fails": verdict(it) }));
    let steps = steps
        .iter()
        .zip(&trial.steps)
        .map(|(step, it)| json!({ "step": sentence(step, nodes), "quorum": verdict(it) }));
    json!({
        "now": verdict(&trial.now),
        "may_fail": trial.any,
        "each": each.collect::<Vec<Value>>(),
        "steps": steps.collect::<Vec<Value>>(),
    })
}

fn verdict(verdict: &Verdict) -> Value {
    let Verdict { quorate, present, needed, expected, device, why } = verdict;
    json!({
        "quorate": quorate,
        "votes": present,
        "needed": needed,
        "expected_votes": expected,
        "quorum_device_votes": device,
        "why": why,
    })
}
