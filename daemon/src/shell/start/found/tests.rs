use std::fs;

use super::*;
use crate::demo::scratch::Scratch;

fn text(version: u64) -> Vec<u8> {
    format!(
        "<cluster name=\"c\" config_version=\"{version}\"><clusternodes>\
         <clusternode name=\"a\" nodeid=\"1\"/></clusternodes></cluster>\n"
    )
    .into_bytes()
}

/// What a node starts with whose copy is this.
fn chosen(answer: Result<Vec<u8>, Unanswered>, copy: Option<&[u8]>) -> Result<Found, String> {
    let scratch = Scratch::new("origin").expect("there is room");
    let path = scratch.path().join("cluster.conf");
    if let Some(copy) = copy {
        fs::write(&path, copy).expect("the directory is ours");
    }
    choose(answer, &Place::new(&path)).map_err(|why| why.to_string())
}

fn silent() -> Result<Vec<u8>, Unanswered> {
    Err(Unanswered::No("one: refused\ntwo: silent".to_owned()))
}

#[test]
fn what_the_directory_has_is_taken_and_kept() {
    for copy in [None, Some(text(4)), Some(text(5)), Some(b"broken".to_vec())] {
        let origin = chosen(Ok(text(5)), copy.as_deref()).expect("it answers");
        assert_eq!((origin.text, origin.copy, origin.fresh), (text(5), None, true));
    }
}

#[test]
fn without_an_answer_the_copy_is_taken_and_it_is_said_why() {
    let origin = chosen(silent(), Some(&text(5))).expect("there is a copy");
    assert_eq!((origin.text, origin.fresh), (text(5), false));
    assert_eq!(origin.copy.as_deref(), Some("one: refused; two: silent"));
}

#[test]
fn a_copy_that_is_newer_goes_before_the_directory() {
    let origin = chosen(Ok(text(5)), Some(&text(6))).expect("both are good");
    let why = "the directory has version 5 only, this node went by 6";
    assert_eq!((origin.text, origin.fresh, origin.copy.as_deref()), (text(6), false, Some(why)));
}

#[test]
fn without_an_answer_and_a_copy_all_reasons_are_told() {
    for copy in [None, Some(&b"broken"[..])] {
        let why = chosen(silent(), copy).expect_err("there is nothing");
        assert!(why.starts_with("one: refused\ntwo: silent\nthere is no copy"), "{why}");
    }
    let unusable = Err(Unanswered::Unusable("no base".to_owned()));
    assert_eq!(chosen(unusable, Some(&text(5))), Err("no base".to_owned()));
}
