use super::*;
use crate::stack::command::Leave;

fn peer(uid: u32, gid: u32) -> Peer {
    Peer { uid, gid, pid: Some(4711) }
}

#[test]
fn superuser_and_own_user_may_change_and_strangers_may_not() {
    let policy = Policy::own();
    let me = nix::unistd::geteuid().as_raw();
    assert!(policy.permits(&peer(0, 0)));
    assert!(policy.permits(&peer(me, 12345)));
    assert!(!policy.permits(&peer(me + 7000, 0)), "group 0 alone is not enough");
}

#[test]
fn configured_users_and_groups_may_change() {
    let policy = Policy::own().with_uid(99_001).with_gid(99_002);
    assert!(policy.permits(&peer(99_001, 5)));
    assert!(policy.permits(&peer(99_003, 99_002)));
    assert!(!policy.permits(&peer(99_003, 5)));
}

#[test]
fn looking_needs_no_permission_and_leaving_does() {
    assert!(!needs_permission(&Command::Status));
    assert!(!needs_permission(&Command::Watch { on: true, objects: false }));
    assert!(needs_permission(&Command::Leave(Leave::default())));
    assert!(needs_permission(&Command::Attach));
    assert!(needs_permission(&Command::Configuration));
}

#[test]
fn peer_names_itself_for_the_log() {
    assert_eq!(peer(0, 0).to_string(), "process 4711 of user 0");
    assert_eq!(Peer { uid: 7, gid: 7, pid: None }.to_string(), "a process of user 7");
}

#[test]
fn who_is_admitted_may_change_until_told_otherwise() {
    let mut policy = Policy::own();
    policy.admit(&Admitted { users: [99_001].into(), groups: [99_002].into() });
    assert!(policy.permits(&peer(99_001, 5)));
    assert!(policy.permits(&peer(99_003, 99_002)));
    policy.admit(&Admitted::default());
    assert!(!policy.permits(&peer(99_001, 5)));
    assert!(!policy.permits(&peer(99_003, 99_002)));
    assert!(policy.permits(&peer(0, 0)));
}

#[test]
fn looking_keys_up_needs_no_permission_and_setting_them_does() {
    use crate::stack::map::{Value, Which};
    let (map, key) = (Which::Keys, "app.key".to_owned());
    assert!(!needs_permission(&Command::Map(MapCommand::Get { map, key: key.clone() })));
    let value = Value::U8(1);
    assert!(needs_permission(&Command::Map(MapCommand::Set { map, key, value })));
}
