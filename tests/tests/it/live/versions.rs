//! One command, all nodes: how soon, and what operators read of it.

use std::fs;
use std::time::{Duration, Instant};

use client::Change;
use tests::lab::{Lab, Setup};

use super::{LISTING1, THREE, figure};

/// The file of a host becomes this version of a text.
fn edit(lab: &Lab, host: usize, text: &str) {
    fs::write(lab.home(host).dir().join("cluster.conf"), text).expect("the directory is ours");
}

fn conf(lab: &Lab, host: usize) -> String {
    fs::read_to_string(lab.home(host).dir().join("cluster.conf")).expect("it is there")
}

/// So many hosts, with this token timeout in milliseconds.
fn text(version: u32, nodes: usize, token: u32) -> String {
    let node = |n: usize| format!("<clusternode name=\"iscsi{n}\" nodeid=\"{n}\"/>");
    let nodes: String = (1..=nodes).map(node).collect();
    format!(
        "<cluster name=\"some\" config_version=\"{version}\">\n<totem token=\"{token}\"/>\n\
         <clusternodes>{nodes}</clusternodes>\n</cluster>\n"
    )
}

fn numbered(text: &str, version: u32) -> String {
    let (before, rest) = text.split_once("config_version=\"").expect("it has a version");
    let (_, after) = rest.split_once('"').expect("it is closed");
    format!("{before}config_version=\"{version}\"{after}")
}

#[test]
fn a_change_reaches_five_nodes_within_a_second_and_keeps_the_old_file() {
    let text = |version| text(version, 5, 10_000);
    let Some(mut lab) = Lab::new(&Setup::new(&text(1), 5)) else { return };
    lab.start_all();
    let mut times = Vec::new();
    for version in 2..=6 {
        let mut watching: Vec<_> = (0..5).map(|host| lab.connect(host).expect("it runs")).collect();
        watching.iter_mut().for_each(|daemon| daemon.watch(true).expect("everybody may"));
        edit(&lab, 2, &text(version));
        let asked = Instant::now();
        let ran = lab.run(2, &format!("cman_tool version -r {version}"));
        let answered = asked.elapsed();
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(2));
        for daemon in &mut watching {
            let end = Some(asked + Duration::from_secs(10));
            while daemon.change(end).expect("it lives").expect("it is told")
                != Change::ConfigUpdate(u64::from(version))
            {}
        }
        times.push(asked.elapsed().max(answered));
        for host in 0..5 {
            let shown = lab.run(host, "cman_tool version").stdout;
            assert_eq!(shown, format!("6.2.0 config {version}\n"));
        }
    }
    figure("a version reaches five nodes, command included", &times);
    assert!(times.iter().all(|time| *time < Duration::from_secs(1)), "{times:?}");
    for host in 0..5 {
        lab.written(host, lab.home(host).config(), |now| now == text(6));
        let old = lab.home(host).dir().join("cluster.conf.5");
        assert_eq!(fs::read_to_string(old).expect("it is kept"), text(5));
    }
}

#[test]
fn a_node_that_was_away_is_a_member_only_with_the_clusters_file() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(1000)) else { return };
    lab.start_all();
    let mut watch = lab.watch(0);
    lab.kill(2);
    watch.lost(2);
    lab.agree(&[0, 1]);
    let old = conf(&lab, 0);
    edit(&lab, 0, &numbered(&old, 77));
    assert_eq!(lab.run(0, "cman_tool version -r").code, Some(0), "{}", lab.log(0));
    assert_eq!(conf(&lab, 2), old);
    lab.start(2, &[]);
    watch.members(&[0, 1, 2]);
    lab.go_by(&[0, 1, 2], 77);
    for host in 0..3 {
        assert_eq!(lab.run(host, "cman_tool version").stdout, "6.2.0 config 77\n");
    }
    lab.logged(2, "Now got config information version 77, continuing");
    let new = conf(&lab, 0);
    lab.written(2, lab.home(2).config(), |now| now == new);
}

