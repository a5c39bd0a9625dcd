//! `ccs_tool query`: the first answer to a question, for scripts.
//!
//! Must never be silent about a question without an answer: they go by the exit status.

use confdb::query::Query;
use serde_json::json;

use super::options::Word;
use super::{Context, Failure};
use crate::source::Source;

/// Runs the command.
pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    let [question] = &context.options.operands[..] else {
        return Err(Failure::usage("the XPath is missing", Word::Query));
    };
    let no = |why: &str| Failure { text: format!("Query failed: {why}\n"), code: 255 };
    let source = Source::read(&context.file()).map_err(|_| no("Invalid argument"))?;
    let query: Query = question.parse().map_err(|_| no("Invalid argument"))?;
    let answers = query.answers(&source.tree);
    let Some(first) = answers.first() else { return Err(no("No data available")) };
    if context.options.json {
        return context.print_json(&json!({ "answers": answers }));
    }
    let end = if context.options.has('n') { "" } else { "\n" };
    Ok(write!(context.out, "{first}{end}")?)
}
