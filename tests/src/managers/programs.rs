//! Programs of ours that are written against Debian's headers and bindings, for what no program of
//! Debian's calls.
//!
//! Must never see our own headers: what is compiled here is compiled as anybody would.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

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

/// What they have in common.
const HEADER: &str = include_str!("../../peers/try.h");

/// Messages of each member.
const MESSAGES: usize = 500;

/// Compiles one of them; the program.
///
/// # Errors
/// The compiler's complaint.
pub fn compile(place: &Place, name: &str, words: &[&str]) -> Result<PathBuf, String> {
    let source = SOURCES.iter().find(|(of, ..)| *of == name);
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
    group(place, report)
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
