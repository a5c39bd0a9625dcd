use std::os::unix::fs::PermissionsExt;

use clap::Parser;

use super::*;
use crate::demo::scratch::Scratch;

fn text(version: u64) -> Vec<u8> {
    format!(
        "<cluster name=\"c\" config_version=\"{version}\"><clusternodes>\
         <clusternode name=\"a\" nodeid=\"1\"/></clusternodes></cluster>\n"
    )
    .into_bytes()
}

fn place(version: u64) -> (Scratch, Place) {
    let scratch = Scratch::new("reload-files").expect("there is room");
    let path = scratch.path().join("cluster.conf");
    fs::write(&path, text(version)).expect("the directory is ours");
    (scratch, Place::new(&path))
}

fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path()).expect("it is there").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_new_text_takes_the_place_of_the_old_which_is_kept() {
    let (scratch, place) = place(5);
    let mode = fs::Permissions::from_mode(0o640);
    fs::set_permissions(place.path(), mode).expect("it is ours");
    place.stage(6, &text(6)).expect("there is room");
    assert_eq!(place.read(), Ok(text(5)));
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.6.new"]);
    place.activate((6, &text(6)), (5, &text(5))).expect("it is staged");
    assert_eq!(place.read(), Ok(text(6)));
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.5"]);
    let kept = fs::read(scratch.path().join("cluster.conf.5")).expect("it is kept");
    assert_eq!(kept, text(5));
    let mode = place.path().metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    // Again is as good as once.
    place.activate((6, &text(6)), (5, &text(5))).expect("nothing is to be done");
    assert_eq!(place.read(), Ok(text(6)));
}

#[test]
fn a_file_that_an_operator_has_edited_is_the_new_one_already_and_the_old_is_kept() {
    let (scratch, place) = place(6);
    place.stage(6, &text(6)).expect("there is room");
    place.activate((6, &text(6)), (5, &text(5))).expect("there is room");
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.5"]);
    let kept = fs::read(scratch.path().join("cluster.conf.5")).expect("it is kept");
    assert_eq!(kept, text(5));
}

#[test]
fn what_was_staged_and_is_gone_is_written_anew() {
    let (_scratch, place) = place(5);
    place.stage(6, &text(6)).expect("there is room");
    place.unstage(6);
    place.activate((6, &text(6)), (5, &text(5))).expect("there is room");
    assert_eq!(place.read(), Ok(text(6)));
}

#[test]
fn a_link_stays_and_what_it_points_to_is_replaced() {
    let (scratch, place) = place(5);
    let link = scratch.path().join("link.conf");
    std::os::unix::fs::symlink(place.path(), &link).expect("the directory is ours");
    let linked = Place::new(&link);
    linked.stage(6, &text(6)).expect("there is room");
    linked.activate((6, &text(6)), (5, &text(5))).expect("it is staged");
    assert!(link.is_symlink());
    assert_eq!(place.read(), Ok(text(6)));
}

#[test]
fn only_so_many_old_texts_are_kept_and_nothing_else_is_removed() {
    let (scratch, place) = place(1);
    for name in ["cluster.conf.old", "cluster.conf.bak.3", "other.conf.2"] {
        fs::write(scratch.path().join(name), "mine").expect("the directory is ours");
    }
    for version in 2..15 {
        let old = version - 1;
        place.activate((version, &text(version)), (old, &text(old))).expect("there is room");
    }
    let kept = names(&scratch);
    let old = kept.iter().filter(|name| {
        name.strip_prefix("cluster.conf.").is_some_and(|rest| rest.parse::<u64>().is_ok())
    });
    assert_eq!(old.count(), GENERATIONS);
    assert!(kept.contains(&"cluster.conf.13".to_owned()), "{kept:?}");
    for name in ["cluster.conf.old", "cluster.conf.bak.3", "other.conf.2"] {
        assert!(kept.contains(&name.to_owned()), "{kept:?}");
    }
}

#[test]
fn what_was_accepted_is_found_again_and_parts_are_removed() {
    let (scratch, place) = place(5);
    assert_eq!(place.left_behind(5), []);
    for version in [4, 6, 7] {
        place.stage(version, &text(version)).expect("there is room");
    }
    let part = scratch.path().join("cluster.conf.9.new");
    fs::write(part, &text(9)[..40]).expect("the directory is ours");
    let lie = scratch.path().join("cluster.conf.8.new");
    fs::write(lie, text(7)).expect("the directory is ours");
    let found = place.left_behind(5);
    let edition = |version| Edition { version, digest: Digest::of(&text(version)) };
    assert_eq!(found, [edition(6), edition(7)]);
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.6.new", "cluster.conf.7.new"]);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_by_name() {
    let (_scratch, place) = place(5);
    fs::write(place.path(), vec![b' '; LARGEST_TEXT + 1]).expect("there is room");
    let error = place.read().expect_err("it is too large");
    assert!(error.contains("cluster.conf is larger than 524288 bytes"), "{error}");
    fs::remove_file(place.path()).expect("it is ours");
    let error = place.read().expect_err("it is gone");
    assert!(error.starts_with("cannot read the configuration"), "{error}");
    let nowhere = Place::new(Path::new("/proc/nowhere/cluster.conf"));
    let error = nowhere.stage(6, b"x").expect_err("it is not writable").to_string();
    assert!(error.starts_with("cannot create /proc/nowhere/cluster.conf.6.new"), "{error}");
}

/// The modes of a file and of what may be beside it.
fn mode(path: &Path) -> u32 {
    path.metadata().expect("it is there").permissions().mode() & 0o777
}

#[test]
fn a_copy_of_a_directory_is_the_owners_alone_and_what_was_before_is_kept() {
    let scratch = Scratch::new("reload-files").expect("there is room");
    let lib = scratch.path().display().to_string();
    let options = Options::parse_from(["clusterd", "--loader=ldap", "--lib-dir", &lib]);
    let place = Place::of(&options);
    place.adopt(5, &text(5)).expect("there is room");
    assert_eq!(place.read(), Ok(text(5)));
    assert_eq!(names(&scratch), ["cluster.conf"]);
    // Whatever somebody did to it.
    let path = scratch.path().join("cluster.conf");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("it is ours");
    fs::write(scratch.path().join("cluster.conf.6.new"), "torn").expect("the directory is ours");
    place.adopt(6, &text(6)).expect("there is room");
    assert_eq!(place.read(), Ok(text(6)));
    assert_eq!(names(&scratch), ["cluster.conf", "cluster.conf.5"]);
    assert_eq!(mode(&path), 0o600);
    place.adopt(6, &text(6)).expect("nothing to do");
    place.stage(7, &text(7)).expect("there is room");
    assert_eq!(mode(&scratch.path().join("cluster.conf.7.new")), 0o600);
    assert_eq!(place.left_behind(6).len(), 1, "accepted, and remembered at the next start");
}
