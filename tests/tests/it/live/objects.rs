//! Keys and objects of real daemons, as programs look them up and watch them.

use std::fs;
use std::time::{Duration, Instant};

use client::confdb::{ObjectChange, ObjectEvent};
use client::map::{Entry, Track};
use client::{Connection, KeyChange, Map, Value};
use tests::lab::{Lab, Setup};

use super::{LISTING1, THREE};

/// The next change of a key of this name.
fn next_of(program: &mut Connection, name: &str) -> Option<Value> {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let change = program.key_change(Some(end)).expect("the daemon lives");
        let KeyChange { key, new, .. } = change.expect("it changes in time");
        if key == name {
            return new;
        }
    }
}

#[test]
fn who_tracks_members_is_told_of_a_loss_and_of_a_return() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let mut program = lab.connect(0).expect("it runs");
    let track = Track {
        map: Map::Keys,
        key: "runtime.members.".to_owned(),
        prefix: true,
        added: true,
        changed: true,
        deleted: true,
    };
    program.map_track(7, &track).expect("there is room");
    let status = "runtime.members.2.status";
    assert_eq!(program.map_get(Map::Keys, status).expect("it is there"), Value::text("joined"));
    lab.kill(1);
    assert_eq!(next_of(&mut program, status), Some(Value::text("left")));
    lab.start(1, &[]);
    assert_eq!(next_of(&mut program, status), Some(Value::text("joined")));
    let count = program.map_get(Map::Keys, "runtime.members.2.join_count");
    assert_eq!(count.expect("it is there"), Value::U32(2));
}

/// The file of a host.
fn conf(lab: &Lab, host: usize) -> String {
    fs::read_to_string(lab.home(host).config()).expect("it is there")
}

/// Waits until all these hosts go by a version and have it in their files; its text.
fn alike(lab: &Lab, hosts: usize, version: u64) -> String {
    lab.go_by(&(0..hosts).collect::<Vec<_>>(), version);
    let number = format!("config_version=\"{version}\"");
    let text =
        |host| lab.written(host, lab.home(host).config(), |text: &str| text.contains(&number));
    let first = text(0);
    (1..hosts).for_each(|host| assert_eq!(text(host), first, "host {host}"));
    first
}

