//! What the units for the service manager run, run on a host that has none.
//!
//! Must never keep a copy of the commands: they are read from the units that ship.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tests::lab::{Lab, Setup, programs};

use super::LISTING1;

fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../daemon/dist")
}

/// The command of a unit, as a line of shell on a host of a lab.
fn command(unit: &str, key: &str) -> String {
    let text = fs::read_to_string(dist().join(unit)).expect("it ships");
    let value = |line: &'_ str| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned);
    let line = text.lines().find_map(value).expect("it is said");
    line.replace("$$", "$").replace("/usr/sbin/", "")
}

#[test]
fn the_units_start_wait_and_stop() {
    let Some(lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    let start = command("clusterd.service", "ExecStart");
    let strict = command("clusterd.service", "ExecStartPre");
    let member = command("clusterd.service", "ExecStartPost");
    let quorum = command("cman-quorum.service", "ExecStart");
    let stop = command("clusterd.service", "ExecStop");
    // A name that the host does not have, and a variable with a blank in it.
    let conf = lab.scratch().join("a cluster.conf");
    fs::write(&conf, LISTING1).expect("the directory is ours");
    let unknown = lab.scratch().join("unknown.conf");
    fs::write(&unknown, LISTING1.replace("<rm/>", "<rm bogus=\"1\"/>")).expect("it is ours");
    let (conf, unknown) = (conf.display(), unknown.display());
    for (validation, file, code) in [
        ("FAIL", format!("{unknown}"), 3),
        ("FAIL", format!("{conf}"), 0),
        ("WARN", format!("{unknown}"), 0),
        ("", format!("{unknown}"), 0),
    ] {
        let variables =
            format!("export CONFIG_VALIDATION={validation} COROSYNC_CLUSTER_CONFIG_FILE='{file}'");
        let ran = lab.run(0, &format!("{variables}; {strict}"));
        assert_eq!(ran.code, Some(code), "{validation} {file}: {ran:?}");
    }
    let condition = command("clusterd.service", "ExecCondition");
    for (variables, code) in [
        (format!("COROSYNC_CLUSTER_CONFIG_FILE='{conf}'"), 0),
        ("COROSYNC_CLUSTER_CONFIG_FILE=/nonexistent".to_owned(), 1),
        ("COROSYNC_CLUSTER_CONFIG_FILE=/nonexistent CONFIG_LOADER=ldapconfig".to_owned(), 0),
    ] {
        let judged = lab.run(0, &format!("export {variables}; {condition}"));
        assert_eq!(judged.code, Some(code), "{variables}: {judged:?}");
    }
    let variables = "export NODENAME=iscsi1 CMAN_QUORUM_TIMEOUT=30 CMAN_SHUTDOWN_TIMEOUT=30";
    let variables =
        format!("{variables} CLUSTERD_OPTS='--ready-fd 1' COROSYNC_CLUSTER_CONFIG_FILE='{conf}'");
    // The service manager goes on when the daemon says that it is ready, and so does this.
    let started = lab.run(0, &format!("{variables}; ({start} 2> /dev/null &) | head -n 1"));
    assert_eq!(started.stdout, "ready\n", "{started:?}");
    let joined = lab.run(0, &format!("export CMAN_CLUSTER_TIMEOUT=30; {member}"));
    assert_eq!((joined.code, joined.stderr.as_str()), (Some(0), ""), "{joined:?}");
    lab.settle();
    let waited = lab.run(0, &format!("{variables}; {quorum}"));
    assert_eq!((waited.code, waited.stderr.as_str()), (Some(0), ""), "{waited:?}");
    let status = lab.run(0, "cman_tool status").stdout;
    assert!(status.contains("\nNode name: iscsi1\n"), "{status}");
    let stopped = lab.run(0, &format!("{variables}; {stop}"));
    assert_eq!((stopped.code, stopped.stderr.as_str()), (Some(0), ""), "{stopped:?}");
    assert!(lab.connect(0).is_err(), "it is gone");
    let late = lab.run(0, &format!("export CMAN_QUORUM_TIMEOUT=0; {quorum}"));
    assert_eq!(late.code, Some(0), "nobody waits: {late:?}");
    let late = lab.run(0, &format!("export CMAN_QUORUM_TIMEOUT=1; {quorum}"));
    assert_eq!(late.code, Some(1), "there is no cluster: {late:?}");
}

#[test]
fn the_service_manager_understands_the_units() {
    let Some(programs) = programs() else { return };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("units-{}", std::process::id()));
    fs::create_dir_all(&dir).expect("cargo's directory for tests is writable");
    let units = ["clusterd.service", "cman-quorum.service", "cman.target"].map(|unit| {
        let text = fs::read_to_string(dist().join(unit)).expect("it ships");
        let path = dir.join(unit);
        // The programs under test are not installed, and manual pages not written.
        let text = text.replace("/usr/sbin/", &format!("{}/", programs.display()));
        let lines = text.lines().filter(|line| !line.starts_with("Documentation="));
        fs::write(&path, lines.map(|line| format!("{line}\n")).collect::<String>())
            .expect("it is ours");
        path
    });
    let asked = Command::new("systemd-analyze").arg("verify").args(&units).output();
    fs::remove_dir_all(&dir).expect("it is ours");
    let Ok(asked) = asked else {
        eprintln!("SKIPPED: there is no systemd-analyze to ask");
        return;
    };
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success() && !said.contains("dist") && !said.contains("nknown"), "{said}");
}
