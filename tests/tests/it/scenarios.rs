//! Every file in `scenarios/` is a story, and what comes of it must be what the file says.
//!
//! Must never accept a file that is out of date: `SCENARIOS=rewrite cargo test -p tests scenarios`
//! brings it up to date, and the difference is for review.

use std::fs;
use std::path::{Path, PathBuf};

use tests::script::replay;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(folder).expect("the folder of scenarios is part of the crate");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.sort();
    files
}

#[test]
fn every_scenario_comes_out_as_written() {
    let rewrite = std::env::var("SCENARIOS").is_ok_and(|value| value == "rewrite");
    let mut failures = Vec::new();
    let files = files();
    assert!(files.len() >= 12, "scenarios are missing: {files:?}");
    for path in files {
        let written = fs::read_to_string(&path).expect("a scenario is text");
        match replay(&written) {
            Err(what) => failures.push(format!("{}: {what}", path.display())),
            Ok(found) if found == written => {}
            Ok(found) if rewrite => fs::write(&path, found).expect("it can be written"),
            Ok(found) => {
                let from = found.lines().zip(written.lines()).take_while(|(a, b)| a == b).count();
                let differ = found.lines().skip(from).take(12).collect::<Vec<_>>().join("\n");
                failures.push(format!("{}, from line {}:\n{differ}", path.display(), from + 1));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
