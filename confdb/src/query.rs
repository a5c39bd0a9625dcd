//! Questions to a tree in the words that programs of the original use: a small part of XPath.
//!
//! Must never be a second path notation for people: [`crate::path`] is that one. Takes absolute
//! paths only: `/cluster/clusternodes/clusternode[2]/@name`, `/cluster/cman[@port="5405"]`,
//! `/cluster/child::*[1]`, `/cluster/cman/@*`. Indexes count from one.

use thiserror::Error;

use crate::error::quoted;
use crate::path::{MOST_STEPS, is_name};
use crate::tree::{Handle, Tree};

/// Longest question, bytes.
pub const LONGEST_QUERY: usize = 4096;

/// A question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Query {
    steps: Vec<Step>,
    wanted: Wanted,
}

/// One element on the way.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Step {
    /// Its name; `None` for any.
    name: Option<String>,
    filters: Vec<Filter>,
}

/// What is kept of the elements that a step finds in one parent.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Filter {
    /// The n-th.
    Nth(usize),
    /// Those with this attribute, or with this value of it.
    Key(String, Option<String>),
}

/// What is asked for at the end of the way.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Wanted {
    /// The text of the elements: there is none.
    Element,
    /// An attribute.
    Key(String),
    /// All attributes.
    Keys,
}

/// Why a text is no question.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum QueryError {
    /// It does not begin at the root.
    #[error("{} does not begin with '/'", quoted(.0))]
    Relative(String),
    /// A part of it is none of those that are understood.
    #[error("{} is not understood", quoted(.0))]
    Step(String),
    /// It is too long or too deep.
    #[error("a question has at most {LONGEST_QUERY} bytes and {MOST_STEPS} steps")]
    TooLong,
}

impl Query {
    /// All answers in document order: values of attributes, `name=value` for `@*`, and an empty
    /// text for each element.
    #[must_use]
    pub fn answers(&self, tree: &Tree) -> Vec<String> {
        let mut found = vec![Handle::ROOT];
        for step in &self.steps {
            found = found.into_iter().flat_map(|parent| step.children(tree, parent)).collect();
        }
        let keys = found.iter().flat_map(|object| tree.keys(*object));
        match &self.wanted {
            Wanted::Element => found.iter().map(|_| String::new()).collect(),
            Wanted::Keys => keys.map(|key| format!("{}={}", key.name, key.value)).collect(),
            Wanted::Key(name) => {
                keys.filter(|key| key.name == *name).map(|key| key.value.to_string()).collect()
            }
        }
    }
}

impl Step {
    fn children(&self, tree: &Tree, parent: Handle) -> Vec<Handle> {
        let named = |object: &Handle| self.name.as_ref().is_none_or(|n| tree.name(*object) == n);
        let mut found: Vec<Handle> = tree.children(parent).iter().copied().filter(named).collect();
        for filter in &self.filters {
            match filter {
                Filter::Nth(n) => found = found.get(n - 1).copied().into_iter().collect(),
                Filter::Key(name, value) => found.retain(|object| {
                    let key = tree.key(*object, name);
                    key.is_some_and(|key| {
                        value.as_ref().is_none_or(|v| key.value.to_string() == *v)
                    })
                }),
            }
        }
        found
    }
}

impl core::str::FromStr for Query {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST_QUERY {
            return Err(QueryError::TooLong);
        }
        let Some(rest) = text.strip_prefix('/') else {
            return Err(QueryError::Relative(text.to_owned()));
        };
        let mut steps = Vec::new();
        let mut parts = split(rest).into_iter().peekable();
        while let Some(part) = parts.next() {
            let wanted = part.strip_prefix('@').filter(|_| parts.peek().is_none());
            if let Some(name) = wanted {
                let wanted = match name {
                    "*" => Wanted::Keys,
                    name if is_name(name) => Wanted::Key(name.to_owned()),
                    _ => return Err(QueryError::Step(part.to_owned())),
                };
                return Ok(Self { steps, wanted });
            }
            if steps.len() == MOST_STEPS {
                return Err(QueryError::TooLong);
            }
            steps.push(step(part).ok_or_else(|| QueryError::Step(part.to_owned()))?);
        }
        Ok(Self { steps, wanted: Wanted::Element })
    }
}

/// The parts between slashes; one within quotes is part of a value.
fn split(text: &str) -> Vec<&str> {
    let mut quote = None;
    let outside = move |c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(_) | None => {}
        }
        c == '/' && quote.is_none()
    };
    text.split(outside).collect()
}

fn step(part: &str) -> Option<Step> {
    let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
    let name = match name.strip_prefix("child::").unwrap_or(name) {
        "*" => None,
        name if is_name(name) => Some(name.to_owned()),
        _ => return None,
    };
    let mut filters = Vec::new();
    while !rest.is_empty() {
        let (filter, after) = filter(rest)?;
        filters.push(filter);
        rest = after;
    }
    Some(Step { name, filters })
}

/// The first filter of a text, and what comes after it.
fn filter(text: &str) -> Option<(Filter, &str)> {
    let inner = text.strip_prefix('[')?;
    let Some(key) = inner.strip_prefix('@') else {
        let (digits, after) = inner.split_once(']')?;
        let index = Some(digits).filter(|d| d.bytes().all(|byte| byte.is_ascii_digit()))?;
        return Some((Filter::Nth(index.parse().ok().filter(|n| *n > 0)?), after));
    };
    let (name, rest) = key.split_at(key.find(['=', ']'])?);
    if !is_name(name) {
        return None;
    }
    if let Some(after) = rest.strip_prefix(']') {
        return Some((Filter::Key(name.to_owned(), None), after));
    }
    let rest = rest.strip_prefix('=')?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, after) = rest[1..].split_once(quote)?;
    Some((Filter::Key(name.to_owned(), Some(value.to_owned())), after.strip_prefix(']')?))
}

#[cfg(test)]
mod tests;