#[test]
fn what_is_written_at_one_host_is_read_at_all_and_in_their_files() {
    let Some(mut lab) = Lab::new(&Setup::new(THREE, 3).token(1000)) else { return };
    lab.start_all();
    let before = conf(&lab, 0);
    let version = |host| lab.run(host, "cman_tool version").stdout;
    let number: u64 =
        version(0).trim_start_matches("6.2.0 config ").trim().parse().expect("a number");
    let ran = lab.run(1, "corosync-objctl -w cluster.rm.log_level=7 totem.token=1500");
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
    let written = alike(&lab, 3, number + 1);
    for host in 0..3 {
        assert_eq!(version(host), format!("6.2.0 config {}\n", number + 1), "both are one version");
        let read = lab.run(host, "corosync-objctl cluster.rm.log_level totem.token").stdout;
        assert_eq!(read, "cluster.rm.log_level=7\ntotem.token=1500\n");
    }
    assert!(written.contains("log_level=\"7\"") && written.contains("token=\"1500\""), "{written}");
    let old = fs::read_to_string(lab.home(2).dir().join(format!("cluster.conf.{number}")));
    assert_eq!(old.expect("it is kept"), before);

    // A file of lines makes an element that only makes sense whole.
    let lines = lab.scratch().join("lines");
    let fourth = "cluster.clusternodes.clusternode[4]";
    fs::write(&lines, format!("{fourth}.name=iscsi4\n{fourth}.nodeid=4\n")).expect("it is ours");
    let ran = lab.run(2, &format!("corosync-objctl --json -p {}", lines.display()));
    let version = number + 2;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains(&format!("\"config_version\":{version}")), "{ran:?}");
    alike(&lab, 3, version);
    let nodes = lab.run(0, "cman_tool nodes -F id,type,name").stdout;
    assert!(nodes.ends_with("4 X iscsi4 \n"), "{nodes}");
    let ran = lab.run(0, &format!("corosync-objctl -d {fourth} cluster.rm.log_level"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(!alike(&lab, 3, version + 1).contains("iscsi4"));
    assert_eq!(lab.run(2, "corosync-objctl cluster.rm.log_level").stdout, "");
}

#[test]
fn what_cannot_be_written_changes_nothing_and_is_told_why() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let before = conf(&lab, 0);
    let refused = |what: &str| {
        let ran = lab.run(0, &format!("corosync-objctl {what}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{what}");
        ran.stderr
    };
    for (what, why) in [
        ("-w cluster.cman.nodename=x", "cluster.cman.nodename follows from"),
        ("-w totem.interface.mcastport=1", "write cluster.cman.port"),
        ("-w runtime.connections.active=1", "shows how the daemon"),
        ("-w totem.token=soon", "cluster.totem.token"),
        ("-w cluster.name=other", "restart"),
        ("-w cluster.config_version=2", "raise config_version above 5"),
        ("-w cluster.no.key=1", "Can't find parent object of \"cluster.no.key\""),
        ("-d cluster.clusternodes.clusternode[2].nodeid", "nodeid"),
    ] {
        let told = refused(what);
        assert!(told.contains(why), "{what}: {told}");
    }
    // The file system of the second host has no room for a directory in the place of a file.
    fs::create_dir(lab.home(1).dir().join("cluster.conf.6.new")).expect("the directory is ours");
    let told = refused("-w cluster.rm.log_level=7");
    assert!(told.contains("node 2 refuses: cannot create "), "{told}");
    for host in 0..2 {
        assert_eq!(lab.run(host, "cman_tool version").stdout, "6.2.0 config 5\n");
        assert_eq!(conf(&lab, host), before);
    }
    let mut program = lab.connect(0).expect("it runs");
    let cluster = program.tree_find("cluster.rm").expect("it may look").objects[0];
    fs::remove_dir(lab.home(1).dir().join("cluster.conf.6.new")).expect("it is there");
    let made = program.tree_create(cluster, "resources").expect("all go by it");
    assert_eq!(program.tree_find("cluster.rm.resources").expect("it may").objects, [made]);
    alike(&lab, 2, 6);
    assert_eq!(lab.run(1, "corosync-objctl cluster.rm").stdout, "cluster.rm.resources\n");
}

#[test]
fn programs_that_are_connected_are_shown_with_their_numbers() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let mut program = lab.connect(0).expect("it runs");
    program.watch(true).expect("everybody may");
    program.ping().expect("it runs");
    let listed = lab.run(0, "corosync-objctl runtime.connections").stdout;
    let key = |name: &str, value: &str| {
        let found = listed.lines().any(|line| {
            line.contains("connections.lab:") && line.ends_with(&format!(".{name}={value}"))
        });
        assert!(found, "{name}={value}\n{listed}");
    };
    // The daemon is in a world of its own, where processes outside have no number.
    key("client_pid", "0");
    // Hello, watch, ping.
    key("requests", "3");
    key("responses", "3");
    key("flow_control", "0");
    let tool = listed.lines().filter(|line| line.contains(".corosync-objctl:")).count();
    assert_eq!(tool, 7, "the tool itself: {listed}");
    assert!(listed.contains("runtime.connections.active="), "{listed}");
    let page = program.map_list(Map::Statistics, "stats.ipcs.", "").expect("everybody may");
    let own = page.entries.iter().find(|entry| entry.value == Value::text("lab"));
    let own = own.and_then(|entry| entry.key.strip_suffix("procname")).expect("it is there");
    let requests = page.entries.iter().find(|entry| entry.key == format!("{own}requests"));
    assert_eq!(requests.expect("it is there").value, Value::U64(4));
    let closed = program.map_get(Map::Statistics, "stats.ipcs.global.closed");
    assert!(matches!(closed, Ok(Value::U64(1..))), "{closed:?}");
}

#[test]
fn new_version_is_seen_in_keys_and_objects() {
    let Some(mut lab) = Lab::new(&Setup::new(LISTING1, 2)) else { return };
    lab.start_all();
    let mut program = lab.connect(1).expect("it runs");
    let cluster = program.tree_find("cluster").expect("it may look").objects[0];
    program.tree_watch(3, cluster, true).expect("there is room");
    let text = LISTING1.replace("config_version=\"5\"", "config_version=\"6\"");
    fs::write(lab.home(0).config(), text).expect("the directory is ours");
    let reload = lab.run(0, "cman_tool version -r");
    assert_eq!(reload.code, Some(0), "{}", reload.stderr);
    let end = Instant::now() + Duration::from_secs(30);
    let change = program.tree_change(Some(end)).expect("the daemon lives");
    let ObjectChange { watch, path, event, .. } = change.expect("it changes in time");
    assert_eq!((watch, path.as_str()), (3, "cluster"));
    let entry = Entry { key: "config_version".to_owned(), value: Value::text("6") };
    assert_eq!(event, ObjectEvent::Set(entry));
    let version = program.map_get(Map::Keys, "totem.config_version");
    assert_eq!(version.expect("it is there"), Value::U64(6));
}
