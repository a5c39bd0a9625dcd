//! Libraries for linkers alone: the symbols of one library of the original, and its name.
//!
//! Must never be loaded by a program: there is nothing in the functions.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

/// Has a C compiler make `out` of what `nm` says of a library.
pub(super) fn build(soname: &str, symbols: &str, out: &Path) -> io::Result<()> {
    let mut code = String::new();
    let mut versions: BTreeMap<&str, String> = BTreeMap::new();
    for function in symbols.lines().filter_map(|line| line.strip_prefix("T ")) {
        let (name, version) = function.split_once("@@").unwrap_or((function, ""));
        code += &format!("void {name}(void) {{}}\n");
        if !version.is_empty() {
            *versions.entry(version).or_default() += &format!("{name}; ");
        }
    }
    let nodes = versions.iter().map(|(version, names)| format!("{version} {{ {names}}};\n"));
    let nodes: String = nodes.collect();
    let script = out.with_extension("map");
    fs::write(&script, if nodes.is_empty() { "{ *; };" } else { &nodes })?;
    let built = compile(soname, &code, &script, out);
    fs::remove_file(&script)?;
    built
}

fn compile(soname: &str, code: &str, script: &Path, out: &Path) -> io::Result<()> {
    let mut compiler = Command::new("cc")
        .args(["-shared", "-nostdlib", "-fPIC", "-x", "c", "-", "-o"])
        .arg(out)
        .arg(format!("-Wl,-soname,{soname}"))
        .arg(format!("-Wl,--version-script={}", script.display()))
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|why| io::Error::new(why.kind(), format!("the C compiler `cc`: {why}")))?;
    if let Some(mut input) = compiler.stdin.take() {
        input.write_all(code.as_bytes())?;
    }
    let status = compiler.wait()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("cc did not make {}: {status}", out.display())))
}
