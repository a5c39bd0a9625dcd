use std::os::unix::fs::symlink;

use super::*;
use crate::scratch::Scratch;

fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path()).expect("it is there");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it is there").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    Store::lock(path)?.write(text)
}

#[test]
fn the_one_before_is_kept_with_mode_and_owner() {
    let scratch = Scratch::with("one");
    let path = scratch.conf();
    fs::set_permissions(&path, Permissions::from_mode(0o604)).expect("it is ours");
    for text in ["two", "three"] {
        write(&path, text).expect("there is room");
    }
    let old = scratch.path().join("cluster.conf.old");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "three");
    assert_eq!(fs::read_to_string(&old).expect("it is there"), "two");
    for path in [&path, &old] {
        assert_eq!(path.metadata().expect("it is there").mode() & 0o7777, 0o604);
    }
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.old"]);
}

#[test]
fn the_owner_stays_when_root_writes() {
    let scratch = Scratch::with("one");
    let path = scratch.conf();
    if std::os::unix::fs::chown(&path, Some(4711), Some(4712)).is_err() {
        // Only root can give files away, and only for root it matters.
        assert!(!rustix::process::geteuid().is_root());
        return;
    }
    write(&path, "two").expect("there is room");
    let found = path.metadata().expect("it is there");
    assert_eq!((found.uid(), found.gid()), (4711, 4712));
}

#[test]
fn a_new_file_is_not_for_everybody() {
    let scratch = Scratch::new();
    let path = scratch.conf();
    Store::create(&path, "one").expect("there is room");
    assert_eq!(path.metadata().expect("it is there").mode() & 0o7777, 0o640);
    let refused = Store::create(&path, "two").expect_err("it is there");
    let text = format!("ccs_tool: {} already exists\n", path.display());
    assert_eq!(refused, Failure { text, code: 1 });
    assert_eq!(names(&scratch), ["cluster.conf"]);
}

#[test]
fn a_link_stays_one() {
    let scratch = Scratch::with("one");
    let link = scratch.path().join("link");
    symlink("cluster.conf", &link).expect("the directory is ours");
    write(&link, "two").expect("there is room");
    assert!(link.symlink_metadata().expect("it is there").is_symlink());
    assert_eq!(fs::read_to_string(scratch.conf()).expect("it is there"), "two");
    Store::create(&link, "three").expect_err("it is there");
}

#[test]
fn what_an_attempt_left_behind_is_no_obstacle() {
    let scratch = Scratch::with("one");
    for left in ["cluster.conf.tmp", "cluster.conf.old.tmp"] {
        fs::write(scratch.path().join(left), "half").expect("the directory is ours");
    }
    write(&scratch.conf(), "two").expect("there is room");
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.old"]);
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let scratch = Scratch::with("one");
    fs::create_dir(scratch.path().join("cluster.conf.old")).expect("the directory is ours");
    let refused = write(&scratch.conf(), "two").expect_err("the old one has no place");
    assert!(refused.text.starts_with("ccs_tool: cannot write "), "{refused:?}");
    assert_eq!(fs::read_to_string(scratch.conf()).expect("it is there"), "one");
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.old"]);
    let nowhere = scratch.path().join("no/cluster.conf");
    let refused = Store::create(&nowhere, "one").expect_err("there is no directory");
    assert!(refused.text.contains("No such file or directory"), "{refused:?}");
}

#[test]
fn changes_at_the_same_time_are_all_kept() {
    let scratch =
        Scratch::with("<cluster name=\"x\" config_version=\"1\"><clusternodes/></cluster>");
    let here = crate::scratch::environment(&scratch);
    std::thread::scope(|scope| {
        for id in 1..=8_u32 {
            let here = &here;
            scope.spawn(move || {
                let line = format!("addnode -n {id} node{id}");
                crate::scratch::typed(crate::ccs::run, here, &line)
            });
        }
    });
    let document = read(&scratch.conf()).unwrap_or_else(|why| panic!("{why:?}"));
    let nodes = crate::ccs::change::below(document.tree(), "clusternodes", "clusternode");
    assert_eq!(nodes.len(), 8);
    assert!(document.text().contains("config_version=\"9\""));
}
