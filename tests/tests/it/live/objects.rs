//! Keys and objects of real daemons, as programs look them up and watch them.

use std::fs;
use std::time::{Duration, Instant};

use client::confdb::{ObjectChange, ObjectEvent};
use client::map::{Entry, Track};
use client::{Connection, KeyChange, Map, Value};
use tests::lab::{Lab, Setup};

use super::LISTING1;

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
