//! Programs of ours that are written against Debian's headers and bindings, for what no program of
//! Debian's calls.
//!
//! Must never see our own headers: what is compiled here is compiled as anybody would.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::access;
use super::cluster;
use super::place::Place;
use super::report::{Report, differences};

/// Programs and, where they are known, what they print.
const SOURCES: [(&str, &str, &str); 5] = [
    ("cpg", include_str!("../../peers/cpg.c"), include_str!("../../peers/cpg.txt")),
    ("quorum", include_str!("../../peers/quorum.c"), include_str!("../../peers/quorum.txt")),
    (
        "votequorum",
        include_str!("../../peers/votequorum.c"),
        include_str!("../../peers/votequorum.txt"),
    ),
    ("cmap", include_str!("../../peers/cmap.c"), include_str!("../../peers/cmap.txt")),
    ("cfg", include_str!("../../peers/cfg.c"), include_str!("../../peers/cfg.txt")),
];

/// Programs that scenarios of their own run.
const OTHERS: [(&str, &str, &str); 2] = [
    ("access", include_str!("../../peers/access.c"), include_str!("../../peers/access.txt")),
    ("sam", include_str!("../../peers/sam.c"), include_str!("../../peers/sam.txt")),
];

/// What they have in common.
const HEADER: &str = include_str!("../../peers/try.h");

/// A project that is built apart: what it depends on is no part of ours.
const BINDINGS: [(&str, &str); 2] = [
    ("Cargo.toml", include_str!("../../peers/bindings/manifest.toml")),
    ("main.rs", include_str!("../../peers/bindings/main.rs")),
];

/// What it prints.
const BINDINGS_SAY: &str = include_str!("../../peers/bindings.txt");

/// Messages of each member.
const MESSAGES: usize = 500;

/// Compiles one of them; the program.
///
/// # Errors
/// The compiler's complaint.
pub fn compile(place: &Place, name: &str, words: &[&str]) -> Result<PathBuf, String> {
    let source = SOURCES.iter().chain(&OTHERS).find(|(of, ..)| *of == name);
    let (_, text, _) = source.ok_or_else(|| format!("no program {name}"))?;
    let dir = place.scratch();
    let (file, program) = (dir.join(format!("{name}.c")), dir.join(format!("try-{name}")));
    let written = fs::write(&file, text).and_then(|()| fs::write(dir.join("try.h"), HEADER));
    written.map_err(|error| format!("{}: {error}", file.display()))?;
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-o"]).arg(&program).arg(&file).args(words);
    let ended = compiler.stdin(Stdio::null()).output().map_err(|error| format!("cc: {error}"))?;
    if ended.status.success() {
        return Ok(program);
    }
    Err(format!("{name}: cc: {}", String::from_utf8_lossy(&ended.stderr).trim()))
}

/// What one of them prints; where it runs in several ways, a blank line stands between them.
pub(super) fn wanted(name: &str) -> Vec<&'static str> {
    let source = SOURCES.iter().chain(&OTHERS).find(|(of, ..)| *of == name);
    source.map(|(_, _, wanted)| wanted.split_inclusive("\n\n").collect()).unwrap_or_default()
}

/// One program per library, in C.
///
/// # Errors
/// A step is not reached in time.
pub fn libraries(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    cluster::form(place, report, &[0, 1, 2])?;
    for (name, _, wanted) in SOURCES.iter().filter(|(name, ..)| *name != "cpg") {
        let program = compile(place, name, &[&format!("-l{name}")])?;
        let ran = place.machines[1].run(&program.display().to_string())?;
        let what = format!("a program of lib{name}");
        report.check(&what, ran.fine() && ran.said == *wanted, &differences(wanted, &ran.said));
    }
    group(place, report)?;
    access::check(place, report, 1)
}

/// The five libraries through the bindings for Rust of Corosync's own people.
///
/// # Errors
/// It cannot be built, for want of the registry perhaps, or a step is not reached in time.
pub fn bindings(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let dir = place.scratch().join("bindings");
    for (name, text) in BINDINGS {
        let written = fs::create_dir_all(&dir).and_then(|()| fs::write(dir.join(name), text));
        written.map_err(|error| format!("{}: {error}", dir.display()))?;
    }
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet"]).current_dir(&dir).env("CARGO_TARGET_DIR", dir.join("target"));
    let ended = cargo.stdin(Stdio::null()).output().map_err(|error| format!("cargo: {error}"))?;
    if !ended.status.success() {
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        return Err(format!("rust-corosync is not built: {said}"));
    }
    cluster::form(place, report, &[0, 1, 2])?;
    let program = dir.join("target/debug/bindings");
    let ran = place.machines[1].run(&program.display().to_string())?;
    let so = ran.fine() && ran.said == BINDINGS_SAY;
    report.check("a program of rust-corosync", so, &differences(BINDINGS_SAY, &ran.said));
    Ok(())
}

/// The one that needs others: all three print the same, the order of messages included.
fn group(place: &mut Place, report: &mut Report<'_>) -> Result<(), String> {
    let program = compile(place, "cpg", &["-lcpg"])?;
    let line = format!("exec {} lab 3 {MESSAGES}", program.display());
    let all: Vec<usize> = (0..place.machines.len()).collect();
    for &host in &all {
        place.start(host, "cpg", &line)?;
    }
    for &host in &all {
        place.finish(host, "cpg")?;
    }
    let order = |text: &str| -> Option<String> {
        let line = text.lines().find(|line| line.starts_with("messages:"))?;
        line.rsplit_once("order ").map(|(_, order)| order.to_owned())
    };
    let first = order(&place.machines[0].printed("cpg")).unwrap_or_default();
    for &host in &all {
        let machine = &place.machines[host];
        let said = machine.printed("cpg");
        let wanted = SOURCES[0].2.replace("ORDER", &first);
        let wanted = wanted.replace("LOCAL", &machine.id().to_string());
        let what = format!("a program of libcpg on {}", machine.name());
        report.check(&what, said == wanted, &differences(&wanted, &said));
    }
    Ok(())
}
