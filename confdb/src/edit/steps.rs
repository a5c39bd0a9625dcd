//! Several changes to a text at once, each named by its path, as programs ask for them.
//!
//! Must never do some of them: all are done, in their order, or none. Must never give two texts one
//! version: the version is raised by one, unless a step sets it. Whether a node can go by what
//! comes out is not judged here.

use core::num::NonZeroU32;

use thiserror::Error;

use super::{Document, EditError, Element};
use crate::error::Problem;
use crate::path::Path;
use crate::tree::Handle;

/// Most steps of one request.
pub const MOST_STEPS: usize = 256;
/// Most bytes that are read again and again for one request: steps times bytes of the text.
pub const MOST_WORK: usize = 4 << 20;

/// The topmost element, and its attribute that all steps together raise.
const TOP: &str = "cluster";
const VERSION: &str = "config_version";

/// One change. Of several elements that a path names the first is meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// Give an attribute a value.
    Set {
        /// Of this element.
        object: Path,
        /// The attribute.
        key: String,
        /// The value.
        value: String,
        /// Add the element, and those around it, where they are missing.
        make: bool,
    },
    /// Add these elements as far as they are missing, one within the other.
    Create(Path),
    /// Add an element after its siblings of that name, and those around it as far as they are
    /// missing.
    New {
        /// The element.
        object: Path,
        /// Its attributes.
        keys: Vec<(String, String)>,
    },
    /// Remove an attribute.
    Unset {
        /// Of this element.
        object: Path,
        /// The attribute.
        key: String,
    },
    /// Remove an element and all it holds.
    Delete(Path),
}

/// Why nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum StepError {
    /// The text before is no configuration.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(Problem),
    /// A path names no element.
    #[error("there is no {0} in the configuration")]
    NoElement(Path),
    /// The element has no such attribute.
    #[error("{object} has no attribute {key} in the configuration")]
    NoAttribute {
        /// The element.
        object: Path,
        /// The attribute.
        key: String,
    },
    /// The text would no longer be read, or it cannot carry this.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Nothing, or too much.
    #[error(
        "{steps} changes of a text of {size} bytes: at least one and at most {MOST_STEPS} are \
         taken, and {MOST_WORK} bytes for all together"
    )]
    Number {
        /// How many were asked for.
        steps: usize,
        /// Bytes of the text.
        size: usize,
    },
}

/// The text after these steps, with the next version.
///
/// # Errors
/// What cannot be done.
pub fn apply(source: &str, text: &[u8], steps: &[Step]) -> Result<String, StepError> {
    let size = text.len();
    if steps.is_empty() || steps.len() > MOST_STEPS || steps.len() * size > MOST_WORK {
        return Err(StepError::Number { steps: steps.len(), size });
    }
    let mut document = Document::parse(source, text).map_err(|problems| {
        StepError::Unreadable(problems.into_iter().next().expect("an error has its reason"))
    })?;
    let before = version(&document);
    for step in steps {
        take(&mut document, step)?;
    }
    if let Some((top, number)) = before
        && version(&document) == before
    {
        document.set(top, VERSION, &(number + 1).to_string())?;
    }
    Ok(document.text())
}

/// The topmost element, which is always the first object, and its version.
fn version(document: &Document) -> Option<(Handle, u64)> {
    let top = document.tree().children_named(Handle::ROOT, TOP).next()?;
    let number: u32 = document.tree().key(top, VERSION)?.value.as_text()?.parse().ok()?;
    Some((top, number.into()))
}

fn take(document: &mut Document, step: &Step) -> Result<(), StepError> {
    match step {
        Step::Set { object, key, value, make } => {
            let object = if *make { made(document, object)? } else { found(document, object)? };
            document.set(object, key, value)?;
        }
        Step::Create(object) => drop(made(document, object)?),
        Step::New { object, keys } => {
            let (above, last) = object.split_last().ok_or_else(|| missing(object))?;
            let above = made(document, &above).map_err(|_| missing(object))?;
            let element = Element::new(&last.name);
            let element = keys.iter().fold(element, |it, (name, value)| it.key(name, value));
            document.append(above, &element)?;
        }
        Step::Unset { object, key } => {
            let handle = found(document, object)?;
            if document.tree().key(handle, key).is_none() {
                let (object, key) = (object.clone(), key.clone());
                return Err(StepError::NoAttribute { object, key });
            }
            document.unset(handle, key)?;
        }
        Step::Delete(object) => {
            let object = found(document, object)?;
            document.remove(object)?;
        }
    }
    Ok(())
}

fn missing(path: &Path) -> StepError {
    StepError::NoElement(path.clone())
}

fn found(document: &Document, path: &Path) -> Result<Handle, StepError> {
    let first = document.tree().find(path).first().copied();
    first.filter(|object| *object != Handle::ROOT).ok_or_else(|| missing(path))
}

/// The element of this path; what is missing is added, and an index must be the next one then.
fn made(document: &mut Document, path: &Path) -> Result<Handle, StepError> {
    let mut known = Path::root();
    for step in path.steps() {
        let longer = known.clone().join(&step.name, step.index);
        if found(document, &longer).is_err() {
            let above = found(document, &known).map_err(|_| missing(&longer))?;
            let there = document.tree().children_named(above, &step.name).count();
            let next = u32::try_from(there + 1).ok().and_then(NonZeroU32::new);
            if step.index.is_some() && step.index != next {
                return Err(missing(&longer));
            }
            document.append(above, &Element::new(&step.name))?;
        }
        known = longer;
    }
    found(document, path)
}

#[cfg(test)]
mod tests;
