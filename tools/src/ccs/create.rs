//! `ccs_tool create`: a new configuration.
//!
//! Must never touch a file that is there.

use confdb::cluster::identity::cluster_name;
use confdb::edit::escaped;
use serde_json::json;

use super::options::Word;
use super::skeleton::Skeleton;
use super::store::Store;
use super::{Context, Failure};

/// Most nodes of a skeleton: as many as `cman_tool` takes ids.
const MOST_NODES: u32 = 4096;

/// Runs the command.
pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    let options = context.options;
    let [name] = &options.operands[..] else {
        return Err(Failure::usage("the name of the cluster is missing", Word::Create));
    };
    cluster_name(name).map_err(Failure::line)?;
    let two_node = options.has('2');
    let nodes = match options.value('n') {
        None => u32::from(two_node) * 2,
        Some(text) => text
            .parse()
            .ok()
            .filter(|nodes| *nodes <= MOST_NODES)
            .ok_or_else(|| Failure::line(format_args!("{text} is not a number of nodes")))?,
    };
    if two_node && nodes != 2 {
        let why = format!("{nodes} nodes with -2: there must be 2");
        return Err(Failure::line(why));
    }
    let name = escaped(name).map_err(Failure::line)?;
    let agent = options.value('f').map(escaped).transpose().map_err(Failure::line)?;
    let skeleton = Skeleton { name: &name, two_node, nodes, agent: agent.as_deref() };
    let file = context.file();
    Store::create(&file, &skeleton.text())?;
    if options.json {
        context.print_json(&json!({ "file": file.display().to_string(), "config_version": 1 }))?;
    }
    Ok(())
}
