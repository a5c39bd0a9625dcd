//! Programs of other users: they may look, and do no more unless `uidgid` says so.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use client::map::{Map, Value};
use tests::lab::{Lab, Ran, Setup, programs};

use super::THREE;

/// Runs a line as a user who owns nothing.
fn as_user(lab: &Lab, user: u32, line: &str) -> Ran {
    let who = format!("setpriv --reuid={user} --regid={user} --clear-groups");
    lab.run(0, &format!("exec {who} {line}"))
}

#[test]
fn other_users_may_look_and_those_of_uidgid_may_act() {
    let conf = THREE.replace("</cluster>", "  <uidgid uid=\"65533\"/>\n</cluster>");
    let Some(mut lab) = Lab::new(&Setup::new(&conf, 1)) else { return };
    lab.start(0, &[]);
    let socket = lab.home(0).socket();
    // Other users are to get as far as the socket, and to find the programs.
    for dir in socket.ancestors().skip(1).take_while(|dir| dir.starts_with(lab.scratch())) {
        fs::set_permissions(dir, Permissions::from_mode(0o755)).expect("it is ours");
    }
    let built = programs().expect("there is a lab");
    let [joins, tool] = ["examples/replicated_kv", "cman_tool"].map(|name| {
        let copy = lab.scratch().join(name.replace('/', "-"));
        fs::copy(built.join(name), &copy).expect("it is built: cargo build -p client --examples");
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).expect("it is ours");
        copy.display().to_string()
    });
    let joins = format!("{joins} {}", socket.display());

    // Its input is at its end, so it joins and goes.
    let refused = as_user(&lab, 65534, &joins);
    let why = "Error: Refused { reason: Permission, text: \"user 65534 may only look\" }\n";
    assert_eq!((refused.code, refused.stderr.as_str()), (Some(1), why));
    assert_eq!(as_user(&lab, 65534, &format!("{tool} status")).code, Some(0));
    let refused = as_user(&lab, 65534, &format!("{tool} expected -e 1"));
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.ends_with("permission denied.\n"), "{refused:?}");

    let admitted = as_user(&lab, 65533, &joins);
    assert_eq!((admitted.code, admitted.stderr.as_str()), (Some(0), ""), "the file names it");
    let mut root = lab.connect(0).expect("it runs");
    root.map_set(Map::Keys, "uidgid.uid.65534", Value::U8(1)).expect("root may");
    let admitted = as_user(&lab, 65534, &joins);
    assert_eq!((admitted.code, admitted.stderr.as_str()), (Some(0), ""), "a key names it");
    root.map_delete(Map::Keys, "uidgid.uid.65534").expect("root may");
    assert_eq!(as_user(&lab, 65534, &joins).code, Some(1));
}
