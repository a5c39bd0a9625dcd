//! `cman_tool expected` and `cman_tool votes`: how many votes all members expect, and how many a
//! node has.
//!
//! Must never say that it is done before it is in force on all members: the daemon answers when
//! its request has come back through the ring. What is refused has changed nothing anywhere. With
//! `--json`: `expected_votes`; or `node`, `node_id` and `votes`.

use std::io::Write;

use client::proto::Reason;
use client::{Connection, Error};
use serde_json::json;

use super::failure::Failure;
use super::options::Options;
use super::print_json;

pub(super) fn expected(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    // Without -e nothing was asked for, and nothing cannot be expected.
    let votes = options.number('e').unwrap_or(0);
    daemon.set_expected(votes).map_err(|why| refused("can't set expected votes", why))?;
    if options.json {
        print_json(out, &json!({ "expected_votes": votes }))?;
    }
    Ok(())
}

pub(super) fn votes(
    options: &Options,
    daemon: &mut Connection,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let votes = options.number('v').unwrap_or(0);
    let (node, name) = whose(options, daemon)?;
    daemon.set_votes(node, votes).map_err(|why| refused("can't set votes", why))?;
    if options.json {
        print_json(out, &json!({ "node": name, "node_id": node, "votes": votes }))?;
    }
    Ok(())
}

/// The node named with `-n`, the first if there are several, or this one.
fn whose(options: &Options, daemon: &mut Connection) -> Result<(u32, String), Failure> {
    let Some(name) = options.names.first() else {
        let me = daemon.status()?.me;
        return Ok((me.id, me.name));
    };
    let known = daemon.nodes()?.into_iter().find(|node| node.name == *name);
    let unknown = || format!("Can't set votes for node {name} : No such file or directory");
    known.map(|node| (node.id, node.name)).ok_or_else(|| Failure::Die(unknown()))
}

/// In the words that scripts know; why exactly is in the daemon's refusal and nowhere else.
fn refused(what: &str, error: Error) -> Failure {
    let text = if let Error::Refused { reason: Reason::Invalid, .. } = error {
        "Invalid argument"
    } else if let Error::Refused { reason: Reason::NotMember, .. } = error {
        "Node is not yet a cluster member"
    } else if let Error::Refused { reason: Reason::NoSuchNode, .. } = error {
        "No such file or directory"
    } else {
        return error.into();
    };
    Failure::Die(format!("{what}: {text}"))
}
