//! The log files of a running daemon: where lines go, and that rotation loses none.

use std::fs;
use std::path::Path;

use daemon::demo::scratch::Scratch;
use tests::lab::{Lab, Setup};

use super::LISTING1;

/// What is shipped for logrotate.
const ROTATION: &str = include_str!("../../../../daemon/dist/clusterd.logrotate");

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    text.lines().map(str::to_owned).collect()
}

/// The parts of the program whose lines these are.
fn parts(lines: &[String]) -> Vec<&str> {
    let mut parts: Vec<&str> =
        lines.iter().filter_map(|line| line.split_once(" clusterd [")?.1.get(..6)).collect();
    assert_eq!(parts.len(), lines.len(), "each line has its form: {lines:#?}");
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// Listing 1 with a file of its own for one part, in this directory.
fn conf(dir: &Path) -> String {
    let dir = dir.display();
    let logging = format!(
        "<logging to_syslog=\"no\" logfile=\"{dir}/all.log\">\n\
         <logging_daemon name=\"corosync\" subsys=\"TOTEM\" logfile=\"{dir}/totem.log\" \
         debug=\"on\"/>\n</logging>\n</cluster>"
    );
    LISTING1.replace("</cluster>", &logging)
}

#[test]
fn logrotate_moves_the_files_of_a_running_daemon_and_no_line_is_lost() {
    let dir = Scratch::new("cluster-logs").expect("temporary files have a place");
    // Only the first host's files matter; the second one has its own.
    let Some(mut lab) = Lab::new(&Setup::new(&conf(dir.path()), 2)) else { return };
    let other = dir.path().join("other");
    fs::create_dir(&other).expect("the directory is ours");
    fs::write(lab.home(1).config(), conf(&other)).expect("the directory is ours");
    lab.start(0, &[]);
    lab.agree(&[0]);
    // What is written later than it happened stands in the next file.
    lab.written(0, &dir.path().join("all.log"), |text| text.contains("node 1 (iscsi1) at"));

    let rotation = dir.path().join("logrotate.conf");
    let text = ROTATION
        .replace("/var/log/cluster/", &format!("{}/", dir.path().display()))
        .replace("/run/cluster/", &format!("{}/", lab.home(0).dir().display()));
    fs::write(&rotation, text).expect("the directory is ours");
    let state = dir.path().join("state");
    // The processes of a host are its own, so that it needs a view of them of its own too.
    let rotate = format!("logrotate -f -s {} {}", state.display(), rotation.display());
    let ran = lab.run(0, &format!("unshare -m sh -c 'mount -t proc p /proc && {rotate}'"));
    assert_eq!(ran.code, Some(0), "{ran:?}");

    // Something to write about, and then the end, with which everything is written.
    lab.start(1, &[]);
    lab.agree(&[0, 1]);
    lab.terminate(0);
    assert!(lab.ended(0).success(), "{}", lab.log(0));

    let [before, after] = ["all.log.1", "all.log"].map(|name| lines(&dir.path().join(name)));
    let has = |lines: &[String], text: &str| lines.iter().any(|line| line.contains(text));
    assert!(has(&before, "node 1 (iscsi1) at") && !has(&before, "left the cluster"), "{before:#?}");
    assert!(has(&after, "left the cluster, ending") && !has(&after, "node 1 (iscsi1) at"));
    assert!(!parts(&before).contains(&"TOTEM ") && parts(&after).contains(&"QUORUM"));
    let [before, after] = ["totem.log.1", "totem.log"].map(|name| lines(&dir.path().join(name)));
    assert_eq!((parts(&before), parts(&after)), (vec!["TOTEM "], vec!["TOTEM "]));
    assert!(!has(&before, "iscsi2") && has(&after, "iscsi2"), "{before:#?}\n{after:#?}");
}
