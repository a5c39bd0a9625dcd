//! The form of the code and the arrows between crates, checked by reading the source.
//!
//! Must never need a tool beyond the compiler's own: hygiene is a test, so everybody has it.
//!
//! What rustfmt and clippy already hold is left to them; here stands what they cannot see: lengths
//! of files, heads of modules, and the absences that make up the architecture.

use std::fs;
use std::path::{Path, PathBuf};

mod layers;

const CRATES: [&str; 8] =
    ["totem", "quorum", "confdb", "client", "capi", "daemon", "tools", "tests"];

/// One source file, with its path from the root of the workspace.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the crate lies in the workspace").to_path_buf()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Every Rust file of the workspace that people write.
fn sources() -> Vec<Source> {
    let root = root();
    let mut files = Vec::new();
    for name in CRATES {
        for part in ["src", "tests", "benches", "examples", "fuzz/fuzz_targets"] {
            walk(&root.join(name).join(part), &mut files);
        }
    }
    files.retain(|path| path.extension().is_some_and(|kind| kind == "rs"));
    files.sort();
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(&path).expect("source is text"),
        path: path.strip_prefix(&root).expect("it lies beneath").display().to_string(),
    };
    let all = files.into_iter().map(read);
    all.filter(|source| !source.text.contains("@generated")).collect()
}

impl Source {
    /// Tests beside the code: the rules for production code do not hold for them.
    fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }

    /// Lines that are code, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Places where code names one of these.
    fn naming(&self, words: &[&str]) -> Vec<String> {
        let named = self.code().filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        named.map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim())).collect()
    }
}

#[track_caller]
fn nothing(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn the_reader_finds_every_crate() {
    let sources = sources();
    for name in CRATES {
        let prefix = format!("{name}/");
        assert!(sources.iter().any(|source| source.path.starts_with(&prefix)), "{name} is empty");
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let long = sources().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > 600).then(|| format!("{}: {lines} lines", source.path))
    });
    nothing(&long.collect::<Vec<_>>(), "split these files");
}

#[test]
fn no_line_is_wider_than_100_columns() {
    let mut wide = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            // A table in a comment and a long literal cannot be broken.
            let fixed = line.trim_start().starts_with("//! |") || line.contains("\\n");
            if line.chars().count() > 100 && !fixed {
                wide.push(format!("{}:{}", source.path, index + 1));
            }
        }
    }
    nothing(&wide, "break these lines");
}

/// Lines of code of each function that is longer than 60, found by its indentation.
fn long_functions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        let starts = ["fn ", "pub fn ", "const fn ", "pub const fn ", "async fn ", "pub async fn "];
        let visible = code.split_once(") fn ").is_some_and(|(vis, _)| vis.starts_with("pub("));
        if !visible && !starts.iter().any(|start| code.starts_with(start)) {
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let body = lines[index..].iter().take_while(|line| **line != end);
        let body = body.filter(|line| {
            let code = line.trim();
            !code.is_empty() && !code.starts_with("//")
        });
        let expected = lines[index.saturating_sub(6)..index]
            .iter()
            .any(|line| line.contains("clippy::too_many_lines"));
        let length = body.count();
        if length > 62 && !expected {
            found.push(format!("{}:{}: {length} lines", source.path, index + 1));
        }
    }
    found
}

#[test]
fn no_function_is_longer_than_60_lines() {
    let long: Vec<String> = sources().iter().flat_map(long_functions).collect();
    nothing(&long, "split these functions");
}

#[test]
fn every_module_says_why_it_exists() {
    let mut found = Vec::new();
    for source in sources().into_iter().filter(|source| !source.path.ends_with("/tests.rs")) {
        let beside = source.path.contains("/src/") && source.path.contains("/tests/");
        if !beside && !source.text.starts_with("//! ") {
            found.push(source.path);
        }
    }
    nothing(&found, "begin these files with `//!` and why they exist");
}

#[test]
fn nobody_writes_what_is_banned() {
    let banned = [
        "#[allow(",
        "#![allow(",
        "#[ignore",
        "todo!(",
        "unimplemented!(",
        "HashMap<",
        "HashSet<",
        "thread::sleep(",
        "mod prelude",
        "mod utils",
        "mod common",
    ];
    let mut found = Vec::new();
    for source in sources() {
        if source.path.ends_with("/mod.rs") {
            found.push(source.path.clone());
        }
        if !source.path.starts_with("tests/tests/it/tidy") {
            found.extend(source.naming(&banned));
        }
    }
    nothing(&found, "these are banned");
}

#[test]
fn every_scenario_says_what_it_shows_and_what_comes_of_it() {
    let mut found = Vec::new();
    let mut files = Vec::new();
    walk(&root().join("tests/scenarios"), &mut files);
    for path in files {
        let text = fs::read_to_string(&path).expect("a scenario is text");
        let story = text.starts_with("# ");
        let outcome = text.split_once("\n----\n").is_some_and(|(_, after)| !after.is_empty());
        let named = path.extension().is_some_and(|kind| kind == "txt");
        if !(story && outcome && named) {
            found.push(path.display().to_string());
        }
    }
    nothing(&found, "a comment first, then `----` and the outcome, in a .txt file");
}
