//! Corosync on the same hosts and the same bridge, with programs of its library that send.
//!
//! Must never touch a Corosync of this machine: each daemon sees its own `/etc/corosync`,
//! `/var/lib/corosync`, `/run` and `/dev/shm`, and only what was started here is ended.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use daemon::demo::home;
use daemon::demo::lan;
use daemon::demo::process::Process;

use super::gather::{Generator, Outcome, gather};
use super::live::farewell;
use super::site::{HOSTS, Site, sender};

/// The sender, which is compiled when it is needed: Corosync's library is no part of ours.
const SENDER: &str = include_str!("../../peers/cpgload.c");

/// Where the library's header says that it is there.
const HEADER: &str = "/usr/include/corosync/cpg.h";

/// Gives a daemon its own files, says so, and becomes it. Words: its directory.
const CONFINED: &str = "mount --bind \"$1/etc\" /etc/corosync
mount --bind \"$1/lib\" /var/lib/corosync
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 shm /dev/shm
echo ready
exec corosync -f >/dev/null";

/// What packets are protected with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crypto {
    /// AES-256 and SHA-256: what `secauth: on` means.
    Aes256,
    /// Nothing: what Corosync does unless told otherwise, and what Debian's file says.
    None,
}

impl Crypto {
    /// What results call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes256 => "corosync+aes256",
            Self::None => "corosync+none",
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Aes256 => ("aes256", "sha256"),
            Self::None => ("none", "none"),
        }
    }
}

/// What is needed to run it.
#[derive(Debug)]
pub struct Tools {
    sender: PathBuf,
    key: PathBuf,
}

impl Tools {
    /// Looks for Corosync, compiles the sender and makes a key.
    ///
    /// # Errors
    /// What is missing, and the packages that have it.
    pub fn find(site: &Site) -> Result<Self, String> {
        let path = path();
        let absent = |name: &&str| !path.split(':').any(|dir| Path::new(dir).join(name).is_file());
        let programs = ["corosync", "corosync-keygen", "cc", "unshare", "nsenter"];
        let mut missing: Vec<&str> = programs.into_iter().filter(absent).collect();
        if !Path::new(HEADER).is_file() {
            missing.push(HEADER);
        }
        if !missing.is_empty() {
            return Err(format!(
                "the comparison with Corosync needs {}: \
                 apt-get install corosync libcpg-dev gcc util-linux",
                missing.join(", ")
            ));
        }
        let dir = site.fresh("corosync")?;
        let (sender, key) = (dir.join("cpgload"), dir.join("authkey"));
        compile(&sender)?;
        let mut keygen = Command::new("corosync-keygen");
        keygen.arg("-k").arg(&key).env("PATH", path).stdin(Stdio::null());
        let made = keygen.output().map_err(|error| format!("corosync-keygen: {error}"))?;
        if !made.status.success() {
            let said = String::from_utf8_lossy(&made.stderr);
            return Err(format!("corosync-keygen: {}", said.trim()));
        }
        Ok(Self { sender, key })
    }
}

/// Throughput with all nodes sending messages of `size` bytes.
///
/// # Errors
/// A daemon or a sender does not finish.
pub fn run(
    site: &Site,
    tools: &Tools,
    crypto: Crypto,
    size: usize,
    length: Duration,
) -> Result<Outcome, String> {
    let mut daemons = Vec::new();
    let mut generators = Vec::new();
    for host in 0..HOSTS {
        let dir = site.fresh(&format!("corosync{}", host + 1))?;
        let daemon = start(site, tools, crypto, (host, &dir))?;
        let words = [size.to_string(), length.as_secs().to_string(), HOSTS.to_string()];
        let mut command = sender(Path::new("nsenter"));
        command
            .arg(format!("--mount=/proc/{}/ns/mnt", daemon.pid()))
            .arg(&tools.sender)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let process = site.spawn(host, &mut command)?;
        let pids = vec![process.pid(), daemon.pid()];
        daemons.push(daemon);
        generators.push(Generator { process, pids });
    }
    let outcome = gather(&mut generators, length, |_| {});
    let outcome = outcome.map_err(|why| explain(site, &why))?;
    farewell(generators.into_iter().map(|generator| generator.process).collect());
    for daemon in &mut daemons {
        daemon.terminate().map_err(|error| error.to_string())?;
    }
    farewell(daemons);
    Ok(outcome)
}

fn start(
    site: &Site,
    tools: &Tools,
    crypto: Crypto,
    (host, dir): (usize, &Path),
) -> Result<Process, String> {
    let prepare = || {
        for part in ["etc", "lib"] {
            fs::create_dir_all(dir.join(part))?;
        }
        fs::copy(&tools.key, dir.join("etc/authkey"))?;
        fs::write(dir.join("etc/corosync.conf"), configuration(crypto))?;
        File::create(dir.join("log"))
    };
    let log = prepare().map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-ec", CONFINED, "sh"])
        .arg(dir)
        .env("PATH", path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0);
    let mut daemon = site.spawn(host, &mut command)?;
    let pipe = daemon.take_stdout().ok_or("a pipe was asked for")?;
    home::ready(pipe).map_err(|why| explain(site, &format!("corosync does not start: {why}")))?;
    Ok(daemon)
}

/// What `corosync.conf` has to say beyond the defaults.
fn configuration(crypto: Crypto) -> String {
    let (cipher, hash) = crypto.words();
    let mut text = format!(
        "totem {{\n  version: 2\n  cluster_name: bench\n  transport: knet\n  \
         crypto_cipher: {cipher}\n  crypto_hash: {hash}\n}}\n\
         quorum {{\n  provider: corosync_votequorum\n}}\n\
         logging {{\n  to_stderr: yes\n  to_syslog: no\n  to_logfile: no\n}}\n\
         nodelist {{\n"
    );
    for host in 0..HOSTS {
        let (n, address) = (host + 1, lan::address(host));
        writeln!(
            text,
            "  node {{\n    name: iscsi{n}\n    nodeid: {n}\n    ring0_addr: {address}\n  }}"
        )
        .expect("a string takes everything");
    }
    text + "}\n"
}

fn compile(program: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cc: {error}");
    let mut compiler = Command::new("cc")
        .args(["-O2", "-x", "c", "-", "-lcpg", "-o"])
        .arg(program)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut input) = compiler.stdin.take() {
        input.write_all(SENDER.as_bytes()).map_err(failed)?;
    }
    let ended = compiler.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&ended.stderr);
    if ended.status.success() { Ok(()) } else { Err(format!("cc: {}", said.trim())) }
}

/// Where programs are; an ordinary user's path often lacks the administrator's.
fn path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// A complaint with the last words of the daemons.
fn explain(site: &Site, why: &str) -> String {
    let mut text = why.to_owned();
    for host in 1..=HOSTS {
        let said = site.path().join(format!("corosync{host}/log"));
        let said = fs::read_to_string(said).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(8)) {
            write!(text, "\n  node {host}: {line}").expect("a string takes everything");
        }
    }
    text
}
