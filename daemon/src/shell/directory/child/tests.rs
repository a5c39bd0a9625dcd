use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::demo::scratch::Scratch;

/// What a program of this text comes to in half a second.
fn run(script: &str) -> Result<Vec<u8>, Unanswered> {
    let scratch = Scratch::new("directory-child").expect("there is room");
    let program = scratch.path().join("program");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("the directory is ours");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("it is ours");
    Child::new(program, Duration::from_millis(1500)).run()
}

fn no(why: &str) -> Result<Vec<u8>, Unanswered> {
    Err(Unanswered::No(why.to_owned()))
}

#[test]
fn what_it_prints_is_the_answer_and_what_it_complains_of_the_error() {
    assert_eq!(run("printf \"$1\""), Ok(WORD.into()), "asked with the word");
    assert_eq!(run("printf %s \"$2 $3\""), Ok(b"--within 1350".to_vec()), "and its time");
    assert_eq!(run("echo no >&2; exit 3"), Err(Unanswered::Wrong("no".to_owned())));
    assert_eq!(run("echo one >&2; echo two >&2; exit 1"), no("one\ntwo"));
    let unusable = Err(Unanswered::Unusable("no base".to_owned()));
    assert_eq!(run("echo no base >&2; exit 2"), unusable);
    assert_eq!(run("true"), no("the answer is empty"));
}

#[test]
fn half_of_an_answer_is_none() {
    assert_eq!(run("echo '<cluster'; echo broken >&2; exit 1"), no("broken"));
    let killed = run("echo '<cluster'; kill -9 $$");
    assert!(killed.expect_err("it was killed").to_string().contains("signal: 9"));
}

#[test]
fn it_is_not_waited_for_longer_than_was_said_nor_read_without_an_end() {
    let began = Instant::now();
    let late = no("the directory does not answer within 1.5s");
    assert_eq!(run("exec sleep 60"), late);
    assert_eq!(run("exec >&- 2>&-; exec sleep 60"), late, "though it says nothing more");
    assert!(began.elapsed() < Duration::from_secs(20));
    let much = format!("the configuration has more than {LARGEST_TEXT} bytes");
    assert_eq!(run("exec yes"), no(&much));
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    let nothing = Child::new("/nothing/there".into(), Duration::from_secs(1)).run();
    let why = nothing.expect_err("it is not there").to_string();
    assert!(why.starts_with("cannot ask the directory: "), "{why}");
}
