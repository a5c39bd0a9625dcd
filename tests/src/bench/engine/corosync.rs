//! Corosync's daemons.
//!
//! Must never be tuned: all that the configuration does not have to say is default.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use daemon::demo::lan;
use daemon::demo::process::Process;

use super::{Engine, Start, Tools, path, ready};
use crate::bench::site::Site;

/// Gives a daemon its own files, says so, waits at the gate, and becomes it. Words: its directory.
const CONFINED: &str = "mount --bind \"$1/etc\" /etc/corosync
mount --bind \"$1/lib\" /var/lib/corosync
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 shm /dev/shm
echo ready
read -r go
exec corosync -f >/dev/null";

/// Has one wait at the gate.
pub(super) fn wait(
    site: &Site,
    tools: &Tools,
    start: Start,
    host: usize,
) -> Result<Process, String> {
    let dir = site.fresh(&format!("corosync{}", host + 1))?;
    let prepare = || {
        for part in ["etc", "lib"] {
            fs::create_dir_all(dir.join(part))?;
        }
        if let Some(key) = &tools.key {
            fs::copy(key, dir.join("etc/authkey"))?;
        }
        fs::write(dir.join("etc/corosync.conf"), configuration(start))?;
        File::create(dir.join("log"))
    };
    let log = prepare().map_err(|error| format!("{}: {error}", dir.display()))?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-ec", CONFINED, "sh"])
        .arg(&dir)
        .env("PATH", path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0);
    let mut daemon = site.spawn(host, &mut command)?;
    ready(&mut daemon).map_err(|why| format!("corosync does not start: {why}"))?;
    Ok(daemon)
}

/// What `corosync.conf` has to say beyond the defaults.
fn configuration(start: Start) -> String {
    let transport = match start.engine {
        Engine::CorosyncUdpu => "  transport: udpu\n",
        Engine::CorosyncPlain => "  transport: knet\n  crypto_cipher: none\n  crypto_hash: none\n",
        Engine::CorosyncAes256 | Engine::Clusterd | Engine::ClusterdCpg => {
            "  transport: knet\n  crypto_cipher: aes256\n  crypto_hash: sha256\n"
        }
    };
    let token = start.token.map(|token| format!("  token: {token}\n")).unwrap_or_default();
    let mut text = format!(
        "totem {{\n  version: 2\n  cluster_name: bench\n{transport}{token}}}\n\
         quorum {{\n  provider: corosync_votequorum\n}}\n\
         logging {{\n  to_stderr: yes\n  to_syslog: no\n  to_logfile: no\n}}\n\
         nodelist {{\n"
    );
    for host in 0..start.nodes {
        let (n, address) = (host + 1, lan::address(host));
        writeln!(
            text,
            "  node {{\n    name: iscsi{n}\n    nodeid: {n}\n    ring0_addr: {address}\n  }}"
        )
        .expect("a string takes everything");
    }
    text + "}\n"
}

/// The last words of the daemons of the first hosts.
pub(super) fn last_words(site: &Site, hosts: usize) -> Vec<String> {
    let mut words = Vec::new();
    for host in 1..=hosts {
        let said = site.path().join(format!("corosync{host}/log"));
        let said = fs::read_to_string(said).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.iter().skip(lines.len().saturating_sub(4));
        words.extend(last.map(|line| format!("node {host}: {line}")));
    }
    words
}