#[test]
fn what_one_node_cannot_go_by_changes_none_and_its_reason_is_printed() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let old = conf(&lab, 1);
    // The file system of the second host has no room for a directory in the place of a file.
    fs::create_dir(lab.home(1).dir().join("cluster.conf.6.new")).expect("the directory is ours");
    edit(&lab, 0, &numbered(&old, 6));
    let ran = lab.run(0, "cman_tool version -r");
    assert_eq!(ran.code, Some(1));
    let refused = "cman_tool: node 2 refuses: cannot create ";
    assert!(ran.stderr.starts_with(refused), "{}", ran.stderr);
    for host in 0..2 {
        assert_eq!(lab.run(host, "cman_tool version").stdout, "6.2.0 config 5\n");
    }
    assert_eq!(conf(&lab, 1), old);
}

#[test]
fn nodes_come_and_timers_change_while_the_cluster_runs() {
    let Some(mut lab) = Lab::new(&Setup::new(&text(7, 2, 1000), 3)) else { return };
    for host in 0..2 {
        lab.start(host, &[]);
    }
    lab.agree(&[0, 1]);
    let mut watch = lab.watch(0);
    edit(&lab, 1, &text(8, 3, 1500));
    let told = lab.run(1, "cman_tool version -r --dry-run").stdout;
    assert!(told.starts_with("configuration version 7 -> 8\n"), "{told}");
    assert!(told.contains("token"), "{told}");
    assert_eq!(lab.run(1, "cman_tool version").stdout, "6.2.0 config 7\n");
    let ran = lab.run(1, "cman_tool version -r");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(1));
    edit(&lab, 2, &text(8, 3, 1500));
    lab.start(2, &[]);
    watch.members(&[0, 1, 2]);
    lab.agree(&[0, 1, 2]);
    let shown = lab.run(2, "cman_tool nodes -F id,type,name").stdout;
    assert_eq!(shown, "1 M iscsi1 \n2 M iscsi2 \n3 M iscsi3 \n");
    let shown = lab.run(0, "cman_tool status | grep -E '^(Expected|Total|Quorum)'").stdout;
    assert_eq!(shown, "Expected votes: 3\nTotal votes: 3\nQuorum: 2  \n");
}

#[test]
fn keys_and_logs_change_with_the_version_and_nobody_leaves() {
    let Some(mut lab) = Lab::new(&Setup::new(&text(1, 3, 1000), 3)) else { return };
    let [first, second, log] = ["key1", "key2", "new.log"].map(|name| lab.scratch().join(name));
    fs::write(&first, [1; 128]).expect("the directory is ours");
    fs::write(&second, [2; 128]).expect("the directory is ours");
    let keyed = |version: u32, keys: &str, more: &str| {
        let cman = format!("<cman {keys}/>{more}<clusternodes>");
        text(version, 3, 1000).replace("<clusternodes>", &cman)
    };
    let (first, second) = (first.display(), second.display());
    for host in 0..3 {
        edit(&lab, host, &keyed(1, &format!("keyfile=\"{first}\""), ""));
    }
    lab.start_all();
    let generation = lab.connect(0).expect("it runs").status().expect("it answers").generation;
    let logging = format!("<logging logfile=\"{}\" debug=\"on\"/>", log.display());
    let steps = [
        keyed(2, &format!("keyfile=\"{first}\" next_keyfile=\"{second}\""), ""),
        keyed(3, &format!("keyfile=\"{second}\""), ""),
        keyed(4, &format!("keyfile=\"{second}\""), &logging),
    ];
    // Always at the same host: at others the file of the step before may still be on its way.
    for conf in &steps {
        edit(&lab, 0, conf);
        let ran = lab.run(0, "cman_tool version -r");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(0));
    }
    lab.go_by(&[0, 1, 2], 4);
    let status = lab.connect(0).expect("it runs").status().expect("it answers");
    assert_eq!((status.generation, status.config_version, status.members), (generation, 4, 3));
    // A key that the others do not know would cut them off: nobody takes it.
    edit(&lab, 0, &keyed(5, &format!("keyfile=\"{first}\""), ""));
    let ran = lab.run(0, "cman_tool version -r");
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    lab.written(0, &log, |said| !said.is_empty());
}

