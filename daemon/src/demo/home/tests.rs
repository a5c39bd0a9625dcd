use std::ffi::OsStr;

use super::super::scratch::Scratch;
use super::*;

fn home(scratch: &Scratch) -> Home {
    let dir = scratch.path().join("node");
    Home::new(dir, scratch.path().join("cluster.conf")).expect("it is ours")
}

#[test]
fn a_daemon_finds_all_its_places_in_its_home() {
    let scratch = Scratch::new("home-test").expect("temporary files have a place");
    let command = home(&scratch).daemon(Path::new("clusterd"), &[]).expect("it is ours");
    let places: Vec<(&OsStr, &OsStr)> =
        command.get_envs().filter_map(|(name, value)| Some((name, value?))).collect();
    assert_eq!(places.len(), 4);
    assert!(places.iter().all(|(_, value)| Path::new(value).starts_with(scratch.path())));
}

#[test]
fn what_steers_another_daemon_is_not_inherited() {
    for name in ["CLUSTER_CONF", "CMAN_VOTES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "CLUSTERD"] {
        assert!(steers(&name.into()), "{name}");
    }
    assert!(!steers(&"PATH".into()));
}

#[test]
fn a_daemon_is_ready_when_it_says_so_and_not_otherwise() {
    assert_eq!(ready(&b"ready\n"[..]), Ok(()));
    assert_eq!(ready(&b"no such file\nready\n"[..]), Err("no such file".to_owned()));
    assert_eq!(ready(&b""[..]), Err(String::new()));
}

#[test]
fn last_words_are_the_last_lines() {
    let scratch = Scratch::new("home-test").expect("temporary files have a place");
    let home = home(&scratch);
    assert_eq!(home.last_words(2), Vec::<String>::new());
    fs::write(home.log(), "one\ntwo\nthree\n").expect("it is ours");
    assert_eq!(home.last_words(2), ["two", "three"]);
}
