//! One notation for every object and key, so that a problem, a log line and a tool mean the same.
//!
//! Must never be ambiguous: names cannot contain the characters that a path is made of. A path is
//! a list of names separated by dots; where several siblings share a name, `[n]` picks the n-th in
//! document order, counted from one: `cluster.clusternodes.clusternode[2].name`. Without an index
//! every sibling of that name is meant.

use core::fmt;
use core::num::NonZeroU32;
use core::str::FromStr;

use thiserror::Error;

use crate::error::{LONGEST_NAME, quoted};

/// Longest path, in steps.
pub const MOST_STEPS: usize = 64;

/// A way from the root to an object or key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Path {
    steps: Vec<Step>,
}

/// One name on the way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Step {
    /// The name.
    pub name: String,
    /// Which of the siblings of that name, from one; `None` means all of them.
    pub index: Option<NonZeroU32>,
}

/// Why a text is no path.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum PathError {
    /// A name is empty, too long or has a character that names do not have.
    #[error("{} is not a name", quoted(.0))]
    Name(String),
    /// An index is not a number from one, or its bracket is not closed.
    #[error("{} is not an index such as [2]", quoted(.0))]
    Index(String),
    /// More steps than a tree is deep.
    #[error("a path has at most {MOST_STEPS} names")]
    TooLong,
}

impl Path {
    /// The root.
    #[must_use]
    pub const fn root() -> Self {
        Self { steps: Vec::new() }
    }

    /// The steps from the root.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The last step and the path to it; `None` for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &Step)> {
        let (last, steps) = self.steps.split_last()?;
        Some((Self { steps: steps.to_vec() }, last))
    }

    /// This path, one step further.
    #[must_use]
    pub fn join(mut self, name: &str, index: Option<NonZeroU32>) -> Self {
        self.steps.push(Step { name: name.to_owned(), index });
        self
    }
}

/// Whether a tree takes `name` for an object or key: letters, digits, `_`, `-` and `:`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':');
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(fits)
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.steps.iter().enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            f.write_str(&step.name)?;
            if let Some(index) = step.index {
                write!(f, "[{index}]")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let mut steps = Vec::new();
        for part in text.split('.') {
            if steps.len() == MOST_STEPS {
                return Err(PathError::TooLong);
            }
            steps.push(step(part)?);
        }
        Ok(Self { steps })
    }
}

fn step(part: &str) -> Result<Step, PathError> {
    let (name, index) = match part.split_once('[') {
        None => (part, None),
        Some((name, rest)) => {
            let index = rest
                .strip_suffix(']')
                .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(|| PathError::Index(part.to_owned()))?;
            (name, Some(index))
        }
    };
    if !is_name(name) {
        return Err(PathError::Name(name.to_owned()));
    }
    Ok(Step { name: name.to_owned(), index })
}

#[cfg(test)]
mod tests;