#[test]
fn what_a_daemon_goes_by_can_be_had_whatever_has_become_of_its_file() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let on_disk = lab.run(1, "ccs_config_dump");
    let running = lab.run(1, "ccs_config_dump -r");
    assert_eq!((running.code, running.stderr.as_str()), (Some(0), ""));
    assert_eq!(running, on_disk);
    edit(&lab, 0, &numbered(LISTING1, 6).replace("<rm/>", "<rm log_level=\"5\"/>"));
    assert_eq!(lab.run(0, "cman_tool version -r").code, Some(0), "{}", lab.log(0));
    lab.go_by(&[0, 1], 6);
    // Not before the new one has taken its place.
    lab.written(1, lab.home(1).config(), |now| now.contains("log_level"));
    let changed = on_disk.stdout.replace("config_version=\"5\"", "config_version=\"6\"");
    let changed = changed.replace("<rm/>", "<rm log_level=\"5\"/>");
    for host in 0..2 {
        edit(&lab, host, "no XML");
        let name = format!("nodename=\"iscsi{}\"", host + 1);
        let running = lab.run(host, "ccs_config_dump -r");
        assert_eq!(running.stdout, changed.replace("nodename=\"iscsi2\"", &name));
        let checked = lab.run(host, "ccs_config_validate -r");
        assert_eq!((checked.code, checked.stdout.as_str()), (Some(0), "Configuration validates\n"));
    }
    let older = lab.run(0, "ccs_config_validate -r -R 6");
    assert_eq!(older.code, Some(254), "{older:?}");
}

#[test]
fn what_concerns_leaving_and_coming_back_changes_while_the_cluster_runs() {
    let Some(mut lab) = Lab::new(&Setup::new(&text(1, 2, 1000), 2)) else { return };
    lab.start_all();
    let mut program = lab.connect(0).expect("it runs");
    program.watch_and_object().expect("it may");
    let cman = "<cman disallowed=\"1\" shutdown_timeout=\"200\"/>\n<clusternodes>";
    edit(&lab, 0, &text(2, 2, 1000).replace("<clusternodes>", cman));
    let ran = lab.run(0, "cman_tool version -r");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(0));
    lab.go_by(&[0, 1], 2);
    for host in 0..2 {
        let flags = lab.run(host, "cman_tool status | grep Flags").stdout;
        assert_eq!(flags, "Flags: DisallowedEnabled \n");
    }
    // Who does not answer in time objects; before, the time was five seconds.
    let asked = Instant::now();
    assert_eq!(lab.run(0, "cman_tool leave").code, Some(1));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[test]
fn values_that_a_node_has_for_itself_are_told_with_their_place() {
    let Some(mut lab) = Lab::new(&Setup::new(&text(1, 2, 1000), 2)) else { return };
    let local = lab.home(0).dir().join("local.conf");
    fs::write(&local, "<cluster>\n<logging debug=\"on\"/></cluster>").expect("it is ours");
    lab.start(0, &["--expected-votes", "2", "--no-realtime"]);
    lab.start(1, &[]);
    lab.agree(&[0, 1]);
    let origins = |host| {
        let status = lab.connect(host).expect("it runs").status().expect("it answers");
        let told = status.origins.into_iter();
        told.map(|it| format!("{} {} {}", it.from, it.path, it.value)).collect::<Vec<_>>()
    };
    let start = ["expected_votes 2", "realtime no"]
        .map(|value| format!("command line or environment cluster.cman.{value}"));
    let local = format!("{}:2 cluster.logging.debug on", local.display());
    assert_eq!(origins(0), [&[local], &start[..]].concat());
    assert_eq!(origins(1), Vec::<String>::new());
    fs::remove_file(lab.home(0).dir().join("local.conf")).expect("it is ours");
    edit(&lab, 1, &text(2, 2, 1000));
    assert_eq!(lab.run(1, "cman_tool version -r").code, Some(0), "{}", lab.log(1));
    lab.go_by(&[0, 1], 2);
    assert_eq!(origins(0), start[1..], "now all count votes by the new file");
    let json = lab.run(0, "cman_tool status --json").stdout;
    assert!(json.contains("\"origins\":[{\"path\":\"cluster.cman.realtime\""), "{json}");
}

