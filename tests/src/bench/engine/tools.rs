//! What a race needs beside our own programs.
//!
//! Must never be silent about what is missing: it is named with the package that has it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Engine, directory, path};
use crate::bench::site::Site;

/// The client, which is compiled when it is needed: Corosync's libraries are no part of ours.
const RACE: &str = include_str!("../../../peers/race.c");

/// Where the libraries' headers say that they are there.
const HEADERS: [&str; 2] = ["/usr/include/corosync/cpg.h", "/usr/include/corosync/quorum.h"];

/// What was found.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The C client.
    pub race: PathBuf,
    /// A key for Corosync.
    pub key: Option<PathBuf>,
    /// The directory of our own `libcpg.so.4`.
    pub libraries: Option<PathBuf>,
}

impl Tools {
    /// Looks for what these engines need, compiles the client and makes a key.
    ///
    /// # Errors
    /// What is missing, and the packages that have it.
    pub fn find(site: &Site, engines: &[Engine]) -> Result<Self, String> {
        let corosync = engines.iter().any(|engine| !engine.is_own());
        let own_c = engines.contains(&Engine::ClusterdCpg);
        let dir = site.fresh("tools")?;
        let mut tools =
            Self { race: dir.join("race"), key: None, libraries: directory("CLUSTER_LIBS") };
        if own_c && tools.libraries.is_none() {
            let text = "clusterd-cpg needs our libraries: CLUSTER_LIBS names their directory";
            return Err(text.to_owned());
        }
        if !corosync && !own_c {
            return Ok(tools);
        }
        missing(corosync)?;
        compile(&tools.race)?;
        if corosync {
            tools.key = Some(key(&dir.join("authkey"))?);
        }
        Ok(tools)
    }
}

fn missing(corosync: bool) -> Result<(), String> {
    let path = path();
    let absent = |name: &&str| !path.split(':').any(|dir| Path::new(dir).join(name).is_file());
    let programs = ["cc", "unshare", "nsenter", "corosync", "corosync-keygen"];
    let programs = programs.into_iter().take(if corosync { 5 } else { 1 });
    let mut missing: Vec<&str> = programs.filter(absent).collect();
    missing.extend(HEADERS.into_iter().filter(|header| !Path::new(header).is_file()));
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the race needs {}: apt-get install corosync libcpg-dev libquorum-dev gcc util-linux",
        missing.join(", ")
    ))
}

fn key(file: &Path) -> Result<PathBuf, String> {
    let mut keygen = Command::new("corosync-keygen");
    keygen.arg("-k").arg(file).env("PATH", path()).stdin(Stdio::null());
    let made = keygen.output().map_err(|error| format!("corosync-keygen: {error}"))?;
    if made.status.success() {
        return Ok(file.to_owned());
    }
    let said = String::from_utf8_lossy(&made.stderr);
    Err(format!("corosync-keygen: {}", said.trim()))
}

fn compile(program: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cc: {error}");
    let mut compiler = Command::new("cc")
        .args(["-O2", "-x", "c", "-", "-lcpg", "-lquorum", "-o"])
        .arg(program)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = compiler.stdin.take() {
        input.write_all(RACE.as_bytes()).map_err(failed)?;
    }
    let ended = compiler.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if ended.status.success() { Ok(()) } else { Err(format!("cc: {}", said.trim())) }
}
