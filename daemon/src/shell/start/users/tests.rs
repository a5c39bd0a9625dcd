use super::*;

fn resolved(elements: &str) -> (Users, Vec<String>) {
    let text = format!(
        "<cluster name=\"c\" config_version=\"1\"><clusternodes><clusternode name=\"a\" \
         nodeid=\"1\"/></clusternodes>{elements}</cluster>"
    );
    let read = confdb::load::configuration("cluster.conf", text.as_bytes()).unwrap();
    resolve(&read.tree)
}

#[test]
fn numbers_and_names_are_known() {
    let (users, notes) =
        resolved("<uidgid uid=\"108\" gid=\"112\"/><uidgid uid=\"root\"/><uidgid gid=\"root\"/>");
    assert_eq!(users, Users { uids: [0, 108].into(), gids: [0, 112].into() });
    assert_eq!(notes, [""; 0]);
}

#[test]
fn unknown_name_admits_nobody_and_is_said() {
    let (users, notes) = resolved("<uidgid uid=\"nobody-of-this-name\" gid=\"-1\"/>");
    assert_eq!(users, Users::default());
    assert_eq!(
        notes,
        [
            "uidgid: this host has no user \"nobody-of-this-name\"",
            "uidgid: this host has no group \"-1\"",
        ]
    );
}