/// Starts a daemon that finds a file by the same name as the others, and of its own: below where it
/// was started.
fn join(lab: &Lab, host: usize) {
    let joined = lab.run(host, "cd $CLUSTER_RUN_DIR && cman_tool join -w -t 30");
    assert_eq!((joined.code, joined.stderr.as_str()), (Some(0), ""));
}

/// That file, where `<cman>` has this.
fn keyed(version: u32, nodes: usize, attribute: &str) -> String {
    let cman = format!("<cman {attribute}=\"/proc/self/cwd/next.key\"/><clusternodes>");
    text(version, nodes, 1000).replace("<clusternodes>", &cman)
}

/// And its content on a host.
fn key(lab: &Lab, host: usize, byte: u8) {
    fs::write(lab.home(host).dir().join("next.key"), [byte; 128]).expect("it is ours");
}

/// What an operator is told who has another key than the others.
const FOUND_OUT: &str = "refuses: its new key is another than that of node";

#[test]
fn a_node_with_another_next_key_is_found_out_before_it_is_cut_off() {
    let Some(lab) = Lab::new(&Setup::new(&text(1, 2, 1000), 2)) else { return };
    (0..2).for_each(|host| join(&lab, host));
    lab.settle();
    key(&lab, 0, 1);
    key(&lab, 1, 2);
    edit(&lab, 0, &keyed(2, 2, "next_keyfile"));
    let ran = lab.run(0, "cman_tool version -r");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains(FOUND_OUT), "{ran:?}\n{}", lab.log(0));
    assert_eq!(lab.run(1, "cman_tool version").stdout, "6.2.0 config 1\n");
    key(&lab, 1, 1);
    let ran = lab.run(0, "cman_tool version -r");
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.log(0));
    lab.go_by(&[0, 1], 2);
    for host in 0..2 {
        assert_eq!(lab.run(host, "cman_tool leave -w -t 30").code, Some(0));
    }
}

#[test]
fn a_node_that_comes_with_another_next_key_is_named_and_nobody_is_cut_off() {
    let Some(lab) = Lab::new(&Setup::new(&text(1, 3, 1000), 3)) else { return };
    let reload = |conf: &str| {
        edit(&lab, 0, conf);
        lab.run(0, "cman_tool version -r")
    };
    let all = [0, 1, 2];
    (0..2).for_each(|host| join(&lab, host));
    lab.settle();
    [(0, 1), (1, 1), (2, 2)].into_iter().for_each(|(host, byte)| key(&lab, host, byte));
    assert_eq!(reload(&keyed(2, 3, "next_keyfile")).code, Some(0), "{}", lab.whole_log(0));
    join(&lab, 2);
    lab.go_by(&all, 2);
    lab.settle();
    for host in all {
        lab.logged(host, "has another key or next key than this node in its files");
    }
    let ran = reload(&keyed(3, 3, "keyfile"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains(FOUND_OUT), "{ran:?}\n{}", lab.whole_log(0));
    // Given the same file, it is read anew with the next version.
    key(&lab, 2, 1);
    let before = lab.connect(0).expect("it runs").status().expect("it answers").generation;
    for (version, attribute) in [(3, "next_keyfile"), (4, "keyfile")] {
        let ran = reload(&keyed(version, 3, attribute));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{}", lab.whole_log(0));
        lab.go_by(&all, version.into());
    }
    let after = lab.connect(0).expect("it runs").status().expect("it answers");
    assert_eq!((after.generation, after.members), (before, 3));
    for host in all {
        assert_eq!(lab.run(host, "cman_tool leave -w -t 30").code, Some(0));
    }
}
