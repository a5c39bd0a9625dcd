//! A daemon that cannot start says in one line what is wrong and where, and ends with a failure.

use tests::lab::{Lab, Setup};

use super::{LISTING1, THREE};

/// Runs a daemon that must not start; all of `named` stand in the one line that says why.
fn refuses_in_one_line(lab: &Lab, words: &str, named: &[&str]) {
    let ran = lab.run(0, &format!("clusterd {words}"));
    assert!(ran.code.is_some_and(|code| code != 0 && code != 124), "{words}: {ran:?}");
    assert_eq!(ran.stdout, "", "{words}");
    let said = &ran.stderr;
    assert_eq!(said.lines().count(), 1, "{words}: {said}");
    assert!(said.starts_with("clusterd: "), "{words}: {said}");
    for name in named {
        assert!(said.contains(name), "{words}: {name} is not in {said}");
    }
}

/// Writes a configuration that differs from Listing 1.
fn conf(lab: &Lab, text: &str) -> String {
    let path = lab.scratch().join("other.conf");
    std::fs::write(&path, text).expect("the directory is ours");
    format!("--config {}", path.display())
}

#[test]
fn what_is_wrong_with_the_files_is_said_in_one_line() {
    let Some(lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    refuses_in_one_line(
        &lab,
        "--config /nonexistent/cluster.conf",
        &["/nonexistent/cluster.conf", "No such"],
    );
    refuses_in_one_line(&lab, "--keyfile /nonexistent/key", &["/nonexistent/key", "No such"]);
    let broken = conf(&lab, &LISTING1.replace("</clusternodes>", ""));
    refuses_in_one_line(&lab, &broken, &["other.conf:14", "clusternodes"]);
    let empty = conf(&lab, "");
    refuses_in_one_line(&lab, &empty, &["other.conf"]);
    let foreign = conf(&lab, &LISTING1.replace("iscsi", "other"));
    refuses_in_one_line(&lab, &foreign, &["iscsi1", "other1"]);
    refuses_in_one_line(&lab, "-n nosuch", &["nosuch", "iscsi1"]);
}

#[test]
fn a_name_that_leads_home_is_refused() {
    let Some(lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    let home = conf(&lab, &LISTING1.replace("iscsi2", "localhost"));
    refuses_in_one_line(
        &lab,
        &format!("{home} -n localhost"),
        &["localhost", "127.0.0.1", "/etc/hosts"],
    );
}

#[test]
fn a_port_in_use_is_named() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 1)) else { return };
    lab.start(0, &[]);
    let elsewhere = "--run-dir $CLUSTER_RUN_DIR/b --lib-dir $CLUSTER_RUN_DIR/b/lib";
    refuses_in_one_line(&lab, elsewhere, &["540", "in use"]);
    refuses_in_one_line(&lab, "", &["another clusterd is running"]);
}

#[test]
fn a_tool_that_starts_a_daemon_in_vain_says_why() {
    let Some(lab) = Lab::new(&Setup::new(LISTING1, 1)) else { return };
    let ran = lab.run(0, "CLUSTER_CONF=/nonexistent cman_tool join");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let first = ran.stderr.lines().next().unwrap_or_default();
    assert_eq!(first, "I/O warning : failed to load external entity \"/nonexistent\"");
}
