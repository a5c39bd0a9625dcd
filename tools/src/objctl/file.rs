//! A file of keys and values to be written.
//!
//! Must never take a file for one that it is not: the original stored the lines of a cluster.conf.

use std::path::Path;

use super::{Failure, NAME};

/// Largest file that is read, bytes.
const LARGEST: usize = 16 << 20;

/// The keys of a file with their values.
pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, Failure> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|why| Failure(format!("{NAME}: {name}: {why}")))?;
    if bytes.len() > LARGEST {
        let text = format!("{} bytes, at most {LARGEST} are read", bytes.len());
        return Err(Failure(format!("{NAME}: {name}: {text}")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|why| Failure(format!("{NAME}: {name}: not UTF-8: {why}")))?;
    parse(&text).map_err(|(line, why)| Failure(format!("{NAME}: {name}:{line}: {why}")))
}

/// The lines that are no remarks; an error has the number of the line.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let expected = || (number, format!("{line:?} is no A.B.key=value"));
        let (path, value) = line.split_once('=').ok_or_else(expected)?;
        let path = path.trim();
        let steps = path.parse::<confdb::Path>().map(|path| path.steps().len());
        if steps.map_err(|why| (number, why.to_string()))? < 2 {
            return Err(expected());
        }
        found.push((path.to_owned(), value.trim().to_owned()));
    }
    Ok(found)
}
