use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;
use crate::demo::scratch::Scratch;

const fn at(millis: u64) -> Duration {
    Duration::from_millis(1_000_000 + millis)
}

fn scratch() -> Scratch {
    Scratch::new("clusterd-log-file").expect("temporary files have a place")
}

#[test]
fn a_file_that_was_moved_away_is_made_again_within_a_second() {
    let dir = scratch();
    let (path, moved) = (dir.path().join("log"), dir.path().join("log.1"));
    let mut file = LogFile::new(path.clone());
    file.write("one\n", at(0)).expect("it can be made");
    fs::rename(&path, &moved).expect("it is there");
    file.write("two\n", at(999)).expect("it is open");
    file.write("three\n", at(1000)).expect("it can be made again");
    assert_eq!(fs::read_to_string(&moved).expect("it is there"), "one\ntwo\n");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "three\n");
    fs::rename(&path, &moved).expect("it is there");
    file.reopen();
    file.write("four\n", at(1001)).expect("it can be made again");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "four\n");
}

#[test]
fn a_full_disk_is_told_once_and_tried_again() {
    let dir = scratch();
    let path = dir.path().join("log");
    symlink("/dev/full", &path).expect("the directory is ours");
    let mut file = LogFile::new(path.clone());
    let why = file.write("one\n", at(0)).expect_err("it is full");
    assert!(why.contains(&path.display().to_string()) && why.contains("No space"), "{why}");
    for late in [1, 999, 1500, 3000] {
        assert_eq!(file.write("more\n", at(late)), Ok(()), "{late}");
    }
    assert_eq!(file.take_lost(), 0, "it is not over");
    fs::remove_file(&path).expect("it is there");
    file.write("here again\n", at(4000)).expect("there is room");
    assert_eq!(file.take_lost(), 5);
    assert_eq!(file.take_lost(), 0);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "here again\n");
}

#[test]
fn a_wall_clock_that_is_set_back_stops_nothing() {
    let dir = scratch();
    let path = dir.path().join("log");
    symlink("/dev/full", &path).expect("the directory is ours");
    let mut file = LogFile::new(path.clone());
    file.write("one\n", at(5000)).expect_err("it is full");
    fs::remove_file(&path).expect("it is there");
    file.write("two\n", at(0)).expect("there is room");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "two\n");
}

#[test]
fn a_pipe_that_nobody_reads_is_an_error_and_no_halt() {
    let dir = scratch();
    let path = dir.path().join("pipe");
    mkfifo(&path, Mode::S_IRWXU).expect("the directory is ours");
    let mut file = LogFile::new(path.clone());
    file.write("one\n", at(0)).expect_err("nobody reads");
    // A reader that keeps the pipe open and never reads.
    let flags = OFlag::O_NONBLOCK.bits();
    let _reader = OpenOptions::new().read(true).custom_flags(flags).open(&path).expect("a pipe");
    let line = format!("{}\n", "x".repeat(999));
    let outcomes = (0..1000).map(|_| file.write(&line, at(2000)));
    assert!(outcomes.filter(Result::is_err).count() == 1, "it is full once");
}

#[test]
fn a_line_that_came_through_in_part_does_not_swallow_the_next() {
    let dir = scratch();
    let path = dir.path().join("log");
    fs::write(&path, "half a li").expect("the directory is ours");
    let found = fs::metadata(&path).expect("it is there");
    let mut file = LogFile::new(path.clone());
    file.torn = Some((found.dev(), found.ino()));
    file.write("one\n", at(0)).expect("there is room");
    file.write("two\n", at(1)).expect("there is room");
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "half a li\none\ntwo\n");
}
