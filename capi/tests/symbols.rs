//! The shared object has exactly the symbols, with exactly the versions, that the originals have.
//!
//! What the originals have is checked in (`abi/*.txt`); where Debian's libraries are installed,
//! they are asked, too.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cluster_abi::install::{LIBRARIES, built};

/// Types, names and versions of what an object defines.
fn symbols(object: &Path) -> BTreeSet<String> {
    let run = Command::new("nm")
        .args(["--dynamic", "--defined-only", "--with-symbol-versions"])
        .arg(object)
        .output()
        .expect("binutils are installed");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let text = String::from_utf8(run.stdout).expect("names are text");
    // Nodes are no symbols; some linkers list them all the same.
    let symbol = |line: &str| Some(line.split_once(' ')?.1.to_owned());
    text.lines().filter_map(symbol).filter(|symbol| !symbol.starts_with("A ")).collect()
}

fn checked_in(library: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi").join(format!("{library}.txt"));
    let text = std::fs::read_to_string(path).expect("every library has a list");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn every_symbol_of_the_originals_and_no_other() {
    let all: BTreeSet<String> = LIBRARIES.iter().flat_map(|library| checked_in(library)).collect();
    let ours = symbols(&built().expect("cargo has built it"));
    let missing: Vec<_> = all.difference(&ours).collect();
    assert!(missing.is_empty(), "missing: {missing:#?}");
    let extra: Vec<_> = ours.difference(&all).collect();
    assert!(extra.is_empty(), "no original has: {extra:#?}");
}

#[test]
fn lists_say_what_the_installed_originals_have() {
    let mut compared = 0;
    for library in LIBRARIES {
        let path = Path::new("/usr/lib/x86_64-linux-gnu").join(library);
        if path.is_file() {
            assert_eq!(symbols(&path), checked_in(library), "{library}");
            compared += 1;
        }
    }
    println!("{compared} of {} originals are installed here", LIBRARIES.len());
}
